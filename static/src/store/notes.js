/**
 * Small facts the tablet remembers about itself, none of them about a person.
 *
 * @typedef {import("./vault.js").Vault} Vault
 */

import { write } from "./db.js";
import { StorageFull } from "./errors.js";

/**
 * Best effort: a full disk, on which nothing can be noted, must not keep visits from going up.
 * @param {Vault} vault
 * @param {{clockOffset?: number, lastContact?: number, lastReceipt?: number}} facts milliseconds
 */
export async function remember(vault, facts) {
  const rows = Object.entries(facts).map(([name, value]) => ({ vault: vault.id, name, value }));
  try {
    await write(vault.db, [vault.db.notes], () => vault.db.notes.bulkPut(rows));
  } catch (error) {
    if (!(error instanceof StorageFull)) throw error;
  }
}

/**
 * @param {Vault} vault
 * @param {"clockOffset" | "lastContact" | "lastReceipt"} name
 * @returns {Promise<number | null>}
 */
export async function recall(vault, name) {
  const row = await vault.db.notes.get([vault.id, name]);
  return row ? Number(row.value) : null;
}
