/**
 * Answers and facts in plain words: "3.45 kg", "Yes", "3 May 2026 at 10:05", "Not done: Parent declined".
 * `hvapp/domain/forms/wording.py` says the same.
 */

import { formatDate } from "../lib/dates.js";
import {
  isBlank,
  isNotDone,
  isUsable,
  own,
  readDate,
  readDecimal,
  readInstant,
  readMonth,
  rounded,
} from "./answers.js";
import { fieldOf, optionOf, partOf, reasonsFor } from "./definition.js";

/**
 * @typedef {import("./definition.js").Field} Field
 * @typedef {import("./definition.js").FormDefinition} FormDefinition
 * @typedef {import("./definition.js").Mapping} Mapping
 */

export const NOT_READABLE = "Could not be read";
const MINUS = "\u2212";

/** @type {Intl.DateTimeFormat | undefined} */
let london;

/**
 * One answer in words; "" when there is none.
 * @param {Field} field
 * @param {any} value
 * @param {Mapping} [names] of the people of the household, by id
 * @param {FormDefinition} [form] whose reasons for "not done" have words
 * @returns {string}
 */
export function plainValue(field, value, names = {}, form = undefined) {
  if (isBlank(value)) return "";
  if (isNotDone(value)) return notDone(form ? reasonsFor(form, field) : [], value);
  if (!isUsable(field, value)) return NOT_READABLE;
  switch (field.type) {
    case "decimal":
    case "integer":
      return quantity(value, field.unit);
    case "date":
      return formatDate(value);
    case "month":
      return formatDate(/** @type {string} */ (readMonth(value))).replace(/^1 /, "");
    case "datetime":
      return momentWords(/** @type {number} */ (readInstant(value)));
    case "yes_no":
      return value ? "Yes" : "No";
    case "choice":
      return label(field, value);
    case "choices":
      return value.map((/** @type {string} */ one) => label(field, one)).join(", ");
    case "people":
    case "person":
      return [value]
        .flat()
        .map((one) => own(names, one) ?? "Someone not in the household record")
        .join(", ");
    case "yes_no_each":
      return eachWords(field, value);
    case "photo": {
      const captions = value.map((/** @type {Mapping} */ one) => one.caption).join("; ");
      return `${quantity(value.length, "photos")}: ${captions}`;
    }
    case "list":
      return value
        .map((/** @type {Mapping} */ row) => plainRow(field, row, names))
        .filter(Boolean)
        .join("; ");
    default:
      return value;
  }
}

/**
 * "3.4 kg", "2 days", "1 day".
 * @param {unknown} value
 * @param {string | undefined} unit
 */
export function quantity(value, unit) {
  if (!unit) return String(value);
  return `${value} ${String(value) === "1" ? unit.replace(/s$/, "") : unit}`;
}

/**
 * One row of a list: its answers in words, one after the other; a yes or no or a number with what it answers.
 * @param {Field} field
 * @param {Mapping} row
 * @param {Mapping} [names]
 */
export function plainRow(field, row, names) {
  const said = (field.fields ?? []).map((part) => {
    const words = plainValue(part, own(row, part.id), names);
    const named = part.type === "yes_no" || part.type === "integer";
    return words && named ? `${part.label}: ${lowerFirst(words)}` : words;
  });
  return said.filter(Boolean).join(", ");
}

/**
 * "−1.94", "+0.41": two decimals, with its sign always.
 * @param {bigint} sds
 */
export function sdsText(sds) {
  const said = rounded(sds, 2);
  return said.startsWith("-") ? `${MINUS}${said.slice(1)}` : `+${said}`;
}

/**
 * Put facts and answers where the text names them in braces; what is not known becomes "not known".
 * @param {FormDefinition} form
 * @param {string} text
 * @param {import("./logic.js").Live} live
 */
export function fill(form, text, live) {
  return text.replace(/\{([a-z0-9_.]+)\}/g, (_, /** @type {string} */ name) => {
    const field = fieldOf(form, name) ?? partOf(form, name);
    const said = field
      ? plainValue(field, own(live.answers, name), {}, form)
      : factWords(name, own(live.facts, name));
    return said || "not known";
  });
}

/**
 * A fact to read: SDS to two decimals, percentages and changes to one, dates in words.
 * @param {string} name
 * @param {unknown} fact
 */
function factWords(name, fact) {
  const number = readDecimal(fact);
  if (number !== null) {
    return name.startsWith("sds.") ? sdsText(number) : rounded(number, 1).replace("-", MINUS);
  }
  const day = readDate(fact);
  if (day !== null) return formatDate(day);
  return fact === null || fact === undefined ? "" : String(fact);
}

/**
 * @param {import("./definition.js").Reason[]} reasons
 * @param {{not_done: unknown, detail?: unknown}} value
 */
function notDone(reasons, value) {
  const reason = reasons.find(({ code }) => code === value.not_done);
  const said = reason ? `Not done: ${reason.label}` : "Not done";
  return typeof value.detail === "string" && !isBlank(value.detail) ? `${said}. ${value.detail}` : said;
}

/**
 * @param {Field} field
 * @param {string} value
 */
function label(field, value) {
  return optionOf(field, value)?.label ?? value;
}

/**
 * "Yes: GP, red book. No: early years"
 * @param {Field} field
 * @param {Mapping} value
 */
function eachWords(field, value) {
  const labels = (/** @type {boolean} */ said) =>
    (field.options ?? []).filter((option) => own(value, option.value) === said).map((option) => option.label);
  const parts = [];
  if (labels(true).length) parts.push(`Yes: ${labels(true).join(", ")}`);
  if (labels(false).length) parts.push(`No: ${labels(false).join(", ")}`);
  return parts.join(". ");
}

/** @param {number} moment */
function momentWords(moment) {
  london ??= new Intl.DateTimeFormat("en-GB", {
    timeZone: "Europe/London",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  /** @type {{[type: string]: string}} */
  const part = {};
  for (const { type, value } of london.formatToParts(moment)) part[type] = value;
  return `${formatDate(`${part.year}-${part.month}-${part.day}`)} at ${part.hour}:${part.minute}`;
}

/** @param {string} text */
export function upperFirst(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** @param {string} text */
export function lowerFirst(text) {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
