/** The rows of the tablet's database, its stores and how an older tablet's are brought up to date. */

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
 * `retired`: no longer anybody's to open, kept until what is in it is delivered; a forgotten one keeps the
 * passphrase's wrap for as long as only that opens something in it. `wipe` is an order under way;
 * `left` is how many items could not be sent when that was last reported.
 * @typedef {{id: string, accountId: string, name: string, deviceName: string, createdAt: string,
 *   wraps: KeyWrap[], caseloadKey: WrappedKey | null, profile: Box, token: string | null,
 *   sealingKey: SealingKey | null, retired: null | "forgotten" | "revoked",
 *   wipe: {id: string, at: string, left: number | null} | null}} VaultRow
 *
 * `rescue.lost`: the service has no key any more that opens the copy.
 * @typedef {{id: string, vault: string, writer: string, n: number, box: Box,
 *   rescue: (ServerBox & {n: number, lost?: boolean}) | null, delivered?: {n: number, at: number} | null}} DraftRow
 * `shared`: the server has another visit under this number as well; see numbers.js.
 * @typedef {{id: string, vault: string, seq: number, state: "sealed" | "acked" | "confirmed" | "refused",
 *   bytes: number, faults: number, result: string | null, receipt: import("../types.js").Receipt | null,
 *   sha256: string | null, sealed: ServerBox | null, ackedAt: number | null, confirmedAt: number | null,
 *   shared?: boolean, box: Box}} OutboxRow
 * A photo of the draft or visit `rev`, and its box, apart so that counting does not read it. `held`: bytes of it that the
 * server has, from the start.
 * @typedef {{id: string, vault: string, rev: string, sha256: string, bytes: number, held: number, done: boolean}} PhotoRow
 * @typedef {{id: string, box: ArrayBuffer}} BoxRow
 * @typedef {{vault: string, name: string, value: number}} CounterRow
 * @typedef {{vault: string, gen: number, kind: string, bucket: number, box: Box}} ChunkRow
 * @typedef {{vault: string, version: number, gen: number, cursor: string, complete: boolean,
 *   next: {gen: number, cursor: string} | null}} HeadRow
 * @typedef {{vault: string, name: string, value: number | string | Box | null}} NoteRow
 * @typedef {{id: string, bytes: ArrayBuffer}} PaddingRow
 */

/**
 * @typedef {{vaults: VaultRow, drafts: DraftRow, outbox: OutboxRow, photos: PhotoRow, boxes: BoxRow,
 *   counters: CounterRow, chunks: ChunkRow, heads: HeadRow, notes: NoteRow, padding: PaddingRow}} Rows
 * @typedef {keyof Rows} StoreName
 */

/** @type {StoreName[]} */
export const STORES = [
  "vaults",
  "drafts",
  "outbox",
  "photos",
  "boxes",
  "counters",
  "chunks",
  "heads",
  "notes",
  "padding",
];

/** Tens: the wrapper that made the first tablets' databases counted so. */
export const VERSION = 30;

/**
 * By the version that brought it: each store with its key, then its indexes. An index is named after what it is over, in
 * brackets if that is more than one thing; `&` says that no two rows may share it.
 * @type {{[version: number]: {[store: string]: string[]}}}
 */
const ADDED = {
  10: {
    vaults: ["id", "accountId"],
    drafts: ["id", "vault"],
    outbox: ["id", "&[vault+seq]", "[vault+state]"],
    counters: ["[vault+name]"],
    chunks: ["[vault+gen+kind+bucket]"],
    heads: ["vault"],
    notes: ["[vault+name]"],
  },
  20: { padding: ["id"] },
  30: { photos: ["id", "vault", "rev"], boxes: ["id"] },
};

/**
 * Nothing is ciphered here: that would end the upgrade half-way, and nobody has unlocked anything yet. The keys are put in
 * their new places at the next unlock.
 * @param {import("idb").IDBPDatabase} db
 * @param {number} before 0: a new tablet
 * @param {import("idb").IDBPTransaction<any, any, "versionchange">} transaction
 */
export async function upgrade(db, before, transaction) {
  for (const [version, stores] of Object.entries(ADDED)) {
    if (Number(version) > before) for (const [name, keys] of Object.entries(stores)) addStore(db, name, keys);
  }
  if (before > 0 && before < 20) await toVersion20(transaction);
}

/**
 * @param {import("idb").IDBPDatabase} db
 * @param {string} name
 * @param {string[]} keys
 */
function addStore(db, name, [key, ...indexes]) {
  const store = db.createObjectStore(name, { keyPath: pathOf(key) });
  for (const index of indexes) {
    const plain = index.replace("&", "");
    store.createIndex(plain, pathOf(plain), { unique: plain !== index });
  }
}

/** @param {string} key */
function pathOf(key) {
  return key.startsWith("[") ? key.slice(1, -1).split("+") : key;
}

/**
 * What the first version wrote gets the members that came later.
 * @param {import("idb").IDBPTransaction<any, any, "versionchange">} transaction
 */
async function toVersion20(transaction) {
  /** @param {string} name @param {(row: any) => object} edit */
  const change = async (name, edit) => {
    const store = transaction.objectStore(name);
    for (const row of await store.getAll()) store.put({ ...row, ...edit(row) });
  };
  await change("vaults", (row) => ({ ...CLOSED, wraps: row.wraps.map(wrapOf) }));
  await change("drafts", () => ({ rescue: null }));
  await change("outbox", () => ({ sha256: null, sealed: null, ackedAt: null, confirmedAt: null }));
}

const CLOSED = { caseloadKey: null, token: null, sealingKey: null, retired: null, wipe: null };

/** @param {any} wrap */
function wrapOf({ keys, ...wrap }) {
  return { ...wrap, key: keys.work, caseload: keys.caseload };
}
