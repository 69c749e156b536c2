/**
 * A copy of each unfinished visit that the server could open, for the day the passphrase is forgotten or the
 * tablet is taken out of use. It is written beside the draft a few seconds after the last answer, never within an
 * answer's own save, and leaves the tablet only from a vault that nobody can open any more.
 */

import { sealToServer } from "../lib/hpke.js";
import { write } from "./db.js";
import { needsSealing } from "./delivery.js";

/** @typedef {import("./open-vault.js").Vault} Vault */
/** @typedef {import("./db.js").TabletDatabase} TabletDatabase */

const QUIET_MS = 4_000;

/** @type {Map<string, ReturnType<typeof setTimeout>>} */
const timers = new Map();

/**
 * Renews the copy when no answer has been saved for a few seconds.
 * @param {Vault} vault
 * @param {string} id of the draft
 */
export function rescueSoon(vault, id) {
  clearTimeout(timers.get(id));
  const timer = setTimeout(() => {
    timers.delete(id);
    // Locked meanwhile, or no space: the copy stays as it was, which `onlyHere` counts, and the next one is tried.
    if (!vault.locked) refreshRescue(vault, id).catch(() => {});
  }, QUIET_MS);
  // A test, unlike a page, would wait for it before it may end.
  /** @type {any} */ (timer).unref?.();
  timers.set(id, timer);
}

/**
 * @param {string} id
 */
export function forgetRescue(id) {
  clearTimeout(timers.get(id));
  timers.delete(id);
}

/**
 * Brings the copy up to the last save, before locking or leaving. Does nothing when it is, when the draft is
 * gone, or when no key of the server's is known yet.
 * @param {Vault} vault
 * @param {string} id
 */
export async function refreshRescue(vault, id) {
  const { db } = vault;
  forgetRescue(id);
  const [row, owner] = await Promise.all([db.drafts.get(id), db.vaults.get(vault.id)]);
  if (row?.vault !== vault.id || row.rescue?.n === row.n || !owner?.sealingKey) return;
  const draft = await vault.open("drafts", id, row.box);
  const sealed = await sealToServer(owner.sealingKey, { kind: "draft", id, deviceId: vault.deviceId }, draft);
  const renew = async () => {
    const now = await db.drafts.get(id);
    // Saved, completed or thrown away meanwhile.
    if (now?.vault !== vault.id || (now.rescue?.n ?? 0) >= row.n) return;
    await db.drafts.put({ ...now, rescue: { ...sealed, n: row.n } });
  };
  // The space kept for answers is not for copies of them.
  await write(db, [db.drafts], renew, { pressing: false });
}

/**
 * Brings every copy of this vault's up to date.
 * @param {Vault} vault
 */
export async function refreshRescues(vault) {
  const { db } = vault;
  const rows = await db.drafts.where("vault").equals(vault.id).toArray();
  for (const { id } of rows.filter(({ n, rescue }) => rescue?.n !== n)) await refreshRescue(vault, id);
}

/**
 * How much would be lost if this vault could never be opened again: what has no copy for the server.
 * @param {TabletDatabase} db
 * @param {string} vaultId
 * @returns {Promise<{items: number, drafts: number}>}
 */
export async function onlyHere(db, vaultId) {
  const items = await db.outbox
    .where("[vault+state]")
    .anyOf([vaultId, "sealed"], [vaultId, "refused"])
    .filter(needsSealing)
    .count();
  const drafts = await db.drafts
    .where("vault")
    .equals(vaultId)
    .filter(({ n, rescue }) => rescue?.n !== n)
    .count();
  return { items, drafts };
}
