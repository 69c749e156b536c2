/** The parts of a browser that its windows share and that end with it: locks, channels, timers, the window's events. */

/** Web Locks, exclusive ones only: the app asks for no others. */
export class Locks {
  /** @type {Map<string, Promise<unknown>>} */
  #held = new Map();

  /**
   * @param {string} name
   * @param {any} options
   * @param {any} [work]
   */
  async request(name, options, work = options) {
    const { signal, ifAvailable } = typeof options === "function" ? {} : options;
    signal?.throwIfAborted();
    const before = this.#held.get(name);
    if (before && ifAvailable) return work(null);
    /** @type {() => void} */
    let free = () => {};
    const mine = new Promise((resolve) => {
      free = () => resolve(undefined);
    });
    const turn = before ? before.then(() => mine) : mine;
    this.#held.set(name, turn);
    try {
      await before;
      signal?.throwIfAborted();
      return await work({ name });
    } finally {
      free();
      if (this.#held.get(name) === turn) this.#held.delete(name);
    }
  }
}

/** BroadcastChannel between the windows of one browser. */
export function channels() {
  /** @type {Set<any>} */
  const open = new Set();
  return class {
    /** @type {((event: {data: any}) => void) | null} */
    onmessage = null;

    /** @param {string} name */
    constructor(name) {
      this.name = name;
      open.add(this);
    }

    /** @param {any} data */
    postMessage(data) {
      const copy = structuredClone(data);
      for (const other of open)
        if (other !== this && other.name === this.name) setImmediate(() => other.onmessage?.({ data: copy }));
    }

    close() {
      open.delete(this);
    }
  };
}

/** Few rounds of the passphrase's key: the real count would take a second of every unlocking. */
const ITERATIONS = 10;

const subtle = new Proxy(crypto.subtle, {
  get(real, name) {
    const found = /** @type {any} */ (real)[name];
    if (typeof found !== "function") return found;
    if (name !== "deriveKey" && name !== "deriveBits") return found.bind(real);
    return (/** @type {any} */ how, /** @type {any[]} */ ...rest) =>
      found.call(real, how.iterations ? { ...how, iterations: ITERATIONS } : how, ...rest);
  },
});

/** WebCrypto, with the passphrase's key derived in few rounds. */
export const quickCrypto = {
  subtle,
  getRandomValues: (/** @type {any} */ into) => crypto.getRandomValues(into),
  randomUUID: () => crypto.randomUUID(),
};
