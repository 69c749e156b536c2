/**
 * The numbers that a vault's visits carry: one after another, so that the server can be asked about whole runs of them.
 *
 * A tablet whose disk was put back to an earlier state gives numbers a second time. What the server then holds under
 * such a number is two visits, and its digest never agrees with ours again. So the tablet goes on in fresh numbers,
 * and takes for confirmed what the server has twice said it holds.
 */

import { write } from "./db.js";
import { noteFacts } from "./notes.js";
import { announce } from "./notices.js";

/** @typedef {import("./db.js").TabletDatabase} TabletDatabase */

/** The counter's name. */
export const NUMBERS = "device_seq";
/** Fresh numbers begin at a multiple of this. The server keeps numbers up to two thousand million. */
const SPAN = 1_000_000;
/** At random among the next ones: a disk put back to the same state twice does not take the same. */
const AHEAD = 100;

/**
 * The last number given. Also for use inside a transaction of the caller's.
 * @param {import("./db.js").Readable} db
 * @param {string} vaultId
 * @returns {Promise<number>}
 */
export async function lastNumber(db, vaultId) {
  return (await db.counters.get([vaultId, NUMBERS]))?.value ?? 0;
}

/**
 * Confirms those of these visits that the server answered "duplicate" to and marks their numbers as shared; when one
 * is among the numbers now in use, the next visit begins fresh ones.
 * @param {TabletDatabase} db
 * @param {string} vaultId
 * @param {Map<string, string>} hashes by revision id: what the server was asked about
 * @param {number} now the server's time
 * @returns {Promise<number>} how many shared a number
 */
export async function settleShared(db, vaultId, hashes, now) {
  const start = SPAN * (1 + Math.floor(Math.random() * AHEAD));
  const shared = await write(db, ["outbox", "counters", "notes"], async (tx) => {
    const last = await lastNumber(tx, vaultId);
    const present = Math.floor(last / SPAN);
    let count = 0;
    let fresh = false;
    for (const [id, sha256] of hashes) {
      const row = await tx.outbox.get(id);
      if (row?.vault !== vaultId || row.sha256 !== sha256) continue;
      if (row.state !== "acked" || row.result !== "duplicate") continue;
      await tx.outbox.put({ ...row, state: "confirmed", confirmedAt: now, shared: true });
      count += 1;
      fresh ||= Math.floor(row.seq / SPAN) === present;
    }
    if (fresh) {
      await tx.counters.put({ vault: vaultId, name: NUMBERS, value: present * SPAN + start });
      await noteFacts(tx, vaultId, { putBack: now });
    }
    return count;
  });
  if (shared) announce("outbox", vaultId);
  return shared;
}
