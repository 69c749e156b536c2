/**
 * Immunisations due, overdue, too early and no longer possible, rule IMM. The schedule is data; what the states mean is
 * said in `hvapp/domain/rules/immunisations.py`, which answers the same. Days are numbers here, counted from 1970: a whole
 * caseload is worked out at once.
 */

import { readDate } from "../forms/answers.js";
import { addMonthsToDay, dayNumber, fromDayNumber } from "../lib/dates.js";

/**
 * @typedef {{days?: number, months?: number, date?: string}} Distance
 * @typedef {{due: Distance, from?: Distance, after?: Distance, to?: Distance, before?: Distance, born_from?: string,
 *   born_to?: string, campaign?: boolean, after_vaccine?: Distance & {vaccine: string}, confirmed?: boolean}} DoseRule
 * @typedef {{id: string, counts: string[], when?: string, confirmed: boolean, doses: DoseRule[]}} Course
 * @typedef {{overdue_after: number, names: {[vaccine: string]: string[]}, courses: Course[]}} Schedule
 * @typedef {{vaccine: string, number: number, state: string, dueOn: number, earliest: number, latest: number | null,
 *   givenOn: number | null, confirmed: boolean}} Dose
 * @typedef {{day: number, vaccine: string}} Taken
 * @typedef {import("./answering.js").Given} Given
 * @typedef {import("./answering.js").Answer} Answer
 */

const STATES = ["overdue", "due", "too_early", "not_yet", "no_longer_possible", "given"];

/** @type {WeakMap<Schedule["names"], Map<string, string>>} */
const byName = new WeakMap();

/**
 * @param {Given} given
 * @param {Schedule} data
 * @returns {Answer}
 */
export function schedule(given, data) {
  const { doses, notCounted } = workOut(given, data);
  if (given.vaccine !== undefined) return one(given, doses, data);
  /** @type {{[state: string]: string[]}} */
  const lists = Object.fromEntries(STATES.map((state) => [state, []]));
  let next = Infinity;
  for (const dose of doses) {
    lists[dose.state].push(doseName(dose));
    if (dose.state === "not_yet" || dose.state === "too_early") next = Math.min(next, dose.dueOn);
  }
  let status = lists.due.length ? "due" : "up_to_date";
  if (lists.overdue.length) status = "overdue";
  return {
    status,
    ...lists,
    overdue_text: lists.overdue.join(", "),
    due_text: lists.due.join(", "),
    next_due_on: next === Infinity ? null : fromDayNumber(next),
    not_counted: [...new Set(notCounted)],
    history_known: given.history !== undefined,
  };
}

/**
 * Every dose of the child's schedule, and in words what was given and does not count.
 * @param {Given} given
 * @param {Schedule} data
 */
export function workOut(given, data) {
  const birth = dayNumber(given.date_of_birth);
  const on = dayNumber(given.on);
  /** @type {string[]} */
  const notCounted = [];
  const history = readable(given.history ?? [], data.names, birth, on, notCounted);
  /** @type {Dose[]} */
  const doses = [];
  for (const course of data.courses) {
    if (!course.when || given.selective?.includes(course.when)) {
      doses.push(...ofCourse(course, history, given.date_of_birth, birth, on, data, notCounted));
    }
  }
  return { doses, notCounted };
}

/** @param {Dose} dose */
export function doseName({ vaccine, number }) {
  return `${vaccine} dose ${number}`;
}

/**
 * The answer about one vaccine: the dose that is named, else the first that is not given. A vaccine without a course of its
 * own is asked about by the courses that it counts towards.
 * @param {Given} given
 * @param {Dose[]} doses
 * @param {Schedule} data
 * @returns {Answer}
 */
function one(given, doses, { names, courses }) {
  const vaccine = vaccineNamed(given.vaccine, names) ?? given.vaccine;
  const own = courses.some(({ id }) => id === vaccine);
  const asked = courses.filter(({ id, counts }) => (own ? id === vaccine : counts.includes(vaccine)));
  const ofIt = doses.filter(
    (dose) =>
      asked.some(({ id }) => id === dose.vaccine) && (given.dose === undefined || dose.number === given.dose),
  );
  const chosen = ofIt.find((dose) => dose.state !== "given") ?? ofIt.at(-1);
  if (!chosen) return { status: "not_on_schedule", vaccine };
  return {
    status: chosen.state,
    overdue_text: doseName(chosen),
    due_text: doseName(chosen),
    vaccine: chosen.vaccine,
    dose: chosen.number,
    due_on: fromDayNumber(chosen.dueOn),
    earliest: fromDayNumber(chosen.earliest),
    latest: chosen.latest === null ? null : fromDayNumber(chosen.latest),
    given_on: chosen.givenOn === null ? null : fromDayNumber(chosen.givenOn),
    confirmed: chosen.confirmed,
  };
}

/**
 * The vaccine by any of its names, small letters and digits compared.
 * @param {unknown} text
 * @param {Schedule["names"]} names
 */
export function vaccineNamed(text, names) {
  if (typeof text !== "string") return undefined;
  let known = byName.get(names);
  if (!known) {
    const pairs = Object.entries(names).flatMap(([vaccine, all]) =>
      [vaccine, ...all].map((one) => [one, vaccine]),
    );
    known = new Map(/** @type {[string, string][]} */ (pairs));
    byName.set(names, known);
  }
  // Its own name, as the form offers it, needs no comparing.
  return known.get(text) ?? known.get(text.toLowerCase().replace(/[^a-z0-9]/g, ""));
}

/**
 * The doses that were given, each once and in order.
 * @param {Given[]} history
 * @param {Schedule["names"]} names
 * @param {number} birth
 * @param {number} on
 * @param {string[]} notCounted
 * @returns {Taken[]}
 */
function readable(history, names, birth, on, notCounted) {
  /** @type {Taken[]} */
  const known = [];
  for (const { vaccine: text, date } of history) {
    const vaccine = vaccineNamed(text, names);
    const civil = readDate(date);
    const said = typeof text === "string" ? text : "?";
    if (!vaccine) notCounted.push(`${said}: not a vaccine of this schedule`);
    else if (civil === null) notCounted.push(`${vaccine}: no date`);
    else {
      const day = dayNumber(civil);
      if (day < birth || day > on) {
        notCounted.push(`${vaccine} ${civil}: before the birth or in the future`);
      } else known.push({ day, vaccine });
    }
  }
  known.sort((one, other) => one.day - other.day || (one.vaccine < other.vaccine ? -1 : 1));
  return known.filter(
    ({ day, vaccine }, at) => at === 0 || known[at - 1].day !== day || known[at - 1].vaccine !== vaccine,
  );
}

/**
 * @param {Course} course
 * @param {Taken[]} history
 * @param {string} born
 * @param {number} birth
 * @param {number} on
 * @param {Schedule} data
 * @param {string[]} notCounted
 * @returns {Dose[]}
 */
function ofCourse(course, history, born, birth, on, data, notCounted) {
  const given = history.filter(({ vaccine }) => course.counts.includes(vaccine));
  /** @type {Dose[]} */
  const doses = [];
  /** @type {number | null} */
  let last = null;
  /** @type {number | null} the day on which the missing dose before could be given at the earliest */
  let waitsFor = null;
  let lapsed = false;
  for (const rule of course.doses) {
    if ((rule.born_from ?? born) > born || (rule.born_to ?? born) < born) continue;
    /** @type {number | null} */
    let taken = null;
    while (given.length && taken === null) {
      const { day, vaccine } = /** @type {Taken} */ (given.shift());
      if (day >= earliestOf(rule, birth, last, history, day)) taken = day;
      else notCounted.push(`${vaccine} ${fromDayNumber(day)}: given too early`);
      last = day;
    }
    const own = taken ?? earliestOf(rule, birth, last, history, on);
    let earliest = own;
    if (waitsFor !== null && taken === null) {
      earliest = Math.max(own, earliestOf(rule, birth, waitsFor, history, on));
    }
    const dueOn = Math.max(moment(rule.due, birth), own);
    const latest = latestOf(rule, birth);
    let state = taken === null ? stateOf(on, dueOn, earliest, latest, waitsFor !== null) : "given";
    if (state === "due" && on > dueOn + data.overdue_after && !rule.campaign) state = "overdue";
    lapsed ||= state === "no_longer_possible";
    if (lapsed && taken === null) state = "no_longer_possible";
    const number = doses.length + 1;
    const vaccine = course.id;
    const { confirmed = course.confirmed } = rule;
    doses.push({ vaccine, number, state, dueOn, earliest, latest, givenOn: taken, confirmed });
    if (taken === null) waitsFor = Math.max(on, earliest);
  }
  return doses;
}

/**
 * A dose that waits for a missing one is late by its own date; one whose interval is running is too early.
 * @param {number} on
 * @param {number} dueOn
 * @param {number} earliest
 * @param {number | null} latest
 * @param {boolean} waits
 */
function stateOf(on, dueOn, earliest, latest, waits) {
  if (latest !== null && Math.max(on, earliest) > latest) return "no_longer_possible";
  if (on < earliest && !(waits && on >= dueOn)) return "too_early";
  return on >= dueOn ? "due" : "not_yet";
}

/**
 * The youngest age, or the end of the intervals that have to pass first: since the dose before, and since the last dose of
 * another vaccine that was given by that day.
 * @param {DoseRule} rule
 * @param {number} birth
 * @param {number | null} last
 * @param {Taken[]} history
 * @param {number} by
 */
function earliestOf(rule, birth, last, history, by) {
  let day = moment(rule.from ?? rule.due, birth);
  if (last !== null && rule.after) day = Math.max(day, moment(rule.after, last));
  const { after_vaccine: wait } = rule;
  if (wait) {
    for (const one of history) {
      if (one.vaccine === wait.vaccine && one.day <= by) day = Math.max(day, moment(wait, one.day));
    }
  }
  return day;
}

/**
 * @param {DoseRule} rule
 * @param {number} birth
 */
function latestOf(rule, birth) {
  if (rule.before) return moment(rule.before, birth) - 1;
  return rule.to ? moment(rule.to, birth) : null;
}

/**
 * The day that far from another; a month without such a day ends on its last day.
 * @param {Distance} distance
 * @param {number} start
 */
function moment({ date, months, days = 0 }, start) {
  if (date) return dayNumber(date);
  if (months === undefined) return start + days;
  return addMonthsToDay(start, months);
}
