import assert from "node:assert/strict";
import { test } from "node:test";
import {
  getDraft,
  importDraft,
  listDrafts,
  refreshRescue,
  saveDraft,
} from "../../../static/src/store/drafts.js";
import { ChangedElsewhere, WrongPassphrase } from "../../../static/src/store/errors.js";
import { reopen, reopenable } from "../../../static/src/store/reopening.js";
import { startAgain, unlock } from "../../../static/src/store/vault.js";
import { createApi } from "../../../static/src/sync/api.js";
import { deliver } from "../../../static/src/sync/courier.js";
import { remove, update } from "../helpers/disk.js";
import { FakeServer } from "../helpers/server.js";
import {
  completeVisit,
  draftFor,
  FEW_ITERATIONS,
  introduced,
  newVault,
  PASSPHRASE,
} from "../helpers/tablet.js";

/** @typedef {import("../../../static/src/store/vault.js").Vault} Vault */

/** @param {Vault} vault */
async function again({ account, db }) {
  const made = await startAgain({
    account,
    deviceName: "T",
    db,
    iterations: FEW_ITERATIONS,
    passphrase: "quite another passphrase",
  });
  await introduced(made);
  return made;
}

function service() {
  const server = new FakeServer();
  return { server, run: (/** @type {Vault} */ { db }) => deliver(db, createApi({ fetch: server.fetch })) };
}

/** @param {Vault} vault */
async function wrapsOf({ db, id }) {
  return (await db.vaults.get(id))?.wraps.map(({ by }) => by);
}

test("with a copy of everything a forgotten vault's keys go at once", async () => {
  const vault = await newVault();
  await completeVisit(vault);
  const next = await again(vault);
  assert.deepEqual(await wrapsOf(vault), []);
  assert.deepEqual(await reopenable(next.db, next.account.id), []);
  await assert.rejects(reopen(next, PASSPHRASE), WrongPassphrase);
});

test("what only the old passphrase opens keeps it, comes out with it, and the key goes once all is confirmed", async () => {
  const { server, run } = service();
  const vault = await newVault({ fresh: true });
  const done = await completeVisit(vault);
  const draft = draftFor();
  draft.answers.weight_kg = "3.450";
  await saveDraft(vault, draft);
  const next = await again(vault);
  await introduced(vault);
  await update(vault.db, "vaults", vault.id, { sealingKey: null });
  await run(next);
  assert.equal(server.stored.size, 0);
  assert.deepEqual(await wrapsOf(vault), ["passphrase"]);
  assert.equal((await vault.db.vaults.get(vault.id))?.caseloadKey, null);
  // It opens nothing else: the way in is the new passphrase.
  await assert.rejects(unlock(vault.account.id, PASSPHRASE, { db: vault.db }), WrongPassphrase);
  await assert.rejects(reopen(next, "quite a wrong passphrase"), WrongPassphrase);
  assert.equal((await reopenable(next.db, next.account.id)).length, 1);
  assert.equal(await reopen(next, PASSPHRASE), 0);
  assert.equal((await getDraft(next, draft.id))?.answers.weight_kg, "3.450");
  assert.deepEqual(await wrapsOf(vault), ["passphrase"]);
  await run(next);
  assert.deepEqual([...server.stored.keys()], [done.id]);
  assert.deepEqual(await wrapsOf(vault), []);
});

test("what no key of the service's opens any more keeps the old passphrase's key, a draft's copy too", async () => {
  const { server, run } = service();
  const vault = await newVault();
  const draft = draftFor();
  await saveDraft(vault, draft);
  await refreshRescue(vault, draft.id);
  await completeVisit(vault);
  await update(vault.db, "vaults", vault.id, { sealingKey: null });
  const extra = draftFor("child-2");
  await saveDraft(vault, extra);
  const next = await again(vault);
  server.keys = [];
  await server.rotateKey();
  await run(next);
  assert.equal(server.stored.size + server.drafts.size, 0);
  assert.equal(await reopen(next, PASSPHRASE), 0);
  await run(next);
  assert.equal(server.stored.size, 1);
  assert.deepEqual((await listDrafts(next)).map(({ id }) => id).sort(), [draft.id, extra.id].sort());
});

test("an older copy from the service is worked on; later answers wait beside it for the old passphrase", async () => {
  const vault = await newVault();
  const draft = draftFor();
  draft.answers.weight_kg = "3.450";
  await saveDraft(vault, draft);
  await refreshRescue(vault, draft.id);
  const copy = structuredClone(draft);
  draft.answers.weight_kg = "3.500";
  await saveDraft(vault, draft);
  const next = await again(vault);
  assert.equal(await importDraft(next, copy), true);
  assert.equal((await getDraft(next, draft.id))?.answers.weight_kg, "3.450");
  assert.equal((await reopenable(next.db, next.account.id)).length, 1);
  assert.equal(await reopen(next, PASSPHRASE), 0);
  assert.equal((await getDraft(next, draft.id))?.answers.weight_kg, "3.500");
  assert.equal(await next.db.drafts.count(), 1);
});

test("of two versions of a draft the later one stays, whichever way it came", async () => {
  const vault = await newVault();
  const draft = draftFor();
  draft.answers.weight_kg = "3.450";
  await saveDraft(vault, draft);
  const at = (/** @type {number} */ ms) => new Date(Date.parse(draft.updatedAt) + ms).toISOString();
  const from = (/** @type {number} */ ms, /** @type {string} */ weight) => ({
    ...draft,
    updatedAt: at(ms),
    answers: { weight_kg: weight },
  });
  assert.equal(await importDraft(vault, from(-5000, "3.000")), false);
  assert.equal(await importDraft(vault, from(0, "3.000")), false);
  assert.equal(await importDraft(vault, from(5000, "4.000")), true);
  const now = await getDraft(vault, draft.id);
  assert.equal(now?.answers.weight_kg, "4.000");
  assert.ok(now);
  now.answers.weight_kg = "4.100";
  await saveDraft(vault, now);
  assert.equal((await getDraft(vault, draft.id))?.answers.weight_kg, "4.100");
});

test("a window that still has the forgotten vault open puts nothing new into it", async () => {
  const vault = await newVault();
  const draft = draftFor();
  await saveDraft(vault, draft);
  await refreshRescue(vault, draft.id);
  const next = await again(vault);
  await saveDraft(vault, draft);
  await importDraft(next, draft);
  await assert.rejects(saveDraft(vault, draft), ChangedElsewhere);
  await assert.rejects(saveDraft(vault, draftFor("child-2")), ChangedElsewhere);
  await remove(vault.db, "drafts");
  await assert.rejects(saveDraft(vault, draft), ChangedElsewhere);
  assert.equal(await vault.db.drafts.count(), 0);
});
