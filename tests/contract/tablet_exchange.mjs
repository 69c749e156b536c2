/**
 * The tablet's own modules against a running server: sets up, fetches, completes visits, sends them, loses an
 * answer and sends again. Reads what to do from standard input and prints what the tablet then knows.
 */

import { readFileSync } from "node:fs";
import "fake-indexeddb/auto";
import { loadCaseload } from "../../static/src/store/caseload.js";
import { TabletDatabase } from "../../static/src/store/db.js";
import { newDraft, saveDraft } from "../../static/src/store/drafts.js";
import { listItems, sealDraft, waiting } from "../../static/src/store/outbox.js";
import { takeIn, takeToken } from "../../static/src/store/standing.js";
import { createVault } from "../../static/src/store/vault.js";
import { createApi } from "../../static/src/sync/api.js";
import { pullChanges } from "../../static/src/sync/pull.js";
import { pushOutbox } from "../../static/src/sync/push.js";

const { origin, email, password, other, childId, form, answers, visits } = JSON.parse(readFileSync(0, "utf8"));

let cookie = "";
let loseAnswers = false;

/** Node's fetch has no cookies of its own. */
async function fetchWithCookie(url, init) {
  const response = await fetch(origin + url, { ...init, headers: { ...init.headers, cookie } });
  for (const set of response.headers.getSetCookie()) cookie = set.split(";")[0];
  if (loseAnswers && url === "/sync/v1/push") throw new TypeError("connection reset");
  return response;
}

const name = async (promise) => {
  try {
    await promise;
    return null;
  } catch (error) {
    return error.name;
  }
};

const api = createApi({ fetch: fetchWithCookie });
const wrongPassword = await name(api.signIn(email, "not the password"));
const { account, clockOffset } = await api.signIn(email, password);
const db = new TabletDatabase("tablet");
const passphrase = "four plain wooden chairs";
const vault = await createVault({ account, passphrase, deviceName: "T", db, iterations: 10 });
const about = { name: "T", storage_persisted: true, account_id: account.id };
const { token, common } = await api.registerDevice(vault.deviceId, about);
await takeToken(db, vault.id, token);
await takeIn(db, vault.id, common);
const push = (sentWith = token) => pushOutbox(db, { id: vault.id, token: sentWith }, api);
await pullChanges(vault, api);
const fetched = [...(await loadCaseload(vault)).children.keys()];

for (let visit = 0; visit < visits; visit += 1) {
  const draft = newDraft({ child: { id: childId }, form, contactType: "new_birth" });
  draft.answers = { ...answers, child_voice: `Visit ${visit}: “naïve” 👶🏽 \u2028 \\ "` };
  await saveDraft(vault, draft);
  const context = { birth_date: null, sex: null, gestation_days: null };
  const payload = { answers: draft.answers, confirmed: {}, alert_responses: {}, derived: {}, context };
  await sealDraft(vault, draft, { occurred_at: answers.started_at, payload });
}
loseAnswers = true;
const lost = await name(push());
const waitingAfterLoss = await waiting(vault);
loseAnswers = false;
const sent = await push();
await pullChanges(vault, api);
const items = await listItems(vault);
const states = [...(await loadCaseload(vault)).visits.values()].map(({ id, state, head_rev }) => ({ id, state, head_rev }));

// Somebody else signs in on the same browser: their caseload does not come in.
const draft = newDraft({ child: { id: childId }, form, contactType: "new_birth" });
await sealDraft(vault, draft, { occurred_at: answers.started_at, payload: items[0].rev.payload });
await api.signIn(other, password);
const stranger = await name(pullChanges(vault, api));
// Nobody is signed in, and the tablet is locked: nothing comes in, and with a false token nothing goes out either.
cookie = "";
const signedOut = await name(pullChanges(vault, api));
vault.lock();
const forged = await name(push(`${token.slice(0, -1)}${token.endsWith("0") ? "1" : "0"}`));
const lastSent = await push();

console.log(
  JSON.stringify({ wrongPassword, clockOffset, fetched, lost, waitingAfterLoss, sent, items, states, stranger, signedOut, forged, lastSent }),
);
