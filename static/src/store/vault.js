/**
 * A visitor's vault on this tablet: the keys that everything of theirs is sealed with. Each visitor has their
 * own vault and their own device id; nobody's opens another's. A random work key is stored wrapped by a key from
 * the passphrase and, where the visitor wants it, by one from a passkey; it wraps the caseload key in turn.
 *
 * This is the way in: who has a vault here, and every way to make, open and change one.
 */

import { openDatabase } from "./db.js";

export { Vault } from "./open-vault.js";
export { addPasskey, passkeysSupported, removePasskey, unlockWithPasskey } from "./passkey.js";
export { LEAST_PIN, Pause, setPin } from "./pin.js";
export { changePassphrase, createVault, LEAST_PASSPHRASE, startAgain, unlock } from "./unlocking.js";

/** @typedef {import("./db.js").TabletDatabase} TabletDatabase */

/**
 * Who has a vault on this tablet, for the unlock screen. Retired ones are listed too: they may hold visits that
 * are not delivered yet, but nobody opens them any more.
 * @param {TabletDatabase} [db]
 */
export async function listVaults(db = openDatabase()) {
  const rows = await db.vaults.all();
  return rows
    .map(({ id, accountId, name, deviceName, createdAt, retired, wraps }) => ({
      id,
      accountId,
      name,
      deviceName,
      createdAt,
      retired,
      passkey: wraps.some(({ by }) => by === "passkey"),
    }))
    .sort((a, b) => a.name.localeCompare(b.name));
}
