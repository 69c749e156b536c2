/**
 * A tablet's disk: one fake IndexedDB for the tablet's whole existence. A life of the browser reaches it through a
 * guard, which sees every read-write transaction begin, write and commit, can end the life at each of these
 * places, and lets nothing through once the life has ended. What was committed stays, what was not is gone.
 */

import "fake-indexeddb/auto";
import { forceCloseDatabase, IDBFactory, IDBKeyRange } from "fake-indexeddb";

/**
 * What one transaction wrote, in order.
 * @typedef {{store: string, type: "add" | "put" | "delete" | "deleteRange", values: any[], keys: any[]}} Written
 */

export class Disk {
  factory = new IDBFactory();
}

/** A connection for one life of the browser. */
export class Guard {
  dead = false;
  full = false;
  /** @type {Set<any>} */
  #connections = new Set();
  /** @type {Set<any>} */
  #transactions = new Set();

  /**
   * @param {Disk} disk
   * @param {object} hooks
   * @param {(step: {phase: "before" | "middle" | "after", label: string}) => void} hooks.step may end the life
   * @param {(written: Written[]) => void} hooks.committed
   */
  constructor(disk, { step, committed }) {
    this.disk = disk;
    this.step = step;
    this.committed = committed;
  }

  /** What the app is given as its browser's indexedDB. */
  get indexedDB() {
    const { factory } = this.disk;
    return {
      open: (/** @type {string} */ name, /** @type {number | undefined} */ version) =>
        this.#open(name, version),
      deleteDatabase: (/** @type {string} */ name) => factory.deleteDatabase(name),
      databases: () => factory.databases(),
      cmp: (/** @type {any} */ a, /** @type {any} */ b) => factory.cmp(a, b),
    };
  }

  /** @param {string} name @param {number | undefined} version */
  #open(name, version) {
    if (this.dead) throw new DOMException("the browser is gone", "UnknownError");
    const request = this.disk.factory.open(name, version);
    request.addEventListener("upgradeneeded", () => {
      this.#connections.add(request.result);
      const { transaction } = request;
      this.#transactions.add(transaction);
      this.step({ phase: "before", label: "schema upgrade" });
    });
    request.addEventListener("success", () => {
      if (this.dead) return request.result.close();
      this.#connections.add(request.result);
      this.#watch(request.result);
    });
    return request;
  }

  /** Every read-write transaction of this connection tells this guard what it writes. @param {any} connection */
  #watch(connection) {
    const begin = connection.transaction.bind(connection);
    connection.transaction = (
      /** @type {string[]} */ stores,
      /** @type {string} */ mode,
      /** @type {any} */ options,
    ) => {
      this.#breathe();
      if (mode !== "readwrite") return this.#keep(begin(stores, mode, options));
      this.step({ phase: "before", label: `transaction on ${[...stores].sort().join(" and ")}` });
      this.#breathe();
      const made = this.#keep(begin(stores, mode, options));
      /** @type {Written[]} */
      const written = [];
      made.addEventListener("complete", () => {
        if (!written.length) return;
        // Even after the end of this life: what was being committed when it ended is on the disk.
        this.committed(written);
        if (!this.dead) this.step({ phase: "after", label: labelOf(written) });
      });
      const store = made.objectStore.bind(made);
      made.objectStore = (/** @type {string} */ name) => this.#watchStore(store(name), made, written);
      return made;
    };
  }

  /** @param {any} store @param {any} transaction @param {Written[]} written */
  #watchStore(store, transaction, written) {
    /** @param {Written["type"]} type @param {Function} real */
    const watched = (type, real) => (/** @type {any} */ given) => {
      this.#breathe();
      const put = type === "add" || type === "put";
      if (this.full && put) {
        transaction.abort();
        throw new DOMException("no space", "QuotaExceededError");
      }
      const range = given instanceof IDBKeyRange;
      /** @type {Written} */
      const told = {
        store: store.name,
        type: range ? "deleteRange" : type,
        values: put ? [given] : [],
        keys: put ? [] : [given],
      };
      written.push(told);
      const request = real.call(store, given);
      if (written.length === 1) this.step({ phase: "middle", label: labelOf([told]) });
      return request;
    };
    const { add, put, delete: remove } = Object.getPrototypeOf(store);
    return Object.assign(store, {
      add: watched("add", add),
      put: watched("put", put),
      delete: watched("delete", remove),
    });
  }

  /** @param {any} transaction */
  #keep(transaction) {
    this.#transactions.add(transaction);
    for (const end of ["complete", "abort"])
      transaction.addEventListener(end, () => this.#transactions.delete(transaction));
    return transaction;
  }

  #breathe() {
    if (this.dead) throw new DOMException("the browser is gone", "UnknownError");
  }

  /** The browser drops its connections while the app sleeps, and tells nobody. */
  loseConnections() {
    for (const connection of this.#connections) connection.close();
    this.#connections.clear();
  }

  /** The same, and the app is told: its connection was closed from outside. */
  closeFromOutside() {
    for (const connection of this.#connections) forceCloseDatabase(connection);
    this.#connections.clear();
  }

  /** The end of this life: what is not committed is undone, and nothing more is let through. */
  die() {
    this.dead = true;
    for (const transaction of this.#transactions) {
      try {
        transaction.abort();
      } catch (error) {
        // Already over: it is on the disk, or it was undone before.
        if (/** @type {Error} */ (error).name !== "InvalidStateError") throw error;
      }
    }
    this.#transactions.clear();
    this.loseConnections();
  }
}

/**
 * What a transaction was for, in the words of the campaign.
 * @param {Written[]} written
 */
export function labelOf(written) {
  /** @param {string} store @param {(one: Written) => boolean} [more] */
  const has = (store, more = () => true) => written.some((one) => one.store === store && more(one));
  const state = (/** @type {string} */ name) => (/** @type {Written} */ one) =>
    one.values.some((value) => value.state === name);
  if (has("outbox", ({ type }) => type === "add")) return "seal";
  if (has("outbox", ({ type }) => type.startsWith("delete"))) return "prune";
  if (has("outbox", state("confirmed"))) return "confirm write";
  if (has("outbox", state("acked"))) return "ack write";
  if (has("outbox", state("refused"))) return "refusal write";
  if (has("outbox")) return "outbox write";
  if (has("heads")) return "cursor write";
  if (has("vaults")) return "vault write";
  if (has("drafts", ({ type }) => type.startsWith("delete"))) return "draft removal";
  if (has("drafts", ({ values }) => values.some((value) => value.rescue))) return "rescue copy";
  if (has("drafts")) return "autosave";
  return `${written[0].store} write`;
}

/**
 * Every row of every store, as the disk holds it.
 * @param {Disk} disk
 * @param {string} name
 * @returns {Promise<Record<string, any[]>>}
 */
export function contents(disk, name) {
  return withStores(disk, name, "readonly", async (stores) => {
    const found = await Promise.all(stores.map((store) => answer(store.getAll())));
    return Object.fromEntries(stores.map((store, index) => [store.name, found[index]]));
  });
}

/**
 * Changes rows past the app, as time does.
 * @param {Disk} disk
 * @param {string} name
 * @param {Record<string, (row: any) => any>} edits by store
 */
export async function rewrite(disk, name, edits) {
  await withStores(disk, name, "readwrite", async (stores) => {
    for (const store of stores) {
      const edit = edits[store.name];
      if (edit) for (const row of await answer(store.getAll())) store.put(edit(row));
    }
    return {};
  });
}

/**
 * @template T
 * @param {Disk} disk
 * @param {string} name
 * @param {"readonly" | "readwrite"} mode
 * @param {(stores: any[]) => Promise<T>} work
 * @returns {Promise<T | {}>}
 */
async function withStores(disk, name, mode, work) {
  if (!(await disk.factory.databases()).some((one) => one.name === name)) return {};
  const database = await answer(disk.factory.open(name));
  try {
    const names = [...database.objectStoreNames];
    if (!names.length) return {};
    const transaction = database.transaction(names, mode);
    const over = new Promise((resolve) => transaction.addEventListener("complete", resolve));
    const found = await work(names.map((one) => transaction.objectStore(one)));
    await over;
    return found;
  } finally {
    database.close();
  }
}

/** @param {any} request @returns {Promise<any>} */
function answer(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
