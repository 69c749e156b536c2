/**
 * The facts that clinical rules count from the record and the answers. Thin calls: what a rule means is said in
 * `static/src/rules`, and what a rule cannot say is no fact. `hvapp/domain/forms/rule_facts.py` counts the same.
 */

import { daysBetween } from "../lib/dates.js";
import { hasReached, twoPlaces } from "../rules/answering.js";
import { contactDue } from "../rules/contacts.js";
import { interval, scores } from "../rules/development.js";
import { bmi, fall, HAIR, oneWay, SPACE, tooSoon } from "../rules/growth.js";
import { doseName, workOut } from "../rules/immunisations.js";
import { readNumber } from "./answers.js";
import { ASQ_AREAS } from "./rule-fact-sources.js";

/**
 * @typedef {import("./definition.js").FormDefinition} FormDefinition
 * @typedef {import("./definition.js").Mapping} Mapping
 * @typedef {import("../rules/answering.js").RuleBook & {contacts: import("../rules/contacts.js").ContactRules}} Rules
 *
 * @typedef {object} Visit what the rules are asked about
 * @property {FormDefinition} form
 * @property {string} birthDate
 * @property {string} on
 * @property {string} sex
 * @property {number | null} gestationDays
 * @property {string | null} birthWeightKg
 * @property {{[kind: string]: string}} measured the measurements of this visit
 * @property {import("./facts.js").Measured[]} before those of the record
 * @property {{vaccine: string, date: string}[]} immunisations those of the record
 * @property {Mapping} answers the usable ones
 * @property {import("./facts.js").Assess} assess
 */

/** @type {[string, (visit: Visit, rules: Rules) => Mapping][]} */
const COUNTING = [
  ["contact_window", contactWindow],
  ["growth_falter", falter],
  ["head_rise_spaces", head],
  ["weighed_too_soon", weighing],
  ["sds.bmi", bodyMassIndex],
  ["immunisations_due", immunisations],
  ["asq_interval_due", asq],
];

/**
 * @param {Visit} visit
 * @param {Rules} rules
 * @param {Map<string, string[]>} known the facts of the form
 * @returns {Mapping}
 */
export function countRuleFacts(visit, rules, known) {
  /** @type {Mapping} */
  const facts = {};
  if (visit.on < visit.birthDate) return facts;
  for (const [name, counting] of COUNTING) {
    if (known.has(name)) Object.assign(facts, counting(visit, rules));
  }
  return facts;
}

/**
 * The same while there is a due date only.
 * @param {FormDefinition} form
 * @param {string | null} edd
 * @param {string} on
 * @param {Rules} rules
 * @returns {Mapping}
 */
export function countBeforeBirth(form, edd, on, rules) {
  return whereIn(contactDue(form.contact_type, { edd, today: on }, rules.contacts), on);
}

/**
 * The child as rules are told.
 * @param {Visit} visit
 * @returns {import("../rules/answering.js").Given}
 */
function child({ birthDate, on, gestationDays: days }) {
  return {
    date_of_birth: birthDate,
    on,
    age_days: daysBetween(birthDate, on),
    ...(days === null ? {} : { gestation_weeks: Math.floor(days / 7), gestation_days: days % 7 }),
  };
}

/**
 * @param {Visit} visit
 * @param {string} kind
 * @param {string | number} value
 * @param {string} measuredOn
 * @param {number | null} gestationDays
 */
function sdsOf({ birthDate, sex, assess }, kind, value, measuredOn, gestationDays) {
  return assess({
    kind: /** @type {import("../growth/lms.js").Kind} */ (kind),
    value,
    measuredOn,
    birthDate,
    sex,
    gestationDays,
  }).sds;
}

/** @type {(visit: Visit, rules: Rules) => Mapping} */
function contactWindow({ form, birthDate, on: today }, { contacts }) {
  return whereIn(contactDue(form.contact_type, { birthDate, today }, contacts), today);
}

/**
 * @param {import("../rules/contacts.js").DueContact | null} due
 * @param {string} on
 * @returns {Mapping}
 */
function whereIn(due, on) {
  if (!due) return {};
  const late = on > due.targetEnd ? "after" : "within";
  return { contact_window: on < due.opensOn ? "before" : late };
}

/** @type {(visit: Visit, rules: Rules) => Mapping} */
function falter(visit, rules) {
  const { weight } = visit.measured;
  if (weight === undefined) return {};
  const { birthWeightKg: birth, gestationDays } = visit;
  const gestation = oneWay(rules.growth_method, gestationDays);
  const limits = rules.limits.G7;
  const sds = sdsOf(visit, "weight", weight, visit.on, gestation);
  if (sds === null || child(visit).age_days <= limits.after_day) return {};
  const known = birth !== null && gestationDays !== null;
  const atBirth = known ? sdsOf(visit, "weight", birth, visit.birthDate, gestation) : null;
  const answer = fall(atBirth, sds, limits);
  return { growth_falter: answer?.status, weight_fall_spaces: answer?.fall_text };
}

/**
 * The rise since the lowest of the earlier measurements.
 * @type {(visit: Visit, rules: Rules) => Mapping}
 */
function head(visit, rules) {
  const { measured, before, birthDate, on } = visit;
  const gestation = oneWay(rules.growth_method, visit.gestationDays);
  let lowest = Infinity;
  for (const one of before) {
    if (one.kind !== "ofc" || one.on < birthDate || one.on >= on) continue;
    lowest = Math.min(lowest, sdsOf(visit, "ofc", one.value, one.on, gestation) ?? Infinity);
  }
  const now = measured.ofc === undefined ? null : sdsOf(visit, "ofc", measured.ofc, on, gestation);
  if (now === null || lowest === Infinity) return {};
  // Rounded down, so that "2.00" is never less than 2 spaces.
  return { head_rise_spaces: twoPlaces(Math.floor(((now - lowest) / SPACE + HAIR) * 100) / 100) };
}

/** @type {(visit: Visit, rules: Rules) => Mapping} */
function weighing(visit, { limits }) {
  let last = "";
  for (const { kind, on, atBirth } of visit.before) {
    if (kind === "weight" && !atBirth && on < visit.on && on > last) last = on;
  }
  if (visit.measured.weight === undefined || !last) return {};
  const { status, next_weighing_from } = tooSoon({ ...child(visit), last_weighed_on: last }, limits.G8);
  return { weighed_too_soon: status === "too_soon", next_weighing_from };
}

/** @type {(visit: Visit, rules: Rules) => Mapping} */
function bodyMassIndex(visit, { limits, growth_method: method }) {
  const { weight, height } = visit.measured;
  if (weight === undefined || height === undefined || !hasReached(child(visit), limits.G5.from)) return {};
  // Asked from 2 years only, and from then on paper charts correct nobody.
  const gestation = method === "paper" ? null : visit.gestationDays;
  const sds = sdsOf(visit, "bmi", bmi(weight, height), visit.on, gestation);
  return { "sds.bmi": sds?.toFixed(12) };
}

/** @type {(visit: Visit, rules: Rules) => Mapping} */
function immunisations(visit, rules) {
  const { imm_decision: decision, imm_history: history = [] } = visit.answers;
  // An answer that a later one hid stays in the visit, and was not given.
  const { given = [] } = decision === "given_today" ? visit.answers : {};
  const told = [
    ...visit.immunisations,
    ...history.map((/** @type {Mapping} */ row) => ({ vaccine: row.vaccine, date: row.given_on })),
    ...given.map((/** @type {Mapping} */ row) => ({ vaccine: row.product, date: visit.on })),
  ];
  const { doses } = workOut({ ...child(visit), history: told }, rules.immunisations);
  const inState = (/** @type {string} */ state) =>
    doses
      .filter((dose) => dose.state === state)
      .map(doseName)
      .join(", ") || null;
  return {
    immunisations_on_record: visit.immunisations.length > 0 || null,
    immunisations_overdue: inState("overdue"),
    immunisations_due: inState("due"),
  };
}

/** @type {(visit: Visit, rules: Rules) => Mapping} */
function asq(visit, { limits, asq: data }) {
  const asked = numberOf(visit.answers.asq_interval);
  const fits = interval({ ...child(visit), asq_interval: asked }, limits.D2, data);
  const fitting = fits.interval ?? null;
  if (asked === null) return { asq_interval_due: fitting };
  /** @type {Mapping} */
  const given = { asq_interval: asked };
  for (const area of ASQ_AREAS) {
    const score = numberOf(visit.answers[`asq_${area}`]);
    if (score !== null) given[`asq_${area}`] = score;
  }
  const { status, refer_text } = scores(given, data);
  return {
    asq_interval_due: fitting,
    asq_interval_fits: fitting === null ? null : fits.status === "fits",
    asq_unconfirmed: status === "unconfirmed_cut_off" || null,
    asq_refer: refer_text || null,
  };
}

/** @param {unknown} value */
function numberOf(value) {
  return readNumber(value) === null ? null : Number(value);
}
