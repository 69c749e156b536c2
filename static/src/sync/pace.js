/**
 * When to try next. After a failure it is at random within a span that doubles from 2 seconds to 15 minutes, so
 * that a recovering server is not met by every tablet at once.
 */

const FIRST_SPAN = 2_000;
const LONGEST_SPAN = 15 * 60_000;
/** A draw of nearly nothing would make a busy loop of the first tries. */
const SHORTEST_WAIT = 500;
const QUIET_SPAN = 5 * 60_000;

export class Pace {
  #failures = 0;
  #notBefore = 0;

  /**
   * @param {{now: () => number}} clock
   * @param {() => number} random
   */
  constructor(clock, random) {
    this.clock = clock;
    this.random = random;
  }

  /** Whether the wait that the server asked for is over. */
  get mayTry() {
    return this.clock.now() >= this.#notBefore;
  }

  /** It went well: the next failure is a first one. */
  begin() {
    this.#failures = 0;
    this.#notBefore = 0;
  }

  /** A person asks for it: what failed before no longer counts. */
  forgive() {
    this.#failures = 0;
  }

  /** Milliseconds until the next look when all is well. */
  quiet() {
    return QUIET_SPAN * (0.5 + this.random());
  }

  /**
   * Milliseconds to wait after a failure.
   * @param {number | null} asked by the server
   */
  after(asked) {
    const span = Math.min(LONGEST_SPAN, FIRST_SPAN * 2 ** this.#failures);
    this.#failures += 1;
    const wait = Math.max(SHORTEST_WAIT, this.random() * span);
    if (asked === null) return wait;
    this.#notBefore = this.clock.now() + asked;
    return Math.max(wait, asked);
  }
}
