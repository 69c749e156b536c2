/**
 * The lease on families' details. A tablet that has not fetched for a week loses its caseload key, and with it
 * the caseload; what was recorded on it stays. The next download begins afresh under a new key.
 *
 * Time is the server's where the difference is known, and never goes back: a clock set to last month does not
 * lengthen a lease.
 */

import { write } from "./db.js";
import { noteFacts, rememberOf } from "./notes.js";
import { announce } from "./notices.js";
import { beginning } from "./table.js";

/** @typedef {import("./db.js").TabletDatabase} TabletDatabase */
/** @typedef {import("./db.js").VaultRow} VaultRow */
/** @typedef {import("./db.js").Transaction} Transaction */

const DAY = 24 * 60 * 60_000;
/** Until the server says otherwise; also what a caseload fetched by an older version gets. */
const LEASE_DAYS = 7;

/**
 * Ends every lease that has run out, open or locked. Answers whose.
 * @param {TabletDatabase} db
 * @param {number} [now] this tablet's clock
 * @returns {Promise<string[]>} ids of vaults
 */
export async function enforceLease(db, now = Date.now()) {
  const ended = [];
  for (const row of await db.vaults.all()) {
    if (!holdsCaseload(row)) continue;
    const { leaseUntil, seen, known } = await standing(db, row.id, now);
    if (leaseUntil === null) {
      await rememberOf(db, row.id, { leaseUntil: seen + LEASE_DAYS * DAY, lastSeen: seen });
    } else if (seen > leaseUntil) {
      await dropCaseload(db, row.id, { caseloadLost: seen, leaseUntil: null, lastSeen: seen });
      ended.push(row.id);
    } else if (known === null || seen > known) {
      await rememberOf(db, row.id, { lastSeen: seen });
    }
  }
  return ended;
}

/**
 * A download has ended: the caseload may stay for another term from the server's time.
 * @param {TabletDatabase} db
 * @param {string} vaultId
 * @param {{serverTime: string | undefined, days: number | undefined, now?: number}} granted
 */
export async function renewLease(db, vaultId, { serverTime, days = LEASE_DAYS, now = Date.now() }) {
  const told = Date.parse(serverTime ?? "");
  const from = Number.isFinite(told) ? told : now;
  await rememberOf(db, vaultId, { leaseUntil: from + days * DAY, lastSeen: from, caseloadLost: null });
}

/**
 * Takes families' details off the tablet: the key and everything sealed with it.
 * @param {TabletDatabase} db
 * @param {string} vaultId
 * @param {import("./notes.js").Facts} [facts] noted in the same transaction
 */
export async function dropCaseload(db, vaultId, facts = {}) {
  await write(db, ["vaults", "heads", "chunks", "notes"], async (tx) => {
    const row = await tx.vaults.get(vaultId);
    if (row) await tx.vaults.put(withoutCaseloadKey(row));
    await clearCaseload(tx, vaultId);
    await noteFacts(tx, vaultId, facts);
  });
  announce("caseload", vaultId);
}

/**
 * The copy of the caseload, inside a transaction of the caller's.
 * @param {Transaction} tx
 * @param {string} vaultId
 */
export async function clearCaseload(tx, vaultId) {
  await tx.heads.delete(vaultId);
  await tx.chunks.delete(beginning(vaultId));
}

/**
 * Version 1 kept the caseload key beside the work key.
 * @param {VaultRow} row
 * @returns {VaultRow}
 */
export function withoutCaseloadKey(row) {
  const wraps = row.wraps.map((wrap) => (wrap.by === "passphrase" ? { ...wrap, caseload: undefined } : wrap));
  return { ...row, caseloadKey: null, wraps };
}

/** @param {VaultRow} row */
function holdsCaseload(row) {
  return row.caseloadKey !== null || row.wraps.some((wrap) => wrap.by === "passphrase" && wrap.caseload);
}

/**
 * @param {TabletDatabase} db
 * @param {string} vaultId
 * @param {number} now
 */
async function standing(db, vaultId, now) {
  const notes = await db.notes.many([
    [vaultId, "leaseUntil"],
    [vaultId, "lastSeen"],
    [vaultId, "clockOffset"],
  ]);
  const [leaseUntil, known, offset] = notes.map((note) => (note?.value == null ? null : Number(note.value)));
  return { leaseUntil, known, seen: Math.max(now + (offset ?? 0), known ?? 0) };
}
