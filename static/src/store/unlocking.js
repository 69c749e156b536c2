/** Making a vault, opening it with the passphrase, changing the passphrase, and beginning again without it. */

import { uuid7 } from "../lib/uuid7.js";
import { openDatabase, write } from "./db.js";
import { AlreadySetUp, NotSetUp, WeakPassphrase } from "./errors.js";
import {
  deriveKey,
  ITERATIONS,
  newCaseloadKey,
  newKey,
  randomBytes,
  sealBox,
  unwrapKey,
  wrapKey,
} from "./keys.js";
import { clearCaseload, withoutCaseloadKey } from "./lease.js";
import { announce } from "./notices.js";
import { changeKeys, openVault, Vault } from "./open-vault.js";
import { restorePin } from "./pin.js";
import { needsOpening } from "./rescue.js";

/** @typedef {import("./db.js").PassphraseWrap} PassphraseWrap */
/** @typedef {import("./db.js").TabletDatabase} TabletDatabase */
/** @typedef {import("./db.js").VaultRow} VaultRow */
/** @typedef {import("../types.js").Account} Account */

export const LEAST_PASSPHRASE = 12;

/**
 * What setting up needs. `iterations` is lower in tests only.
 * @typedef {{account: Account, passphrase: string, deviceName: string, db?: TabletDatabase, iterations?: number}} NewVault
 */

/**
 * Makes a vault for an account that has none here.
 * @param {NewVault} options
 * @returns {Promise<Vault>}
 */
export async function createVault(options) {
  const { account, db = openDatabase() } = options;
  requireStrength(options.passphrase);
  if (await liveRow(db, account.id)) throw new AlreadySetUp();
  const made = await makeVault(db, options);
  await write(db, ["vaults"], async (tx) => {
    // Again, inside: two windows may be setting up at once.
    const there = await liveRow(tx, account.id);
    if (there && there.id !== made.row.id) throw new AlreadySetUp();
    await tx.vaults.put(made.row);
  });
  return made.vault;
}

/**
 * For a visitor who has forgotten the passphrase: a new vault in the place of the old one, in one transaction.
 * The old one's caseload is gone; its visits stay, sealed to the server, until they are delivered. Its key goes as
 * well, unless something in it has no copy for the server: then reopening.js can still use it.
 * @param {NewVault} options
 * @returns {Promise<Vault>}
 */
export async function startAgain(options) {
  const { account, db = openDatabase() } = options;
  requireStrength(options.passphrase);
  const made = await makeVault(db, options);
  await write(db, ["vaults", "heads", "chunks", "outbox", "drafts"], async (tx) => {
    for (const row of await tx.vaults.all("accountId", account.id)) {
      if (row.retired || row.id === made.row.id) continue;
      const closed = withoutCaseloadKey(row);
      const needed = await needsOpening(tx, row.id);
      const wraps = closed.wraps.filter(({ by }) => needed && by === "passphrase");
      await tx.vaults.put({ ...closed, wraps, retired: "forgotten" });
      await clearCaseload(tx, row.id);
    }
    await tx.vaults.put(made.row);
  });
  announce("outbox", made.vault.id);
  return made.vault;
}

/**
 * Throws WrongPassphrase, or NotSetUp when the account has no vault here.
 * @param {string} accountId
 * @param {string} passphrase
 * @param {{db?: TabletDatabase, now?: number}} [options]
 * @returns {Promise<Vault>}
 */
export async function unlock(accountId, passphrase, { db = openDatabase(), now } = {}) {
  const row = await liveRow(db, accountId);
  if (!row) throw new NotSetUp();
  const { wrap, wrapper } = await passphraseWrapper(row, passphrase);
  const open = await unwrapKey(wrapper, wrap.key, row.id, "work", { open: true });
  const work = await unwrapKey(wrapper, wrap.key, row.id, "work");
  if (wrap.caseload) await convertCaseloadKey(db, row, wrap.caseload, wrapper, work);
  const { vault, profile } = await openVault(db, row, work, { now });
  await restorePin(vault, profile.pin, open);
  return vault;
}

/**
 * Throws WrongPassphrase for a wrong old one, WeakPassphrase for a new one that is too short. Passkeys and PIN
 * stay as they are.
 * @param {Vault} vault
 * @param {string} oldOne
 * @param {string} newOne
 * @param {{iterations?: number}} [options]
 */
export async function changePassphrase({ db, id }, oldOne, newOne, { iterations = ITERATIONS } = {}) {
  requireStrength(newOne);
  const row = await db.vaults.get(id);
  if (!row) throw new NotSetUp();
  const { wrap, open } = await openWorkKey(row, oldOne);
  const salt = randomBytes(16);
  const key = await wrapKey(await deriveKey(newOne, salt, iterations), open, id, "work");
  /** @type {PassphraseWrap} */
  const changed = { ...wrap, salt, iterations, key };
  await changeKeys(db, id, ({ wraps }) => ({
    wraps: [changed, ...wraps.filter(({ by }) => by !== "passphrase")],
  }));
}

/**
 * The work key, open for wrapping it in one more way. Throws WrongPassphrase.
 * @param {VaultRow} row
 * @param {string} passphrase
 */
export async function openWorkKey(row, passphrase) {
  const { wrap, wrapper } = await passphraseWrapper(row, passphrase);
  return { wrap, open: await unwrapKey(wrapper, wrap.key, row.id, "work", { open: true }) };
}

/**
 * The work key, for use. Throws WrongPassphrase.
 * @param {VaultRow} row
 * @param {string} passphrase
 */
export async function workKeyOf(row, passphrase) {
  const { wrap, wrapper } = await passphraseWrapper(row, passphrase);
  return unwrapKey(wrapper, wrap.key, row.id, "work");
}

/**
 * The account's vault on this tablet that is not retired.
 * @param {import("./db.js").Readable} db
 * @param {string} accountId
 */
export async function liveRow(db, accountId) {
  const rows = await db.vaults.all("accountId", accountId);
  return rows.find(({ retired }) => retired === null);
}

/** @param {string} passphrase */
function requireStrength(passphrase) {
  if ([...passphrase.normalize("NFKC")].length < LEAST_PASSPHRASE) throw new WeakPassphrase(LEAST_PASSPHRASE);
}

/**
 * @param {VaultRow} row
 * @param {string} passphrase
 */
async function passphraseWrapper(row, passphrase) {
  /** @type {PassphraseWrap | undefined} */
  const wrap = row.wraps.find((one) => one.by === "passphrase");
  if (!wrap) throw new NotSetUp();
  return { wrap, wrapper: await deriveKey(passphrase, wrap.salt, wrap.iterations) };
}

/**
 * @param {TabletDatabase} db
 * @param {NewVault} options
 */
async function makeVault(db, { account, passphrase, deviceName, iterations = ITERATIONS }) {
  const id = uuid7();
  const salt = randomBytes(16);
  const wrapper = await deriveKey(passphrase, salt, iterations);
  const key = await wrapKey(wrapper, await newKey("work"), id, "work");
  const work = await unwrapKey(wrapper, key, id, "work");
  const caseload = await newCaseloadKey(work, id);
  // A colleague's vault may know the server's key already: then the first visit is sealed to it at once.
  const known = (await db.vaults.all()).find(({ sealingKey }) => sealingKey !== null);
  /** @type {VaultRow} */
  const row = {
    id,
    accountId: account.id,
    name: account.name,
    deviceName,
    createdAt: new Date().toISOString(),
    wraps: [{ by: "passphrase", salt, iterations, key }],
    caseloadKey: caseload.wrapped,
    profile: await sealBox(work, "profile", id, { account, pin: null }),
    token: null,
    sealingKey: known?.sealingKey ?? null,
    retired: null,
    wipe: null,
  };
  const vault = new Vault(db, row, account, { work, caseload: caseload.key, wrapped: caseload.wrapped });
  return { row, vault };
}

/**
 * Version 1 wrapped the caseload key by the passphrase; from now on the work key wraps it.
 * @param {TabletDatabase} db
 * @param {VaultRow} row
 * @param {import("./db.js").WrappedKey} before
 * @param {CryptoKey} wrapper
 * @param {CryptoKey} work
 */
async function convertCaseloadKey(db, { id }, before, wrapper, work) {
  const open = await unwrapKey(wrapper, before, id, "caseload", { open: true });
  const caseloadKey = await wrapKey(work, open, id, "caseload");
  await write(db, ["vaults"], async (tx) => {
    const row = await tx.vaults.get(id);
    const wrap = row?.wraps.find((one) => one.by === "passphrase");
    // Gone meanwhile: converted by another window, or the lease ran out.
    if (!row || row.caseloadKey || wrap?.by !== "passphrase" || !wrap.caseload) return;
    const wraps = row.wraps.map((one) => (one === wrap ? { ...wrap, caseload: undefined } : one));
    await tx.vaults.put({ ...row, caseloadKey, wraps });
  });
}
