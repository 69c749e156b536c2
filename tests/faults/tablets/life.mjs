/**
 * One life of a tablet's browser, from its start to the moment it is closed or killed. A kill is planned before the
 * life begins: at the so-manieth time of one kind of step, before, in the middle of or after it.
 */

import { channels, Locks, quickCrypto } from "./browser.mjs";
import { Timers } from "./clock.mjs";
import { openWindow } from "./code.mjs";
import { Guard } from "./disk.mjs";

/** @typedef {{label: string, phase: "before" | "middle" | "after", count: number}} Kill */
/** @typedef {import("./code.mjs").App} App */

/** How a life ends that nobody killed. */
export const CLOSED = "closed";

/** Thrown to whoever waits for something in a life that has ended. */
export class Killed extends Error {
  /** @param {string} where */
  constructor(where) {
    super(`killed ${where}`);
    this.where = where;
  }
}

export class Life {
  /** Where this life ended, once it has. @type {string | null} */
  ended = null;
  /** @type {(killed: Killed) => void} */
  #tellEnd = () => {};
  /** Steps of each kind so far. @type {Map<string, number>} */
  #steps = new Map();

  /**
   * @param {import("./tablet.mjs").Tablet} tablet
   * @param {Kill | null} kill
   */
  constructor(tablet, kill) {
    this.tablet = tablet;
    this.kill = kill;
    this.end = /** @type {Promise<never>} */ (
      new Promise((_resolve, reject) => {
        this.#tellEnd = reject;
      })
    );
    this.end.catch(() => {});
    this.guard = new Guard(tablet.disk, {
      step: (step) => this.step(step),
      committed: (written) => tablet.ledger.committed(written),
    });
    this.timers = new Timers(tablet.clock);
    this.locks = new Locks();
    this.Channel = channels();
    this.fetch = tablet.line.fetchFor({
      dead: () => this.ended !== null,
      step: (step) => this.step(step),
      sent: (label) => tablet.sent(label),
    });
    /** @type {Set<() => void>} */
    this.onVisible = new Set();
    /** @type {Set<() => void>} */
    this.onOnline = new Set();
  }

  /**
   * Every place where this life could end passes by here.
   * @param {{phase: "before" | "middle" | "after", label: string}} step
   */
  step({ phase, label }) {
    if (this.ended || !this.kill) return;
    const name = `${phase} ${label}`;
    const count = (this.#steps.get(name) ?? 0) + 1;
    this.#steps.set(name, count);
    if (phase === this.kill.phase && matches(label, this.kill.label) && count >= this.kill.count)
      this.die(name);
  }

  /** @param {string} where */
  die(where) {
    if (this.ended) return;
    this.ended = where;
    this.guard.die();
    this.#tellEnd(new Killed(where));
  }

  /**
   * What `work` answers, unless this life ends before.
   * @template T
   * @param {Promise<T>} work
   * @returns {Promise<T>}
   */
  within(work) {
    return Promise.race([work, this.end]);
  }

  /** A new window of the app. @returns {Promise<App>} */
  openWindow() {
    const alive = () => this.ended === null;
    const { clock } = this.tablet;
    return openWindow({
      navigator: {
        locks: this.locks,
        onLine: true,
        userAgent: "tablet",
        storage: {
          persisted: async () => true,
          persist: async () => true,
          estimate: async () => ({ usage: 1, quota: 2 ** 30 }),
        },
      },
      document: Object.assign(new EventTarget(), { visibilityState: "visible" }),
      window: new EventTarget(),
      location: new URL("http://tablet.example/tablet"),
      BroadcastChannel: this.Channel,
      indexedDB: this.guard.indexedDB,
      crypto: quickCrypto,
      fetch: this.fetch,
      Date: clock.Date,
      setTimeout: (/** @type {() => void} */ work, /** @type {number} */ ms) => {
        const timer = setTimeout(() => alive() && work(), ms);
        timer.unref();
        return timer;
      },
      clearTimeout,
      setInterval: (/** @type {() => void} */ work, /** @type {number} */ ms) => {
        const timer = setInterval(() => (alive() ? work() : clearInterval(timer)), ms);
        timer.unref();
        return timer;
      },
      clearInterval,
      console,
    });
  }

  /** What the engine is told by its page. */
  get page() {
    const on = (/** @type {Set<() => void>} */ heard) => (/** @type {() => void} */ listener) => {
      heard.add(listener);
      return () => void heard.delete(listener);
    };
    return { onVisible: on(this.onVisible), onOnline: on(this.onOnline) };
  }
}

/** @param {string} label @param {string} wanted */
function matches(label, wanted) {
  return wanted === "any transaction" ? !label.endsWith("request") : label === wanted;
}
