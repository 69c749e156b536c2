/**
 * Space kept for the last visit. A row of two megabytes that means nothing is dropped when a visit or an answer
 * finds no room, so that completing the open visit is the last thing to fail and not the first. It is put back
 * when there is space again.
 */

import { storageSpace } from "../lib/storage.js";
import { openDatabase, RESERVE, write } from "./db.js";
import { StorageFull } from "./errors.js";

/** @typedef {import("./db.js").TabletDatabase} TabletDatabase */

const RESERVE_BYTES = 2 * 1024 * 1024;
/** What one call to the browser's generator may give. */
const RANDOM_BYTES = 65_536;
/** With less than this left, or more than this part used, it is time to say so: see views/tidings.js. */
const LITTLE_SPACE = 50_000_000;
const NEARLY_FULL = 0.9;

/**
 * Puts the reserve in place unless it is there or there is no room for it. Answers whether it is there.
 * @param {TabletDatabase} [db]
 * @returns {Promise<boolean>}
 */
export async function keepReserve(db = openDatabase()) {
  if (await hasReserve(db)) return true;
  const space = await storageSpace();
  if (space && space.allowed - space.used < 2 * RESERVE_BYTES) return false;
  const bytes = new Uint8Array(RESERVE_BYTES);
  // Random, or the browser would pack it to nothing.
  for (let at = 0; at < RESERVE_BYTES; at += RANDOM_BYTES) {
    crypto.getRandomValues(bytes.subarray(at, at + RANDOM_BYTES));
  }
  try {
    const row = { id: RESERVE, bytes: bytes.buffer };
    await write(db, ["padding"], (tx) => tx.padding.put(row), { pressing: false });
    return true;
  } catch (error) {
    if (error instanceof StorageFull) return false;
    throw error;
  }
}

/**
 * How full the tablet is, after putting the reserve back where there is room for it. `used` and `quota` are bytes, null
 * where the browser does not tell. `nearFull` becomes true while there is still room for the visit that is open.
 * @param {TabletDatabase} [db]
 * @returns {Promise<{used: number | null, quota: number | null, reserve: boolean, nearFull: boolean}>}
 */
export async function storageState(db = openDatabase()) {
  const reserve = await keepReserve(db);
  const space = await storageSpace();
  const { used = null, allowed: quota = null } = space ?? {};
  const little =
    used !== null && quota && quota !== null
      ? quota - used < LITTLE_SPACE || used / quota > NEARLY_FULL
      : false;
  // No room for the reserve is no room for long.
  return { used, quota, reserve, nearFull: little || !reserve };
}

/** @param {TabletDatabase} db */
async function hasReserve(db) {
  return (await db.padding.count(null, RESERVE)) > 0;
}
