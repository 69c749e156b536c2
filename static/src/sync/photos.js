/**
 * Sends photos, for every visitor who has a vault here, locked or not: after the visits, piece by piece, going on where
 * the server says.
 */

import { noteHeld, photosDue } from "../store/photos.js";
import { takeToken } from "../store/standing.js";
import { Refused, ServerFault, TooLarge, UnknownTablet } from "./errors.js";

/** @typedef {import("../store/db.js").TabletDatabase} TabletDatabase */
/** @typedef {import("../store/db.js").PhotoRow} PhotoRow */
/** @typedef {Pick<import("./api.js").Api, "putPiece">} Api */

/** Small enough that little is lost when the line breaks in the middle of one. */
const PIECE_BYTES = 64 * 1024;

/**
 * Throws what ends the line for all: Offline and TryLater. What concerns one photo holds up no other.
 * @param {TabletDatabase} db
 * @param {Api} api
 * @param {AbortSignal} signal after it nothing new begins
 * @returns {Promise<{sent: number, problem: Error | null}>}
 */
export async function sendPhotos(db, api, signal) {
  const all = { sent: 0, problem: /** @type {Error | null} */ (null) };
  for (const { id, token } of await db.vaults.all()) {
    for (const photo of token ? await photosDue(db, id) : []) {
      try {
        if (await sendPhoto(db, api, String(token), photo, signal)) all.sent += 1;
      } catch (error) {
        if (error instanceof UnknownTablet) await takeToken(db, id, null);
        else if (![Refused, ServerFault, TooLarge].some((kind) => error instanceof kind)) throw error;
        all.problem ??= /** @type {Error} */ (error);
        if (error instanceof UnknownTablet) break;
      }
      if (signal.aborted) return all;
    }
  }
  return all;
}

/**
 * @param {TabletDatabase} db
 * @param {Api} api
 * @param {string} token
 * @param {PhotoRow} photo
 * @param {AbortSignal} signal
 * @returns {Promise<boolean>} whether all of it is there
 */
async function sendPhoto(db, api, token, photo, signal) {
  const { sha256, bytes: total } = photo;
  const box = (await db.boxes.get(photo.id))?.box ?? new ArrayBuffer(0);
  let told = await api.putPiece(token, sha256, { first: 0, total, piece: null });
  for (let before = -1; ; ) {
    const done = told.result === "complete";
    await noteHeld(db, photo, { held: told.held, done });
    if (done) return true;
    // No further than before, or not what it should be: tried again another time, and not in a circle.
    if (told.result !== "more" || told.held <= before) throw new ServerFault(200);
    if (signal.aborted) return false;
    before = told.held;
    const piece = box.slice(before, before + PIECE_BYTES);
    told = await api.putPiece(token, sha256, { first: before, total, piece });
  }
}
