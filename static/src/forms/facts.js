/**
 * What is known about the child at this visit, counted from the record and the answers: ages, SDS, changes in weight.
 * `hvapp/domain/forms/facts.py` counts the same. What is not known is absent.
 */

import { derivedValue } from "../growth/lms.js";
import { civilDate, correctedAgeDays, daysBetween, monthsBetween } from "../lib/dates.js";
import {
  difference,
  isUsable,
  own,
  percentOf,
  readDate,
  readDecimal,
  readInstant,
  readNumber,
  scaled,
} from "./answers.js";
import { fieldOf, indexOf } from "./definition.js";
import { countBeforeBirth, countRuleFacts } from "./rule-facts.js";

/**
 * @typedef {import("./definition.js").Field} Field
 * @typedef {import("./definition.js").FormDefinition} FormDefinition
 * @typedef {import("./definition.js").Mapping} Mapping
 * @typedef {import("../growth/lms.js").Measurement} Measurement
 * @typedef {import("../growth/lms.js").GrowthResult} GrowthResult
 * @typedef {(measurement: Measurement) => GrowthResult} Assess `assess` of growth/lms.js with its tables
 *
 * @typedef {{kind: string, value: string, on: string, atBirth: boolean}} Measured
 * @typedef {object} ChildFacts what the record says about the child before the visit
 * @property {string | null} birthDate
 * @property {string} sex
 * @property {number | null} gestationDays the whole pregnancy: 280 at term
 * @property {string | null} birthWeightKg
 * @property {Measured[]} measurements
 * @property {string | null} needLevel
 * @property {string | null} edd the due date, before the birth
 * @property {{vaccine: string, date: string}[]} immunisations
 */

/** What a visit has to know of the record: no names, no address, no risks. */
const ASKED_OF_THE_RECORD = [
  "birth_date",
  "sex",
  "gestation_days",
  "nhs_number",
  "need_level",
  "edd",
  "measurements",
  "immunisations",
];

/**
 * As much of a child's or a mother's record as questions and rules ask of it.
 * @param {Mapping} body
 * @returns {Mapping}
 */
export function askedOfRecord(body) {
  return Object.fromEntries(ASKED_OF_THE_RECORD.map((name) => [name, body[name] ?? null]));
}

/**
 * From a child or pregnancy as the server sends it; a measurement that cannot be read is left out.
 * @param {Mapping} body
 * @returns {ChildFacts}
 */
export function childFacts(body) {
  const measurements = (body.measurements ?? [])
    .filter((/** @type {Mapping} */ one) => readDecimal(one.value) !== null && readDate(one.on) !== null)
    .map((/** @type {Mapping} */ one) => ({
      kind: String(one.kind),
      value: one.value,
      on: one.on,
      atBirth: one.at_birth === true,
    }));
  return {
    birthDate: readDate(body.birth_date),
    sex: String(body.sex || "not_known"),
    gestationDays: Number.isSafeInteger(body.gestation_days) ? body.gestation_days : null,
    // They stand in the order they were recorded: of two birth weights the one approved last holds.
    birthWeightKg:
      measurements.findLast((/** @type {Measured} */ one) => one.kind === "weight" && one.atBirth)?.value ??
      null,
    measurements,
    needLevel: typeof body.need_level === "string" ? body.need_level : null,
    edd: readDate(body.edd),
    immunisations: (body.immunisations ?? []).filter(
      (/** @type {Mapping} */ one) => readDate(one.date) !== null,
    ),
  };
}

/**
 * @param {ChildFacts} child
 * @param {unknown} answers
 * @param {Date} now
 * @param {FormDefinition} form
 * @param {Assess} assess
 * @param {import("./rule-facts.js").Rules | null} rules without them no rule is asked
 * @param {Date | null} [enteredAt] when the visit was first completed, where this is a correction of it
 * @returns {Mapping}
 */
export function buildFacts(child, answers, now, form, assess, rules, enteredAt = null) {
  const { birthDate } = child;
  const gestationDays = gestation(form, child, answers);
  const started = startOf(form, answers);
  const on = civilDate(new Date(started ?? now));
  /** @type {Mapping} */
  const facts = {
    now: `${now.toISOString().slice(0, 19)}Z`,
    today: civilDate(now),
    birth_date: birthDate,
    sex: child.sex,
    gestation_days: gestationDays,
    weeks_of_gestation: weeksOfGestation(form, child, answers),
    contact_date: on,
  };
  // Correcting a visit later does not make it late: a correction says when the visit was first completed.
  const entered = (enteredAt ?? now).getTime();
  if (started !== null && started <= entered) {
    facts.hours_late = Math.floor((entered - started) / 3_600_000);
  }
  if (birthDate !== null) {
    const days = daysBetween(birthDate, on);
    if (days >= 0) {
      facts.age_days = days;
      facts.weeks_of_age = Math.floor(days / 7);
      facts.months_of_age = monthsBetween(birthDate, on);
      if (gestationDays !== null) facts.corrected_age_days = correctedAgeDays(birthDate, gestationDays, on);
    }
    for (const field of indexOf(form).fields) {
      const day = field.type === "date" ? readDate(own(answers, field.id)) : null;
      if (day !== null) facts[`age_at.${field.id}`] = daysBetween(birthDate, day);
    }
  }
  Object.assign(facts, changes(form, child, answers, on));
  if (rules) Object.assign(facts, byRules(form, child, answers, on, gestationDays, assess, rules));
  for (const [id, derived] of Object.entries(derive(child, answers, now, form, assess, rules))) {
    facts[`sds.${id}`] = derived.sds;
  }
  const needLevel = own(answers, "need_level");
  const asked = fieldOf(form, "need_level");
  if (asked && isUsable(asked, needLevel) && child.needLevel !== null) {
    facts.need_level_changed = needLevel !== child.needLevel;
  }
  for (const name of Object.keys(facts)) {
    if (facts[name] === null || facts[name] === undefined) delete facts[name];
  }
  return facts;
}

/**
 * Centile, SDS and how they were found, for every measurement that was made and is within its hard limits.
 * @param {ChildFacts} child
 * @param {unknown} answers
 * @param {Date} now
 * @param {FormDefinition} form
 * @param {Assess} assess
 * @param {{growth_method: import("../growth/lms.js").ChartMethod} | null} rules
 * @returns {{[field: string]: Mapping}}
 */
export function derive(child, answers, now, form, assess, rules) {
  const method = rules?.growth_method;
  /** @type {{[field: string]: Mapping}} */
  const derived = {};
  const { birthDate, sex } = child;
  if (birthDate === null) return derived;
  const gestationDays = gestation(form, child, answers);
  const on = civilDate(new Date(startOf(form, answers) ?? now));
  for (const field of indexOf(form).fields) {
    const measuredOn = field.measure?.at_birth ? birthDate : on;
    if (!field.measure || measured(field, answers) === null || measuredOn < birthDate) continue;
    const kind = /** @type {Measurement["kind"]} */ (field.measure.kind);
    const value = own(answers, field.id);
    derived[field.id] = derivedValue(
      assess({ kind, value, measuredOn, birthDate, sex, gestationDays, method }),
    );
  }
  return derived;
}

/**
 * @param {FormDefinition} form
 * @param {unknown} answers
 */
function startOf(form, answers) {
  return fieldOf(form, "started_at")?.type === "datetime" ? readInstant(own(answers, "started_at")) : null;
}

/**
 * The value of a measurement, scaled, if it is one and within the limits of what is possible.
 * @param {Field} field
 * @param {unknown} answers
 */
function measured(field, answers) {
  const value = field.measure ? readDecimal(own(answers, field.id)) : null;
  return value !== null && scaled(field.hard?.min) <= value && value <= scaled(field.hard?.max)
    ? value
    : null;
}

/**
 * The pregnancy as answered at this visit, weeks and days both; else as the record has it; never 40 weeks.
 * @param {FormDefinition} form
 * @param {Pick<ChildFacts, "gestationDays">} child
 * @param {unknown} answers
 */
export function gestation(form, child, answers) {
  const weeks = within(form, answers, "gestation_weeks");
  const days = within(form, answers, "gestation_days");
  return weeks === null || days === null ? child.gestationDays : weeks * 7 + days;
}

/**
 * Completed weeks, which are known where the days beyond them are not.
 * @param {FormDefinition} form
 * @param {Pick<ChildFacts, "gestationDays">} child
 * @param {unknown} answers
 */
function weeksOfGestation(form, { gestationDays: days }, answers) {
  return within(form, answers, "gestation_weeks") ?? (days === null ? null : Math.floor(days / 7));
}

/**
 * A whole number that was answered and is within its hard limits.
 * @param {FormDefinition} form
 * @param {unknown} answers
 * @param {string} id
 * @returns {number | null}
 */
function within(form, answers, id) {
  const field = fieldOf(form, id);
  const value = own(answers, id);
  if (!field || !Number.isSafeInteger(value)) return null;
  return Number(field.hard?.min ?? 0) <= value && value <= Number(field.hard?.max ?? value) ? value : null;
}

/**
 * The birth weight, as answered at this visit or else on record; each measurement against the one before it, and the
 * weight against the birth weight.
 * @param {FormDefinition} form
 * @param {ChildFacts} child
 * @param {unknown} answers
 * @param {string} on
 */
function changes(form, child, answers, on) {
  const { fields } = indexOf(form);
  const birthField = fields.find(({ measure }) => measure?.kind === "weight" && measure.at_birth);
  const answered = birthField && measured(birthField, answers) !== null ? own(answers, birthField.id) : null;
  const known = answered ?? child.birthWeightKg;
  const birthWeight = readNumber(known);
  /** @type {Mapping} */
  const found = {};
  if (known !== null) found.birth_weight = difference(known, "0");
  for (const field of fields) {
    const value = measured(field, answers);
    if (!field.measure || field.measure.at_birth || value === null) continue;
    const { kind } = field.measure;
    if (kind === "weight" && birthWeight !== null) {
      found.weight_loss_percent = percentOf(birthWeight - value, birthWeight);
    }
    const before = latestBefore(child, kind, on, answered);
    if (!before) continue;
    const then = scaled(before.value);
    found[`days_since_last_${kind}`] = daysBetween(before.on, on);
    found[`${kind}_change`] = difference(own(answers, field.id), before.value);
    found[`${kind}_change_percent`] = percentOf(value - then, then);
  }
  return found;
}

/**
 * What the clinical rules say of this visit.
 * @param {FormDefinition} form
 * @param {ChildFacts} child
 * @param {unknown} answers
 * @param {string} on
 * @param {number | null} gestationDays
 * @param {Assess} assess
 * @param {import("./rule-facts.js").Rules} rules
 */
function byRules(form, child, answers, on, gestationDays, assess, rules) {
  const { birthDate, sex, immunisations, measurements: before } = child;
  if (birthDate === null) {
    const asked = fieldOf(form, "edd");
    const answered = own(answers, "edd");
    const edd = asked && isUsable(asked, answered) ? readDate(answered) : null;
    return countBeforeBirth(form, edd ?? child.edd, on, rules);
  }
  const { fields, sources } = indexOf(form);
  /** @type {import("./rule-facts.js").Visit} */
  const visit = {
    ...{ form, birthDate, on, sex, gestationDays, before, immunisations, assess },
    birthWeightKg: child.birthWeightKg,
    measured: {},
    answers: {},
  };
  for (const field of fields) {
    const value = own(answers, field.id);
    if (isUsable(field, value)) visit.answers[field.id] = value;
    if (!field.measure || measured(field, answers) === null) continue;
    const { kind, at_birth: atBirth } = field.measure;
    if (!atBirth) visit.measured[kind] = value;
    else if (kind === "weight") visit.birthWeightKg = value;
  }
  return countRuleFacts(visit, rules, sources);
}

/**
 * The last measurement of this kind on an earlier day, of two the one recorded last; a birth weight answered now
 * replaces the record's.
 * @param {ChildFacts} child
 * @param {string} kind
 * @param {string} on
 * @param {string | null} birthWeight
 * @returns {Measured | undefined}
 */
function latestBefore(child, kind, on, birthWeight) {
  let known = child.measurements.filter((one) => one.kind === kind);
  if (kind === "weight" && birthWeight !== null && child.birthDate !== null) {
    known = known.filter((one) => !one.atBirth);
    known.push({ kind, value: birthWeight, on: child.birthDate, atBirth: true });
  }
  /** @type {Measured | undefined} */
  let latest;
  for (const one of known) if (one.on < on && (!latest || one.on >= latest.on)) latest = one;
  return latest;
}
