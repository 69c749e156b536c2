import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { listItems, waiting } from "../../../static/src/store/outbox.js";
import { createApi, Offline, Refused, SignedOut, TryLater } from "../../../static/src/sync/api.js";
import { pushOutbox } from "../../../static/src/sync/push.js";
import { FakeServer, fail, json, portal } from "../helpers/server.js";
import { completeVisit, newVault, sender } from "../helpers/tablet.js";

/** @param {number} visits @param {{[field: string]: string}} [answers] */
async function tabletWith(visits, answers) {
  const vault = await newVault();
  const server = new FakeServer();
  server.account = { id: vault.account.id, name: vault.account.name, role: "health_visitor" };
  const ids = [];
  for (let index = 0; index < visits; index += 1) ids.push((await completeVisit(vault, answers)).id);
  return { vault, server, api: createApi({ fetch: server.fetch }), ids };
}

/** @param {FakeServer} server */
function batchSizes(server) {
  return server.callsTo("/sync/v1/push").map(({ body }) => body.items.length);
}

/**
 * The server stumbles over any batch with one of these in it.
 * @param {FakeServer} server @param {string[]} poison @param {() => Response} [answer]
 */
function poisoned(server, poison, answer = () => fail(500, "fault", "x")) {
  server.before = ({ path, body }) =>
    path === "/sync/v1/push" && body.items.some((/** @type {any} */ { rev_id }) => poison.includes(rev_id))
      ? answer()
      : null;
}

test("everything goes up in one batch and is acknowledged one by one", async () => {
  const { vault, server, api } = await tabletWith(3);
  /** @type {any[]} */
  const progress = [];
  const sent = await pushOutbox(vault.db, sender(vault), api, { onProgress: (step) => progress.push(step) });
  assert.deepEqual(sent, { acked: 3, refused: 0, held: 0, problem: null });
  assert.deepEqual(progress, [{ done: 3, total: 3 }]);
  assert.deepEqual(batchSizes(server), [3]);
  const items = await listItems(vault);
  for (const { state, receipt, rev } of items) {
    assert.equal(state, "acked");
    assert.deepEqual(receipt, server.stored.get(String(rev?.rev_id))?.receipt);
    assert.deepEqual(server.stored.get(String(rev?.rev_id))?.rev, rev, "what arrived is what was sealed");
  }
  assert.deepEqual(await pushOutbox(vault.db, sender(vault), api), {
    acked: 0,
    refused: 0,
    held: 0,
    problem: null,
  });
  assert.equal(batchSizes(server).length, 1, "nothing to send, no request");
});

test("never more than 100 items or 1 MiB at once, each batch with its own key", async () => {
  const many = await tabletWith(101);
  await pushOutbox(many.vault.db, sender(many.vault), many.api);
  assert.deepEqual(batchSizes(many.server), [100, 1]);
  // Random: packed, it stays as large.
  const large = await tabletWith(4, { note: randomBytes(270_000).toString("base64") });
  await pushOutbox(large.vault.db, sender(large.vault), large.api);
  assert.deepEqual(batchSizes(large.server), [2, 2]);
  for (const { server } of [many, large]) {
    const calls = server.callsTo("/sync/v1/push");
    assert.ok(calls.every(({ bytes }) => bytes <= 1024 * 1024));
    assert.equal(new Set(calls.map(({ headers }) => headers.get("Idempotency-Key"))).size, calls.length);
  }
});

test("an answer that is lost after the server stored everything does no harm", async () => {
  const { vault, server, api } = await tabletWith(3);
  server.after = ({ path }) => {
    if (path === "/sync/v1/push") throw new TypeError("connection reset");
    return null;
  };
  await assert.rejects(pushOutbox(vault.db, sender(vault), api), Offline);
  assert.equal(await waiting(vault), 3);
  assert.equal(server.stored.size, 3);
  server.after = () => null;
  assert.equal((await pushOutbox(vault.db, sender(vault), api)).acked, 3);
  assert.equal(server.stored.size, 3);
});

test("a captive portal in the middle leaves everything waiting", async () => {
  const { vault, server, api } = await tabletWith(2);
  await api.session();
  server.before = () => portal();
  await assert.rejects(pushOutbox(vault.db, sender(vault), api), Offline);
  assert.equal(await waiting(vault), 2);
});

test("signed out between two batches: the first stays settled, the rest waits, nothing is marked", async () => {
  const { vault, server, api } = await tabletWith(101);
  server.before = ({ path }) =>
    path === "/sync/v1/push" && server.stored.size ? fail(401, "signed_out", "x") : null;
  await assert.rejects(pushOutbox(vault.db, sender(vault), api), SignedOut);
  assert.equal(await waiting(vault), 1);
  assert.ok((await vault.db.outbox.all()).every(({ faults }) => faults === 0));
});

test("a busy server is left alone at once", async () => {
  const { vault, server, api } = await tabletWith(4);
  server.before = ({ path }) =>
    path === "/sync/v1/push" ? fail(503, "busy", "x", { "Retry-After": "30" }) : null;
  await assert.rejects(pushOutbox(vault.db, sender(vault), api), TryLater);
  assert.deepEqual(batchSizes(server), [4]);
});

test("a batch too large for the server is halved, and later ones start smaller", async () => {
  const { vault, server, api } = await tabletWith(12);
  server.before = ({ path, body }) =>
    path === "/sync/v1/push" && body.items.length > 3 ? fail(413, "too_large", "x") : null;
  assert.equal((await pushOutbox(vault.db, sender(vault), api)).acked, 12);
  assert.deepEqual(batchSizes(server), [12, 6, 3, 3, 6, 3, 3]);
});

test("one visit that is too large even alone stays, says so, and the rest goes", async () => {
  const { vault, server, api, ids } = await tabletWith(5);
  poisoned(server, [ids[2]], () => new Response("<html>", { status: 413 }));
  const sent = await pushOutbox(vault.db, sender(vault), api);
  assert.deepEqual([sent.acked, sent.refused, sent.problem], [4, 1, null]);
  const item = (await listItems(vault))[2];
  assert.equal(item.state, "refused");
  assert.match(String(item.problem), /too large.*safe on this tablet/);
});

for (const [what, answer] of /** @type {[string, () => Response][]} */ ([
  ["500", () => fail(500, "fault", "x")],
  ["a proxy's 502", () => new Response("<html>", { status: 502 })],
  ["400 for the whole batch", () => fail(400, "malformed_json", "x")],
  ["an answer without results", () => json({ ok: true })],
])) {
  test(`the item that makes the server answer ${what} is isolated and the others arrive`, async () => {
    const { vault, server, api, ids } = await tabletWith(20);
    poisoned(server, [ids[7]], answer);
    const sent = await pushOutbox(vault.db, sender(vault), api);
    assert.deepEqual([sent.acked, sent.held], [19, 1]);
    assert.ok(sent.problem);
    assert.equal(await waiting(vault), 1);
    assert.ok(batchSizes(server).length < 14, "by halving, not one by one");
    // It is not given up, nor does it hold up what comes after it.
    const later = await completeVisit(vault);
    server.calls.length = 0;
    assert.equal((await pushOutbox(vault.db, sender(vault), api)).acked, 1);
    const offered = server
      .callsTo("/sync/v1/push")
      .map(({ body }) => body.items.map((/** @type {any} */ { rev_id }) => rev_id));
    assert.deepEqual(offered, [[later.id], [ids[7]]]);
    server.before = () => null;
    assert.equal((await pushOutbox(vault.db, sender(vault), api)).acked, 1);
    assert.equal(await waiting(vault), 0);
  });
}

test("a server that is ill is not asked about every item", async () => {
  const { vault, server, api } = await tabletWith(40);
  server.before = ({ path }) => (path === "/sync/v1/push" ? fail(500, "fault", "x") : null);
  const sent = await pushOutbox(vault.db, sender(vault), api);
  assert.equal(sent.acked, 0);
  assert.ok(batchSizes(server).length <= 12, `${batchSizes(server).length} requests`);
  assert.equal(await waiting(vault), 40);
  server.before = () => null;
  assert.equal((await pushOutbox(vault.db, sender(vault), api)).acked, 40);
});

test("several bad items at the front do not keep the others back for ever", async () => {
  const { vault, server, api, ids } = await tabletWith(12);
  poisoned(server, ids.slice(0, 6));
  for (let round = 0; round < 3; round += 1) await pushOutbox(vault.db, sender(vault), api);
  assert.equal(await waiting(vault), 6);
  assert.equal(server.stored.size, 6);
});

test("results are taken item by item: refused, unanswered and stored in one answer", async () => {
  const { vault, server, api, ids } = await tabletWith(4);
  server.judge = ({ rev_id }) => {
    if (rev_id === ids[0]) return { result: "rejected:malformed", message: "x" };
    if (rev_id === ids[1]) return { result: "stored" };
    return null;
  };
  server.after = async ({ path, body }) => {
    if (path !== "/sync/v1/push" || body.items.length < 4) return null;
    server.after = () => null;
    const answer = await (await server.handle(server.calls[server.calls.length - 1])).json();
    return json({ results: answer.results.filter((/** @type {any} */ { rev_id }) => rev_id !== ids[3]) });
  };
  const sent = await pushOutbox(vault.db, sender(vault), api);
  assert.deepEqual([sent.acked, sent.refused, sent.held], [1, 1, 2]);
  const states = (await listItems(vault)).map(({ state }) => state);
  assert.deepEqual(states, ["refused", "sealed", "acked", "sealed"]);
});

test("the same id with other content is kept and shown, not sent again", async () => {
  const { vault, server, api, ids } = await tabletWith(1);
  server.stored.set(ids[0], { rev: { sha256: "other" }, receipt: { seq: 1, received_at: "x", mac: "y" } });
  assert.equal((await pushOutbox(vault.db, sender(vault), api)).refused, 1);
  assert.match(String((await listItems(vault))[0].problem), /different version of this visit/);
  server.calls.length = 0;
  await pushOutbox(vault.db, sender(vault), api);
  assert.equal(server.calls.length, 0);
});

test("a tablet that the server will not talk to stops at once and keeps everything", async () => {
  const { vault, server, api } = await tabletWith(4);
  server.before = ({ path }) =>
    path === "/sync/v1/push" ? fail(403, "not_yours", "Another visitor's tablet.") : null;
  await assert.rejects(pushOutbox(vault.db, sender(vault), api), Refused);
  assert.deepEqual(batchSizes(server), [4]);
  assert.equal(await waiting(vault), 4);
});
