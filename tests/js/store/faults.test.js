/**
 * A browser that takes the database away: connections that die while a save is under way, requests that are never
 * answered, a disk that is full. Each answer and each visit is on the disk afterwards, or its save has failed and
 * said so.
 */

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { IDBDatabase as FDBDatabase } from "fake-indexeddb";
import { probe, RESERVE, write } from "../../../static/src/store/db.js";
import { acknowledge } from "../../../static/src/store/delivery.js";
import { getDraft, listDrafts, refreshRescue, saveDraft } from "../../../static/src/store/drafts.js";
import { StorageFull, StorageTrouble } from "../../../static/src/store/errors.js";
import { listItems, sealDraft } from "../../../static/src/store/outbox.js";
import { keepReserve, storageState } from "../../../static/src/store/reserve.js";
import { beforeEachWrite, full } from "../helpers/disk.js";
import { completeVisit, draftFor, newVault, otherWindow, revisionOf } from "../helpers/tablet.js";

const real = FDBDatabase.prototype.transaction;

/**
 * What happens to each transaction that the browser is asked for. Before the database opens: it takes its own
 * hold of the method.
 * @type {(made: any, mode: string) => void}
 */
let fate = () => {};

FDBDatabase.prototype.transaction =
  /** @this {any} @param {any} stores @param {any} mode @param {any} options */ function (
    stores,
    mode,
    options,
  ) {
    const made = real.call(this, stores, mode, options);
    fate(made, mode ?? "readonly");
    return made;
  };

let mend = () => {};

afterEach(() => {
  mend();
  fate = () => {};
});

/**
 * What WebKit does to the nth write from now on: the transaction is aborted by nobody and the connection is gone.
 * @param {number} [nth] @param {number} [times]
 * @param {(work: () => void) => unknown} [wait] by itself until the first requests were made: in the middle
 */
function loseConnection(nth = 1, times = 1, wait = setImmediate) {
  let writes = 0;
  let lost = 0;
  fate = (made, mode) => {
    if (mode !== "readwrite") return;
    writes += 1;
    if (writes < nth || lost >= times) return;
    lost += 1;
    const { db } = made;
    wait(() => {
      try {
        made.abort();
      } catch {
        // It had ended already: then this time nothing was lost.
      }
      db.close();
    });
  };
}

test("a connection that dies in the middle of an answer's save: the save is made again and is on the disk", async () => {
  const vault = await newVault();
  const draft = draftFor();
  await saveDraft(vault, draft);
  for (let round = 0; round < 5; round += 1) {
    draft.answers.weight_kg = `3.45${round}`;
    loseConnection();
    await saveDraft(vault, draft);
    fate = () => {};
    const { drafts } = await otherWindow();
    assert.deepEqual((await drafts.getDraft(vault, draft.id))?.answers, draft.answers);
  }
});

test("a connection that dies again at once: the save fails and says so, and the next one works", async () => {
  const vault = await newVault();
  const draft = draftFor();
  draft.answers.weight_kg = "3.450";
  await saveDraft(vault, draft);
  draft.answers.weight_kg = "3.500";
  // Before anything is answered: a save is over too soon to be met later for certain.
  loseConnection(1, 2, queueMicrotask);
  await assert.rejects(saveDraft(vault, draft), (error) => {
    assert.ok(error instanceof StorageTrouble);
    assert.match(error.message, /could not save the last change\. Everything before it is safe\. Try again/);
    return true;
  });
  fate = () => {};
  assert.equal((await getDraft(vault, draft.id))?.answers.weight_kg, "3.450");
  await saveDraft(vault, draft);
  assert.equal((await getDraft(vault, draft.id))?.answers.weight_kg, "3.500");
});

test("a connection that dies while a visit is completed or acknowledged: exactly one item, with its receipt", async () => {
  for (let nth = 1; nth <= 3; nth += 1) {
    const vault = await newVault();
    const draft = draftFor();
    await saveDraft(vault, draft);
    loseConnection(nth);
    const item = await sealDraft(vault, draft, revisionOf(draft));
    const receipt = { seq: 1, received_at: "2026-05-03T10:00:00Z", mac: "m" };
    await acknowledge(vault.db, vault.id, [{ rev_id: item.id, result: "stored", receipt }]);
    fate = () => {};
    const items = await listItems(vault);
    assert.deepEqual(
      items.map(({ state, rev }) => [state, rev?.device_seq]),
      [["acked", 1]],
      `at the ${nth}. write`,
    );
    assert.deepEqual(await listDrafts(vault), []);
  }
});

test("a completion whose end was never told is not made twice, nor said to be someone else's", async () => {
  const vault = await newVault();
  const draft = draftFor();
  await saveDraft(vault, draft);
  const { db } = vault;
  const run = db.run.bind(db);
  let told = 0;
  // The transaction commits, and then its connection is lost before anybody hears of it.
  db.run = async (mode, names, work) => {
    const result = await run(mode, names, work);
    if (mode === "readwrite" && told++ === 0)
      throw new DOMException("Connection to Indexed Database server lost", "UnknownError");
    return result;
  };
  const item = await sealDraft(vault, draft, revisionOf(draft));
  assert.equal(item.rev?.device_seq, 1);
  assert.equal((await listItems(vault)).length, 1);
  assert.equal((await completeVisit(vault)).rev?.device_seq, 2);
});

test("a database that no longer answers is given up after a while and asked again on a new connection", async (t) => {
  const vault = await newVault();
  await vault.db.open();
  const { db } = vault;
  const run = db.run.bind(db);
  let asked = 0;
  db.run = (mode, names, work) => {
    asked += 1;
    return asked === 1 ? new Promise(() => {}) : run(mode, names, work);
  };
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const draft = draftFor();
  const saving = saveDraft(vault, draft);
  while (asked === 0) await new Promise(setImmediate);
  t.mock.timers.tick(10_001);
  await saving;
  assert.equal(asked >= 2, true);
  t.mock.timers.reset();
  assert.equal((await getDraft(vault, draft.id))?.id, draft.id);
});

test("waking up with a connection that does not answer opens another", async (t) => {
  const vault = await newVault();
  await vault.db.open();
  const run = vault.db.run.bind(vault.db);
  let hangs = true;
  vault.db.run = (...request) => (hangs ? new Promise(() => {}) : run(...request));
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const probing = probe(vault.db);
  await new Promise(setImmediate);
  t.mock.timers.tick(3_001);
  t.mock.timers.reset();
  await probing;
  hangs = false;
  await completeVisit(vault);
});

/** The disk is full from now on until the reserve is gone; the reserve itself never finds room. */
function fullDisk() {
  let reserved = true;
  mend = beforeEachWrite((act, store) => {
    if (store === "padding" && act === "delete") reserved = false;
    else if (act === "put" && (reserved || store === "padding")) full();
  });
}

test("on a full disk the reserve is given up for an answer, a completion and an acknowledgement", async () => {
  for (const what of ["answer", "completion", "acknowledgement"]) {
    const vault = await newVault();
    assert.equal(await keepReserve(vault.db), true);
    const draft = draftFor();
    await saveDraft(vault, draft);
    const other = await completeVisit(vault);
    fullDisk();
    draft.answers.weight_kg = "3.450";
    if (what === "answer") await saveDraft(vault, draft);
    if (what === "completion") await sealDraft(vault, draft, revisionOf(draft));
    const receipt = { seq: 1, received_at: "2026-05-03T10:00:00Z", mac: "m" };
    const results = [{ rev_id: other.id, result: "stored", receipt }];
    if (what === "acknowledgement") await acknowledge(vault.db, vault.id, results);
    assert.equal(await vault.db.padding.count(), 0, what);
    assert.equal((await listItems(vault)).length, what === "completion" ? 2 : 1);
    const { reserve, nearFull } = await storageState(vault.db);
    assert.deepEqual([reserve, nearFull], [false, true], "and it is said");
    mend();
  }
});

test("a copy of an unfinished visit does not take the space kept for its answers", async () => {
  const vault = await newVault();
  await keepReserve(vault.db);
  const draft = draftFor();
  await saveDraft(vault, draft);
  fullDisk();
  await assert.rejects(refreshRescue(vault, draft.id), StorageFull);
  assert.equal(await vault.db.padding.count(), 1);
});

test("with the reserve gone too, it is said that the last change is not saved", async () => {
  const vault = await newVault();
  fullDisk();
  await assert.rejects(saveDraft(vault, draftFor()), StorageFull);
});

test("a caseload that finds no room does not take the space kept for visits", async () => {
  const vault = await newVault();
  await keepReserve(vault.db);
  fullDisk();
  const { db } = vault;
  const chunk = { vault: vault.id, gen: 1, kind: "child", bucket: 1, box: /** @type {any} */ ({}) };
  await assert.rejects(
    write(db, ["chunks"], (tx) => tx.chunks.put(chunk)),
    StorageFull,
  );
  assert.equal(await db.padding.count(), 1);
});

test("the reserve is two megabytes that cannot be packed, put in place once, and not where there is no room", async () => {
  const had = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  const vault = await newVault();
  /** @param {number} usage @param {number} quota */
  const disk = (usage, quota) =>
    Object.defineProperty(globalThis, "navigator", {
      value: { storage: { estimate: async () => ({ usage, quota }) } },
      configurable: true,
    });
  try {
    disk(999_000_000, 1_000_000_000);
    assert.equal(await keepReserve(vault.db), false);
    disk(100_000_000, 1_000_000_000);
    assert.deepEqual(await storageState(vault.db), {
      used: 100_000_000,
      quota: 1_000_000_000,
      reserve: true,
      nearFull: false,
    });
    const row = await vault.db.padding.get(RESERVE);
    const bytes = new Uint8Array(row?.bytes ?? new ArrayBuffer(0));
    assert.equal(bytes.length, 2 * 1024 * 1024);
    assert.ok(new Set(bytes.subarray(-1000)).size > 200);
    disk(960_000_000, 1_000_000_000);
    assert.equal((await storageState(vault.db)).nearFull, true, "told while there is room");
    assert.equal((await vault.db.padding.get(RESERVE))?.bytes.byteLength, bytes.length);
  } finally {
    if (had) Object.defineProperty(globalThis, "navigator", had);
    else delete (/** @type {any} */ (globalThis).navigator);
  }
});
