/**
 * Decides when to talk to the server, and says how it stands. One exchange at a time in all windows (a Web
 * Lock), started when the app opens, comes to the front or gets a network, when a visit is completed, by a
 * timer and by hand. After a failure it waits at random within a span that doubles from 2 seconds to 15 minutes,
 * so that a recovering server is not met by every tablet at once.
 */

import { isPersisted } from "../lib/storage.js";
import { probe } from "../store/db.js";
import { recall, remember } from "../store/notes.js";
import { listen } from "../store/notices.js";
import { refused, waiting } from "../store/outbox.js";
import { api as pageApi } from "./api.js";
import { Offline, Refused, SignedInAsOther, SignedOut, TryLater } from "./errors.js";
import { pullChanges } from "./pull.js";
import { pushOutbox } from "./push.js";

/** @typedef {import("../store/vault.js").Vault} Vault */
/** @typedef {import("./api.js").Api} Api */
/** @typedef {import("./api.js").Session} Session */

/**
 * Everything a sentence about the tablet needs. Times are milliseconds since 1970. `problem` is set when there
 * is something to say beyond the phase.
 * @typedef {object} EngineState
 * @property {"idle" | "sending" | "fetching" | "waiting" | "signed_out" | "offline"} phase
 * @property {number} waiting completed visits the server has not acknowledged
 * @property {number} refused completed visits that need a person
 * @property {{done: number, total: number} | null} progress of the present phase
 * @property {number | null} lastContact
 * @property {number | null} lastReceipt
 * @property {number | null} nextTryAt
 * @property {{name: string, message: string} | null} problem
 * @property {string | null} serverVersion the app version the server offers
 */

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

/** @typedef {{request: (name: string, options: {signal: AbortSignal}, work: () => Promise<void>) => Promise<unknown>}} Locks */

const LOCK = "hvapp-sync";
const FIRST_SPAN = 2_000;
const LONGEST_SPAN = 15 * 60_000;
/** A draw of nearly nothing would make a busy loop of the first tries. */
const SHORTEST_WAIT = 500;
const QUIET_SPAN = 5 * 60_000;

/**
 * @param {Vault} vault
 * @param {{deviceName?: string, api?: Api, clock?: Clock, random?: () => number, page?: Page, locks?: Locks}} [options]
 */
export function createEngine(
  vault,
  {
    deviceName = vault.deviceName,
    api = pageApi,
    clock = systemClock(),
    random = Math.random,
    page = browserPage(),
    locks = /** @type {Locks} */ (/** @type {unknown} */ (navigator.locks)),
  } = {},
) {
  /** @type {EngineState} */
  let state = Object.freeze({
    phase: "idle",
    waiting: 0,
    refused: 0,
    progress: null,
    lastContact: null,
    lastReceipt: null,
    nextTryAt: null,
    problem: null,
    serverVersion: null,
  });
  /** @type {Set<(state: EngineState) => void>} */
  const subscribers = new Set();
  /** @type {(() => void)[]} */
  let disconnect = [];
  /** @type {unknown} */
  let timer = null;
  /** @type {Promise<void> | null} */
  let running = null;
  let again = false;
  let failures = 0;
  let registered = false;
  let notBefore = 0;
  let stop = new AbortController();
  stop.abort();

  /** @param {Partial<EngineState>} change */
  function tell(change) {
    state = Object.freeze({ ...state, ...change });
    for (const subscriber of [...subscribers]) subscriber(state);
  }

  async function count() {
    const now = { waiting: await waiting(vault), refused: await refused(vault) };
    if (!stop.signal.aborted) tell(now);
  }

  /** @param {number} wait */
  function schedule(wait) {
    clock.cancel(timer);
    if (stop.signal.aborted) return;
    timer = clock.after(() => void exchange(), wait);
    tell({ nextTryAt: clock.now() + wait });
  }

  /** One exchange; a call while one runs asks for another after it. */
  function exchange() {
    if (stop.signal.aborted) return Promise.resolve();
    if (running) {
      again = true;
      return running;
    }
    running = untilDone().finally(() => {
      running = null;
    });
    return running;
  }

  async function untilDone() {
    do {
      again = false;
      clock.cancel(timer);
      const { signal } = stop;
      try {
        await locks.request(LOCK, { signal }, () => talk(signal));
      } catch (error) {
        if (signal.aborted) tell({ phase: "idle", progress: null });
        else failed(error);
      }
      // What asked meanwhile may have been the network coming back: a failure does not swallow it.
    } while (again && clock.now() >= notBefore && !stop.signal.aborted);
  }

  /** @param {AbortSignal} signal */
  async function talk(signal) {
    tell({ phase: "sending", progress: null, nextTryAt: null, problem: null });
    await probe(vault.db);
    await greet();
    await count();
    const sent = await pushOutbox(vault, api, { onProgress: (progress) => progressed(signal, progress) });
    if (sent.acked) {
      tell({ lastReceipt: clock.now() });
      await remember(vault, { lastReceipt: clock.now() });
    }
    if (signal.aborted) return;
    tell({ phase: "fetching", progress: null });
    await pullChanges(vault, api, { onProgress: (progress) => progressed(signal, progress) });
    await count();
    if (sent.problem) throw sent.problem;
    // Completed while the rest was going up.
    if (state.waiting > 0) again = true;
    failures = 0;
    notBefore = 0;
    tell({ phase: "idle", progress: null });
    schedule(QUIET_SPAN * (0.5 + random()));
  }

  /**
   * @param {AbortSignal} signal
   * @param {{done: number, total: number}} progress
   */
  function progressed(signal, progress) {
    // After a stop the exchange ends at the next step: what is under way is settled, nothing new begins.
    signal.throwIfAborted();
    tell({ progress });
  }

  /** Who is signed in, what time it is, and this tablet's name. */
  async function greet() {
    const session = await api.session();
    // One browser, one sign-in, several vaults: nobody's visits may be sent under another's name.
    if (!session.account) throw new SignedOut();
    if (session.account.id !== vault.account.id) throw new SignedInAsOther();
    const lastContact = clock.now();
    tell({ lastContact, serverVersion: session.appVersion });
    await remember(vault, {
      lastContact,
      ...(session.clockOffset === null ? {} : { clockOffset: session.clockOffset }),
    });
    if (registered) return;
    try {
      await api.registerDevice(vault.deviceId, {
        name: deviceName,
        storage_persisted: await isPersisted(),
        account_id: vault.account.id,
      });
      registered = true;
    } catch (error) {
      // The tablet's name is a courtesy; visits go up without it.
      if (!(error instanceof Refused)) throw error;
    }
  }

  /** @param {unknown} error */
  function failed(error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    if (error instanceof SignedOut) {
      // Not a failure of sending: nothing is spent, and only signing in can change it.
      tell({ phase: "signed_out", progress: null, nextTryAt: null, problem: { name, message } });
      return;
    }
    const span = Math.min(LONGEST_SPAN, FIRST_SPAN * 2 ** failures);
    failures += 1;
    let wait = Math.max(SHORTEST_WAIT, random() * span);
    if (error instanceof TryLater && error.retryAfter !== null) {
      wait = Math.max(wait, error.retryAfter);
      notBefore = clock.now() + error.retryAfter;
    }
    const offline = error instanceof Offline;
    tell({
      phase: offline ? "offline" : "waiting",
      progress: null,
      problem: offline ? null : { name, message },
    });
    schedule(wait);
  }

  async function begin() {
    try {
      const lastContact = await recall(vault, "lastContact");
      tell({ lastContact, lastReceipt: await recall(vault, "lastReceipt") });
      await count();
    } catch (error) {
      failed(error);
      return;
    }
    nudge();
  }

  /** @param {import("../store/notices.js").Topic} topic */
  async function heard(topic) {
    if (topic !== "outbox") return;
    const before = state.waiting;
    // A count that fails shows in the next exchange, which asks the same database.
    await count().catch(() => {});
    // More wait than before: a visit was completed, here or in another window.
    if (state.waiting > before && !running) nudge();
  }

  /** Something happened that makes success likelier; a wait the server asked for still holds. */
  function nudge() {
    if (clock.now() >= notBefore) void exchange();
  }

  return {
    /** Begins: reads how things stand, connects the triggers and makes the first try. */
    start() {
      if (!stop.signal.aborted) return;
      stop = new AbortController();
      disconnect = [page.onVisible(nudge), page.onOnline(nudge), listen(vault.id, heard)];
      void begin();
    },

    /** Ends: no further exchange begins; one under way settles what it has and ends. */
    stop() {
      stop.abort();
      clock.cancel(timer);
      for (const remove of disconnect) remove();
      disconnect = [];
    },

    /** Tries at once, by the visitor's hand. Resolved when the exchange has ended, well or not. */
    tryNow() {
      failures = 0;
      return exchange();
    },

    state: () => state,

    /**
     * Calls at once and after every change. Returns what ends it.
     * @param {(state: EngineState) => void} subscriber
     */
    subscribe(subscriber) {
      subscribers.add(subscriber);
      subscriber(state);
      return () => void subscribers.delete(subscriber);
    },
  };
}

/** @returns {Clock} */
function systemClock() {
  return {
    now: Date.now,
    after: (work, ms) => setTimeout(work, ms),
    cancel: (timer) => clearTimeout(timer),
  };
}

/** @returns {Page} */
function browserPage() {
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
