/**
 * What every rule answers in: a status, and the numbers it worked out. `hvapp/domain/rules/answering.py` does the same.
 *
 * What is given holds civil dates and decimals as text, integers as numbers, yes and no as booleans; what is not known is
 * absent.
 *
 * @typedef {{[name: string]: any}} Given
 * @typedef {{[name: string]: any}} Limits
 * @typedef {{status: string, [name: string]: any}} Answer
 * @typedef {{version: number, growth_method: "digital" | "paper", limits: {[rule: string]: Limits},
 *   immunisations: import("./immunisations.js").Schedule, asq: import("./development.js").Asq}} RuleBook
 */

import { addMonths } from "../lib/dates.js";

/**
 * @param {string} reason
 * @param {object} [workedOut]
 * @returns {Answer}
 */
export function cannotSay(reason, workedOut) {
  return { status: "cannot_say", reason, ...workedOut };
}

/** @param {string[]} names */
export function notGiven(...names) {
  return cannotSay(
    names.length < 3 ? `${names.join(" and ")} not given` : `none of ${names.join(", ")} given`,
  );
}

/**
 * Whether the child is so many calendar months old; by 365.25 days a year where only the days are known.
 * @param {Given} given
 * @param {number} months
 */
export function hasReached(given, months) {
  return given.date_of_birth && given.on
    ? given.on >= addMonths(given.date_of_birth, months)
    : given.age_days * 48 >= months * 1461;
}

/**
 * The whole pregnancy in days, where weeks and days are both known; never 40 weeks by default.
 * @param {Given} given
 * @returns {number | null}
 */
export function wholeGestation({ gestation_weeks: weeks, gestation_days: days }) {
  return weeks === undefined || days === undefined ? null : weeks * 7 + days;
}

/**
 * The number in text with two decimals, alike in both languages.
 * @param {number} number
 */
export function twoPlaces(number) {
  const hundredths = Math.floor(Math.abs(number) * 100 + 0.5);
  const sign = number < 0 && hundredths ? "-" : "";
  return `${sign}${Math.floor(hundredths / 100)}.${String(hundredths % 100).padStart(2, "0")}`;
}
