/** How the tablet stands with the server: token, sealing key, epoch, what waits. None of it needs a vault's key. */

import { write } from "./db.js";
import { countIn, offerAnew, waitingIn } from "./delivery.js";
import { ChangedElsewhere, VaultGone } from "./errors.js";
import { noteFacts, recallEpoch, recallOf, rememberOf } from "./notes.js";
import { photosWaiting, progressOf } from "./photos.js";
import { findStuck } from "./stuck.js";

/** @typedef {import("./db.js").TabletDatabase} TabletDatabase */
/** @typedef {import("../types.js").Common} Common */

/**
 * Takes in what every answer carries. A new epoch means that the server was restored from a backup: everything
 * still here is offered anew.
 * @param {TabletDatabase} db
 * @param {string} vaultId
 * @param {Common} common
 * @returns {Promise<{restored: boolean}>}
 */
export async function takeIn(db, vaultId, { sealing_key: key, epoch }) {
  if (key)
    await changeVault(db, vaultId, ({ sealingKey }) =>
      sealingKey?.kid === key.kid ? {} : { sealingKey: key },
    );
  if (!epoch) return { restored: false };
  const known = await recallEpoch(db, vaultId);
  if (known === epoch) return { restored: false };
  if (known === null) {
    await rememberOf(db, vaultId, { epoch });
    return { restored: false };
  }
  await offerAnew(db, vaultId, { noted: (tx) => noteFacts(tx, vaultId, { epoch, lastConfirmed: null }) });
  return { restored: true };
}

/**
 * The token this tablet sends with; null when the server knows it no longer.
 * @param {TabletDatabase} db
 * @param {string} vaultId
 * @param {string | null} token
 */
export async function takeToken(db, vaultId, token) {
  await changeVault(db, vaultId, (row) => (row.token === token ? {} : { token }));
}

/**
 * Inside a transaction of the caller's: throws VaultGone when the vault was wiped, in this window or another, while
 * it was open here. What is written then nobody would ever read. `open`: nor may its passphrase have been forgotten.
 * @param {import("./db.js").Readable} tx
 * @param {string} vaultId
 * @param {{open?: boolean}} [options]
 */
export async function requireVault(tx, vaultId, { open = false } = {}) {
  const row = await tx.vaults.get(vaultId);
  if (!row || row.retired === "revoked") throw new VaultGone();
  if (open && row.retired) throw new ChangedElsewhere();
}

/**
 * @param {TabletDatabase} db
 * @param {string} vaultId
 * @param {number} left
 */
export async function noteWipeReported(db, vaultId, left) {
  await changeVault(db, vaultId, ({ wipe }) => (wipe ? { wipe: { ...wipe, left } } : {}));
}

/**
 * The numbers for one honest sentence: those of the open vault, or of the whole tablet while none is open. `gone`:
 * the open vault is nobody's any more.
 * @param {TabletDatabase} db
 * @param {string | null} openId
 */
export async function readStanding(db, openId) {
  const rows = await db.vaults.all();
  const mine = rows.find(({ id }) => id === openId);
  const waiting = await Promise.all(rows.map(({ id }) => waitingIn(db, id)));
  const all = waiting.reduce((sum, count) => sum + count, 0);
  const own = mine ? waiting[rows.indexOf(mine)] : 0;
  const seen = mine ? [mine] : rows;
  const { stuck, unopened } = await findStuck(db, rows, mine);
  const photos = await Promise.all(seen.map(({ id }) => photosWaiting(db, id)));
  return {
    gone: openId !== null && (!mine || mine.retired !== null),
    waiting: own,
    others: all - own - unopened,
    stuck,
    photos: progressOf(photos.flat()),
    refused: mine ? await countIn(db, mine.id, "refused") : 0,
    lastContact: await latest(db, seen, "lastContact"),
    lastReceipt: await latest(db, seen, "lastReceipt"),
    caseloadLost: mine ? (await recallOf(db, mine.id, "caseloadLost")) !== null : false,
  };
}

/**
 * @param {TabletDatabase} db
 * @param {{id: string}[]} vaults
 * @param {"lastContact" | "lastReceipt"} name
 */
async function latest(db, vaults, name) {
  const times = await Promise.all(vaults.map(({ id }) => recallOf(db, id, name)));
  const known = times.filter((time) => time !== null);
  return known.length ? Math.max(...known) : null;
}

/**
 * @param {TabletDatabase} db
 * @param {string} vaultId
 * @param {(row: import("./db.js").VaultRow) => Partial<import("./db.js").VaultRow>} edit nothing to change: {}
 */
async function changeVault(db, vaultId, edit) {
  const before = await db.vaults.get(vaultId);
  // Looked at first: nearly always there is nothing to write.
  if (!before || Object.keys(edit(before)).length === 0) return;
  await write(db, ["vaults"], async (tx) => {
    const row = await tx.vaults.get(vaultId);
    if (row) await tx.vaults.put({ ...row, ...edit(row) });
  });
}
