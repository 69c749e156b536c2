import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256Hex } from "../../../static/src/lib/canonical.js";
import { uuid7 } from "../../../static/src/lib/uuid7.js";
import { listDrafts } from "../../../static/src/store/drafts.js";
import { listItems, waiting } from "../../../static/src/store/outbox.js";
import { sealWithdrawal, TAKEN_BACK } from "../../../static/src/store/withdrawals.js";
import { completeVisit, newVault } from "../helpers/tablet.js";

const WHY = { reason: "wrong_child", words: "It was her cousin" };

async function withVisit() {
  const vault = await newVault();
  const { rev } = await completeVisit(vault);
  assert.ok(rev);
  return { vault, visit: rev };
}

test("a withdrawal is one more revision, made from the visit, with a reason and without answers", async () => {
  const { vault, visit } = await withVisit();
  const { rev, state } = await sealWithdrawal(vault, visit, WHY);
  assert.ok(rev);
  const { sha256, ...rest } = rev;
  assert.equal(sha256, await sha256Hex(rest));
  assert.deepEqual(
    [rev.visit_id, rev.parent_rev, rev.child_id],
    [visit.visit_id, visit.rev_id, visit.child_id],
  );
  assert.deepEqual([rev.device_seq, rev.occurred_at], [visit.device_seq + 1, visit.occurred_at]);
  assert.deepEqual([rev.withdrawal, rev.payload.answers, state], [WHY, {}, "sealed"]);
  const items = await listItems(vault);
  assert.deepEqual(
    items.map((item) => item.rev),
    [visit, rev],
  );
  assert.deepEqual([await waiting(vault), await listDrafts(vault)], [2, []]);
});

test("a second tap makes no second withdrawal", async () => {
  const { vault, visit } = await withVisit();
  const id = uuid7();
  const [one, two] = await Promise.all([
    sealWithdrawal(vault, visit, WHY, id),
    sealWithdrawal(vault, visit, WHY, id),
  ]);
  const three = await sealWithdrawal(vault, visit, WHY, id);
  assert.deepEqual([one.rev, one.rev], [two.rev, three.rev]);
  assert.equal(await waiting(vault), 2);
});

test("undoing is a revision made from the withdrawal, and takes nothing away", async () => {
  const { vault, visit } = await withVisit();
  const { rev: why } = await sealWithdrawal(vault, visit, WHY);
  assert.ok(why);
  const { rev } = await sealWithdrawal(vault, why, { reason: TAKEN_BACK, words: "" });
  assert.deepEqual([rev?.parent_rev, rev?.withdrawal?.reason], [why.rev_id, "taken_back"]);
  assert.equal((await listItems(vault)).length, 3);
});

test("what the tablet knows only from the server can be withdrawn too", async () => {
  const vault = await newVault();
  const told = {
    rev_id: uuid7(),
    visit_id: uuid7(),
    child_id: "c-1",
    contact_type: "new_birth",
    form_id: "new_birth_visit",
    form_version: 1,
    occurred_at: "2026-05-03T10:00:00+01:00",
  };
  const { rev } = await sealWithdrawal(vault, told, WHY);
  assert.equal(rev?.parent_rev, told.rev_id);
  assert.ok(rev?.definition_hash);
});
