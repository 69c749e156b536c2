/** How the tablet stands with the service, as the engine tells it. */

/**
 * Everything a sentence about the tablet needs. Times are milliseconds since 1970. `problem` is set when there
 * is something to say beyond the phase.
 * @typedef {object} EngineState
 * @property {"idle" | "sending" | "fetching" | "waiting" | "signed_out" | "offline"} phase
 * @property {number} waiting completed visits of the open vault that the server has not acknowledged
 * @property {number} refused completed visits of the open vault that need a person
 * @property {import("../store/photos.js").PhotoProgress} photos of completed visits, of the open vault or of all
 * @property {number} others visits waiting in other or locked vaults
 * @property {import("../store/stuck.js").Stuck[]} stuck what in those does not go by itself
 * @property {{done: number, total: number} | null} progress of the present phase
 * @property {number | null} lastContact
 * @property {number | null} lastReceipt
 * @property {number | null} nextTryAt
 * @property {{name: string, message: string} | null} problem
 * @property {string | null} serverVersion the app version the server offers
 * @property {boolean} caseloadLost the lease ran out: families' details are gone until the next download
 * @property {boolean} revoked a supervisor has taken this tablet out of use for this visitor
 */

/** Before anything was read. @type {EngineState} */
export const BEGINNING = Object.freeze({
  phase: "idle",
  waiting: 0,
  refused: 0,
  photos: { number: 0, percent: 0 },
  others: 0,
  stuck: [],
  progress: null,
  lastContact: null,
  lastReceipt: null,
  nextTryAt: null,
  problem: null,
  serverVersion: null,
  caseloadLost: false,
  revoked: false,
});
