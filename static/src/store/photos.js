/**
 * Photos beside the visits that name them. They hold up no visit: completing one only throws away what it does not name,
 * and a photo goes up after its visit has. The key that opens a photo stands in the answer, so it is sealed wherever the
 * answer is, and nothing here needs a vault's key.
 */

import { write } from "./db.js";
import { announce } from "./notices.js";

/** @typedef {import("./db.js").Readable} Readable */
/** @typedef {import("./db.js").Transaction} Transaction */
/** @typedef {import("./db.js").PhotoRow} PhotoRow */

/** How far photos have come: percent of their bytes. @typedef {{number: number, percent: number}} PhotoProgress */

/**
 * Those that the server does not have yet.
 * @param {Readable} db
 * @param {string} vaultId
 * @returns {Promise<PhotoRow[]>}
 */
export async function photosLeft(db, vaultId) {
  return (await db.photos.all("vault", vaultId)).filter(({ done }) => !done);
}

/**
 * Those left whose visit has gone before them, or the spare copy of an unfinished one that nobody opens here any more.
 * @param {Readable} db
 * @param {string} vaultId
 */
export async function photosDue(db, vaultId) {
  const due = [];
  for (const photo of await photosLeft(db, vaultId)) {
    const [item, draft] = [await db.outbox.get(photo.rev), await db.drafts.get(photo.rev)];
    if (item ? item.state === "acked" || item.state === "confirmed" : !draft || draft.delivered)
      due.push(photo);
  }
  return due;
}

/**
 * How far the photos of completed visits have come, by the visit's revision. Those that are all there are left out.
 * @param {Readable} db
 * @param {string} vaultId
 * @returns {Promise<Map<string, PhotoProgress>>}
 */
export async function photoProgress(db, vaultId) {
  /** @type {Map<string, PhotoRow[]>} */
  const byRev = new Map();
  for (const photo of await photosWaiting(db, vaultId)) {
    byRev.set(photo.rev, [...(byRev.get(photo.rev) ?? []), photo]);
  }
  return new Map([...byRev].map(([rev, photos]) => [rev, progressOf(photos)]));
}

/**
 * Those left of completed visits.
 * @param {Readable} db
 * @param {string} vaultId
 */
export async function photosWaiting(db, vaultId) {
  const left = await photosLeft(db, vaultId);
  if (left.length === 0) return left;
  const drafts = new Set(await db.drafts.keys("vault", vaultId));
  return left.filter(({ rev }) => !drafts.has(rev));
}

/**
 * @param {PhotoRow[]} photos
 * @returns {PhotoProgress}
 */
export function progressOf(photos) {
  const sum = (/** @type {"held" | "bytes"} */ what) => photos.reduce((all, one) => all + one[what], 0);
  return { number: photos.length, percent: Math.floor((100 * sum("held")) / Math.max(sum("bytes"), 1)) };
}

/**
 * Writes down how much of a photo the server has.
 * @param {import("./db.js").TabletDatabase} db
 * @param {PhotoRow} photo
 * @param {{held: number, done: boolean}} told
 */
export async function noteHeld(db, { id, vault }, told) {
  await write(db, ["photos"], (tx) => tx.photos.change(null, id, () => told));
  announce("outbox", vault);
}

/**
 * Inside a transaction of the caller's: a draft's photos go, but for those that are `kept`.
 * @param {Transaction} tx
 * @param {string} rev
 * @param {string[]} [kept]
 */
export async function dropPhotos(tx, rev, kept = []) {
  const ids = await tx.photos.keys("rev", rev);
  await dropAll(
    tx,
    ids.filter((id) => !kept.includes(id)),
  );
}

/**
 * Inside a transaction of the caller's: all of a vault's go.
 * @param {Transaction} tx
 * @param {string} vaultId
 */
export async function dropPhotosOf(tx, vaultId) {
  await dropAll(tx, await tx.photos.keys("vault", vaultId));
}

/**
 * @param {Transaction} tx
 * @param {string[]} ids
 */
async function dropAll(tx, ids) {
  for (const id of ids) {
    await tx.photos.delete(id);
    await tx.boxes.delete(id);
  }
}

/**
 * Inside a transaction of the caller's: the server may have lost these, so they are offered from the start.
 * @param {Transaction} tx
 * @param {string} vaultId
 * @param {Set<string> | null} of revisions; null: all
 */
export async function offerPhotosAnew(tx, vaultId, of) {
  await tx.photos.change("vault", vaultId, ({ rev }) =>
    of === null || of.has(rev) ? { held: 0, done: false } : null,
  );
}

/**
 * The photos that answers name.
 * @param {{[field: string]: any}} answers
 * @returns {string[]} their ids
 */
export function photosNamed(answers) {
  const parts = Object.values(answers).flat();
  return parts.filter((part) => typeof part?.sha256 === "string").map(({ id }) => id);
}
