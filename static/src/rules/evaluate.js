/**
 * One rule, asked about one case by names: what `hvapp rules run` and the tables of cases use. The tablet itself asks the
 * rules directly and does not load this. `hvapp/domain/rules/evaluate.py` answers the same.
 */

import { readDate } from "../forms/answers.js";
import { assess } from "../growth/lms.js";
import { formatDate } from "../lib/dates.js";
import { formatNhsNumber, validNhsNumber } from "../lib/nhs-number.js";
import { cannotSay, notGiven } from "./answering.js";
import { contactDue, nextContact } from "./contacts.js";
import { interval, scores } from "./development.js";
import * as growth from "./growth.js";
import { schedule } from "./immunisations.js";
import { readInputs, trimmed, Unreadable } from "./inputs.js";
import * as wellbeing from "./wellbeing.js";

/**
 * @typedef {import("./answering.js").Given} Given
 * @typedef {import("./answering.js").Limits} Limits
 * @typedef {import("./answering.js").Answer} Answer
 * @typedef {{id: string, needs: string[], confirmed: boolean,
 *   outcomes: {[status: string]: {level: string, text: string}}}} Rule
 * @typedef {{tablet: import("./answering.js").RuleBook, rules: Rule[], contacts: import("./contacts.js").ContactRules,
 *   inputs: {[name: string]: import("./inputs.js").Spec}}} WholeBook
 */

/**
 * @param {string} ruleId
 * @param {{[name: string]: unknown}} inputs
 * @param {WholeBook} book
 * @param {import("../growth/tables.js").GrowthTables} tables
 */
export function evaluate(ruleId, inputs, book, tables) {
  const rule = /** @type {Rule} */ (book.rules.find(({ id }) => id === ruleId));
  /** @type {Given} */
  let given;
  try {
    given = readInputs(inputs, book.inputs);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return inWords(cannotSay(error.message), rule);
  }
  const missing = rule.needs.filter((name) => given[name === "age" ? "age_days" : name] === undefined);
  if (missing.length) {
    const named = missing.map((name) => (name === "age" ? "age_days, or date_of_birth and on" : name));
    return inWords(cannotSay(`not given: ${named.join(", ")}`), rule);
  }
  return inWords(answer(ruleId, given, book, tables), rule);
}

/**
 * @param {string} ruleId
 * @param {Given} given
 * @param {WholeBook} book
 * @param {import("../growth/tables.js").GrowthTables} tables
 * @returns {Answer}
 */
function answer(ruleId, given, { tablet, contacts }, tables) {
  const limits = tablet.limits[ruleId];
  /** @type {growth.Assess} */
  const charts = (measurement) => assess(measurement, tables);
  /** @type {{[rule: string]: () => Answer}} */
  const byRule = {
    G1: () => growth.ages(given),
    G2: () => growth.correction(given),
    G3: () => growth.centile(given, charts),
    G4: () => growth.extremes(given, charts, limits),
    G5: () => growth.bodyMassIndex(given, charts, limits),
    G6: () => growth.weightLoss(given, limits),
    G7: () => growth.faltering(given, charts, limits),
    G8: () => growth.tooSoon(given, limits),
    IMM: () => schedule(given, tablet.immunisations),
    M1: () => wellbeing.screening(given, limits),
    M2: () => wellbeing.totals(given, limits),
    M3: () => wellbeing.harm(given, limits),
    D1: () => scores(given, tablet.asq),
    D2: () => interval(given, limits, tablet.asq),
    J1: () => wellbeing.jaundice(given, limits),
    SG1: () => wellbeing.actToday(given),
    SG2: () => wellbeing.queue(given),
    SG3: () => wellbeing.saferSleep(given, limits),
    SG4: () => wellbeing.damp(given, limits),
    DVA: () => wellbeing.abuseQuestion(given),
    O1: () => contactWindow(given, contacts),
    KPI: () => wellbeing.counts(given),
    NHS: () => nhsNumber(trimmed(given.nhs_number)),
    B1: () => wellbeing.bloodSpot(given, limits),
    FEED: () => wellbeing.earlySolids(given, limits),
  };
  return byRule[ruleId]();
}

/**
 * O1: the contact that is named, else the next one that is due.
 * @param {Given} given
 * @param {import("./contacts.js").ContactRules} rules
 * @returns {Answer}
 */
function contactWindow(
  { date_of_birth: birthDate, edd, on: today, contact_type: contact, done = [] },
  rules,
) {
  if (!birthDate && !edd) return notGiven("date_of_birth", "edd");
  if (birthDate && contact === "antenatal") return { status: "born" };
  const due = contact
    ? contactDue(contact, { birthDate, edd, today }, rules)
    : nextContact({ birthDate, edd, done, today }, rules);
  if (!due && contact) return cannotSay("this contact has no window that counts from what is given");
  if (!due) return { status: "none" };
  return {
    status: due.state,
    contact_type: due.contactType,
    opens_on: due.opensOn,
    target_end: due.targetEnd,
    limit_on: due.limitOn,
    days_left: due.daysLeft,
    window_text: due.text,
    confirmed: due.confirmed,
  };
}

/**
 * @param {string} number
 * @returns {Answer}
 */
function nhsNumber(number) {
  const valid = validNhsNumber(number);
  return { status: valid ? "valid" : "not_valid", valid, formatted: valid ? formatNhsNumber(number) : null };
}

/**
 * @param {Answer} said
 * @param {Rule} rule
 */
function inWords(said, rule) {
  const cannot = { level: "none", text: "Cannot say: {reason}." };
  const { level, text } = said.status === "cannot_say" ? cannot : rule.outcomes[said.status];
  const words = text.replace(/\{([a-z_0-9]+)\}/g, (_, name) => {
    const day = readDate(said[name]);
    return day ? formatDate(day) : String(said[name] ?? "");
  });
  return { level, confirmed: rule.confirmed, ...said, text: words };
}
