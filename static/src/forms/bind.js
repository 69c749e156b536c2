/**
 * The form on the page: shows answers, takes them as they are given, shows and hides questions by their conditions,
 * and says beside each question what is wrong and what the tablet noticed.
 *
 * The markup is the fragment of templates/shell/form_fragment.jinja; nothing here parses HTML. Nothing typed is lost:
 * what is hidden keeps its answer, and what cannot be read is kept as it was typed.
 */

import { soonAfter } from "../lib/soon.js";
import { own, same } from "./answers.js";
import { Consequences } from "./consequences.js";
import { boxes, keepAlone, readControl, writeControl, writeNow } from "./controls.js";
import { readResponse } from "./notices.js";
import { Questions } from "./questions.js";

/**
 * @typedef {import("./definition.js").Field} Field
 * @typedef {import("./definition.js").FormDefinition} FormDefinition
 * @typedef {import("./definition.js").Mapping} Mapping
 * @typedef {import("./questions.js").Question} Question
 * @typedef {import("./rows.js").Rows} Rows
 * @typedef {import("./validate.js").Finding} Finding
 *
 * What follows from the answers: what `check` found, the facts it was told, and which of the findings are said.
 * @typedef {ReturnType<typeof import("./validate.js").check> & {facts: Mapping, told: Finding[]}} Seen
 *
 * @typedef {object} BindOptions
 * @property {(section: HTMLElement, most: number) => HTMLElement[]} [draw] puts the next questions of a section on the page,
 *   when it is first opened, and answers them; without it they are all there
 * @property {Mapping} [answers]
 * @property {Mapping} [confirmed]
 * @property {{[alert: string]: import("../types.js").Response}} [alertResponses]
 * @property {(payload: Mapping) => Seen} look asked once for each time the form is drawn
 * @property {() => void} [onDrawn] the form shows what was seen
 * @property {{household?: {value: string, label: string}[]}} [options]
 * @property {(control: HTMLElement, field: Field, changed: () => void) => Rows} [photos] where the form may ask for photos
 * @property {(control: HTMLElement) => void} [figure] draws what the places of a choice are pointed at on
 * @property {{[field: string]: string | {text: string, value: any}}} [last] earlier values, shown in grey; with a value
 *   beside the text, "Use this" takes it
 * @property {(fieldId: string, value: any) => unknown} onChange after every answer, confirmation and response;
 *   what it returns is waited for, a moment at most, before the form draws what follows
 */

/** Typing in words is passed on after a short rest; everything else at once. */
const REST_MS = 250;

/**
 * @param {HTMLElement} root the fragment's [data-form]
 * @param {FormDefinition} definition
 * @param {BindOptions} options
 */
export function bindForm(root, definition, options) {
  return new BoundForm(root, definition, options);
}

class BoundForm {
  /**
   * @param {HTMLElement} root
   * @param {FormDefinition} definition
   * @param {BindOptions} options
   */
  constructor(root, definition, options) {
    this.root = root;
    this.form = definition;
    this.options = options;
    this.given = { ...options.answers };
    this.confirmed = { ...options.confirmed };
    this.responses = { ...options.alertResponses };
    /** The question, or part of a row, being typed in. @type {HTMLElement | null} */
    this.typing = null;
    this.drawing = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.rest = undefined;
    /** The question whose words are still to be passed on. @type {string | null} */
    this.pending = null;
    /** Whether a finger or a mouse button is down. */
    this.pressed = false;
    this.listening = new AbortController();
    this.unsaved = /** @type {Set<string>} */ (new Set());
    this.questions = new Questions(root, definition, options, this.given, {
      take: (question) => this.take(question),
      takeLast: (section, fieldId) => {
        this.finishSection(section);
        this.takeLast(/** @type {Question} */ (this.questions.get(fieldId)));
      },
    });
    this.consequences = new Consequences(root, this.questions, this.given, this.responses);
    /** What the form shows. @type {Seen | null} */
    this.seen = null;
    root.addEventListener("input", (event) => this.onInput(event));
    root.addEventListener("change", (event) => this.onInput(event));
    root.addEventListener("click", (event) => this.onClick(event));
    root.addEventListener("focusout", (event) => this.onLeave(event));
    this.watchPresses();
    // Otherwise nothing is there to be drawn before a section is opened.
    if (options.draw) return;
    for (const { id } of definition.sections) this.questions.draw(id);
    this.refresh();
  }

  /**
   * Shows the form with this section's questions.
   * @param {string} id
   */
  openSection(id) {
    this.questions.open(id, () => this.finishSection(id));
    this.refresh();
  }

  /** @param {string} id */
  finishSection(id) {
    if (this.questions.finish(id) && this.seen) this.show(this.seen);
  }

  /** @param {Event} event */
  onInput(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const panel = /** @type {HTMLElement | null} */ (target.closest("[data-alert]"));
    const question = this.questions.at(target);
    if (!question) return;
    if (panel) {
      this.respond(question, panel.dataset.alert ?? "", readResponse(panel));
      return;
    }
    if (event.type === "change") keepAlone(target);
    const typed = isTyped(target);
    if (typed && event.type === "input") this.typing = answering(target);
    if (
      typed &&
      event.type === "input" &&
      (question.field.type === "text" || question.field.type === "line")
    ) {
      this.pending = question.field.id;
      clearTimeout(this.rest);
      this.rest = setTimeout(() => this.flush(), REST_MS);
      return;
    }
    this.take(question);
  }

  /** @param {Event} event */
  onClick(event) {
    const target = /** @type {HTMLElement} */ (event.target).closest("button");
    const question = target && this.questions.at(target);
    if (!question) return;
    const { field, control, rows, undone } = question;
    if (target.hasAttribute("data-say-undone")) this.sayUndone(question);
    else if (target.hasAttribute("data-undo-undone")) this.undoUndone(question);
    else if (target.hasAttribute("data-last-take")) return this.takeLast(question);
    else if (target.closest("[data-confirm]")) this.confirm(question);
    else if (rows && target.hasAttribute("data-add")) rows.add();
    else if (rows && target.hasAttribute("data-remove"))
      rows.remove(/** @type {HTMLElement} */ (target.closest("[data-row]")));
    else if (rows && target.hasAttribute("data-undo-remove")) rows.undo();
    else if (target.hasAttribute("data-now")) writeNow(control, new Date());
    else if (target.hasAttribute("data-all-yes")) writeControl(control, field, allYes(field));
    else return;
    if (!undone.isOpen) this.take(question);
  }

  /**
   * What was typed is judged when its question is left. Not before the finger is up again: a message that moves the page
   * between pressing and letting go would make the tap miss.
   * @param {FocusEvent} event
   */
  onLeave(event) {
    const left = answering(event.target);
    if (!left || answering(event.relatedTarget) === left) return;
    const leave = () => setTimeout(() => this.leave(left));
    if (this.pressed) addEventListener("pointerup", leave, { once: true });
    else leave();
  }

  /** Anywhere on the page. */
  watchPresses() {
    const { signal } = this.listening;
    const set = (/** @type {boolean} */ pressed) => () => {
      this.pressed = pressed;
    };
    addEventListener("pointerdown", set(true), { capture: true, signal });
    addEventListener("pointerup", set(false), { capture: true, signal });
    addEventListener("pointercancel", set(false), { capture: true, signal });
  }

  /** The form is taken down: nothing on the page holds it any more. */
  end() {
    this.listening.abort();
  }

  /** @param {HTMLElement} left */
  leave(left) {
    if (answering(document.activeElement) === left) return;
    this.flush();
    if (this.typing !== left) return;
    this.typing = null;
    this.refresh();
  }

  /** @param {Question} question */
  sayUndone(question) {
    const { undone, field } = question;
    undone.open(this.given[field.id]);
    // No reason is chosen yet, which is nobody's mistake until the question is left.
    this.typing = question.place;
    boxes(undone.slot)[0]?.focus();
    this.take(question);
  }

  /** @param {Question} question */
  undoUndone(question) {
    const { undone, field, place } = question;
    this.questions.write(question, undone.close());
    this.typing = null;
    boxes(question.control)[0]?.focus();
    if (field.type === "list") /** @type {HTMLElement | null} */ (place.querySelector("[data-add]"))?.focus();
  }

  /** @param {Question} question */
  takeLast(question) {
    const last = this.options.last?.[question.field.id];
    if (!last || typeof last === "string") return;
    this.questions.write(question, last.value);
    this.take(question);
  }

  /** @param {Question} question */
  confirm({ field }) {
    this.confirmed[field.id] = structuredClone(this.given[field.id]);
    this.changed(field.id);
  }

  /**
   * @param {Question} question
   * @param {string} alertId
   * @param {import("../types.js").Response} response
   */
  respond({ field }, alertId, response) {
    if (same(own(this.responses, alertId), response)) return;
    this.responses[alertId] = response;
    this.changed(field.id);
  }

  /**
   * Reads the question and passes its answer on, once for each answer.
   * @param {Question} question
   */
  take({ field, control, rows, undone }) {
    if (undone.isOpen) undone.showDetail();
    const value = undone.isOpen ? undone.read() : rows ? rows.read() : readControl(control, field);
    if (same(value, this.given[field.id])) return;
    if (value === undefined) delete this.given[field.id];
    else this.given[field.id] = value;
    if (!same(this.confirmed[field.id], value)) delete this.confirmed[field.id];
    this.changed(field.id);
  }

  /** @param {string} fieldId */
  changed(fieldId) {
    this.unsaved.add(fieldId);
    this.mark(fieldId, false);
    const saving = this.options.onChange(fieldId, this.given[fieldId]);
    if (this.drawing) return;
    this.drawing = true;
    void soonAfter(saving, () => {
      this.drawing = false;
      this.refresh();
    });
  }

  /** Passes on what is still being typed. */
  flush() {
    clearTimeout(this.rest);
    const question = this.questions.get(this.pending ?? "");
    this.pending = null;
    if (question) this.take(question);
  }

  /** Everything given so far is on the disk. */
  saved() {
    for (const fieldId of this.unsaved) this.mark(fieldId, true);
    this.unsaved.clear();
  }

  /**
   * @param {string} fieldId
   * @param {boolean} saved
   */
  mark(fieldId, saved) {
    const mark = this.questions.get(fieldId)?.place.querySelector("[data-saved]");
    mark?.classList.toggle("app-field__saved--shown", saved);
  }

  /** Shows and hides by the conditions, counts what "More" holds, and brings alerts and findings up to date. */
  refresh() {
    const payload = { answers: this.given, confirmed: this.confirmed, alert_responses: this.responses };
    this.show(this.options.look(payload));
  }

  /**
   * What now stands above the question that somebody has gone on to must not push it off the screen.
   * @param {Seen} seen
   */
  show(seen) {
    this.seen = seen;
    const at = document.activeElement;
    const before = at && this.root.contains(at) ? heightOf(at) : -1;
    this.consequences.show(seen, this.typing);
    this.options.onDrawn?.();
    const inSight = before >= 0 && before < innerHeight;
    if (inSight && heightOf(at) !== before) at?.scrollIntoView({ block: "nearest" });
  }

  /**
   * Goes to a question, opening what it is folded into.
   * @param {string} fieldId
   * @param {number | null} [row]
   * @param {string | null} [part]
   */
  focusField(fieldId, row = null, part = null) {
    const section = this.form.sections.find(({ fields }) => fields.some(({ id }) => id === fieldId));
    if (section && !this.questions.drawn.has(section.id)) this.openSection(section.id);
    if (section) this.finishSection(section.id);
    const question = this.questions.get(fieldId);
    if (!question) return;
    const { place, rows, undone } = question;
    place.closest("details")?.setAttribute("open", "");
    const element = row === null ? undefined : rows?.elements[row];
    const within = element && part ? rows?.part(element, part) : undone.isOpen ? undone.slot : place;
    const target =
      boxes(within ?? place).find((box) => !box.hidden) ?? place.querySelector("button:not([hidden])");
    // The middle of a list is not where its question is: what is higher than the screen is not shown whole.
    const whole = within ?? place;
    (whole.offsetHeight < innerHeight / 2 ? whole : (target ?? whole)).scrollIntoView({ block: "center" });
    /** @type {HTMLElement | null} */ (target)?.focus({ preventScroll: true });
  }

  answers() {
    this.flush();
    return { ...this.given };
  }

  /** Everything a draft keeps of the form. */
  state() {
    this.flush();
    return {
      answers: { ...this.given },
      confirmed: { ...this.confirmed },
      alertResponses: { ...this.responses },
    };
  }
}

/**
 * The question, or part of a row, that somebody answers in here: in its control, or among the reasons why there is no
 * answer.
 * @param {EventTarget | null} element
 * @returns {HTMLElement | null}
 */
function answering(element) {
  const region = element instanceof Element ? element.closest("[data-control], [data-undone]") : null;
  return region?.closest("[data-part]") ?? region?.closest("[data-field]") ?? null;
}

/**
 * Pixels from the top of the screen.
 * @param {Element | null} element
 */
function heightOf(element) {
  return element?.getBoundingClientRect().top ?? 0;
}

/** @param {Element} target */
function isTyped(target) {
  return (
    target instanceof HTMLTextAreaElement ||
    (target instanceof HTMLInputElement && !/^(radio|checkbox)$/.test(target.type))
  );
}

/** @param {Field} field */
function allYes(field) {
  return Object.fromEntries((field.options ?? []).map(({ value }) => [value, true]));
}
