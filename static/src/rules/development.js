/** ASQ-3, rules D1 and D2. `hvapp/domain/rules/development.py` answers the same. */

import { addDays, addMonths, daysBetween, monthsBetween, TERM_DAYS } from "../lib/dates.js";
import { cannotSay, hasReached, notGiven, wholeGestation } from "./answering.js";

/**
 * @typedef {import("./answering.js").Given} Given
 * @typedef {import("./answering.js").Limits} Limits
 * @typedef {import("./answering.js").Answer} Answer
 * @typedef {{interval: number, confirmed: boolean, below: {[area: string]: string},
 *   monitor_below?: {[area: string]: string}}} CutOffs
 * @typedef {{areas: string[], cut_offs: CutOffs[],
 *   from: {interval: number | null, also?: number, months: number, days: number}[]}} Asq
 */

/**
 * D1. A verdict only by a confirmed cut-off.
 * @param {Given} given
 * @param {Asq} asq
 * @returns {Answer}
 */
export function scores(given, asq) {
  const { areas } = asq;
  const score = (/** @type {string} */ area) => given[`asq_${area}`];
  if (areas.every((area) => score(area) === undefined)) {
    return notGiven(...areas.map((area) => `asq_${area}`));
  }
  const row = asq.cut_offs.find(({ interval }) => interval === given.asq_interval);
  const known = row?.confirmed === true;
  /** @type {{[area: string]: string}} */
  const told = {};
  for (const area of areas) {
    told[area] = "unconfirmed_cut_off";
    if (score(area) === undefined) told[area] = "not_given";
    else if (row && known) told[area] = verdict(Number(score(area)), row, area);
  }
  if (!known) return { status: "unconfirmed_cut_off", confirmed: false, ...told };
  const list = (/** @type {string} */ said) =>
    areas
      .filter((area) => told[area] === said)
      .map((area) => area.replace("_", " "))
      .join(", ");
  const lists = { refer_text: list("refer"), monitor_text: list("monitor") };
  const said = Object.values(told);
  for (const status of ["refer", "monitor", "not_given", "not_below_cut_off"]) {
    if (!said.includes(status)) continue;
    if (status === "not_given") return cannotSay("not every area has a score", told);
    return { status, ...told, ...lists };
  }
  return { status: "expected", ...told };
}

/**
 * @param {number} score
 * @param {CutOffs} row
 * @param {string} area
 */
function verdict(score, row, area) {
  if (score < Number(row.below[area])) return "refer";
  const zone = row.monitor_below?.[area];
  if (zone === undefined) return "not_below_cut_off";
  return score < Number(zone) ? "monitor" : "expected";
}

/**
 * D2.
 * @param {Given} given
 * @param {Limits} limits
 * @param {Asq} asq
 * @returns {Answer}
 */
export function interval(given, limits, asq) {
  let start = given.date_of_birth;
  let corrected = false;
  if (!hasReached(given, limits.corrected_until)) {
    const gestation = wholeGestation(given);
    if (gestation === null) {
      return cannotSay("the gestation is not known, so it is not known whether to correct the age");
    }
    corrected = TERM_DAYS - gestation >= limits.corrected_from_weeks_early * 7;
    if (corrected) start = addDays(start, TERM_DAYS - gestation);
  }
  // No range begins more than a month's shortest length after its month, so only this month's own days are looked at.
  const age = monthsBetween(start, given.on);
  const day = daysBetween(addMonths(start, age), given.on);
  const fitting = asq.from.findLast((one) => one.months < age || (one.months === age && one.days <= day));
  const { interval: found = null, also = null } = fitting ?? {};
  const workedOut = { interval: found, also, corrected };
  if (found === null) return { status: "outside", ...workedOut };
  const fits = [found, also].includes(given.asq_interval ?? found);
  const also_text = also ? `; so does that of ${also} months` : "";
  return { status: fits ? "fits" : "other", also_text, ...workedOut };
}
