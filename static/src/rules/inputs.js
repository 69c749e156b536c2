/**
 * Reading what a case gives, by the names and kinds that the rules' inputs have. What cannot be read is not guessed: it
 * becomes the reason why the rule cannot say. `hvapp/domain/rules/given.py` reads the same.
 */

import { isMapping, readDate, readDecimal } from "../forms/answers.js";
import { daysBetween } from "../lib/dates.js";

/**
 * @typedef {import("./answering.js").Given} Given
 * @typedef {{type: string, min?: string | number, max?: string | number, values?: string[],
 *   also?: {[said: string]: string}}} Spec
 */

const NUMBER = /^-?[0-9]{1,9}(\.[0-9]+)?$/;
const PLACES = 12;
const ONE = 10n ** 12n;
/** @type {{[said: string]: boolean}} */
const YES = { yes: true, y: true, true: true, no: false, n: false, false: false };

/** Why an input cannot be used, in words that end a sentence. */
export class Unreadable extends Error {}

/**
 * The inputs that were given. Throws Unreadable for one that is not of its kind, or contradicts another.
 * @param {{[name: string]: unknown}} inputs
 * @param {{[name: string]: Spec}} specs
 * @returns {Given}
 */
export function readInputs(inputs, specs) {
  /** @type {Given} */
  const given = {};
  for (const [name, value] of Object.entries(inputs)) {
    if (value !== null && value !== "") given[name] = read(name, value, specs[name]);
  }
  if (given.date_of_birth && given.on) {
    const days = daysBetween(given.date_of_birth, given.on);
    if (days < 0) throw new Unreadable("on is before date_of_birth");
    if ((given.age_days ?? days) !== days) throw new Unreadable("age_days does not fit the dates");
    given.age_days = days;
  }
  if (given.age_hours !== undefined) {
    const hours = Number(given.age_hours);
    given.age_days ??= Math.floor(hours / 24);
    // Days of the calendar: the first may be a minute long, and the clocks may have been changed.
    const days = given.age_days;
    if (hours < 24 * (days - 1) - 1 || hours > 24 * (days + 1) + 1) {
      throw new Unreadable("age_hours does not fit the age in days");
    }
  }
  if (given.previous_on) checkOrder(given, "previous_on", false);
  if (given.last_weighed_on) checkOrder(given, "last_weighed_on", true);
  return given;
}

/**
 * What was measured before was measured after the birth, and before the day that is asked about.
 * @param {Given} given
 * @param {string} name
 * @param {boolean} mayBeOn
 */
function checkOrder(given, name, mayBeOn) {
  const { [name]: day, date_of_birth: birth, on } = given;
  if (birth && day < birth) throw new Unreadable(`${name} is before date_of_birth`);
  if (on && day > on && mayBeOn) throw new Unreadable(`${name} is after on`);
  if (on && day >= on && !mayBeOn) throw new Unreadable(`${name} is not before on`);
}

/**
 * Without the blanks around it that both languages know.
 * @param {string} text
 */
export function trimmed(text) {
  return text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "");
}

/**
 * Small letters and digits, joined by "_": "Child protection" is child_protection. Nothing but text, yes and no, and
 * numbers says anything.
 * @param {unknown} value
 */
function plain(value) {
  const says = ["string", "boolean", "number"].includes(typeof value);
  return String(says ? value : "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "");
}

/**
 * @param {string} name
 * @param {unknown} value
 * @param {Spec} spec
 * @returns {unknown}
 */
function read(name, value, spec) {
  switch (spec.type) {
    case "date": {
      const day = readDate(value);
      if (day === null) throw new Unreadable(`${name} must be a date such as 2026-05-03`);
      return day;
    }
    case "integer":
    case "decimal":
      return number(name, value, spec);
    case "yes_no": {
      const said = plain(value);
      if (!Object.hasOwn(YES, said)) throw new Unreadable(`${name} must be yes or no`);
      return YES[said];
    }
    case "choice":
      return choice(name, value, spec);
    case "choices":
      if (!Array.isArray(value)) throw new Unreadable(`${name} must be a list`);
      return value.filter((one) => plain(one) !== "none").map((one) => choice(name, one, spec));
    case "list":
      if (!Array.isArray(value) || !value.every(isMapping)) {
        throw new Unreadable(`${name} must be a list of records`);
      }
      return value;
    default:
      if (typeof value !== "string") throw new Unreadable(`${name} must be text`);
      return value;
  }
}

/**
 * @param {string} name
 * @param {unknown} value
 * @param {Spec} spec
 */
function number(name, value, { type, min, max }) {
  const text = written(value);
  const size = readDecimal(text);
  if (text === null || size === null) throw new Unreadable(`${name} must be a number`);
  if (type === "integer" && size % ONE !== 0n) throw new Unreadable(`${name} must be a whole number`);
  const [low, high] = [min, max].map((limit) => /** @type {bigint} */ (readDecimal(String(limit))));
  if (size < low || size > high) throw new Unreadable(`${name} must be from ${min} to ${max}`);
  return type === "integer" ? Number(size / ONE) : text;
}

/**
 * A number as text, without an exponent and with at most 12 decimals, which is finer than anything measured.
 * @param {unknown} value
 */
function written(value) {
  let text = value;
  if (typeof value === "number") text = String(value).includes("e-") ? value.toFixed(20) : String(value);
  if (typeof text !== "string" || !NUMBER.test(trimmed(text))) return null;
  const [whole, part] = trimmed(text).split(".");
  return part === undefined ? whole : `${whole}.${part.slice(0, PLACES)}`;
}

/**
 * @param {string} name
 * @param {unknown} value
 * @param {Spec} spec
 */
function choice(name, value, { values = [], also = {} }) {
  let said = plain(value);
  if (Object.hasOwn(also, said)) said = also[said];
  if (!values.includes(said)) throw new Unreadable(`${name} must be one of ${values.join(", ")}`);
  return said;
}
