/**
 * Random lives of a tablet: visits begun, changed and completed, the browser killed at any moment, sendings that
 * fail in every way, answers that come twice or not at all. Whatever happens, each visit is in exactly one
 * place, nothing unconfirmed is ever removed, and in the end the server has each visit exactly once, as it was
 * completed.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { listItems } from "../../../static/src/store/outbox.js";
import { resealWaiting } from "../../../static/src/store/resealing.js";
import { unlock } from "../../../static/src/store/vault.js";
import { createApi } from "../../../static/src/sync/api.js";
import { pushOutbox } from "../../../static/src/sync/push.js";
import { FakeServer, fail, json, portal } from "../helpers/server.js";
import {
  draftFor,
  newDatabase,
  newVault,
  otherWindow,
  PASSPHRASE,
  revisionOf,
  sender,
} from "../helpers/tablet.js";

const FAILURES = /** @type {const} */ ([
  "none",
  "no network",
  "answer lost",
  "portal",
  "half the results",
  "no receipts",
  "500",
  "500 after storing",
  "413 above two",
  "413",
  "503",
  "401",
  "400",
  "unknown tablet",
  "another key",
  "sent twice",
  "rejected",
]);

const action = fc.oneof(
  fc.record({ do: fc.constant(/** @type {const} */ ("begin")) }),
  fc.record({ do: fc.constant(/** @type {const} */ ("answer")), which: fc.nat(), value: fc.nat() }),
  fc.record({ do: fc.constant(/** @type {const} */ ("complete")), which: fc.nat(), twice: fc.boolean() }),
  fc.record({
    do: fc.constant(/** @type {const} */ ("push")),
    failure: fc.constantFrom(...FAILURES),
    onCall: fc.nat({ max: 3 }),
  }),
  fc.record({
    do: fc.constant(/** @type {const} */ ("kill")),
    during: fc.constantFrom(/** @type {const} */ ("nothing"), "answer", "complete", "push"),
    which: fc.nat(),
    after: fc.nat({ max: 12 }),
  }),
);

class Life {
  /** Each visit's answers as last saved for certain, and those whose saving may have been cut off. */
  /** @type {Map<string, {draft: import("../../../static/src/types.js").Draft, saved: number, maybe: number[]}>} */
  open = new Map();
  /** Each completed visit's hash, once completing was certain. @type {Map<string, string>} */
  completed = new Map();
  /** Completing was cut off: here or there, but not lost. @type {Set<string>} */
  uncertain = new Set();
  server = new FakeServer();

  static lives = 0;
  name = `life-${++Life.lives}`;

  async begin() {
    this.vault = await newVault({ db: newDatabase(this.name) });
    this.server.account = { id: this.vault.account.id, name: "x", role: "health_visitor" };
    await this.newWindow();
  }

  async newWindow() {
    const { drafts, outbox } = await otherWindow();
    this.drafts = drafts;
    this.outbox = outbox;
  }

  get tablet() {
    return /** @type {import("../../../static/src/store/vault.js").Vault} */ (this.vault);
  }

  /** @param {number} which */
  pick(which) {
    const ids = [...this.open.keys()];
    return ids.length ? this.open.get(ids[which % ids.length]) : undefined;
  }

  async beginVisit() {
    const draft = draftFor(`child-${this.open.size}`);
    draft.answers.value = 0;
    this.open.set(draft.id, { draft, saved: 0, maybe: [] });
    await this.drafts?.saveDraft(this.tablet, draft);
  }

  /** @param {number} which @param {number} value */
  async answer(which, value) {
    const visit = this.pick(which);
    if (!visit) return;
    visit.draft.answers.value = value;
    visit.maybe.push(value);
    await this.drafts?.saveDraft(this.tablet, visit.draft);
    visit.saved = value;
    visit.maybe = [];
  }

  /** @param {number} which @param {boolean} twice */
  async complete(which, twice) {
    const visit = this.pick(which);
    if (!visit) return;
    const other = this.pick(which + 1);
    await Promise.all([
      this.seal(visit.draft),
      // A second tap, and another visit completed at the same moment.
      twice && this.seal(visit.draft),
      twice && other && other !== visit && this.seal(other.draft),
    ]);
  }

  /** @param {import("../../../static/src/types.js").Draft} draft */
  async seal(draft) {
    this.uncertain.add(draft.id);
    const item = await this.outbox?.sealDraft(this.tablet, draft, revisionOf(draft));
    const before = this.completed.get(draft.id);
    if (before) assert.equal(item?.rev?.sha256, before, "two taps make one visit");
    this.settle(draft.id, item?.rev);
  }

  /** @param {string} id @param {any} rev */
  settle(id, rev) {
    this.uncertain.delete(id);
    this.open.delete(id);
    this.completed.set(id, rev.sha256);
  }

  /** @param {typeof FAILURES[number]} failure @param {number} onCall */
  async push(failure, onCall) {
    const { server } = this;
    let calls = 0;
    /** @param {{path: string}} call */
    const hit = ({ path }) => path === "/sync/v1/push" && calls++ >= onCall;
    const gone = () => {
      throw new TypeError("connection reset");
    };
    server.before = (call) => {
      if (
        ["answer lost", "half the results", "no receipts", "500 after storing", "sent twice"].includes(
          failure,
        )
      )
        return null;
      if (failure === "none" || !hit(call)) return null;
      if (failure === "no network") gone();
      if (failure === "portal") return portal();
      if (failure === "413 above two") return call.body.items.length > 2 ? fail(413, "too_large", "x") : null;
      if (failure === "413") return new Response("<html>", { status: 413 });
      if (failure === "503") return fail(503, "busy", "x", { "Retry-After": "1" });
      if (failure === "401") return fail(401, "signed_out", "x");
      if (failure === "another key") call.body.items.at(-1).kid = "none";
      if (failure === "400") return fail(400, "malformed_json", "x");
      if (failure === "unknown tablet") return fail(401, "unknown_tablet", "x");
      if (failure === "500") return fail(500, "fault", "x");
      return null;
    };
    server.after = async (call) => {
      if (
        !["answer lost", "half the results", "no receipts", "500 after storing", "sent twice"].includes(
          failure,
        )
      )
        return null;
      if (!hit(call)) return null;
      if (failure === "answer lost") gone();
      if (failure === "500 after storing") return fail(500, "fault", "x");
      const { results } = await (await server.push(call)).json();
      if (failure === "sent twice") return json({ results: [...results, ...results] });
      if (failure === "half the results") return json({ results: results.slice(results.length / 2) });
      return json({ results: results.map((/** @type {any} */ result) => ({ ...result, receipt: null })) });
    };
    if (failure === "rejected")
      server.judge = () => (calls++ >= onCall ? { result: "rejected:malformed" } : null);
    // As the engine does before each sending: what the server could not open is sealed again.
    await resealWaiting(this.tablet);
    try {
      await pushOutbox(this.tablet.db, sender(this.tablet), createApi({ fetch: server.fetch }));
    } catch {
      // Which error it is the other tests say; here it must only do no harm.
    } finally {
      server.before = () => null;
      server.after = () => null;
      server.judge = () => null;
    }
  }

  /**
   * The browser is killed while it does something, at some moment, and started again.
   * @param {"nothing" | "answer" | "complete" | "push"} during @param {number} which @param {number} after
   */
  async kill(during, which, after) {
    const doing = {
      nothing: () => Promise.resolve(),
      answer: () => this.answer(which, 1000 + after),
      complete: () => this.complete(which, false),
      push: () => this.push("none", 0),
    }[during]();
    doing.catch(() => {});
    for (let turn = 0; turn < after; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    this.tablet.db.close();
    // What was committed is committed; what the killed window would have done next never happens here.
    await doing.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 2));
    this.vault = await unlock("a-priya", PASSPHRASE, { db: newDatabase(this.name) });
    await this.newWindow();
    const items = await listItems(this.tablet);
    for (const id of [...this.uncertain]) {
      const item = items.find((one) => one.id === id);
      if (item) this.settle(id, item.rev);
      else this.uncertain.delete(id);
    }
    for (const [id, visit] of this.open) {
      const draft = await this.drafts?.getDraft(this.tablet, id);
      assert.ok(draft, "an open visit is still there after a kill");
      const value = Number(draft.answers.value);
      assert.ok([visit.saved, ...visit.maybe].includes(value), "with its last saved answer");
      this.open.set(id, { draft, saved: value, maybe: [] });
    }
  }

  async check() {
    const vault = this.tablet;
    const [drafts, items] = [await this.drafts?.listDrafts(vault), await listItems(vault)];
    assert.deepEqual(
      drafts?.map(({ id }) => id).sort(),
      [...this.open.keys()].sort(),
      "drafts are the open visits",
    );
    assert.deepEqual(
      items.map(({ id }) => id).sort(),
      [...this.completed.keys()].sort(),
      "items are the completed visits",
    );
    assert.deepEqual(
      items.map(({ rev }) => rev?.device_seq),
      items.map((_item, index) => index + 1),
      "numbers have no gap",
    );
    for (const { id, rev, state, receipt } of items) {
      assert.equal(rev?.sha256, this.completed.get(id), "a completed visit never changes");
      const stored = this.server.stored.get(id);
      if (stored) assert.equal(stored.rev.sha256, rev?.sha256);
      assert.equal(state === "acked", receipt !== null);
      if (state === "acked")
        assert.deepEqual(receipt, stored?.receipt, "acknowledged means stored, with that receipt");
    }
  }

  /** The server is well again, and a person tries the refused ones again. */
  async end() {
    for (const { id, state } of await listItems(this.tablet)) {
      if (state === "refused") await this.outbox?.offerAgain(this.tablet, id);
    }
    for (let round = 0; round < 3; round += 1) await this.push("none", 0);
    for (const { id, state } of await listItems(this.tablet)) assert.equal(state, "acked", id);
    assert.deepEqual([...this.server.stored.keys()].sort(), [...this.completed.keys()].sort());
    this.tablet.db.close();
  }
}

test("whatever happens, each completed visit reaches the server exactly once and no other is lost", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 3, maxLength: 25, size: "max" }), async (actions) => {
      const life = new Life();
      await life.begin();
      for (const step of actions) {
        if (step.do === "begin") await life.beginVisit();
        else if (step.do === "answer") await life.answer(step.which, step.value);
        else if (step.do === "complete") await life.complete(step.which, step.twice);
        else if (step.do === "push") await life.push(step.failure, step.onCall);
        else await life.kill(step.during, step.which, step.after);
        await life.check();
      }
      await life.end();
    }),
    { numRuns: 40 },
  );
});
