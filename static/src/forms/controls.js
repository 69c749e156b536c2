/** Reads the control of one question as an answer, and shows an answer in it. The markup is components/form. */

import { isMapping, own } from "./answers.js";
import { datePartsOf, typedDate, typedDecimal, typedInstant, typedInteger, typedMonth } from "./typed.js";

/**
 * @typedef {import("./definition.js").Field} Field
 * @typedef {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} Box
 */

/**
 * @param {ParentNode} place
 * @param {string} [more] narrows the selector
 * @returns {Box[]}
 */
export function boxes(place, more = "") {
  return [
    .../** @type {NodeListOf<Box>} */ (
      place.querySelectorAll(`input${more}, textarea${more}, select${more}`)
    ),
  ];
}

/**
 * The answer that stands in a control; undefined when there is none.
 * @param {HTMLElement} control
 * @param {Field} field
 * @returns {any}
 */
export function readControl(control, field) {
  switch (field.type) {
    case "decimal":
      return typedDecimal(boxes(control)[0].value, field.unit);
    case "integer":
      return typedInteger(boxes(control)[0].value, field.unit);
    case "date":
      return typedDate(dateParts(control));
    case "month":
      return typedMonth(dateParts(control));
    case "datetime":
      return typedInstant(dateParts(control));
    case "yes_no":
      return yesNo(control);
    case "yes_no_each":
      return each(control);
    case "choices":
    case "people": {
      const chosen = boxes(control, ":checked").map(({ value }) => value);
      return chosen.length ? chosen : undefined;
    }
    case "person":
      return boxes(control, ":checked")[0]?.value;
    case "choice": {
      const box = boxes(control)[0];
      const value = box instanceof HTMLSelectElement ? box.value : boxes(control, ":checked")[0]?.value;
      return value || undefined;
    }
    default: {
      const { value } = boxes(control)[0];
      return value.trim() === "" ? undefined : value;
    }
  }
}

/**
 * Shows an answer, or empties the control.
 * @param {HTMLElement} control
 * @param {Field} field
 * @param {any} value
 */
export function writeControl(control, field, value) {
  switch (field.type) {
    case "date":
    case "month":
    case "datetime":
      for (const [name, text] of Object.entries(datePartsOf(value))) {
        const box = dateBox(control, name);
        if (box) box.value = text;
      }
      break;
    case "yes_no":
      tick(control, value === true ? ["yes"] : value === false ? ["no"] : []);
      break;
    case "yes_no_each":
      for (const place of eachPlaces(control)) {
        const said = own(value, place.dataset.each ?? "");
        tick(place, said === true ? ["yes"] : said === false ? ["no"] : []);
      }
      break;
    case "choices":
    case "people":
      tick(control, Array.isArray(value) ? value : []);
      break;
    case "person":
      tick(control, [value]);
      break;
    case "choice": {
      const box = boxes(control)[0];
      if (box instanceof HTMLSelectElement) box.value = typeof value === "string" ? value : "";
      else tick(control, [value]);
      break;
    }
    default:
      boxes(control)[0].value =
        value === null || value === undefined || isMapping(value) ? "" : String(value);
  }
}

/**
 * What "Today", "This month" or "Now" writes into the boxes.
 * @param {HTMLElement} control
 * @param {Date} now
 */
export function writeNow(control, now) {
  const texts = {
    day: String(now.getDate()),
    month: String(now.getMonth() + 1),
    year: String(now.getFullYear()),
    time: `${String(now.getHours()).padStart(2, "0")}:${String(now.getMinutes()).padStart(2, "0")}`,
  };
  for (const [name, text] of Object.entries(texts)) {
    const box = dateBox(control, name);
    if (box) box.value = text;
  }
}

/**
 * "None" stands alone: choosing it clears the others, choosing another clears it.
 * @param {EventTarget | null} changed
 */
export function keepAlone(changed) {
  if (!(changed instanceof HTMLInputElement) || !changed.checked) return;
  // In a row of a list: the part's own control, not the list's. Reasons for "not done" stand outside of any.
  const control = /** @type {HTMLElement | null} */ (changed.closest("[data-control]"));
  if (!control) return;
  const alone = changed.hasAttribute("data-alone");
  for (const box of /** @type {HTMLInputElement[]} */ (boxes(control, ":checked"))) {
    if (box !== changed && (alone || box.hasAttribute("data-alone"))) box.checked = false;
  }
}

/**
 * Fills the list of people to choose from.
 * @param {HTMLElement} control
 * @param {{value: string, label: string}[]} people
 */
export function fillPeople(control, people) {
  const place = control.querySelector("[data-people]");
  const pattern = control.querySelector("[data-person]");
  if (!place || !(pattern instanceof HTMLTemplateElement)) return;
  for (const [at, { value, label }] of people.entries()) {
    const copy = /** @type {HTMLElement} */ (pattern.content.firstElementChild?.cloneNode(true));
    const box = /** @type {HTMLInputElement} */ (copy.querySelector("input"));
    const words = /** @type {HTMLLabelElement} */ (copy.querySelector("label"));
    box.id = at === 0 ? box.id : `${box.id}-${at + 1}`;
    box.value = value;
    words.htmlFor = box.id;
    words.textContent = label;
    place.append(copy);
  }
  const nobody = /** @type {HTMLElement | null} */ (control.querySelector("[data-nobody]"));
  if (nobody) nobody.hidden = people.length > 0;
}

/** @param {ParentNode} place */
function yesNo(place) {
  const chosen = boxes(place, ":checked")[0]?.value;
  return chosen === undefined ? undefined : chosen === "yes";
}

/** @param {HTMLElement} control */
function each(control) {
  const said = eachPlaces(control)
    .map((place) => [place.dataset.each, yesNo(place)])
    .filter(([, answer]) => answer !== undefined);
  return said.length ? Object.fromEntries(said) : undefined;
}

/**
 * @param {ParentNode} control
 * @returns {HTMLElement[]}
 */
function eachPlaces(control) {
  return [.../** @type {NodeListOf<HTMLElement>} */ (control.querySelectorAll("[data-each]"))];
}

/**
 * @param {ParentNode} place
 * @param {unknown[]} values
 */
function tick(place, values) {
  for (const box of /** @type {HTMLInputElement[]} */ (boxes(place)))
    box.checked = values.includes(box.value);
}

/**
 * @param {ParentNode} control
 * @param {string} name
 */
function dateBox(control, name) {
  return /** @type {HTMLInputElement | null} */ (control.querySelector(`input[id$="-${name}"]`));
}

/** @param {ParentNode} control */
function dateParts(control) {
  const text = (/** @type {string} */ name) => dateBox(control, name)?.value.trim() ?? "";
  return { day: text("day"), month: text("month"), year: text("year"), time: text("time") };
}
