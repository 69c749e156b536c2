/** "Not done": one tap opens the reasons in place of the control, one tap brings the control back as it was. */

import { isNotDone } from "./answers.js";
import { boxes } from "./controls.js";
import { copyOf } from "./rows.js";

/** @typedef {import("./definition.js").Reason} Reason */

export class Undone {
  /**
   * @param {HTMLElement} place the question
   * @param {HTMLTemplateElement} pattern
   * @param {Reason[]} reasons
   */
  constructor(place, pattern, reasons) {
    this.place = place;
    this.pattern = pattern;
    this.reasons = reasons;
    this.slot = /** @type {HTMLElement} */ (place.querySelector("[data-undone]"));
    /** What was answered before, to be brought back. @type {any} */
    this.before = undefined;
  }

  get isOpen() {
    return !this.slot.hidden;
  }

  /**
   * @param {any} value what the answer says now
   */
  open(value) {
    if (isNotDone(value)) this.before = undefined;
    else this.before = value;
    const id = `f-${this.place.dataset.field}`;
    const panel = copyOf(this.pattern, "__f__", id);
    for (const box of /** @type {HTMLInputElement[]} */ (boxes(panel, "[type=radio]"))) {
      if (!this.reasons.some(({ code }) => code === box.value)) box.closest(".nhsuk-radios__item")?.remove();
      else box.checked = isNotDone(value) && value.not_done === box.value;
    }
    const detail = isNotDone(value) ? value.detail : undefined;
    this.detailBox(panel).value = typeof detail === "string" ? detail : "";
    panel.querySelector("fieldset")?.setAttribute("aria-describedby", `${id}-error`);
    this.slot.replaceChildren(panel);
    this.show(true);
    this.showDetail();
  }

  /** @returns {any} the answer as it was */
  close() {
    this.slot.replaceChildren();
    this.show(false);
    return this.before;
  }

  /** @returns {{not_done: string, detail?: string}} */
  read() {
    const detail = this.detailBox(this.slot).value;
    const reason = boxes(this.slot, ":checked")[0]?.value ?? "";
    return detail.trim() === "" ? { not_done: reason } : { not_done: reason, detail };
  }

  /** Words are asked for once a reason is chosen. */
  showDetail() {
    const group = /** @type {HTMLElement} */ (this.detailBox(this.slot).closest(".nhsuk-form-group"));
    group.hidden = this.read().not_done === "";
  }

  /** @param {boolean} open */
  show(open) {
    this.slot.hidden = !open;
    for (const part of /** @type {NodeListOf<HTMLElement>} */ (
      this.place.querySelectorAll("[data-control], [data-last], [data-say-undone], [data-derived]")
    )) {
      // The earlier value has a reason of its own to be hidden.
      if (part.hasAttribute("data-last") && !part.dataset.has) continue;
      part.hidden = open;
    }
  }

  /**
   * @param {ParentNode} place
   * @returns {HTMLInputElement}
   */
  detailBox(place) {
    return /** @type {HTMLInputElement} */ (place.querySelector('input[id$="-detail"]'));
  }
}
