import assert from "node:assert/strict";
import { test } from "node:test";
import { applyPage, loadCaseload, position } from "../../../static/src/store/caseload.js";
import { listDrafts, saveDraft } from "../../../static/src/store/drafts.js";
import { enforceLease, renewLease } from "../../../static/src/store/lease.js";
import { remember } from "../../../static/src/store/notes.js";
import { listItems } from "../../../static/src/store/outbox.js";
import { setPin, unlock } from "../../../static/src/store/vault.js";
import { update } from "../helpers/disk.js";
import { completeVisit, draftFor, newDatabase, newVault, PASSPHRASE } from "../helpers/tablet.js";

const DAY = 24 * 60 * 60_000;
const START = Date.parse("2026-05-03T10:00:00Z");

async function withCaseload() {
  const vault = await newVault();
  await renewLease(vault.db, vault.id, { serverTime: new Date(START).toISOString(), days: 7 });
  await applyPage(vault, [{ seq: 1, type: "child", id: "c1", body: { id: "c1" } }], "e1.1", { last: true });
  return vault;
}

/** @param {import("../../../static/src/store/vault.js").Vault} vault */
async function hasCaseload({ db, id }) {
  const row = await db.vaults.get(id);
  const kept = [row?.caseloadKey !== null, (await db.chunks.count()) > 0, (await db.heads.count()) > 0];
  assert.equal(new Set(kept).size, 1, "key and copy go together");
  return kept[0];
}

test("after seven days without a download key and caseload are gone; drafts and visits stay", async () => {
  const vault = await withCaseload();
  const draft = draftFor();
  await saveDraft(vault, draft);
  await completeVisit(vault);
  assert.deepEqual(await enforceLease(vault.db, START + 7 * DAY - 1), []);
  assert.equal(await hasCaseload(vault), true);
  assert.deepEqual(await enforceLease(vault.db, START + 7 * DAY + 1), [vault.id]);
  assert.equal(await hasCaseload(vault), false);
  assert.deepEqual(await enforceLease(vault.db, START + 8 * DAY), [], "once");
  const again = await unlock("a-priya", PASSPHRASE, { db: vault.db, now: START + 8 * DAY });
  assert.equal(again.caseloadLost, true);
  assert.equal((await loadCaseload(again)).complete, false);
  assert.deepEqual([(await listDrafts(again)).length, (await listItems(again)).length], [1, 1]);
});

test("it ends at unlocking too, also by PIN: nobody reads a caseload past its lease", async () => {
  const vault = await withCaseload();
  await setPin(vault, "830517", PASSPHRASE);
  const secret = await vault.seal("caseload", "c", {});
  const resumed = await vault.lock()?.resume("830517", { now: START + 9 * DAY });
  assert.ok(resumed);
  assert.equal(resumed.caseloadLost, true);
  assert.equal((await loadCaseload(resumed)).children.size, 0);
  await assert.rejects(resumed.open("caseload", "c", secret), /cannot be read/);
});

test("a clock that is set back does not lengthen it; one that is wrong by a known amount is put right", async () => {
  const vault = await withCaseload();
  await enforceLease(vault.db, START + 6 * DAY);
  await enforceLease(vault.db, START - 300 * DAY);
  assert.equal(await hasCaseload(vault), true);
  await enforceLease(vault.db, START + 7 * DAY + 1);
  assert.equal(await hasCaseload(vault), false);

  const ahead = await withCaseload();
  await remember(ahead, { clockOffset: -30 * DAY });
  assert.deepEqual(await enforceLease(ahead.db, START + 31 * DAY), []);
  assert.deepEqual(await enforceLease(ahead.db, START + 38 * DAY), [ahead.id]);
});

test("a download renews it from the server's time, and ends what a wrong clock had begun", async () => {
  const vault = await withCaseload();
  await enforceLease(vault.db, START + 400 * DAY);
  assert.equal(await hasCaseload(vault), false);
  await vault.refreshCaseloadKey();
  await applyPage(vault, [{ seq: 1, type: "child", id: "c1", body: { id: "c1" } }], "e1.1", { last: true });
  await renewLease(vault.db, vault.id, { serverTime: new Date(START + DAY).toISOString(), days: 3 });
  assert.deepEqual(await enforceLease(vault.db, START + 3 * DAY), []);
  assert.equal(
    (await unlock("a-priya", PASSPHRASE, { db: vault.db, now: START + 3 * DAY })).caseloadLost,
    false,
  );
  assert.deepEqual(await enforceLease(vault.db, START + 5 * DAY), [vault.id]);
});

test("a caseload without a lease, as version 1 left it, gets one", async () => {
  const vault = await newVault();
  await applyPage(vault, [{ seq: 1, type: "child", id: "c1", body: { id: "c1" } }], "e1.1");
  assert.deepEqual(await enforceLease(vault.db, START), []);
  assert.deepEqual(await enforceLease(vault.db, START + 6 * DAY), []);
  assert.deepEqual(await enforceLease(vault.db, START + 7 * DAY + 1), [vault.id]);
});

test("what another window fetched under a new key is read with it, and old chunks are fetched anew", async () => {
  const db = newDatabase();
  const one = await newVault({ db });
  const two = await unlock("a-priya", PASSPHRASE, { db });
  await applyPage(one, [{ seq: 1, type: "child", id: "c1", body: { id: "c1" } }], "e1.1", { last: true });
  await renewLease(db, one.id, { serverTime: new Date(START).toISOString(), days: 7 });
  await enforceLease(db, START + 8 * DAY);
  await one.refreshCaseloadKey();
  await applyPage(one, [{ seq: 1, type: "child", id: "c2", body: { id: "c2" } }], "e1.2", { last: true });
  await two.refreshCaseloadKey();
  assert.deepEqual([...(await loadCaseload(two)).children.keys()], ["c2"]);

  // A window that was in the middle of a page when the lease ended wrote it under the old key.
  const late = await unlock("a-priya", PASSPHRASE, { db });
  await update(db, "vaults", one.id, { caseloadKey: null });
  await one.refreshCaseloadKey();
  assert.deepEqual((await loadCaseload(one)).children.size, 0);
  assert.equal((await position(one)).cursor, "", "it is fetched from the beginning");
  await applyPage(late, [{ seq: 1, type: "child", id: "c3", body: { id: "c3" } }], "e1.3");
  assert.equal(await applyPage(one, [{ seq: 1, type: "child", id: "c3", body: null }], "e1.4"), false);
  assert.equal((await position(one)).cursor, "");
});
