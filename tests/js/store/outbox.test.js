import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { sha256Hex } from "../../../static/src/lib/canonical.js";
import { acknowledge, markRefused, nextBatch, noteFault } from "../../../static/src/store/delivery.js";
import { getDraft, listDrafts, saveDraft } from "../../../static/src/store/drafts.js";
import { AlreadyComplete, ChangedElsewhere, StorageFull } from "../../../static/src/store/errors.js";
import { remember } from "../../../static/src/store/notes.js";
import { listItems, offerAgain, refused, sealDraft, waiting } from "../../../static/src/store/outbox.js";
import { unlock } from "../../../static/src/store/vault.js";
import { beforeEachWrite, full, put } from "../helpers/disk.js";
import {
  completeVisit,
  draftFor,
  newDatabase,
  newVault,
  otherWindow,
  PASSPHRASE,
  revisionOf,
} from "../helpers/tablet.js";

const RECEIPT = { seq: 7, received_at: "2026-05-03T10:00:00Z", mac: "abc" };
const EVERYTHING = { items: 100, bytes: 1024 * 1024, not: new Set() };

test("completing makes one immutable revision, hashed over all the rest", async () => {
  const vault = await newVault();
  await remember(vault, { clockOffset: -4200 });
  const draft = draftFor();
  draft.answers = { weight_kg: "3.450" };
  await saveDraft(vault, draft);
  const { rev, state, receipt, problem } = await sealDraft(vault, draft, revisionOf(draft));
  assert.ok(rev);
  const { sha256, ...rest } = rev;
  assert.equal(sha256, await sha256Hex(rest));
  assert.deepEqual([rev.rev_id, rev.visit_id], [draft.id, draft.visitId]);
  assert.deepEqual([rev.parent_rev, rev.base_rev], [null, null]);
  assert.deepEqual([rev.device_id, rev.device_seq], [vault.deviceId, 1]);
  assert.equal(rev.clock_offset_ms, -4200);
  assert.equal(rev.payload.answers.weight_kg, "3.450");
  assert.match(rev.sealed_at, /T.*[+-]\d\d:\d\d$/);
  assert.deepEqual([state, receipt, problem], ["sealed", null, null]);
  assert.deepEqual(await listDrafts(vault), []);
  assert.deepEqual((await listItems(vault))[0].rev, rev);
  assert.equal(await waiting(vault), 1);
});

test("a double tap makes one visit, also when the second tap comes later", async () => {
  const vault = await newVault();
  const draft = draftFor();
  await saveDraft(vault, draft);
  const [one, two] = await Promise.all([
    sealDraft(vault, draft, revisionOf(draft)),
    sealDraft(vault, draft, revisionOf(draft)),
  ]);
  const three = await sealDraft(vault, draft, revisionOf(draft));
  assert.deepEqual([one.rev, one.rev], [two.rev, three.rev]);
  assert.equal((await listItems(vault)).length, 1);
});

test("numbers have no gap and no double, whatever is completed at once and whatever fails", async () => {
  const vault = await newVault();
  const drafts = Array.from({ length: 12 }, (_, index) => draftFor(`child-${index}`));
  await Promise.all(drafts.map((draft) => saveDraft(vault, draft)));
  const results = await Promise.allSettled(
    drafts.map((draft, index) => {
      const revision = revisionOf(draft);
      // A fraction is a mistake of ours that must cost neither the draft nor a number.
      if (index % 4 === 0) revision.payload.answers = { weight_kg: 3.45 };
      return sealDraft(vault, draft, revision);
    }),
  );
  assert.equal(results.filter(({ status }) => status === "rejected").length, 3);
  assert.deepEqual(
    (await listItems(vault)).map(({ rev }) => rev?.device_seq),
    [1, 2, 3, 4, 5, 6, 7, 8, 9],
  );
  assert.equal((await listDrafts(vault)).length, 3);
});

test("a completion that fails leaves the draft as it was, and can be tried again", async () => {
  const vault = await newVault();
  const draft = draftFor();
  await saveDraft(vault, draft);
  const stop = beforeEachWrite((_act, store) => {
    if (store === "counters") full();
  });
  await assert.rejects(sealDraft(vault, draft, revisionOf(draft)), StorageFull);
  assert.equal(await waiting(vault), 0);
  assert.equal((await getDraft(vault, draft.id))?.id, draft.id);
  draft.answers.weight_kg = "3.450";
  await saveDraft(vault, draft);
  stop();
  const item = await sealDraft(vault, draft, revisionOf(draft));
  assert.equal(item.rev?.device_seq, 1);
  assert.deepEqual(await listDrafts(vault), []);
});

test("two windows cannot complete one draft twice, nor one complete what the other has changed", async () => {
  const vault = await newVault();
  const { drafts, outbox } = await otherWindow();
  const draft = draftFor();
  await saveDraft(vault, draft);
  const copy = await drafts.getDraft(vault, draft.id);
  assert.ok(copy);
  await sealDraft(vault, draft, revisionOf(draft));
  await assert.rejects(outbox.sealDraft(vault, copy, revisionOf(copy)), AlreadyComplete);
  assert.equal((await listItems(vault)).length, 1);

  const shared = draftFor("child-2");
  await saveDraft(vault, shared);
  const changed = await drafts.getDraft(vault, shared.id);
  assert.ok(changed);
  await drafts.saveDraft(vault, changed);
  await assert.rejects(sealDraft(vault, shared, revisionOf(shared)), ChangedElsewhere);
  assert.equal((await listDrafts(vault)).length, 1);
});

test("an acknowledgement needs a receipt; the item stays, with it", async () => {
  const vault = await newVault();
  const items = [await completeVisit(vault), await completeVisit(vault), await completeVisit(vault)];
  const [a, b, c] = items.map(({ id }) => id);
  const answer = await acknowledge(vault.db, vault.id, [
    { rev_id: a, result: "stored", receipt: RECEIPT },
    { rev_id: b, result: "stored", receipt: null },
    { rev_id: c, result: "duplicate", receipt: /** @type {any} */ ({ seq: "7" }) },
    { rev_id: "unknown", result: "stored", receipt: RECEIPT },
    /** @type {any} */ ({ rev_id: b }),
  ]);
  assert.deepEqual([...answer.settled], [a]);
  assert.equal(answer.acked, 1);
  const states = (await listItems(vault)).map(({ state, receipt }) => [state, receipt]);
  assert.deepEqual(states, [
    ["acked", RECEIPT],
    ["sealed", null],
    ["sealed", null],
  ]);
  assert.equal(await waiting(vault), 2);
  // A later, different answer changes neither state nor receipt.
  await acknowledge(vault.db, vault.id, [
    { rev_id: a, result: "duplicate", receipt: { ...RECEIPT, seq: 8 } },
  ]);
  await acknowledge(vault.db, vault.id, [{ rev_id: a, result: "rejected:hash", receipt: null }]);
  assert.deepEqual((await listItems(vault))[0].receipt, RECEIPT);
});

test("what the server refuses stays, says why in plain words, and blocks nothing", async () => {
  const vault = await newVault();
  for (const result of ["rejected:hash", "rejected:malformed", "rejected:something_new"]) {
    const { id } = await completeVisit(vault);
    await acknowledge(vault.db, vault.id, [
      { rev_id: id, result, message: "Amelia's record", receipt: null },
    ]);
  }
  const good = await completeVisit(vault);
  const items = await listItems(vault);
  assert.equal(await refused(vault), 3);
  assert.equal(await waiting(vault), 1);
  for (const { state, problem, rev } of items.slice(0, 3)) {
    assert.equal(state, "refused");
    assert.match(String(problem), /safe on this tablet\. Tell your/);
    assert.ok(rev);
  }
  assert.deepEqual(
    (await nextBatch(vault.db, vault.id, EVERYTHING)).map(({ id }) => id),
    [good.id],
  );
  await offerAgain(vault, items[0].id);
  assert.deepEqual((await listItems(vault))[0].problem, null);
  assert.equal(await waiting(vault), 2);
  await acknowledge(vault.db, vault.id, [{ rev_id: items[1].id, result: "stored", receipt: RECEIPT }]);
  assert.equal((await listItems(vault))[1].state, "acked");
});

test("batches keep to number and size, in order, with those at fault last and alone", async () => {
  const vault = await newVault();
  const items = [];
  for (let index = 0; index < 6; index += 1)
    items.push(await completeVisit(vault, { note: randomBytes(900).toString("base64") }));
  const ids = items.map(({ id }) => id);
  /** @param {{items?: number, bytes?: number, not?: Set<string>}} limits */
  const next = async (limits) =>
    (await nextBatch(vault.db, vault.id, { ...EVERYTHING, ...limits })).map(({ id }) => id);
  assert.deepEqual(await next({}), ids);
  assert.deepEqual(await next({ items: 2 }), ids.slice(0, 2));
  const all = await nextBatch(vault.db, vault.id, EVERYTHING);
  for (const { bytes, envelope } of all) {
    const travels = Buffer.byteLength(JSON.stringify(envelope));
    assert.ok(bytes >= travels && bytes < travels + 100, `${bytes} counted, ${travels} sent`);
  }
  const three = all.slice(0, 3).reduce((sum, { bytes }) => sum + bytes, 0);
  assert.deepEqual(await next({ bytes: three }), ids.slice(0, 3));
  assert.deepEqual(await next({ bytes: 10 }), ids.slice(0, 1), "one item always goes, however large");
  await noteFault(vault.db, vault.id, ids[0]);
  await noteFault(vault.db, vault.id, ids[1]);
  await noteFault(vault.db, vault.id, ids[1]);
  assert.deepEqual(await next({}), ids.slice(2));
  assert.deepEqual(await next({ not: new Set(ids.slice(2)) }), [ids[0]]);
  assert.deepEqual(await next({ not: new Set([...ids.slice(2), ids[0]]) }), [ids[1]]);
});

test("an item that cannot be read here is shown so, and still goes: the server's box is another", async () => {
  const vault = await newVault();
  const [bad, good] = [await completeVisit(vault), await completeVisit(vault)];
  const row = await vault.db.outbox.get(bad.id);
  assert.ok(row);
  await put(vault.db, "outbox", { ...row, box: { ...row.box, iv: new Uint8Array(12) } });
  const due = (await nextBatch(vault.db, vault.id, EVERYTHING)).map(({ id }) => id);
  assert.deepEqual(due, [bad.id, good.id]);
  const [item] = await listItems(vault);
  assert.deepEqual([item.rev, item.state], [null, "sealed"]);
  assert.match(String(item.problem), /cannot be read/);
});

test("a reason of ours does not undo an acknowledgement", async () => {
  const vault = await newVault();
  const { id } = await completeVisit(vault);
  await acknowledge(vault.db, vault.id, [{ rev_id: id, result: "stored", receipt: RECEIPT }]);
  await markRefused(vault.db, vault.id, id, "too_large");
  await offerAgain(vault, id);
  assert.equal((await listItems(vault))[0].state, "acked");
});

test("everything is there after the browser was killed", async () => {
  const db = newDatabase("outbox-killed");
  const vault = await newVault({ db });
  const item = await completeVisit(vault);
  db.close();
  const again = await unlock("a-priya", PASSPHRASE, { db: newDatabase("outbox-killed") });
  assert.deepEqual((await listItems(again))[0], item);
  assert.equal((await completeVisit(again)).rev?.device_seq, 2);
});
