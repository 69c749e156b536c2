/**
 * Asking the server whether it still holds what it acknowledged: a digest over each run of numbers, so that a
 * hundred visits cost one line. What agrees is confirmed; what does not is offered anew.
 */

import { toHex } from "../lib/uuid7.js";
import { write } from "./db.js";
import { itemsOf, offerAnew } from "./delivery.js";
import { announce } from "./notices.js";

/** @typedef {import("./db.js").TabletDatabase} TabletDatabase */
/** @typedef {{from: number, to: number, digest: string, items: {seq: number, id: string, sha256: string}[]}} Range */

const LONGEST_RANGE = 100;

/**
 * The runs to ask about. `all` includes what was confirmed before; else only runs with something that is not.
 * @param {TabletDatabase} db
 * @param {string} vaultId
 * @param {{all: boolean}} options
 * @returns {Promise<Range[]>}
 */
export async function rangesToConfirm(db, vaultId, { all }) {
  /** @type {{seq: number, id: string, sha256: string, news: boolean}[][]} */
  const runs = [];
  for (const { seq, id, sha256, state, shared } of await itemsOf(db, vaultId)) {
    if (sha256 === null || shared || (state !== "acked" && state !== "confirmed")) continue;
    const run = runs.at(-1);
    const goesOn = run && run.length < LONGEST_RANGE && run[run.length - 1].seq === seq - 1;
    const item = { seq, id, sha256, news: state === "acked" };
    if (goesOn) run.push(item);
    else runs.push([item]);
  }
  return Promise.all(runs.filter((run) => all || run.some(({ news }) => news)).map(toRange));
}

/**
 * @param {{seq: number, id: string, sha256: string}[]} run
 * @returns {Promise<Range>}
 */
async function toRange(run) {
  const lines = run.map(({ seq, id, sha256 }) => `${seq} ${id} ${sha256}\n`).join("");
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(lines));
  return {
    from: run[0].seq,
    to: run[run.length - 1].seq,
    digest: toHex(new Uint8Array(digest)),
    items: run.map(({ seq, id, sha256 }) => ({ seq, id, sha256 })),
  };
}

/**
 * Each number of these runs by itself.
 * @param {Range[]} ranges
 * @returns {Promise<Range[]>}
 */
export function oneByOne(ranges) {
  return Promise.all(ranges.flatMap(({ items }) => items.map((item) => toRange([item]))));
}

/**
 * Writes down the answer in one strict transaction. Only the very items that were asked about change.
 * @param {TabletDatabase} db
 * @param {string} vaultId
 * @param {Range[]} asked
 * @param {{from: number, to: number, held: boolean}[]} answers
 * @param {number} now the server's time
 * @returns {Promise<{confirmed: number, missing: number}>}
 */
export async function settleConfirmation(db, vaultId, asked, answers, now) {
  const held = new Map(answers.map(({ from, to, held }) => [`${from}-${to}`, held]));
  const missing = new Set();
  let confirmed = 0;
  await write(db, ["outbox"], async (tx) => {
    confirmed = 0;
    missing.clear();
    for (const { from, to, items } of asked) {
      const answer = held.get(`${from}-${to}`);
      for (const { id, sha256 } of items) {
        const row = await tx.outbox.get(id);
        if (row?.vault !== vaultId || row.sha256 !== sha256) continue;
        if (answer === false) missing.add(id);
        if (answer !== true || row.state !== "acked") continue;
        await tx.outbox.put({ ...row, state: "confirmed", confirmedAt: now });
        confirmed += 1;
      }
    }
  });
  if (confirmed) announce("outbox", vaultId);
  if (missing.size) await offerAnew(db, vaultId, { of: missing });
  return { confirmed, missing: missing.size };
}
