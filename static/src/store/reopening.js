/**
 * A passphrase that was forgotten is remembered after all: what only the old vault opens is brought out of it.
 * Unfinished visits move to the vault in use, completed ones are sealed to the service and go up by themselves.
 */

import { write } from "./db.js";
import { ASIDE, importDraft } from "./drafts.js";
import { Unreadable, WrongPassphrase } from "./errors.js";
import { newCaseloadKey } from "./keys.js";
import { announce } from "./notices.js";
import { openProfile, Vault } from "./open-vault.js";
import { needsOpening, onlyHere } from "./rescue.js";
import { resealWaiting } from "./resealing.js";
import { takeIn } from "./standing.js";
import { workKeyOf } from "./unlocking.js";

/** @typedef {import("./db.js").TabletDatabase} TabletDatabase */
/** @typedef {import("./db.js").VaultRow} VaultRow */

/**
 * This visitor's forgotten vaults in which something has no copy for the service.
 * @param {TabletDatabase} db
 * @param {string} accountId
 * @returns {Promise<VaultRow[]>}
 */
export async function reopenable(db, accountId) {
  const found = [];
  for (const row of await db.vaults.all("accountId", accountId)) {
    const kept = row.retired === "forgotten" && row.wraps.length > 0;
    if (kept && (await needsOpening(db, row.id))) found.push(row);
  }
  return found;
}

/**
 * Opens those that the passphrase fits, and answers how much is still only in them: what cannot be read, or all while
 * no key of the service's is known. Throws WrongPassphrase when it fits none.
 * @param {Vault} vault the one in use
 * @param {string} passphrase the old one
 * @returns {Promise<number>}
 */
export async function reopen(vault, passphrase) {
  const { db } = vault;
  let fitted = false;
  let left = 0;
  for (const row of await reopenable(db, vault.account.id)) {
    const old = await openOld(vault, row, passphrase);
    if (!old) continue;
    fitted = true;
    await moveDrafts(old, vault);
    await resealWaiting(old);
    old.lock();
    const { items, drafts } = await onlyHere(db, row.id);
    left += items + drafts;
    announce("outbox", row.id);
  }
  if (!fitted) throw new WrongPassphrase();
  return left;
}

/**
 * @param {Vault} vault
 * @param {VaultRow} row
 * @param {string} passphrase
 * @returns {Promise<Vault | null>} null when it is another's passphrase
 */
async function openOld({ db, id }, row, passphrase) {
  try {
    const work = await workKeyOf(row, passphrase);
    const { account } = await openProfile(work, row);
    const known = (await db.vaults.get(id))?.sealingKey;
    if (!row.sealingKey && known) await takeIn(db, row.id, { sealing_key: known });
    // Of its caseload nothing is left, and nothing is sealed with this key.
    const { wrapped, key } = await newCaseloadKey(work, row.id);
    return new Vault(db, row, account, { work, caseload: key, wrapped });
  } catch (error) {
    if (error instanceof WrongPassphrase) return null;
    throw error;
  }
}

/**
 * @param {Vault} old
 * @param {Vault} vault
 */
async function moveDrafts(old, vault) {
  const { db } = old;
  for (const { id, box } of await db.drafts.all("vault", old.id)) {
    try {
      const [draftId] = id.split(ASIDE);
      await importDraft(vault, await old.open("drafts", draftId, box), { from: old.id });
      if (id !== draftId) await write(db, ["drafts"], (tx) => tx.drafts.delete(id));
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
    }
  }
}
