/** One row of a list of children or visits; the whole row opens it. */

import { civilDate, daysBetween, formatDate, formatNearDate } from "../lib/dates.js";
import { el, fill, piece, slot } from "./dom.js";
import { ageLine, marksOf, tagItems, tagOf } from "./people.js";
import { count, inSentence, LEVEL, STATE, when, word } from "./words.js";

/**
 * @typedef {import("./people.js").Subject} Subject
 * @typedef {import("./visits.js").VisitState} VisitState
 * @typedef {{words: string, press: () => unknown}} Act
 */

const PRESSING = new Set(["overdue", "breached"]);

/**
 * @param {Subject} subject
 * @param {string} today
 * @param {{open: (subject: Subject) => void, contactTitle: (contactType: string) => string}} options
 */
export function subjectRow(subject, today, { open, contactTitle }) {
  const { body, next } = subject;
  const row = fill(piece("row"), {
    title: subject.name,
    meta: [ageLine(subject, today), body.household?.area, word(LEVEL, body.need_level)]
      .filter(Boolean)
      .join(". "),
    why: whyWords(subject) + limitWords(next, today),
    last: lastWords(body, contactTitle, today),
    tags: tagItems(marksOf(subject)),
    side: sideTags(subject),
  });
  if (next && PRESSING.has(next.state)) slot(row, "why").classList.add("app-row__why--late");
  link(row, "#/child", () => open(subject));
  return row;
}

/**
 * Why the child is where it is on the list.
 * @param {Subject} subject
 */
export function whyWords({ body, next }) {
  if (body.deceased_on) return "No contacts are due";
  return next ? next.text : "Nothing is due";
}

/**
 * Late, but not yet past the day by which it counts.
 * @param {Subject["next"]} next
 * @param {string} today
 */
function limitWords(next, today) {
  if (next?.state !== "overdue") return "";
  const days = daysBetween(today, next.limitOn);
  return days ? `, ${count(days, "day")} to the limit` : ", the limit is today";
}

/**
 * @param {Record<string, any>} body
 * @param {(contactType: string) => string} title
 * @param {string} today
 */
function lastWords({ contacts = [] }, title, today) {
  const last = contacts.find((/** @type {any} */ one) => one.contact_type !== "no_access");
  return last
    ? `Last contact ${formatNearDate(last.on, today)}, ${inSentence(title(last.contact_type))}`
    : "No contact yet";
}

/** @param {Subject} subject */
function sideTags({ visits }) {
  const tags = [];
  const pressing = visits.find(({ state }) => !["in_red_book", "approved", "withdrawn"].includes(state));
  if (pressing) tags.push(stateTag(pressing));
  return tags;
}

/** @param {VisitState} visit */
export function stateTag({ state, visit }) {
  const { words, tag } = STATE[state];
  const since = state === "in_red_book" ? visit?.red_book?.at : null;
  return tagOf(since ? `${words}, ${formatDate(civilDate(new Date(since)))}` : words, tag);
}

/**
 * @param {VisitState} state
 * @param {{name: string, contact: string, why?: string | null, open: () => void,
 *   act?: Act | null, also?: Act | null}} options act, also: buttons beside the visit
 */
export function visitRow(state, { name, contact, why, open, act = null, also = null }) {
  const row = fill(piece("row"), {
    title: name,
    meta: `${contact}, ${when(state.at)}`,
    why: why ?? null,
    last: null,
    tags: null,
    side: [stateTag(state)],
  });
  link(row, "#/child", open);
  for (const one of [act, also]) if (one) slot(row, "side").append(actButton(one, name));
  return row;
}

/**
 * @param {{words: string, press: () => unknown}} act
 * @param {string} name whose visit, for those who hear the button alone
 */
export function actButton({ words, press }, name) {
  const about = el("span", { class: "nhsuk-u-visually-hidden" }, `: ${name}`);
  const button = el("button", { type: "button", class: "app-row__act" }, words, about);
  button.addEventListener("click", () => press());
  return button;
}

/**
 * @param {HTMLElement} row
 * @param {string} href says which screen; which child travels apart
 * @param {() => void} open
 */
export function link(row, href, open) {
  const anchor = /** @type {HTMLAnchorElement} */ (slot(row, "title"));
  anchor.href = href;
  anchor.addEventListener("click", (event) => {
    event.preventDefault();
    open();
  });
}

/**
 * A list item that opens something, as text.
 * @param {string} words
 * @param {string} href
 * @param {() => void} open
 */
export function linkItem(words, href, open) {
  const anchor = el("a", { href, class: "app-link-button" }, words);
  anchor.addEventListener("click", (event) => {
    event.preventDefault();
    open();
  });
  return anchor;
}
