/** Where each visit is: drafts, the outbox and what the server said, brought together into one state a visit. */

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
  "two_versions",
  "quarantined",
  "received",
  "red_book_failed",
  "approved",
  "not_shared",
  "in_red_book",
  "set_aside",
];

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
  for (const item of items) {
    const { rev } = item;
    // What cannot be read is counted and shown apart; it has no visit to stand under.
    if (!rev) continue;
    const known = states.get(rev.visit_id);
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
      state: item.state === "refused" ? "refused" : ARRIVED.has(item.state) ? "received" : "waiting",
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
  if (state.state === "set_aside") {
    return "It is kept, and counts as not made. Ask your supervisor if that surprises you.";
  }
  if (state.state === "quarantined") {
    return "It arrived and is safe. Your supervisor has to sort something out before it can be reviewed; you need do nothing.";
  }
  if (state.state === "not_shared") {
    return "The family did not agree to share this visit with the red book. There is nothing to do.";
  }
  if (state.state === "red_book_failed") {
    return "Your part is done. Your supervisor sees why and will send it again.";
  }
  return null;
}
