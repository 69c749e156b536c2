/**
 * A visitor's vault on this tablet: the keys that everything of theirs is sealed with. Two random AES-256-GCM
 * keys, one for their work (drafts, outbox) and one for the caseload, so that a tablet can lose the second and
 * keep the first. They are stored wrapped by a key from the passphrase (PBKDF2-SHA256) and, once unlocked,
 * cannot be exported. Each visitor has their own vault and their own device id; nobody's opens another's.
 */

import { uuid7 } from "../lib/uuid7.js";
import { openDatabase, write } from "./db.js";
import { AlreadySetUp, Locked, NotSetUp, Unreadable, WeakPassphrase, WrongPassphrase } from "./errors.js";

/** @typedef {import("./db.js").Box} Box */
/** @typedef {import("./db.js").TabletDatabase} TabletDatabase */
/** @typedef {import("../types.js").Account} Account */
/** @typedef {"work" | "caseload"} KeyName */

export const LEAST_PASSPHRASE = 12;
/** OWASP's floor for PBKDF2-SHA256. */
const ITERATIONS = 600_000;
const BOX_VERSION = 1;
const KEY_NAMES = /** @type {const} */ (["work", "caseload"]);

export class Vault {
  /** @type {Record<KeyName, CryptoKey> | null} */
  #keys;

  /**
   * @param {TabletDatabase} db
   * @param {string} id
   * @param {string} deviceName
   * @param {Account} account
   * @param {Record<KeyName, CryptoKey>} keys
   */
  constructor(db, id, deviceName, account, keys) {
    this.db = db;
    this.id = id;
    /** What the server knows this visitor's tablet by. */
    this.deviceId = id;
    this.deviceName = deviceName;
    this.account = account;
    this.#keys = keys;
  }

  get locked() {
    return this.#keys === null;
  }

  /** Drops the keys. Works with no network; a sealed or opened value already under way completes. */
  lock() {
    this.#keys = null;
  }

  /**
   * @param {string} store
   * @param {string} id
   * @param {unknown} value
   * @returns {Promise<Box>}
   */
  async seal(store, id, value) {
    const key = this.#key(store);
    return sealBox(key, store, id, value);
  }

  /**
   * Throws Unreadable for a box that is not this vault's, not this id's, or damaged.
   * @param {string} store
   * @param {string} id
   * @param {Box} box
   * @returns {Promise<any>}
   */
  async open(store, id, box) {
    const key = this.#key(store);
    return openBox(key, store, id, box);
  }

  /** @param {string} store */
  #key(store) {
    if (!this.#keys) throw new Locked();
    return this.#keys[store === "caseload" ? "caseload" : "work"];
  }
}

/**
 * Who has a vault on this tablet, for the unlock screen.
 * @param {TabletDatabase} [db]
 */
export async function listVaults(db = openDatabase()) {
  const rows = await db.vaults.toArray();
  return rows
    .map(({ id, accountId, name, deviceName, createdAt }) => ({ id, accountId, name, deviceName, createdAt }))
    .sort((a, b) => a.name.localeCompare(b.name));
}

/**
 * Makes a vault for an account that has none here. `iterations` is lower in tests only.
 * @param {{account: Account, passphrase: string, deviceName: string, db?: TabletDatabase, iterations?: number}} options
 * @returns {Promise<Vault>}
 */
export async function createVault({
  account,
  passphrase,
  deviceName,
  db = openDatabase(),
  iterations = ITERATIONS,
}) {
  if ([...passphrase.normalize("NFKC")].length < LEAST_PASSPHRASE) throw new WeakPassphrase(LEAST_PASSPHRASE);
  if (await db.vaults.where("accountId").equals(account.id).count()) throw new AlreadySetUp();
  const id = uuid7();
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const wrapper = await deriveKey(passphrase, salt, iterations);
  const made = await Promise.all(KEY_NAMES.map((name) => makeKey(wrapper, id, name)));
  const keys = { work: made[0].key, caseload: made[1].key };
  const wrapped = { work: made[0].wrapped, caseload: made[1].wrapped };
  const profile = await sealBox(keys.work, "profile", id, account);
  await write(db, [db.vaults], async () => {
    // Again, inside: two windows may be setting up at once.
    if (await db.vaults.where("accountId").equals(account.id).count()) throw new AlreadySetUp();
    await db.vaults.add({
      id,
      accountId: account.id,
      name: account.name,
      deviceName,
      createdAt: new Date().toISOString(),
      wraps: [{ by: "passphrase", salt, iterations, keys: wrapped }],
      profile,
    });
  });
  return new Vault(db, id, deviceName, account, keys);
}

/**
 * Throws WrongPassphrase, or NotSetUp when the account has no vault here.
 * @param {string} accountId
 * @param {string} passphrase
 * @param {{db?: TabletDatabase}} [options]
 * @returns {Promise<Vault>}
 */
export async function unlock(accountId, passphrase, { db = openDatabase() } = {}) {
  const row = await db.vaults.where("accountId").equals(accountId).first();
  const wrap = row?.wraps.find(({ by }) => by === "passphrase");
  if (!row || !wrap) throw new NotSetUp();
  const wrapper = await deriveKey(passphrase, wrap.salt, wrap.iterations);
  const [work, caseload] = await Promise.all(
    KEY_NAMES.map((name) => unwrapKey(wrapper, wrap.keys[name], row.id, name)),
  );
  const account = await openBox(work, "profile", row.id, row.profile);
  return new Vault(db, row.id, row.deviceName, account, { work, caseload });
}

/**
 * @param {string} passphrase
 * @param {Uint8Array<ArrayBuffer>} salt
 * @param {number} iterations
 */
async function deriveKey(passphrase, salt, iterations) {
  // NFKC: the same words typed on two keyboards are the same bytes.
  const bytes = new TextEncoder().encode(passphrase.normalize("NFKC"));
  const secret = await crypto.subtle.importKey("raw", bytes, "PBKDF2", false, ["deriveKey"]);
  const params = { name: "PBKDF2", hash: "SHA-256", salt, iterations };
  const kind = { name: "AES-GCM", length: 256 };
  return crypto.subtle.deriveKey(params, secret, kind, false, ["wrapKey", "unwrapKey"]);
}

/**
 * A new data key: extractable for as long as it takes to wrap it, and then only its closed twin is kept.
 * @param {CryptoKey} wrapper
 * @param {string} vaultId
 * @param {KeyName} name
 */
async function makeKey(wrapper, vaultId, name) {
  const open = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, true, [
    "encrypt",
    "decrypt",
  ]);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const wrapped = {
    iv,
    key: await crypto.subtle.wrapKey("raw", open, wrapper, cipher(iv, "key", `${vaultId}.${name}`)),
  };
  return { wrapped, key: await unwrapKey(wrapper, wrapped, vaultId, name) };
}

/**
 * @param {CryptoKey} wrapper
 * @param {import("./db.js").WrappedKey} wrapped
 * @param {string} vaultId
 * @param {KeyName} name
 */
async function unwrapKey(wrapper, wrapped, vaultId, name) {
  const how = cipher(wrapped.iv, "key", `${vaultId}.${name}`);
  try {
    return await crypto.subtle.unwrapKey("raw", wrapped.key, wrapper, how, "AES-GCM", false, [
      "encrypt",
      "decrypt",
    ]);
  } catch {
    throw new WrongPassphrase();
  }
}

/**
 * AES-GCM bound to the place of the box: moved to another row or store, or read as another version, it does
 * not open.
 * @param {Uint8Array<ArrayBuffer>} iv
 * @param {string} store
 * @param {string} id
 * @param {number} [version]
 */
function cipher(iv, store, id, version = BOX_VERSION) {
  return { name: "AES-GCM", iv, additionalData: new TextEncoder().encode(`${store}|${id}|${version}`) };
}

/**
 * @param {CryptoKey} key
 * @param {string} store
 * @param {string} id
 * @param {unknown} value
 * @returns {Promise<Box>}
 */
async function sealBox(key, store, id, value) {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const text = new TextEncoder().encode(JSON.stringify(value));
  return { v: BOX_VERSION, iv, data: await crypto.subtle.encrypt(cipher(iv, store, id), key, text) };
}

/**
 * @param {CryptoKey} key
 * @param {string} store
 * @param {string} id
 * @param {Box} box
 */
async function openBox(key, store, id, box) {
  try {
    const text = await crypto.subtle.decrypt(cipher(box.iv, store, id, box.v), key, box.data);
    return JSON.parse(new TextDecoder().decode(text));
  } catch {
    throw new Unreadable();
  }
}
