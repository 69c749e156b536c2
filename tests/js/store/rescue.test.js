import assert from "node:assert/strict";
import { test } from "node:test";
import {
  getDraft,
  importDraft,
  listDrafts,
  refreshRescue,
  saveDraft,
} from "../../../static/src/store/drafts.js";
import { onlyHere, refreshRescues } from "../../../static/src/store/rescue.js";
import { beginWipe, noteDelivered } from "../../../static/src/store/wipe.js";
import { openServerBox, SERVER_KEY } from "../helpers/sealing.js";
import { completeVisit, draftFor, introduced, newVault } from "../helpers/tablet.js";

/** @param {import("../../../static/src/store/vault.js").Vault} vault @param {string} id */
async function rescued({ db, deviceId }, id) {
  const rescue = (await db.drafts.get(id))?.rescue;
  if (!rescue) return null;
  const box = Buffer.from(rescue.box).toString("base64");
  return openServerBox(SERVER_KEY, box, { kind: "draft", id, deviceId });
}

test("an answer's save writes no copy; a few quiet seconds after the last one it is renewed", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const vault = await newVault();
  const draft = draftFor();
  for (const weight of ["3.450", "3.455"]) {
    draft.answers.weight_kg = weight;
    const saving = saveDraft(vault, draft);
    await settle(saving);
    assert.equal(await rescued(vault, draft.id), null);
    t.mock.timers.tick(3_900);
  }
  assert.deepEqual(await onlyHere(vault.db, vault.id), { items: 0, drafts: 1 });
  t.mock.timers.tick(200);
  for (let turn = 0; turn < 5000 && !(await rescued(vault, draft.id)); turn += 1)
    await new Promise(setImmediate);
  assert.equal((await rescued(vault, draft.id))?.answers.weight_kg, "3.455");
  assert.deepEqual(await onlyHere(vault.db, vault.id), { items: 0, drafts: 0 });

  /** @param {Promise<unknown>} work */
  async function settle(work) {
    await work;
  }
});

test("before locking or leaving it is brought up to the last save; a later save keeps the older copy", async () => {
  const vault = await newVault();
  const draft = draftFor();
  draft.answers.weight_kg = "3.450";
  await saveDraft(vault, draft);
  await refreshRescue(vault, draft.id);
  draft.answers.weight_kg = "9.999";
  await saveDraft(vault, draft);
  assert.equal((await rescued(vault, draft.id))?.answers.weight_kg, "3.450");
  assert.equal((await onlyHere(vault.db, vault.id)).drafts, 1);
  assert.equal((await getDraft(vault, draft.id))?.answers.weight_kg, "9.999");
  await refreshRescues(vault);
  assert.equal((await rescued(vault, draft.id))?.answers.weight_kg, "9.999");
});

test("without a key of the server's there is no copy, and it is counted as only here", async () => {
  const vault = await newVault({ fresh: true });
  const draft = draftFor();
  await saveDraft(vault, draft);
  await completeVisit(vault);
  await refreshRescue(vault, draft.id);
  assert.deepEqual(await onlyHere(vault.db, vault.id), { items: 1, drafts: 1 });
  await introduced(vault);
  await refreshRescue(vault, draft.id);
  assert.deepEqual(await onlyHere(vault.db, vault.id), { items: 1, drafts: 0 });
});

test("a draft that is gone is not brought back by its copy", async () => {
  const vault = await newVault();
  await refreshRescue(vault, "gone");
  assert.deepEqual(await listDrafts(vault), []);
});

test("a draft that the service kept is put back once, and never over what is here", async () => {
  const vault = await newVault();
  const draft = draftFor();
  draft.answers.weight_kg = "3.450";
  assert.equal(await importDraft(vault, draft), true);
  assert.deepEqual(await getDraft(vault, draft.id), draft);
  const here = await getDraft(vault, draft.id);
  assert.ok(here);
  here.answers.weight_kg = "3.500";
  await saveDraft(vault, here);
  assert.equal(await importDraft(vault, draft), false);
  assert.equal((await getDraft(vault, draft.id))?.answers.weight_kg, "3.500");
  const done = await completeVisit(vault);
  assert.equal(await importDraft(vault, { ...draft, id: done.id }), false);
});

test("an answer saved after the order to wipe goes up as well before its draft is dropped", async () => {
  const vault = await newVault();
  const draft = draftFor();
  await saveDraft(vault, draft);
  await refreshRescue(vault, draft.id);
  const sent = (await vault.db.drafts.get(draft.id))?.rescue?.n ?? 0;
  await beginWipe(vault.db, vault.id, { id: "order-1", at: "2026-05-03T10:00:00Z" });
  draft.answers.weight_kg = "3.450";
  await saveDraft(vault, draft);
  await noteDelivered(vault.db, vault.id, { id: draft.id, n: sent }, 0);
  await refreshRescue(vault, draft.id);
  assert.equal((await rescued(vault, draft.id))?.answers.weight_kg, "3.450");
  await noteDelivered(vault.db, vault.id, { id: draft.id, n: sent + 1 }, 0);
  assert.equal(await vault.db.drafts.count(), 0);
});
