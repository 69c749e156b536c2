/** A tablet for a test: its own database in memory, and a vault that opens fast. */

import { register } from "node:module";
import "fake-indexeddb/auto";
import { TabletDatabase } from "../../../static/src/store/db.js";
import { newDraft, saveDraft } from "../../../static/src/store/drafts.js";
import { sealDraft } from "../../../static/src/store/outbox.js";
import { createVault } from "../../../static/src/store/vault.js";
import { everything, update } from "./disk.js";
import { publicPart, SERVER_KEY, tokenFor } from "./sealing.js";

export const PASSPHRASE = "four plain wooden chairs";
/** The real count takes a second of every test; only its being stored and used matters here. */
export const FEW_ITERATIONS = 10;

let databases = 0;

/** @param {string} [name] the same name is the same disk */
export function newDatabase(name = `tablet-${++databases}`) {
  return new TabletDatabase(name);
}

/**
 * @param {string} [id]
 * @returns {import("../../../static/src/types.js").Account}
 */
export function account(id = "a-priya") {
  return { id, name: `Visitor ${id}`, role: "health_visitor", team: { id: "t-1", name: "Headingley" } };
}

/**
 * A vault as it is once the tablet has been registered: with its token and the server's key, unless it is `fresh`.
 * @param {{db?: TabletDatabase, id?: string, fresh?: boolean}} [options]
 */
export async function newVault({ db = newDatabase(), id, fresh = false } = {}) {
  const vault = await createVault({
    account: account(id),
    passphrase: PASSPHRASE,
    deviceName: "Test tablet",
    db,
    iterations: FEW_ITERATIONS,
  });
  if (!fresh) await introduced(vault);
  return vault;
}

/** What registering writes down. @param {import("../../../static/src/store/vault.js").Vault} vault */
export async function introduced({ db, id, account: { id: accountId } }) {
  await update(db, "vaults", id, { token: tokenFor(id, accountId), sealingKey: publicPart(SERVER_KEY) });
}

/**
 * What the courier needs of a vault.
 * @param {import("../../../static/src/store/vault.js").Vault} vault
 */
export function sender({ id, account: { id: accountId } }) {
  return { id, token: tokenFor(id, accountId) };
}

export const FORM = { id: "new_birth_visit", version: 1, definitionHash: "ab".repeat(32) };

/**
 * @param {string} [childId]
 * @param {import("../../../static/src/types.js").VisitBody | null} [basis]
 */
export function draftFor(childId = "child-1", basis = null) {
  return newDraft({ child: { id: childId }, form: FORM, contactType: "new_birth", basis });
}

/**
 * @param {import("../../../static/src/types.js").Draft} draft
 */
export function revisionOf(draft) {
  return {
    occurred_at: "2026-05-03T10:05:00+01:00",
    payload: {
      answers: draft.answers,
      confirmed: draft.confirmed,
      alert_responses: draft.alertResponses,
      derived: {},
      context: {},
    },
  };
}

/**
 * A completed visit in the outbox.
 * @param {import("../../../static/src/store/vault.js").Vault} vault
 * @param {{[field: string]: import("../../../static/src/types.js").Json}} [answers]
 */
export async function completeVisit(vault, answers = { weight_kg: "3.450" }) {
  const draft = draftFor();
  Object.assign(draft.answers, answers);
  await saveDraft(vault, draft);
  return sealDraft(vault, draft, revisionOf(draft));
}

/** Everything in the database as one text, bytes read as Latin-1, to look for what must not be there. */
export async function diskText(/** @type {TabletDatabase} */ db) {
  /** @type {string[]} */
  const parts = [];
  for (const row of await everything(db)) {
    parts.push(
      JSON.stringify(row, (_key, value) => {
        if (value instanceof ArrayBuffer) return Buffer.from(value).toString("latin1");
        if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer).toString("latin1");
        return value;
      }),
    );
  }
  return parts.join("\n");
}

register("./windows.mjs", import.meta.url);

let windows = 0;

/**
 * Modules of the app as another window has them: their own memory, the same disk.
 * @returns {Promise<{drafts: typeof import("../../../static/src/store/drafts.js"),
 *   outbox: typeof import("../../../static/src/store/outbox.js")}>}
 */
export async function otherWindow() {
  windows += 1;
  return {
    drafts: await import(`../../../static/src/store/drafts.js?window=${windows}`),
    outbox: await import(`../../../static/src/store/outbox.js?window=${windows}`),
  };
}
