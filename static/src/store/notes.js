/**
 * Small facts the tablet remembers about itself, none of them about a person. All can be measured or asked
 * again.
 *
 * clockOffset: add it to this tablet's clock to get the server's. lastContact, lastReceipt, lastConfirmed (all
 * that is kept, not only what is new), lastOffered (what was too large), leaseUntil, lastSeen: milliseconds since 1970. epoch: the server's count
 * of its own restarts from a backup. putBack: when it was noticed that this disk had gone back to an earlier state. caseloadLost: the lease ran out and nothing was fetched since.
 * service: what the provider has decided (service.js).
 *
 * @typedef {import("./open-vault.js").Vault} Vault
 * @typedef {import("./db.js").TabletDatabase} TabletDatabase
 * @typedef {"clockOffset" | "lastContact" | "lastReceipt" | "lastConfirmed" | "lastOffered" | "putBack" | "leaseUntil" | "lastSeen"} Measure
 * @typedef {{[name in Measure]?: number | null} & {epoch?: string, caseloadLost?: number | null, service?: string}} Facts
 */

import { write } from "./db.js";
import { StorageFull } from "./errors.js";

/**
 * Best effort: a full disk, on which nothing can be noted, must not keep visits from going up.
 * @param {Pick<Vault, "db" | "id">} vault
 * @param {Facts} facts null forgets
 */
export async function remember(vault, facts) {
  await rememberOf(vault.db, vault.id, facts);
}

/**
 * @param {TabletDatabase} db
 * @param {string} vaultId
 * @param {Facts} facts
 */
export async function rememberOf(db, vaultId, facts) {
  try {
    await write(db, ["notes"], (tx) => noteFacts(tx, vaultId, facts));
  } catch (error) {
    if (!(error instanceof StorageFull)) throw error;
  }
}

/**
 * The same inside a transaction of the caller's.
 * @param {import("./db.js").Transaction} tx
 * @param {string} vaultId
 * @param {Facts} facts
 */
export async function noteFacts(tx, vaultId, facts) {
  for (const [name, value] of Object.entries(facts)) await tx.notes.put({ vault: vaultId, name, value });
}

/**
 * @param {Pick<Vault, "db" | "id">} vault
 * @param {Measure} name
 * @returns {Promise<number | null>}
 */
export async function recall(vault, name) {
  return recallOf(vault.db, vault.id, name);
}

/**
 * @param {TabletDatabase} db
 * @param {string} vaultId
 * @param {Measure | "caseloadLost"} name
 * @returns {Promise<number | null>}
 */
export async function recallOf(db, vaultId, name) {
  const value = (await db.notes.get([vaultId, name]))?.value ?? null;
  return value === null ? null : Number(value);
}

/**
 * @param {TabletDatabase} db
 * @param {string} vaultId
 * @returns {Promise<string | null>}
 */
export async function recallEpoch(db, vaultId) {
  const value = (await db.notes.get([vaultId, "epoch"]))?.value ?? null;
  return value === null ? null : String(value);
}

/**
 * @param {Pick<Vault, "db" | "id">} vault
 * @returns {Promise<string | null>}
 */
export async function recallService({ db, id }) {
  const value = (await db.notes.get([id, "service"]))?.value ?? null;
  return value === null ? null : String(value);
}
