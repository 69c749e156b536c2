/**
 * One exchange with the service: what waits goes up for every vault, then the open one is introduced and its caseload
 * fetched. When that happens, and what the next try depends on, is the engine's.
 */

import { probe } from "../store/db.js";
import { enforceLease } from "../store/lease.js";
import { resealWaiting } from "../store/resealing.js";
import { keepReserve } from "../store/reserve.js";
import { deliver, obey } from "./courier.js";
import { Offline, TabletRevoked, TryLater } from "./errors.js";
import { greet } from "./greeting.js";
import { sendPhotos } from "./photos.js";
import { pullChanges } from "./pull.js";

/** @typedef {import("../store/open-vault.js").Vault} Vault */
/** @typedef {import("./courier.js").Delivered} Delivered */
/** @typedef {import("./state.js").EngineState} EngineState */

/** The vault that is open, for as long as it is. @typedef {{vault: Vault, left: AbortController, registered: boolean}} Seat */

/**
 * @param {object} engine
 * @param {import("../store/db.js").TabletDatabase} engine.db
 * @param {import("./api.js").Api} engine.api
 * @param {() => number} engine.now
 * @param {(change: Partial<EngineState>) => void} engine.tell
 * @param {() => Promise<void>} engine.refresh reads how the tablet stands
 * @param {() => Seat | null} engine.seat
 * @param {() => EngineState} engine.state
 * @param {() => void} engine.onceMore something is left for another exchange right after this one
 */
export function createExchange({ db, api, now, tell, refresh, seat, state, onceMore }) {
  /**
   * Throws what stands in the way of sending or fetching for whoever is at the tablet.
   * @param {AbortSignal} signal
   * @returns {Promise<Delivered | null>} null when it was broken off
   */
  async function talk(signal) {
    tell({ phase: "sending", progress: null, nextTryAt: null, problem: null });
    await probe(db);
    await enforceLease(db, now());
    await keepReserve(db);
    await refresh();
    const here = seat();
    // On a bad line each question costs as much as a day's visits: those go first.
    const early = backlog() > 0 ? await send(signal, here) : null;
    if (signal.aborted) return null;
    // An order to wipe, heard while sending, may have ended the vault.
    const { refusal, news } =
      here && seat() === here ? await introduce(here) : { refusal: null, news: false };
    const sent = early && !news ? early : await send(signal, here);
    if (signal.aborted) return null;
    const left = backlog();
    const photos = await thenPhotos(signal, async () => {
      if (here && seat() === here && !refusal) await fetchFor(here, signal);
    });
    await refresh();
    // Between the two somebody unlocked or locked: what is now open has its own turn.
    if (seat() !== here) onceMore();
    if (refusal && !(refusal instanceof TabletRevoked)) throw refusal;
    if (sent.problem) throw sent.problem;
    if (photos.problem) throw photos.problem;
    // What is taken out of use may go once its photos have gone.
    if (photos.sent) onceMore();
    // Completed while the caseload was fetched.
    if (backlog() > left) onceMore();
    return sent;
  }

  /**
   * Photos come last, so that on a slow line they keep nobody waiting, and go up whatever became of fetching.
   * @param {AbortSignal} signal
   * @param {() => Promise<void>} fetching
   */
  async function thenPhotos(signal, fetching) {
    let photos = { sent: 0, problem: /** @type {Error | null} */ (null) };
    try {
      await fetching();
    } finally {
      if (!signal.aborted) photos = await sendPhotos(db, api, signal);
    }
    return photos;
  }

  /** Visits that wait, in all vaults. */
  function backlog() {
    const { waiting, others } = state();
    return waiting + others;
  }

  /**
   * @param {AbortSignal} signal
   * @param {Seat | null} here
   */
  function send(signal, here) {
    /** @param {{done: number, total: number}} progress */
    const onProgress = (progress) => progressed(signal, progress);
    const open = here && !here.vault.locked ? here.vault : null;
    return deliver(db, api, { open, now, onProgress }).finally(refresh);
  }

  /**
   * Who is signed in, what time it is, and this tablet's token; then seals what waited for the server's key.
   * `refusal` is what stands in the way of fetching: it does not stand in the way of sending. `news`: more can be
   * sent than before.
   * @param {Seat} here
   * @returns {Promise<{refusal: Error | null, news: boolean}>}
   */
  async function introduce(here) {
    const { vault } = here;
    /** @type {Error | null} */
    let refusal = null;
    let news = false;
    try {
      const { serverVersion, newToken } = await greet(vault, api, {
        now,
        known: here.registered,
      });
      here.registered = true;
      news = newToken;
      tell({ serverVersion });
    } catch (error) {
      if (!(error instanceof Error) || error instanceof Offline || error instanceof TryLater) throw error;
      if (error instanceof TabletRevoked) await revoked(here, error);
      refusal = error;
    }
    await unlessLocked(here, async () => {
      if ((await resealWaiting(vault)).sealed > 0) news = true;
    });
    return { refusal, news };
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
      await obey(db, api, vault.id, commands, { open: vault, now });
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
    if (seat() === here) tell({ revoked: true });
    await obey(db, api, here.vault.id, commands, { open: here.vault, now });
  }

  /**
   * @param {Seat} here
   * @param {() => Promise<unknown>} work
   */
  async function unlessLocked({ vault }, work) {
    if (vault.locked) return;
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

  return talk;
}
