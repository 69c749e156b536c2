/**
 * The visitor's caseload, a copy of what the server said. It is sealed in chunks of a few dozen records: opening
 * thousands of small boxes is slow, and rewriting one big one for each change is too. A record's id decides its
 * chunk, so neither a list of ids nor a name lies open on the disk.
 *
 * A copy that the server no longer recognises (410) is replaced by building the next one beside it; the visitor
 * keeps the old one until the new one is whole.
 */

import { read, write } from "./db.js";
import { Unreadable } from "./errors.js";
import { clearCaseload } from "./lease.js";
import { announce } from "./notices.js";
import { beginning } from "./table.js";

/** @typedef {import("./vault.js").Vault} Vault */
/** @typedef {import("./db.js").HeadRow} HeadRow */
/** @typedef {import("./db.js").ChunkRow} ChunkRow */
/** @typedef {import("../types.js").Change} Change */
/** @typedef {import("../types.js").ChildBody} ChildBody */
/** @typedef {import("../types.js").PregnancyBody} PregnancyBody */
/** @typedef {import("../types.js").VisitBody} VisitBody */

/**
 * `complete` is false until the first download has ended.
 * @typedef {{children: Map<string, ChildBody>, pregnancies: Map<string, PregnancyBody>,
 *   visits: Map<string, VisitBody>, complete: boolean}} Caseload
 */

/** 500 children make chunks of about 16, 2,000 of about 62. */
const BUCKETS = 32;

const KINDS = /** @type {const} */ ({ child: "children", pregnancy: "pregnancies", visit: "visits" });

/**
 * @param {string} type
 * @returns {type is keyof typeof KINDS}
 */
function isKind(type) {
  return Object.hasOwn(KINDS, type);
}

/**
 * The whole caseload, opened.
 * @param {Vault} vault
 * @returns {Promise<Caseload>}
 */
export async function loadCaseload(vault) {
  const { head, rows } = await read(vault.db, ["heads", "chunks"], async (tx) => {
    const found = await readHead(tx, vault.id);
    return { head: found, rows: await tx.chunks.all(null, beginning(vault.id, found.gen)) };
  });
  /** @type {Caseload} */
  const caseload = {
    children: new Map(),
    pregnancies: new Map(),
    visits: new Map(),
    complete: head.complete,
  };
  /** @type {{id: string}[][]} */
  let chunks;
  try {
    chunks = await Promise.all(rows.map((row) => vault.open("caseload", chunkId(row), row.box)));
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    await discardCopy(vault);
    return { ...caseload, complete: false };
  }
  for (const [index, row] of rows.entries()) {
    if (!isKind(row.kind)) continue;
    const records = /** @type {Map<string, any>} */ (caseload[KINDS[row.kind]]);
    for (const record of chunks[index]) records.set(record.id, record);
  }
  return caseload;
}

/**
 * Where the next page starts, and whether a new copy is being built beside the old one.
 * @param {Vault} vault
 * @returns {Promise<{cursor: string, rebuilding: boolean, complete: boolean}>}
 */
export async function position(vault) {
  const { cursor, next, complete } = await readHead(vault.db, vault.id);
  return { cursor: next ? next.cursor : cursor, rebuilding: next !== null, complete };
}

/**
 * Applies one page and its cursor in one transaction. `last` says that no page follows. `from` is the cursor the
 * page was asked with: when another window has moved on meanwhile, the page is old news, nothing is changed and
 * the answer is false.
 * @param {Vault} vault
 * @param {Change[]} items
 * @param {string} cursor
 * @param {{last?: boolean, from?: string}} [options]
 * @returns {Promise<boolean>}
 */
export async function applyPage(vault, items, cursor, { last = false, from } = {}) {
  const { db } = vault;
  for (;;) {
    const head = await readHead(db, vault.id);
    if (from !== undefined && from !== (head.next ?? head).cursor) return false;
    const gen = head.next?.gen ?? head.gen;
    /** @type {Awaited<ReturnType<typeof rewriteChunks>>} */
    let changed;
    try {
      changed = await rewriteChunks(vault, gen, items);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      await discardCopy(vault);
      return false;
    }
    const done = await write(db, ["heads", "chunks"], async (tx) => {
      if ((await readHead(tx, vault.id)).version !== head.version) return false;
      for (const { row, empty } of changed) {
        await (empty ? tx.chunks.delete([row.vault, row.gen, row.kind, row.bucket]) : tx.chunks.put(row));
      }
      if (head.next && last) await tx.chunks.delete(beginning(vault.id, head.gen));
      await tx.heads.put(moveOn(head, cursor, last));
      return true;
    });
    // Another window applied a page in between: its chunks are the ones to change now.
    if (!done) continue;
    announce("caseload", vault.id);
    return true;
  }
}

/**
 * A copy that this vault's key does not open, damaged or left behind under a key that the lease has ended, is
 * worth nothing: the server has the original.
 * @param {Vault} vault
 */
async function discardCopy(vault) {
  const { db } = vault;
  await write(db, ["heads", "chunks"], (tx) => clearCaseload(tx, vault.id));
}

/**
 * Starts a new copy beside the present one: the server no longer knows our cursor. A copy that was already
 * being built is dropped.
 * @param {Vault} vault
 */
export async function startRebuild(vault) {
  const { db } = vault;
  await write(db, ["heads", "chunks"], async (tx) => {
    const head = await readHead(tx, vault.id);
    if (head.next) await tx.chunks.delete(beginning(vault.id, head.next.gen));
    const next = { gen: (head.next?.gen ?? head.gen) + 1, cursor: "" };
    await tx.heads.put({ ...head, version: head.version + 1, next });
  });
}

/**
 * @param {HeadRow} head
 * @param {string} cursor
 * @param {boolean} last
 * @returns {HeadRow}
 */
function moveOn(head, cursor, last) {
  const version = head.version + 1;
  if (!head.next) return { ...head, version, cursor, complete: head.complete || last };
  if (!last) return { ...head, version, next: { ...head.next, cursor } };
  return { ...head, version, gen: head.next.gen, cursor, complete: true, next: null };
}

/**
 * The chunks that the changes touch, opened, changed and sealed again.
 * @param {Vault} vault
 * @param {number} gen
 * @param {Change[]} items
 * @returns {Promise<{row: ChunkRow, empty: boolean}[]>}
 */
async function rewriteChunks(vault, gen, items) {
  /** @type {Map<string, {kind: string, bucket: number, changes: Change[]}>} */
  const touched = new Map();
  for (const change of items) {
    // A newer server may send kinds that this version does not know; they come again after an update.
    if (!isKind(change.type)) continue;
    const bucket = bucketOf(change.id);
    const name = `${change.type}.${bucket}`;
    const chunk = touched.get(name) ?? { kind: change.type, bucket, changes: [] };
    chunk.changes.push(change);
    touched.set(name, chunk);
  }
  const chunks = [...touched.values()];
  const rows = await vault.db.chunks.many(chunks.map(({ kind, bucket }) => [vault.id, gen, kind, bucket]));
  return Promise.all(
    chunks.map(async ({ kind, bucket, changes }, index) => {
      const old = rows[index];
      const place = { vault: vault.id, gen, kind, bucket };
      /** @type {{id: string}[]} */
      const before = old ? await vault.open("caseload", chunkId(place), old.box) : [];
      const records = new Map(before.map((record) => [record.id, record]));
      for (const { id, body } of changes) {
        if (body) records.set(id, { ...body, id });
        else records.delete(id);
      }
      const box = await vault.seal("caseload", chunkId(place), [...records.values()]);
      return { row: { ...place, box }, empty: records.size === 0 };
    }),
  );
}

/**
 * @param {import("./db.js").Readable} db
 * @param {string} vaultId
 * @returns {Promise<HeadRow>}
 */
async function readHead(db, vaultId) {
  const head = await db.heads.get(vaultId);
  return head ?? { vault: vaultId, version: 0, gen: 1, cursor: "", complete: false, next: null };
}

/** @param {{gen: number, kind: string, bucket: number}} place */
function chunkId({ gen, kind, bucket }) {
  return `${gen}.${kind}.${bucket}`;
}

/**
 * FNV-1a of the id: any kind of id spreads evenly.
 * @param {string} id
 */
function bucketOf(id) {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % BUCKETS;
}
