/**
 * A vault while it is open: it seals and opens with keys that cannot be exported, and forgets them on locking.
 * Two keys, one for the visitor's work (drafts, outbox) and one for the caseload, so that a tablet can lose the
 * second and keep the first.
 */

import { write } from "./db.js";
import { Locked, NotSetUp } from "./errors.js";
import { newCaseloadKey, openBox, sealBox, unwrapKey } from "./keys.js";
import { enforceLease } from "./lease.js";
import { recallOf } from "./notes.js";

/** @typedef {import("./db.js").Box} Box */
/** @typedef {import("./db.js").VaultRow} VaultRow */
/** @typedef {import("./db.js").WrappedKey} WrappedKey */
/** @typedef {import("./db.js").TabletDatabase} TabletDatabase */
/** @typedef {import("../types.js").Account} Account */
/** @typedef {import("./pin.js").Pause} Pause */
/** @typedef {import("./pin.js").PinRecord} PinRecord */

/**
 * What the profile's box holds. Version 1 sealed the account alone.
 * @typedef {{account: Account, pin: PinRecord | null}} Profile
 */

export class Vault {
  /** @type {{work: CryptoKey, caseload: CryptoKey, wrapped: WrappedKey} | null} */
  #keys;
  /** @type {Pause | null} */
  #pause = null;

  /**
   * @param {TabletDatabase} db
   * @param {Pick<VaultRow, "id" | "deviceName">} row
   * @param {Account} account
   * @param {{work: CryptoKey, caseload: CryptoKey, wrapped: WrappedKey}} keys
   */
  constructor(db, { id, deviceName }, account, keys) {
    this.db = db;
    this.id = id;
    /** What the server knows this visitor's tablet by. */
    this.deviceId = id;
    this.deviceName = deviceName;
    this.account = account;
    /** The lease had run out: families' details are gone until the next download. */
    this.caseloadLost = false;
    this.#keys = keys;
  }

  get locked() {
    return this.#keys === null;
  }

  get hasPin() {
    return this.#pause !== null;
  }

  /**
   * Drops the keys. Works with no network; a sealed or opened value already under way completes. With a PIN,
   * answers what the PIN opens again.
   * @returns {Pause | null}
   */
  lock() {
    this.#keys = null;
    return this.#pause;
  }

  /**
   * For pin.js: what `lock` hands out.
   * @param {Pause | null} pause
   */
  pauseWith(pause) {
    this.#pause = pause;
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

  /**
   * Sees to it that what is fetched next is sealed with the key that the tablet knows: another window, or the
   * lease, may have ended the one this vault was opened with.
   */
  async refreshCaseloadKey() {
    const keys = this.#keys;
    if (!keys) throw new Locked();
    const found = await keepCaseloadKey(this.db, this.id, keys.work);
    if (sameKey(found.wrapped, keys.wrapped)) return;
    const caseload = found.key ?? (await unwrapKey(keys.work, found.wrapped, this.id, "caseload"));
    if (this.#keys) this.#keys = { ...keys, caseload, wrapped: found.wrapped };
  }

  /** @param {string} store */
  #key(store) {
    if (!this.#keys) throw new Locked();
    return this.#keys[store === "caseload" ? "caseload" : "work"];
  }
}

/**
 * The vault of a row, once its work key is at hand. Ends a lease that has run out before anything can be read.
 * @param {TabletDatabase} db
 * @param {VaultRow} row
 * @param {CryptoKey} work
 * @param {{now?: number}} [options]
 * @returns {Promise<{vault: Vault, profile: Profile}>}
 */
export async function openVault(db, row, work, { now = Date.now() } = {}) {
  const profile = await openProfile(work, row);
  await enforceLease(db, now);
  const { wrapped, key } = await keepCaseloadKey(db, row.id, work);
  const caseload = key ?? (await unwrapKey(work, wrapped, row.id, "caseload"));
  const vault = new Vault(db, row, profile.account, { work, caseload, wrapped });
  vault.caseloadLost = (await recallOf(db, row.id, "caseloadLost")) !== null;
  return { vault, profile };
}

/**
 * @param {CryptoKey} work
 * @param {VaultRow} row
 * @returns {Promise<Profile>}
 */
export async function openProfile(work, row) {
  const found = await openBox(work, "profile", row.id, row.profile);
  return "account" in found ? found : { account: found, pin: null };
}

/**
 * Changes how the vault is opened. Throws NotSetUp when it was closed for good meanwhile, in this window or another: a
 * key put there then would open it again.
 * @param {TabletDatabase} db
 * @param {string} id
 * @param {(row: VaultRow) => Partial<VaultRow>} edit
 */
export async function changeKeys(db, id, edit) {
  await write(db, ["vaults"], async (tx) => {
    const row = await tx.vaults.get(id);
    if (!row || row.retired) throw new NotSetUp();
    await tx.vaults.put({ ...row, ...edit(row) });
  });
}

/**
 * The caseload key as the tablet has it; a new one where there is none. `key` is given when it is new.
 * @param {TabletDatabase} db
 * @param {string} vaultId
 * @param {CryptoKey} work
 * @returns {Promise<{wrapped: WrappedKey, key: CryptoKey | null}>}
 */
async function keepCaseloadKey(db, vaultId, work) {
  const there = (await db.vaults.get(vaultId))?.caseloadKey;
  if (there) return { wrapped: there, key: null };
  const made = await newCaseloadKey(work, vaultId);
  return write(db, ["vaults"], async (tx) => {
    const row = await tx.vaults.get(vaultId);
    // Another window may have made one meanwhile.
    if (row?.caseloadKey) return { wrapped: row.caseloadKey, key: null };
    if (!row) throw new Locked();
    await tx.vaults.put({ ...row, caseloadKey: made.wrapped });
    return made;
  });
}

/**
 * @param {WrappedKey} one
 * @param {WrappedKey} other
 */
function sameKey(one, other) {
  return one.iv.every((byte, at) => byte === other.iv[at]);
}
