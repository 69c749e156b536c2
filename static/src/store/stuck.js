/** What is on this tablet and does not go up by itself, counted without any key: somebody has to be told of it. */

import { countIn, itemsIn, needsSealing, waitingIn } from "./delivery.js";
import { onlyHere } from "./rescue.js";

/** @typedef {import("./db.js").TabletDatabase} TabletDatabase */
/** @typedef {import("./db.js").VaultRow} VaultRow */

/**
 * One vault's, of those that are not open. `mine`: of whoever has unlocked. `refused`: the service did not take them.
 * `unopened`: completed visits, and unfinished ones of a vault that is closed for good, that only the open vault could
 * hand over; `keyKept`: it can still be opened. `unsigned`: they wait for the vault's first sign-in.
 * @typedef {{name: string, mine: boolean, retired: VaultRow["retired"], keyKept: boolean, refused: number,
 *   unopened: number, unsigned: number}} Stuck
 */

/**
 * @param {TabletDatabase} db
 * @param {VaultRow[]} rows
 * @param {VaultRow | undefined} open
 * @returns {Promise<{stuck: Stuck[], unopened: number}>} unopened: completed visits that do not simply wait
 */
export async function findStuck(db, rows, open) {
  /** @type {Stuck[]} */
  const stuck = [];
  let all = 0;
  for (const row of rows) {
    if (row === open) continue;
    const { id, name, retired } = row;
    const items = (await itemsIn(db, id, ["sealed"])).filter(needsSealing).length;
    all += items;
    const found = {
      name,
      mine: row.accountId === open?.accountId,
      retired,
      keyKept: row.wraps.length > 0,
      refused: await countIn(db, id, "refused"),
      // The last answers of a vault in use have no copy for a few seconds: that is no trouble.
      unopened: items + (retired ? (await onlyHere(db, id)).drafts : 0),
      unsigned: row.token ? 0 : (await waitingIn(db, id)) - items,
    };
    if (found.refused + found.unopened + found.unsigned > 0) stuck.push(found);
  }
  return { stuck, unopened: all };
}
