/** How the caseload is put in order and what can be picked out of it. */

import { daysBetween } from "../lib/dates.js";
import { isPreterm } from "./people.js";

/** @typedef {import("./people.js").Subject} Subject */

const NEW_BABY_DAYS = 28;
const ATTEMPTS = 2;
const LEVELS = ["specialist", "targeted", "universal", "community"];

/** @type {{id: string, words: string, has: (subject: Subject, today: string) => boolean}[]} */
export const FILTERS = [
  { id: "all", words: "All", has: () => true },
  { id: "overdue", words: "Overdue", has: ({ next }) => ["overdue", "breached"].includes(next?.state ?? "") },
  { id: "due", words: "Due now", has: ({ next }) => ["due", "due_soon"].includes(next?.state ?? "") },
  { id: "due_soon", words: "Due soon", has: ({ next }) => next?.state === "due_soon" },
  { id: "no_access", words: "No access twice or more", has: (subject) => attempts(subject) >= ATTEMPTS },
  {
    id: "new",
    words: "New babies",
    has: ({ kind, body }, today) => kind === "child" && daysBetween(body.birth_date, today) <= NEW_BABY_DAYS,
  },
  { id: "antenatal", words: "Antenatal", has: ({ kind }) => kind === "pregnancy" },
  {
    id: "more_help",
    words: "Targeted and specialist",
    has: ({ body }) => ["targeted", "specialist"].includes(body.need_level),
  },
  {
    id: "protection",
    words: "Protection plan or looked after",
    has: ({ body }) => Boolean(body.child_protection_plan || body.looked_after),
  },
  { id: "immunisations", words: "Immunisations overdue", has: ({ overdue }) => overdue.length > 0 },
  { id: "preterm", words: "Preterm", has: ({ body }) => isPreterm(body) },
  { id: "twins", words: "Twins", has: ({ body }) => (body.births_in_pregnancy ?? 1) > 1 },
  { id: "interpreter", words: "Interpreter", has: ({ body }) => Boolean(body.interpreter) },
  { id: "two_person", words: "Two-person visit", has: ({ body }) => Boolean(body.two_person_visit) },
];

/** @type {typeof FILTERS} whose, on a tablet that carries the whole team's */
export const WHOSE = [
  { id: "mine", words: "Mine", has: ({ mine }) => mine },
  { id: "team", words: "Team", has: () => true },
  { id: "unallocated", words: "Unallocated", has: ({ body }) => body.named_visitor === null },
];

/**
 * How often nobody was found in since the last contact, with what this tablet has recorded and the record does not have.
 * @param {Subject} subject
 */
export function attempts({ body, visits }) {
  const contacts = body.contacts ?? [];
  const reached = contacts.findIndex((/** @type {any} */ one) => one.contact_type !== "no_access");
  const since = reached < 0 ? contacts : contacts.slice(0, reached);
  const onRecord = new Set(contacts.map((/** @type {any} */ one) => one.visit_id));
  const here = visits.filter(
    ({ contactType, state, visitId }) =>
      contactType === "no_access" && state !== "draft" && !onRecord.has(visitId),
  );
  return since.length + here.length;
}

/**
 * By the last day on time, which each row names or implies; then need, then name.
 * @param {Subject} a
 * @param {Subject} b
 */
export function byUrgency(a, b) {
  return compare(a.next?.targetEnd ?? "9999", b.next?.targetEnd ?? "9999") || byNeed(a, b) || byName(a, b);
}

/** @param {Subject} a @param {Subject} b */
function byNeed(a, b) {
  return LEVELS.indexOf(a.body.need_level) - LEVELS.indexOf(b.body.need_level);
}

/** @param {Subject} a @param {Subject} b */
function byName(a, b) {
  return a.sortName.localeCompare(b.sortName);
}

/** @param {Subject} subject */
function district({ body }) {
  return (body.household?.postcode ?? "~").split(" ")[0].padEnd(5);
}

/** @param {string} a @param {string} b */
function compare(a, b) {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** @type {{id: string, words: string, compare: (a: Subject, b: Subject) => number}[]} */
export const ORDERS = [
  { id: "due", words: "Due first", compare: byUrgency },
  { id: "need", words: "Need level", compare: (a, b) => byNeed(a, b) || byUrgency(a, b) },
  { id: "name", words: "Name", compare: byName },
  {
    id: "area",
    words: "Area",
    compare: (a, b) => compare(district(a), district(b)) || byUrgency(a, b),
  },
];
