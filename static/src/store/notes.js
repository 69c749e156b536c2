/**
 * Small facts the tablet remembers about itself, none of them about a person. All can be measured or asked
 * again.
 *
 * clockOffset: add it to this tablet's clock to get the server's. lastContact, lastReceipt, lastConfirmed (all
 * that is kept, not only what is new), leaseUntil, lastSeen: milliseconds since 1970. epoch: the server's count
 * of its own restarts from a backup. caseloadLost: the lease ran out and nothing was fetched since.
 *
 * @typedef {import("./open-vault.js").Vault} Vault
 * @typedef {import("./db.js").TabletDatabase} TabletDatabase
 * @typedef {"clockOffset" | "lastContact" | "lastReceipt" | "lastConfirmed" | "leaseUntil" | "lastSeen"} Measure
 * @typedef {{[name in Measure]?: number | null} & {epoch?: string, caseloadLost?: number | null}} Facts
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
    await write(db, [db.notes], () => noteFacts(db, vaultId, facts));
  } catch (error) {
    if (!(error instanceof StorageFull)) throw error;
  }
}

/**
 * The same inside a transaction of the caller's.
 * @param {TabletDatabase} db
 * @param {string} vaultId
 * @param {Facts} facts
 */
export function noteFacts(db, vaultId, facts) {
  const rows = Object.entries(facts).map(([name, value]) => ({ vault: vaultId, name, value }));
  return db.notes.bulkPut(rows);
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
