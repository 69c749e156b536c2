/**
 * The visitor's plan for a day: whom, in which order, at what time, and when the visit began and ended. Sealed, as all that
 * says where somebody will be; a plan of another day is forgotten.
 */

import { read, write } from "./db.js";
import { Unreadable } from "./errors.js";
import { announce } from "./notices.js";

/**
 * @typedef {{id: string, at: string | null, minutes: number, riskSeen: string | null, arrived: string | null,
 *   left: string | null}} Stop
 * `id`: the child's or pregnancy's; `at` "14:30", `minutes` how long it should take; `riskSeen` the words that were read;
 * `arrived` and `left` instants
 * @typedef {{day: string, stops: Stop[]}} Plan
 */

const NAME = "dayPlan";

/**
 * @param {import("./vault.js").Vault} vault
 * @param {string} day
 * @returns {Promise<Plan>}
 */
export async function loadPlan(vault, day) {
  const row = await read(vault.db, ["notes"], (tx) => tx.notes.get([vault.id, NAME]));
  if (row?.value instanceof Object) {
    try {
      const plan = await vault.open("plan", NAME, row.value);
      if (plan.day === day) return plan;
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
    }
  }
  return { day, stops: [] };
}

/**
 * @param {import("./vault.js").Vault} vault
 * @param {Plan} plan
 */
export async function savePlan(vault, plan) {
  const value = await vault.seal("plan", NAME, plan);
  await write(vault.db, ["notes"], (tx) => tx.notes.put({ vault: vault.id, name: NAME, value }));
  announce("plan", vault.id);
}
