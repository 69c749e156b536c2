/** Children and pregnancies as the screens show them: names, ages, words for twins, and what is due. */

import { ageText, civilDate, correctedAgeText, formatDate } from "../lib/dates.js";
import { formatNhsNumber } from "../lib/nhs-number.js";
import { nextContact } from "../rules/contacts.js";
import { el, fill, icon, piece } from "./dom.js";
import { LEVEL, listed, SEX, word } from "./words.js";

/**
 * @typedef {Record<string, any>} Body a child or pregnancy as the server sent it
 * @typedef {import("../rules/contacts.js").DueContact} DueContact
 * @typedef {import("./visits.js").VisitState} VisitState
 * @typedef {{id: string, kind: "child" | "pregnancy", body: Body, name: string, sortName: string, search: string,
 *   next: DueContact | null, visits: VisitState[], overdue: string[], mine: boolean}} Subject overdue: doses, by name;
 *   mine: allocated to whoever has unlocked, and not a colleague's or nobody's whom the team's tablets carry too
 */

/** Not made yet, or kept as not made. */
export const UNCOUNTED = new Set(["draft", "withdrawing", "withdrawn", "set_aside"]);
const PRETERM_DAYS = 259;
const BIRTHS = { 2: "Twin", 3: "Triplet", 4: "Quadruplet" };

/**
 * Every child and pregnancy of the caseload with what is due for each.
 * @param {{children: Map<string, Body>, pregnancies: Map<string, Body>}} caseload
 * @param {VisitState[]} visits
 * @param {any} rules contact windows
 * @param {string} today
 * @param {(child: Body) => string[]} [overdue] immunisations
 * @param {string} [me] the account of whoever has unlocked
 * @returns {Map<string, Subject>}
 */
export function buildRoster(caseload, visits, rules, today, overdue = () => [], me) {
  /** @type {Map<string, VisitState[]>} */
  const byChild = new Map();
  for (const visit of visits) {
    const list = byChild.get(visit.childId);
    if (list) list.push(visit);
    else byChild.set(visit.childId, [visit]);
  }
  /** @type {Map<string, Subject>} */
  const roster = new Map();
  for (const [id, body] of caseload.children) {
    roster.set(id, subject("child", body, byChild.get(id) ?? [], rules, today, overdue(body), me));
  }
  for (const [id, body] of caseload.pregnancies) {
    roster.set(id, subject("pregnancy", body, byChild.get(id) ?? [], rules, today, [], me));
  }
  return roster;
}

/**
 * @param {"child" | "pregnancy"} kind
 * @param {Body} body
 * @param {VisitState[]} visits
 * @param {any} rules
 * @param {string} today
 * @param {string[]} overdue
 * @param {string | undefined} me
 * @returns {Subject}
 */
function subject(kind, body, visits, rules, today, overdue, me) {
  const name = kind === "child" ? childName(body) : body.mother.name;
  const done = new Set((body.contacts ?? []).map((/** @type {Body} */ contact) => contact.contact_type));
  // A visit recorded here counts at once: nobody should be told to do again what waits in the outbox.
  for (const visit of visits) if (!UNCOUNTED.has(visit.state)) done.add(visit.contactType);
  done.delete("no_access");
  const next = body.deceased_on
    ? null
    : nextContact({ birthDate: body.birth_date, edd: body.edd, done, today }, rules);
  const people = (body.household?.members ?? []).map((/** @type {Body} */ member) => member.name);
  const number = body.nhs_number ?? body.mother?.nhs_number ?? "";
  const { postcode = "", area = "" } = body.household ?? {};
  return {
    id: body.id,
    kind,
    body,
    name,
    sortName: kind === "child" ? `${body.family_name} ${body.given_name}` : lastFirst(name),
    search: normalise(`${name} ${people.join(" ")} ${area} ${postcode} ${squeeze(postcode)} ${number}`),
    next,
    visits,
    overdue,
    // An older service does not say, and sends one's own only.
    mine: body.named_visitor === undefined || body.named_visitor?.id === me,
  };
}

/** @param {Body} child */
export function childName(child) {
  return `${child.given_name} ${child.family_name}`;
}

/** @param {string} name */
function lastFirst(name) {
  const parts = name.split(" ");
  return `${parts.at(-1)} ${parts.slice(0, -1).join(" ")}`;
}

/** @param {string} text */
function squeeze(text) {
  return text.replaceAll(" ", "");
}

/** @param {string} text */
function normalise(text) {
  return text
    .normalize("NFD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase();
}

/**
 * A test for what was typed: every word must be found; a number or postcode may be typed with or without spaces.
 * @param {string} query
 * @returns {(subject: Subject) => boolean}
 */
export function matcher(query) {
  const typed = normalise(query.trim());
  if (!typed) return () => true;
  const words = typed.split(/\s+/);
  const together = squeeze(typed);
  // Digits in groups are one number, not several words.
  if (/^\d+$/.test(together)) return ({ search }) => search.includes(together);
  return ({ search }) => words.every((part) => search.includes(part)) || search.includes(together);
}

/**
 * "Twin 1 of 2", or null for a single birth.
 * @param {Body} child
 */
export function twinWords(child) {
  const births = child.births_in_pregnancy ?? 1;
  if (births < 2) return null;
  return `${/** @type {any} */ (BIRTHS)[births] ?? "Baby"} ${child.birth_order} of ${births}`;
}

/** @param {Body} child */
export function isPreterm(child) {
  return child.gestation_days != null && child.gestation_days < PRETERM_DAYS;
}

/** @param {string | null | undefined} number */
export function numberWords(number) {
  return number ? formatNhsNumber(number) : "Not known yet";
}

/** @param {number} days */
export function gestationWords(days) {
  const over = days % 7;
  return `${Math.floor(days / 7)} weeks${over ? ` and ${over} ${over === 1 ? "day" : "days"}` : ""}`;
}

/** @param {string | null | undefined} language */
export function languageName(language) {
  if (!language) return null;
  if (!/^[a-z]{2,3}(-[A-Za-z]+)?$/.test(language)) return language;
  try {
    return new Intl.DisplayNames("en-GB", { type: "language" }).of(language) ?? language;
  } catch {
    return language;
  }
}

/**
 * "12 days old, born 3 May 2026" or "due 3 May 2026".
 * @param {Subject} subject
 * @param {string} today
 */
export function ageLine({ kind, body }, today) {
  if (kind === "pregnancy") return `Baby due ${formatDate(body.edd)}`;
  if (body.deceased_on) return `Died ${formatDate(body.deceased_on)}`;
  return `${ageText(body.birth_date, today)}, born ${formatDate(body.birth_date)}`;
}

/**
 * Flags in words: what must be known before the door opens.
 * @param {Body} body
 * @param {string[]} [overdue] immunisations
 * @returns {{words: string, tag?: string}[]}
 */
export function flags(body, overdue = []) {
  /** @type {{words: string, tag?: string}[]} */
  const found = [];
  if (body.staff_risk) found.push({ words: "Staff risk", tag: "solid" });
  if (body.two_person_visit) found.push({ words: "Two-person visit", tag: "solid" });
  if (body.child_protection_plan) found.push({ words: "Child protection plan", tag: "red" });
  if (body.child_in_need_plan) found.push({ words: "Child in need plan", tag: "red" });
  if (body.looked_after) found.push({ words: "Looked after", tag: "red" });
  if (body.interpreter) {
    const language = languageName(body.language);
    found.push({ words: language ? `Interpreter: ${language}` : "Interpreter needed", tag: "info" });
  }
  const twin = twinWords(body);
  if (twin) found.push({ words: twin, tag: "amber" });
  if (isPreterm(body)) found.push({ words: `Preterm, ${gestationWords(body.gestation_days)}` });
  if (overdue.length) {
    const words = body.immunisations.length ? `overdue (${overdue.length})` : "not on record";
    found.push({ words: `Immunisations ${words}`, tag: "red" });
  }
  return found;
}

/**
 * Whose it is, where it is not one's own; then what must be known.
 * @param {Subject} subject
 */
export function marksOf(subject) {
  return [...whose(subject), ...flags(subject.body, subject.overdue)];
}

/**
 * @param {Subject} subject
 * @returns {{words: string, tag?: string}[]}
 */
function whose({ mine, body }) {
  if (mine) return [];
  const named = body.named_visitor;
  return [named ? { words: `Visitor: ${named.name}` } : { words: "Allocated to nobody", tag: "amber" }];
}

/**
 * @param {{words: string, tag?: string}[]} list
 * @returns {HTMLElement[]}
 */
export function tagItems(list) {
  return list.map(({ words, tag }) => el("li", {}, tagOf(words, tag)));
}

/**
 * @param {string} words
 * @param {string} [tag]
 */
export function tagOf(words, tag) {
  const mark = tag === "solid" ? [icon("warn"), " "] : [];
  return el("span", { class: tag ? `app-tag app-tag--${tag}` : "app-tag" }, ...mark, words);
}

/**
 * What to know before going in, and whether somebody should have looked at it again by now.
 * @param {Body} body
 * @param {string} today
 */
export function riskWords(body, today) {
  const { staff_risk: risk, staff_risk_review_by: by, two_person_visit: pair, two_person_reason: why } = body;
  const twos = why ? `Go in twos: ${why.replace(/\.?$/, ".")}` : "Go in twos.";
  const words = [pair ? twos : null, risk ?? null];
  if ((risk || pair) && by) {
    const late = by < today;
    words.push(
      late
        ? `This was to be looked at again by ${formatDate(by)}: ask your team whether it still holds.`
        : `To be looked at again by ${formatDate(by)}.`,
    );
  }
  return words.filter(Boolean).join(" ") || null;
}

/**
 * The banner of a child or pregnancy.
 * @param {Subject} subject
 * @param {string} [today]
 * @returns {HTMLElement}
 */
export function banner(subject, today = civilDate(new Date())) {
  const { kind, body, name } = subject;
  const child = kind === "child";
  const living = child && !body.deceased_on;
  const corrected = living ? correctedAgeText(body.birth_date, body.gestation_days, today) : null;
  const age = living ? ageText(body.birth_date, today) : null;
  const twin = twinWords(body);
  /** @type {{words: string, tag?: string}[]} */
  const marks = whose(subject);
  if (twin) {
    const others = (body.siblings ?? []).filter((/** @type {Body} */ sibling) => sibling.twin);
    const names = listed(others.map((/** @type {Body} */ sibling) => sibling.name));
    marks.push({ words: names ? `${twin}, with ${names}` : twin, tag: "amber" });
  }
  if (body.deceased_on) marks.push({ words: `Died ${formatDate(body.deceased_on)}`, tag: "solid" });
  if (body.staff_risk) marks.push({ words: "Staff risk, see record", tag: "solid" });
  const shown = { ...body, staff_risk: null, births_in_pregnancy: 1, gestation_days: null };
  marks.push(...flags(shown));
  return fill(piece("banner"), {
    name,
    age,
    corrected: corrected && corrected !== age ? corrected : null,
    born: child ? formatDate(body.birth_date) : null,
    due: child ? null : formatDate(body.edd),
    number: numberWords(body.nhs_number ?? body.mother?.nhs_number),
    sex: child ? word(SEX, body.sex) : null,
    level: word(LEVEL, body.need_level),
    flags: tagItems(marks),
  });
}

/**
 * Records easy to mistake for this child: same surname, or same birthday.
 * @param {Subject} subject
 * @param {Map<string, Subject>} roster
 * @returns {{subject: Subject, surname: boolean, birthday: boolean}[]}
 */
export function lookalikes(subject, roster) {
  if (subject.kind !== "child") return [];
  const { family_name: family, birth_date: born } = subject.body;
  const found = [];
  for (const other of roster.values()) {
    if (other.kind !== "child" || other.id === subject.id) continue;
    const surname = normalise(other.body.family_name) === normalise(family);
    const birthday = other.body.birth_date === born;
    if (surname || birthday) found.push({ subject: other, surname, birthday });
  }
  return found;
}
