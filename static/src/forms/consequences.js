/** What follows from the answers, on the page: which questions are asked, what is wrong, what the tablet noticed. */

import { isBlank, own } from "./answers.js";
import { showAlertFinding, showAlerts, showFinding } from "./notices.js";
import { templateIn } from "./questions.js";
import { refusedFields } from "./validate.js";
import { plainValue } from "./wording.js";

/**
 * @typedef {import("./bind.js").Seen} Seen
 * @typedef {import("./definition.js").Field} Field
 * @typedef {import("./definition.js").Mapping} Mapping
 * @typedef {import("./rows.js").Rows} Rows
 * @typedef {import("./validate.js").Finding} Finding
 */

export class Consequences {
  /**
   * @param {HTMLElement} root
   * @param {import("./questions.js").Questions} questions
   * @param {Mapping} given the answers as they stand
   * @param {{[alert: string]: import("../types.js").Response}} responses to the alerts, as they stand
   */
  constructor(root, questions, given, responses) {
    this.root = root;
    this.questions = questions;
    this.given = given;
    this.responses = responses;
    /** Questions with something wrong beside them. */
    this.marked = /** @type {Set<string>} */ (new Set());
    this.alertPattern = templateIn(root, "[data-alert-panel]");
    this.confirmPattern = templateIn(root, "[data-confirm-panel]");
  }

  /**
   * @param {Seen} seen
   * @param {HTMLElement | null} typing the question, or part of a row, being typed in: what is wrong with it is said once it is left
   */
  show(seen, typing) {
    const { facts, findings, alerts, live, told } = seen;
    const visible = live?.visible ?? new Set();
    for (const { place, field, rows } of this.questions) {
      const hidden = !visible.has(field.id);
      if (place.hidden !== hidden) place.hidden = hidden;
      rows?.refresh(live?.facts ?? facts);
    }
    const missing = new Set(
      findings.filter(({ level }) => level === "missing").map(({ fieldId }) => fieldId),
    );
    for (const more of this.root.querySelectorAll("[data-more]"))
      countMore(/** @type {HTMLElement} */ (more), missing, this.given);
    const refused = refusedFields(findings);
    for (const { slot, field } of this.questions) {
      if (!slot.childElementCount && !alerts.length) continue;
      // A number half typed raises no alarm, about any question; one that no longer holds goes at once.
      const shown = alerts.filter(({ id, fields }) => {
        if (fields.some((one) => refused.has(one))) return false;
        if (fields.find((one) => visible.has(one)) !== field.id) return false;
        return !typing || slot.querySelector(`[data-alert="${id}"]`) !== null;
      });
      if (slot.childElementCount || shown.length) showAlerts(slot, shown, this.alertPattern, this.responses);
    }
    this.say(told, typing);
  }

  /**
   * What is wrong, beside each question. One being typed in is only ever cleared.
   * @param {Finding[]} findings
   * @param {HTMLElement | null} typing
   */
  say(findings, typing) {
    for (const { place, slot, field, rows } of this.questions) {
      const mine = findings.filter(({ fieldId }) => fieldId === field.id);
      if (!mine.length && !this.marked.has(field.id)) continue;
      if (mine.length) this.marked.add(field.id);
      else this.marked.delete(field.id);
      const whole = mine.find(({ part, alertId }) => part === null && alertId === null);
      if (typing !== place || !whole || isShown(place)) {
        showFinding(place, whole);
        this.offerConfirm(place, field, whole);
      }
      for (const [at, element] of rows?.elements.entries() ?? []) {
        for (const part of field.fields ?? []) {
          const one = mine.find((finding) => finding.row === at && finding.part === part.id);
          const partPlace = /** @type {Rows} */ (rows).part(element, part.id);
          if (typing !== partPlace || !one || isShown(partPlace)) showFinding(partPlace, one);
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
}

/** @param {HTMLElement} place */
function isShown(place) {
  return /** @type {HTMLElement | null} */ (place.querySelector("[data-finding]"))?.hidden === false;
}

/**
 * "More (5), 3 filled, 2 to answer"
 * @param {HTMLElement} more
 * @param {Set<string>} missing
 * @param {Mapping} given
 */
function countMore(more, missing, given) {
  const shown = /** @type {HTMLElement[]} */ ([...more.querySelectorAll("[data-field]")]).filter(
    ({ hidden }) => !hidden,
  );
  const left = shown.filter(({ dataset }) => missing.has(dataset.field ?? "")).length;
  const filled = shown.filter(({ dataset }) => !isBlank(own(given, dataset.field ?? ""))).length;
  if (more.hidden !== (shown.length === 0)) more.hidden = shown.length === 0;
  put(more, "[data-more-count]", String(shown.length));
  put(more, "[data-more-left]", (filled ? `, ${filled} filled` : "") + (left ? `, ${left} to answer` : ""));
}

/**
 * Only when it changes: the browser would work out the looks of all that stands around it again.
 * @param {HTMLElement} more
 * @param {string} part
 * @param {string} words
 */
function put(more, part, words) {
  const place = /** @type {HTMLElement} */ (more.querySelector(part));
  if (place.textContent !== words) place.textContent = words;
}
