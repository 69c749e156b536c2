/**
 * What truly reached a tablet's disk, written down by the disk itself at the moment of each commit and kept outside
 * of it. The app cannot change the ledger, and a kill cannot tear it.
 */

/** @typedef {import("./disk.mjs").Written} Written */

/**
 * @typedef {{id: string, device: string, seq: number, sha256: string | null, state: string,
 *   confirmedAt: number | null, gone: boolean}} Entry
 */

const MONTH = 30 * 86_400_000;

export class Ledger {
  /** @type {Map<string, Entry>} */
  items = new Map();
  /** Drafts on the disk. @type {Map<string, {vault: string, n: number}>} */
  drafts = new Map();
  /** Drafts the visitor threw away. @type {Set<string>} */
  discarded = new Set();
  /** Vaults that are being emptied by order of the service. @type {Set<string>} */
  wiped = new Set();

  /** @param {(event: object) => void} tell */
  constructor(tell) {
    this.tell = tell;
  }

  /** Time has passed. @param {number} ms */
  age(ms) {
    for (const item of this.items.values()) if (item.confirmedAt !== null) item.confirmedAt -= ms;
  }

  /** Whether anything is on the disk that was confirmed so long ago that it may go. */
  holdsOld() {
    return [...this.items.values()].some((item) => isOld(item) && !item.gone);
  }

  /** @param {Written[]} written one committed transaction */
  committed(written) {
    const added = new Set();
    for (const { store, type, values, keys } of written) {
      if (store === "vaults") {
        for (const row of values) if (row.retired === "revoked" || row.wipe) this.wiped.add(row.id);
      }
      if (store === "outbox" && type === "delete") for (const id of keys) this.#deleted(id);
      if (store === "outbox" && (type === "add" || type === "put"))
        for (const row of values) {
          if (type === "add" || !this.items.has(row.id)) added.add(row.id);
          this.#written(row);
        }
      if (store === "drafts" && type === "put")
        for (const row of values) {
          if (!this.drafts.has(row.id)) this.tell({ event: "draft", id: row.id });
          this.drafts.set(row.id, { vault: row.vault, n: row.n });
        }
    }
    for (const { store, type, keys } of written)
      if (store === "drafts" && type === "delete") for (const id of keys) this.#draftGone(id, added.has(id));
  }

  /** @param {any} row */
  #written(row) {
    const before = this.items.get(row.id);
    if (!before) {
      this.items.set(row.id, {
        id: row.id,
        device: row.vault,
        seq: row.seq,
        sha256: row.sha256,
        state: row.state,
        confirmedAt: row.confirmedAt ?? null,
        gone: false,
      });
      this.tell({ event: "sealed", id: row.id, device: row.vault, seq: row.seq, sha256: row.sha256 ?? null });
      return;
    }
    if (before.seq !== row.seq || (before.sha256 && row.sha256 && before.sha256 !== row.sha256))
      this.tell({
        event: "finding",
        text:
          `item ${row.id} (${before.state}${before.gone ? ", gone" : ""}) changed its number or hash on the tablet: ` +
          `${before.seq} to ${row.seq}`,
      });
    if (row.sha256 && !before.sha256) {
      before.sha256 = row.sha256;
      this.tell({ event: "sealed", id: row.id, device: row.vault, seq: row.seq, sha256: row.sha256 });
    }
    if (row.state !== before.state)
      this.tell({
        event: "state",
        id: row.id,
        state: row.state,
        receipt: row.receipt ?? null,
        result: row.result ?? null,
      });
    before.state = row.state;
    before.confirmedAt = row.confirmedAt ?? null;
  }

  /** @param {string} id */
  #deleted(id) {
    const item = this.items.get(id);
    if (!item || item.gone) return;
    item.gone = true;
    // The server's time counts, not the tablet's: a clock set ahead must not throw anything away.
    const old = isOld(item);
    const wiped = this.wiped.has(item.device) && (item.state === "acked" || item.state === "confirmed");
    if (!wiped && !(item.state === "confirmed" && old))
      this.tell({ event: "finding", text: `item ${id} was deleted from the tablet while ${item.state}` });
    this.tell({ event: "deleted", id, state: item.state, wiped });
  }

  /** @param {string} id @param {boolean} sealed */
  #draftGone(id, sealed) {
    const draft = this.drafts.get(id);
    if (!draft) return;
    this.drafts.delete(id);
    if (sealed || this.items.has(id) || this.discarded.has(id)) return;
    // Only a copy that the service took in may have let it go: the campaign looks there.
    this.tell({ event: "draft gone", id, device: draft.vault });
  }

  /**
   * Compares with what is on the disk now.
   * @param {Record<string, any[]>} stores
   */
  compare(stores) {
    const rows = new Map((stores.outbox ?? []).map((row) => [row.id, row]));
    for (const item of this.items.values()) {
      const row = rows.get(item.id);
      if (!item.gone && !row)
        this.tell({ event: "finding", text: `item ${item.id} (${item.state}) has vanished from the tablet` });
      if (row && row.state !== item.state)
        this.tell({
          event: "finding",
          text: `item ${item.id} is ${row.state}, and was committed as ${item.state}`,
        });
    }
    for (const id of rows.keys())
      if (!this.items.has(id)) this.tell({ event: "finding", text: `item ${id} was never committed` });
    const drafts = new Map((stores.drafts ?? []).map((row) => [row.id, row]));
    for (const [id, { n }] of this.drafts) {
      const row = drafts.get(id);
      if (!row) this.tell({ event: "finding", text: `draft ${id} has vanished from the tablet` });
      else if (row.n !== n)
        this.tell({ event: "finding", text: `draft ${id} has lost its last committed save` });
    }
    this.#checkNumbers();
  }

  /** Numbers of one device run from 1 without a gap. */
  #checkNumbers() {
    /** @type {Map<string, number[]>} */
    const devices = new Map();
    for (const { device, seq } of this.items.values())
      devices.set(device, [...(devices.get(device) ?? []), seq]);
    for (const [device, seqs] of devices) {
      seqs.sort((a, b) => a - b);
      const wrong = seqs.findIndex((seq, index) => seq !== index + 1);
      if (wrong >= 0)
        this.tell({
          event: "finding",
          text: `device ${device}: number ${wrong + 1} is missing or given twice`,
        });
    }
  }
}

/** @param {Entry} item */
function isOld({ confirmedAt }) {
  return confirmedAt !== null && Date.now() - confirmedAt >= MONTH;
}
