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
 * @typedef {{by: "passphrase", salt: Uint8Array<ArrayBuffer>, iterations: number,
 *   keys: {work: WrappedKey, caseload: WrappedKey}}} KeyWrap
 * @typedef {{id: string, accountId: string, name: string, deviceName: string, createdAt: string,
 *   wraps: KeyWrap[], profile: Box}} VaultRow
 *
 * @typedef {{id: string, vault: string, writer: string, n: number, box: Box}} DraftRow
 * @typedef {{id: string, vault: string, seq: number, state: "sealed" | "acked" | "refused", bytes: number,
 *   faults: number, result: string | null, receipt: import("../types.js").Receipt | null, box: Box}} OutboxRow
 * @typedef {{vault: string, name: string, value: number}} CounterRow
 * @typedef {{vault: string, gen: number, kind: string, bucket: number, box: Box}} ChunkRow
 * @typedef {{vault: string, version: number, gen: number, cursor: string, complete: boolean,
 *   next: {gen: number, cursor: string} | null}} HeadRow
 * @typedef {{vault: string, name: string, value: number | string | null}} NoteRow
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
 * Runs one read-write transaction. Inside `work` nothing may be awaited but the database itself: a cipher or a
 * request in there would end the transaction half-way.
 * @template T
 * @param {TabletDatabase} db
 * @param {import("dexie").Table[]} tables
 * @param {() => PromiseLike<T>} work
 * @returns {Promise<T>}
 */
export async function write(db, tables, work) {
  try {
    return await db.transaction("rw", tables, work);
  } catch (error) {
    throw plain(error);
  }
}

/**
 * Asks the database something small. WebKit drops connections while an app sleeps; this notices on waking and
 * opens a new one.
 * @param {TabletDatabase} db
 */
export async function probe(db) {
  try {
    await db.heads.count();
  } catch {
    db.close({ disableAutoOpen: false });
    await db.open();
  }
}

/** @param {unknown} error */
function plain(error) {
  if (!(error instanceof Dexie.DexieError)) return error;
  const names = [error.name, /** @type {any} */ (error).inner?.name];
  if (names.includes("QuotaExceededError")) return new StorageFull();
  return new StorageTrouble(error);
}
