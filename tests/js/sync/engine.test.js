import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { loadCaseload } from "../../../static/src/store/caseload.js";
import { saveDraft } from "../../../static/src/store/drafts.js";
import { recall } from "../../../static/src/store/notes.js";
import { listItems, waiting } from "../../../static/src/store/outbox.js";
import { startAgain, unlock } from "../../../static/src/store/vault.js";
import { createApi } from "../../../static/src/sync/api.js";
import { createEngine } from "../../../static/src/sync/engine.js";
import { beforeEachWrite, full, put, remove, update } from "../helpers/disk.js";
import { wipeOrder } from "../helpers/sealing.js";
import { FakeServer, fail, portal } from "../helpers/server.js";
import { completeVisit, draftFor, FEW_ITERATIONS, newVault, PASSPHRASE, sender } from "../helpers/tablet.js";

/** @typedef {import("../../../static/src/sync/engine.js").EngineState} EngineState */

const MINUTE = 60_000;

/** Time that passes when the test says so. */
class FakeClock {
  time = Date.parse("2026-05-03T10:00:00Z");
  /** @type {{at: number, work: () => void} | null} */
  timer = null;
  now = () => this.time;
  after = (/** @type {() => void} */ work, /** @type {number} */ ms) => {
    this.timer = { at: this.time + ms, work };
    return this.timer;
  };
  cancel = (/** @type {any} */ timer) => {
    if (timer === this.timer) this.timer = null;
  };
  /** @param {number} ms */
  pass(ms) {
    this.time += ms;
    const due = this.timer;
    if (!due || due.at > this.time) return;
    this.timer = null;
    due.work();
  }
}

/** One lock for all windows, as the browser's: one holder, the others queue. */
class FakeLocks {
  /** @type {Promise<unknown>} */
  tail = Promise.resolve();
  held = 0;
  most = 0;
  /** @param {string} name @param {{signal: AbortSignal}} options @param {() => Promise<void>} work */
  request = (name, { signal }, work) => {
    assert.equal(name, "hvapp-sync");
    const turn = this.tail.then(async () => {
      signal.throwIfAborted();
      this.held += 1;
      this.most = Math.max(this.most, this.held);
      try {
        await work();
      } finally {
        this.held -= 1;
      }
    });
    this.tail = turn.catch(() => {});
    return turn;
  };
}

/** @type {(() => void)[]} */
const cleanups = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/**
 * @param {{vault?: import("../../../static/src/store/vault.js").Vault, server?: FakeServer, locks?: FakeLocks,
 *   random?: () => number, beforeLock?: (vault: import("../../../static/src/store/vault.js").Vault) => Promise<void>}} [options]
 */
async function tablet({
  vault,
  server = new FakeServer(),
  locks = new FakeLocks(),
  random = () => 0.5,
  beforeLock,
} = {}) {
  const open = vault ?? (await newVault());
  const clock = new FakeClock();
  server.now = clock.now;
  if (!vault) server.account = { id: open.account.id, name: open.account.name, role: "health_visitor" };
  /** @type {{visible: (() => void) | null, online: (() => void) | null}} */
  const page = { visible: null, online: null };
  const engine = createEngine({
    db: open.db,
    api: createApi({ fetch: server.fetch, now: clock.now }),
    clock,
    random,
    locks,
    beforeLock,
    page: {
      onVisible: (heard) => {
        page.visible = heard;
        return () => {
          page.visible = null;
        };
      },
      onOnline: (heard) => {
        page.online = heard;
        return () => {
          page.online = null;
        };
      },
    },
  });
  cleanups.push(() => engine.stop());
  engine.attach(open);
  /** @type {EngineState[]} */
  const states = [];
  engine.subscribe((state) => states.push(state));
  /**
   * Waits until the engine says so; the tests' only clock that runs by itself is the one that gives up.
   * @param {(state: EngineState) => boolean} condition @param {string} [what]
   */
  const until = async (condition, what = condition.toString()) => {
    for (let turn = 0; turn < 2000; turn += 1) {
      if (condition(engine.state())) return engine.state();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return assert.fail(`never came: ${what}; ${JSON.stringify(engine.state())}`);
  };
  return { vault: open, server, clock, page, engine, states, until, locks };
}

/** @param {EngineState} state */
const settled = ({ phase, nextTryAt }) => (phase === "idle" && nextTryAt !== null) || phase === "signed_out";

test("starting sends what waits, fetches what changed and says so", async () => {
  const { vault, server, clock, engine, states, until } = await tablet();
  await completeVisit(vault);
  await completeVisit(vault);
  server.change("child", "c1", { id: "c1" });
  engine.start();
  const state = await until(settled);
  assert.deepEqual(
    [state.waiting, state.refused, state.problem, state.progress, state.serverVersion],
    [0, 0, null, null, "9"],
  );
  assert.equal(state.lastContact, clock.time);
  assert.equal(state.lastReceipt, clock.time);
  const phases = states.map(({ phase }) => phase).filter((phase, at, all) => phase !== all[at - 1]);
  assert.deepEqual(phases, ["idle", "sending", "fetching", "idle"]);
  assert.ok(states.some(({ phase, waiting: left }) => phase === "sending" && left === 2));
  assert.ok(states.some(({ phase, progress }) => phase === "sending" && progress?.done === 2));
  assert.ok(states.some(({ phase, progress }) => phase === "fetching" && progress?.done === 1));
  assert.equal((await loadCaseload(vault)).children.size, 1);
  assert.deepEqual(server.devices.get(vault.deviceId), {
    name: "Test tablet",
    storage_persisted: null,
    account_id: vault.account.id,
  });
  assert.ok(Object.isFrozen(state));
});

test("what waits goes up before anything is asked; with nothing waiting the visitor is greeted first", async () => {
  const { vault, server, engine, until } = await tablet();
  await completeVisit(vault);
  engine.start();
  await until(settled);
  assert.deepEqual(
    server.calls.map(({ path }) => path.split("/").at(path.includes("/devices/") ? -2 : -1)),
    ["push", "confirm", "session", "devices", "changes"],
  );
  server.calls.length = 0;
  await engine.tryNow();
  assert.deepEqual(
    server.calls.map(({ path }) => path.split("/").at(-1)),
    ["session", "changes"],
  );
});

test("a visit sealed to a key that the service lost goes up again, sealed anew, in the same exchange", async () => {
  const { vault, server, engine, until } = await tablet();
  await completeVisit(vault);
  server.keys = [];
  await server.rotateKey();
  engine.start();
  const state = await until(settled);
  assert.deepEqual([state.waiting, state.problem, server.stored.size], [0, null, 1]);
});

test("times and the clock's offset are remembered for the next start, and go into the next visit", async () => {
  const { vault, server, clock, engine, until } = await tablet();
  server.now = () => clock.time + 5000;
  await completeVisit(vault);
  engine.start();
  await until(settled);
  engine.stop();
  assert.equal(await recall(vault, "clockOffset"), 5000);
  assert.equal((await completeVisit(vault)).rev?.clock_offset_ms, 5000);
  const next = await tablet({ vault });
  next.server.before = () => portal();
  next.engine.start();
  const state = await next.until(({ phase }) => phase === "offline");
  assert.deepEqual([state.lastContact, state.lastReceipt], [clock.time, clock.time]);
});

test("a visit completed while the app is open goes at once", async () => {
  const { vault, server, engine, until } = await tablet();
  engine.start();
  await until(settled);
  await completeVisit(vault);
  await until(() => server.stored.size === 1);
  await until((state) => settled(state) && state.waiting === 0);
});

test("a visit completed during an exchange goes with it or right after", async () => {
  const { vault, server, engine, until } = await tablet();
  let completed = false;
  server.after = async ({ path }) => {
    if (path === "/sync/v1/changes" && !completed) {
      completed = true;
      await completeVisit(vault);
    }
    return null;
  };
  engine.start();
  await until((state) => completed && settled(state) && state.waiting === 0);
  assert.equal(server.stored.size, 1);
});

test("the timer, the network and coming to the front each start an exchange", async () => {
  const { server, clock, page, engine, until } = await tablet();
  engine.start();
  await until(settled);
  for (const [what, trigger] of /** @type {[string, () => void][]} */ ([
    ["visible", () => page.visible?.()],
    ["online", () => page.online?.()],
    ["timer", () => clock.pass(8 * MINUTE)],
    ["by hand", () => void engine.tryNow()],
  ])) {
    server.calls.length = 0;
    trigger();
    await until((state) => server.callsTo("/sync/v1/changes").length === 1 && settled(state), what);
  }
});

test("offline: waits at random within a span that doubles from 2 seconds to 15 minutes", async () => {
  const draws = [1, 1, 0.5, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1];
  let draw = 0;
  const { server, clock, engine, until } = await tablet({ random: () => draws[draw++] });
  server.before = () => {
    throw new TypeError("Failed to fetch");
  };
  engine.start();
  const waits = [];
  for (let turn = 0; turn < 12; turn += 1) {
    const { nextTryAt, problem } = await until(
      ({ phase, nextTryAt }) => phase === "offline" && nextTryAt !== null && nextTryAt > clock.time,
    );
    assert.equal(problem, null);
    waits.push(Number(nextTryAt) - clock.time);
    const before = server.calls.length;
    clock.pass(Number(nextTryAt) - clock.time);
    await until(() => server.calls.length > before);
  }
  assert.deepEqual(
    waits,
    [2, 4, 4, 16, 0.5, 64, 128, 256, 512, 900, 900, 900].map((seconds) => seconds * 1000),
  );
});

test("success begins the span anew, and so does a try by hand", async () => {
  const { server, clock, engine, until } = await tablet({ random: () => 1 });
  const breaks = () => {
    throw new TypeError("Failed to fetch");
  };
  server.before = breaks;
  engine.start();
  for (let turn = 0; turn < 4; turn += 1) {
    await until(({ phase, nextTryAt }) => phase === "offline" && Number(nextTryAt) > clock.time);
    if (turn < 3) clock.pass(15 * MINUTE);
  }
  await engine.tryNow();
  assert.equal(Number(engine.state().nextTryAt) - clock.time, 2000);
  await engine.tryNow();
  server.before = () => null;
  await engine.tryNow();
  server.before = breaks;
  clock.pass(8 * MINUTE);
  await until(({ phase, nextTryAt }) => phase === "offline" && Number(nextTryAt) > clock.time);
  assert.equal(Number(engine.state().nextTryAt) - clock.time, 2000);
});

test("the network coming back during a failing try is not missed", async () => {
  const { vault, server, page, engine, until } = await tablet();
  await completeVisit(vault);
  let tries = 0;
  server.before = () => {
    tries += 1;
    if (tries > 1) return null;
    page.online?.();
    throw new TypeError("Failed to fetch");
  };
  engine.start();
  await until((state) => settled(state) && state.waiting === 0);
});

test("signed out: visits still go, at once and by the timer; only the caseload waits for someone", async () => {
  const { vault, server, clock, engine, until } = await tablet();
  const who = server.account;
  await completeVisit(vault);
  server.account = null;
  server.change("child", "c1", { id: "c1" });
  engine.start();
  const state = await until(({ phase }) => phase === "signed_out");
  assert.deepEqual([state.waiting, server.stored.size], [0, 1]);
  assert.match(String(state.problem?.message), /still sent\. Sign in to fetch changes/);
  assert.equal((await loadCaseload(vault)).children.size, 0);
  server.calls.length = 0;
  clock.pass(8 * MINUTE);
  await until(() => server.callsTo("/api/v1/session").length === 1);
  await until(({ phase, nextTryAt }) => phase === "signed_out" && Number(nextTryAt) > clock.time);
  server.account = who;
  await engine.tryNow();
  assert.deepEqual([engine.state().phase, engine.state().problem], ["idle", null]);
  assert.equal((await loadCaseload(vault)).children.size, 1);
});

test("a tablet the service does not know keeps everything, and is known again once its visitor signs in", async () => {
  const { vault, server, engine, clock, until } = await tablet();
  const who = server.account;
  server.account = null;
  server.unknown.add(vault.id);
  await completeVisit(vault);
  engine.start();
  await until(({ phase }) => phase === "signed_out");
  assert.equal(await waiting(vault), 1);
  assert.equal((await vault.db.vaults.get(vault.id))?.token, null);
  assert.ok((await vault.db.outbox.all()).every(({ faults }) => faults === 0));
  server.account = who;
  clock.pass(8 * MINUTE);
  await until((state) => settled(state) && state.waiting === 0);
  assert.equal(server.stored.size, 1);
});

test("nobody's caseload is fetched while another visitor is signed in; visits go under their own name", async () => {
  const { vault, server, engine, until } = await tablet();
  await completeVisit(vault);
  server.account = { id: "a-tom", name: "Tom", role: "health_visitor" };
  server.change("child", "c-of-tom", { id: "c-of-tom" });
  engine.start();
  const state = await until(({ phase }) => phase === "signed_out");
  assert.match(String(state.problem?.message), /Someone else is signed in/);
  assert.equal(server.callsTo("/sync/v1/changes").length, 0);
  assert.equal((await loadCaseload(vault)).children.size, 0);
  assert.equal([...server.stored.values()][0].rev.author_id, vault.account.id);
});

test("another visitor who signs in while visits go up does not get this caseload", async () => {
  for (const path of ["/sync/v1/push", "/sync/v1/changes"]) {
    const { vault, server, engine, until } = await tablet();
    await completeVisit(vault);
    server.change("child", "c-of-tom", { id: "c-of-tom" });
    server.before = (call) => {
      if (call.path === path) server.account = { id: "a-tom", name: "Tom", role: "health_visitor" };
      return null;
    };
    engine.start();
    const state = await until(({ phase }) => phase === "signed_out");
    assert.match(String(state.problem?.message), /Someone else is signed in/);
    assert.equal(server.stored.size, 1);
    assert.equal((await loadCaseload(vault)).children.size, 0);
    engine.stop();
  }
});

test("a wait the server asks for is kept by every trigger but the visitor's hand", async () => {
  const { vault, server, clock, page, engine, until } = await tablet();
  await completeVisit(vault);
  server.before = ({ path }) =>
    path === "/sync/v1/push" ? fail(503, "busy", "x", { "Retry-After": "120" }) : null;
  engine.start();
  const state = await until(({ phase }) => phase === "waiting");
  assert.equal(Number(state.nextTryAt) - clock.time, 120_000);
  assert.match(String(state.problem?.message), /busy/);
  server.before = () => null;
  server.calls.length = 0;
  page.online?.();
  page.visible?.();
  await completeVisit(vault);
  await until(({ waiting: left }) => left === 2);
  assert.equal(server.calls.length, 0);
  clock.pass(120_000);
  await until((now) => settled(now) && now.waiting === 0);
});

test("one bad item: the rest is sent, the caseload fetched, and the problem said", async () => {
  const { vault, server, clock, engine, until } = await tablet();
  const bad = await completeVisit(vault);
  await completeVisit(vault);
  server.change("child", "c1", { id: "c1" });
  server.before = ({ path, body }) =>
    path === "/sync/v1/push" && body.items.some((/** @type {any} */ { rev_id }) => rev_id === bad.id)
      ? fail(500, "fault", "x")
      : null;
  engine.start();
  const state = await until(({ phase }) => phase === "waiting");
  assert.equal(state.waiting, 1);
  assert.match(String(state.problem?.message), /went wrong at the service.*safe/);
  assert.ok(Number(state.nextTryAt) > clock.time);
  assert.equal((await loadCaseload(vault)).children.size, 1);
});

test("a refused visit is counted apart and does not keep the engine busy", async () => {
  const { vault, server, engine, until } = await tablet();
  await completeVisit(vault);
  server.judge = () => ({ result: "rejected:malformed" });
  engine.start();
  const state = await until(settled);
  assert.deepEqual([state.waiting, state.refused, state.problem], [0, 1, null]);
});

test("a name the server will not take does not hold up visits", async () => {
  const { vault, server, engine, until } = await tablet();
  await completeVisit(vault);
  server.before = ({ path }) => (path.includes("devices") ? fail(409, "name_taken", "x") : null);
  engine.start();
  await until((state) => settled(state) && state.waiting === 0);
});

test("a full disk does not keep visits from going up, and says so when the caseload has no room", async () => {
  const { vault, server, engine, until } = await tablet();
  await completeVisit(vault);
  server.change("child", "c1", { id: "c1" });
  const stop = beforeEachWrite((_act, store) => {
    if (["notes", "chunks", "heads"].includes(store)) full();
  });
  engine.start();
  const state = await until(({ phase }) => phase === "waiting");
  assert.equal(state.waiting, 0);
  assert.equal(server.stored.size, 1);
  assert.match(String(state.problem?.message), /no space left/);
  stop();
});

test("two windows never talk at once, and everything arrives once", async () => {
  const locks = new FakeLocks();
  const one = await tablet({ locks });
  const two = await tablet({ vault: one.vault, server: one.server, locks });
  for (let visit = 0; visit < 5; visit += 1) await completeVisit(one.vault);
  one.engine.start();
  two.engine.start();
  await completeVisit(one.vault);
  await one.until((state) => settled(state) && state.waiting === 0);
  await two.until((state) => settled(state) && state.waiting === 0);
  assert.equal(locks.most, 1);
  const sent = one.server
    .callsTo("/sync/v1/push")
    .flatMap(({ body }) => body.items.map((/** @type {any} */ { rev_id }) => rev_id));
  assert.deepEqual([sent.length, new Set(sent).size], [6, 6]);
});

test("stopping ends it: what is under way is settled, nothing new begins, locking is safe", async () => {
  const { vault, server, clock, page, engine, until } = await tablet();
  await completeVisit(vault);
  server.after = ({ path }) => {
    if (path === "/sync/v1/push") {
      engine.stop();
      vault.lock();
    }
    return null;
  };
  engine.start();
  await until(({ phase }) => phase === "sending");
  await until(({ phase }) => phase === "idle");
  const [{ state, receipt }] = await vault.db.outbox.all();
  assert.ok(["acked", "confirmed"].includes(state) && receipt, "the receipt was not lost");
  assert.equal(server.callsTo("/sync/v1/changes").length, 0);
  server.calls.length = 0;
  assert.deepEqual([page.online, page.visible, clock.timer], [null, null, null]);
  await engine.tryNow();
  clock.pass(60 * MINUTE);
  assert.equal(server.calls.length, 0);
});

test("an engine that was stopped can be started again", async () => {
  const { vault, engine, until } = await tablet();
  engine.start();
  engine.stop();
  await completeVisit(vault);
  engine.start();
  await until((state) => settled(state) && state.waiting === 0);
  assert.equal((await listItems(vault))[0].state, "confirmed");
});

test("with nobody at the tablet it goes on sending for all, counts what waits, and asks for no session", async () => {
  const { vault, server, engine, until } = await tablet();
  const tom = await newVault({ db: vault.db, id: "a-tom" });
  await completeVisit(vault);
  await completeVisit(tom);
  vault.lock();
  engine.detach();
  server.before = () => portal();
  engine.start();
  const waits = await until(({ phase }) => phase === "offline");
  assert.deepEqual([waits.waiting, waits.others], [0, 2]);
  server.before = () => null;
  await engine.tryNow();
  assert.deepEqual([engine.state().others, server.stored.size], [0, 2]);
  assert.equal(server.callsTo("/api/v1/session").length, 0);
  assert.equal(server.callsTo("/sync/v1/changes").length, 0);
  assert.equal(typeof engine.state().lastReceipt, "number");
});

test("unlocking begins fetching for that visitor, locking ends it in the middle, and sending goes on", async () => {
  const { vault, server, engine, until } = await tablet();
  for (let n = 0; n < 250; n += 1) server.change("child", `c${n}`, { id: `c${n}` });
  server.after = ({ path }) => {
    if (path === "/sync/v1/changes") {
      vault.lock();
      engine.detach();
    }
    return null;
  };
  engine.start();
  await until(({ phase, nextTryAt }) => phase === "idle" && nextTryAt !== null);
  assert.equal(server.callsTo("/sync/v1/changes").length, 1);
  assert.equal(engine.state().problem, null);
  server.after = () => null;
  const open = await unlock("a-priya", PASSPHRASE, { db: vault.db });
  engine.attach(open);
  await until(({ phase, nextTryAt }) => phase === "idle" && nextTryAt !== null && !engine.state().progress);
  await until(() => server.callsTo("/sync/v1/changes").length > 1);
  await until(settled);
  assert.equal((await loadCaseload(open)).children.size, 250);
});

test("a fresh vault is registered, its visits sealed to the key it is told, and sent, in one exchange", async () => {
  const vault = await newVault({ fresh: true });
  await completeVisit(vault);
  const { server, engine, until } = await tablet({ vault });
  server.account = { id: vault.account.id, name: "x", role: "health_visitor" };
  engine.start();
  await until((state) => settled(state) && state.waiting === 0);
  assert.equal(server.stored.size, 1);
  assert.equal((await vault.db.vaults.get(vault.id))?.token, sender(vault).token);
});

test("a closed vault of hers that had no token gets one when she signs in, and is delivered", async () => {
  const vault = await newVault();
  const db = vault.db;
  await completeVisit(vault);
  await update(db, "vaults", vault.id, { token: null });
  const fresh = await startAgain({
    account: vault.account,
    passphrase: "quite another passphrase",
    deviceName: "T",
    db,
    iterations: FEW_ITERATIONS,
  });
  const { server, engine, until } = await tablet({ vault: fresh });
  server.account = { id: vault.account.id, name: "x", role: "health_visitor" };
  engine.start();
  await until((state) => settled(state) && state.others === 0);
  assert.deepEqual(
    [...server.stored.values()].map(({ rev }) => rev.device_id),
    [vault.id],
  );
});

test("another visitor's trouble is tried again and not shown to whoever is at the tablet", async () => {
  const { vault, server, clock, engine, until } = await tablet({ random: () => 1 });
  const other = await newVault({ db: vault.db, id: "a-tom" });
  await completeVisit(other);
  other.lock();
  server.before = ({ path, body }) =>
    path === "/sync/v1/push" && body.device_id === other.id ? fail(500, "oops", "Oops.") : null;
  engine.start();
  const state = await until(settled);
  assert.deepEqual([state.problem, state.waiting, state.others], [null, 0, 1]);
  assert.equal(Number(state.nextTryAt) - clock.time, 2000);
  engine.detach();
  await engine.tryNow();
  assert.match(String(engine.state().problem?.message), /Something went wrong at the service/);
  assert.equal(engine.state().phase, "waiting");
});

test("the vault in use is registered last, and an order about another of hers is not taken for its own", async () => {
  const vault = await newVault({ fresh: true });
  await completeVisit(vault);
  const { account, db } = vault;
  const passphrase = "quite another passphrase";
  const next = await startAgain({ account, deviceName: "T", db, iterations: FEW_ITERATIONS, passphrase });
  // Read in the order of ids, the one in use would come first.
  const row = await db.vaults.get(vault.id);
  assert.ok(row);
  await remove(db, "vaults", vault.id);
  await put(db, "vaults", { ...row, id: "ffffffff-0000-7000-8000-000000000000" });
  const { server, engine, until } = await tablet({ vault: next });
  server.account = { id: account.id, name: account.name, role: "health_visitor" };
  engine.start();
  await until(settled);
  assert.deepEqual([...server.devices.keys()], ["ffffffff-0000-7000-8000-000000000000", next.id]);
  await update(db, "vaults", "ffffffff-0000-7000-8000-000000000000", { token: null });
  server.revoked.add("ffffffff-0000-7000-8000-000000000000");
  await engine.tryNow();
  assert.deepEqual([engine.state().phase, engine.state().revoked], ["idle", false]);
});

test("a vault that is closed for good elsewhere is locked after what is being written is saved", async () => {
  /** @type {unknown[]} */
  const heard = [];
  const { vault, engine, until } = await tablet({
    beforeLock: async (closing) => {
      heard.push([closing.id, closing.locked]);
    },
  });
  engine.start();
  await until(settled);
  const { account, db } = vault;
  const passphrase = "quite another passphrase";
  await startAgain({ account, deviceName: "T", db, iterations: FEW_ITERATIONS, passphrase });
  await until(({ revoked }) => revoked);
  assert.deepEqual([heard, vault.locked], [[[vault.id, false]], true]);
});

test("taken out of use: what waits is sent, nothing is fetched, and the state says so", async () => {
  const { vault, server, engine, until } = await tablet();
  await completeVisit(vault);
  server.change("child", "c1", { id: "c1" });
  server.revoked.add(vault.id);
  engine.start();
  const state = await until((now) => settled(now) && now.revoked);
  assert.deepEqual([state.waiting, server.stored.size, state.problem], [0, 1, null]);
  assert.equal((await loadCaseload(vault)).children.size, 0);
  assert.ok(await vault.db.vaults.get(vault.id), "its visits are still its visitor's to read");
});

test("wiped while it is open: what can be saved is sent, the keys are dropped, and every window hears of it", async () => {
  const { vault, server, engine, until, locks } = await tablet();
  const other = await unlock("a-priya", PASSPHRASE, { db: vault.db });
  const second = await tablet({ vault: other, server, locks });
  engine.start();
  await until(settled);
  second.engine.start();
  await second.until(settled);
  await completeVisit(vault);
  const draft = draftFor();
  await saveDraft(vault, draft);
  server.revoked.add(vault.id);
  server.commands.set(vault.id, [wipeOrder(vault.id, "a-priya")]);
  await engine.tryNow();
  await until(({ revoked }) => revoked);
  await second.until(({ revoked }) => revoked);
  assert.deepEqual([vault.locked, other.locked], [true, true]);
  assert.deepEqual([server.stored.size, [...server.drafts.keys()]], [1, [draft.id]]);
  assert.deepEqual(
    server.reports.map(({ left }) => left),
    [0],
  );
  assert.equal(await vault.db.vaults.count(), 0);
  for (const store of /** @type {const} */ (["outbox", "drafts", "chunks", "heads", "notes"])) {
    assert.equal(await vault.db[store].count(), 0, store);
  }
});

test("a lease that runs out while nobody is near takes the caseload; the next download brings it back", async () => {
  const { vault, server, clock, engine, until } = await tablet();
  server.change("child", "c1", { id: "c1" });
  engine.start();
  await until(settled);
  server.before = () => portal();
  clock.pass(6 * 24 * 60 * MINUTE);
  await until(({ phase }) => phase === "offline");
  assert.equal(await vault.db.chunks.count(), 1);
  clock.pass(25 * 60 * MINUTE);
  const state = await until(({ caseloadLost }) => caseloadLost);
  assert.deepEqual([state.phase, await vault.db.chunks.count()], [state.phase, 0]);
  server.before = () => null;
  await engine.tryNow();
  assert.equal(engine.state().caseloadLost, false);
  assert.deepEqual([...(await loadCaseload(vault)).children.keys()], ["c1"]);
});

test("the connection to the database is opened again when the app comes back to the front", async () => {
  const { vault, server, page, engine, until } = await tablet();
  engine.start();
  await until(settled);
  vault.db.close();
  server.calls.length = 0;
  page.visible?.();
  await until((state) => server.callsTo("/sync/v1/changes").length === 1 && settled(state));
});
