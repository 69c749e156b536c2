/**
 * What the provider has decided for all its teams, as it was fetched last. It says nothing about anybody, so it lies
 * open, and it outlives the lease: whom to ring must be known on a tablet that was away for long, too.
 *
 * @typedef {{safeguarding_name: string, safeguarding_phone: string, home_vaccination: boolean,
 *   growth_method: import("../growth/lms.js").ChartMethod}} Service the name and number are empty until they were set
 *
 * @typedef {import("./open-vault.js").Vault} Vault
 */

import { recallService, remember } from "./notes.js";
import { announce } from "./notices.js";

/** Until it was fetched. @type {Readonly<Service>} */
export const NOT_FETCHED = Object.freeze({
  safeguarding_name: "",
  safeguarding_phone: "",
  home_vaccination: false,
  growth_method: "digital",
});

/**
 * @param {Pick<Vault, "db" | "id">} vault
 * @param {unknown} told nothing, by an older service
 */
export async function keepService(vault, told) {
  if (!told) return;
  const service = JSON.stringify(readService(told));
  if ((await recallService(vault)) === service) return;
  await remember(vault, { service });
  announce("caseload", vault.id);
}

/**
 * @param {Pick<Vault, "db" | "id">} vault
 * @returns {Promise<Service>}
 */
export async function loadService(vault) {
  return readService(JSON.parse((await recallService(vault)) ?? "null"));
}

/**
 * @param {any} told
 * @returns {Service}
 */
function readService(told) {
  const text = (/** @type {unknown} */ value) => (typeof value === "string" ? value : "");
  return {
    safeguarding_name: text(told?.safeguarding_name),
    safeguarding_phone: text(told?.safeguarding_phone),
    home_vaccination: told?.home_vaccination === true,
    growth_method: told?.growth_method === "paper" ? "paper" : NOT_FETCHED.growth_method,
  };
}
