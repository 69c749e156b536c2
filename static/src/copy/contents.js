/**
 * What the parents' copy of a visit says, in no language yet: keys of phrases, days, numbers, and what somebody wrote.
 *
 * A question has to pass three doors: it stands in OUTLINE, the form marks it and the answer chosen for parents (P), and
 * its module is none that is never shared. Nothing that is added to a form is therefore shared by accident.
 */

import { isBlank, isNotDone, isUsable, own, readNumber } from "../forms/answers.js";
import { optionOf } from "../forms/definition.js";
import { quantity } from "../forms/wording.js";
import { centilePlace } from "../growth/lms.js";
import { scores } from "../rules/development.js";
import { calls, nextRows, safety, vaccines, visitRows } from "./around.js";

/**
 * @typedef {import("../forms/definition.js").Field} Field
 * @typedef {import("../forms/definition.js").FormDefinition} FormDefinition
 * @typedef {import("../forms/definition.js").Mapping} Mapping
 * @typedef {import("../rules/immunisations.js").Dose} Dose
 * @typedef {{phrase: string, with?: {[name: string]: Said}} | {date: string} | {value: string} | {text: string}} Said
 *   value: a number with its unit or a proper name; text: somebody's own words, never translated
 * @typedef {Map<string, {field: Field, value: any}>} Shared the answers that parents may see, by question
 * @typedef {{label: string | null, said: Said[]}} Row label: a phrase
 * @typedef {{id: string, rows: Row[]}} Section
 *
 * @typedef {object} CopyFacts
 * @property {string | null} contactType null without a visit: what comes next and who to call stand there alone
 * @property {string} on the day of the visit
 * @property {string} visitor their name
 * @property {{name: string, phone?: string | null} | null} team
 * @property {Mapping} derived centiles, by question
 * @property {import("../rules/contacts.js").DueContact | null} next
 * @property {Dose[]} doses of the schedule; none where nothing is due to this child any more
 * @property {boolean} history whether it is known which vaccinations were given before
 * @property {import("../rules/development.js").Asq} asq
 */

/** Each section with its questions. @type {[string, string[]][]} */
const OUTLINE = [
  ["growth", ["birth_weight_kg", "weight_kg", "length_cm", "height_cm", "ofc_cm"]],
  ["feeding", ["feeding_status", "solids_started", "vitamin_d", "feed_support_plan"]],
  [
    "checks",
    [
      ...["jaundice", "vision_concern", "hearing_concern", "check_concern", "sleep_pattern", "vitamin_k"],
      ...["vitamin_k_due", "hearing_outcome", "bloodspot_results"],
      ...["nipe_hips", "nipe_eyes", "nipe_heart", "nipe_testes"],
    ],
  ],
  [
    "development",
    ["asq_interval", "asq_overall_concern", "asq_concern_text", "speech_concern", "elim_result", "dentist"],
  ],
  ["talk", ["advice"]],
  ["plan", ["actions", "referrals"]],
  ["words", ["summary_parent", "parent_comment"]],
  ["vaccines", ["imm_decision", "given"]],
];

/** Modules F and H of the catalogue, whatever a question in them is marked. */
const NEVER = /^(?:wellbeing|safeguarding)\b/;
/** Questions whose answers read the same. */
const ALIKE = /^nipe_/;

/**
 * @param {FormDefinition} definition
 * @param {Mapping} answers
 * @param {{birthDate: string | null}} child
 * @param {CopyFacts} facts
 * @returns {Section[]} those that have something to say
 */
export function parentsCopy(definition, answers, child, facts) {
  const shared = sharedAnswers(definition, answers);
  const said = OUTLINE.map(([id, fields]) => ({
    id,
    rows: fields.flatMap((name) => rowsOf(shared.get(name), shared, facts)),
  }));
  said.find(({ id }) => id === "vaccines")?.rows.push(...vaccines(shared, facts));
  const sections = [
    { id: "visit", rows: visitRows(facts) },
    ...said,
    { id: "next", rows: nextRows(shared, facts) },
    { id: "safe", rows: safety(child.birthDate, facts.on) },
    { id: "call", rows: calls(facts) },
  ];
  // The growth charts have their place there, whether something was measured at this visit or not.
  return sections.filter(({ id, rows }) => rows.length || (id === "growth" && child.birthDate !== null));
}

/**
 * Words in what somebody wrote that do not belong on the copy: those the form itself warns of, and other people's names.
 * @param {Section[]} sections
 * @param {FormDefinition} definition
 * @param {string[]} names of people other than the child and the parents
 * @returns {string[]}
 */
export function wordsToLookAt(sections, definition, names) {
  const fields = definition.sections.flatMap((section) => section.fields);
  const restricted = fields.flatMap(({ soft_checks: checks = [] }) =>
    checks.flatMap(({ words = [] }) => words),
  );
  const written = sections.flatMap(({ rows }) => rows.flatMap((row) => row.said));
  const text = written.map((one) => ("text" in one ? one.text : "")).join("\n");
  return [...new Set([...restricted, ...names])].filter((word) => hasWord(text, word));
}

/**
 * @param {string} text
 * @param {string} word
 */
function hasWord(text, word) {
  const plain = word.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return word !== "" && new RegExp(`(?<![\\p{L}\\p{N}])${plain}(?![\\p{L}\\p{N}])`, "iu").test(text);
}

/**
 * The answers that may reach the parents, with their questions. Rows of a list that ask for more are left out alone.
 * @param {FormDefinition} definition
 * @param {Mapping} answers
 * @returns {Shared}
 */
function sharedAnswers(definition, answers) {
  const shared = new Map();
  for (const section of definition.sections) {
    if (NEVER.test(section.module ?? section.id)) continue;
    for (const field of section.fields) {
      const value = own(answers, field.id);
      if (isBlank(value) || isNotDone(value) || !isUsable(field, value)) continue;
      if (field.visibility !== "P") continue;
      if (field.type !== "list") {
        if (isForParents(field, value)) shared.set(field.id, { field, value });
        continue;
      }
      const rows = value.filter((/** @type {Mapping} */ row) =>
        field.fields?.every((part) => isForParents(part, row[part.id])),
      );
      if (rows.length) shared.set(field.id, { field, value: rows });
    }
  }
  return shared;
}

/**
 * @param {Field} field
 * @param {unknown} value
 */
function isForParents(field, value) {
  return [value].flat().every((one) => (optionOf(field, one)?.visibility ?? "P") === "P");
}

/**
 * @param {{field: Field, value: any} | undefined} answer
 * @param {Shared} shared
 * @param {CopyFacts} facts
 * @returns {Row[]}
 */
function rowsOf(answer, shared, facts) {
  if (!answer) return [];
  const { field, value } = answer;
  const label = `field.${field.id}`;
  if (field.id === "asq_interval") return questionnaire(value, shared, facts);
  if (field.type === "list") {
    return value.flatMap((/** @type {Mapping} */ row) => listRow(field, row, label));
  }
  const said = [value].flat().map((one) => sayOne(field, one));
  return [{ label, said: field.measure ? [...said, ...centile(facts.derived[field.id])] : said }];
}

/**
 * @param {Field} field
 * @param {any} value
 * @returns {Said}
 */
function sayOne(field, value) {
  switch (field.type) {
    case "decimal":
    case "integer":
      return { value: quantity(value, field.unit) };
    case "date":
      return { date: value };
    case "yes_no":
      return { phrase: value ? "yes" : "no" };
    case "choice":
    case "choices":
      return { phrase: `option.${ALIKE.test(field.id) ? "nipe" : field.id}.${value}` };
    default:
      return { text: value };
  }
}

/**
 * A referral that the parents agreed to, or a vaccine given: never who agreed, nor any name.
 * @param {Field} field
 * @param {Mapping} row
 * @param {string} label
 * @returns {Row[]}
 */
function listRow(field, row, label) {
  if (field.id === "given") {
    const product = field.fields?.find(({ id }) => id === "product");
    const name = product && optionOf(product, row.product)?.label;
    return name ? [{ label, said: [{ value: name }] }] : [];
  }
  if (field.id !== "referrals" || row.consent !== true) return [];
  const reason = isBlank(row.reason) ? [] : [{ text: row.reason }];
  return [{ label, said: [{ phrase: `option.service.${row.service}` }, ...reason] }];
}

/**
 * @param {Mapping | undefined} derived
 * @returns {Said[]}
 */
function centile(derived) {
  const sds = Number(derived?.sds ?? Number.NaN);
  if (!Number.isFinite(sds)) return [];
  const { place, lines } = centilePlace(sds);
  const [low, high = low] = lines.map((value) => ({ value }));
  return [{ phrase: `centile.${place}`, with: place === "between" ? { low, high } : { line: low } }];
}

/**
 * The outcome of a development questionnaire in words, never its score; without a confirmed cut-off there is none.
 * @param {string} interval
 * @param {Shared} shared
 * @param {CopyFacts} facts
 * @returns {Row[]}
 */
function questionnaire(interval, shared, { asq }) {
  /** @type {Mapping} */
  const given = { asq_interval: Number(interval) };
  for (const area of asq.areas) {
    const score = shared.get(`asq_${area}`)?.value;
    if (readNumber(score) !== null) given[`asq_${area}`] = Number(score);
  }
  const outcome = /** @type {Mapping} */ (scores(/** @type {any} */ (given), asq));
  if (outcome.status === "unconfirmed_cut_off") {
    return [{ label: "field.asq_interval", said: [{ phrase: "asq.unconfirmed_cut_off" }] }];
  }
  return asq.areas
    .filter((area) => given[`asq_${area}`] !== undefined && typeof outcome[area] === "string")
    .map((area) => ({ label: `field.asq_${area}`, said: [{ phrase: `asq.${outcome[area]}` }] }));
}
