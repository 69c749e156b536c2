/**
 * Decides when to talk to the server, and says how it stands. There is one for the life of the page: it delivers
 * for every vault on the tablet, locked or not, and fetches for the one that is attached and signed in. One
 * exchange at a time in all windows (a Web Lock), started when the app opens, comes to the front or gets a
 * network, when a visit is completed, by a timer and by hand.
 */

import { openDatabase, probe } from "../store/db.js";
import { enforceLease } from "../store/lease.js";
import { listenToAll } from "../store/notices.js";
import { resealWaiting } from "../store/resealing.js";
import { keepReserve } from "../store/reserve.js";
import { readStanding } from "../store/standing.js";
import { api as pageApi } from "./api.js";
import { deliver, obey } from "./courier.js";
import { Offline, SignedOut, TabletRevoked, TryLater } from "./errors.js";
import { greet } from "./greeting.js";
import { Pace } from "./pace.js";
import { browserPage, systemClock } from "./page.js";
import { pullChanges } from "./pull.js";
import { BEGINNING } from "./state.js";

/** @typedef {import("../store/db.js").TabletDatabase} TabletDatabase */
/** @typedef {import("../store/open-vault.js").Vault} Vault */
/** @typedef {import("./api.js").Api} Api */
/** @typedef {import("./page.js").Clock} Clock */
/** @typedef {import("./page.js").Page} Page */

/** @typedef {import("./state.js").EngineState} EngineState */
/** @typedef {{request: (name: string, options: {signal: AbortSignal}, work: () => Promise<void>) => Promise<unknown>}} Locks */

/** The vault that is open, for as long as it is. @typedef {{vault: Vault, left: AbortController, registered: boolean}} Seat */

const LOCK = "hvapp-sync";

/**
 * @param {{db?: TabletDatabase, api?: Api, clock?: Clock, random?: () => number, page?: Page, locks?: Locks}} [options]
 */
export function createEngine({
  db = openDatabase(),
  api = pageApi,
  clock = systemClock(),
  random = Math.random,
  page = browserPage(),
  locks = /** @type {Locks} */ (/** @type {unknown} */ (navigator.locks)),
} = {}) {
  let state = BEGINNING;
  /** @type {Set<(state: EngineState) => void>} */
  const subscribers = new Set();
  /** @type {(() => void)[]} */
  let disconnect = [];
  /** @type {unknown} */
  let timer = null;
  /** @type {Promise<void> | null} */
  let running = null;
  /** @type {Seat | null} */
  let seat = null;
  let again = false;
  const pace = new Pace(clock, random);
  let stop = new AbortController();
  stop.abort();

  /** @param {Partial<EngineState>} change */
  function tell(change) {
    state = Object.freeze({ ...state, ...change });
    for (const subscriber of [...subscribers]) subscriber(state);
  }

  /** Reads how the tablet stands; notices that the open vault was taken away, here or by another window. */
  async function refresh() {
    const asked = seat;
    const { gone, ...found } = await readStanding(db, asked?.vault.id ?? null);
    if (seat !== asked) return refresh();
    if (gone && asked) {
      asked.vault.lock();
      leave();
      tell({ ...found, revoked: true });
      return refresh();
    }
    if (!stop.signal.aborted || asked) tell(found);
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
    } while (again && pace.mayTry && !stop.signal.aborted);
  }

  /** @param {AbortSignal} signal */
  async function talk(signal) {
    tell({ phase: "sending", progress: null, nextTryAt: null, problem: null });
    await probe(db);
    await enforceLease(db, clock.now());
    await keepReserve(db);
    await refresh();
    const here = seat;
    const refusal = here && (await introduce(here));
    /** @param {{done: number, total: number}} progress */
    const onProgress = (progress) => progressed(signal, progress);
    const open = here && !here.vault.locked ? here.vault : null;
    const sent = await deliver(db, api, { open, now: clock.now, onProgress }).finally(refresh);
    if (signal.aborted) return;
    const left = state.waiting + state.others;
    if (here && seat === here && !refusal) await fetchFor(here, signal);
    await refresh();
    // Between the two somebody unlocked or locked: what is now open has its own turn.
    if (seat !== here) again = true;
    if (refusal && !(refusal instanceof TabletRevoked)) throw refusal;
    if (sent.problem) throw sent.problem;
    // Completed while the caseload was fetched.
    if (state.waiting + state.others > left) again = true;
    pace.begin();
    tell({ phase: "idle", progress: null });
    schedule(pace.quiet());
  }

  /**
   * Who is signed in, what time it is, and this tablet's token; then seals what waited for the server's key.
   * Answers what stands in the way of fetching: it does not stand in the way of sending.
   * @param {Seat} here
   * @returns {Promise<Error | null>}
   */
  async function introduce(here) {
    const { vault } = here;
    /** @type {Error | null} */
    let refusal = null;
    try {
      const { serverVersion } = await greet(vault, api, { now: clock.now, known: here.registered });
      here.registered = true;
      tell({ serverVersion });
    } catch (error) {
      if (!(error instanceof Error) || error instanceof Offline || error instanceof TryLater) throw error;
      if (error instanceof TabletRevoked) await revoked(here, error);
      refusal = error;
    }
    if (!vault.locked) await unlessLocked(here, () => resealWaiting(vault));
    return refusal;
  }

  /**
   * @param {Seat} here
   * @param {AbortSignal} signal
   */
  async function fetchFor(here, signal) {
    const { vault, left } = here;
    tell({ phase: "fetching", progress: null });
    try {
      /** @param {{done: number, total: number}} progress */
      const onProgress = (progress) => {
        left.signal.throwIfAborted();
        progressed(signal, progress);
      };
      const { commands } = await pullChanges(vault, api, { onProgress });
      await obey(db, api, vault.id, commands, { open: vault, now: clock.now });
    } catch (error) {
      if (left.signal.aborted) return;
      if (!(error instanceof TabletRevoked)) throw error;
      await revoked(here, error);
    }
  }

  /**
   * @param {Seat} here
   * @param {TabletRevoked} error
   */
  async function revoked(here, { commands }) {
    if (seat === here) tell({ revoked: true });
    await obey(db, api, here.vault.id, commands, { open: here.vault, now: clock.now });
  }

  /**
   * @param {Seat} here
   * @param {() => Promise<unknown>} work
   */
  async function unlessLocked({ vault }, work) {
    try {
      await work();
    } catch (error) {
      if (!vault.locked) throw error;
    }
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

  /** @param {unknown} error */
  function failed(error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    if (error instanceof SignedOut) {
      // Not a failure of sending, which goes on; only signing in can change it.
      pace.begin();
      tell({ phase: "signed_out", progress: null, problem: { name, message } });
      schedule(pace.quiet());
      return;
    }
    const wait = pace.after(error instanceof TryLater ? error.retryAfter : null);
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
      await refresh();
    } catch (error) {
      failed(error);
      return;
    }
    nudge();
  }

  /** @param {import("../store/notices.js").Topic} topic */
  async function heard(topic) {
    if (topic === "drafts") return;
    const before = state.waiting + state.others;
    // A count that fails shows in the next exchange, which asks the same database.
    await refresh().catch(() => {});
    // More wait than before: a visit was completed, here or in another window.
    if (state.waiting + state.others > before && !running) nudge();
  }

  /** Something happened that makes success likelier; a wait the server asked for still holds. */
  function nudge() {
    if (pace.mayTry) void exchange();
  }

  /** The browser may have taken the database away while the app slept: an open form needs it at once. */
  function wake() {
    // What goes wrong here goes wrong in the exchange as well, which says so.
    void probe(db).then(nudge, nudge);
  }

  function leave() {
    seat?.left.abort();
    seat = null;
  }

  return {
    /** Begins: reads how things stand, connects the triggers and makes the first try. */
    start() {
      if (!stop.signal.aborted) return;
      stop = new AbortController();
      disconnect = [page.onVisible(wake), page.onOnline(nudge), listenToAll(heard)];
      void begin();
    },

    /** Ends: no further exchange begins; one under way settles what it has and ends. */
    stop() {
      stop.abort();
      clock.cancel(timer);
      for (const remove of disconnect) remove();
      disconnect = [];
    },

    /**
     * A vault was opened: from now on it is fetched for as well, and what it could not send alone is sealed.
     * @param {Vault} vault
     */
    attach(vault) {
      leave();
      seat = { vault, left: new AbortController(), registered: false };
      tell({ revoked: false, waiting: 0, refused: 0, caseloadLost: vault.caseloadLost });
      if (!stop.signal.aborted) void begin();
    },

    /** It was locked: nothing more is fetched, and sending goes on. */
    detach() {
      leave();
      tell({ revoked: false, caseloadLost: false });
      void refresh().catch(failed);
    },

    /** Tries at once, by the visitor's hand. Resolved when the exchange has ended, well or not. */
    tryNow() {
      pace.forgive();
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
