/**
 * One way to write a record, so that tablet and server agree on its hash: keys sorted, no white space, no
 * fractions (they travel as strings), no half characters. `hvapp/domain/canonical.py` does the same;
 * `tests/contract/canonical.json` holds both to it.
 */

import { toHex } from "./uuid7.js";

/** @typedef {import("../types.js").Json} Json */

// Half of a surrogate pair: an emoji cut in two. UTF-8 cannot carry it and Python refuses it.
const HALF_CHARACTER = /\p{Surrogate}/u;
const HALF_CHARACTERS = /\p{Surrogate}/gu;
// From space to tilde: the two languages sort other characters differently.
const PLAIN_KEY = /^[ -~]*$/;

/**
 * The canonical text of a value of strings, whole numbers, booleans, null, lists and objects with ASCII keys.
 * Throws a TypeError that names the place for anything else.
 * @param {unknown} value
 * @returns {string}
 */
export function canonicalJson(value) {
  return write(value, "");
}

/**
 * Lower-case hex SHA-256 of the canonical UTF-8 bytes.
 * @param {unknown} value
 */
export async function sha256Hex(value) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(canonicalJson(value)));
  return toHex(new Uint8Array(digest));
}

/**
 * A copy that canonicalJson accepts as far as text and absence go: half characters become U+FFFD, keys without
 * a value disappear. Typing is never stopped because of either.
 * @template T
 * @param {T} value
 * @returns {T}
 */
export function tidy(value) {
  const text = JSON.stringify(value, (_key, part) =>
    typeof part === "string" ? part.replace(HALF_CHARACTERS, "\uFFFD") : part,
  );
  return text === undefined ? value : JSON.parse(text);
}

/**
 * @param {unknown} value
 * @param {string} place
 * @returns {string}
 */
function write(value, place) {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") {
    if (HALF_CHARACTER.test(value)) refuse("half a character", place);
    return JSON.stringify(value);
  }
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) refuse(`the number ${value}, which must be text`, place);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) {
    return `[${Array.from(value, (item, index) => write(item, `${place}[${index}]`)).join(",")}]`;
  }
  if (typeof value === "object") {
    const kind = Object.getPrototypeOf(value);
    if (kind !== Object.prototype && kind !== null) refuse(`a ${value.constructor?.name}`, place);
    const record = /** @type {Record<string, unknown>} */ (value);
    const members = Object.keys(record)
      .sort()
      .map((key) => {
        if (!PLAIN_KEY.test(key)) refuse(`the key ${JSON.stringify(key)}`, place);
        return `${JSON.stringify(key)}:${write(record[key], place ? `${place}.${key}` : key)}`;
      });
    return `{${members.join(",")}}`;
  }
  return refuse(`a value of type ${typeof value}`, place);
}

/**
 * @param {string} what
 * @param {string} place
 * @returns {never}
 */
function refuse(what, place) {
  throw new TypeError(`a record may not hold ${what}${place ? ` (at ${place})` : ""}`);
}
