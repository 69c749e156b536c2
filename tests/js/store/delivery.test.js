import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { rangesToConfirm, settleConfirmation } from "../../../static/src/store/confirming.js";
import {
  acknowledge,
  exportOutbox,
  nextBatch,
  offerAnew,
  prune,
} from "../../../static/src/store/delivery.js";
import { saveDraft } from "../../../static/src/store/drafts.js";
import { listItems, waiting } from "../../../static/src/store/outbox.js";
import { onlyHere, refreshRescue } from "../../../static/src/store/rescue.js";
import { resealWaiting } from "../../../static/src/store/resealing.js";
import { put, update } from "../helpers/disk.js";
import { openServerBox, SERVER_KEY } from "../helpers/sealing.js";
import { completeVisit, draftFor, introduced, newVault, sender } from "../helpers/tablet.js";

const RECEIPT = { seq: 7, received_at: "2026-05-03T10:00:00Z", mac: "abc" };
const EVERYTHING = { items: 1000, bytes: 10_000_000, not: new Set() };
const DAY = 24 * 60 * 60_000;
const NOW = Date.parse("2026-05-03T10:00:00Z");

/** @param {number} count @param {number} [acked] how many of the first are acknowledged */
async function vaultWith(count, acked = count) {
  const vault = await newVault();
  const items = [];
  for (let at = 0; at < count; at += 1) items.push(await completeVisit(vault));
  await ack(vault, items.slice(0, acked));
  return { vault, db: vault.db, items };
}

/** @param {import("../../../static/src/store/vault.js").Vault} vault @param {{id: string}[]} items */
function ack({ db, id }, items) {
  const results = items.map((item) => ({ rev_id: item.id, result: "stored", receipt: RECEIPT }));
  return acknowledge(db, id, results, NOW);
}

/** @param {any} range */
const yes = ({ from, to }) => ({ from, to, held: true });

test("a completed visit is sealed to the server as well, under its id and this tablet's", async () => {
  const vault = await newVault();
  const { rev, id } = await completeVisit(vault, { note: "Amélie 👶" });
  const [{ envelope }] = await nextBatch(vault.db, vault.id, EVERYTHING);
  assert.deepEqual([envelope.rev_id, envelope.device_seq, envelope.kid], [id, 1, SERVER_KEY.kid]);
  const what = { kind: "revision", id, deviceId: vault.deviceId };
  assert.deepEqual(await openServerBox(SERVER_KEY, envelope.box, what), rev);
  assert.equal(rev?.author_id, vault.account.id);
  await assert.rejects(openServerBox(SERVER_KEY, envelope.box, { ...what, id: "another" }));
  await assert.rejects(openServerBox(SERVER_KEY, envelope.box, { ...what, kind: "draft" }));
});

test("without a key of the server's a visit is completed all the same, and sealed when there is one", async () => {
  const vault = await newVault({ fresh: true });
  await completeVisit(vault);
  assert.deepEqual([await waiting(vault), (await nextBatch(vault.db, vault.id, EVERYTHING)).length], [1, 0]);
  assert.deepEqual(await resealWaiting(vault), { sealed: 0 });
  await introduced(vault);
  assert.deepEqual(await resealWaiting(vault), { sealed: 1 });
  assert.equal((await nextBatch(vault.db, vault.id, EVERYTHING)).length, 1);
  assert.deepEqual(await resealWaiting(vault), { sealed: 0 }, "once");
});

test("what the server's keys do not open is sealed again, and never acknowledged by that", async () => {
  const { vault, db, items } = await vaultWith(2, 0);
  const answer = await acknowledge(db, vault.id, [
    { rev_id: items[0].id, result: "rejected:key", receipt: null },
  ]);
  assert.deepEqual([answer.acked, answer.refused, answer.settled.has(items[0].id)], [0, 0, true]);
  const before = await db.outbox.get(items[0].id);
  assert.equal(await waiting(vault), 2);
  assert.ok(before?.sealed, "its box stays: the server's key may come back");
  assert.deepEqual(await onlyHere(db, vault.id), { items: 1, drafts: 0 });
  assert.deepEqual(await resealWaiting(vault), { sealed: 1 });
  const row = await db.outbox.get(items[0].id);
  assert.deepEqual([row?.state, row?.result], ["sealed", null]);
  assert.notDeepEqual(row?.sealed?.box, before.sealed.box);
  assert.deepEqual(await onlyHere(db, vault.id), { items: 0, drafts: 0 });
});

test("one that cannot be read any more and was never sealed to the server is set aside, and the rest goes", async () => {
  const vault = await newVault({ fresh: true });
  const [bad, good] = [await completeVisit(vault), await completeVisit(vault)];
  const row = await vault.db.outbox.get(bad.id);
  assert.ok(row);
  await put(vault.db, "outbox", { ...row, box: { ...row.box, iv: new Uint8Array(12) } });
  await introduced(vault);
  await resealWaiting(vault);
  const due = (await nextBatch(vault.db, vault.id, EVERYTHING)).map(({ id }) => id);
  assert.deepEqual(due, [good.id]);
  assert.match(String((await listItems(vault))[0].problem), /cannot be read.*has been kept/);
});

test("the digest of a run is over number, id and hash of each, in order", async () => {
  const { db, vault, items } = await vaultWith(3);
  const [range] = await rangesToConfirm(db, vault.id, { all: false });
  const lines = items.map(({ rev }) => `${rev?.device_seq} ${rev?.rev_id} ${rev?.sha256}\n`).join("");
  assert.deepEqual([range.from, range.to], [1, 3]);
  assert.equal(range.digest, createHash("sha256").update(lines).digest("hex"));
});

test("runs break where a number is not acknowledged, and after a hundred", async () => {
  const { db, vault, items } = await vaultWith(6, 0);
  await ack(vault, [items[0], items[1], items[3], items[5]]);
  const spans = (await rangesToConfirm(db, vault.id, { all: false })).map(({ from, to }) => [from, to]);
  assert.deepEqual(spans, [
    [1, 2],
    [4, 4],
    [6, 6],
  ]);
  const [row] = await db.outbox.all();
  const more = Array.from({ length: 150 }, (_, at) => ({ ...row, id: `r${at}`, seq: 7 + at }));
  await put(db, "outbox", ...more.map((one) => ({ ...one, state: /** @type {const} */ ("acked") })));
  const long = (await rangesToConfirm(db, vault.id, { all: false })).map(({ from, to }) => [from, to]);
  assert.deepEqual(long.slice(2), [
    [6, 105],
    [106, 156],
  ]);
});

test("what is held is confirmed and not asked about again, unless all is asked", async () => {
  const { db, vault } = await vaultWith(2);
  const ranges = await rangesToConfirm(db, vault.id, { all: false });
  const settled = await settleConfirmation(db, vault.id, ranges, ranges.map(yes), NOW);
  assert.deepEqual(settled, { confirmed: 2, missing: 0 });
  const items = await listItems(vault);
  assert.ok(items.every(({ state, receipt }) => state === "confirmed" && receipt?.seq === RECEIPT.seq));
  assert.deepEqual(await rangesToConfirm(db, vault.id, { all: false }), []);
  assert.equal((await rangesToConfirm(db, vault.id, { all: true })).length, 1);
});

test("what is not held is offered anew with its box, and its receipt is no proof any more", async () => {
  const { db, vault, items } = await vaultWith(2);
  const [range] = await rangesToConfirm(db, vault.id, { all: true });
  const settled = await settleConfirmation(db, vault.id, [range], [{ ...range, held: false }], NOW);
  assert.deepEqual(settled, { confirmed: 0, missing: 2 });
  assert.ok((await listItems(vault)).every(({ state, receipt }) => state === "sealed" && receipt === null));
  assert.equal((await nextBatch(db, vault.id, EVERYTHING)).length, 2);
  await ack(vault, items);
  assert.equal(await waiting(vault), 0);
});

test("no answer about a run, or about another one, confirms and changes nothing", async () => {
  const { db, vault } = await vaultWith(2);
  const ranges = await rangesToConfirm(db, vault.id, { all: false });
  for (const answers of [
    [],
    [{ from: 1, to: 1, held: true }],
    [{ from: 1, to: 2, held: /** @type {any} */ (1) }],
  ]) {
    const settled = await settleConfirmation(db, vault.id, ranges, answers, NOW);
    assert.deepEqual(settled, { confirmed: 0, missing: 0 });
  }
  assert.ok((await listItems(vault)).every(({ state }) => state === "acked"));
});

test("an item that changed while the question was on its way is not confirmed by the old answer", async () => {
  const { db, vault, items } = await vaultWith(2);
  const ranges = await rangesToConfirm(db, vault.id, { all: false });
  await offerAnew(db, vault.id);
  await settleConfirmation(db, vault.id, ranges, ranges.map(yes), NOW);
  assert.ok((await listItems(vault)).every(({ state }) => state === "sealed"));
  await ack(vault, items.slice(0, 1));
  assert.equal((await rangesToConfirm(db, vault.id, { all: false })).length, 1);
});

test("only what was confirmed thirty days ago is thrown away", async () => {
  const { db, vault, items } = await vaultWith(4, 3);
  const ranges = await rangesToConfirm(db, vault.id, { all: false });
  await settleConfirmation(db, vault.id, ranges, ranges.map(yes), NOW);
  const late = await db.outbox.get(items[1].id);
  assert.ok(late);
  await put(db, "outbox", { ...late, confirmedAt: NOW + DAY });
  await update(db, "outbox", items[2].id, { state: "acked", ackedAt: NOW - 300 * DAY });
  assert.equal(await prune(db, vault.id, NOW + 30 * DAY - 1), 0);
  assert.equal(await prune(db, vault.id, NOW + 30 * DAY), 1);
  assert.deepEqual(
    (await listItems(vault)).map(({ id }) => id),
    items.slice(1).map(({ id }) => id),
  );
  assert.equal(await prune(db, vault.id, NOW + 3000 * DAY), 1, "never what is not confirmed");
  assert.equal((await completeVisit(vault)).rev?.device_seq, 5, "numbers go on");
});

test("a copy to carry by hand holds every box the server could open, and nothing that it could not", async () => {
  const { vault, db, items } = await vaultWith(2, 1);
  const draft = draftFor();
  draft.answers.note = "CANARY";
  await saveDraft(vault, draft);
  await refreshRescue(vault, draft.id);
  const text = await (await exportOutbox(db, vault.id)).text();
  const copy = JSON.parse(text);
  assert.equal(copy.format, "hvapp-outbox-1");
  assert.equal(copy.authorization, sender(vault).token);
  for (const [at, item] of items.entries()) {
    const what = { kind: "revision", id: item.id, deviceId: vault.deviceId };
    assert.deepEqual(await openServerBox(SERVER_KEY, copy.items[at].box, what), item.rev);
  }
  const what = { kind: "draft", id: draft.id, deviceId: vault.deviceId };
  assert.equal((await openServerBox(SERVER_KEY, copy.drafts[0].box, what)).answers.note, "CANARY");
  assert.ok(!text.includes("CANARY"));
});
