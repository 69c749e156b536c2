/**
 * A tablet's clock: as wrong as it is set, and ahead by the waits that were skipped. Nobody waits here: the next
 * thing due is simply done, and the clock has moved on to its time.
 */

export class Clock {
  /** Milliseconds that this clock is off. */
  skew = 0;
  /** Milliseconds of waits that were skipped. */
  skipped = 0;

  now = () => Date.now() + this.skew + this.skipped;

  /** The Date that the app finds. */
  get Date() {
    const { now } = this;
    return class extends Date {
      /** @param {any[]} given */
      constructor(...given) {
        if (given.length) super(.../** @type {[any]} */ (given));
        else super(now());
      }

      static now() {
        return now();
      }
    };
  }
}

/** The timers of one life of the browser, as the engine asks for them. */
export class Timers {
  /** @type {Map<number, {at: number, work: () => void}>} */
  #due = new Map();
  #last = 0;

  /** @param {Clock} clock */
  constructor(clock) {
    this.clock = clock;
  }

  now = () => this.clock.now();

  /** @param {() => void} work @param {number} ms */
  after = (work, ms) => {
    this.#last += 1;
    this.#due.set(this.#last, { at: this.clock.now() + ms, work });
    return this.#last;
  };

  /** @param {number} timer */
  cancel = (timer) => void this.#due.delete(timer);

  /** Does what is due next. Answers false when nothing is. */
  advance() {
    const next = [...this.#due].sort(([, a], [, b]) => a.at - b.at)[0];
    if (!next) return false;
    const [timer, { at, work }] = next;
    this.#due.delete(timer);
    this.clock.skipped += Math.max(0, at - this.clock.now());
    work();
    return true;
  }
}
