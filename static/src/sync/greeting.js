/**
 * The first words with the service when somebody is at the tablet: who is signed in, what time it is, and the
 * token that this tablet sends with from then on.
 */

import { isPersisted } from "../lib/storage.js";
import { remember } from "../store/notes.js";
import { takeIn, takeToken } from "../store/standing.js";
import { Refused, SignedInAsOther, SignedOut, TabletRevoked } from "./errors.js";

/** @typedef {import("../store/open-vault.js").Vault} Vault */
/** @typedef {Pick<import("./api.js").Api, "session" | "registerDevice">} Api */

/**
 * Throws SignedOut or SignedInAsOther: one browser, one sign-in, several vaults, and nobody's caseload may come
 * into another's. `known`: this tablet was registered since it was unlocked.
 * @param {Vault} vault
 * @param {Api} api
 * @param {{now: () => number, known: boolean}} options
 */
export async function greet(vault, api, { now, known }) {
  const session = await api.session();
  if (!session.account) throw new SignedOut();
  if (session.account.id !== vault.account.id) throw new SignedInAsOther();
  await remember(vault, {
    lastContact: now(),
    ...(session.clockOffset === null ? {} : { clockOffset: session.clockOffset }),
  });
  for (const row of await vault.db.vaults.where("accountId").equals(vault.account.id).toArray()) {
    // A vault of theirs that was closed before it had a token gets one here too: its visits wait for it.
    if (row.token === null || (row.id === vault.id && !known)) await register(vault, api, row);
  }
  return { serverVersion: session.appVersion };
}

/**
 * @param {Vault} vault
 * @param {Api} api
 * @param {import("../store/db.js").VaultRow} row
 */
async function register({ db, account }, api, { id, deviceName }) {
  try {
    const { token, common } = await api.registerDevice(id, {
      name: deviceName,
      storage_persisted: await isPersisted(),
      account_id: account.id,
    });
    if (token) await takeToken(db, id, token);
    await takeIn(db, id, common);
  } catch (error) {
    // A name the service will not take holds up nothing that has a token already.
    if (!(error instanceof Refused) || error instanceof TabletRevoked) throw error;
  }
}
