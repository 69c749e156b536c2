/**
 * A copy of each unfinished visit that the server could open, for the day the passphrase is forgotten or the
 * tablet is taken out of use. It is written beside the draft a few seconds after the last answer, never within an
 * answer's own save, and leaves the tablet only from a vault that nobody can open any more.
 */

import { sealToServer } from "../lib/hpke.js";
import { write } from "./db.js";
import { isCopied, itemsIn, needsSealing, UNCONFIRMED } from "./delivery.js";
import { Unreadable } from "./errors.js";

/** @typedef {import("./open-vault.js").Vault} Vault */
/** @typedef {import("./db.js").Readable} Readable */
/** @typedef {import("./db.js").Transaction} Transaction */

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
  if (row?.vault !== vault.id || isCopied(row) || !owner?.sealingKey) return;
  const draft = await vault.open("drafts", id, row.box);
  const sealed = await sealToServer(owner.sealingKey, { kind: "draft", id, deviceId: vault.deviceId }, draft);
  /** @param {Transaction} tx */
  const renew = async (tx) => {
    const now = await tx.drafts.get(id);
    // Saved, completed or thrown away meanwhile.
    if (now?.vault !== vault.id || (now.rescue && !now.rescue.lost && now.rescue.n >= row.n)) return;
    await tx.drafts.put({ ...now, rescue: { ...sealed, n: row.n } });
  };
  // The space kept for answers is not for copies of them.
  await write(db, ["drafts"], renew, { pressing: false });
}

/**
 * Brings every copy of this vault's up to date. One that cannot be read stays as it is, and holds up no other.
 * @param {Vault} vault
 */
export async function refreshRescues(vault) {
  const { db } = vault;
  const rows = await db.drafts.all("vault", vault.id);
  for (const { id } of rows.filter((row) => !isCopied(row))) {
    await refreshRescue(vault, id).catch((error) => {
      if (!(error instanceof Unreadable)) throw error;
    });
  }
}

/**
 * How much would be lost if this vault could never be opened again: what has no copy that the server opens, and is
 * not confirmed.
 * @param {Readable} db
 * @param {string} vaultId
 * @returns {Promise<{items: number, drafts: number}>}
 */
export async function onlyHere(db, vaultId) {
  const items = await itemsIn(db, vaultId, UNCONFIRMED);
  const drafts = await db.drafts.all("vault", vaultId);
  return {
    items: items.filter(needsSealing).length,
    drafts: drafts.filter((row) => !isCopied(row)).length,
  };
}

/**
 * @param {Readable} db
 * @param {string} vaultId
 */
export async function needsOpening(db, vaultId) {
  const { items, drafts } = await onlyHere(db, vaultId);
  return items + drafts > 0;
}
