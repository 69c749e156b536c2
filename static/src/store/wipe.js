/**
 * Taking a tablet out of use. Families' details go first and at once. What was recorded goes when the server has
 * confirmed holding it; an item the server will not take is never deleted. Where something can only be opened
 * here, the keys stay until its visitor has unlocked once more.
 */

import { write } from "./db.js";
import { needsSealing } from "./delivery.js";
import { clearCaseload, withoutCaseloadKey } from "./lease.js";
import { announce } from "./notices.js";

/** @typedef {import("./db.js").TabletDatabase} TabletDatabase */

/**
 * The first step of an order to wipe, safe to repeat: no caseload, and no way in unless something has no copy for
 * the server yet.
 * @param {TabletDatabase} db
 * @param {string} vaultId
 * @param {{id: string, at: string}} order
 */
export async function beginWipe(db, vaultId, { id, at }) {
  await write(db, [db.vaults, db.heads, db.chunks, db.outbox, db.drafts], async () => {
    const row = await db.vaults.get(vaultId);
    if (!row) return;
    await clearCaseload(db, vaultId);
    const closed = withoutCaseloadKey(row);
    const wipe = row.wipe?.id === id ? row.wipe : { id, at, left: null };
    if ((await needOpening(db, vaultId)) > 0) await db.vaults.put({ ...closed, wipe });
    else await db.vaults.put({ ...closed, wipe, wraps: [], retired: "revoked" });
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
  const tables = [db.vaults, db.outbox, db.drafts, db.counters, db.heads, db.chunks, db.notes];
  const left = await write(db, tables, async () => {
    const unsent = await undelivered(db, vaultId);
    if (unsent === 0 && (await db.vaults.get(vaultId))?.retired) await clearVault(db, vaultId);
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
  const tables = [db.vaults, db.outbox, db.drafts, db.counters, db.heads, db.chunks, db.notes];
  return write(db, tables, async () => {
    const row = await db.vaults.get(vaultId);
    const rows = await db.outbox.where("[vault+seq]").between([vaultId], [vaultId, []]).count();
    const drafts = await db.drafts.where("vault").equals(vaultId).count();
    if (!row?.retired || rows > 0 || drafts > 0) return false;
    await clearVault(db, vaultId);
    await db.vaults.delete(vaultId);
    return true;
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
  await write(db, [db.vaults, db.drafts], async () => {
    const [vault, row] = [await db.vaults.get(vaultId), await db.drafts.get(id)];
    if (!vault?.retired || row?.vault !== vaultId || row.rescue?.n !== n) return;
    if (vault.retired === "forgotten") await db.drafts.put({ ...row, delivered: { n, at } });
    else if (row.n === n) await db.drafts.delete(id);
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
 * @param {TabletDatabase} db
 * @param {string} vaultId
 */
async function clearVault(db, vaultId) {
  await clearCaseload(db, vaultId);
  await db.outbox.where("[vault+seq]").between([vaultId], [vaultId, []]).delete();
  await db.drafts.where("vault").equals(vaultId).delete();
  await db.counters.where("[vault+name]").between([vaultId], [vaultId, []]).delete();
  await db.notes.where("[vault+name]").between([vaultId], [vaultId, []]).delete();
}

/**
 * @param {TabletDatabase} db
 * @param {string} vaultId
 */
async function undelivered(db, vaultId) {
  const items = await unconfirmed(db, vaultId).count();
  const drafts = await db.drafts
    .where("vault")
    .equals(vaultId)
    .filter((row) => !isDelivered(row))
    .count();
  return items + drafts;
}

/**
 * What only an unlocked vault could still deliver.
 * @param {TabletDatabase} db
 * @param {string} vaultId
 */
async function needOpening(db, vaultId) {
  const items = await unconfirmed(db, vaultId).filter(needsSealing).count();
  const drafts = await db.drafts
    .where("vault")
    .equals(vaultId)
    .filter(({ n, rescue }) => rescue?.n !== n)
    .count();
  return items + drafts;
}

/**
 * @param {TabletDatabase} db
 * @param {string} vaultId
 */
function unconfirmed(db, vaultId) {
  return db.outbox
    .where("[vault+state]")
    .anyOf([vaultId, "sealed"], [vaultId, "acked"], [vaultId, "refused"]);
}
