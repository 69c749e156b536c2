/**
 * The form on the page: shows answers, takes them as they are given, shows and hides questions by their conditions,
 * and says beside each question what is wrong and what the tablet noticed.
 *
 * The markup is the fragment of templates/shell/form_fragment.jinja; nothing here parses HTML. Nothing typed is lost:
 * what is hidden keeps its answer, and what cannot be read is kept as it was typed.
 */

import { soonAfter } from "../lib/soon.js";
import { isNotDone, own, same } from "./answers.js";
import { boxes, fillPeople, keepAlone, readControl, writeControl, writeNow } from "./controls.js";
import { indexOf, reasonsFor } from "./definition.js";
import { showAlertFinding, showAlerts, showFinding } from "./notices.js";
import { Rows } from "./rows.js";
import { Undone } from "./undone.js";
import { check, refusedFields } from "./validate.js";
import { plainValue } from "./wording.js";

/**
 * @typedef {import("./definition.js").Field} Field
 * @typedef {import("./definition.js").FormDefinition} FormDefinition
 * @typedef {import("./definition.js").Mapping} Mapping
 * @typedef {import("./validate.js").Finding} Finding
 *
 * @typedef {object} BindOptions
 * @property {Mapping} [answers]
 * @property {Mapping} [confirmed]
 * @property {{[alert: string]: string}} [alertResponses]
 * @property {(answers: Mapping) => Mapping} facts counted afresh from the answers given
 * @property {{household?: {value: string, label: string}[]}} [options]
 * @property {{[field: string]: string | {text: string, value: any}}} [last] earlier values, shown in grey; with a value
 *   beside the text, "Use this" takes it
 * @property {(fieldId: string, value: any) => unknown} onChange after every answer, confirmation and response;
 *   what it returns is waited for, a moment at most, before the form draws what follows
 *
 * @typedef {{place: HTMLElement, control: HTMLElement, slot: HTMLElement, field: Field, rows: Rows | null, undone: Undone}} Question
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
    /** @type {Finding[]} */
    this.findings = [];
    /** The question, or part of a row, being typed in: what is wrong with it is said once it is left.
     * @type {HTMLElement | null} */
    this.typing = null;
    this.drawing = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.rest = undefined;
    /** The question whose words are still to be passed on. @type {string | null} */
    this.pending = null;
    /** Whether a finger or a mouse button is down. */
    this.pressed = false;
    this.unsaved = /** @type {Set<string>} */ (new Set());
    /** Questions with something wrong beside them. */
    this.marked = /** @type {Set<string>} */ (new Set());
    this.alertPattern = templateIn(root, "[data-alert-panel]");
    this.confirmPattern = templateIn(root, "[data-confirm-panel]");
    /** @type {Map<string, Question>} */
    this.questions = new Map();
    for (const field of indexOf(definition).fields) this.bindQuestion(field);
    root.addEventListener("input", (event) => this.onInput(event));
    root.addEventListener("change", (event) => this.onInput(event));
    root.addEventListener("click", (event) => this.onClick(event));
    root.addEventListener("focusout", (event) => this.onLeave(event));
    this.watchPresses();
    this.refresh();
  }

  /** @param {Field} field */
  bindQuestion(field) {
    const place = /** @type {HTMLElement | null} */ (this.root.querySelector(`[data-field="${field.id}"]`));
    const control = /** @type {HTMLElement | null} */ (place?.querySelector("[data-control]"));
    if (!place || !control) return;
    const rows = field.type === "list" ? new Rows(control, field) : null;
    const pattern = templateIn(this.root, "[data-undone-panel]");
    const undone = new Undone(place, pattern, reasonsFor(this.form, field));
    const slot = /** @type {HTMLElement} */ (place.querySelector("[data-alerts]"));
    const question = { place, control, slot, field, rows, undone };
    this.questions.set(field.id, question);
    if (field.type === "people") fillPeople(control, this.options.options?.household ?? []);
    this.showLast(question);
    this.write(question, this.given[field.id]);
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

  /** @param {Event} event */
  onInput(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const alertId = /** @type {HTMLElement | null} */ (target.closest("[data-alert]"))?.dataset.alert;
    const question = this.questionAt(target);
    if (!question) return;
    if (alertId) {
      this.respond(question, alertId, /** @type {HTMLTextAreaElement} */ (target).value);
      return;
    }
    if (event.type === "change") keepAlone(question.control, target);
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
    const question = target && this.questionAt(target);
    if (!question) return;
    const { field, control, rows, undone } = question;
    if (target.hasAttribute("data-say-undone")) this.sayUndone(question);
    else if (target.hasAttribute("data-undo-undone")) this.undoUndone(question);
    else if (target.hasAttribute("data-last-take")) this.takeLast(question);
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

  /** Anywhere on the page, until the form has been taken down. */
  watchPresses() {
    let wasThere = false;
    const listening = new AbortController();
    const set = (/** @type {boolean} */ pressed) => () => {
      wasThere ||= this.root.isConnected;
      if (wasThere && !this.root.isConnected) listening.abort();
      this.pressed = pressed;
    };
    const { signal } = listening;
    addEventListener("pointerdown", set(true), { capture: true, signal });
    addEventListener("pointerup", set(false), { capture: true, signal });
    addEventListener("pointercancel", set(false), { capture: true, signal });
  }

  /** @param {HTMLElement} left */
  leave(left) {
    if (answering(document.activeElement) === left) return;
    this.flush();
    if (this.typing !== left) return;
    this.typing = null;
    this.refresh();
  }

  /**
   * @param {Element} element
   * @returns {Question | undefined}
   */
  questionAt(element) {
    const place = /** @type {HTMLElement | null} */ (element.closest("[data-field]"));
    return this.questions.get(place?.dataset.field ?? "");
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
    this.write(question, undone.close());
    this.typing = null;
    boxes(question.control)[0]?.focus();
    if (field.type === "list") /** @type {HTMLElement | null} */ (place.querySelector("[data-add]"))?.focus();
  }

  /** @param {Question} question */
  takeLast(question) {
    const last = this.options.last?.[question.field.id];
    if (last && typeof last !== "string") this.write(question, last.value);
  }

  /** @param {Question} question */
  confirm({ field }) {
    this.confirmed[field.id] = structuredClone(this.given[field.id]);
    this.changed(field.id);
  }

  /**
   * @param {Question} question
   * @param {string} alertId
   * @param {string} text
   */
  respond({ field }, alertId, text) {
    if (own(this.responses, alertId) === text) return;
    this.responses[alertId] = text;
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
    const mark = /** @type {HTMLElement | null} */ (
      this.questions.get(fieldId)?.place.querySelector("[data-saved]")
    );
    if (mark) mark.hidden = !saved;
  }

  /** Shows and hides by the conditions, counts what "More" holds, and brings the alerts up to date. */
  refresh() {
    const facts = this.options.facts(this.given);
    const payload = { answers: this.given, confirmed: this.confirmed, alert_responses: this.responses };
    const { findings, alerts, live } = check(this.form, payload, facts);
    const visible = live?.visible ?? new Set();
    for (const { place, field, rows } of this.questions.values()) {
      const hidden = !visible.has(field.id);
      if (place.hidden !== hidden) place.hidden = hidden;
      rows?.refresh(live?.facts ?? facts);
    }
    const missing = new Set(
      findings.filter(({ level }) => level === "missing").map(({ fieldId }) => fieldId),
    );
    for (const more of this.root.querySelectorAll("[data-more]"))
      countMore(/** @type {HTMLElement} */ (more), missing);
    const refused = refusedFields(findings);
    const typing =
      /** @type {HTMLElement | null} */ (this.typing?.closest("[data-field]"))?.dataset.field ?? "";
    for (const { slot, field } of this.questions.values()) {
      if (!slot.childElementCount && !alerts.length) continue;
      // A number half typed raises no alarm; one that no longer holds goes at once.
      const shown = alerts.filter(({ id, fields }) => {
        if (fields.some((one) => refused.has(one))) return false;
        if (fields.find((one) => visible.has(one)) !== field.id) return false;
        return !fields.includes(typing) || slot.querySelector(`[data-alert="${id}"]`) !== null;
      });
      if (slot.childElementCount || shown.length) showAlerts(slot, shown, this.alertPattern, this.responses);
    }
    this.drawFindings();
  }

  /**
   * What is wrong, beside each question. A question being typed in is only ever cleared.
   * @param {Finding[]} findings
   */
  showFindings(findings) {
    this.findings = findings;
    this.drawFindings();
  }

  drawFindings() {
    for (const { place, slot, field, rows } of this.questions.values()) {
      const mine = this.findings.filter(({ fieldId }) => fieldId === field.id);
      if (!mine.length && !this.marked.has(field.id)) continue;
      if (mine.length) this.marked.add(field.id);
      else this.marked.delete(field.id);
      const whole = mine.find(({ part, alertId }) => part === null && alertId === null);
      if (this.typing !== place || !whole || isShown(place)) {
        showFinding(place, whole);
        this.offerConfirm(place, field, whole);
      }
      for (const [at, element] of rows?.elements.entries() ?? []) {
        for (const part of field.fields ?? []) {
          const one = mine.find((finding) => finding.row === at && finding.part === part.id);
          const partPlace = /** @type {Rows} */ (rows).part(element, part.id);
          if (this.typing !== partPlace || !one || isShown(partPlace)) showFinding(partPlace, one);
        }
      }
      for (const panel of /** @type {Iterable<HTMLElement>} */ (slot.children)) {
        showAlertFinding(
          panel,
          mine.find(({ alertId }) => alertId === panel.dataset.alert),
        );
      }
    }
  }

  /**
   * One tap says that an unusual answer is right.
   * @param {HTMLElement} place
   * @param {Field} field
   * @param {Finding | undefined} finding
   */
  offerConfirm(place, field, finding) {
    const slot = /** @type {HTMLElement} */ (place.querySelector("[data-confirm]"));
    const doubted = finding?.level === "soft";
    slot.hidden = !doubted;
    if (!doubted) {
      slot.replaceChildren();
      return;
    }
    const counted = field.type === "decimal" || field.type === "integer";
    const words = counted
      ? `Yes, ${plainValue(field, this.given[field.id])} is right`
      : "Yes, it is right to share this";
    if (slot.firstElementChild?.textContent === words) return;
    const button = /** @type {HTMLElement} */ (
      this.confirmPattern.content.firstElementChild?.cloneNode(true)
    );
    button.textContent = words;
    slot.replaceChildren(button);
  }

  /**
   * Goes to a question, opening what it is folded into.
   * @param {string} fieldId
   * @param {number | null} [row]
   * @param {string | null} [part]
   */
  focusField(fieldId, row = null, part = null) {
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
 * @param {HTMLElement} root
 * @param {string} selector
 * @returns {HTMLTemplateElement}
 */
function templateIn(root, selector) {
  const found = root.querySelector(selector);
  if (!(found instanceof HTMLTemplateElement)) throw new Error(`the form fragment has no ${selector}`);
  return found;
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

/** @param {Element} target */
function isTyped(target) {
  return (
    target instanceof HTMLTextAreaElement ||
    (target instanceof HTMLInputElement && !/^(radio|checkbox)$/.test(target.type))
  );
}

/** @param {HTMLElement} place */
function isShown(place) {
  return /** @type {HTMLElement | null} */ (place.querySelector("[data-finding]"))?.hidden === false;
}

/** @param {Field} field */
function allYes(field) {
  return Object.fromEntries((field.options ?? []).map(({ value }) => [value, true]));
}

/**
 * "More (5), 2 to answer"
 * @param {HTMLElement} more
 * @param {Set<string>} missing
 */
function countMore(more, missing) {
  const shown = /** @type {HTMLElement[]} */ ([...more.querySelectorAll("[data-field]")]).filter(
    ({ hidden }) => !hidden,
  );
  const left = shown.filter(({ dataset }) => missing.has(dataset.field ?? "")).length;
  more.hidden = shown.length === 0;
  /** @type {HTMLElement} */ (more.querySelector("[data-more-count]")).textContent = String(shown.length);
  /** @type {HTMLElement} */ (more.querySelector("[data-more-left]")).textContent = left
    ? `, ${left} to answer`
    : "";
}
