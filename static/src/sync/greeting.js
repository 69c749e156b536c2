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
 * into another's. `known`: this tablet was registered since it was unlocked. `newToken`: one of theirs can send that
 * could not before.
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
  let newToken = false;
  const theirs = await vault.db.vaults.all("accountId", vault.account.id);
  // The one in use last: on a supervisor's list it is then the one last seen.
  for (const row of theirs.sort((a, b) => Number(a.id === vault.id) - Number(b.id === vault.id))) {
    // A vault of theirs that was closed before it had a token gets one here too: its visits wait for it.
    const due = row.token === null || (row.id === vault.id && !known);
    if (due && (await register(vault, api, row))) newToken = true;
  }
  return { serverVersion: session.appVersion, newToken };
}

/**
 * @param {Vault} vault
 * @param {Api} api
 * @param {import("../store/db.js").VaultRow} row
 * @returns {Promise<boolean>} whether it has another token than before
 */
async function register(vault, api, { id, deviceName, token: before }) {
  const { db, account } = vault;
  try {
    const { token, common } = await api.registerDevice(id, {
      name: deviceName,
      storage_persisted: await isPersisted(),
      account_id: account.id,
    });
    if (token) await takeToken(db, id, token);
    await takeIn(db, id, common);
    return token !== null && token !== before;
  } catch (error) {
    // A name the service will not take holds up nothing that has a token already; nor does an order about another
    // vault of theirs.
    const own = error instanceof TabletRevoked && id === vault.id;
    if (!(error instanceof Refused) || own) throw error;
    return false;
  }
}
