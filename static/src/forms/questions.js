/**
 * The questions of a form on the page. A section's are brought there when it is first opened, a screenful before the
 * others: a whole form is slow to open, and so is a long section.
 */

import { isNotDone } from "./answers.js";
import { fillPeople, writeControl } from "./controls.js";
import { fieldOf, reasonsFor } from "./definition.js";
import { offerRecord } from "./from-record.js";
import { Rows } from "./rows.js";
import { Undone } from "./undone.js";

/**
 * @typedef {import("./bind.js").BindOptions} BindOptions
 * @typedef {import("./definition.js").Field} Field
 * @typedef {import("./definition.js").FormDefinition} FormDefinition
 * @typedef {import("./definition.js").Mapping} Mapping
 *
 * @typedef {{place: HTMLElement, control: HTMLElement, slot: HTMLElement, field: Field, rows: Rows | null, undone: Undone}} Question
 *
 * @typedef {object} Hooks
 * @property {(question: Question) => void} take reads its answer
 * @property {(section: string, fieldId: string) => void} takeLast answers with what the record says
 */

/** More questions than a screen shows. */
const SCREENFUL = 6;

export class Questions {
  /**
   * @param {HTMLElement} root
   * @param {FormDefinition} form
   * @param {BindOptions} options
   * @param {Mapping} given the answers as they stand
   * @param {Hooks} hooks
   */
  constructor(root, form, options, given, hooks) {
    this.root = root;
    this.form = form;
    this.options = options;
    this.given = given;
    this.hooks = hooks;
    /** Those on the page. @type {Map<string, Question>} */
    this.byField = new Map();
    /** Sections whose questions are on the page. @type {Set<string>} */
    this.drawn = new Set();
    /** Those of which more is to come. @type {Set<string>} */
    this.begun = new Set();
  }

  /** @param {string} fieldId */
  get(fieldId) {
    return this.byField.get(fieldId);
  }

  [Symbol.iterator]() {
    return this.byField.values();
  }

  /**
   * @param {Element} element
   * @returns {Question | undefined}
   */
  at(element) {
    const place = /** @type {HTMLElement | null} */ (element.closest("[data-field]"));
    return this.byField.get(place?.dataset.field ?? "");
  }

  /**
   * Brings the first of a section's questions onto the page, unless they are there.
   * @param {string} id
   * @param {() => void} onPainted more is to come, and may now
   */
  open(id, onPainted) {
    if (this.drawn.has(id)) return;
    this.draw(id, SCREENFUL);
    requestAnimationFrame(() => requestAnimationFrame(onPainted));
  }

  /**
   * The rest of them. False when there is none.
   * @param {string} id
   */
  finish(id) {
    if (!this.begun.has(id)) return false;
    this.draw(id);
    return true;
  }

  /**
   * @param {string} id
   * @param {number} [most] questions at once
   */
  draw(id, most = Infinity) {
    const section = /** @type {HTMLElement | null} */ (this.root.querySelector(`[data-section="${id}"]`));
    if (!section) return;
    const places = this.options.draw?.(section, most) ?? [
      .../** @type {NodeListOf<HTMLElement>} */ (section.querySelectorAll("[data-field]")),
    ];
    for (const place of places) this.bind(place);
    if (!this.drawn.has(id)) this.offerRecord(section);
    this.drawn.add(id);
    const more = places.length === most;
    section.classList.toggle("app-form__section--begun", more);
    if (more) this.begun.add(id);
    else this.begun.delete(id);
  }

  /** @param {HTMLElement} section */
  offerRecord(section) {
    const id = section.dataset.section ?? "";
    const { fields = [] } = this.form.sections.find((one) => one.id === id) ?? {};
    offerRecord(section, templateIn(this.root, "[data-record-panel]"), fields, {
      given: this.given,
      last: this.options.last ?? {},
      take: (fieldId) => this.hooks.takeLast(id, fieldId),
    });
  }

  /** @param {HTMLElement} place */
  bind(place) {
    const field = fieldOf(this.form, place.dataset.field ?? "");
    const control = /** @type {HTMLElement | null} */ (place.querySelector("[data-control]"));
    if (!field || !control) return;
    const people = this.options.options?.household ?? [];
    const rows = this.rowsOf(control, field, people);
    const pattern = templateIn(this.root, "[data-undone-panel]");
    const undone = new Undone(place, pattern, reasonsFor(this.form, field));
    const slot = /** @type {HTMLElement} */ (place.querySelector("[data-alerts]"));
    const question = { place, control, slot, field, rows, undone };
    this.byField.set(field.id, question);
    if (field.type === "people") fillPeople(control, people);
    this.showLast(question);
    const given = this.given[field.id];
    // As it comes, it shows no answer.
    if (given !== undefined || rows) this.write(question, given);
  }

  /**
   * @param {HTMLElement} control
   * @param {Field} field
   * @param {{value: string, label: string}[]} people
   */
  rowsOf(control, field, people) {
    if (field.type === "list") return new Rows(control, field, people, this.options.figure);
    if (field.type !== "photo" || !this.options.photos) return null;
    return this.options.photos(control, field, () =>
      this.hooks.take(/** @type {Question} */ (this.byField.get(field.id))),
    );
  }

  /**
   * @param {Question} question
   * @param {any} value
   */
  write(question, value) {
    const { undone, rows, control, field } = question;
    if (isNotDone(value)) {
      undone.open(value);
      return;
    }
    if (undone.isOpen) undone.close();
    if (rows) rows.write(value);
    else writeControl(control, field, value);
  }

  /** @param {Question} question */
  showLast({ place, field }) {
    const last = this.options.last?.[field.id];
    const slot = /** @type {HTMLElement | null} */ (place.querySelector("[data-last]"));
    if (!last || !slot) return;
    const text = typeof last === "string" ? last : last.text;
    /** @type {HTMLElement} */ (slot.querySelector("[data-last-text]")).textContent =
      `Recorded before: ${text}`;
    /** @type {HTMLElement} */ (slot.querySelector("[data-last-take]")).hidden = typeof last === "string";
    slot.dataset.has = "yes";
    slot.hidden = false;
  }
}

/**
 * @param {HTMLElement} root
 * @param {string} selector
 * @returns {HTMLTemplateElement}
 */
export function templateIn(root, selector) {
  const found = root.querySelector(selector);
  if (!(found instanceof HTMLTemplateElement)) throw new Error(`the form fragment has no ${selector}`);
  return found;
}
