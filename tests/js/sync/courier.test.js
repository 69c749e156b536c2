import assert from "node:assert/strict";
import { test } from "node:test";
import { applyPage, loadCaseload } from "../../../static/src/store/caseload.js";
import { waitingIn } from "../../../static/src/store/delivery.js";
import { importDraft, listDrafts, refreshRescue, saveDraft } from "../../../static/src/store/drafts.js";
import { recall } from "../../../static/src/store/notes.js";
import { listItems } from "../../../static/src/store/outbox.js";
import { beginning } from "../../../static/src/store/table.js";
import { listVaults, startAgain, unlock } from "../../../static/src/store/vault.js";
import { isDelivered } from "../../../static/src/store/wipe.js";
import { createApi, Offline, TooLarge, TryLater } from "../../../static/src/sync/api.js";
import { deliver, obey } from "../../../static/src/sync/courier.js";
import { put, remove, update } from "../helpers/disk.js";
import { wipeOrder } from "../helpers/sealing.js";
import { FakeServer, fail } from "../helpers/server.js";
import {
  account,
  completeVisit,
  diskText,
  draftFor,
  FEW_ITERATIONS,
  introduced,
  newDatabase,
  newVault,
  PASSPHRASE,
} from "../helpers/tablet.js";

/** @typedef {import("../../../static/src/store/vault.js").Vault} Vault */

const HOUR = 60 * 60_000;
const DAY = 24 * HOUR;

function service() {
  const server = new FakeServer();
  const time = { now: Date.parse("2026-05-03T10:00:00Z") };
  server.now = () => time.now;
  const api = createApi({ fetch: server.fetch });
  /** @param {import("../../../static/src/store/db.js").TabletDatabase} db @param {{open?: Vault}} [options] */
  const run = (db, options = {}) => deliver(db, api, { now: () => time.now, ...options });
  return { server, api, time, run };
}

/** @param {Vault} vault */
async function states({ db, id }) {
  return (await db.outbox.all("[vault+seq]", beginning(id))).map(({ state }) => state);
}

/** @param {Vault} vault @param {string} [passphrase] */
function again(vault, passphrase = "quite another passphrase") {
  const options = { account: vault.account, deviceName: "T", db: vault.db, iterations: FEW_ITERATIONS };
  return startAgain({ ...options, passphrase });
}

test("every visitor's visits go up and are confirmed, all vaults locked and nobody signed in", async () => {
  const { server, run } = service();
  const db = newDatabase();
  const [priya, tom] = [await newVault({ db }), await newVault({ db, id: "a-tom" })];
  for (const vault of [priya, tom, tom]) await completeVisit(vault);
  priya.lock();
  tom.lock();
  assert.deepEqual(await run(db), {
    acked: 3,
    refused: 0,
    held: 0,
    problem: null,
    elsewhere: null,
  });
  assert.deepEqual([await states(priya), await states(tom)], [["confirmed"], ["confirmed", "confirmed"]]);
  for (const { rev } of server.stored.values()) {
    assert.equal(rev.author_id, rev.device_id === priya.id ? "a-priya" : "a-tom");
  }
  assert.ok(server.calls.every(({ path }) => path.startsWith("/sync/")));
});

test("one visitor's trouble does not hold up another's visits", async () => {
  for (const trouble of ["unknown", "no token", "refused"]) {
    const { server, run } = service();
    const db = newDatabase();
    const [priya, tom] = [await newVault({ db }), await newVault({ db, id: "a-tom" })];
    await completeVisit(priya);
    await completeVisit(tom);
    const [first] = await db.vaults.all();
    const last = first.id === priya.id ? tom : priya;
    if (trouble === "unknown") server.unknown.add(first.id);
    if (trouble === "no token") await update(db, "vaults", first.id, { token: null });
    if (trouble === "refused") {
      server.before = ({ body }) => (body.device_id === first.id ? fail(403, "not_yours", "x") : null);
    }
    const { problem } = await run(db);
    assert.equal(problem !== null, trouble !== "no token");
    assert.equal(await waitingIn(db, first.id), 1, trouble);
    assert.deepEqual(await states(last), ["confirmed"], trouble);
    const row = await db.vaults.get(first.id);
    assert.equal(
      row?.token === null,
      trouble !== "refused",
      "a token that is not accepted is not offered again",
    );
  }
});

test("no network and a busy server end it for all at once", async () => {
  const { server, run } = service();
  const db = newDatabase();
  for (const id of ["a-priya", "a-tom"]) await completeVisit(await newVault({ db, id }));
  server.before = () => {
    throw new TypeError("Failed to fetch");
  };
  await assert.rejects(run(db), Offline);
  server.before = () => fail(503, "busy", "x", { "Retry-After": "60" });
  await assert.rejects(run(db), TryLater);
  assert.equal(server.calls.length, 2);
});

test("a server restored from a backup gets back everything it has lost that is still here", async () => {
  const { server, run } = service();
  const vault = await newVault();
  for (let at = 0; at < 3; at += 1) await completeVisit(vault);
  await run(vault.db);
  const before = new Map(server.stored);
  server.restore({ stored: new Map([...server.stored].slice(0, 1)), changes: [] });
  await completeVisit(vault);
  vault.lock();
  const sent = await run(vault.db);
  assert.deepEqual([sent.acked, sent.problem], [4, null]);
  assert.equal(server.stored.size, 4);
  for (const [id, { rev }] of before) assert.deepEqual(server.stored.get(id)?.rev, rev);
  assert.deepEqual(await states(vault), ["confirmed", "confirmed", "confirmed", "confirmed"]);
  server.calls.length = 0;
  await run(vault.db);
  assert.equal(server.callsTo("/sync/v1/push").length, 0, "once is enough");
});

test("a restore is noticed with nothing to send, at the next daily question", async () => {
  const { server, run, time } = service();
  const vault = await newVault();
  await completeVisit(vault);
  await run(vault.db);
  server.restore({ stored: new Map(), changes: [] });
  time.now += 2 * DAY;
  await run(vault.db);
  assert.equal(server.stored.size, 1);
  assert.deepEqual(await states(vault), ["confirmed"]);
});

test("a server that lost a record without saying so is found out by the digest, and gets it back", async () => {
  const { server, run, time } = service();
  const vault = await newVault();
  const { id } = await completeVisit(vault);
  await completeVisit(vault);
  await run(vault.db);
  server.stored.delete(id);
  await run(vault.db);
  assert.equal(server.stored.size, 1, "not asked more than once a day");
  time.now += DAY + 1;
  await run(vault.db);
  assert.equal(server.stored.size, 2);
  assert.deepEqual(await states(vault), ["confirmed", "confirmed"]);
});

test("a server that never holds what it takes is said as a problem; nothing is given up", async () => {
  const { server, run } = service();
  const vault = await newVault();
  await completeVisit(vault);
  server.after = async ({ path }) => {
    if (path === "/sync/v1/push") server.stored.clear();
    return null;
  };
  const { problem } = await run(vault.db);
  assert.match(String(problem?.message), /safe on this tablet/);
  assert.deepEqual(await states(vault), ["sealed"]);
  assert.equal(server.callsTo("/sync/v1/push").length, 2);
});

test("a disk that was put back gives numbers twice: that is found out, and fresh numbers begin", async () => {
  const { server, run, time } = service();
  const vault = await newVault();
  const { db } = vault;
  await completeVisit(vault);
  await run(db);
  const stores = /** @type {const} */ (["outbox", "counters", "notes", "drafts"]);
  const before = await Promise.all(stores.map((store) => db[store].all()));
  await completeVisit(vault);
  await completeVisit(vault);
  await run(db);
  for (const [at, store] of stores.entries()) {
    await remove(db, store);
    await put(db, store, ...before[at]);
  }
  // Numbers 2 and 3 a second time, and 4.
  for (let visit = 0; visit < 3; visit += 1) await completeVisit(vault);
  const numbers = async () => (await listItems(vault)).map(({ rev }) => rev?.device_seq);
  assert.deepEqual(await numbers(), [1, 2, 3, 4]);
  const { problem } = await run(db);
  assert.equal(problem, null);
  assert.deepEqual([await states(vault), server.stored.size], [Array(4).fill("confirmed"), 6]);
  const pushes = server.callsTo("/sync/v1/push").length;
  for (let day = 0; day < 3; day += 1) {
    time.now += DAY + 1;
    await run(db);
  }
  assert.equal(server.callsTo("/sync/v1/push").length, pushes, "nothing is offered for ever");
  assert.equal(await recall(vault, "putBack"), time.now - 3 * (DAY + 1));
  await completeVisit(vault);
  const fresh = Number((await numbers())[4]);
  assert.ok(fresh > 1_000_000 && fresh < 2_000_000_000 && fresh % 1_000_000 === 1, String(fresh));
  await run(db);
  assert.deepEqual([await states(vault), server.stored.size], [Array(5).fill("confirmed"), 7]);
  // A restored server gets all of it back, the shared numbers too.
  server.restore({ stored: new Map(), changes: [] });
  time.now += DAY + 1;
  await run(db);
  assert.deepEqual([await states(vault), server.stored.size], [Array(5).fill("confirmed"), 5]);
  assert.equal((await numbers()).length, 5);
});

test("what was too large for the way is offered again once a day, from locked and forgotten vaults too", async () => {
  const { server, run, time } = service();
  const db = newDatabase();
  const [priya, tom] = [await newVault({ db }), await newVault({ db, id: "a-tom" })];
  const [one, other] = [await completeVisit(priya), await completeVisit(tom)];
  await again(tom);
  server.before = ({ path }) => (path === "/sync/v1/push" ? fail(413, "too_large", "Too large.") : null);
  const pushes = () => server.callsTo("/sync/v1/push").length;
  for (let turn = 0; turn < 3; turn += 1) await run(db);
  assert.deepEqual([await states(priya), await states(tom), pushes()], [["refused"], ["refused"], 4]);
  time.now += DAY - HOUR;
  await run(db);
  assert.equal(pushes(), 4);
  // With its visitor there it waits for the button.
  time.now += 2 * HOUR;
  await run(db, { open: priya });
  assert.equal(pushes(), 5);
  priya.lock();
  server.before = () => null;
  await run(db);
  time.now += DAY;
  await run(db);
  assert.deepEqual([...server.stored.keys()].sort(), [one.id, other.id].sort());
});

test("a month after it was confirmed a visit leaves the tablet, by the server's time and not the tablet's", async () => {
  const { run, time, server, api } = service();
  const vault = await newVault();
  await completeVisit(vault);
  await run(vault.db);
  await deliver(vault.db, api, { now: () => time.now + 400 * DAY });
  assert.deepEqual(await states(vault), ["confirmed"], "the tablet's clock decides nothing");
  time.now += 31 * DAY;
  await run(vault.db);
  assert.deepEqual(await states(vault), []);
  assert.equal(server.stored.size, 1);
});

test("a new key of the server's is used from the next visit on, and the old boxes still go", async () => {
  const { server, run } = service();
  const vault = await newVault();
  await completeVisit(vault);
  await server.rotateKey();
  await run(vault.db);
  await completeVisit(vault);
  await run(vault.db);
  const kids = (await vault.db.outbox.all()).map(({ sealed }) => sealed?.kid);
  assert.deepEqual(kids, [server.keys[0].kid, server.keys[1].kid]);
  assert.equal(server.stored.size, 2);
});

test("a silent locked tablet asks now and then whether there are orders, not at every turn", async () => {
  const { server, run, time } = service();
  const vault = await newVault();
  vault.lock();
  for (let turn = 0; turn < 5; turn += 1) {
    await run(vault.db);
    time.now += 5 * 60_000;
  }
  assert.equal(server.calls.length, 3);
  assert.deepEqual(server.calls[0].body.ranges, []);
});

test("a forgotten passphrase: the old vault's visits go up, its unfinished visit too, and then it is gone", async () => {
  const { server, run, time } = service();
  const vault = await newVault();
  await completeVisit(vault);
  const draft = draftFor();
  draft.answers.weight_kg = "3.450";
  await saveDraft(vault, draft);
  await refreshRescue(vault, draft.id);
  await applyPage(vault, [{ seq: 1, type: "child", id: "c1", body: { id: "c1" } }], "e1.1", { last: true });
  vault.lock();
  const fresh = await again(vault);
  assert.notEqual(fresh.deviceId, vault.deviceId);
  const listed = (await listVaults(vault.db)).map(({ id, retired }) => [id === fresh.id, retired]);
  assert.deepEqual(listed.sort(), [
    [false, "forgotten"],
    [true, null],
  ]);
  assert.equal((await vault.db.chunks.all()).length, 0);
  await assert.rejects(unlock("a-priya", PASSPHRASE, { db: vault.db }), /not right/);
  assert.equal((await loadCaseload(fresh)).children.size, 0);
  // Even before it is registered anew: the server's key is known on this tablet.
  await completeVisit(fresh);
  assert.ok((await vault.db.outbox.all("[vault+seq]", [fresh.id, 1]))[0].sealed);
  await run(vault.db);
  assert.deepEqual(
    [...server.stored.values()].map(({ rev }) => rev.device_id),
    [vault.deviceId],
  );
  assert.deepEqual(server.drafts.get(draft.id)?.answers, { weight_kg: "3.450" });
  assert.ok(await vault.db.vaults.get(vault.id), "it stays as long as its visits do");
  time.now += 31 * DAY;
  await run(vault.db);
  assert.equal(await vault.db.drafts.count(), 0);
  assert.equal(await vault.db.vaults.get(vault.id), undefined);
  assert.ok(await vault.db.vaults.get(fresh.id));
});

test("a draft whose delivery the tablet has not heard of is taken over by its visitor's new vault, not lost", async () => {
  const { server, run } = service();
  const vault = await newVault();
  const draft = draftFor();
  draft.answers.weight_kg = "3.450";
  await saveDraft(vault, draft);
  await refreshRescue(vault, draft.id);
  vault.lock();
  const fresh = await again(vault);
  server.after = ({ path }) => {
    if (path === `/sync/v1/drafts/${draft.id}`) throw new TypeError("connection reset");
    return null;
  };
  await assert.rejects(run(vault.db), Offline);
  server.after = () => null;
  // Another window takes it back and tells the service so, which offers it to nobody from then on.
  assert.equal(await importDraft(fresh, server.drafts.get(draft.id)), true);
  await run(vault.db);
  assert.deepEqual(
    (await listDrafts(fresh)).map(({ answers }) => answers),
    [{ weight_kg: "3.450" }],
  );
});

test("a draft that is too much for the service holds up no other draft and no other vault", async () => {
  const { server, run } = service();
  const db = newDatabase();
  const vault = await newVault({ db });
  const [big, small] = [draftFor(), draftFor()];
  for (const draft of [big, small]) {
    await saveDraft(vault, draft);
    await refreshRescue(vault, draft.id);
  }
  vault.lock();
  await again(vault);
  const other = await newVault({ db, id: "a-ada" });
  await completeVisit(other);
  server.before = ({ path }) => (path.endsWith(big.id) ? fail(413, "too_large", "Too large.") : null);
  const { problem } = await run(db);
  assert.ok(problem instanceof TooLarge);
  assert.deepEqual([...server.drafts.keys()], [small.id]);
  assert.deepEqual(await states(other), ["confirmed"]);
  assert.deepEqual(
    (await db.drafts.all()).filter((row) => !isDelivered(row)).map(({ id }) => id),
    [big.id],
  );
});

test("a server restored from a backup gets a closed vault's unfinished visit once more", async () => {
  const { server, run, time } = service();
  const vault = await newVault();
  const draft = draftFor();
  await saveDraft(vault, draft);
  await refreshRescue(vault, draft.id);
  vault.lock();
  await again(vault);
  await run(vault.db);
  assert.deepEqual([...server.drafts.keys()], [draft.id]);
  server.drafts.clear();
  server.epoch = "e2";
  time.now += HOUR;
  await run(vault.db);
  await run(vault.db);
  assert.deepEqual([...server.drafts.keys()], [draft.id]);
});

test("a draft of an open vault never leaves the tablet", async () => {
  const { server, run } = service();
  const vault = await newVault();
  const draft = draftFor();
  await saveDraft(vault, draft);
  await refreshRescue(vault, draft.id);
  await run(vault.db, { open: vault });
  assert.equal(server.drafts.size, 0);
  assert.equal(await vault.db.drafts.count(), 1);
});

test("an order to wipe: caseload first, then what was recorded is sent, then everything goes and is reported", async () => {
  const { server, run } = service();
  const db = newDatabase();
  const [vault, other] = [await newVault({ db }), await newVault({ db, id: "a-tom" })];
  await completeVisit(vault);
  await completeVisit(other);
  const draft = draftFor();
  await saveDraft(vault, draft);
  await refreshRescue(vault, draft.id);
  await applyPage(vault, [{ seq: 1, type: "child", id: "c1", body: { id: "c1" } }], "e1.1", { last: true });
  vault.lock();
  server.commands.set(vault.id, [wipeOrder(vault.id, "a-priya")]);
  // The line breaks right after the order was heard.
  server.after = ({ path, body }) => {
    if (path === "/sync/v1/confirm" && body.device_id === vault.id) throw new TypeError("connection reset");
    return null;
  };
  await run(db).catch(() => {});
  server.after = () => null;
  const [half] = (await db.vaults.all()).filter(({ id }) => id === vault.id);
  assert.deepEqual([half.retired, half.wraps, half.caseloadKey], ["revoked", [], null]);
  assert.equal(await db.chunks.count(), 0, "families' details are gone at once");
  assert.deepEqual(server.reports, []);
  await run(db);
  assert.deepEqual(server.reports, [{ id: "order-1", device: vault.id, left: 0 }]);
  assert.deepEqual([...server.drafts.keys()], [draft.id]);
  assert.equal(server.stored.size, 2);
  assert.deepEqual(
    (await db.vaults.all()).map(({ id }) => id),
    [other.id],
  );
  assert.ok(!(await diskText(db)).includes(vault.id), "nothing of that vault is left, of no kind");
  assert.deepEqual(await states(other), ["confirmed"]);
});

test("an order that nobody but the service could have made is obeyed; any other is not", async () => {
  const vault = await newVault();
  const good = wipeOrder(vault.id, "a-priya");
  for (const forged of [
    { ...good, mac: "00".repeat(32) },
    { ...good, mac: "not hex" },
    { ...good, mac: /** @type {any} */ (undefined) },
    { ...good, id: "order-2" },
    { ...good, at: "2027-01-01T00:00:00+00:00" },
    { ...good, type: "burn" },
    { ...wipeOrder(vault.id, "a-tom") },
    /** @type {any} */ (null),
  ]) {
    const { server, run } = service();
    server.commands.set(vault.id, [forged]);
    await remove(vault.db, "notes");
    await run(vault.db);
    assert.equal(server.calls.length, 1);
    assert.equal((await vault.db.vaults.get(vault.id))?.wipe, null);
  }
  const { server, run } = service();
  server.commands.set(vault.id, [good]);
  await remove(vault.db, "notes");
  await run(vault.db);
  assert.equal(await vault.db.vaults.count(), 0);
});

test("an item the server will not take is never deleted, and the report says so, once", async () => {
  const { server, run } = service();
  const vault = await newVault();
  const [bad] = [await completeVisit(vault), await completeVisit(vault)];
  server.judge = ({ rev_id }) => (rev_id === bad.id ? { result: "rejected:malformed" } : null);
  server.commands.set(vault.id, [wipeOrder(vault.id, "a-priya")]);
  await run(vault.db);
  await run(vault.db);
  assert.deepEqual(server.reports, [{ id: "order-1", device: vault.id, left: 1 }]);
  assert.deepEqual(await states(vault), ["refused", "confirmed"]);
  const row = await vault.db.vaults.get(vault.id);
  assert.deepEqual([row?.retired, row?.wraps], ["revoked", []]);
});

test("what only its visitor can seal keeps the way in open until they have unlocked once more", async () => {
  const { server, run } = service();
  const vault = await newVault({ fresh: true });
  await completeVisit(vault);
  await introduced(vault);
  await applyPage(vault, [{ seq: 1, type: "child", id: "c1", body: { id: "c1" } }], "e1.1", { last: true });
  const draft = draftFor();
  await saveDraft(vault, draft);
  vault.lock();
  server.commands.set(vault.id, [wipeOrder(vault.id, "a-priya")]);
  await run(vault.db);
  assert.equal(await vault.db.chunks.count(), 0);
  const row = await vault.db.vaults.get(vault.id);
  assert.deepEqual([row?.retired, row?.wraps.length, row?.caseloadKey], [null, 1, null]);
  assert.deepEqual(server.reports, [{ id: "order-1", device: vault.id, left: 2 }]);
  const open = await unlock("a-priya", PASSPHRASE, { db: vault.db });
  await run(vault.db, { open });
  assert.equal(server.stored.size, 1);
  assert.deepEqual([...server.drafts.keys()], [draft.id]);
  assert.deepEqual(
    server.reports.map(({ left }) => left),
    [2, 0],
  );
  assert.equal(await vault.db.vaults.count(), 0);
});

test("a visitor who never comes back to unlock a wiped vault: the copies of unfinished visits go up all the same", async () => {
  const { server, run } = service();
  const vault = await newVault();
  const [copied, answeredOn] = [draftFor(), draftFor("child-2")];
  for (const draft of [copied, answeredOn]) {
    await saveDraft(vault, draft);
    await refreshRescue(vault, draft.id);
  }
  answeredOn.answers.weight_kg = "3.450";
  await saveDraft(vault, answeredOn);
  vault.lock();
  server.commands.set(vault.id, [wipeOrder(vault.id, "a-priya")]);
  await run(vault.db);
  assert.deepEqual([...server.drafts.keys()].sort(), [copied.id, answeredOn.id].sort());
  assert.equal(await vault.db.drafts.count(), 2, "and stay here for the visitor who does");
});

test("a report that is lost is made again, and an order the server has forgotten is no error", async () => {
  const { server, run } = service();
  const vault = await newVault();
  server.commands.set(vault.id, [wipeOrder(vault.id, "a-priya")]);
  server.before = ({ path }) => {
    if (path.includes("/commands/")) throw new TypeError("connection reset");
    return null;
  };
  await assert.rejects(run(vault.db), Offline);
  assert.equal(await vault.db.vaults.count(), 1);
  server.before = ({ path }) => (path.includes("/commands/") ? fail(404, "not_found", "x") : null);
  await run(vault.db);
  assert.equal(await vault.db.vaults.count(), 0);
});

test("an order that comes with a refusal to fetch is carried out as well", async () => {
  const { server, api } = service();
  const vault = await newVault();
  await completeVisit(vault);
  await obey(vault.db, api, vault.id, [wipeOrder(vault.id, "a-priya")], { open: vault });
  assert.equal(server.stored.size, 1);
  assert.equal(await vault.db.vaults.count(), 0);
  await obey(vault.db, api, vault.id, [wipeOrder(vault.id, "a-priya")]);
});

test("starting again with a vault that never had a token: its visits wait for the sign-in that brings one", async () => {
  const { server, run } = service();
  const vault = await newVault();
  await completeVisit(vault);
  await update(vault.db, "vaults", vault.id, { token: null });
  await again(vault);
  await run(vault.db);
  assert.equal(server.calls.length, 0);
  assert.deepEqual(
    (await listItems(vault)).map(({ state }) => state),
    ["sealed"],
  );
  await introduced(vault);
  await run(vault.db);
  assert.equal(server.stored.size, 1);
  assert.deepEqual(account().id, vault.account.id);
});
