/** Drawing waits for saving: an answer is on the disk before the screen is worked out again. */

/** A slow disk must not make the screen look dead. */
const LONGEST_MS = 120;

/**
 * Calls `then` when `work` has ended, well or not, or a moment later if it takes long.
 * @param {unknown} work a promise, or nothing to wait for
 * @param {() => void} then
 */
export async function soonAfter(work, then) {
  const late = new Promise((resolve) => setTimeout(resolve, LONGEST_MS));
  await Promise.race([Promise.resolve(work).catch(() => {}), late]);
  then();
}
