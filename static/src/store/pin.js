/**
 * A PIN locks a running session for a moment and opens it again. It protects no disk: a million guesses are
 * quickly made. So nothing that it opens is stored. While the tablet is unlocked, memory holds the work key
 * wrapped under the PIN and a random number that exists only in this window; locking drops the key itself.
 * Closing the app, or five wrong PINs, leave the passphrase.
 *
 * What the PIN stretches to is kept sealed in the vault's profile, so that unlocking with the passphrase
 * prepares the pause without asking for the PIN.
 */

import { fromBase64, toBase64 } from "../lib/bytes.js";
import { NotSetUp, PinSpent, WeakPin, WrongPassphrase, WrongPin } from "./errors.js";
import { deriveBytes, expandKey, randomBytes, unwrapKey, wrapKey } from "./keys.js";
import { changeKeys, openVault } from "./open-vault.js";
import { openWorkKey } from "./unlocking.js";

/** @typedef {import("./open-vault.js").Vault} Vault */
/** @typedef {import("./db.js").WrappedKey} WrappedKey */
/** @typedef {{salt: string, iterations: number, bytes: string}} PinRecord base64 */

export const LEAST_PIN = 4;
const ATTEMPTS = 5;
/** Enough to be felt by a guesser, not by the visitor at every pause. */
const PIN_ITERATIONS = 200_000;
const PURPOSE = "hvapp pause";

/** What is left of an open vault while it is locked: useless without the PIN, gone with the window. */
export class Pause {
  #left = ATTEMPTS;
  /** @type {{pepper: Uint8Array<ArrayBuffer>, wrapped: WrappedKey} | null} */
  #kept;
  #db;
  #id;
  #salt;
  #iterations;

  /**
   * @param {Vault} vault
   * @param {PinRecord} pin
   * @param {{pepper: Uint8Array<ArrayBuffer>, wrapped: WrappedKey}} kept
   */
  constructor({ db, id, account }, { salt, iterations }, kept) {
    this.account = account;
    this.#db = db;
    this.#id = id;
    this.#salt = fromBase64(salt);
    this.#iterations = iterations;
    this.#kept = kept;
  }

  /** How many more wrong PINs it takes. */
  get left() {
    return this.#left;
  }

  /** Forgets: only the passphrase or a passkey opens the vault from now on. */
  end() {
    this.#left = 0;
    this.#kept = null;
  }

  /**
   * Throws WrongPin, and PinSpent at the fifth and ever after.
   * @param {string} pin
   * @param {{now?: number}} [options]
   * @returns {Promise<Vault>}
   */
  async resume(pin, { now } = {}) {
    const kept = this.#kept;
    if (!kept) throw new PinSpent();
    // Counted before it is tried: guesses made at the same moment are as many guesses.
    this.#left -= 1;
    if (this.#left === 0) this.#kept = null;
    const bytes = await deriveBytes(pin, this.#salt, this.#iterations);
    const work = await this.#unwrap(bytes, kept);
    const row = await this.#db.vaults.get(this.#id);
    if (!row || row.retired) {
      this.end();
      throw new NotSetUp();
    }
    const { vault } = await openVault(this.#db, row, work, { now });
    this.#left = ATTEMPTS;
    this.#kept = kept;
    vault.pauseWith(this);
    return vault;
  }

  /**
   * @param {Uint8Array<ArrayBuffer>} bytes
   * @param {{pepper: Uint8Array<ArrayBuffer>, wrapped: WrappedKey}} kept
   */
  async #unwrap(bytes, { pepper, wrapped }) {
    try {
      return await unwrapKey(await expandKey(bytes, pepper, PURPOSE), wrapped, this.#id, "work");
    } catch (error) {
      if (!(error instanceof WrongPassphrase)) throw error;
      throw this.#kept ? new WrongPin(this.#left) : new PinSpent();
    }
  }
}

/**
 * Sets the PIN, or takes it away with null. Setting needs the passphrase: the keys in use cannot be wrapped, and
 * nobody who finds the tablet open may choose a PIN. Throws WeakPin or WrongPassphrase.
 * @param {Vault} vault
 * @param {string | null} pin
 * @param {string} [passphrase]
 */
export async function setPin(vault, pin, passphrase = "") {
  const { db, id } = vault;
  const row = await db.vaults.get(id);
  if (!row) throw new NotSetUp();
  if (pin === null) {
    await saveRecord(vault, null);
    vault.pauseWith(null);
    return;
  }
  if (!/^\d+$/.test(pin) || pin.length < LEAST_PIN || new Set(pin).size < 3) throw new WeakPin(LEAST_PIN);
  const { wrap, open } = await openWorkKey(row, passphrase);
  const salt = randomBytes(16);
  const iterations = Math.min(PIN_ITERATIONS, wrap.iterations);
  const bytes = await deriveBytes(pin, salt, iterations);
  const record = { salt: toBase64(salt), iterations, bytes: toBase64(bytes) };
  await saveRecord(vault, record);
  await restorePin(vault, record, open);
}

/**
 * Prepares the pause of a vault that was just opened.
 * @param {Vault} vault
 * @param {PinRecord | null} record
 * @param {CryptoKey} open the work key, open
 */
export async function restorePin(vault, record, open) {
  if (!record) return;
  const pepper = randomBytes(32);
  const wrapper = await expandKey(fromBase64(record.bytes), pepper, PURPOSE);
  const wrapped = await wrapKey(wrapper, open, vault.id, "work");
  vault.pauseWith(new Pause(vault, record, { pepper, wrapped }));
}

/**
 * @param {Vault} vault
 * @param {PinRecord | null} pin
 */
async function saveRecord(vault, pin) {
  const { db, id, account } = vault;
  const profile = await vault.seal("profile", id, { account, pin });
  await changeKeys(db, id, () => ({ profile }));
}
