import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { applyPage, loadCaseload, position, startRebuild } from "../../../static/src/store/caseload.js";
import { waiting } from "../../../static/src/store/outbox.js";
import { unlock } from "../../../static/src/store/vault.js";
import { beforeEachWrite, full } from "../helpers/disk.js";
import { completeVisit, newDatabase, newVault, PASSPHRASE } from "../helpers/tablet.js";

/** @param {string} id @param {any} [body] */
function child(id, body = { name: `Child ${id}` }) {
  return { seq: 1, type: "child", id, body: body && { id, ...body } };
}

test("a page is there after a restart, with its cursor", async () => {
  const db = newDatabase("caseload-restart");
  const vault = await newVault({ db });
  assert.deepEqual(await position(vault), { cursor: "", rebuilding: false, complete: false });
  await applyPage(
    vault,
    [
      child("c1"),
      { seq: 2, type: "pregnancy", id: "p1", body: { id: "p1" } },
      { seq: 3, type: "visit", id: "v1", body: { id: "v1", child_id: "c1" } },
    ],
    "e1.3",
  );
  db.close();
  const again = await unlock("a-priya", PASSPHRASE, { db: newDatabase("caseload-restart") });
  const { children, pregnancies, visits, complete } = await loadCaseload(again);
  assert.deepEqual([...children.values()], [{ id: "c1", name: "Child c1" }]);
  assert.deepEqual([[...pregnancies.keys()], [...visits.keys()]], [["p1"], ["v1"]]);
  assert.equal(complete, false);
  assert.equal((await position(again)).cursor, "e1.3");
});

test("it counts as complete when a page was the last", async () => {
  const vault = await newVault();
  await applyPage(vault, [child("c1")], "e1.1");
  assert.equal((await loadCaseload(vault)).complete, false);
  await applyPage(vault, [], "e1.1", { last: true });
  assert.equal((await loadCaseload(vault)).complete, true);
  await applyPage(vault, [child("c2")], "e1.2", { last: false });
  assert.equal((await loadCaseload(vault)).complete, true);
});

test("a kind that this version does not know is passed over", async () => {
  const vault = await newVault();
  const odd = { seq: 1, type: "constructor", id: "x", body: { id: "x" } };
  await applyPage(vault, [odd, child("c1")], "e1.2");
  assert.equal((await loadCaseload(vault)).children.size, 1);
});

test("changing one child rewrites one chunk", async () => {
  const vault = await newVault();
  await applyPage(
    vault,
    Array.from({ length: 500 }, (_, n) => child(`c${n}`)),
    "e1.500",
  );
  const before = await vault.db.chunks.all();
  await applyPage(vault, [child("c42", { name: "Changed" })], "e1.501");
  const after = await vault.db.chunks.all();
  const rewritten = after.filter(
    (row, index) => !Buffer.from(row.box.iv).equals(Buffer.from(before[index].box.iv)),
  );
  assert.equal(rewritten.length, 1);
  assert.ok(before.length <= 32, `${before.length} chunks`);
  assert.equal((await loadCaseload(vault)).children.get("c42")?.name, "Changed");
});

test("the last child of a chunk takes the chunk with it", async () => {
  const vault = await newVault();
  await applyPage(vault, [child("c1")], "e1.1");
  await applyPage(vault, [child("c1", null)], "e1.2");
  assert.equal(await vault.db.chunks.count(), 0);
});

test("any pages in a row leave what the last word about each record says", async () => {
  const change = fc.record({
    type: fc.constantFrom("child", "pregnancy", "visit"),
    id: fc.integer({ min: 0, max: 40 }).map((n) => `id-${n}`),
    value: fc.option(fc.nat(), { freq: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(change, { maxLength: 20 }), { maxLength: 6 }), async (pages) => {
      const vault = await newVault();
      /** @type {Record<string, Map<string, any>>} */
      const model = { child: new Map(), pregnancy: new Map(), visit: new Map() };
      let seq = 0;
      for (const page of pages) {
        const items = page.map(({ type, id, value }) => {
          seq += 1;
          if (value === null) model[type].delete(id);
          else model[type].set(id, { id, value });
          return { seq, type, id, body: value === null ? null : { id, value } };
        });
        await applyPage(vault, items, `e1.${seq}`);
      }
      const { children, pregnancies, visits } = await loadCaseload(vault);
      assert.deepEqual(sorted(children), sorted(model.child));
      assert.deepEqual(sorted(pregnancies), sorted(model.pregnancy));
      assert.deepEqual(sorted(visits), sorted(model.visit));
    }),
    { numRuns: 25 },
  );
});

/** @param {Map<string, any>} map */
function sorted(map) {
  return [...map.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
}

test("two windows applying pages at once lose neither's", async () => {
  const name = "caseload-two";
  const one = await newVault({ db: newDatabase(name) });
  const two = await unlock("a-priya", PASSPHRASE, { db: newDatabase(name) });
  await Promise.all(
    Array.from({ length: 10 }, (_, n) => applyPage(n % 2 ? one : two, [child(`c${n}`)], `e1.${n + 1}`)),
  );
  assert.equal((await loadCaseload(one)).children.size, 10);
});

test("a page that fails to be written leaves the old one and its cursor", async () => {
  const vault = await newVault();
  await applyPage(vault, [child("c1")], "e1.1");
  const stop = beforeEachWrite((_act, store) => {
    if (store === "heads") full();
  });
  await assert.rejects(
    applyPage(vault, [child("c1", { name: "New" }), child("c2")], "e1.3"),
    /no space left/,
  );
  stop();
  assert.equal((await position(vault)).cursor, "e1.1");
  assert.deepEqual(sorted((await loadCaseload(vault)).children), [["c1", { id: "c1", name: "Child c1" }]]);
});

test("a rebuild keeps the old caseload until the new one is whole, and never touches the outbox", async () => {
  const vault = await newVault();
  await completeVisit(vault);
  await applyPage(vault, [child("c1"), child("c2")], "e1.2", { last: true });
  await startRebuild(vault);
  assert.deepEqual(await position(vault), { cursor: "", rebuilding: true, complete: true });
  await applyPage(vault, [child("c3")], "e2.1");
  assert.deepEqual([...(await loadCaseload(vault)).children.keys()].sort(), ["c1", "c2"]);
  // Broken off and begun again: nothing of the first attempt remains.
  await startRebuild(vault);
  await applyPage(vault, [child("c4")], "e3.1");
  assert.deepEqual(await position(vault), { cursor: "e3.1", rebuilding: true, complete: true });
  await applyPage(vault, [child("c5")], "e3.2", { last: true });
  assert.deepEqual([...(await loadCaseload(vault)).children.keys()].sort(), ["c4", "c5"]);
  assert.deepEqual(await position(vault), { cursor: "e3.2", rebuilding: false, complete: true });
  assert.equal(new Set((await vault.db.chunks.all()).map(({ gen }) => gen)).size, 1);
  assert.equal(await waiting(vault), 1);
});
