/** In plain words: what does not go up by itself, whose it is, that it is safe, and what to do. */

import { count } from "./words.js";

/** @typedef {import("../store/stuck.js").Stuck} Stuck */

const KEEP = "Tell your supervisor, and do not clear this tablet.";

/**
 * @param {Stuck[]} stuck
 * @returns {string[]} a sentence or two for each
 */
export function stuckWords(stuck) {
  return stuck.flatMap((one) => [unopenedWords(one), unsignedWords(one), refusedWords(one)]).filter(Boolean);
}

/**
 * How many visits that is; for a line with little room.
 * @param {Stuck[]} [stuck]
 */
export function stuckCount(stuck = []) {
  return stuck.reduce((sum, { refused, unopened, unsigned }) => sum + refused + unopened + unsigned, 0);
}

/** @param {Stuck} one */
function unopenedWords({ name, mine, retired, keyKept, unopened: number }) {
  if (!number) return "";
  const them = number === 1 ? "it" : "them";
  const visits = `${count(number, "visit")} recorded by ${mine ? "you" : name}`;
  if (!retired) {
    return `${visits} ${safe(number)}. The service needs a new copy of ${them}: ${mine ? "you have" : `${name} has`} to unlock this tablet once.`;
  }
  if (keyKept) {
    const who = mine ? "Enter it" : `${name} can enter it`;
    return `${visits} can be opened with an old passphrase only. ${number === 1 ? "It" : "They"} ${safe(number)}. ${who} under This tablet.`;
  }
  return `${visits} can be opened neither here nor by the service, which no longer has the key. ${number === 1 ? "It is" : "They are"} kept, and offered again at every try. ${KEEP}`;
}

/** @param {Stuck} one */
function unsignedWords({ name, mine, unsigned: number }) {
  if (!number) return "";
  const visits = `${count(number, "visit")} recorded by ${mine ? "you" : name}`;
  return `${visits} ${safe(number)}, and ${number === 1 ? "is" : "are"} sent once ${mine ? "you have" : `${name} has`} signed in here.`;
}

/** @param {Stuck} one */
function refusedWords({ name, mine, retired, refused: number }) {
  if (!number) return "";
  const visits = `${count(number, "visit")} recorded by ${mine ? "you" : name} could not be taken by the service`;
  const kept = `${number === 1 ? "It" : "They"} ${safe(number)}.`;
  return `${visits}. ${kept} ${retired ? KEEP : `${name} sees why after unlocking this tablet.`}`;
}

/** @param {number} number */
function safe(number) {
  return `${number === 1 ? "is" : "are"} safe on this tablet`;
}
