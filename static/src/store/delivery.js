/**
 * The outbox as the courier sees it: without any key. What is sealed to the server can go up while the vault is
 * locked, by number, state and size alone. Every step is one strict transaction; an item is removed only when
 * the server has confirmed holding it, and a month after that.
 */

import { toBase64 } from "../lib/bytes.js";
import { read, write } from "./db.js";
import { announce } from "./notices.js";
import { dropPhotos, offerPhotosAnew, photosLeft } from "./photos.js";
import { beginning } from "./table.js";

/** @typedef {import("./db.js").TabletDatabase} TabletDatabase */
/** @typedef {import("./db.js").Readable} Readable */
/** @typedef {import("./db.js").Transaction} Transaction */
/** @typedef {import("./db.js").OutboxRow} OutboxRow */
/** @typedef {import("../types.js").Envelope} Envelope */
/** @typedef {import("../types.js").PushResult} PushResult */

const KEPT_MS = 30 * 24 * 60 * 60_000;

const BY_STATE = "[vault+state]";
const BY_NUMBER = "[vault+seq]";

/** @type {readonly OutboxRow["state"][]} */
export const UNCONFIRMED = ["sealed", "acked", "refused"];
/** How an item is offered from the start. */
const ANEW = /** @type {const} */ ({
  state: "sealed",
  result: null,
  ackedAt: null,
  confirmedAt: null,
  shared: false,
});

/** Our own reason for setting an item aside: alone it was too much for something on the way. */
export const TOO_LARGE = "too_large";

/** What an envelope costs beside its box: names, quotes, id, number. */
const AROUND_BOX = 160;

/**
 * How large an item is as it travels.
 * @param {{box: ArrayBuffer}} sealed
 */
export function travelSize({ box }) {
  return Math.ceil(box.byteLength / 3) * 4 + AROUND_BOX;
}

/**
 * Whether only the vault itself could still give this item to the server.
 * @param {OutboxRow} row
 */
export function needsSealing({ sealed, result }) {
  return sealed === null || result === "rejected:key";
}

/**
 * Has the server's copy of an unfinished visit, kept beside it, its last answer?
 * @param {import("./db.js").DraftRow} row
 */
export function isCopied({ n, rescue }) {
  return rescue?.n === n && !rescue.lost;
}

/**
 * How many completed visits the server has not acknowledged yet.
 * @param {TabletDatabase} db
 * @param {string} vaultId
 */
export function waitingIn(db, vaultId) {
  return countIn(db, vaultId, "sealed");
}

/**
 * @param {Readable} db
 * @param {string} vaultId
 * @param {OutboxRow["state"]} state
 * @returns {Promise<number>}
 */
export function countIn(db, vaultId, state) {
  return db.outbox.count(BY_STATE, [vaultId, state]);
}

/**
 * @param {Readable} db
 * @param {string} vaultId
 * @param {readonly OutboxRow["state"][]} states
 * @returns {Promise<OutboxRow[]>}
 */
export async function itemsIn(db, vaultId, states) {
  const found = [];
  for (const state of states) found.push(...(await db.outbox.all(BY_STATE, [vaultId, state])));
  return found;
}

/**
 * All of a vault's items in the order of completing.
 * @param {Readable} db
 * @param {string} vaultId
 */
export function itemsOf(db, vaultId) {
  return db.outbox.all(BY_NUMBER, beginning(vaultId));
}

/**
 * The next items to send, none of them in `not`. An item that made the server stumble before goes alone and
 * after the others, so that it cannot take them down with it. What is not sealed to the server yet waits for
 * its visitor to unlock.
 * @param {TabletDatabase} db
 * @param {string} vaultId
 * @param {{items: number, bytes: number, not: Set<string>}} limits
 * @returns {Promise<{id: string, envelope: Envelope, bytes: number}[]>}
 */
export async function nextBatch(db, vaultId, { items, bytes, not }) {
  const waiting = await itemsIn(db, vaultId, ["sealed"]);
  const due = waiting
    .filter((row) => row.sealed && !not.has(row.id))
    .sort((a, b) => a.faults - b.faults || a.seq - b.seq);
  /** @type {{id: string, envelope: Envelope, bytes: number}[]} */
  const batch = [];
  let size = 0;
  for (const row of due) {
    if (batch.length && (row.faults || size + row.bytes > bytes || batch.length >= items)) break;
    batch.push({ id: row.id, envelope: envelopeOf(row), bytes: row.bytes });
    size += row.bytes;
    if (row.faults) break;
  }
  return batch;
}

/**
 * @param {OutboxRow} row sealed to the server
 * @returns {Envelope}
 */
function envelopeOf({ id, seq, sealed }) {
  if (!sealed) throw new Error("not sealed to the server");
  return { rev_id: id, device_seq: seq, kid: sealed.kid, box: toBase64(sealed.box) };
}

/**
 * Writes down what the server answered, item by item, in one strict transaction. Only `stored` or `duplicate`
 * with a receipt is an acknowledgement. What no key of the server's opens waits to be sealed again. Anything that
 * is neither that nor a rejection leaves its item waiting.
 * @param {TabletDatabase} db
 * @param {string} vaultId
 * @param {PushResult[]} results
 * @param {number} [now]
 * @returns {Promise<{settled: Set<string>, acked: number, refused: number}>}
 */
export async function acknowledge(db, vaultId, results, now = Date.now()) {
  const settled = new Set();
  let acked = 0;
  let refusals = 0;
  await write(db, ["outbox"], async (tx) => {
    settled.clear();
    acked = 0;
    refusals = 0;
    for (const { rev_id: id, result, receipt } of results) {
      const row = await tx.outbox.get(id);
      if (row?.vault !== vaultId || typeof result !== "string") continue;
      const durable = (result === "stored" || result === "duplicate") && isReceipt(receipt);
      if (row.state === "acked" || row.state === "confirmed") {
        settled.add(id);
      } else if (durable) {
        await tx.outbox.put({ ...row, state: "acked", result, receipt, ackedAt: now });
        settled.add(id);
        acked += 1;
      } else if (result === "rejected:key") {
        // The box stays: for a vault that nobody opens any more it is all there is, and the key may come back.
        await tx.outbox.put({ ...row, state: "sealed", result, faults: row.faults + 1 });
        settled.add(id);
      } else if (result.startsWith("rejected:")) {
        await tx.outbox.put({ ...row, state: "refused", result });
        settled.add(id);
        refusals += 1;
      }
    }
  });
  announce("outbox", vaultId);
  return { settled, acked, refused: refusals };
}

/**
 * Sets an item aside for a person, with a reason of ours (TOO_LARGE).
 * @param {TabletDatabase} db
 * @param {string} vaultId
 * @param {string} id
 * @param {string} result
 */
export async function markRefused(db, vaultId, id, result) {
  await changeItem(db, vaultId, id, (row) =>
    row.state === "sealed" ? { ...row, state: "refused", result } : row,
  );
}

/**
 * Notes that the server stumbled over this item alone.
 * @param {TabletDatabase} db
 * @param {string} vaultId
 * @param {string} id
 */
export async function noteFault(db, vaultId, id) {
  await changeItem(db, vaultId, id, (row) => ({ ...row, faults: row.faults + 1 }));
}

/**
 * @param {TabletDatabase} db
 * @param {string} vaultId
 * @param {string} id
 * @param {(row: OutboxRow) => OutboxRow} edit
 */
export async function changeItem(db, vaultId, id, edit) {
  await write(db, ["outbox"], async (tx) => {
    const row = await tx.outbox.get(id);
    if (row?.vault === vaultId) await tx.outbox.put(edit(row));
  });
  announce("outbox", vaultId);
}

/**
 * The server was restored from a backup, or does not hold what it acknowledged: everything still here is offered
 * anew, a closed vault's unfinished visits too, and their photos. What it has after all it calls a duplicate. `of` limits
 * it to some; `noted` is done in the same transaction.
 * @param {TabletDatabase} db
 * @param {string} vaultId
 * @param {{of?: Set<string> | null, noted?: (tx: Transaction) => PromiseLike<unknown>}} [options]
 */
export async function offerAnew(db, vaultId, { of = null, noted } = {}) {
  await write(db, ["outbox", "drafts", "notes", "photos"], async (tx) => {
    await offerPhotosAnew(tx, vaultId, of);
    if (of === null) await tx.drafts.change("vault", vaultId, () => ({ delivered: null }));
    for (const row of await itemsIn(tx, vaultId, ["acked", "confirmed"])) {
      if (of === null || of.has(row.id)) await tx.outbox.put({ ...row, ...ANEW });
    }
    await noted?.(tx);
  });
  announce("outbox", vaultId);
}

/**
 * Puts back in the queue what was set aside as too large: what stood in the way may be gone. Answers how many.
 * @param {TabletDatabase} db
 * @param {string} vaultId
 * @returns {Promise<number>}
 */
export async function offerLarge(db, vaultId) {
  const refused = await itemsIn(db, vaultId, ["refused"]);
  const due = refused.filter(({ result }) => result === TOO_LARGE);
  for (const { id } of due) {
    await changeItem(db, vaultId, id, (row) =>
      row.state === "refused" ? { ...row, state: "sealed", result: null } : row,
    );
  }
  return due.length;
}

/**
 * Takes away what the server has confirmed for a month, with its photos once they are there too. `now` is the server's time: a tablet whose clock jumped
 * ahead throws nothing away.
 * @param {TabletDatabase} db
 * @param {string} vaultId
 * @param {number} now
 * @returns {Promise<number>} how many
 */
export async function prune(db, vaultId, now) {
  const before = now - KEPT_MS;
  if ((await prunable(db, vaultId, before)).length === 0) return 0;
  const gone = await write(db, ["outbox", "drafts", "photos", "boxes"], async (tx) => {
    const unsent = new Set((await photosLeft(tx, vaultId)).map(({ rev }) => rev));
    let count = 0;
    for (const id of await prunable(tx, vaultId, before)) {
      if (unsent.has(id)) continue;
      await dropPhotos(tx, id);
      await tx.outbox.delete(id);
      await tx.drafts.delete(id);
      count += 1;
    }
    return count;
  });
  if (gone) announce("outbox", vaultId);
  return gone;
}

/**
 * Visits that were confirmed by then, and unfinished ones of a closed vault that were with the server by then.
 * @param {Readable} db
 * @param {string} vaultId
 * @param {number} when
 * @returns {Promise<string[]>} their ids
 */
async function prunable(db, vaultId, when) {
  const items = await itemsIn(db, vaultId, ["confirmed"]);
  const drafts = await db.drafts.all("vault", vaultId);
  return [
    ...items.filter(({ confirmedAt }) => confirmedAt !== null && confirmedAt <= when),
    ...drafts.filter(({ delivered }) => delivered != null && delivered.at <= when),
  ].map(({ id }) => id);
}

/**
 * Everything of a vault's that the server could open, for the day when nothing else works: a person carries it
 * to the service by hand. It opens nowhere else.
 * @param {TabletDatabase} db
 * @param {string} vaultId
 * @returns {Promise<Blob>}
 */
export async function exportOutbox(db, vaultId) {
  const [vault, rows, drafts] = await read(db, ["vaults", "outbox", "drafts"], (tx) =>
    Promise.all([tx.vaults.get(vaultId), itemsOf(tx, vaultId), tx.drafts.all("vault", vaultId)]),
  );
  const content = {
    format: "hvapp-outbox-1",
    authorization: vault?.token ?? null,
    device_id: vaultId,
    items: rows.filter(({ sealed }) => sealed).map(envelopeOf),
    drafts: drafts.flatMap(({ id, rescue }) =>
      rescue ? [{ id, kid: rescue.kid, box: toBase64(rescue.box) }] : [],
    ),
  };
  return new Blob([JSON.stringify(content)], { type: "application/json" });
}

/** @param {any} receipt */
function isReceipt(receipt) {
  return (
    Number.isSafeInteger(receipt?.seq) && typeof receipt.mac === "string" && Boolean(receipt.received_at)
  );
}
