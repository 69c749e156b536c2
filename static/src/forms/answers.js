/**
 * What one answer may be, by the type of its field, and how numbers and dates in answers are compared.
 * `hvapp/domain/forms/answers.py` does the same. Nothing here throws on junk: junk is simply not usable.
 *
 * JavaScript has no decimals, so a decimal is counted in whole numbers, 10^12 to one.
 */

import { civilDate, isCivilDate } from "../lib/dates.js";
import { optionOf } from "./definition.js";

/**
 * @typedef {import("./definition.js").Field} Field
 * @typedef {import("./definition.js").Mapping} Mapping
 */

export const MOST_PHOTOS = 4;
const MOST_PHOTO_BYTES = 8 * 1024 * 1024;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const PLACES = 12;
const ONE = 10n ** BigInt(PLACES);
const DECIMAL = /^-?[0-9]{1,9}(\.[0-9]{1,12})?$/;
const DATE_TIME =
  /^([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]{1,6})?)?(?:Z|([+-])([0-9]{2}):([0-9]{2}))$/;

/**
 * @param {unknown} value
 * @returns {value is Mapping}
 */
export function isMapping(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * What a mapping holds of its own under a key, never what every object inherits.
 * @param {unknown} mapping
 * @param {string} key
 * @returns {any}
 */
export function own(mapping, key) {
  return isMapping(mapping) && Object.hasOwn(mapping, key) ? mapping[key] : undefined;
}

/**
 * Whether the answer says "not done".
 * @param {unknown} value
 * @returns {value is {not_done: unknown, detail?: unknown}}
 */
export function isNotDone(value) {
  return isMapping(value) && Object.hasOwn(value, "not_done");
}

/**
 * Whether nothing was answered: absent, an empty text, an empty list.
 * @param {unknown} value
 */
export function isBlank(value) {
  if (typeof value === "string") return /^[ \t\r\n]*$/.test(value);
  if (value === null || value === undefined) return true;
  return Array.isArray(value) ? value.length === 0 : isMapping(value) && Object.keys(value).length === 0;
}

/**
 * Whether the value is of the field's type; conditions see nothing else.
 * @param {Field} field
 * @param {unknown} value
 */
export function isUsable(field, value) {
  if (isBlank(value) || isNotDone(value)) return false;
  switch (field.type) {
    case "line":
    case "text":
    case "person":
      return typeof value === "string";
    case "integer":
      return Number.isSafeInteger(value);
    case "decimal":
      return readDecimal(value) !== null;
    case "date":
      return readDate(value) !== null;
    case "month":
      return readMonth(value) !== null;
    case "datetime":
      return readInstant(value) !== null;
    case "yes_no":
      return typeof value === "boolean";
    case "choice":
      return optionOf(field, value) !== undefined;
    case "choices":
      return isSetOfTexts(value) && value.every((one) => optionOf(field, one) !== undefined);
    case "people":
      return isSetOfTexts(value);
    case "yes_no_each":
      return (
        isMapping(value) &&
        Object.entries(value).every(([key, said]) => optionOf(field, key) && typeof said === "boolean")
      );
    case "list":
      return Array.isArray(value) && value.every(isMapping);
    case "photo":
      return Array.isArray(value) && value.length <= MOST_PHOTOS && value.every(isPhoto);
    default:
      throw new Error(`no such type of field: ${field.type}`);
  }
}

/**
 * Whether it names a photo: hvapp/domain/photos.py says what each part is.
 * @param {unknown} value
 */
function isPhoto(value) {
  const { id, sha256, bytes, type, key, caption } = /** @type {any} */ (isMapping(value) ? value : {});
  const texts = [id, sha256, key, caption].every((one) => typeof one === "string");
  if (!texts || type !== "image/jpeg" || !UUID.test(id) || !/^[0-9a-f]{64}$/.test(sha256)) return false;
  const known = Number.isSafeInteger(bytes) && bytes > 0 && bytes <= MOST_PHOTO_BYTES;
  return known && key !== "" && [...key].length <= 64;
}

/**
 * @param {unknown} value
 * @returns {value is string[]}
 */
function isSetOfTexts(value) {
  return (
    Array.isArray(value) &&
    value.every((one) => typeof one === "string" && !isBlank(one)) &&
    new Set(value).size === value.length
  );
}

/**
 * A decimal in text, scaled; null for anything else.
 * @param {unknown} value
 * @returns {bigint | null}
 */
export function readDecimal(value) {
  if (typeof value !== "string" || !DECIMAL.test(value)) return null;
  const negative = value.startsWith("-");
  const [whole, part = ""] = value.slice(negative ? 1 : 0).split(".");
  const size = BigInt(whole + part.padEnd(PLACES, "0"));
  return negative ? -size : size;
}

/**
 * A decimal in text, or an integer, scaled.
 * @param {unknown} value
 * @returns {bigint | null}
 */
export function readNumber(value) {
  return Number.isSafeInteger(value) ? BigInt(/** @type {number} */ (value)) * ONE : readDecimal(value);
}

/**
 * A limit of the definition, scaled; 0 where there is none.
 * @param {string | number | undefined} limit
 */
export function scaled(limit) {
  return readDecimal(String(limit ?? 0)) ?? 0n;
}

/** @param {string} value */
export function decimalPlaces(value) {
  return value.split(".")[1]?.length ?? 0;
}

/** @param {bigint} value */
export function size(value) {
  return value < 0n ? -value : value;
}

/**
 * The scaled number in text with so many decimals, halves away from zero.
 * @param {bigint} value
 * @param {number} places
 */
export function rounded(value, places) {
  const step = 10n ** BigInt(PLACES - places);
  const steps = (2n * size(value) + step) / (2n * step);
  return written(value < 0n, steps, places);
}

/**
 * The difference of two decimals, with as many decimals as the longer one.
 * @param {string} left
 * @param {string} right
 */
export function difference(left, right) {
  const places = Math.max(decimalPlaces(left), decimalPlaces(right));
  const value = (readDecimal(left) ?? 0n) - (readDecimal(right) ?? 0n);
  return written(value < 0n, size(value) / 10n ** BigInt(PLACES - places), places);
}

/**
 * 100 x part / whole in text with four decimals, halves away from zero; null where whole is not above zero.
 * @param {bigint} part
 * @param {bigint} whole
 */
export function percentOf(part, whole) {
  if (whole <= 0n) return null;
  const steps = (2n * size(part) * 1_000_000n + whole) / (2n * whole);
  return written(part < 0n, steps, 4);
}

/**
 * Never "-0".
 * @param {boolean} negative
 * @param {bigint} steps
 * @param {number} places
 */
function written(negative, steps, places) {
  const digits = steps.toString().padStart(places + 1, "0");
  const text = places ? `${digits.slice(0, -places)}.${digits.slice(-places)}` : digits;
  return negative && steps > 0n ? `-${text}` : text;
}

/**
 * A real date of the years 1900 to 2199.
 * @param {unknown} value
 * @returns {string | null}
 */
export function readDate(value) {
  if (typeof value !== "string" || !/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(value)) return null;
  const year = Number(value.slice(0, 4));
  return year >= 1900 && year <= 2199 && isCivilDate(value) ? value : null;
}

/**
 * A month as its first day.
 * @param {unknown} value
 */
export function readMonth(value) {
  return typeof value === "string" && /^[0-9]{4}-[0-9]{2}$/.test(value) ? readDate(`${value}-01`) : null;
}

/**
 * A date-time with its offset, of the years 2000 to 2099, in milliseconds to the second.
 * @param {unknown} value
 * @returns {number | null}
 */
export function readInstant(value) {
  const found = typeof value === "string" ? DATE_TIME.exec(value) : null;
  const day = found && readDate(found[1]);
  if (!day || day < "2000" || day >= "2100") return null;
  const [hour, minute, second] = [Number(found[2]), Number(found[3]), Number(found[4] ?? 0)];
  const [offsetHours, offsetMinutes] = [Number(found[6] ?? 0), Number(found[7] ?? 0)];
  if (hour > 23 || minute > 59 || second > 59 || offsetHours > 14 || offsetMinutes > 59) return null;
  const ahead = (offsetHours * 60 + offsetMinutes) * (found[5] === "-" ? -1 : 1);
  return Date.parse(`${day}T00:00:00Z`) + ((hour * 60 + minute - ahead) * 60 + second) * 1000;
}

/**
 * The civil date of a date-time in text.
 * @param {unknown} value
 */
export function civilDay(value) {
  const moment = readInstant(value);
  return moment === null ? null : civilDate(new Date(moment));
}

/**
 * Equal, at every depth. Without recursion: junk may be nested as deep as it likes.
 * @param {unknown} left
 * @param {unknown} right
 * @returns {boolean}
 */
export function same(left, right) {
  /** @type {[unknown, unknown][]} */
  const pairs = [[left, right]];
  for (let pair = pairs.pop(); pair; pair = pairs.pop()) {
    const [one, other] = pair;
    if (Array.isArray(one) && Array.isArray(other)) {
      if (one.length !== other.length) return false;
      for (const [at, each] of one.entries()) pairs.push([each, other[at]]);
    } else if (isMapping(one) && isMapping(other)) {
      const keys = Object.keys(one);
      if (keys.length !== Object.keys(other).length) return false;
      if (!keys.every((key) => Object.hasOwn(other, key))) return false;
      for (const key of keys) pairs.push([one[key], other[key]]);
    } else if (one !== other) {
      return false;
    }
  }
  return true;
}
