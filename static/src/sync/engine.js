/**
 * Decides when to talk to the server, and says how it stands. There is one for the life of the page: it delivers
 * for every vault on the tablet, locked or not, and fetches for the one that is attached and signed in. One
 * exchange at a time in all windows (a Web Lock), started when the app opens, comes to the front or gets a
 * network, when a visit is completed, by a timer and by hand.
 */

import { openDatabase, probe } from "../store/db.js";
import { listenToAll } from "../store/notices.js";
import { readStanding } from "../store/standing.js";
import { api as pageApi } from "./api.js";
import { Offline, SignedOut, TryLater } from "./errors.js";
import { createExchange } from "./exchange.js";
import { Pace } from "./pace.js";
import { browserPage, systemClock } from "./page.js";
import { BEGINNING } from "./state.js";

/** @typedef {import("../store/db.js").TabletDatabase} TabletDatabase */
/** @typedef {import("../store/open-vault.js").Vault} Vault */
/** @typedef {import("./api.js").Api} Api */
/** @typedef {import("./page.js").Clock} Clock */
/** @typedef {import("./page.js").Page} Page */

/** @typedef {import("./state.js").EngineState} EngineState */
/** @typedef {{request: (name: string, options: {signal: AbortSignal}, work: () => Promise<void>) => Promise<unknown>}} Locks */

/** @typedef {import("./exchange.js").Seat} Seat */

const LOCK = "hvapp-sync";

/**
 * @param {{db?: TabletDatabase, api?: Api, clock?: Clock, random?: () => number, page?: Page, locks?: Locks,
 *   beforeLock?: (vault: Vault) => Promise<void>}} [options] beforeLock: saves what is being written, before the keys of
 *   a vault that was closed for good are dropped
 */
export function createEngine({
  db = openDatabase(),
  api = pageApi,
  clock = systemClock(),
  random = Math.random,
  page = browserPage(),
  beforeLock = async () => {},
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
  const talk = createExchange({
    db,
    api,
    now: clock.now,
    tell,
    refresh,
    seat: () => seat,
    state: () => state,
    onceMore: () => {
      again = true;
    },
  });

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
      leave();
      await beforeLock(asked.vault);
      asked.vault.lock();
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
        await locks.request(LOCK, { signal }, async () => succeeded(await talk(signal)));
      } catch (error) {
        if (signal.aborted) tell({ phase: "idle", progress: null });
        else failed(error);
      }
      // What asked meanwhile may have been the network coming back: a failure does not swallow it.
    } while (again && pace.mayTry && !stop.signal.aborted);
  }

  /**
   * It went well for whoever is here; another visitor's trouble is tried again in its own time.
   * @param {{elsewhere: Error | null} | null} sent null: it was broken off
   */
  function succeeded(sent) {
    if (!sent) return;
    if (!sent.elsewhere) pace.begin();
    tell({ phase: "idle", progress: null });
    schedule(sent.elsewhere ? pace.after(null) : pace.quiet());
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
