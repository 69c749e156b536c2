/** Draws that come out the same for the same name: every tablet has a stream of its own for each round. */

/** @param {string} name */
export function stream(name) {
  let state = 0x811c9dc5;
  for (const letter of name) state = Math.imul(state ^ letter.charCodeAt(0), 0x01000193);
  state >>>= 0;

  /** Mulberry32: one number from 0 up to 1. */
  function next() {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** @param {number} below */
  const whole = (below) => Math.floor(next() * below);

  return {
    next,
    whole,
    /** @param {number} share 0 to 1 */
    chance: (share) => next() < share,
    /** @template T @param {readonly T[]} list @returns {T} */
    pick: (list) => list[whole(list.length)],
    /** @template {string} T @param {Readonly<Record<T, number>>} weights @returns {T} */
    weighted(weights) {
      const entries = /** @type {[T, number][]} */ (Object.entries(weights));
      let at = next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
      for (const [name, weight] of entries) {
        at -= weight;
        if (at < 0) return name;
      }
      return entries[entries.length - 1][0];
    },
  };
}

/** @typedef {ReturnType<typeof stream>} Stream */
