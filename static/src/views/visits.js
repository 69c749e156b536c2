/** Where each visit is: drafts, the outbox and what the server said, brought together into one state a visit. */

import { TAKEN_BACK } from "../store/withdrawals.js";
import { STATE } from "./words.js";

/**
 * @typedef {Record<string, any>} Any
 * @typedef {{visitId: string, childId: string, contactType: string, state: keyof typeof STATE, at: string,
 *   draft: Any | null, item: Any | null, visit: Any | null, problem: string | null}} VisitState
 */

/** Order on lists: what asks for the visitor first. */
const URGENCY = [
  "returned",
  "refused",
  "draft",
  "waiting",
  "withdrawing",
  "two_versions",
  "quarantined",
  "received",
  "withdrawal",
  "red_book_failed",
  "approved",
  "not_shared",
  "in_red_book",
  "set_aside",
  "withdrawn",
];

/** What its author can withdraw: completed, and neither refused nor withdrawn before. */
export const WITHDRAWABLE = new Set([
  "waiting",
  "received",
  "returned",
  "two_versions",
  "quarantined",
  "approved",
  "in_red_book",
  "red_book_failed",
  "not_shared",
]);

const TOO_LATE =
  "Your supervisor had agreed to withdraw this visit before you undid it. If the visit was made, record it again.";

/** The service has it. That it was then found again there, byte for byte, changes nothing for the visitor. */
const ARRIVED = new Set(["acked", "confirmed"]);

/**
 * @param {Any[]} drafts
 * @param {Any[]} items outbox, oldest first
 * @param {Map<string, Any>} visits as the server last told
 * @returns {VisitState[]} most pressing first, newest first within a state
 */
export function visitStates(drafts, items, visits) {
  /** @type {Map<string, VisitState>} */
  const states = new Map();
  for (const visit of visits.values()) {
    states.set(visit.id, {
      visitId: visit.id,
      childId: visit.child_id,
      contactType: visit.contact_type,
      state: visit.state in STATE ? visit.state : "received",
      at: stateTime(visit),
      draft: null,
      item: null,
      visit,
      problem: null,
    });
  }
  const undone = withdrawalsUndone(items);
  for (const item of items) {
    const { rev } = item;
    // What cannot be read is counted and shown apart; it has no visit to stand under.
    if (!rev) continue;
    const known = states.get(rev.visit_id);
    if (undone.has(rev.rev_id)) {
      const head = known?.visit?.head_rev;
      if (known && head === rev.parent_rev && undone.has(head))
        states.set(rev.visit_id, standsAgain(known, item));
      continue;
    }
    // A supervisor has looked at this withdrawal, and kept the visit.
    if (known?.visit?.kept?.rev_id === rev.rev_id) continue;
    // The server's word stands once it has this very revision; until the next fetch ours is newer.
    if (known?.visit && known.visit.head_rev === rev.rev_id && ARRIVED.has(item.state)) {
      states.set(rev.visit_id, { ...known, item });
      continue;
    }
    if (known?.visit && ARRIVED.has(item.state) && !isAfter(rev, known.visit, items)) continue;
    states.set(rev.visit_id, {
      visitId: rev.visit_id,
      childId: rev.child_id,
      contactType: rev.contact_type,
      state: stateOf(item, known?.visit),
      at: item.receipt?.received_at ?? item.sealedAt ?? rev.sealed_at,
      draft: null,
      item,
      visit: known?.visit ?? null,
      problem: item.problem ?? null,
    });
  }
  for (const draft of drafts) {
    const known = states.get(draft.visitId);
    states.set(draft.visitId, {
      visitId: draft.visitId,
      childId: draft.childId,
      contactType: draft.contactType,
      state: "draft",
      at: draft.updatedAt,
      draft,
      item: known?.item ?? null,
      visit: known?.visit ?? null,
      problem: null,
    });
  }
  return [...states.values()].sort(
    (a, b) => URGENCY.indexOf(a.state) - URGENCY.indexOf(b.state) || Date.parse(b.at) - Date.parse(a.at),
  );
}

/**
 * Where a revision has come to that the server has said nothing about yet.
 * @param {Any} item
 * @param {Any | null | undefined} visit
 * @returns {VisitState["state"]}
 */
function stateOf({ state, rev }, visit) {
  if (state === "refused") return "refused";
  if (!ARRIVED.has(state)) return rev.withdrawal ? "withdrawing" : "waiting";
  if (!rev.withdrawal) return "received";
  return visit?.approved ? "withdrawal" : "withdrawn";
}

/**
 * Withdrawals that were undone, and what undid them: they count as never made.
 * @param {Any[]} items
 * @returns {Set<string>} revisions
 */
function withdrawalsUndone(items) {
  const undoing = items.filter(({ rev }) => rev?.withdrawal?.reason === TAKEN_BACK);
  return new Set(undoing.flatMap(({ rev }) => [rev.rev_id, rev.parent_rev]));
}

/**
 * A visit that the server still has as withdrawn, and that its author wants after all.
 * @param {VisitState} known
 * @param {Any} item
 * @returns {VisitState}
 */
function standsAgain(known, item) {
  if (!ARRIVED.has(item.state)) return { ...known, state: "waiting", item };
  return known.state === "withdrawn" ? { ...known, problem: TOO_LATE } : known;
}

/**
 * The last version of a visit that was sent, or is about to be: what would be withdrawn.
 * @param {VisitState} state
 * @returns {import("../store/withdrawals.js").Withdrawn}
 */
export function sentRevision({ item, visit, visitId, childId, contactType }) {
  if (item) return item.rev;
  const { head_rev: rev_id, form_id, form_version, occurred_at } = /** @type {Any} */ (visit);
  return {
    rev_id,
    visit_id: visitId,
    child_id: childId,
    contact_type: contactType,
    form_id,
    form_version,
    occurred_at,
  };
}

/**
 * Whether an acknowledged revision of ours is newer than the head the server last told us about.
 * @param {Any} rev
 * @param {Any} visit
 * @param {Any[]} items
 */
function isAfter(rev, visit, items) {
  const head = items.find((item) => item.rev?.rev_id === visit.head_rev);
  if (head) return rev.device_seq > head.rev.device_seq;
  return rev.parent_rev === visit.head_rev;
}

/** @param {Any} visit */
function stateTime(visit) {
  return (
    visit.red_book?.at ?? visit.returned?.at ?? visit.approved?.at ?? visit.received_at ?? visit.occurred_at
  );
}

/**
 * The returned visit's comment and questions, when this visit is one or is being answered.
 * @param {VisitState} state
 * @returns {{by: any, at: string, comment: string, queries: {field_id: string, comment: string}[]} | null}
 */
export function questions(state) {
  const returned = state.visit?.returned;
  if (!returned) return null;
  const open = state.visit?.state === "returned" && state.state !== "waiting" && state.state !== "received";
  return open ? returned : null;
}

/** @param {string} contactType of a contact at which there was a parent to hand something to */
export function hasCopy(contactType) {
  return contactType !== "no_access";
}

/**
 * The completed visit that a parent's copy can be made from, while it is on this tablet.
 * @param {VisitState} state
 * @returns {string | null} its id in the outbox
 */
export function copyOf({ item, contactType, state }) {
  const stands = WITHDRAWABLE.has(state) && item?.rev && !item.rev.withdrawal;
  return stands && hasCopy(contactType) ? item.id : null;
}

/**
 * What a problem means and what to do about it, or null when there is none.
 * @param {VisitState} state
 */
export function problemWords(state) {
  if (state.state === "refused") {
    const reason = state.problem ? `${state.problem} ` : "";
    return `${reason}The visit is safe on this tablet. Tell your supervisor; do not clear this tablet.`;
  }
  if (state.state === "two_versions") {
    return "Someone changed this visit on another tablet as well. Both versions are safe, and your supervisor puts them together; you need do nothing.";
  }
  if (state.state === "withdrawing") return "You can undo this until it has been sent.";
  if (state.state === "withdrawal") {
    return "It was approved, or changed on another tablet, so your supervisor decides. Until then it counts; you need do nothing.";
  }
  if (state.state === "withdrawn") {
    if (state.problem) return state.problem;
    return state.visit?.red_book
      ? "It is kept, and counts as not made. It is being taken out of the red book."
      : "It is kept, and counts as not made.";
  }
  if (state.visit?.kept && !["draft", "returned"].includes(state.state)) {
    return `You withdrew this visit, and ${state.visit.kept.by} kept it: ${state.visit.kept.comment}`;
  }
  if (state.state === "set_aside") {
    return "It is kept, and counts as not made. Ask your supervisor if that surprises you.";
  }
  if (state.state === "quarantined") {
    return "It arrived and is safe. Your supervisor has to sort something out before it can be reviewed; you need do nothing.";
  }
  if (state.state === "not_shared") {
    return "It stays off the red book: the family did not agree, or this contact is not for it. There is nothing to do.";
  }
  if (state.state === "red_book_failed") {
    return "Your part is done. Your supervisor sees why and will send it again.";
  }
  return null;
}
