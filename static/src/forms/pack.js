/**
 * A form out of the file that holds them all, in which every question stands once: `hvapp/web/form_pack.py` makes it.
 *
 * @typedef {{questions: {field: any, html: string}[],
 *   forms: {[key: string]: {definition: any, html: string}}}} Pack
 *
 * The markup holds a comment with a number where a question belongs; `questions` has the question's own markup by it.
 * @typedef {{definition: import("./definition.js").FormDefinition, html: string,
 *   questions: Map<string, string>}} UnpackedForm
 */

/**
 * @param {Pack} pack
 * @param {string} key "new_birth_visit.v2"
 * @returns {UnpackedForm | null}
 */
export function unpack({ questions, forms }, key) {
  const form = Object.hasOwn(forms, key) ? forms[key] : undefined;
  if (!form) return null;
  const sections = form.definition.sections.map((/** @type {any} */ section) => ({
    ...section,
    fields: section.fields.map((/** @type {number} */ at) => questions[at].field),
  }));
  const numbers = form.definition.sections.flatMap((/** @type {any} */ { fields }) => fields);
  return {
    definition: { ...form.definition, sections },
    html: form.html,
    questions: new Map(numbers.map((/** @type {number} */ at) => [String(at), questions[at].html])),
  };
}
