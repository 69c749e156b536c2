/**
 * What a new visit begins with: constants and what the tablet knows, filled in; what the record says of the birth,
 * offered in grey above the question, to be taken with one tap. Measurements are never filled in.
 */

import { formatDate } from "../lib/dates.js";
import { isUsable, own, readNumber } from "./answers.js";
import { indexOf } from "./definition.js";
import { plainValue } from "./wording.js";

/**
 * @typedef {import("./definition.js").FormDefinition} FormDefinition
 * @typedef {import("./definition.js").Mapping} Mapping
 * @typedef {{now: string, practitionerType?: string | null, child: Mapping,
 *   twin?: {name: string, answers: Mapping} | null, names?: {[id: string]: string}}} Known `now` is ISO with its offset, `child` the record as the server
 *   sends it, `twin` what was answered today at the twin's visit
 */

/**
 * @param {FormDefinition} form
 * @param {Known} known
 * @returns {Mapping}
 */
export function startingAnswers(form, known) {
  /** @type {Mapping} */
  const answers = {};
  for (const { id, prefill, options } of indexOf(form).fields) {
    if (!prefill) continue;
    const value = prefill.value ?? valueFrom(/** @type {string} */ (prefill.from), known);
    const offered = !options || options.some((option) => option.value === value);
    if (value !== null && value !== undefined && offered) answers[id] = value;
  }
  return answers;
}

/**
 * What to show above a question, by field: the words, and the answer they stand for. What the last contact answered comes
 * with its date; before it comes what was answered about the household at the twin's visit.
 * @param {FormDefinition} form
 * @param {Known} known
 * @returns {{[field: string]: {text: string, value: any}}}
 */
export function suggestions(form, known) {
  /** @type {{[field: string]: {text: string, value: any}}} */
  const found = {};
  const last = own(known.child, "last_answers");
  for (const field of indexOf(form).fields) {
    const { id, suggest, household } = field;
    const twins = household ? own(known.twin?.answers, id) : undefined;
    if (isUsable(field, twins)) {
      const text = `${plainValue(field, twins, known.names)}, at the visit to ${known.twin?.name}`;
      found[id] = { text, value: structuredClone(twins) };
      continue;
    }
    const before = suggest === `last.${id}` ? own(last, id) : undefined;
    const value = before?.value ?? (suggest ? valueFrom(suggest, known) : null);
    if (!isUsable(field, value)) continue;
    found[id] = { text: plainValue(field, value) + (before ? `, ${formatDate(before.on)}` : ""), value };
  }
  return found;
}

/**
 * @param {string} source
 * @param {Known} known
 * @returns {any}
 */
function valueFrom(source, { now, practitionerType, child }) {
  const gestation = own(child, "gestation_days");
  switch (source) {
    case "now":
      // To the minute, as the boxes show it: a visit that ends in the minute it began did not end before it.
      return now.replace(/(T\d\d:\d\d):\d\d(\.\d+)?/, "$1:00");
    case "practitioner_type":
      return practitionerType ?? null;
    case "child.gestation_weeks":
      return Number.isSafeInteger(gestation) ? Math.floor(gestation / 7) : null;
    case "child.gestation_days":
      return Number.isSafeInteger(gestation) ? gestation % 7 : null;
    case "child.birth_weight_kg": {
      const atBirth = (own(child, "measurements") ?? []).find(
        (/** @type {Mapping} */ one) => one.kind === "weight" && one.at_birth === true,
      );
      return atBirth && readNumber(atBirth.value) !== null ? atBirth.value : null;
    }
    case "child.edd":
    case "child.need_level":
    case "child.births_in_pregnancy":
    case "child.birth_order":
      return own(child, source.slice("child.".length)) ?? null;
    default:
      return null;
  }
}
