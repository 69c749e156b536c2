import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCaseload, position } from "../../../static/src/store/caseload.js";
import { waiting } from "../../../static/src/store/outbox.js";
import { createApi, Offline, Refused, ServerFault } from "../../../static/src/sync/api.js";
import { pullChanges } from "../../../static/src/sync/pull.js";
import { beforeEachWrite } from "../helpers/disk.js";
import { FakeServer, fail } from "../helpers/server.js";
import { completeVisit, newVault } from "../helpers/tablet.js";

async function tabletAndServer(children = 0) {
  const vault = await newVault();
  const server = new FakeServer();
  server.account = { id: vault.account.id, name: "x", role: "health_visitor" };
  for (let n = 0; n < children; n += 1)
    server.change("child", `c${n}`, { id: `c${n}`, given_name: `Child ${n}` });
  return { vault, server, api: createApi({ fetch: server.fetch }) };
}

test("downloads page by page, telling how far it is", async () => {
  const { vault, server, api } = await tabletAndServer(250);
  /** @type {any[]} */
  const progress = [];
  assert.deepEqual(await pullChanges(vault, api, { onProgress: (step) => progress.push(step) }), {
    applied: 250,
    rebuilt: false,
    commands: [],
  });
  assert.deepEqual(progress, [
    { done: 100, total: 250 },
    { done: 200, total: 250 },
    { done: 250, total: 250 },
  ]);
  const { children, complete } = await loadCaseload(vault);
  assert.deepEqual([children.size, complete], [250, true]);
  assert.equal((await position(vault)).cursor, "e1.250");
  server.calls.length = 0;
  await pullChanges(vault, api);
  assert.equal(server.calls[0].query.get("cursor"), "e1.250");
});

test("a family without children yet: nothing to fetch is also a complete caseload", async () => {
  const { vault, api } = await tabletAndServer();
  await pullChanges(vault, api);
  assert.equal((await loadCaseload(vault)).complete, true);
});

test("a download that breaks off goes on where it was", async () => {
  const { vault, server, api } = await tabletAndServer(250);
  server.before = () => {
    if (server.calls.length === 3) throw new TypeError("connection reset");
    return null;
  };
  await assert.rejects(pullChanges(vault, api), Offline);
  const half = await loadCaseload(vault);
  assert.deepEqual([half.children.size, half.complete], [200, false]);
  server.before = () => null;
  assert.equal((await pullChanges(vault, api)).applied, 50);
  assert.equal((await loadCaseload(vault)).children.size, 250);
});

test("changes and removals arrive", async () => {
  const { vault, server, api } = await tabletAndServer(3);
  await pullChanges(vault, api);
  server.change("child", "c1", { id: "c1", given_name: "Renamed" });
  server.change("child", "c2", null);
  server.change("visit", "v1", { id: "v1", child_id: "c1", state: "returned" });
  await pullChanges(vault, api);
  const { children, visits } = await loadCaseload(vault);
  assert.deepEqual([...children.keys()].sort(), ["c0", "c1"]);
  assert.equal(children.get("c1")?.given_name, "Renamed");
  assert.equal(visits.get("v1")?.state, "returned");
});

test("a server that has forgotten our place: the caseload is fetched anew, the outbox untouched", async () => {
  const { vault, server, api } = await tabletAndServer(3);
  await pullChanges(vault, api);
  await completeVisit(vault);
  server.epoch = "e2";
  server.changes = [];
  for (let n = 0; n < 150; n += 1) server.change("child", `d${n}`, { id: `d${n}` });
  // It breaks off in the middle: the visitor still has the old caseload.
  server.before = ({ query }) => {
    if (query.get("cursor") === "e2.100") throw new TypeError("connection reset");
    return null;
  };
  await assert.rejects(pullChanges(vault, api), Offline);
  assert.deepEqual([...(await loadCaseload(vault)).children.keys()].sort(), ["c0", "c1", "c2"]);
  server.before = () => null;
  const { applied, rebuilt } = await pullChanges(vault, api);
  assert.deepEqual([applied, rebuilt], [50, false], "it goes on where it broke off");
  assert.equal((await loadCaseload(vault)).children.size, 150);
  assert.equal(await waiting(vault), 1);
});

test("a server that answers 410 to everything is not asked for ever", async () => {
  const { vault, server, api } = await tabletAndServer(3);
  await pullChanges(vault, api);
  server.before = () => fail(410, "cursor_gone", "x");
  server.calls.length = 0;
  await assert.rejects(pullChanges(vault, api), Refused);
  assert.equal(server.calls.length, 2);
  assert.equal((await loadCaseload(vault)).children.size, 3);
});

test("a server that says more but does not move on is not asked for ever", async () => {
  const { vault, api } = await tabletAndServer();
  const stuck = {
    ...api,
    changes: async () => ({ items: [], cursor: "", more: true, remaining: 5, common: {} }),
  };
  await assert.rejects(pullChanges(vault, stuck), ServerFault);
});

test("an answer of the wrong shape changes nothing", async () => {
  const { vault, server, api } = await tabletAndServer(1);
  server.before = () => Response.json({ items: "all of them" });
  await assert.rejects(pullChanges(vault, api), ServerFault);
  assert.equal((await position(vault)).cursor, "");
});

test("a window that was overtaken by another does not put older news over newer", async () => {
  const { vault, server, api } = await tabletAndServer(3);
  server.change("child", "c0", { id: "c0", given_name: "Old" });
  let overtaken = false;
  server.after = async () => {
    if (overtaken) return null;
    overtaken = true;
    const old = server.page(server.calls[0]);
    server.change("child", "c0", { id: "c0", given_name: "New" });
    await pullChanges(vault, api);
    return old;
  };
  await pullChanges(vault, api);
  assert.equal((await loadCaseload(vault)).children.get("c0")?.given_name, "New");
  assert.equal((await position(vault)).cursor, "e1.5");
});

test("many pages are written in few transactions", async () => {
  const { vault, api } = await tabletAndServer(1200);
  let writes = 0;
  const stop = beforeEachWrite((_act, store) => {
    if (store === "heads") writes += 1;
  });
  await pullChanges(vault, api);
  stop();
  assert.equal(writes, 3);
});
