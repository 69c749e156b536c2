/** What stays around every screen: header state, navigation, the child banner, announcements and the sheet. */

import { fill, icon, one, phoneLink, piece, slot, template } from "./dom.js";

const NAV = {
  today: "today",
  caseload: "caseload",
  child: "caseload",
  growth: "caseload",
  copy: "caseload",
  outbox: "outbox",
  withdraw: "outbox",
  tablet: "tablet",
  pin: "tablet",
  passphrase: "tablet",
  passkey: "tablet",
  remembered: "tablet",
};

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

/** @param {Node | null} banner who the screen is about */
export function setBanner(banner) {
  const place = region("banner");
  place.hidden = !banner;
  place.replaceChildren(...(banner ? [banner] : []));
}

/** @param {string} words read out by a screen reader, shown nowhere */
export function announce(words) {
  region("announce").textContent = words;
}

/** @param {import("./standing.js").Standing} standing the one quiet state in words */
export function setStatus({ text, more, mark }) {
  const place = region("status");
  write(slot(place, "text"), text);
  write(slot(place, "more"), more);
  if (place.dataset.mark === mark) return;
  place.dataset.mark = mark;
  place.querySelector("svg")?.replaceWith(icon(mark));
}

/**
 * The same on the first screens and on the sheets over a locked one.
 * @param {string} words
 */
export function setLockedStatus(words) {
  for (const place of document.querySelectorAll('[data-slot="standing"]')) {
    write(place, words);
    /** @type {HTMLElement} */ (place).hidden = !words;
  }
}

/**
 * Only when it changes: a screen reader is not told the same thing every second.
 * @param {Element} place
 * @param {string} words
 */
export function write(place, words) {
  if (place.textContent !== words) place.textContent = words;
}

/** @param {import("./tidings.js").Tiding[]} told */
export function showTidings(told) {
  const place = region("tidings");
  const shown = told.map(({ text }) => text).join("\n");
  place.hidden = !told.length;
  if (place.dataset.shown === shown) return;
  place.dataset.shown = shown;
  place.replaceChildren(
    ...told.map(({ text, level, call }) => {
      const one = fill(piece("tiding"), { text: call ? [`${text} `, phoneLink(call)] : text });
      one.classList.add(`app-tiding--${level}`);
      return one;
    }),
  );
  if (told.length) announce(told[0].text);
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

/**
 * Where eye and finger are: scroll, focus, and the caret, which some browsers lose when a box is covered.
 * @returns {() => void} goes back there
 */
export function markPlace() {
  const { scrollX, scrollY } = window;
  const at = document.activeElement;
  const typing = at instanceof HTMLTextAreaElement || at instanceof HTMLInputElement ? at : null;
  const { selectionStart = null, selectionEnd = null } = typing ?? {};
  return () => {
    if (at instanceof HTMLElement && at.isConnected) at.focus({ preventScroll: true });
    // Boxes for dates and numbers have no caret that could be asked for.
    if (typing && selectionStart !== null) typing.setSelectionRange(selectionStart, selectionEnd);
    window.scrollTo(scrollX, scrollY);
  };
}

/** Whether something lies over the screen already. */
export function sheetIsOpen() {
  return one(document, '[data-region="sheet"]', HTMLDialogElement).open;
}
