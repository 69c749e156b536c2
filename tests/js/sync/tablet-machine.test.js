/**
 * Random lives of a tablet that two visitors share in two windows: visits begun, completed and delivered, vaults
 * locked, given up and wiped, a server that fails, forgets and is restored from a backup, and windows that die at
 * any step of the database or of the network. Whatever happens: nothing counts as acknowledged that the server has
 * not taken, nothing is removed that it has not confirmed, each visit reaches it as one and the same, numbers have
 * no gap, and nothing that was written about a family lies open on the disk.
 */

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { IDBDatabase as FDBDatabase } from "fake-indexeddb";
import fc from "fast-check";
import { unwrap } from "idb";
import { refreshRescues } from "../../../static/src/store/rescue.js";
import { resealWaiting } from "../../../static/src/store/resealing.js";
import { startAgain, unlock } from "../../../static/src/store/vault.js";
import { createApi } from "../../../static/src/sync/api.js";
import { deliver } from "../../../static/src/sync/courier.js";
import { update } from "../helpers/disk.js";
import { wipeOrder } from "../helpers/sealing.js";
import { FakeServer, fail, json, portal } from "../helpers/server.js";
import {
  account,
  diskText,
  draftFor,
  FEW_ITERATIONS,
  introduced,
  newDatabase,
  newVault,
  otherWindow,
  PASSPHRASE,
  revisionOf,
} from "../helpers/tablet.js";

/** @typedef {import("../../../static/src/store/vault.js").Vault} Vault */
/** @typedef {import("../../../static/src/store/db.js").TabletDatabase} TabletDatabase */

const RUNS = Number(process.env.HVAPP_MACHINE_RUNS ?? 20);
const CANARY = "CANARY Amelia";
const PEOPLE = /** @type {const} */ (["a-priya", "a-tom"]);
const DAY = 24 * 60 * 60_000;

const TROUBLE = /** @type {const} */ ([
  "none",
  "none",
  "none",
  "no network",
  "answer lost",
  "portal",
  "500",
  "503",
  "unknown tablet",
  "another key",
  "rejected",
  "nothing held",
]);

const window = fc.nat({ max: 1 });
const who = fc.constantFrom(...PEOPLE);
/** At which step the window dies, if it does: before, in the middle of or after a transaction or request. */
const death = fc.option(
  fc.record({ step: fc.nat({ max: 14 }), how: fc.constantFrom("before", "middle", "after") }),
  { freq: 3 },
);
const action = fc.oneof(
  fc.record({ do: fc.constant("unlock"), window, who, death: fc.constant(null) }),
  fc.record({ do: fc.constant("lock"), window, death: fc.constant(null) }),
  { weight: 3, arbitrary: fc.record({ do: fc.constant("begin"), window, death }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("complete"), window, which: fc.nat(), death }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("deliver"),
      window,
      trouble: fc.constantFrom(...TROUBLE),
      onCall: fc.nat({ max: 3 }),
      death,
    }),
  },
  fc.record({ do: fc.constant("backup"), window, death: fc.constant(null) }),
  fc.record({ do: fc.constant("restore"), window, death: fc.constant(null) }),
  fc.record({ do: fc.constant("server forgets"), window, which: fc.nat(), death: fc.constant(null) }),
  fc.record({ do: fc.constant("time"), window, days: fc.constantFrom(0.5, 2, 31), death: fc.constant(null) }),
  fc.record({ do: fc.constant("start again"), window, who, death }),
  fc.record({ do: fc.constant("wipe"), window, who, death: fc.constant(null) }),
);

/** One window of the app: its own connection, its own memory, at most one vault open. */
class Window {
  /** @type {Vault | null} */
  vault = null;
  /** @type {unknown} */
  connection = null;
  dead = false;
  /** Transactions and requests until it dies. */
  left = Number.POSITIVE_INFINITY;
  how = "before";
  /** @type {() => void} */
  died = () => {};

  /** @param {string} disk @param {FakeServer} server */
  constructor(disk, server) {
    this.db = newDatabase(disk);
    const open = this.db.open.bind(this.db);
    this.db.open = async () => {
      const connection = await open();
      this.connection = unwrap(connection);
      return connection;
    };
    this.api = createApi({ fetch: (...request) => this.fetch(server, ...request) });
  }

  /** @param {FakeServer} server @param {any} url @param {any} init @returns {Promise<Response>} */
  async fetch(server, url, init) {
    const dying = this.dead || --this.left < 0;
    if (this.dead || (dying && this.how === "before")) return this.die();
    const answer = await server.fetch(url, init);
    return dying || this.dead ? this.die() : answer;
  }

  /** Nothing this window would have done next ever happens. @returns {Promise<never>} */
  die() {
    const never = /** @type {Promise<never>} */ (new Promise(() => {}));
    if (!this.dead) {
      this.dead = true;
      const gone = /** @type {any} */ (() => never);
      this.db.close();
      Object.assign(this.db, { open: gone, run: gone });
      this.died();
    }
    return never;
  }
}

/** @type {Set<Window>} */
const windows = new Set();
const real = FDBDatabase.prototype.transaction;
FDBDatabase.prototype.transaction = /** @this {any} @param {any[]} request */ function (...request) {
  const at = [...windows].find(({ connection, dead }) => !dead && connection === this);
  if (at && --at.left < 0) {
    if (at.how === "before") {
      at.die();
      throw new DOMException("the window is gone", "InvalidStateError");
    }
    const made = real.apply(this, /** @type {any} */ (request));
    if (at.how === "after") made.addEventListener("complete", () => void at.die());
    else dieWithin(made, at);
    return made;
  }
  return real.apply(this, /** @type {any} */ (request));
};

/**
 * Once its first request has been answered: an imitation that never starts a transaction that is aborted while
 * waiting would hold up those behind it.
 * @param {any} made @param {Window} at
 */
function dieWithin(made, at) {
  const start = made._start;
  made._start = () => {
    made._start = start;
    start.call(made);
    try {
      made.abort();
    } catch {
      // It had ended already.
    }
    at.die();
  };
}
after(() => {
  FDBDatabase.prototype.transaction = real;
});

class Life {
  static lives = 0;
  disk = `shared-${++Life.lives}`;
  server = new FakeServer();
  time = Date.parse("2026-05-03T10:00:00Z");
  /** What the server took, ever: hash by id. @type {Map<string, string>} */
  taken = new Map();
  /** What it said it held, ever. @type {Set<string>} */
  held = new Set();
  /** Every completed visit. @type {Map<string, {sha256: string, device: string, seq: number}>} */
  completed = new Map();
  /** Completing or beginning was cut off: there or not, but not half. @type {Set<string>} */
  uncertain = new Set();
  /** Unfinished visits, by window. @type {Map<string, {draft: any, window: Window, device: string}>} */
  open = new Map();
  /** Rows as last looked at. @type {Map<string, import("../../../static/src/store/db.js").OutboxRow>} */
  before = new Map();
  saved = this.server.backup();
  /** @type {(Window & {drafts?: any, outbox?: any})[]} */
  windows = [];
  begun = 0;

  async begin() {
    this.look = newDatabase(this.disk);
    for (const id of PEOPLE) await newVault({ db: this.look, id });
    this.windows = [await this.newWindow(), await this.newWindow()];
    this.server.now = () => this.time;
    const { take, confirm } = this.server;
    this.server.take = async (device, item) => {
      const answer = await take.call(this.server, device, item);
      const { rev } = this.server.stored.get(item.rev_id) ?? {};
      if (answer.receipt) this.taken.set(rev.rev_id, rev.sha256);
      return answer;
    };
    this.server.confirm = (call) => {
      const response = confirm.call(this.server, call);
      for (const { rev } of this.server.stored.values()) {
        if (rev.device_id === call.body.device_id) this.held.add(rev.rev_id);
      }
      return response;
    };
  }

  get disks() {
    return /** @type {TabletDatabase} */ (this.look);
  }

  async newWindow() {
    const made = Object.assign(new Window(this.disk, this.server), await otherWindow());
    windows.add(made);
    return made;
  }

  /** @param {any} step */
  async act(step) {
    // It may have died of the last thing it did, a moment after that was over.
    if (this.windows[step.window].dead) await this.replace(step.window);
    const at = this.windows[step.window];
    at.left = step.death?.step ?? Number.POSITIVE_INFINITY;
    at.how = step.death?.how ?? "before";
    const dying = new Promise((resolve) => {
      at.died = () => resolve(undefined);
    });
    await Promise.race([this.perform(at, step), dying]);
    at.left = Number.POSITIVE_INFINITY;
    if (at.dead) await this.replace(step.window);
  }

  /** @param {number} index */
  async replace(index) {
    const at = this.windows[index];
    for (const [id, { window }] of this.open) if (window === at) this.open.delete(id);
    // Whatever it had asked of the disk is done or undone once another gets its turn.
    await new Promise((resolve) => setTimeout(resolve, 2));
    windows.delete(at);
    this.windows[index] = await this.newWindow();
  }

  /** @param {Window & {drafts?: any, outbox?: any}} at @param {any} step @returns {Promise<unknown>} */
  async perform(at, step) {
    const { vault, db } = at;
    const { server } = this;
    switch (step.do) {
      case "unlock":
        at.vault?.lock();
        at.vault = await unlock(step.who, PASSPHRASE, { db, now: this.time }).catch(() => null);
        return;
      case "lock":
        if (vault && !vault.locked) await refreshRescues(vault).catch(() => {});
        vault?.lock();
        at.vault = null;
        return;
      case "begin": {
        if (!vault || vault.locked) return;
        const draft = draftFor(`child-${this.begun++}`);
        draft.answers.note = CANARY;
        const saved = await at.drafts.saveDraft(vault, draft).then(
          () => true,
          () => false,
        );
        if (saved) this.open.set(draft.id, { draft, window: at, device: vault.id });
        return;
      }
      case "complete": {
        const mine = [...this.open.values()].filter(({ window }) => window === at);
        const one = mine[step.which % Math.max(mine.length, 1)];
        if (!one || !vault || vault.locked || vault.id !== one.device) return;
        this.uncertain.add(one.draft.id);
        const item = await at.outbox.sealDraft(vault, one.draft, revisionOf(one.draft)).catch(() => null);
        if (item) this.complete(item.rev);
        return;
      }
      case "deliver":
        return this.deliver(at, step.trouble, step.onCall);
      case "backup":
        this.saved = server.backup();
        return;
      case "restore":
        server.restore(this.saved);
        return;
      case "server forgets":
        server.stored.delete([...server.stored.keys()][step.which % Math.max(server.stored.size, 1)]);
        return;
      case "time":
        this.time += step.days * DAY;
        return;
      case "start again":
        at.vault = await this.startAgain(db, step.who);
        return;
      case "wipe": {
        const row = (await this.disks.vaults.all()).find((one) => one.accountId === step.who && !one.retired);
        if (row) server.commands.set(row.id, [wipeOrder(row.id, step.who)]);
      }
    }
  }

  /** @param {TabletDatabase} db @param {string} id */
  async startAgain(db, id) {
    const vault = await startAgain({
      account: account(id),
      passphrase: PASSPHRASE,
      deviceName: "T",
      db,
      iterations: FEW_ITERATIONS,
    });
    await introduced(vault);
    return vault;
  }

  /** @param {Window} at @param {typeof TROUBLE[number]} trouble @param {number} onCall */
  async deliver(at, trouble, onCall) {
    const { server } = this;
    let calls = 0;
    const hit = () => calls++ === onCall;
    const gone = () => {
      throw new TypeError("connection reset");
    };
    server.before = (call) => {
      if (["none", "answer lost", "nothing held"].includes(trouble) || !hit()) return null;
      if (trouble === "no network") gone();
      if (trouble === "portal") return portal();
      if (trouble === "500") return fail(500, "fault", "x");
      if (trouble === "503") return fail(503, "busy", "x");
      if (trouble === "unknown tablet") return fail(401, "unknown_tablet", "x");
      if (trouble === "another key" && call.body.items?.length) call.body.items.at(-1).kid = "none";
      if (trouble === "rejected") server.judge = () => ({ result: "rejected:malformed" });
      return null;
    };
    server.after = (call) => {
      if (trouble === "answer lost" && hit()) gone();
      if (trouble !== "nothing held" || call.path !== "/sync/v1/confirm") return null;
      const ranges = call.body.ranges.map((/** @type {any} */ { from, to }) => ({ from, to, held: false }));
      return json({ ranges, ...server.common(call.body.device_id) });
    };
    const { vault: open } = at;
    try {
      if (open && !open.locked) await resealWaiting(open);
      await deliver(at.db, at.api, { open, now: () => this.time });
    } catch {
      // Which error it is other tests say; here it must only do no harm.
    } finally {
      server.before = () => null;
      server.after = () => null;
      server.judge = () => null;
    }
  }

  /** @param {any} rev */
  complete({ rev_id: id, sha256, device_id: device, device_seq: seq }) {
    this.completed.set(id, { sha256, device, seq });
    this.uncertain.delete(id);
    this.open.delete(id);
  }

  async check() {
    const db = this.disks;
    const rows = new Map((await db.outbox.all()).map((row) => [row.id, row]));
    for (const row of rows.values()) {
      const { id, state, sha256, vault: device, seq, receipt } = row;
      const known = this.completed.get(id);
      if (known) assert.equal(known.sha256, sha256, "a completed visit never changes");
      else this.complete({ rev_id: id, sha256, device_id: device, device_seq: seq });
      if (state !== "acked" && state !== "confirmed") continue;
      assert.equal(this.taken.get(id), sha256, "acknowledged means the server has taken this very one");
      assert.ok(receipt);
      if (state === "confirmed")
        assert.ok(this.held.has(id), "confirmed means the server said that it holds it");
    }
    for (const [id, { sha256, device, seq }] of this.completed) {
      const taken = this.taken.get(id);
      if (taken) assert.equal(taken, sha256, "one id, one content");
      if (rows.has(id)) continue;
      assert.ok(this.held.has(id), `nothing is removed that is not confirmed: ${device} ${seq}`);
      const last = this.before.get(id);
      const wiped = !(await db.vaults.get(device));
      if (last && !wiped && (await db.vaults.get(device))?.wipe === null) {
        assert.ok(Number(last.confirmedAt) + 30 * DAY <= this.time, "nor before a month has passed");
      }
    }
    const devices = new Map();
    for (const { device, seq } of this.completed.values()) {
      devices.set(
        device,
        [...(devices.get(device) ?? []), seq].sort((a, b) => a - b),
      );
    }
    for (const seqs of devices.values()) {
      assert.deepEqual(
        seqs,
        [...seqs.keys()].map((at) => at + 1),
        "numbers have no gap and no double",
      );
    }
    for (const { draft, device } of this.open.values()) {
      if (this.uncertain.has(draft.id)) continue;
      const there = await db.drafts.get(draft.id);
      const closed = (await db.vaults.get(device))?.retired !== null;
      assert.ok(
        there || (closed && this.server.drafts.has(draft.id)),
        "an unfinished visit is here or handed over",
      );
    }
    const disk = await diskText(db);
    assert.ok(!disk.includes("CANARY") && !disk.includes("Amelia"), "a canary is in the clear");
    this.before = rows;
  }

  /** The server is well again, everybody unlocks once, and what was refused is tried again. */
  async end() {
    const db = this.disks;
    for (let round = 0; round < 3; round += 1) {
      this.time += 2 * DAY;
      for (const row of await db.vaults.all()) {
        await introduced(/** @type {any} */ ({ db, id: row.id, account: { id: row.accountId } }));
      }
      for (const { id, state } of await db.outbox.all())
        if (state === "refused") await update(db, "outbox", id, { state: "sealed" });
      const at = await this.newWindow();
      for (const id of PEOPLE) {
        at.vault = await unlock(id, PASSPHRASE, { db: at.db, now: this.time }).catch(() => null);
        await this.deliver(at, "none", 0);
      }
      windows.delete(at);
      at.db.close();
    }
    await this.check();
    for (const { state } of await db.outbox.all()) assert.equal(state, "confirmed");
    for (const [id, { sha256 }] of this.completed) assert.equal(this.taken.get(id), sha256, "it arrived");
    for (const at of this.windows) at.db.close();
    windows.clear();
    db.close();
  }
}

test("a shared tablet, windows that die and a server that forgets: no visit is lost, doubled or left in the open", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 30, size: "max" }), async (actions) => {
      const life = new Life();
      await life.begin();
      for (const [index, id] of PEOPLE.entries()) {
        await life.act({ do: "unlock", window: index, who: id, death: null });
      }
      for (const step of actions) {
        await life.act(step);
        await life.check();
      }
      await life.end();
    }),
    { numRuns: RUNS },
  );
});
