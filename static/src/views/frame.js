/** What stays around every screen: header state, navigation, the child banner, announcements and the sheet. */

import { fill, icon, one, slot, template } from "./dom.js";
import { banner } from "./people.js";
import { count, when } from "./words.js";

/** @typedef {import("./people.js").Subject} Subject */

const NAV = { today: "today", caseload: "caseload", child: "caseload", outbox: "outbox", tablet: "tablet" };

/** @param {string} name */
function region(name) {
  return one(document, `[data-region="${name}"]`, HTMLElement);
}

/**
 * @param {{open: boolean, form?: boolean, route?: string}} state open: unlocked and past the first screens
 */
export function frameFor({ open, form = false, route = "" }) {
  region("nav").hidden = !open || form;
  region("status").hidden = !open;
  one(document, '[data-action="lock"]', HTMLElement).hidden = !open;
  for (const link of region("nav").querySelectorAll("a")) {
    const here = link.hash === `#/${/** @type {any} */ (NAV)[route] ?? ""}`;
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

/** @param {string} title of the screen: never a name or a number, it shows outside the app */
export function setTitle(title) {
  document.title = title ? `${title} – Home visits` : "Home visits";
}

/** @param {Subject | null} subject */
export function setBanner(subject) {
  const place = region("banner");
  place.hidden = !subject;
  place.replaceChildren(...(subject ? [banner(subject)] : []));
}

/** @param {string} words read out by a screen reader, shown nowhere */
export function announce(words) {
  region("announce").textContent = words;
}

/**
 * The one quiet state in words.
 * @param {Record<string, any> | null} sync
 * @param {number} waiting
 */
export function statusWords(sync, waiting) {
  const visits = count(waiting, "visit");
  if (sync?.phase === "signed_out") {
    return waiting ? `${visits} waiting, sign in to send` : "Sign in to fetch changes";
  }
  if (sync?.phase === "sending" && waiting) return `Sending ${visits}`;
  if (waiting) return `${visits} waiting`;
  if (sync?.lastContact) return `Everything sent ${when(sync.lastContact)}`;
  return "Saved on this tablet";
}

/**
 * @param {string} words
 * @param {"check" | "wait" | "warn"} mark
 */
export function setStatus(words, mark) {
  const place = region("status");
  const text = slot(place, "text");
  if (text.textContent === words) return;
  text.textContent = words;
  place.querySelector("svg")?.replaceWith(icon(mark));
}

/** @param {boolean} visible */
export function offerUpdate(visible) {
  region("update").hidden = !visible;
}

/**
 * Opens the sheet over whatever is on the screen. What lies beneath is not touched; focus returns to it after.
 * @param {string} name template
 * @param {Record<string, any>} values
 * @param {{dismissable?: boolean, onDismiss?: () => void}} [options]
 * @returns {{root: HTMLDialogElement, close: () => void}}
 */
export function openSheet(name, values, { dismissable = true, onDismiss } = {}) {
  const sheet = one(document, '[data-region="sheet"]', HTMLDialogElement);
  const before = document.activeElement;
  if (sheet.open) sheet.close();
  sheet.replaceChildren(fill(template(name), values));
  const close = () => {
    if (sheet.open) sheet.close();
    sheet.replaceChildren();
    if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
  };
  sheet.oncancel = (event) => {
    event.preventDefault();
    if (!dismissable) return;
    close();
    onDismiss?.();
  };
  // Some browsers close a dialog at the second Escape whatever the page says; a lock must stay.
  sheet.onclose = () => {
    if (!dismissable && sheet.firstElementChild && !sheet.open) sheet.showModal();
  };
  sheet.showModal();
  one(sheet, "h2", HTMLElement).focus();
  return { root: sheet, close };
}

/** Whether something lies over the screen already. */
export function sheetIsOpen() {
  return one(document, '[data-region="sheet"]', HTMLDialogElement).open;
}
