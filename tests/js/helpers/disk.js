/** The tablet's disk as no part of the app handles it: rows changed past it, and writes that fail. */

import { IDBObjectStore as FDBObjectStore } from "fake-indexeddb";
import { read, write } from "../../../static/src/store/db.js";
import { STORES } from "../../../static/src/store/schema.js";

/**
 * @typedef {import("../../../static/src/store/db.js").TabletDatabase} TabletDatabase
 * @typedef {import("../../../static/src/store/schema.js").StoreName} StoreName
 * @typedef {import("../../../static/src/store/schema.js").Rows} Rows
 */

/**
 * @template {StoreName} N
 * @param {TabletDatabase} db
 * @param {N} name
 * @param {Rows[N][]} rows
 */
export function put(db, name, ...rows) {
  return write(db, [name], async (tx) => {
    for (const row of rows) await tx[name].put(/** @type {any} */ (row));
  });
}

/**
 * @template {StoreName} N
 * @param {TabletDatabase} db
 * @param {N} name
 * @param {string} id
 * @param {Partial<Rows[N]>} edit
 */
export function update(db, name, id, edit) {
  return write(db, [name], (tx) => tx[name].change(null, id, () => /** @type {any} */ (edit)));
}

/**
 * @param {TabletDatabase} db
 * @param {StoreName} name
 * @param {IDBValidKey} [key] all rows without one
 */
export function remove(db, name, key) {
  return write(db, [name], async (tx) => {
    for (const one of key === undefined ? await tx[name].keys() : [key]) await tx[name].delete(one);
  });
}

/**
 * Every row of every store.
 * @param {TabletDatabase} db
 */
export async function everything(db) {
  const stores = await read(db, STORES, (tx) => Promise.all(STORES.map((name) => tx[name].all())));
  return stores.flat();
}

/**
 * Calls `seen` before a row is written or deleted, in any database. What it throws is what the write fails with. Answers
 * how to stop.
 * @param {(act: "put" | "delete", store: string) => void} seen
 * @returns {() => void}
 */
export function beforeEachWrite(seen) {
  const methods = /** @type {any} */ (FDBObjectStore.prototype);
  const real = { put: methods.put, add: methods.add, delete: methods.delete };
  for (const [name, method] of Object.entries(real)) {
    methods[name] = /** @this {any} @param {any[]} given */ function (...given) {
      seen(name === "delete" ? "delete" : "put", this.name);
      return method.apply(this, given);
    };
  }
  return () => Object.assign(methods, real);
}

/** What a full disk says. @returns {never} */
export function full() {
  throw new DOMException("full", "QuotaExceededError");
}
