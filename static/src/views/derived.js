/** Growth in words, at once under the answer: where it lies, how far from the middle, and how it was found. */

import { readDecimal } from "../forms/answers.js";
import { sdsText } from "../forms/wording.js";
import { fill, piece } from "./dom.js";
import { gestationWords } from "./people.js";
import { linkItem } from "./rows.js";

/**
 * @param {Record<string, any> | undefined} derived of one answer
 * @param {Record<string, any>} facts
 * @param {() => void} openChart
 */
export function derivedNode(derived, facts, openChart) {
  if (!derived) return null;
  const chart = linkItem("Growth chart", "#/growth", openChart);
  return fill(piece("derived"), { ...derivedWords(derived, facts), chart });
}

/**
 * @param {Record<string, any>} derived
 * @param {Record<string, any>} facts
 * @returns {{main: string, detail: string}}
 */
export function derivedWords(derived, facts) {
  if (derived.no_reference) return { main: "No centile", detail: `${derived.no_reference}.` };
  const band = derived.band.charAt(0).toUpperCase() + derived.band.slice(1);
  const number = readDecimal(derived.sds);
  const sds = number === null ? "" : `SDS ${sdsText(number)}. `;
  return { main: band, detail: `${sds}${methodWords(derived.method, facts.gestation_days)}` };
}

/**
 * @param {string} method
 * @param {number | undefined} gestationDays
 */
export function methodWords(method, gestationDays) {
  if (method === "paper") return "Age as on paper charts (paper method)";
  if (method !== "digital" || gestationDays === undefined) {
    return "Not corrected: the length of the pregnancy is not known (age from birth)";
  }
  return `Corrected for ${gestationWords(gestationDays)} (digital method)`;
}
