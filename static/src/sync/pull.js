/**
 * Fetches what changed in the caseload, page by page; each page is applied with its cursor, so that a download
 * that breaks off goes on where it was.
 */

import { applyPage, position, startRebuild } from "../store/caseload.js";
import { Refused, ServerFault } from "./errors.js";

/** @typedef {import("../store/vault.js").Vault} Vault */
/** @typedef {import("./api.js").Api} Api */

const PAGE = 100;
const CURSOR_GONE = 410;

/**
 * @param {Vault} vault
 * @param {Pick<Api, "changes">} api
 * @param {{onProgress?: (progress: {done: number, total: number}) => void, limit?: number}} [options]
 * @returns {Promise<{applied: number, rebuilt: boolean}>}
 */
export async function pullChanges(vault, api, { onProgress = () => {}, limit = PAGE } = {}) {
  let applied = 0;
  let rebuilt = false;
  for (;;) {
    const { cursor, complete, rebuilding } = await position(vault);
    /** @type {import("../types.js").ChangesPage} */
    let page;
    try {
      page = await api.changes({ cursor, limit });
    } catch (error) {
      const gone = error instanceof Refused && error.status === CURSOR_GONE;
      // Without a cursor there is nothing it could have forgotten: asking again would go on for ever.
      if (!gone || cursor === "" || rebuilt) throw error;
      await startRebuild(vault);
      rebuilt = true;
      continue;
    }
    if (page.more && page.cursor === cursor) throw new ServerFault(200);
    const nothingNew = page.items.length === 0 && page.cursor === cursor && complete && !rebuilding;
    if (!nothingNew) await applyPage(vault, page.items, page.cursor, { last: !page.more });
    applied += page.items.length;
    if (page.items.length) onProgress({ done: applied, total: applied + Math.max(page.remaining, 0) });
    if (!page.more) return { applied, rebuilt };
  }
}
