/**
 * The tablet's database: its schema and how it is written. Rows hold ids, counters and sealed boxes; what a
 * visitor wrote or may read about a family is only ever inside a box.
 *
 * Keys are always ours (WebKit's key generators have failed in the field), and bytes are ArrayBuffers.
 */

import { Dexie } from "dexie";
import { StorageFull, StorageTrouble } from "./errors.js";

/**
 * @typedef {{v: number, iv: Uint8Array<ArrayBuffer>, data: ArrayBuffer}} Box
 *
 * @typedef {{iv: Uint8Array<ArrayBuffer>, key: ArrayBuffer}} WrappedKey
 *
 * How the work key can be had: by the passphrase, or by a passkey of this tablet. `caseload` is there only in
 * what version 1 wrote, until it is next unlocked.
 * @typedef {{by: "passphrase", salt: Uint8Array<ArrayBuffer>, iterations: number, key: WrappedKey,
 *   caseload?: WrappedKey}} PassphraseWrap
 * @typedef {{by: "passkey", salt: Uint8Array<ArrayBuffer>, credentialId: ArrayBuffer, key: WrappedKey}} PasskeyWrap
 * @typedef {PassphraseWrap | PasskeyWrap} KeyWrap
 *
 * A server key that boxes are made for: anybody may have it, only the server opens them.
 * @typedef {{kid: string, key: string}} SealingKey
 * @typedef {{kid: string, box: ArrayBuffer}} ServerBox
 *
 * `retired`: no longer anybody's to open, kept until what is in it is delivered. `wipe` is an order under way;
 * `left` is how many items could not be sent when that was last reported.
 * @typedef {{id: string, accountId: string, name: string, deviceName: string, createdAt: string,
 *   wraps: KeyWrap[], caseloadKey: WrappedKey | null, profile: Box, token: string | null,
 *   sealingKey: SealingKey | null, retired: null | "forgotten" | "revoked",
 *   wipe: {id: string, at: string, left: number | null} | null}} VaultRow
 *
 * @typedef {{id: string, vault: string, writer: string, n: number, box: Box,
 *   rescue: (ServerBox & {n: number}) | null, delivered?: {n: number, at: number} | null}} DraftRow
 * @typedef {{id: string, vault: string, seq: number, state: "sealed" | "acked" | "confirmed" | "refused",
 *   bytes: number, faults: number, result: string | null, receipt: import("../types.js").Receipt | null,
 *   sha256: string | null, sealed: ServerBox | null, ackedAt: number | null, confirmedAt: number | null,
 *   box: Box}} OutboxRow
 * @typedef {{vault: string, name: string, value: number}} CounterRow
 * @typedef {{vault: string, gen: number, kind: string, bucket: number, box: Box}} ChunkRow
 * @typedef {{vault: string, version: number, gen: number, cursor: string, complete: boolean,
 *   next: {gen: number, cursor: string} | null}} HeadRow
 * @typedef {{vault: string, name: string, value: number | string | null}} NoteRow
 * @typedef {{id: string, bytes: ArrayBuffer}} PaddingRow
 */

/**
 * @template T, K
 * @typedef {import("dexie").Table<T, K>} Table
 */

const NAME = "hvapp";

/**
 * What can be fetched again or measured again may be written relaxed. A transaction that touches anything else
 * is strict: it has ended only when the disk says so. Browsers default to relaxed.
 */
const MAY_BE_LOST = new Set(["chunks", "heads", "notes"]);

export class TabletDatabase extends Dexie {
  /**
   * @param {string} [name]
   * @param {{indexedDB?: IDBFactory, IDBKeyRange?: typeof IDBKeyRange}} [engine] the browser's, but in tests
   */
  constructor(name = NAME, engine = {}) {
    // Dexie's cache serves live queries, which we do not use.
    super(name, { chromeTransactionDurability: "strict", cache: "disabled", ...engine });
    this.version(1).stores({
      vaults: "id, accountId",
      drafts: "id, vault",
      outbox: "id, &[vault+seq], [vault+state]",
      counters: "[vault+name]",
      chunks: "[vault+gen+kind+bucket]",
      heads: "vault",
      notes: "[vault+name]",
    });
    this.version(2).stores({ padding: "id" }).upgrade(toVersion2);
    this.use({
      stack: "dbcore",
      name: "durability",
      create: (core) => ({
        ...core,
        transaction: (stores, mode) =>
          core.transaction(stores, mode, {
            durability: stores.every((store) => MAY_BE_LOST.has(store)) ? "relaxed" : "strict",
          }),
      }),
    });
    /** @type {Table<VaultRow, string>} */
    this.vaults = this.table("vaults");
    /** @type {Table<DraftRow, string>} */
    this.drafts = this.table("drafts");
    /** @type {Table<OutboxRow, string>} */
    this.outbox = this.table("outbox");
    /** @type {Table<CounterRow, [string, string]>} */
    this.counters = this.table("counters");
    /** @type {Table<ChunkRow, [string, number, string, number]>} */
    this.chunks = this.table("chunks");
    /** @type {Table<HeadRow, string>} */
    this.heads = this.table("heads");
    /** @type {Table<NoteRow, [string, string]>} */
    this.notes = this.table("notes");
    /** @type {Table<PaddingRow, string>} */
    this.padding = this.table("padding");
  }
}

/** @type {TabletDatabase | undefined} */
let shared;

/** The page's one connection. It opens at first use and again by itself when the browser drops it. */
export function openDatabase() {
  shared ??= new TabletDatabase();
  return shared;
}

/**
 * What version 1 wrote gets the new members. Nothing is ciphered here: that would end the upgrade half-way, and
 * nobody has unlocked anything yet. The keys are put in their new places at the next unlock.
 * @param {import("dexie").Transaction} upgrade
 */
async function toVersion2(upgrade) {
  await upgrade.table("vaults").toCollection().modify(reshapeVault);
  await upgrade
    .table("drafts")
    .toCollection()
    .modify((row) => {
      row.rescue = null;
    });
  await upgrade
    .table("outbox")
    .toCollection()
    .modify((row) => {
      Object.assign(row, { sha256: null, sealed: null, ackedAt: null, confirmedAt: null });
    });
}

/** @param {any} row */
function reshapeVault(row) {
  row.wraps = row.wraps.map((/** @type {any} */ { keys, ...wrap }) => ({
    ...wrap,
    key: keys.work,
    caseload: keys.caseload,
  }));
  Object.assign(row, { caseloadKey: null, token: null, sealingKey: null, retired: null, wipe: null });
}

/**
 * Runs one read-write transaction. Inside `work` nothing may be awaited but the database itself: a cipher or a
 * request in there would end the transaction half-way. It may run twice: when the browser took the connection
 * away in the middle, it is tried once more on a new one, so what it does must be the same the second time.
 * On a full disk what was recorded may use up the reserve; copies, and what is not `pressing`, may not.
 * @template T
 * @param {TabletDatabase} db
 * @param {import("dexie").Table[]} tables
 * @param {() => PromiseLike<T>} work
 * @param {{pressing?: boolean}} [options]
 * @returns {Promise<T>}
 */
export async function write(db, tables, work, { pressing = true } = {}) {
  const strict = tables.some(({ name }) => !MAY_BE_LOST.has(name));
  try {
    return await inTime(db.transaction("rw", tables, work));
  } catch (error) {
    if (isFull(error) && strict && pressing && (await dropReserve(db))) return again(db, tables, work);
    if (!isConnectionLost(error)) throw plain(error);
    await reopen(db).catch(() => {
      // The attempt below says what is wrong.
    });
    return again(db, tables, work);
  }
}

/**
 * @template T
 * @param {TabletDatabase} db
 * @param {import("dexie").Table[]} tables
 * @param {() => PromiseLike<T>} work
 * @returns {Promise<T>}
 */
async function again(db, tables, work) {
  try {
    return await inTime(db.transaction("rw", tables, work));
  } catch (error) {
    throw plain(error);
  }
}

/**
 * Asks the database something small. WebKit drops connections while an app sleeps, sometimes so that requests
 * are never answered; this notices on waking and opens a new one.
 * @param {TabletDatabase} db
 */
export async function probe(db) {
  try {
    await inTime(db.heads.count(), LONGEST_PROBE);
  } catch {
    await reopen(db);
  }
}

/** @param {TabletDatabase} db */
async function reopen(db) {
  db.close({ disableAutoOpen: false });
  await db.open();
}

/** A disk this slow is a connection that has died without a word. */
const LONGEST_WRITE = 10_000;
const LONGEST_PROBE = 3_000;

class NoAnswer extends Error {}

/**
 * @template T
 * @param {PromiseLike<T>} work
 * @param {number} [limit]
 * @returns {Promise<T>}
 */
function inTime(work, limit = LONGEST_WRITE) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new NoAnswer("the database does not answer")), limit);
    work.then(resolve, reject).then(() => clearTimeout(timer));
  });
}

/**
 * The names a lost connection goes by. Our own errors, and a transaction that we ended ourselves, are none.
 */
const CONNECTION_LOST = new Set(["DatabaseClosedError", "InvalidStateError", "UnknownError", "AbortError"]);

/** @param {unknown} error */
function isConnectionLost(error) {
  return error instanceof NoAnswer || namesOf(error).some((name) => CONNECTION_LOST.has(name));
}

/** @param {unknown} error */
function isFull(error) {
  return namesOf(error).includes("QuotaExceededError");
}

/**
 * Dexie keeps the browser's own error inside its own.
 * @param {unknown} error
 * @returns {string[]}
 */
function namesOf(error) {
  if (!(error instanceof Dexie.DexieError)) return [];
  return [error.name, /** @type {any} */ (error).inner?.name];
}

/** @param {unknown} error */
function plain(error) {
  if (isFull(error)) return new StorageFull();
  if (error instanceof NoAnswer || error instanceof Dexie.DexieError) return new StorageTrouble(error);
  return error;
}

/** The row of the reserve: see reserve.js. */
export const RESERVE = "reserve";

/**
 * Gives up the space kept for this moment. False when there was none.
 * @param {TabletDatabase} db
 */
async function dropReserve(db) {
  try {
    return await db.transaction("rw", [db.padding], async () => {
      const there = await db.padding.where("id").equals(RESERVE).delete();
      return there > 0;
    });
  } catch {
    return false;
  }
}
