/**
 * The closed named checks, and what they say: whether one answer is possible, and whether it is likely.
 * `hvapp/domain/forms/checks.py` does the same, word for word.
 */

import { ageText, daysBetween } from "../lib/dates.js";
import {
  civilDay,
  decimalPlaces,
  own,
  readDate,
  readDecimal,
  readInstant,
  readNumber,
  rounded,
  scaled,
  size,
} from "./answers.js";
import { optionOf } from "./definition.js";
import { upperFirst } from "./wording.js";

/**
 * @typedef {import("./definition.js").Check} Check
 * @typedef {import("./definition.js").Field} Field
 * @typedef {import("./definition.js").Limits} Limits
 * @typedef {import("./logic.js").Live} Live
 */

const BABY_DAYS = 365;

/**
 * Why a usable answer is not possible, or null. The first reason found is the one to mend.
 * @param {Field} field
 * @param {any} value
 * @param {Live} live
 */
export function problemWith(field, value, live) {
  return limitProblem(field, value, live) ?? checkProblem(field, value, live);
}

/**
 * Length, exclusive options, decimals and hard limits, in this order.
 * @param {Field} field
 * @param {any} value
 * @param {Live} live
 * @returns {string | null}
 */
function limitProblem(field, value, live) {
  switch (field.type) {
    case "line":
    case "text": {
      const length = [...value].length;
      if (length <= (field.max_length ?? 0)) return null;
      return `${upperFirst(field.name)} must be ${field.max_length} characters or fewer. It has ${length} now.`;
    }
    case "choices": {
      const alone = value
        .map((/** @type {string} */ one) => optionOf(field, one))
        .find((/** @type {any} */ option) => option?.exclusive);
      if (!alone || value.length === 1) return null;
      return `Select either "${alone.label}" or the others, not both.`;
    }
    case "yes_no_each": {
      const left = field.options?.find((option) => !Object.hasOwn(value, option.value));
      return left ? `Select yes or no for ${left.label}.` : null;
    }
    case "integer":
    case "decimal":
      return numberProblem(field, value, live);
    default:
      return null;
  }
}

/**
 * @param {Field} field
 * @param {any} value
 * @param {Live} live
 * @returns {string | null}
 */
function numberProblem(field, value, live) {
  const number = readNumber(value) ?? 0n;
  const metres = field.checks?.find(({ check }) => check === "not_metres");
  if (metres && number > 0n && number < scaled(metres.limit)) {
    return `${field.label} ${value} looks like metres. Enter it in ${field.unit}, such as ${rounded(number * 100n, 1)}.`;
  }
  if (field.decimals !== undefined && decimalPlaces(value) > field.decimals) {
    const places = field.decimals === 1 ? "1 decimal place" : `${field.decimals} decimal places`;
    return `${upperFirst(field.name)} can have at most ${places}.`;
  }
  if (outside(number, field.hard) || beyondSds(field, field.hard?.sds, live)) {
    return impossible(field, value, live);
  }
  return null;
}

/**
 * @param {bigint} number
 * @param {Limits | undefined} limits
 */
function outside(number, limits) {
  return (
    (limits?.min !== undefined && number < scaled(limits.min)) ||
    (limits?.max !== undefined && number > scaled(limits.max))
  );
}

/**
 * @param {Field} field
 * @param {string | number | undefined} limit
 * @param {Live} live
 */
function beyondSds(field, limit, live) {
  const sds = readDecimal(own(live.facts, `sds.${field.id}`));
  return limit !== undefined && sds !== null && size(sds) > scaled(limit);
}

/**
 * @param {Field} field
 * @param {any} value
 * @param {Live} live
 */
function impossible(field, value, live) {
  const { min, max } = field.hard ?? {};
  if (field.measure) {
    return `${quantity(field, value)} is not possible${forWhom(field, live)}. Check the decimal point.`;
  }
  const name = upperFirst(field.name);
  if (min !== undefined && max !== undefined) return `${name} must be between ${min} and ${max}.`;
  return min !== undefined ? `${name} must be ${min} or more.` : `${name} must be ${max} or less.`;
}

/**
 * @param {Field} field
 * @param {any} value
 */
function quantity(field, value) {
  return `${field.label} ${value} ${field.unit}`;
}

/**
 * " for a baby of 8 weeks", or nothing where that is not known.
 * @param {Field} field
 * @param {Live} live
 */
function forWhom(field, live) {
  if (field.measure?.at_birth) return " at birth";
  const birth = readDate(own(live.facts, "birth_date"));
  const on = readDate(own(live.facts, "contact_date"));
  if (birth === null || on === null || on < birth) return "";
  return ` for a ${daysBetween(birth, on) < BABY_DAYS ? "baby" : "child"} of ${ageText(birth, on)}`;
}

/**
 * @param {Field} field
 * @param {any} value
 * @param {Live} live
 * @returns {string | null}
 */
function checkProblem(field, value, live) {
  for (const check of field.checks ?? []) {
    const message = failed(check, field, value, live);
    if (message !== null) return check.message ?? message;
  }
  return null;
}

/**
 * The standard message of a named check that the answer fails.
 * @param {Check} check
 * @param {Field} field
 * @param {any} value
 * @param {Live} live
 * @returns {string | null}
 */
function failed(check, field, value, live) {
  const name = upperFirst(field.name);
  switch (check.check) {
    case "must_be_true":
      return value === true ? null : name;
    case "not_future": {
      const moment = own(live.facts, field.type === "datetime" ? "now" : "today");
      return earlier(field.type, moment, value) ? `${name} cannot be in the future.` : null;
    }
    case "not_before_birth": {
      const day = field.type === "datetime" ? civilDay(value) : value;
      const kind = field.type === "month" ? "month" : "date";
      return earlier(kind, day, own(live.facts, "birth_date")) ? `${name} cannot be before the birth.` : null;
    }
    case "not_before_contact":
      return earlier("date", value, own(live.facts, "contact_date"))
        ? `${name} cannot be before the visit.`
        : null;
    case "at_most_days_ago":
    case "at_most_days_ahead":
      return tooFar(check, name, value, own(live.facts, "contact_date"));
    case "at_least_field":
      return less(field.type, value, own(live.answers, check.field ?? "")) ? name : null;
    case "at_most_field":
      return less(field.type, own(live.answers, check.field ?? ""), value) ? name : null;
    default:
      return null;
  }
}

/**
 * Counted from the day of the contact, which is today where that is not known.
 * @param {Check} check
 * @param {string} name
 * @param {any} value
 * @param {string | undefined} on
 */
function tooFar(check, name, value, on) {
  if (!readDate(value) || !on) return null;
  const [ago, limit] = [check.check === "at_most_days_ago", Number(check.limit)];
  const days = daysBetween(on, value) * (ago ? -1 : 1);
  return days > limit ? `${name} cannot be more than ${limit} days ${ago ? "ago" : "ahead"}.` : null;
}

/**
 * Whether left comes before right, as moments, days or months; false where either is not known.
 * @param {string} kind
 * @param {unknown} left
 * @param {unknown} right
 */
function earlier(kind, left, right) {
  if (kind === "datetime") {
    const [begin, end] = [readInstant(left), readInstant(right)];
    return begin !== null && end !== null && begin < end;
  }
  const length = kind === "month" ? 7 : 10;
  return (
    typeof left === "string" && typeof right === "string" && left.slice(0, length) < right.slice(0, length)
  );
}

/**
 * @param {string} kind
 * @param {unknown} left
 * @param {unknown} right
 */
function less(kind, left, right) {
  if (kind === "date" || kind === "datetime") return earlier(kind, left, right);
  const [first, second] = [readNumber(left), readNumber(right)];
  return first !== null && second !== null && first < second;
}

/**
 * Why a possible answer is asked for once more, or null.
 * @param {Field} field
 * @param {any} value
 * @param {Live} live
 * @returns {string | null}
 */
export function doubtAbout(field, value, live) {
  if (field.type === "integer" || field.type === "decimal") {
    if (outside(readNumber(value) ?? 0n, field.soft) || beyondSds(field, field.soft?.sds, live)) {
      const what = field.unit ? quantity(field, value) : `${field.label} ${value}`;
      const whom = field.measure ? forWhom(field, live) : "";
      return `${what} is very unusual${whom}. Check it, then confirm it or change it.`;
    }
  }
  for (const check of field.soft_checks ?? []) {
    const message = softFailed(check, field, value, live);
    if (message !== null) return check.message ?? message;
  }
  return null;
}

/**
 * @param {Check} check
 * @param {Field} field
 * @param {any} value
 * @param {Live} live
 * @returns {string | null}
 */
function softFailed(check, field, value, live) {
  const kind = field.measure?.kind ?? "";
  const limit = scaled(check.limit);
  switch (check.check) {
    case "change_percent": {
      const days = own(live.facts, `days_since_last_${kind}`);
      const percent = readDecimal(own(live.facts, `${kind}_change_percent`));
      if (days === undefined || percent === null) return null;
      if (days > (check.within_days ?? 0) || size(percent) <= limit) return null;
      const since = days === 1 ? "1 day" : `${days} days`;
      return `${quantity(field, value)} is a change of ${rounded(size(percent), 1)}% in ${since}. Measure again, then confirm it or change it.`;
    }
    case "fall": {
      const change = readDecimal(own(live.facts, `${kind}_change`));
      if (change === null || -change <= limit) return null;
      return `${quantity(field, value)} is ${rounded(-change, 1)} ${field.unit} less than last time. Measure again, then confirm it or change it.`;
    }
    case "restricted_words": {
      const word = wordIn(value, check.words ?? []);
      if (word === undefined) return null;
      return `The parent can read this, and it says "${word}". Check that it is right to share, then confirm it or change it.`;
    }
    default:
      return null;
  }
}

/**
 * The first of the words that stands in the text as a word of its own, capitals or not.
 * @param {string} text
 * @param {string[]} words
 */
function wordIn(text, words) {
  const plain = ` ${small(text).replace(/[^a-z0-9]+/g, " ")} `;
  return words.find((word) => plain.includes(` ${small(word)} `));
}

/** @param {string} text */
function small(text) {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
