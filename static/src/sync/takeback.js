/**
 * Unfinished visits that the service keeps come back to their visitor: from a vault whose passphrase was
 * forgotten, or from a tablet that was taken out of use. Each is on this tablet's disk before the service is told.
 */

import { importDraft } from "../store/drafts.js";

/** @typedef {import("../store/vault.js").Vault} Vault */

/**
 * Throws what the line throws, and SignedInAsOther; what came back before stays. A draft that is here already stays as it is here.
 * @param {Vault} vault
 * @param {Pick<import("./api.js").Api, "rescuedDrafts" | "draftTaken">} api
 * @returns {Promise<number>} how many came back
 */
export async function takeBackDrafts(vault, api) {
  let back = 0;
  for (const { id, draft } of await api.rescuedDrafts(vault.account.id)) {
    if (await importDraft(vault, draft)) back += 1;
    await api.draftTaken(id);
  }
  return back;
}
