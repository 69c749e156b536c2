/**
 * Completed visits on their way to the server. A draft becomes an item in one strict transaction, with its
 * number; an item leaves nothing behind and is never removed here: acknowledged ones stay with their receipt,
 * refused ones stay with the reason, and neither holds up the others.
 *
 * Each is sealed twice: to the vault, for its author to read, and to the server, so that it can be sent while the
 * tablet is locked and is not lost with a forgotten passphrase. Beside the boxes the row keeps what sending needs
 * without any key: number, hash, state, size, receipt (delivery.js).
 */

import { sha256Hex, tidy } from "../lib/canonical.js";
import { sealToServer } from "../lib/hpke.js";
import { isoWithOffset } from "../lib/instant.js";
import { write } from "./db.js";
import { changeItem, countIn, itemsOf, travelSize, waitingIn } from "./delivery.js";
import { endedHere, reviveDraft, takeDraft } from "./drafts.js";
import { AlreadyComplete } from "./errors.js";
import { recall } from "./notes.js";
import { announce } from "./notices.js";
import { lastNumber, NUMBERS } from "./numbers.js";
import { dropPhotos, photoProgress, photosNamed } from "./photos.js";
import { forgetRescue } from "./rescue.js";
import { read } from "./resealing.js";
import { requireVault } from "./standing.js";

export { exportOutbox } from "./delivery.js";

/** @typedef {import("./vault.js").Vault} Vault */
/** @typedef {import("./db.js").OutboxRow} OutboxRow */
/** @typedef {import("../types.js").Draft} Draft */
/** @typedef {import("../types.js").Revision} Revision */
/** @typedef {import("../types.js").OutboxItem} OutboxItem */

/** Our words for the server's refusals: its own could repeat what was written about a family. */
const PROBLEMS = /** @type {Record<string, string>} */ ({
  "rejected:hash":
    "The service holds a different version of this visit. Yours is safe on this tablet. Tell your supervisor.",
  "rejected:malformed":
    "The service could not read this visit. It is safe on this tablet. Tell your supervisor or your help desk.",
  too_large:
    "This visit is too large for the service to take. It is safe on this tablet. Tell your help desk.",
  unreadable: "This visit cannot be read on this tablet. It has been kept. Tell your supervisor.",
});
const OTHER_PROBLEM =
  "The service did not accept this visit. It is safe on this tablet. Tell your supervisor or your help desk.";

/** What completing touches. @type {import("./db.js").StoreName[]} */
const TABLES = ["drafts", "outbox", "counters", "vaults", "photos", "boxes"];

/** The completions under way in this window: a second tap joins the first. @type {Map<string, Promise<OutboxItem>>} */
const sealing = new Map();

/**
 * Completes a visit. `revision` gives `occurred_at` and `payload`; identity comes from the draft, and number,
 * times and hash from here. The draft is gone and the item there, or neither. Throws AlreadyComplete when
 * another window completed it, ChangedElsewhere when another window changed it.
 * @param {Vault} vault
 * @param {Draft} draft
 * @param {Pick<Revision, "occurred_at" | "payload"> & Partial<Revision>} revision
 * @returns {Promise<OutboxItem>}
 */
export function sealDraft(vault, draft, revision) {
  const running = sealing.get(draft.id);
  if (running) return running;
  const started = sealOnce(vault, draft, revision).finally(() => sealing.delete(draft.id));
  sealing.set(draft.id, started);
  return started;
}

/**
 * @param {Vault} vault
 * @param {Draft} draft
 * @param {Pick<Revision, "occurred_at" | "payload" | "withdrawal">} revision
 * @returns {Promise<OutboxItem>}
 */
async function sealOnce(vault, draft, revision) {
  const body = {
    rev_id: draft.id,
    visit_id: draft.visitId,
    parent_rev: draft.parentRev,
    base_rev: draft.baseRev,
    form_id: draft.formId,
    form_version: draft.formVersion,
    definition_hash: draft.definitionHash,
    child_id: draft.childId,
    contact_type: draft.contactType,
    device_id: vault.deviceId,
    author_id: vault.account.id,
    occurred_at: revision.occurred_at,
    sealed_at: isoWithOffset(new Date()),
    clock_offset_ms: await recall(vault, "clockOffset"),
    payload: tidy(revision.payload),
    ...(revision.withdrawal ? { withdrawal: revision.withdrawal } : {}),
  };
  for (;;) {
    // Hash and cipher need the number and may not run inside the transaction, so the number is taken on trust
    // and checked in there; another window's completion in between means going round again.
    const seq = (await lastNumber(vault.db, vault.id)) + 1;
    const unsigned = { ...body, device_seq: seq };
    const rev = { ...unsigned, sha256: await sha256Hex(unsigned) };
    const [box, sealed] = await Promise.all([
      vault.seal("outbox", rev.rev_id, rev),
      sealIfPossible(vault, rev),
    ]);
    /** @type {OutboxRow} */
    const row = {
      id: rev.rev_id,
      vault: vault.id,
      seq,
      state: "sealed",
      bytes: sealed ? travelSize(sealed) : 0,
      faults: 0,
      result: null,
      receipt: null,
      sha256: rev.sha256,
      sealed,
      ackedAt: null,
      confirmedAt: null,
      box,
    };
    const stored = await putItem(vault, row, photosNamed(rev.payload.answers));
    if (stored === "again") continue;
    if (stored === row) {
      forgetRescue(row.id);
      announce("drafts", vault.id);
      announce("outbox", vault.id);
    }
    return toItem(stored, await read(vault, stored));
  }
}

/**
 * The server's box, or null when there is no key of the server's yet or the cipher cannot be had: completing a
 * visit does not wait for either. `resealWaiting` makes up for it, and says what is wrong.
 * @param {Vault} vault
 * @param {Revision} rev
 */
async function sealIfPossible(vault, rev) {
  const key = (await vault.db.vaults.get(vault.id))?.sealingKey;
  if (!key) return null;
  try {
    return await sealToServer(key, { kind: "revision", id: rev.rev_id, deviceId: vault.deviceId }, rev);
  } catch (error) {
    console.warn("A visit could not be sealed to the service yet.", error);
    return null;
  }
}

/**
 * The one transaction of completing: the draft out, the item in, the number taken. Answers "again" when the
 * number was taken meanwhile, and with the item that is there when this window had completed it before.
 * @param {Vault} vault
 * @param {OutboxRow} row
 * @param {string[]} photos that the visit names: the draft's others go with it
 * @returns {Promise<OutboxRow | "again">}
 */
async function putItem(vault, row, photos) {
  const { db } = vault;
  const endedBefore = endedHere(row.id);
  try {
    return await write(db, TABLES, async (tx) => {
      // A number given after the vault was wiped would be one that is taken.
      await requireVault(tx, vault.id);
      const there = await tx.outbox.get(row.id);
      // Completed by this window before, or by this very attempt, whose end was not told.
      const ours = endedBefore || there?.sha256 === row.sha256;
      if (there && ours && there.vault === vault.id) return there.sha256 === row.sha256 ? row : there;
      if (there) throw new AlreadyComplete();
      if ((await lastNumber(tx, vault.id)) !== row.seq - 1) return "again";
      await takeDraft(tx, vault, row.id);
      await dropPhotos(tx, row.id, photos);
      await tx.outbox.add(row);
      await tx.counters.put({ vault: vault.id, name: NUMBERS, value: row.seq });
      return row;
    });
  } catch (error) {
    if (!endedBefore) reviveDraft(row.id);
    throw error;
  }
}

/**
 * Everything this visitor completed on this tablet and that is still here, in the order of completing.
 * @param {Vault} vault
 * @returns {Promise<OutboxItem[]>}
 */
export async function listItems(vault) {
  const [rows, photos] = await Promise.all([itemsOf(vault.db, vault.id), photoProgress(vault.db, vault.id)]);
  return Promise.all(rows.map(async (row) => toItem(row, await read(vault, row), photos.get(row.id))));
}

/**
 * How many completed visits the server has not acknowledged yet.
 * @param {Vault} vault
 */
export function waiting(vault) {
  return waitingIn(vault.db, vault.id);
}

/**
 * How many need a person.
 * @param {Vault} vault
 */
export function refused(vault) {
  return countIn(vault.db, vault.id, "refused");
}

/**
 * Puts a refused item back in the queue, for the button that says "Try again".
 * @param {Vault} vault
 * @param {string} id
 */
export async function offerAgain({ db, id: vaultId }, id) {
  await changeItem(db, vaultId, id, (row) =>
    row.state === "refused" ? { ...row, state: "sealed", result: null } : row,
  );
}

/**
 * @param {OutboxRow} row
 * @param {Revision | null} rev
 * @param {import("./photos.js").PhotoProgress} [photos] those that the server does not have yet
 * @returns {OutboxItem}
 */
function toItem(row, rev, photos) {
  const problem = row.state === "refused" ? (PROBLEMS[row.result ?? ""] ?? OTHER_PROBLEM) : null;
  return {
    id: row.id,
    rev,
    state: row.state,
    // An acknowledgement that the server went back on is none.
    receipt: row.state === "acked" || row.state === "confirmed" ? row.receipt : null,
    problem: rev ? problem : PROBLEMS.unreadable,
    sealedAt: rev?.sealed_at ?? "",
    photos: photos ?? null,
  };
}
