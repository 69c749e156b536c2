/**
 * Conditions and what they show. `hvapp/domain/forms/logic.py` does the same; `tests/contract/logic.json` holds both
 * to it.
 * A comparison with something absent is false, `answered: false` apart. What was not done, is hidden or is of the
 * wrong type counts as absent.
 */

import { isBlank, isMapping, isNotDone, isUsable, own, readNumber, same } from "./answers.js";
import { indexOf } from "./definition.js";

/**
 * @typedef {import("./definition.js").Condition} Condition
 * @typedef {import("./definition.js").Field} Field
 * @typedef {import("./definition.js").FormDefinition} FormDefinition
 * @typedef {import("./definition.js").Mapping} Mapping
 * @typedef {{visible: Set<string>, answers: Mapping, facts: Mapping}} Live what conditions may see
 */

/**
 * @param {Condition} condition
 * @param {Mapping} answers
 * @param {Mapping} facts
 * @returns {boolean}
 */
export function evaluate(condition, answers, facts) {
  if (condition.all)
    return condition.all.every((/** @type {Condition} */ one) => evaluate(one, answers, facts));
  if (condition.any)
    return condition.any.some((/** @type {Condition} */ one) => evaluate(one, answers, facts));
  if (condition.not) return !evaluate(condition.not, answers, facts);
  const seen = "field" in condition ? own(answers, condition.field) : own(facts, condition.fact);
  const operator = Object.keys(condition).find((key) => key !== "field" && key !== "fact") ?? "";
  const wanted = condition[operator];
  const present = !(isBlank(seen) || isNotDone(seen));
  if (operator === "answered") return present === wanted;
  return present && compare(operator, seen, wanted);
}

/**
 * @param {string} operator
 * @param {any} seen
 * @param {any} wanted
 * @returns {boolean}
 */
function compare(operator, seen, wanted) {
  switch (operator) {
    case "is":
      return same(seen, wanted);
    case "is_not":
      return !same(seen, wanted);
    case "in":
      return wanted.some((/** @type {unknown} */ one) => same(seen, one));
    case "not_in":
      return !wanted.some((/** @type {unknown} */ one) => same(seen, one));
    case "includes":
      if (isMapping(seen)) return own(seen, wanted) === true;
      return Array.isArray(seen) && seen.some((one) => same(one, wanted));
    case "at_least":
    case "at_most":
    case "more_than":
    case "less_than":
      return inOrder(operator, readNumber(seen), readNumber(wanted));
    default:
      throw new Error(`no such comparison: ${operator}`);
  }
}

/**
 * @param {string} operator
 * @param {bigint | null} left
 * @param {bigint | null} right
 */
function inOrder(operator, left, right) {
  if (left === null || right === null) return false;
  if (operator === "at_least") return left >= right;
  if (operator === "at_most") return left <= right;
  return operator === "more_than" ? left > right : left < right;
}

/**
 * One pass from top to bottom: what is shown hangs only on what stands above it.
 * @param {FormDefinition} form
 * @param {unknown} answers
 * @param {Mapping} facts
 * @returns {Live}
 */
export function look(form, answers, facts) {
  const { sources } = indexOf(form);
  /** @type {Live} */
  const live = { visible: new Set(), answers: {}, facts: { ...facts } };
  for (const section of form.sections) {
    const shown = !section.show_when || evaluate(section.show_when, live.answers, live.facts);
    for (const field of section.fields) {
      if (shown && (!field.show_when || evaluate(field.show_when, live.answers, live.facts))) {
        take(live, field, own(answers, field.id));
      } else {
        for (const [name, from] of sources) if (from.includes(field.id)) delete live.facts[name];
      }
    }
  }
  return live;
}

/**
 * The same for one row of a list: its conditions see the row alone, and the facts.
 * @param {Field[]} fields
 * @param {unknown} row
 * @param {Mapping} facts
 * @returns {Live}
 */
export function lookAtRow(fields, row, facts) {
  /** @type {Live} */
  const live = { visible: new Set(), answers: {}, facts };
  for (const field of fields) {
    if (!field.show_when || evaluate(field.show_when, live.answers, facts))
      take(live, field, own(row, field.id));
  }
  return live;
}

/**
 * @param {Live} live
 * @param {Field} field
 * @param {unknown} value
 */
function take(live, field, value) {
  live.visible.add(field.id);
  if (isUsable(field, value)) live.answers[field.id] = value;
}

/**
 * The answers a completed visit keeps: those of questions that are shown. A draft keeps the others too, in case their
 * question comes back.
 * @param {FormDefinition} form
 * @param {Mapping} answers
 * @param {Mapping} facts
 * @returns {Mapping}
 */
export function shownAnswers(form, answers, facts) {
  const live = look(form, answers, facts);
  /** @type {Mapping} */
  const kept = {};
  for (const field of indexOf(form).fields) {
    const value = own(answers, field.id);
    if (value === undefined || !live.visible.has(field.id)) continue;
    const isList = field.type === "list" && Array.isArray(value);
    kept[field.id] = isList ? value.map((row) => shownParts(field.fields ?? [], row, live.facts)) : value;
  }
  return kept;
}

/**
 * @param {Field[]} fields
 * @param {unknown} row
 * @param {Mapping} facts
 */
function shownParts(fields, row, facts) {
  if (!isMapping(row)) return row;
  const { visible } = lookAtRow(fields, row, facts);
  return Object.fromEntries(Object.entries(row).filter(([id]) => visible.has(id)));
}

/**
 * @param {Field} field
 * @param {Live} live
 */
export function isRequired(field, live) {
  return (
    field.required === true ||
    (field.required_when !== undefined && evaluate(field.required_when, live.answers, live.facts))
  );
}
