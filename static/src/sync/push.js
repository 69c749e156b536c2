/**
 * Sends an outbox, locked or not. Items go in batches and are settled one by one; an item leaves the queue only
 * when its receipt is on the disk. A batch that is too large is halved. A batch the server stumbles over is
 * halved until the item at fault stands alone; it then waits behind the others.
 */

import { uuid7 } from "../lib/uuid7.js";
import { acknowledge, markRefused, nextBatch, noteFault, TOO_LARGE, waitingIn } from "../store/delivery.js";
import { Refused, ServerFault, TooLarge } from "./errors.js";

/** @typedef {import("../store/db.js").TabletDatabase} TabletDatabase */
/** @typedef {import("../types.js").Common} Common */
/** @typedef {import("./api.js").Api} Api */
/** @typedef {Awaited<ReturnType<typeof nextBatch>>} Batch */

/** What the server takes at once. */
const MOST_ITEMS = 100;
const MOST_BYTES = 1024 * 1024;
/** Room for what stands around the items. */
const ENVELOPE_BYTES = 1024;
/** After so many single items in a row the server is ill, not the items. */
const FAULTS_IN_A_ROW = 3;

/**
 * What became of one sending. `problem` is why something still waits although the line works.
 * @typedef {{acked: number, refused: number, held: number, problem: Error | null}} Sent
 */

/**
 * Sends everything of one vault's that waits and can go. Throws Offline, UnknownTablet or TryLater, and Refused
 * when the server will not talk to this tablet at all; what was settled before stays settled. `hear` is given
 * what each answer carries besides, before the answer itself is written down.
 * @param {TabletDatabase} db
 * @param {{id: string, token: string}} vault
 * @param {Pick<Api, "push">} api
 * @param {{onProgress?: (progress: {done: number, total: number}) => void,
 *   hear?: (common: Common) => Promise<void>}} [options]
 * @returns {Promise<Sent>}
 */
export async function pushOutbox(
  db,
  { id: vaultId, token },
  api,
  { onProgress = () => {}, hear = async () => {} } = {},
) {
  /** @type {Sent} */
  const sent = { acked: 0, refused: 0, held: 0, problem: null };
  /** @type {Set<string>} */
  const offered = new Set();
  const limits = { items: MOST_ITEMS, bytes: MOST_BYTES - ENVELOPE_BYTES, not: offered };
  const total = await waitingIn(db, vaultId);
  let faults = 0;

  /** @param {Batch} batch */
  const settle = async (batch) => {
    const items = batch.map(({ envelope }) => envelope);
    const { results, common } = await api.push(token, { device_id: vaultId, items }, uuid7());
    await hear(common);
    const answered = await acknowledge(db, vaultId, results);
    sent.acked += answered.acked;
    sent.refused += answered.refused;
    faults = 0;
    for (const { id } of batch) {
      if (answered.settled.has(id)) continue;
      // Answered, but not for this one: as good as a stumble, and it must not be offered for ever in one go.
      await hold(id, new ServerFault(200));
    }
  };

  /** @param {string} id @param {Error} problem */
  const hold = async (id, problem) => {
    sent.held += 1;
    sent.problem = problem;
    await noteFault(db, vaultId, id);
  };

  for (;;) {
    const batch = await nextBatch(db, vaultId, limits);
    if (batch.length === 0) return sent;
    for (const { id } of batch) offered.add(id);
    /** @type {Batch[]} */
    const parts = [batch];
    for (let part = parts.pop(); part; part = parts.pop()) {
      try {
        await settle(part);
      } catch (error) {
        if (!isAboutItems(error)) throw error;
        if (part.length > 1) {
          const half = Math.ceil(part.length / 2);
          parts.push(part.slice(half), part.slice(0, half));
          if (error instanceof TooLarge) limits.items = Math.min(limits.items, half);
        } else if (error instanceof TooLarge) {
          await markRefused(db, vaultId, part[0].id, TOO_LARGE);
          sent.refused += 1;
        } else {
          await hold(part[0].id, error);
          faults += 1;
          if (faults >= FAULTS_IN_A_ROW) return sent;
        }
      }
      onProgress({ done: Math.min(sent.acked + sent.refused + sent.held, total), total });
    }
  }
}

/**
 * Could sending fewer items, or others, end differently?
 * @param {unknown} error
 * @returns {error is TooLarge | ServerFault | Refused}
 */
function isAboutItems(error) {
  if (error instanceof TooLarge || error instanceof ServerFault) return true;
  return error instanceof Refused && (error.status === 400 || error.status === 422);
}
