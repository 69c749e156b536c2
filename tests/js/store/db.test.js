import assert from "node:assert/strict";
import { test } from "node:test";
import { IDBDatabase as FDBDatabase, IDBObjectStore as FDBObjectStore } from "fake-indexeddb";
import { applyPage } from "../../../static/src/store/caseload.js";
import { endWithPage, probe, write } from "../../../static/src/store/db.js";
import { acknowledge, noteFault } from "../../../static/src/store/delivery.js";
import { discardDraft, getDraft, saveDraft } from "../../../static/src/store/drafts.js";
import { StorageFull, StorageTrouble } from "../../../static/src/store/errors.js";
import { recall, remember } from "../../../static/src/store/notes.js";
import { unlock } from "../../../static/src/store/vault.js";
import { beforeEachWrite } from "../helpers/disk.js";
import { completeVisit, draftFor, newDatabase, newVault, PASSPHRASE } from "../helpers/tablet.js";

/**
 * Calls `seen` with each read-write transaction as the browser is asked for it. Before the database opens: it
 * takes its own hold of the method.
 * @param {import("node:test").TestContext} t
 * @param {(transaction: IDBTransaction) => void} seen
 */
function watchWrites(t, seen) {
  const { transaction } = FDBDatabase.prototype;
  t.mock.method(
    FDBDatabase.prototype,
    "transaction",
    /** @this {IDBDatabase} @param {any} stores @param {any} mode @param {any} options */
    function (stores, mode, options) {
      const made = transaction.call(this, stores, mode, options);
      if (mode === "readwrite") seen(made);
      return made;
    },
  );
}

test("what cannot be fetched again is written strictly; copies are not", async (t) => {
  /** @type {string[]} */
  const seen = [];
  watchWrites(t, ({ durability }) => seen.push(durability));
  const vault = await newVault();
  /** @param {string} what @param {() => Promise<unknown>} work @param {string} durability */
  const expect = async (what, work, durability) => {
    seen.length = 0;
    await work();
    assert.ok(seen.length > 0, `${what} opens a transaction`);
    assert.deepEqual([...new Set(seen)], [durability], what);
  };
  const draft = draftFor();
  await expect("a save", () => saveDraft(vault, draft), "strict");
  await expect("a discard", () => discardDraft(vault, draft.id), "strict");
  const item = await completeVisit(vault);
  await expect("a completion", () => completeVisit(vault), "strict");
  await expect(
    "an acknowledgement",
    () =>
      acknowledge(vault.db, vault.id, [
        {
          rev_id: item.id,
          result: "stored",
          receipt: { seq: 1, received_at: "2026-05-03T10:00:00Z", mac: "m" },
        },
      ]),
    "strict",
  );
  await expect("a fault", () => noteFault(vault.db, vault.id, item.id), "strict");
  await expect("a new vault", () => newVault({ db: vault.db, id: "a-tom" }), "strict");
  await expect(
    "a page",
    () => applyPage(vault, [{ seq: 1, type: "child", id: "c", body: { id: "c" } }], "e.1"),
    "relaxed",
  );
  await expect("a note", () => remember(vault, { lastContact: 1 }), "relaxed");
});

test("nothing is ciphered or fetched inside a transaction", async (t) => {
  let open = 0;
  let writes = 0;
  watchWrites(t, (transaction) => {
    open += 1;
    writes += 1;
    for (const end of ["complete", "abort"]) transaction.addEventListener(end, () => open--);
  });
  const vault = await newVault();
  for (const name of /** @type {const} */ (["encrypt", "decrypt", "digest"])) {
    const real = /** @type {any} */ (crypto.subtle[name]).bind(crypto.subtle);
    t.mock.method(crypto.subtle, name, (/** @type {any[]} */ ...args) => {
      assert.equal(open, 0, `${name} while a transaction is open`);
      return real(...args);
    });
  }
  await completeVisit(vault);
  await applyPage(vault, [{ seq: 1, type: "child", id: "c", body: { id: "c" } }], "e.1");
  await applyPage(vault, [{ seq: 2, type: "child", id: "c", body: { id: "c" } }], "e.2");
  assert.ok(writes >= 5);
});

test("a full disk and a failing one are said plainly", async () => {
  const vault = await newVault();
  /** @type {Error} */
  let error = new DOMException("full", "QuotaExceededError");
  const stop = beforeEachWrite((_act, store) => {
    if (store === "drafts") throw error;
  });
  await assert.rejects(saveDraft(vault, draftFor()), (thrown) => {
    assert.ok(thrown instanceof StorageFull);
    assert.match(thrown.message, /Everything before it is safe/);
    return true;
  });
  error = new DOMException("gone", "UnknownError");
  await assert.rejects(saveDraft(vault, draftFor()), StorageTrouble);
  stop();
});

test("a write that fails after it was asked for fails the save, and what was there stays", async () => {
  const vault = await newVault();
  const draft = draftFor();
  draft.answers.weight_kg = "3.450";
  await saveDraft(vault, draft);
  const methods = /** @type {any} */ (FDBObjectStore.prototype);
  const { put } = methods;
  // Refused by the database, because there is such a row, once it gets to it.
  methods.put = /** @this {any} @param {any} row */ function (row) {
    return this.name === "drafts" ? this.add(row) : put.call(this, row);
  };
  try {
    draft.answers.weight_kg = "3.500";
    await assert.rejects(saveDraft(vault, draft), StorageTrouble);
  } finally {
    methods.put = put;
  }
  assert.equal((await getDraft(vault, draft.id))?.answers.weight_kg, "3.450");
});

test("a connection that the browser dropped is opened again on waking", async () => {
  const vault = await newVault();
  await remember(vault, { lastContact: 5 });
  vault.db.close();
  await probe(vault.db);
  assert.equal(await recall(vault, "lastContact"), 5);
  await completeVisit(vault);
});

test("a connection that died under us is opened again by the next write", async () => {
  const vault = await newVault();
  const connection = await vault.db.open();
  // What WebKit does: the connection is gone and nobody is told.
  connection.close();
  await completeVisit(vault);
});

test("a page that is left and kept frozen holds nothing that another page waits for", async () => {
  const name = "left-in-the-middle";
  const page = new EventTarget();
  const db = endWithPage(newDatabase(name), /** @type {any} */ (page), () => {});
  const vault = await newVault({ db });
  await remember(vault, { clockOffset: 1 });

  // A page that only closes is the browser's to clear up.
  page.dispatchEvent(Object.assign(new Event("pagehide"), { persisted: false }));
  await remember(vault, { clockOffset: 2 });

  // Given a write under way, which holds its store for as long as it goes on
  /** @type {() => void} */
  let underWay = () => {};
  const begun = new Promise((resolve) => {
    underWay = () => resolve(undefined);
  });
  const held = write(db, ["notes"], async (tx) => {
    await tx.notes.all();
    underWay();
    for (;;) await tx.notes.all();
  });
  held.catch(() => {});
  await begun;

  // When the page is left and kept
  page.dispatchEvent(Object.assign(new Event("pagehide"), { persisted: true }));

  // Then the next page reads what was saved, and writes
  const next = newDatabase(name);
  const opened = await unlock(vault.account.id, PASSPHRASE, { db: next });
  assert.equal(await recall(opened, "clockOffset"), 2);
  await remember(opened, { clockOffset: 3 });
  assert.equal(await recall(opened, "clockOffset"), 3);

  // and the page that was left touches nothing any more
  await assert.rejects(held, StorageTrouble);
  await assert.rejects(saveDraft(vault, draftFor()), StorageTrouble);
});

test("a page that is shown again after it was left begins anew", () => {
  const page = new EventTarget();
  let reloads = 0;
  endWithPage(newDatabase(), /** @type {any} */ (page), () => {
    reloads += 1;
  });
  page.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: false }));
  assert.equal(reloads, 0);
  page.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
  assert.equal(reloads, 1);
});
