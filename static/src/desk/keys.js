/**
 * Single-key shortcuts. Off until somebody turns them on, because they get in the way of speech input (WCAG 2.1.4);
 * the choice is kept on this computer and says nothing about anyone.
 */

const KEPT = "hvapp-desk-keys";

/** @param {Document} page */
export function prepareKeys(page) {
  const help = page.querySelector("[data-keys]");
  const box = page.querySelector("[data-keys-on]");
  if (!(help instanceof HTMLDetailsElement) || !(box instanceof HTMLInputElement)) return;
  box.checked = remembered();
  box.addEventListener("change", () => remember(box.checked));
  page.addEventListener("keydown", (event) => {
    if (!box.checked || event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
    const act = ACTIONS[event.key];
    if (act?.(page, help)) event.preventDefault();
  });
}

/**
 * What each key does; true when it did something.
 * @type {Record<string, (page: Document, help: HTMLDetailsElement) => boolean>}
 */
const ACTIONS = {
  j: (page) => step(page, 1),
  k: (page) => step(page, -1),
  d: (page) => focusOn(page.querySelector("#decision-title")),
  r: (page) => {
    const details = page.querySelector("#send-back");
    if (details instanceof HTMLDetailsElement) details.open = true;
    return focusOn(page.querySelector("#comment"));
  },
  q: (page) => {
    const back = page.querySelector(".nhsuk-back-link");
    if (!(back instanceof HTMLAnchorElement)) return false;
    back.click();
    return true;
  },
  "?": (_page, help) => {
    help.open = true;
    return focusOn(help.querySelector("summary"));
  },
};

/**
 * To the next or previous visit of a list, or section of a visit.
 * @param {Document} page
 * @param {number} by
 */
function step(page, by) {
  const stops = [...page.querySelectorAll("[data-keys-item]")].map((item) => item.querySelector("h2, a"));
  const here = stops.indexOf(page.activeElement);
  const next = here < 0 ? (by > 0 ? 0 : stops.length - 1) : here + by;
  return focusOn(stops[next] ?? null);
}

/** @param {Element | null} target */
function focusOn(target) {
  if (!(target instanceof HTMLElement)) return false;
  target.focus();
  target.scrollIntoView({ block: "nearest" });
  return true;
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  return target instanceof HTMLElement && target.matches("input:not([type=checkbox]), textarea, select");
}

function remembered() {
  try {
    return localStorage.getItem(KEPT) === "on";
  } catch {
    return false;
  }
}

/** @param {boolean} on */
function remember(on) {
  try {
    localStorage.setItem(KEPT, on ? "on" : "off");
  } catch {
    // A browser that keeps nothing still honours the choice until the page is left.
  }
}
