/** The window the engine lives in: its clock, and what tells that trying again may help. */

/**
 * @typedef {object} Clock
 * @property {() => number} now
 * @property {(work: () => void, ms: number) => unknown} after
 * @property {(timer: any) => void} cancel
 */

/**
 * What the window tells: each function takes a listener and returns what removes it.
 * @typedef {{onVisible: (heard: () => void) => () => void, onOnline: (heard: () => void) => () => void}} Page
 */

/** @returns {Clock} */
export function systemClock() {
  return {
    now: Date.now,
    after: (work, ms) => setTimeout(work, ms),
    cancel: (timer) => clearTimeout(timer),
  };
}

/** @returns {Page} */
export function browserPage() {
  /** @param {EventTarget} target @param {string} event @param {() => void} heard */
  const on = (target, event, heard) => {
    target.addEventListener(event, heard);
    return () => target.removeEventListener(event, heard);
  };
  return {
    onVisible: (heard) =>
      on(document, "visibilitychange", () => {
        if (document.visibilityState === "visible") heard();
      }),
    onOnline: (heard) => on(window, "online", heard),
  };
}
