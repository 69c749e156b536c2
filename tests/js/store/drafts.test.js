import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  discardDraft,
  getDraft,
  listDrafts,
  newDraft,
  saveDraft,
  startDraft,
} from "../../../static/src/store/drafts.js";
import { AlreadyComplete, ChangedElsewhere } from "../../../static/src/store/errors.js";
import { listen } from "../../../static/src/store/notices.js";
import { listItems, sealDraft } from "../../../static/src/store/outbox.js";
import { put } from "../helpers/disk.js";
import { completeVisit, draftFor, FORM, newVault, otherWindow, revisionOf } from "../helpers/tablet.js";

test("a draft comes back as it was saved, ids and all", async () => {
  const vault = await newVault();
  const draft = draftFor();
  draft.answers = { weight_kg: "3.450", feeding: ["breast"], tone: { not_done: "asleep" }, note: "a\n“b”" };
  draft.confirmed = { weight_kg: "3.450" };
  draft.alertResponses = { jaundice: "Referred" };
  draft.position = "growth";
  await saveDraft(vault, draft);
  assert.deepEqual(await getDraft(vault, draft.id), draft);
  assert.deepEqual(await listDrafts(vault), [draft]);
  assert.notEqual(draft.id, draft.visitId);
});

test("a correction continues the returned visit and starts with its answers", () => {
  const payload = {
    answers: { a: 1 },
    confirmed: { a: 1 },
    alert_responses: { x: "y" },
    derived: {},
    context: {},
  };
  const basis = /** @type {any} */ ({
    id: "visit-1",
    child_id: "child-1",
    head_rev: "rev-1",
    state: "returned",
    revision: { payload },
  });
  const draft = newDraft({ child: { id: "child-1" }, form: FORM, contactType: "new_birth", basis });
  assert.equal(draft.visitId, "visit-1");
  assert.deepEqual([draft.parentRev, draft.baseRev], ["rev-1", "rev-1"]);
  assert.deepEqual([draft.answers, draft.confirmed, draft.alertResponses], [{ a: 1 }, { a: 1 }, { x: "y" }]);
  draft.answers.a = 2;
  assert.equal(payload.answers.a, 1);
});

test("a second tap on Start goes on with the visit already begun", async () => {
  const vault = await newVault();
  const opening = { child: { id: "child-1" }, form: FORM, contactType: "new_birth" };
  const [one, two] = await Promise.all([startDraft(vault, opening), startDraft(vault, opening)]);
  assert.equal(one.id, two.id);
  one.answers.weight_kg = "3.450";
  await saveDraft(vault, one);
  const later = await startDraft(vault, opening);
  assert.deepEqual([later.id, later.answers], [one.id, { weight_kg: "3.450" }]);
  const others = [
    await startDraft(vault, { ...opening, child: { id: "child-2" } }),
    await startDraft(vault, { ...opening, contactType: "six_eight_week" }),
    await startDraft(vault, {
      ...opening,
      basis: { id: "visit-1", child_id: "child-1", head_rev: "rev-1", state: "returned" },
    }),
  ];
  assert.equal(new Set([one, ...others].map(({ id }) => id)).size, 4);
  assert.equal((await listDrafts(vault)).length, 4);
});

test("saves that overtake each other leave the newest answers", async (t) => {
  const vault = await newVault();
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat({ max: 12 }), { minLength: 2, maxLength: 8 }), async (delays) => {
      const draft = draftFor();
      const encrypt = crypto.subtle.encrypt.bind(crypto.subtle);
      let call = 0;
      const mock = t.mock.method(crypto.subtle, "encrypt", async (/** @type {[any, any, any]} */ ...args) => {
        const delay = delays[call++ % delays.length];
        await new Promise((resolve) => setTimeout(resolve, delay));
        return encrypt(...args);
      });
      const saves = delays.map((_delay, index) => {
        draft.answers.count = index;
        return saveDraft(vault, draft);
      });
      await Promise.all(saves);
      mock.mock.restore();
      const last = await getDraft(vault, draft.id);
      assert.equal(last?.answers.count, delays.length - 1);
    }),
    { numRuns: 15 },
  );
});

test("a save keeps the moment it was called, not the moment it is sealed", async () => {
  const vault = await newVault();
  const draft = draftFor();
  draft.answers.weight_kg = "3.450";
  const saving = saveDraft(vault, draft);
  draft.answers.weight_kg = "typing…";
  await saving;
  assert.equal((await (await otherWindow()).drafts.getDraft(vault, draft.id))?.answers.weight_kg, "3.450");
});

test("reading waits for a save under way, so its answer is not lost", async () => {
  const vault = await newVault();
  const draft = draftFor();
  await saveDraft(vault, draft);
  draft.answers.weight_kg = "3.450";
  const saving = saveDraft(vault, draft);
  assert.equal((await getDraft(vault, draft.id))?.answers.weight_kg, "3.450");
  draft.answers.weight_kg = "3.500";
  const second = saveDraft(vault, draft);
  assert.equal((await listDrafts(vault))[0].answers.weight_kg, "3.500");
  await Promise.all([saving, second]);
});

test("after the browser was killed the draft goes on from its last save", async () => {
  const vault = await newVault();
  const draft = draftFor();
  draft.answers.weight_kg = "3.450";
  await saveDraft(vault, draft);
  const { drafts: restarted } = await otherWindow();
  const found = await restarted.getDraft(vault, draft.id);
  assert.ok(found);
  found.answers.length_cm = "52.0";
  await restarted.saveDraft(vault, found);
  assert.deepEqual((await restarted.getDraft(vault, draft.id))?.answers, {
    weight_kg: "3.450",
    length_cm: "52.0",
  });
});

test("the same draft in two windows: the second to save is told, and nothing is overwritten", async () => {
  const vault = await newVault();
  const here = draftFor();
  await saveDraft(vault, here);
  const { drafts: there } = await otherWindow();
  const copy = await there.getDraft(vault, here.id);
  assert.ok(copy);
  here.answers.weight_kg = "3.450";
  await saveDraft(vault, here);
  copy.answers.weight_kg = "9.999";
  await assert.rejects(there.saveDraft(vault, copy), (error) => {
    assert.ok(error instanceof ChangedElsewhere);
    assert.match(error.message, /open in another window/);
    return true;
  });
  assert.equal((await getDraft(vault, here.id))?.answers.weight_kg, "3.450");
  // Read afresh, the other window may go on.
  const fresh = await there.getDraft(vault, here.id);
  assert.ok(fresh);
  fresh.answers.weight_kg = "3.455";
  await there.saveDraft(vault, fresh);
  assert.equal((await there.getDraft(vault, here.id))?.answers.weight_kg, "3.455");
});

test("a save still under way does not bring a completed or discarded draft back", async () => {
  const vault = await newVault();
  for (const end of ["complete", "discard"]) {
    const draft = draftFor();
    await saveDraft(vault, draft);
    const ending =
      end === "complete" ? sealDraft(vault, draft, revisionOf(draft)) : discardDraft(vault, draft.id);
    const late = Array.from({ length: 5 }, () => saveDraft(vault, draft).catch((error) => error));
    await ending;
    const after = saveDraft(vault, draft);
    await Promise.all(late);
    await after;
    assert.deepEqual(await listDrafts(vault), [], end);
  }
});

test("a window that still shows a draft completed elsewhere is told", async () => {
  const vault = await newVault();
  const draft = draftFor();
  await saveDraft(vault, draft);
  const { drafts: there } = await otherWindow();
  const copy = await there.getDraft(vault, draft.id);
  assert.ok(copy);
  await sealDraft(vault, draft, revisionOf(draft));
  await assert.rejects(there.saveDraft(vault, copy), AlreadyComplete);
  assert.deepEqual(await listDrafts(vault), []);
  assert.equal((await listItems(vault)).length, 1);
});

test("half a character and a missing value do not stop an answer being saved", async () => {
  const vault = await newVault();
  const draft = draftFor();
  draft.answers = { note: "cut \ud83d", gone: /** @type {any} */ (undefined) };
  await saveDraft(vault, draft);
  assert.deepEqual((await getDraft(vault, draft.id))?.answers, { note: "cut \uFFFD" });
});

test("one draft that cannot be read does not hide the others", async () => {
  const vault = await newVault();
  const [bad, good] = [draftFor("child-1"), draftFor("child-2")];
  await saveDraft(vault, bad);
  await saveDraft(vault, good);
  const row = await vault.db.drafts.get(bad.id);
  assert.ok(row);
  await put(vault.db, "drafts", { ...row, box: { ...row.box, iv: new Uint8Array(12) } });
  assert.deepEqual(
    (await listDrafts(vault)).map(({ id }) => id),
    [good.id],
  );
  assert.ok(await vault.db.drafts.get(bad.id), "it is kept");
});

test("changes are announced to those who look at this vault, until they stop", async () => {
  const vault = await newVault();
  const other = await newVault({ id: "a-tom" });
  /** @type {string[]} */
  const heard = [];
  const stop = listen(vault.id, (topic) => heard.push(topic));
  listen(other.id, () => assert.fail("told the wrong one"));
  await completeVisit(vault);
  assert.deepEqual(heard, ["drafts", "drafts", "outbox"]);
  stop();
  await completeVisit(vault);
  assert.equal(heard.length, 3);
});
