/**
 * A form definition as the tablet has it: the plain data of the form file, which the server has read strictly.
 * `hvapp/domain/forms/definition.py` says what every part means.
 *
 * @typedef {any} Json
 * @typedef {{[key: string]: any}} Mapping
 * @typedef {Mapping} Condition
 * @typedef {{value: string, label: string, hint?: string, code?: string, exclusive?: boolean, visibility?: string,
 *   service?: string}} Option
 * @typedef {{code: string, label: string, needs_detail?: boolean}} Reason
 * @typedef {{min?: string | number, max?: string | number, sds?: string | number}} Limits
 * @typedef {{check: string, message?: string, field?: string, limit?: string | number, within_days?: number,
 *   words?: string[]}} Check
 *
 * @typedef {object} Field
 * @property {string} id
 * @property {string} label
 * @property {string} name how a sentence calls it: "the weight" in "Enter the weight"
 * @property {string} type
 * @property {string} [visibility]
 * @property {boolean} [core]
 * @property {string} [unit]
 * @property {number} [decimals]
 * @property {number} [max_length]
 * @property {Option[]} [options]
 * @property {Limits} [hard]
 * @property {Limits} [soft]
 * @property {Check[]} [checks]
 * @property {Check[]} [soft_checks]
 * @property {boolean} [required]
 * @property {Condition} [required_when]
 * @property {Condition} [show_when]
 * @property {string} [missing]
 * @property {false | string[]} [not_done]
 * @property {{kind: string, at_birth?: boolean}} [measure]
 * @property {{value?: string, from?: string}} [prefill]
 * @property {string} [suggest]
 * @property {boolean} [household] the same for all children who live there
 * @property {string} [item] what one row of a list is called
 * @property {string} [figure] the drawing on which the options can be pointed at
 * @property {Field[]} [fields] the parts of one row
 *
 * @typedef {{id: string, title: string, fields: Field[], module?: string, show_when?: Condition}} Section
 * @typedef {{id: string, level: "red" | "amber" | "info", title: string, text: string, action: string,
 *   source: string, fields: string[], rows?: string, call?: string, when: Condition}} AlertRule
 * @typedef {{id: string, version: number, title: string, contact_type: string, sections: Section[],
 *   alerts?: AlertRule[], not_done_reasons: Reason[], hash?: string}} FormDefinition
 */

import { ruleFactSources } from "./rule-fact-sources.js";

/**
 * @typedef {{fields: Field[], byId: Map<string, Field>, sources: Map<string, string[]>}} Index
 * @type {WeakMap<FormDefinition, Index>}
 */
const indexes = new WeakMap();

/**
 * Every field in the order of the form, by id, and what each fact is counted from. Worked out once for a form.
 * @param {FormDefinition} form
 * @returns {Index}
 */
export function indexOf(form) {
  let index = indexes.get(form);
  if (!index) {
    const fields = form.sections.flatMap((section) => section.fields);
    index = { fields, byId: new Map(fields.map((field) => [field.id, field])), sources: factSources(fields) };
    indexes.set(form, index);
  }
  return index;
}

/**
 * @param {FormDefinition} form
 * @param {string} id
 */
export function fieldOf(form, id) {
  return indexOf(form).byId.get(id);
}

/**
 * The part of a list's rows with this id; the first, where several lists have one.
 * @param {FormDefinition} form
 * @param {string} id
 */
export function partOf(form, id) {
  return indexOf(form)
    .fields.flatMap(({ fields }) => fields ?? [])
    .find((part) => part.id === id);
}

/**
 * Why this field may stand unanswered.
 * @param {FormDefinition} form
 * @param {Field} field
 * @returns {Reason[]}
 */
export function reasonsFor(form, field) {
  if (field.not_done === false) return [];
  const codes = field.not_done;
  if (codes === undefined) return form.not_done_reasons;
  return /** @type {Reason[]} */ (
    codes.map((code) => form.not_done_reasons.find((reason) => reason.code === code)).filter(Boolean)
  );
}

/**
 * @param {Field} field
 * @param {unknown} value
 */
export function optionOf(field, value) {
  return field.options?.find((option) => option.value === value);
}

/**
 * Every fact the form can know, with the fields it is counted from.
 * @param {Field[]} fields
 * @returns {Map<string, string[]>}
 */
function factSources(fields) {
  const has = (/** @type {string} */ id) => fields.some((field) => field.id === id);
  const only = (/** @type {string[]} */ ...ids) => ids.filter(has);
  const started = only("started_at");
  const gestation = only("gestation_days", "gestation_weeks");
  /** @type {Map<string, string[]>} */
  const sources = new Map();
  for (const name of ["now", "today", "birth_date", "sex"]) sources.set(name, []);
  for (const name of ["contact_date", "age_days", "weeks_of_age", "months_of_age", "hours_late"]) {
    sources.set(name, started);
  }
  sources.set("gestation_days", gestation);
  sources.set("weeks_of_gestation", only("gestation_weeks"));
  sources.set("corrected_age_days", [...started, ...gestation]);
  if (has("need_level")) sources.set("need_level_changed", ["need_level"]);
  for (const [name, from] of ruleFactSources(fields)) sources.set(name, from);
  const birthWeight = fields.filter(({ measure }) => measure?.kind === "weight" && measure.at_birth);
  sources.set(
    "birth_weight",
    birthWeight.map(({ id }) => id),
  );
  for (const field of fields) {
    if (field.type === "date") sources.set(`age_at.${field.id}`, [field.id]);
    if (!field.measure) continue;
    sources.set(`sds.${field.id}`, [field.id, ...started, ...gestation]);
    if (field.measure.at_birth) continue;
    const { kind } = field.measure;
    const birth = kind === "weight" ? birthWeight.map(({ id }) => id) : [];
    for (const name of [`days_since_last_${kind}`, `${kind}_change`, `${kind}_change_percent`]) {
      sources.set(name, [field.id, ...started, ...birth]);
    }
    if (kind === "weight") sources.set("weight_loss_percent", [field.id, ...birth]);
  }
  return sources;
}
