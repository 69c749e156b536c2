/**
 * Sealing to the server what could not be sealed when it was completed: there was no key of the server's yet, an
 * older version completed it, or the server could not open it. It needs the vault open.
 */

import { sealToServer } from "../lib/hpke.js";
import { changeItem, itemsOf, needsSealing, travelSize } from "./delivery.js";
import { refreshRescues } from "./rescue.js";

/** @typedef {import("./open-vault.js").Vault} Vault */
/** @typedef {import("./db.js").OutboxRow} OutboxRow */
/** @typedef {import("../types.js").Revision} Revision */

/**
 * Seals everything of this vault's that has no box for the server, and brings the copies of unfinished visits up
 * to date. Does nothing without a key of the server's. An item that cannot be read is set aside with that reason.
 * @param {Vault} vault
 * @returns {Promise<{sealed: number}>}
 */
export async function resealWaiting(vault) {
  const { db } = vault;
  const key = (await db.vaults.get(vault.id))?.sealingKey;
  if (!key) return { sealed: 0 };
  const rows = (await itemsOf(db, vault.id)).filter(needsSealing);
  let count = 0;
  for (const row of rows) {
    const rev = await read(vault, row);
    if (!rev) {
      await changeItem(db, vault.id, row.id, (now) =>
        now.state === "sealed" ? { ...now, state: "refused", result: "unreadable" } : now,
      );
      continue;
    }
    const box = await sealToServer(key, { kind: "revision", id: row.id, deviceId: vault.deviceId }, rev);
    await changeItem(db, vault.id, row.id, (now) =>
      // Another window may have done it, under the same key or a newer one.
      needsSealing(now)
        ? { ...now, sealed: box, bytes: travelSize(box), sha256: rev.sha256, result: null }
        : now,
    );
    count += 1;
  }
  await refreshRescues(vault);
  return { sealed: count };
}

/**
 * What an item holds, or null when it cannot be read. Throws Locked when the vault was locked meanwhile.
 * @param {Vault} vault
 * @param {OutboxRow} row
 * @returns {Promise<Revision | null>}
 */
export async function read(vault, row) {
  try {
    return await vault.open("outbox", row.id, row.box);
  } catch (error) {
    if (vault.locked) throw error;
    return null;
  }
}
