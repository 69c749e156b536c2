/**
 * What the tablet has to say about itself, beyond sending: shown quietly under the header until it no longer
 * holds. Each says what happened, what is safe and what to do.
 */

import { caseloadLostWords, revokedWords } from "./standing.js";
import { count } from "./words.js";

/**
 * @typedef {{id: string, text: string, level: "info" | "amber" | "red", inForm: boolean, call?: string}} Tiding
 * `inForm`: also told while a visit is being written; `call`: a number to ring
 *
 * @typedef {object} Circumstances
 * @property {number} waiting visits not sent yet
 * @property {boolean} revoked
 * @property {boolean} caseloadLost
 * @property {{minutes: number, phone: string | null} | null} overrun a visit goes on longer than these minutes planned
 * @property {number | null} clockOffset milliseconds to add to this tablet's clock to get the service's
 * @property {{used: number | null, quota: number | null, reserve: boolean, nearFull: boolean} | null} space
 */

/** The difference at which times of visits begin to mislead. */
const CLOCK_MS = 5 * 60_000;
/** Above this the browser's figure says nothing: Chromium always tells of ten gigabytes more than are used. */
const TOLD_BYTES = 50_000_000;

/**
 * @param {Circumstances} now
 * @returns {Tiding[]} most pressing first
 */
export function tidings({ waiting, revoked, caseloadLost, clockOffset, space, overrun }) {
  /** @type {Tiding[]} */
  const told = [];
  if (revoked) {
    return [{ id: "revoked", level: "red", inForm: true, text: revokedWords(waiting) }];
  }
  if (overrun) told.push(overrunTiding(overrun));
  const storage = spaceWords(space);
  if (storage) told.push(storage);
  if (caseloadLost) {
    told.push({ id: "lease", level: "amber", inForm: false, text: caseloadLostWords(waiting) });
  }
  if (clockOffset !== null && Math.abs(clockOffset) > CLOCK_MS) {
    told.push({ id: "clock", level: "amber", inForm: false, text: clockWords(clockOffset) });
  }
  return told;
}

/**
 * Whoever is longer with a family than planned may be in trouble, or may have forgotten to say that they have left. It
 * names nobody: others may look on.
 * @param {NonNullable<Circumstances["overrun"]>} overrun
 * @returns {Tiding}
 */
function overrunTiding({ minutes, phone }) {
  const text = `You are longer at a visit than the ${count(minutes, "minute")} planned. If something is wrong, ring your team`;
  const tiding = { id: "overrun", level: /** @type {const} */ ("amber"), inForm: true };
  return phone ? { ...tiding, text: `${text}:`, call: phone } : { ...tiding, text: `${text}.` };
}

/** @param {number} offset */
function clockWords(offset) {
  const minutes = Math.round(Math.abs(offset) / 60_000);
  const far =
    minutes < 120
      ? count(minutes, "minute")
      : minutes < 48 * 60
        ? `${Math.round(minutes / 60)} hours`
        : `${Math.round(minutes / 1440)} days`;
  const way = offset > 0 ? "behind" : "ahead";
  return `This tablet’s clock is ${far} ${way}. What you record is safe, but times may come out wrong. Set date and time to automatic in the tablet’s settings.`;
}

/**
 * Told while there is still room to finish what is open.
 * @param {Circumstances["space"]} space
 * @returns {Tiding | null}
 */
function spaceWords(space) {
  if (!space?.nearFull) return null;
  const left = space.quota === null ? Number.POSITIVE_INFINITY : space.quota - (space.used ?? 0);
  const room = left < TOLD_BYTES ? `: ${Math.max(0, Math.floor(left / 1_000_000))} MB left` : "";
  // Even the space set aside for the last visit is being used.
  const pressing = !space.reserve;
  const todo = pressing
    ? "Finish and complete the visit that is open, then delete photos, videos or apps before you start another."
    : "Delete photos, videos or apps you do not need, today if you can.";
  return {
    id: "space",
    level: pressing ? "red" : "amber",
    inForm: true,
    text: `This tablet is nearly full${room}. Everything recorded so far is safe. ${todo}`,
  };
}
