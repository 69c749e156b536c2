/**
 * One store's rows. Seen from the database they can only be read, each time in a transaction of its own; inside a
 * transaction (`write`, `read` in db.js) they belong to that transaction, and `write` gives the means to change them.
 */

/** @typedef {import("idb").IDBPObjectStore<any, any, any, any>} Store */

/**
 * What rows are looked for by: one key, or a range of them.
 * @typedef {IDBValidKey | IDBKeyRange} Query
 */

/**
 * The rows whose key begins with these parts.
 * @param {(string | number)[]} parts
 */
export function beginning(...parts) {
  // An array sorts after every number and text.
  return IDBKeyRange.bound(parts, [...parts, []]);
}

/** @template Row */
export class Table {
  /** @type {<T>(work: (store: Store) => Promise<T>) => Promise<T>} */
  #ask;

  /** @param {<T>(work: (store: Store) => Promise<T>) => Promise<T>} ask */
  constructor(ask) {
    this.#ask = ask;
  }

  /**
   * @param {IDBValidKey} key
   * @returns {Promise<Row | undefined>}
   */
  get(key) {
    return this.#ask((store) => store.get(key));
  }

  /**
   * In the order of the keys, each its row or undefined.
   * @param {IDBValidKey[]} keys
   * @returns {Promise<(Row | undefined)[]>}
   */
  many(keys) {
    return this.#ask((store) => Promise.all(keys.map((key) => store.get(key))));
  }

  /**
   * All, or those that a query finds, in the order of what it looks in: an index, or the keys themselves (null).
   * @param {string | null} [index]
   * @param {Query} [query]
   * @returns {Promise<Row[]>}
   */
  all(index = null, query) {
    return this.#ask((store) => lookIn(store, index).getAll(query));
  }

  /**
   * @param {string | null} [index]
   * @param {Query} [query]
   * @returns {Promise<any[]>}
   */
  keys(index = null, query) {
    return this.#ask((store) => lookIn(store, index).getAllKeys(query));
  }

  /**
   * @param {string | null} [index]
   * @param {Query} [query]
   * @returns {Promise<number>}
   */
  count(index = null, query) {
    return this.#ask((store) => lookIn(store, index).count(query));
  }
}

/**
 * @template Row
 * @extends {Table<Row>}
 */
export class WritableTable extends Table {
  /** @type {Store} */
  #store;

  /** @param {Store} store of a transaction that may write */
  constructor(store) {
    super((work) => work(store));
    this.#store = store;
  }

  /** @param {Row} row */
  async put(row) {
    await this.#store.put?.(row);
  }

  /**
   * Puts a row and answers what stood there before. A put that fails later fails its transaction.
   * @param {IDBValidKey} key of the row
   * @param {Row} row
   * @returns {Promise<Row | undefined>}
   */
  async replace(key, row) {
    const before = this.#store.get(key);
    const ignored = () => {};
    before.catch(ignored);
    this.#store.put?.(row).catch(ignored);
    return before;
  }

  /**
   * Fails when there is a row with this key.
   * @param {Row} row
   */
  async add(row) {
    await this.#store.add?.(row);
  }

  /** @param {Query} query a key, or a range of them */
  async delete(query) {
    await this.#store.delete?.(query);
  }

  /**
   * Changes those of the rows that a query finds which `edit` has something for.
   * @param {string | null} index
   * @param {Query} query
   * @param {(row: Row) => Partial<Row> | null} edit
   */
  async change(index, query, edit) {
    for (const row of await this.all(index, query)) {
      const edited = edit(row);
      if (edited) await this.put({ ...row, ...edited });
    }
  }

  /**
   * @param {string} index
   * @param {Query} query
   */
  async deleteBy(index, query) {
    for (const key of await this.keys(index, query)) await this.delete(key);
  }
}

/**
 * @param {Store} store
 * @param {string | null} index
 */
function lookIn(store, index) {
  return index === null ? store : store.index(index);
}
