/**
 * Taking a tablet out of use. Families' details go first and at once. What was recorded goes when the server has
 * confirmed holding it; an item the server will not take is never deleted. Where something can only be opened
 * here, the keys stay until its visitor has unlocked once more.
 */

import { write } from "./db.js";
import { itemsIn, UNCONFIRMED } from "./delivery.js";
import { clearCaseload, withoutCaseloadKey } from "./lease.js";
import { announce } from "./notices.js";
import { dropPhotosOf, photosLeft } from "./photos.js";
import { needsOpening } from "./rescue.js";
import { STORES } from "./schema.js";
import { beginning } from "./table.js";

/** @typedef {import("./db.js").TabletDatabase} TabletDatabase */
/** @typedef {import("./db.js").Transaction} Transaction */

/**
 * The first step of an order to wipe, safe to repeat: no caseload, and no way in unless something has no copy for
 * the server yet.
 * @param {TabletDatabase} db
 * @param {string} vaultId
 * @param {{id: string, at: string}} order
 */
export async function beginWipe(db, vaultId, { id, at }) {
  await write(db, ["vaults", "heads", "chunks", "outbox", "drafts"], async (tx) => {
    const row = await tx.vaults.get(vaultId);
    if (!row) return;
    await clearCaseload(tx, vaultId);
    const closed = withoutCaseloadKey(row);
    const wipe = row.wipe?.id === id ? row.wipe : { id, at, left: null };
    if (await needsOpening(tx, vaultId)) await tx.vaults.put({ ...closed, wipe });
    else await tx.vaults.put({ ...closed, wipe, wraps: [], retired: "revoked" });
  });
  announce("caseload", vaultId);
  announce("outbox", vaultId);
}

/**
 * The last step: everything of the vault's goes once nothing of it is undelivered. The bare row stays until the
 * order is reported.
 * @param {TabletDatabase} db
 * @param {string} vaultId
 * @returns {Promise<number>} what is left because it could not be delivered
 */
export async function finishWipe(db, vaultId) {
  const left = await write(db, STORES, async (tx) => {
    const unsent = await undelivered(tx, vaultId);
    if (unsent === 0 && (await tx.vaults.get(vaultId))?.retired) await clearVault(tx, vaultId);
    return unsent;
  });
  announce("outbox", vaultId);
  return left;
}

/**
 * The end of a retired vault: its row goes too, if nothing of it is left.
 * @param {TabletDatabase} db
 * @param {string} vaultId
 * @returns {Promise<boolean>}
 */
export async function forgetVault(db, vaultId) {
  return write(db, STORES, async (tx) => {
    const row = await tx.vaults.get(vaultId);
    const rows = await tx.outbox.count("[vault+seq]", beginning(vaultId));
    const drafts = await tx.drafts.count("vault", vaultId);
    const photos = await photosLeft(tx, vaultId);
    if (!row?.retired || rows + drafts + photos.length > 0) return false;
    await clearVault(tx, vaultId);
    await tx.vaults.delete(vaultId);
    return true;
  });
}

/**
 * The spare key of a forgotten vault goes once the server has confirmed all that is in it: nothing needs it any more.
 * @param {TabletDatabase} db
 * @param {string} vaultId
 */
export async function dropSpareKey(db, vaultId) {
  await write(db, ["vaults", "outbox", "drafts", "photos"], async (tx) => {
    const row = await tx.vaults.get(vaultId);
    if (row?.retired !== "forgotten" || row.wraps.length === 0) return;
    if ((await undelivered(tx, vaultId)) === 0) await tx.vaults.put({ ...row, wraps: [] });
  });
}

/**
 * The service has no key any more for a copy that it was sent: only the vault itself could make another.
 * @param {TabletDatabase} db
 * @param {{id: string, n: number}} draft as it was sent
 */
export async function noteCopyLost(db, { id, n }) {
  await write(db, ["drafts"], async (tx) => {
    const row = await tx.drafts.get(id);
    if (row?.rescue?.n === n) await tx.drafts.put({ ...row, rescue: { ...row.rescue, lost: true } });
  });
}

/**
 * A draft of a retired vault is delivered: its copy is with the server. After a forgotten passphrase it stays here a
 * while, as a visit does: the server may yet go back to a backup that has no copy. On a tablet taken out of use it
 * goes, unless it was answered on after the order; then it waits for the newer copy.
 * @param {TabletDatabase} db
 * @param {string} vaultId
 * @param {{id: string, n: number}} draft as it was sent
 * @param {number} at by the server's clock
 */
export async function noteDelivered(db, vaultId, { id, n }, at) {
  await write(db, ["vaults", "drafts"], async (tx) => {
    const [vault, row] = [await tx.vaults.get(vaultId), await tx.drafts.get(id)];
    if (!vault?.retired || row?.vault !== vaultId || row.rescue?.n !== n) return;
    if (vault.retired === "forgotten") await tx.drafts.put({ ...row, delivered: { n, at } });
    else if (row.n === n) await tx.drafts.delete(id);
  });
}

/**
 * Is the server's copy the one that is here?
 * @param {import("./db.js").DraftRow} row
 */
export function isDelivered({ rescue, delivered }) {
  return rescue !== null && rescue?.n === delivered?.n;
}

/**
 * Inside a transaction of the caller's: everything but the row itself.
 * @param {Transaction} tx
 * @param {string} vaultId
 */
async function clearVault(tx, vaultId) {
  await clearCaseload(tx, vaultId);
  await dropPhotosOf(tx, vaultId);
  await tx.outbox.deleteBy("[vault+seq]", beginning(vaultId));
  await tx.drafts.deleteBy("vault", vaultId);
  await tx.counters.delete(beginning(vaultId));
  await tx.notes.delete(beginning(vaultId));
}

/**
 * @param {import("./db.js").Readable} db
 * @param {string} vaultId
 */
async function undelivered(db, vaultId) {
  const items = await itemsIn(db, vaultId, UNCONFIRMED);
  const drafts = (await db.drafts.all("vault", vaultId)).filter((row) => !isDelivered(row));
  return items.length + drafts.length + (await photosLeft(db, vaultId)).length;
}
