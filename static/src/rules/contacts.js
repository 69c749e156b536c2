/**
 * Which contact is due next, and by when. The windows and their sources are data: the published
 * `hvapp/rules/contact_windows.v1.yaml`, which the build hands over as JSON.
 * `hvapp/domain/contacts.py` gives the same answers; `tests/contract/contacts.json` holds both to it.
 */

import { addDays, addMonths, daysBetween, formatNearDate } from "../lib/dates.js";

/**
 * @typedef {{days?: number, months?: number, source: string, confirmed: boolean}} Limit
 * @typedef {{type: string, title: string, universal: boolean, also_before_birth?: boolean,
 *   counts_from?: "edd" | "birth", opens?: Limit,
 *   target_end?: Limit, limit?: Limit, lapses?: Limit}} Contact
 * @typedef {{version: number, due_soon: {days: number}, contacts: Contact[]}} ContactRules
 * @typedef {Contact & {opens: Limit, target_end: Limit, limit: Limit}} WindowedContact
 * @typedef {"not_yet" | "due" | "due_soon" | "overdue" | "breached"} State
 * @typedef {{contactType: string, title: string, opensOn: string, targetEnd: string, limitOn: string, state: State,
 *   daysLeft: number, text: string, confirmed: boolean}} DueContact daysLeft counts to targetEnd, below zero after it
 */

/**
 * The earliest contact not yet done that has not given way to a later one, or null when nothing is due.
 * Before the birth only the antenatal visit can be due; from the birth it no longer is. `done` holds the types of
 * contact that took place; `planned` the non-universal ones agreed for this child.
 * @param {{birthDate?: string | null, edd?: string | null, done: Iterable<string>, today: string,
 *   planned?: Iterable<string>}} child
 * @param {ContactRules} rules
 * @returns {DueContact | null}
 */
export function nextContact({ birthDate, edd, done, today, planned = [] }, rules) {
  const start = birthDate ?? edd;
  if (!start) return null;
  const doneTypes = new Set(done);
  const plannedTypes = new Set(planned);
  const ahead = /** @type {WindowedContact[]} */ (
    rules.contacts.filter(
      (contact) =>
        contact.counts_from === (birthDate ? "birth" : "edd") &&
        (contact.universal || plannedTypes.has(contact.type)),
    )
  );
  for (const [position, contact] of ahead.entries()) {
    const gone = ahead[position + 1]?.opens ?? contact.lapses;
    if (!doneTypes.has(contact.type) && (gone === undefined || today < after(start, gone))) {
      return due(contact, start, today, rules.due_soon.days);
    }
  }
  return null;
}

/**
 * Where one kind of contact stands, done or not; null where its window does not count from what is known.
 * @param {string} contactType
 * @param {{birthDate?: string | null, edd?: string | null, today: string}} child
 * @param {ContactRules} rules
 * @returns {DueContact | null}
 */
export function contactDue(contactType, { birthDate, edd, today }, rules) {
  const contact = rules.contacts.find(({ type, opens }) => type === contactType && opens);
  const start = contact?.counts_from === "birth" ? birthDate : edd;
  return contact && start
    ? due(/** @type {WindowedContact} */ (contact), start, today, rules.due_soon.days)
    : null;
}

/**
 * The words for a contact type, or the type itself where the rules do not have it.
 * @param {string} contactType
 * @param {ContactRules} rules
 */
export function contactTitle(contactType, rules) {
  return rules.contacts.find((contact) => contact.type === contactType)?.title ?? contactType;
}

/**
 * @param {WindowedContact} contact
 * @param {string} start
 * @param {string} today
 * @param {number} dueSoonDays
 * @returns {DueContact}
 */
function due(contact, start, today, dueSoonDays) {
  const opensOn = after(start, contact.opens);
  const targetEnd = after(start, contact.target_end);
  const limitOn = after(start, contact.limit);
  const daysLeft = daysBetween(today, targetEnd);
  /** @type {State} */
  let state = daysLeft <= dueSoonDays ? "due_soon" : "due";
  if (today > limitOn) state = "breached";
  else if (daysLeft < 0) state = "overdue";
  else if (today < opensOn) state = "not_yet";
  return {
    contactType: contact.type,
    title: contact.title,
    opensOn,
    targetEnd,
    limitOn,
    state,
    daysLeft,
    text: text(contact.title, state, opensOn, targetEnd, today),
    confirmed: contact.opens.confirmed && contact.target_end.confirmed && contact.limit.confirmed,
  };
}

/**
 * @param {string} title
 * @param {State} state
 * @param {string} opensOn
 * @param {string} targetEnd
 * @param {string} today
 */
function text(title, state, opensOn, targetEnd, today) {
  if (state === "not_yet") return `${title} can start on ${formatNearDate(opensOn, today)}`;
  if (state === "overdue" || state === "breached") {
    const since = formatNearDate(addDays(targetEnd, 1), today);
    return state === "breached" ? `${title} very late, since ${since}` : `${title} late since ${since}`;
  }
  const daysLeft = daysBetween(today, targetEnd);
  if (daysLeft === 0) return `${title} due today`;
  return `${title} due by ${formatNearDate(targetEnd, today)}, ${daysLeft} ${daysLeft === 1 ? "day" : "days"} left`;
}

/**
 * @param {string} start
 * @param {Limit} limit
 */
function after(start, limit) {
  return limit.months === undefined ? addDays(start, limit.days ?? 0) : addMonths(start, limit.months);
}
