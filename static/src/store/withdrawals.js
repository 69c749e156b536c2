/**
 * A visit taken back by its author: one more revision, with a reason and without answers, through the outbox like any
 * other. Undoing is another, made from it: whether the first has arrived, this tablet cannot know.
 */

import { uuid7 } from "../lib/uuid7.js";
import { newDraft } from "./drafts.js";
import { sealDraft } from "./outbox.js";

/** @typedef {import("./vault.js").Vault} Vault */
/** @typedef {import("../types.js").Revision} Revision */
/** @typedef {import("../types.js").Withdrawal} Withdrawal */

/** The reason of a revision that undoes the withdrawal it was made from. */
export const TAKEN_BACK = "taken_back";

/**
 * What is withdrawn: as much of a revision as the server says of a visit.
 * @typedef {Pick<Revision, "rev_id" | "visit_id" | "child_id" | "contact_type" | "form_id" | "form_version" |
 *   "occurred_at"> & {definition_hash?: string}} Withdrawn
 */

/**
 * Resolved once it is on the disk. With the same `id` it is the same withdrawal: a second tap makes no second.
 * @param {Vault} vault
 * @param {Withdrawn} of
 * @param {Withdrawal} withdrawal
 * @param {string} [id]
 */
export function sealWithdrawal(vault, of, withdrawal, id = uuid7()) {
  const draft = newDraft({
    child: { id: of.child_id },
    // No answers, so nothing to explain by it.
    form: { id: of.form_id, version: of.form_version, definitionHash: of.definition_hash ?? "none" },
    contactType: of.contact_type,
    basis: { id: of.visit_id, child_id: of.child_id, head_rev: of.rev_id, state: "" },
  });
  const payload = { answers: {}, confirmed: {}, alert_responses: {}, derived: {}, context: {} };
  return sealDraft(vault, { ...draft, id }, { occurred_at: of.occurred_at, payload, withdrawal });
}
