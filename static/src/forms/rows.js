/** A list in the form: rows that are added, filled, removed and brought back. */

import { isMapping, own } from "./answers.js";
import { boxes, fillPeople, readControl, writeControl } from "./controls.js";
import { lookAtRow } from "./logic.js";

/**
 * @typedef {import("./definition.js").Field} Field
 * @typedef {import("./definition.js").Mapping} Mapping
 */

/** Every row gets a number of its own, so that ids stay unique after rows have come and gone. */
let rowsMade = 0;

export class Rows {
  /**
   * @param {HTMLElement} control
   * @param {Field} field
   * @param {{value: string, label: string}[]} people of the household
   * @param {(control: HTMLElement) => void} [figure] draws what the places of a choice are pointed at on
   */
  constructor(control, field, people, figure) {
    this.field = field;
    this.figure = figure;
    this.place = /** @type {HTMLElement} */ (control.querySelector("[data-rows]"));
    this.pattern = /** @type {HTMLTemplateElement} */ (control.querySelector("[data-row-template]"));
    this.gone = /** @type {HTMLElement} */ (control.querySelector("[data-removed]"));
    /** @type {{row: Mapping, at: number} | null} */
    this.removed = null;
    /** What an empty row begins with: where there is nobody else, it is about them. @type {Mapping} */
    this.first = {};
    for (const { id, type } of field.fields ?? []) {
      const part = this.pattern.content.querySelector(`[data-part="${id}"]`);
      if (type !== "person" || !(part instanceof HTMLElement)) continue;
      fillPeople(part, people);
      if (people.length === 1) this.first[id] = people[0].value;
    }
  }

  /** @returns {HTMLElement[]} */
  get elements() {
    return [.../** @type {NodeListOf<HTMLElement>} */ (this.place.querySelectorAll(":scope > [data-row]"))];
  }

  /**
   * Where there has to be one at least, an empty one stands ready; it is no answer before anything is said in it.
   * @param {unknown} rows
   */
  write(rows) {
    this.place.replaceChildren();
    const begun = this.field.required ? [this.first] : [];
    for (const row of Array.isArray(rows) ? rows : begun) this.insert(row, this.elements.length);
  }

  /** @returns {Mapping[] | undefined} */
  read() {
    const rows = this.elements.map((element) => this.readRow(element));
    return rows.length ? rows : undefined;
  }

  /**
   * @param {HTMLElement} element
   * @returns {Mapping}
   */
  readRow(element) {
    /** @type {Mapping} */
    const row = {};
    for (const part of this.field.fields ?? []) {
      const value = readControl(this.control(element, part), part);
      if (value !== undefined) row[part.id] = value;
    }
    return row;
  }

  /** An empty row at the end, ready to be filled. */
  add() {
    this.forget();
    const element = this.insert({}, this.elements.length);
    boxes(element)[0]?.focus();
  }

  /** @param {HTMLElement} element */
  remove(element) {
    const at = this.elements.indexOf(element);
    this.removed = { row: this.readRow(element), at };
    element.remove();
    this.number();
    this.gone.hidden = false;
    const said = /** @type {HTMLElement} */ (this.gone.querySelector("[data-removed-text]"));
    said.textContent = `${this.field.item} ${at + 1} removed.`;
    /** @type {HTMLElement} */ (this.gone.querySelector("[data-undo-remove]")).focus();
  }

  undo() {
    if (!this.removed) return;
    const element = this.insert(this.removed.row, this.removed.at);
    this.forget();
    boxes(element)[0]?.focus();
  }

  forget() {
    this.removed = null;
    this.gone.hidden = true;
  }

  /**
   * Shows and hides the parts of every row by their own conditions.
   * @param {Mapping} facts
   */
  refresh(facts) {
    for (const element of this.elements) {
      const { visible } = lookAtRow(this.field.fields ?? [], this.readRow(element), facts);
      for (const part of this.field.fields ?? []) this.part(element, part.id).hidden = !visible.has(part.id);
    }
  }

  /**
   * @param {HTMLElement} element
   * @param {string} id
   */
  part(element, id) {
    return /** @type {HTMLElement} */ (element.querySelector(`[data-part="${id}"]`));
  }

  /**
   * @param {HTMLElement} element
   * @param {Field} part
   */
  control(element, part) {
    return /** @type {HTMLElement} */ (this.part(element, part.id).querySelector("[data-control]"));
  }

  /**
   * @param {unknown} row
   * @param {number} at
   */
  insert(row, at) {
    const element = copyOf(this.pattern, "__n__", String(++rowsMade));
    for (const part of this.field.fields ?? []) {
      const control = this.control(element, part);
      writeControl(control, part, isMapping(row) ? own(row, part.id) : undefined);
      if (part.figure) this.figure?.(control);
    }
    this.place.insertBefore(element, this.elements[at] ?? null);
    this.number();
    return element;
  }

  number() {
    for (const [at, element] of this.elements.entries()) {
      const title = `${this.field.item} ${at + 1}`;
      element.setAttribute("aria-label", title);
      for (const place of element.querySelectorAll("[data-row-title], [data-remove-what]"))
        place.textContent = title;
    }
  }
}

/**
 * The one element of a template, with its ids made its own.
 * @param {HTMLTemplateElement} pattern
 * @param {string} mark that stands in the ids
 * @param {string} name to put there
 */
export function copyOf(pattern, mark, name) {
  const element = /** @type {HTMLElement} */ (pattern.content.firstElementChild?.cloneNode(true));
  for (const each of [element, ...element.querySelectorAll("*")]) {
    for (const attribute of ["id", "for", "name", "aria-describedby"]) {
      const value = each.getAttribute(attribute);
      if (value?.includes(mark)) each.setAttribute(attribute, value.replaceAll(mark, name));
    }
  }
  return element;
}
