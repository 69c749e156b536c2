/**
 * Completed visits on their way to the server. A draft becomes an item in one strict transaction, with its
 * number; an item leaves nothing behind and is never removed here: acknowledged ones stay with their receipt,
 * refused ones stay with the reason, and neither holds up the others.
 *
 * Beside each box the row keeps what sending needs without the key: number, state, size, receipt.
 */

import { sha256Hex, tidy } from "../lib/canonical.js";
import { isoWithOffset } from "../lib/instant.js";
import { write } from "./db.js";
import { endedHere, reviveDraft, takeDraft } from "./drafts.js";
import { AlreadyComplete } from "./errors.js";
import { recall } from "./notes.js";
import { announce } from "./notices.js";

/** @typedef {import("./vault.js").Vault} Vault */
/** @typedef {import("./db.js").OutboxRow} OutboxRow */
/** @typedef {import("../types.js").Draft} Draft */
/** @typedef {import("../types.js").Revision} Revision */
/** @typedef {import("../types.js").OutboxItem} OutboxItem */
/** @typedef {import("../types.js").PushResult} PushResult */

const COUNTER = "device_seq";

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
 * @param {Pick<Revision, "occurred_at" | "payload">} revision
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
    occurred_at: revision.occurred_at,
    sealed_at: isoWithOffset(new Date()),
    clock_offset_ms: await recall(vault, "clockOffset"),
    payload: tidy(revision.payload),
  };
  for (;;) {
    // Hash and cipher need the number and may not run inside the transaction, so the number is taken on trust
    // and checked in there; another window's completion in between means going round again.
    const seq = (await lastNumber(vault)) + 1;
    const unsigned = { ...body, device_seq: seq };
    const rev = { ...unsigned, sha256: await sha256Hex(unsigned) };
    /** @type {OutboxRow} */
    const row = {
      id: rev.rev_id,
      vault: vault.id,
      seq,
      state: "sealed",
      bytes: new TextEncoder().encode(JSON.stringify(rev)).length,
      faults: 0,
      result: null,
      receipt: null,
      box: await vault.seal("outbox", rev.rev_id, rev),
    };
    const stored = await putItem(vault, row);
    if (stored === "again") continue;
    if (stored === row) {
      announce("drafts", vault.id);
      announce("outbox", vault.id);
    }
    return toItem(stored, await read(vault, stored));
  }
}

/**
 * The one transaction of completing: the draft out, the item in, the number taken. Answers "again" when the
 * number was taken meanwhile, and with the item that is there when this window had completed it before.
 * @param {Vault} vault
 * @param {OutboxRow} row
 * @returns {Promise<OutboxRow | "again">}
 */
async function putItem(vault, row) {
  const { db } = vault;
  const endedBefore = endedHere(row.id);
  try {
    return await write(db, [db.drafts, db.outbox, db.counters], async () => {
      const there = await db.outbox.get(row.id);
      if (there && endedBefore && there.vault === vault.id) return there;
      if (there) throw new AlreadyComplete();
      if ((await lastNumber(vault)) !== row.seq - 1) return "again";
      await takeDraft(vault, row.id);
      await db.outbox.add(row);
      await db.counters.put({ vault: vault.id, name: COUNTER, value: row.seq });
      return row;
    });
  } catch (error) {
    if (!endedBefore) reviveDraft(row.id);
    throw error;
  }
}

/** @param {Vault} vault */
async function lastNumber(vault) {
  return (await vault.db.counters.get([vault.id, COUNTER]))?.value ?? 0;
}

/**
 * Everything this visitor completed on this tablet, in the order of completing.
 * @param {Vault} vault
 * @returns {Promise<OutboxItem[]>}
 */
export async function listItems(vault) {
  const rows = await rowsOf(vault).toArray();
  return Promise.all(rows.map(async (row) => toItem(row, await read(vault, row))));
}

/**
 * How many completed visits the server has not acknowledged yet.
 * @param {Vault} vault
 */
export function waiting(vault) {
  return countOf(vault, "sealed");
}

/**
 * How many need a person.
 * @param {Vault} vault
 */
export function refused(vault) {
  return countOf(vault, "refused");
}

/**
 * @param {Vault} vault
 * @param {OutboxRow["state"]} state
 * @returns {Promise<number>}
 */
async function countOf(vault, state) {
  return vault.db.outbox.where("[vault+state]").equals([vault.id, state]).count();
}

/**
 * The next items to send, none of them in `not`. An item that made the server stumble before goes alone and
 * after the others, so that it cannot take them down with it.
 * @param {Vault} vault
 * @param {{items: number, bytes: number, not: Set<string>}} limits
 * @returns {Promise<{id: string, rev: Revision, bytes: number}[]>}
 */
export async function nextBatch(vault, { items, bytes, not }) {
  const sealed = await vault.db.outbox.where("[vault+state]").equals([vault.id, "sealed"]).toArray();
  const due = sealed.filter((row) => !not.has(row.id)).sort((a, b) => a.faults - b.faults || a.seq - b.seq);
  /** @type {{id: string, rev: Revision, bytes: number}[]} */
  const batch = [];
  let size = 0;
  for (const row of due) {
    if (batch.length && (row.faults || size + row.bytes > bytes || batch.length >= items)) break;
    const rev = await read(vault, row);
    if (!rev) {
      await markRefused(vault, row.id, "unreadable");
      continue;
    }
    batch.push({ id: row.id, rev, bytes: row.bytes });
    size += row.bytes;
    if (row.faults) break;
  }
  return batch;
}

/**
 * Writes down what the server answered, item by item, in one strict transaction. Only `stored` or `duplicate`
 * with a receipt is an acknowledgement; anything that is neither that nor a rejection leaves its item waiting.
 * @param {Vault} vault
 * @param {PushResult[]} results
 * @returns {Promise<{settled: Set<string>, acked: number, refused: number}>}
 */
export async function acknowledge(vault, results) {
  const { db } = vault;
  const settled = new Set();
  let acked = 0;
  let refusals = 0;
  await write(db, [db.outbox], async () => {
    settled.clear();
    acked = 0;
    refusals = 0;
    for (const { rev_id: id, result, receipt } of results) {
      const row = await db.outbox.get(id);
      if (row?.vault !== vault.id || typeof result !== "string") continue;
      const durable = (result === "stored" || result === "duplicate") && isReceipt(receipt);
      if (row.state === "acked") {
        settled.add(id);
      } else if (durable) {
        await db.outbox.put({ ...row, state: "acked", result, receipt });
        settled.add(id);
        acked += 1;
      } else if (result.startsWith("rejected:")) {
        await db.outbox.put({ ...row, state: "refused", result });
        settled.add(id);
        refusals += 1;
      }
    }
  });
  announce("outbox", vault.id);
  return { settled, acked, refused: refusals };
}

/**
 * Sets an item aside for a person, with a reason of ours ("too_large", "unreadable").
 * @param {Vault} vault
 * @param {string} id
 * @param {string} result
 */
export async function markRefused(vault, id, result) {
  await change(vault, id, (row) => (row.state === "sealed" ? { ...row, state: "refused", result } : row));
}

/**
 * Notes that the server stumbled over this item alone.
 * @param {Vault} vault
 * @param {string} id
 */
export async function noteFault(vault, id) {
  await change(vault, id, (row) => ({ ...row, faults: row.faults + 1 }));
}

/**
 * Puts a refused item back in the queue, for the button that says "Try again".
 * @param {Vault} vault
 * @param {string} id
 */
export async function offerAgain(vault, id) {
  await change(vault, id, (row) =>
    row.state === "refused" ? { ...row, state: "sealed", result: null } : row,
  );
}

/**
 * @param {Vault} vault
 * @param {string} id
 * @param {(row: OutboxRow) => OutboxRow} edit
 */
async function change(vault, id, edit) {
  const { db } = vault;
  await write(db, [db.outbox], async () => {
    const row = await db.outbox.get(id);
    if (row?.vault === vault.id) await db.outbox.put(edit(row));
  });
  announce("outbox", vault.id);
}

/** @param {Vault} vault */
function rowsOf(vault) {
  return vault.db.outbox.where("[vault+seq]").between([vault.id, 0], [vault.id, Number.MAX_SAFE_INTEGER]);
}

/**
 * @param {Vault} vault
 * @param {OutboxRow} row
 * @returns {Promise<Revision | null>}
 */
async function read(vault, row) {
  try {
    return await vault.open("outbox", row.id, row.box);
  } catch (error) {
    if (vault.locked) throw error;
    return null;
  }
}

/**
 * @param {OutboxRow} row
 * @param {Revision | null} rev
 * @returns {OutboxItem}
 */
function toItem(row, rev) {
  const problem = row.state === "refused" ? (PROBLEMS[row.result ?? ""] ?? OTHER_PROBLEM) : null;
  return {
    id: row.id,
    rev,
    state: row.state,
    receipt: row.receipt,
    problem: rev ? problem : PROBLEMS.unreadable,
    sealedAt: rev?.sealed_at ?? "",
  };
}

/** @param {any} receipt */
function isReceipt(receipt) {
  return (
    Number.isSafeInteger(receipt?.seq) && typeof receipt.mac === "string" && Boolean(receipt.received_at)
  );
}
