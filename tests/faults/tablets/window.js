/** What one window of the app has of its own: its modules, as the page would load them. */

export * as caseload from "../../../static/src/store/caseload.js";
export * as db from "../../../static/src/store/db.js";
export * as drafts from "../../../static/src/store/drafts.js";
export * as outbox from "../../../static/src/store/outbox.js";
export * as rescue from "../../../static/src/store/rescue.js";
export * as vaults from "../../../static/src/store/vault.js";
export * as withdrawals from "../../../static/src/store/withdrawals.js";
export * as api from "../../../static/src/sync/api.js";
export * as engine from "../../../static/src/sync/engine.js";
