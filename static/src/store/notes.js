/**
 * Small facts the tablet remembers about itself, none of them about a person.
 *
 * @typedef {import("./vault.js").Vault} Vault
 */

import { write } from "./db.js";

/**
 * @param {Vault} vault
 * @param {{clockOffset?: number, lastContact?: number, lastReceipt?: number}} facts milliseconds
 */
export async function remember(vault, facts) {
  const rows = Object.entries(facts).map(([name, value]) => ({ vault: vault.id, name, value }));
  await write(vault.db, [vault.db.notes], () => vault.db.notes.bulkPut(rows));
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
