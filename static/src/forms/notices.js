/** What the form says beside a question: what is wrong with the answer, and what the tablet noticed. */

import { copyOf } from "./rows.js";
import { overridden } from "./validate.js";

/**
 * @typedef {import("./validate.js").Alert} Alert
 * @typedef {import("./validate.js").Finding} Finding
 * @typedef {import("../types.js").Response} Response
 */

const LEVELS = { red: "Act today", amber: "Needs a plan", info: "For information" };
const ASK = { red: "What did you do, or why was nothing needed?", amber: "What is the plan?", info: "" };
const ASK_WHY = "Why does it not apply?";

/**
 * Shows what is wrong, tied to the control by its description, or takes it away.
 * @param {HTMLElement} place a question, or a part of a row
 * @param {Finding | undefined} finding
 */
export function showFinding(place, finding) {
  const slot = /** @type {HTMLElement | null} */ (place.querySelector("[data-finding]"));
  if (slot) say(slot, finding);
  place.querySelector("[data-group]")?.classList.toggle("nhsuk-form-group--error", finding !== undefined);
  for (const box of place.querySelectorAll(
    "[data-control] :is(.nhsuk-input, .nhsuk-textarea, .nhsuk-select)",
  )) {
    // What stands in a row of a list answers for itself.
    if ((box.closest("[data-part]") ?? box.closest("[data-field]")) !== place) continue;
    for (const name of ["nhsuk-input", "nhsuk-textarea", "nhsuk-select"]) {
      if (box.classList.contains(name)) box.classList.toggle(`${name}--error`, finding !== undefined);
    }
  }
}

/**
 * @param {HTMLElement} slot
 * @param {Finding | undefined} finding
 */
function say(slot, finding) {
  slot.hidden = finding === undefined;
  if (finding === undefined) {
    slot.replaceChildren();
    return;
  }
  if (slot.dataset.said === finding.message && slot.childNodes.length) return;
  const hidden = document.createElement("span");
  hidden.className = "nhsuk-u-visually-hidden";
  hidden.textContent = finding.level === "soft" ? "Check: " : "Error: ";
  slot.dataset.said = finding.message;
  slot.replaceChildren(hidden, finding.message);
}

/**
 * Brings the alerts beside a question up to date. Panels that stay are not touched, so that nobody loses their place
 * in a response.
 * @param {HTMLElement} place
 * @param {Alert[]} alerts
 * @param {HTMLTemplateElement} pattern
 * @param {{[alert: string]: Response}} responses
 */
export function showAlerts(place, alerts, pattern, responses) {
  const wanted = new Set(alerts.map(({ id }) => id));
  for (const panel of /** @type {HTMLElement[]} */ ([...place.children])) {
    if (!wanted.has(panel.dataset.alert ?? "")) panel.remove();
  }
  for (const alert of alerts) {
    let panel = /** @type {HTMLElement | null} */ (place.querySelector(`[data-alert="${alert.id}"]`));
    if (!panel) {
      panel = newPanel(alert, pattern, responses[alert.id]);
      place.append(panel);
    }
    for (const name of /** @type {const} */ (["title", "text", "action", "source"])) {
      const slot = /** @type {HTMLElement} */ (panel.querySelector(`[data-alert-${name}]`));
      if (slot.textContent !== alert[name]) slot.textContent = alert[name];
    }
    askFor(panel, alert);
  }
}

/**
 * @param {Alert} alert
 * @param {HTMLTemplateElement} pattern
 * @param {Response | undefined} response
 */
function newPanel(alert, pattern, response) {
  const panel = copyOf(pattern, "__a__", `a-${alert.id}`);
  panel.dataset.alert = alert.id;
  panel.classList.add(`app-alert--${alert.level}`);
  const level = /** @type {HTMLElement} */ (panel.querySelector("[data-alert-level]"));
  level.textContent = LEVELS[alert.level];
  /** @type {HTMLElement} */ (panel.querySelector("[data-alert-call]")).hidden = !alert.call;
  writeResponse(panel, response);
  return panel;
}

/**
 * Asks what was done or planned, or why the alert does not apply.
 * @param {HTMLElement} panel
 * @param {Pick<Alert, "level">} alert
 */
export function askFor(panel, { level }) {
  const group = /** @type {HTMLElement} */ (panel.querySelector("[data-alert-response]"));
  const ask = /** @type {HTMLElement} */ (group.querySelector("[data-alert-ask]"));
  const words = overrideOf(panel).checked ? ASK_WHY : ASK[level];
  group.hidden = words === "";
  if (ask.textContent !== words) ask.textContent = words;
}

/**
 * What was said of an alert, into its box and the mark that it does not apply.
 * @param {HTMLElement} panel
 * @param {Response | undefined} response
 */
export function writeResponse(panel, response) {
  const why = overridden(response);
  const words = why ?? response;
  overrideOf(panel).checked = why !== null;
  /** @type {HTMLTextAreaElement} */ (panel.querySelector("textarea")).value =
    typeof words === "string" ? words : "";
}

/**
 * @param {HTMLElement} panel
 * @returns {Response}
 */
export function readResponse(panel) {
  const { value } = /** @type {HTMLTextAreaElement} */ (panel.querySelector("textarea"));
  return overrideOf(panel).checked ? { not_applicable: value } : value;
}

/** @param {HTMLElement} panel */
function overrideOf(panel) {
  return /** @type {HTMLInputElement} */ (panel.querySelector("[data-alert-override]"));
}

/**
 * @param {HTMLElement} panel
 * @param {Finding | undefined} finding
 */
export function showAlertFinding(panel, finding) {
  const slot = /** @type {HTMLElement | null} */ (panel.querySelector("[data-alert-finding]"));
  if (slot) say(slot, finding);
  panel
    .querySelector("[data-alert-response]")
    ?.classList.toggle("nhsuk-form-group--error", finding !== undefined);
}
