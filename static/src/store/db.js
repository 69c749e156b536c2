/**
 * The tablet's database and how it is read and written. Rows hold ids, counters and sealed boxes; what a visitor wrote
 * or may read about a family is only ever inside a box.
 *
 * Keys are always ours (WebKit's key generators have failed in the field), and bytes are ArrayBuffers.
 */

import { openDB } from "idb";
import { StorageFull, StorageTrouble } from "./errors.js";
import { upgrade, VERSION } from "./schema.js";
import { Table, WritableTable } from "./table.js";

/**
 * @typedef {import("./schema.js").StoreName} StoreName
 * @typedef {import("./schema.js").Rows} Rows
 * @typedef {import("./schema.js").Box} Box
 * @typedef {import("./schema.js").WrappedKey} WrappedKey
 * @typedef {import("./schema.js").PassphraseWrap} PassphraseWrap
 * @typedef {import("./schema.js").PasskeyWrap} PasskeyWrap
 * @typedef {import("./schema.js").VaultRow} VaultRow
 * @typedef {import("./schema.js").DraftRow} DraftRow
 * @typedef {import("./schema.js").OutboxRow} OutboxRow
 * @typedef {import("./schema.js").PhotoRow} PhotoRow
 * @typedef {import("./schema.js").ChunkRow} ChunkRow
 * @typedef {import("./schema.js").HeadRow} HeadRow
 *
 * @typedef {import("idb").IDBPDatabase<unknown>} Connection
 * @typedef {import("idb").IDBPTransaction<any, any, any>} Raw
 *
 * The stores as they can be read, from the database or in a transaction, and as they can be changed.
 * @typedef {{[name in StoreName]: Table<Rows[name]>}} Readable
 * @typedef {{[name in StoreName]: WritableTable<Rows[name]>}} Transaction
 */

const NAME = "hvapp";

/**
 * What can be fetched again or measured again may be written relaxed. A transaction that touches anything else
 * is strict: it has ended only when the disk says so. Browsers default to relaxed.
 * @type {Set<StoreName>}
 */
const MAY_BE_LOST = new Set(["chunks", "heads", "notes"]);

/** @implements {Readable} */
export class TabletDatabase {
  #name;
  /** @type {Promise<Connection> | null} */
  #opening = null;
  /** @type {Set<Raw>} begun, and not known to have ended */
  #running = new Set();
  #left = false;
  /** @type {Table<Rows["vaults"]>} */
  vaults = this.#table("vaults");
  /** @type {Table<Rows["drafts"]>} */
  drafts = this.#table("drafts");
  /** @type {Table<Rows["outbox"]>} */
  outbox = this.#table("outbox");
  /** @type {Table<Rows["photos"]>} */
  photos = this.#table("photos");
  /** @type {Table<Rows["boxes"]>} */
  boxes = this.#table("boxes");
  /** @type {Table<Rows["counters"]>} */
  counters = this.#table("counters");
  /** @type {Table<Rows["chunks"]>} */
  chunks = this.#table("chunks");
  /** @type {Table<Rows["heads"]>} */
  heads = this.#table("heads");
  /** @type {Table<Rows["notes"]>} */
  notes = this.#table("notes");
  /** @type {Table<Rows["padding"]>} */
  padding = this.#table("padding");

  /** @param {string} [name] */
  constructor(name = NAME) {
    this.#name = name;
  }

  /** @param {StoreName} name */
  #table(name) {
    return new Table((work) =>
      attempt(this, "readonly", [name], (transaction) => work(transaction.objectStore(name))).catch(fail),
    );
  }

  /**
   * One transaction: done whole once this resolves, or not at all.
   * @template T
   * @param {"readonly" | "readwrite"} mode
   * @param {StoreName[]} names
   * @param {(transaction: Raw) => PromiseLike<T>} work
   * @returns {Promise<T>}
   */
  async run(mode, names, work) {
    const connection = await this.open();
    const durability = names.every((name) => MAY_BE_LOST.has(name)) ? "relaxed" : "strict";
    const transaction = connection.transaction(names, mode, { durability });
    const end = transaction.done;
    this.#running.add(transaction);
    const ended = () => this.#running.delete(transaction);
    // Why it failed is told below.
    end.then(ended, ended);
    try {
      const result = await work(transaction);
      // What was read is known; only what is written has an end to wait for.
      if (mode === "readonly") return result;
      commit(transaction);
      await end;
      return result;
    } catch (error) {
      // Set when it was the browser that gave up, and then every request fails with less to say.
      const reason = transaction.error;
      undo(transaction);
      throw reason ?? error;
    }
  }

  /**
   * The connection; a new one where there is none.
   * @returns {Promise<Connection>}
   */
  open() {
    if (this.#left) return Promise.reject(new NoAnswer("the page was left"));
    if (this.#opening) return this.#opening;
    const opening = this.#connect();
    this.#opening = opening;
    opening.catch(() => {
      if (this.#opening === opening) this.#opening = null;
    });
    return opening;
  }

  close() {
    const open = this.#opening;
    this.#opening = null;
    open?.then(
      (connection) => connection.close(),
      () => {
        // It never opened.
      },
    );
  }

  /**
   * For a page that is left and may be kept, frozen, to be shown again. WebKit keeps its transactions too, and whoever
   * writes to the same stores afterwards, in whatever window, waits for them without end. What has been committed is
   * done; the rest could not go on and is undone, as on any page that closes. Nothing is read or written here after it.
   */
  leave() {
    this.#left = true;
    for (const transaction of this.#running) undo(transaction);
    this.close();
  }

  async #connect() {
    // A newer version of the app is opening it in another window, or the browser took the connection away.
    const lost = { blocking: () => this.close(), terminated: () => this.close() };
    try {
      return await openDB(this.#name, VERSION, {
        upgrade: (db, before, _after, transaction) => upgrade(db, before, transaction),
        ...lost,
      });
    } catch (error) {
      // Written by a newer version, which the service has gone back from. Versions only ever add.
      if (nameOf(error) === "VersionError") return openDB(this.#name, undefined, lost);
      throw error;
    }
  }
}

/**
 * Nothing follows: the browser need not come back to ask.
 * @param {Raw} transaction
 */
function commit(transaction) {
  try {
    transaction.commit();
  } catch {
    // It has ended already, and says itself how.
  }
}

/** @param {{abort: () => void}} transaction */
function undo(transaction) {
  try {
    transaction.abort();
  } catch {
    // It has ended already.
  }
}

/** @type {TabletDatabase | undefined} */
let shared;

/** The page's one connection. It opens at first use and again by itself when the browser drops it. */
export function openDatabase() {
  shared ??= endWithPage(new TabletDatabase());
  return shared;
}

/**
 * A page that is shown again after being left begins anew, locked.
 * @param {TabletDatabase} db
 * @param {Window} [page] there is none outside a browser
 */
export function endWithPage(db, page = globalThis.window, reload = () => location.reload()) {
  page?.addEventListener("pagehide", ({ persisted }) => persisted && db.leave());
  page?.addEventListener("pageshow", ({ persisted }) => persisted && reload());
  return db;
}

/**
 * Reads several stores as they are at one moment.
 * @template T
 * @param {TabletDatabase} db
 * @param {StoreName[]} names
 * @param {(transaction: Readable) => PromiseLike<T>} work
 * @returns {Promise<T>}
 */
export function read(db, names, work) {
  return attempt(db, "readonly", names, (transaction) => work(reading(transaction, names))).catch(fail);
}

/**
 * Runs one read-write transaction. Inside `work` nothing may be awaited but what it is given: a cipher, a request or the
 * database itself in there would end the transaction half-way. It may run twice: when the browser took the connection
 * away in the middle, it is tried once more on a new one, so what it does must be the same the second time.
 * On a full disk what was recorded may use up the reserve; copies, and what is not `pressing`, may not.
 * @template T
 * @param {TabletDatabase} db
 * @param {StoreName[]} names
 * @param {(transaction: Transaction) => PromiseLike<T>} work
 * @param {{pressing?: boolean}} [options]
 * @returns {Promise<T>}
 */
export async function write(db, names, work, { pressing = true } = {}) {
  const once = () => attempt(db, "readwrite", names, (transaction) => work(writing(transaction, names)));
  try {
    return await once();
  } catch (error) {
    const strict = names.some((name) => !MAY_BE_LOST.has(name));
    if (nameOf(error) === FULL && strict && pressing && (await dropReserve(db))) return once().catch(fail);
    return fail(error);
  }
}

/**
 * @param {Raw} transaction
 * @param {StoreName[]} names
 */
function reading(transaction, names) {
  const tables = names.map((name) => [name, new Table((work) => work(transaction.objectStore(name)))]);
  return /** @type {Readable} */ (Object.fromEntries(tables));
}

/**
 * @param {Raw} transaction
 * @param {StoreName[]} names
 */
function writing(transaction, names) {
  const tables = names.map((name) => [name, new WritableTable(transaction.objectStore(name))]);
  return /** @type {Transaction} */ (Object.fromEntries(tables));
}

/**
 * @template T
 * @param {TabletDatabase} db
 * @param {"readonly" | "readwrite"} mode
 * @param {StoreName[]} names
 * @param {(transaction: Raw) => PromiseLike<T>} work
 * @returns {Promise<T>}
 */
async function attempt(db, mode, names, work) {
  try {
    return await inTime(db.run(mode, names, work));
  } catch (error) {
    if (!isConnectionLost(error)) throw error;
    db.close();
    return inTime(db.run(mode, names, work));
  }
}

/**
 * Asks the database something small. WebKit drops connections while an app sleeps, sometimes so that requests
 * are never answered; this notices on waking and opens a new one.
 * @param {TabletDatabase} db
 */
export async function probe(db) {
  try {
    await inTime(
      db.run("readonly", ["heads"], (transaction) => transaction.objectStore("heads").count()),
      LONGEST_PROBE,
    );
  } catch {
    db.close();
    await db.open();
  }
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

const FULL = "QuotaExceededError";
/** The names a lost connection goes by. Our own errors, and a transaction that we ended ourselves, are none. */
const CONNECTION_LOST = ["InvalidStateError", "UnknownError", "AbortError"];

/** @param {unknown} error */
function isConnectionLost(error) {
  return error instanceof NoAnswer || CONNECTION_LOST.includes(nameOf(error));
}

/**
 * The browser's own errors go by their names.
 * @param {unknown} error
 */
function nameOf(error) {
  return error instanceof DOMException ? error.name : "";
}

/**
 * @param {unknown} error
 * @returns {never}
 */
function fail(error) {
  if (nameOf(error) === FULL) throw new StorageFull();
  if (error instanceof NoAnswer || error instanceof DOMException) throw new StorageTrouble(error);
  throw error;
}

/** The row of the reserve: see reserve.js. */
export const RESERVE = "reserve";

/**
 * Gives up the space kept for this moment. False when there was none.
 * @param {TabletDatabase} db
 */
async function dropReserve(db) {
  try {
    return await attempt(db, "readwrite", ["padding"], async (transaction) => {
      const { padding } = writing(transaction, ["padding"]);
      const there = await padding.count(null, RESERVE);
      await padding.delete(RESERVE);
      return there > 0;
    });
  } catch {
    return false;
  }
}
