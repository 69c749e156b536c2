/**
 * Fetches what changed in the caseload. Pages are applied with their cursor, several at a time: the chunks they
 * touch are mostly the same ones. A download that breaks off keeps what has arrived and goes on from there.
 */

import { applyPage, position, startRebuild } from "../store/caseload.js";
import { renewLease } from "../store/lease.js";
import { keepService } from "../store/service.js";
import { takeIn } from "../store/standing.js";
import { Refused, ServerFault } from "./errors.js";

/** @typedef {import("../store/vault.js").Vault} Vault */
/** @typedef {import("./api.js").Api} Api */

const PAGE = 100;
/** Changes applied in one go: enough to save rewriting, few enough to hold in memory. */
const AT_ONCE = 500;
const CURSOR_GONE = 410;

/**
 * @param {Vault} vault
 * @param {Pick<Api, "changes">} api
 * @param {{onProgress?: (progress: {done: number, total: number}) => void, limit?: number}} [options]
 * @returns {Promise<{applied: number, rebuilt: boolean, commands: import("../types.js").Command[]}>} commands:
 *   what the server asks of this tablet besides
 */
export async function pullChanges(vault, api, { onProgress = () => {}, limit = PAGE } = {}) {
  let applied = 0;
  let rebuilt = false;
  await vault.refreshCaseloadKey();
  let { cursor, complete, rebuilding } = await position(vault);
  /** @type {import("../types.js").Change[]} */
  let arrived = [];
  let reached = cursor;

  /**
   * Applies what has arrived. False when another window was faster; then everything goes on from its place.
   * @param {boolean} last
   */
  const keep = async (last) => {
    const news = arrived.length > 0 || reached !== cursor || (last && (rebuilding || !complete));
    const kept = !news || (await applyPage(vault, arrived, reached, { last, from: cursor }));
    arrived = [];
    if (kept) cursor = reached;
    else ({ cursor, complete, rebuilding } = await position(vault));
    reached = cursor;
    return kept;
  };

  for (;;) {
    /** @type {Awaited<ReturnType<Api["changes"]>>} */
    let page;
    try {
      page = await api.changes({
        cursor: reached,
        limit,
        account_id: vault.account.id,
        device_id: vault.deviceId,
      });
      if (page.more && page.cursor === reached) throw new ServerFault(200);
    } catch (error) {
      await keep(false);
      const gone = error instanceof Refused && error.status === CURSOR_GONE;
      // Without a cursor there is nothing it could have forgotten: asking again would go on for ever.
      if (!gone || cursor === "" || rebuilt) throw error;
      await startRebuild(vault);
      rebuilt = true;
      rebuilding = true;
      cursor = "";
      reached = "";
      continue;
    }
    arrived.push(...page.items);
    reached = page.cursor;
    applied += page.items.length;
    if ((!page.more || arrived.length >= AT_ONCE) && !(await keep(!page.more))) continue;
    if (page.items.length) onProgress({ done: applied, total: applied + Math.max(page.remaining, 0) });
    if (page.more) continue;
    const { common } = page;
    await takeIn(vault.db, vault.id, common);
    await keepService(vault, page.service);
    await renewLease(vault.db, vault.id, { serverTime: common.server_time, days: common.lease_days });
    return { applied, rebuilt, commands: common.commands ?? [] };
  }
}
