/**
 * How the tablet stands with the service, in words: one quiet state for the header, and the same with more room
 * on "Sent and waiting". Pure: an engine's state and the time go in, sentences come out.
 */

import { stuckCount } from "./stuck.js";
import { count, photoWords, when } from "./words.js";

/**
 * @typedef {Record<string, any>} Any
 * @typedef {{text: string, more: string, mark: "check" | "wait" | "warn", meaning: string}} Standing
 * `meaning` changes only when a person should hear of it: a countdown is not news.
 */

/** Below this, fetching is over before it could be read. */
const LONG_FETCH = 50;

/**
 * The header's state. `waiting` are the visits of whoever has unlocked, or of everybody while it is locked.
 * @param {Any | null} sync
 * @param {number} waiting
 * @param {number} [now]
 * @returns {Standing}
 */
export function standing(sync, waiting, now = Date.now()) {
  const visits = count(waiting, "visit");
  const last = lastContact(sync);
  if (sync?.revoked) {
    const left = together([waiting ? visits : "", photoWords(sync.photos)]);
    const text = left
      ? `This tablet is out of use, ${left} still to send`
      : "This tablet is out of use, everything sent";
    return { text, more: left ? together([nextTry(sync, now), last]) : "", mark: "warn", meaning: text };
  }
  if (sync?.phase === "sending" && waiting) {
    return { text: sending(sync, waiting), more: "", mark: "wait", meaning: `waiting ${waiting}` };
  }
  if (sync?.phase === "fetching" && isLong(sync.progress)) {
    return { text: fetching(sync), more: "", mark: "wait", meaning: `waiting ${waiting}` };
  }
  if (sync?.phase === "signed_out") {
    const text = waiting ? `${visits} waiting, sign in` : "Sign in to fetch changes";
    return { text, more: last, mark: "warn", meaning: text };
  }
  const photos = photoWords(sync?.photos);
  if (waiting || photos) {
    const more = together([nextTry(sync, now), last]);
    const text = together([waiting ? `${visits} waiting` : "", photos]);
    return {
      text,
      more,
      mark: "wait",
      meaning: waiting ? `waiting ${waiting}` : `photos ${sync?.photos.number}`,
    };
  }
  if (sync?.refused) {
    const text = `${count(sync.refused, "visit")} could not be taken`;
    return { text, more: last, mark: "warn", meaning: text };
  }
  const stuck = stuckCount(sync?.stuck?.filter((/** @type {Any} */ one) => one.mine));
  if (stuck) {
    const text = `${count(stuck, "visit")} not sent yet`;
    return { text, more: last, mark: "warn", meaning: text };
  }
  if (sync?.lastContact) {
    return { text: `Everything sent ${when(sync.lastContact)}`, more: "", mark: "check", meaning: "sent" };
  }
  return { text: "Saved on this tablet", more: "", mark: "check", meaning: "sent" };
}

/**
 * What happened, what is safe, what to do.
 * @param {Any | null} sync
 * @param {number} waiting
 * @param {number} [now]
 * @returns {{state: string, detail: string}}
 */
export function sendingWords(sync, waiting, now = Date.now()) {
  const visits = count(waiting, "visit");
  const kept = waiting ? `Your ${visits} ${waiting === 1 ? "is" : "are"} safe on this tablet` : "";
  const last = lastContact(sync);
  const detail = sentences([nextTry(sync, now), last]);
  if (sync?.revoked) return { state: revokedWords(waiting), detail: waiting ? detail : sentences([last]) };
  switch (sync?.phase) {
    case "sending":
      return { state: `${waiting ? sending(sync, waiting) : "Sending"}.`, detail: sentences([last]) };
    case "fetching":
      return { state: `${fetching(sync)}.`, detail: sentences([last]) };
    case "signed_out": {
      const problem = sync.problem?.message ?? "You are signed out of the service.";
      const todo = waiting
        ? `Sign in to send ${waiting === 1 ? "it" : "them"}.`
        : `${stillWords(0, sync)} Sign in to fetch changes.`;
      return { state: waiting ? `${kept}. ${todo}` : withSafety(problem, todo), detail: sentences([last]) };
    }
    case "offline":
    case "waiting": {
      const problem = sync.problem?.message ?? "The tablet could not reach the service.";
      const safe = kept ? `${kept} and will be sent when there is a connection.` : "";
      return { state: withSafety(problem, safe), detail };
    }
    default:
      return {
        state: stillWords(waiting, sync),
        detail: waiting || sync?.photos?.number ? detail : sentences([last]),
      };
  }
}

/**
 * For the first screens, where nobody's name stands beside the number.
 * @param {Any | null} sync
 * @param {number} waiting in all vaults of this tablet
 * @param {number} [now]
 */
export function lockedWords(sync, waiting, now = Date.now()) {
  const number = stuckCount(sync?.stuck);
  const stuck = number ? `${count(number, "visit")} not sent yet, unlock to see why` : "";
  const photos = photoWords(sync?.photos);
  if (!waiting && !photos)
    return stuck || (sync?.lastContact ? `Everything sent ${when(sync.lastContact)}` : "");
  if (sync?.phase === "sending" && waiting) return sending(sync, waiting);
  return together([
    waiting ? `${count(waiting, "visit")} waiting to be sent` : "",
    photos,
    stuck,
    nextTry(sync, now),
    lastContact(sync),
  ]);
}

/**
 * @param {number} waiting
 * @param {Any | null} sync
 */
function stillWords(waiting, sync) {
  const photos = photoWords(sync?.photos);
  const still = sentences([
    together([waiting ? `${count(waiting, "visit")} waiting to be sent` : "", photos]),
  ]);
  return still || "Everything is sent.";
}

/** @param {number} waiting */
export function revokedWords(waiting) {
  const removed =
    "This tablet has been taken out of use by your supervisor, and families’ details have been removed from it.";
  if (!waiting) return `${removed} Everything recorded on it was sent.`;
  return `${removed} ${count(waiting, "visit")} ${waiting === 1 ? "is" : "are"} safe here and will be sent as soon as there is a connection.`;
}

/** @param {number} waiting */
export function caseloadLostWords(waiting) {
  const safe = waiting
    ? ` Your ${count(waiting, "visit")} ${waiting === 1 ? "is" : "are"} safe.`
    : " What you recorded is safe.";
  return `Families’ details were removed because this tablet was not used with a connection for too long.${safe} Connect to fetch them again.`;
}

/**
 * @param {Any} sync
 * @param {number} waiting
 */
function sending({ progress }, waiting) {
  if (!progress || progress.total < 2) return `Sending ${count(waiting, "visit")}`;
  return `Sending ${Math.min(progress.done + 1, progress.total)} of ${progress.total}`;
}

/** @param {Any} sync */
function fetching({ progress }) {
  return isLong(progress) ? `Fetching ${progress.done} of ${progress.total}` : "Fetching changes";
}

/** @param {Any | null} progress */
function isLong(progress) {
  return Boolean(progress && progress.total >= LONG_FETCH);
}

/** @param {Any | null} sync */
function lastContact(sync) {
  return sync?.lastContact ? `last contact ${when(sync.lastContact)}` : "";
}

/**
 * @param {Any | null} sync
 * @param {number} now
 */
function nextTry(sync, now) {
  const seconds = sync?.nextTryAt ? Math.round((sync.nextTryAt - now) / 1000) : 0;
  if (seconds <= 0) return "";
  return seconds < 90 ? `next try in ${seconds} s` : `next try in ${Math.round(seconds / 60)} min`;
}

/** @param {string[]} parts */
function together(parts) {
  return parts.filter(Boolean).join(", ");
}

/** @param {string[]} parts */
function sentences(parts) {
  return parts
    .filter(Boolean)
    .map((part) => `${part.charAt(0).toUpperCase()}${part.slice(1)}.`)
    .join(" ");
}

/**
 * Most problems say themselves what is safe; it is not said twice.
 * @param {string} problem
 * @param {string} safe
 */
function withSafety(problem, safe) {
  return problem.includes("safe") || !safe ? problem : `${problem} ${safe}`;
}
