/**
 * The ciphers of a vault: AES-256-GCM for what is kept, PBKDF2-SHA256 for what is typed, HKDF-SHA256 for what a
 * passkey or a PIN contributes. Keys in use cannot be exported; one that has to be wrapped is opened for as long
 * as that takes.
 */

import { Unreadable, WrongPassphrase } from "./errors.js";

/** @typedef {import("./db.js").Box} Box */
/** @typedef {import("./db.js").WrappedKey} WrappedKey */
/** @typedef {"work" | "caseload"} KeyName */

/** OWASP's floor for PBKDF2-SHA256. */
export const ITERATIONS = 600_000;
const BOX_VERSION = 1;
const AES = { name: "AES-GCM", length: 256 };
/** The work key also wraps the caseload key. @type {Record<KeyName, KeyUsage[]>} */
const USAGES = {
  work: ["encrypt", "decrypt", "wrapKey", "unwrapKey"],
  caseload: ["encrypt", "decrypt"],
};

/** @param {number} count */
export function randomBytes(count) {
  return crypto.getRandomValues(new Uint8Array(count));
}

/**
 * The key that a passphrase gives.
 * @param {string} passphrase
 * @param {Uint8Array<ArrayBuffer>} salt
 * @param {number} iterations
 */
export async function deriveKey(passphrase, salt, iterations) {
  const secret = await stretch(passphrase, "deriveKey");
  const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations };
  return crypto.subtle.deriveKey(how, secret, AES, false, ["wrapKey", "unwrapKey"]);
}

/**
 * The 32 bytes that a PIN gives: kept sealed, so that they are there when no PIN is typed.
 * @param {string} pin
 * @param {Uint8Array<ArrayBuffer>} salt
 * @param {number} iterations
 */
export async function deriveBytes(pin, salt, iterations) {
  const secret = await stretch(pin, "deriveBits");
  const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations };
  return new Uint8Array(await crypto.subtle.deriveBits(how, secret, 256));
}

/**
 * @param {string} typed
 * @param {"deriveKey" | "deriveBits"} use
 */
function stretch(typed, use) {
  // NFKC: the same words typed on two keyboards are the same bytes.
  const bytes = new TextEncoder().encode(typed.normalize("NFKC"));
  return crypto.subtle.importKey("raw", bytes, "PBKDF2", false, [use]);
}

/**
 * A wrapping key from bytes that are secret already.
 * @param {BufferSource} secret
 * @param {Uint8Array<ArrayBuffer>} salt
 * @param {string} purpose
 */
export async function expandKey(secret, salt, purpose) {
  const key = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveKey"]);
  const how = { name: "HKDF", hash: "SHA-256", salt, info: new TextEncoder().encode(purpose) };
  return crypto.subtle.deriveKey(how, key, AES, false, ["wrapKey", "unwrapKey"]);
}

/**
 * A new data key, open: to be wrapped, and then forgotten for its closed twin.
 * @param {KeyName} name
 */
export function newKey(name) {
  return crypto.subtle.generateKey(AES, true, USAGES[name]);
}

/**
 * @param {CryptoKey} wrapper
 * @param {CryptoKey} open
 * @param {string} vaultId
 * @param {KeyName} name
 * @returns {Promise<WrappedKey>}
 */
export async function wrapKey(wrapper, open, vaultId, name) {
  const iv = randomBytes(12);
  return {
    iv,
    key: await crypto.subtle.wrapKey("raw", open, wrapper, cipher(iv, "key", `${vaultId}.${name}`)),
  };
}

/**
 * Throws WrongPassphrase when the wrapper is not the one.
 * @param {CryptoKey} wrapper
 * @param {WrappedKey} wrapped
 * @param {string} vaultId
 * @param {KeyName} name
 * @param {{open?: boolean}} [options] open: may be exported, for wrapping it anew
 */
export async function unwrapKey(wrapper, wrapped, vaultId, name, { open = false } = {}) {
  const how = cipher(wrapped.iv, "key", `${vaultId}.${name}`);
  try {
    return await crypto.subtle.unwrapKey("raw", wrapped.key, wrapper, how, "AES-GCM", open, USAGES[name]);
  } catch {
    throw new WrongPassphrase();
  }
}

/**
 * A new caseload key, wrapped by the work key and ready for use.
 * @param {CryptoKey} work
 * @param {string} vaultId
 */
export async function newCaseloadKey(work, vaultId) {
  const wrapped = await wrapKey(work, await newKey("caseload"), vaultId, "caseload");
  return { wrapped, key: await unwrapKey(work, wrapped, vaultId, "caseload") };
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
export async function sealBox(key, store, id, value) {
  const iv = randomBytes(12);
  const text = new TextEncoder().encode(JSON.stringify(value));
  return { v: BOX_VERSION, iv, data: await crypto.subtle.encrypt(cipher(iv, store, id), key, text) };
}

/**
 * Throws Unreadable for a box that is not this key's, not this id's, or damaged.
 * @param {CryptoKey} key
 * @param {string} store
 * @param {string} id
 * @param {Box} box
 */
export async function openBox(key, store, id, box) {
  try {
    const text = await crypto.subtle.decrypt(cipher(box.iv, store, id, box.v), key, box.data);
    return JSON.parse(new TextDecoder().decode(text));
  } catch {
    throw new Unreadable();
  }
}
