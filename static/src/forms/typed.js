/**
 * What somebody typed, as an answer. What cannot be read stays as it was typed: the check says how to mend it, and
 * nothing typed is ever lost.
 */

import { isoWithOffset } from "../lib/instant.js";
import { readDate, readInstant } from "./answers.js";

/** @typedef {{day: string, month: string, year: string, time: string}} DateParts as they stand in the boxes */

/**
 * A decimal: "3,45", " 3.45 kg" and ".5" are what people type.
 * @param {string} typed
 * @param {string} [unit]
 * @returns {string | undefined}
 */
export function typedDecimal(typed, unit) {
  const text = withoutUnit(typed, unit).replace(",", ".");
  if (text === "") return undefined;
  const found = /^(-?)([0-9]*)\.?([0-9]*)$/.exec(text);
  if (!found || (found[2] === "" && found[3] === "")) return typed.trim();
  return `${found[1]}${found[2] || "0"}${found[3] ? `.${found[3]}` : ""}`;
}

/**
 * @param {string} typed
 * @param {string} [unit]
 * @returns {number | string | undefined}
 */
export function typedInteger(typed, unit) {
  const text = withoutUnit(typed, unit);
  if (text === "") return undefined;
  return /^-?[0-9]{1,15}$/.test(text) ? Number(text) : typed.trim();
}

/**
 * @param {string} typed
 * @param {string} [unit]
 */
function withoutUnit(typed, unit) {
  const text = typed.trim();
  return unit && text.toLowerCase().endsWith(unit) ? text.slice(0, -unit.length).trim() : text;
}

/**
 * @param {DateParts} parts
 * @returns {string | undefined} "2026-05-03"; "2026-5x-" while it is not one yet
 */
export function typedDate({ day, month, year }) {
  if (!day && !month && !year) return undefined;
  return `${year}-${two(month)}-${two(day)}`;
}

/**
 * @param {DateParts} parts
 * @returns {string | undefined}
 */
export function typedMonth({ month, year }) {
  return month || year ? `${year}-${two(month)}` : undefined;
}

/**
 * A time on this tablet's clock, with its offset.
 * @param {DateParts} parts
 * @returns {string | undefined}
 */
export function typedInstant(parts) {
  const { time, day, month, year } = parts;
  const date = typedDate(parts);
  if (date === undefined && !time) return undefined;
  if (readDate(date) === null || !/^[0-9]{2}:[0-9]{2}$/.test(time)) return `${date ?? "--"}T${time}`;
  const [hour, minute] = time.split(":").map(Number);
  return isoWithOffset(new Date(Number(year), Number(month) - 1, Number(day), hour, minute));
}

/**
 * The boxes of a date, month or date-time that was answered, or typed in part.
 * @param {unknown} value
 * @returns {DateParts}
 */
export function datePartsOf(value) {
  const moment = readInstant(value);
  const text = moment === null ? String(value ?? "") : isoWithOffset(new Date(moment));
  const [date, time = ""] = text.split("T");
  const [year = "", month = "", day = ""] = date.split("-");
  return { day: bare(day), month: bare(month), year, time: time.slice(0, 5) };
}

/** @param {string} digits */
function two(digits) {
  return /^[0-9]$/.test(digits) ? `0${digits}` : digits;
}

/** @param {string} digits */
function bare(digits) {
  return digits.replace(/^0(?=[0-9]$)/, "");
}
