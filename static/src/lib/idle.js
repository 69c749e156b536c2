/**
 * Runs `work` when the browser has nothing better to do, after three seconds at the latest.
 * @param {() => unknown} work
 */
export function whenIdle(work) {
  // Safari has no idle callbacks.
  if ("requestIdleCallback" in globalThis) requestIdleCallback(work, { timeout: 3000 });
  else setTimeout(work, 500);
}
