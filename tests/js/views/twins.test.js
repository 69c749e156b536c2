import assert from "node:assert/strict";
import { test } from "node:test";
import { twinVisit } from "../../../static/src/views/twins.js";

/**
 * @param {string} id
 * @param {string} twinId
 * @param {string} home
 */
function child(id, twinId, home) {
  const siblings = [
    { child_id: "older", name: "Eva Field", twin: false },
    { child_id: twinId, name: `${twinId} Field`, twin: true },
  ];
  return /** @type {any} */ ([id, { id, body: { household: { id: home }, siblings } }]);
}

/** @param {Record<string, any>} more */
function state(more) {
  return /** @type {any} */ ({ childId: "Ivy", contactType: "new_birth", draft: null, item: null, ...more });
}

const DRAFT = /** @type {any} */ ({
  childId: "Ida",
  contactType: "new_birth",
  createdAt: "2026-05-03T11:00:00+01:00",
  answers: {},
});
const MORNING = { started_at: "2026-05-03T09:30:00+01:00", housing: ["cold"] };
const roster = new Map([child("Ida", "Ivy", "h1"), child("Ivy", "Ida", "h1")]);

test("an unfinished visit to the twin on the same day is found", () => {
  const open = { createdAt: "2026-05-03T09:30:00+01:00", answers: MORNING };
  assert.deepEqual(twinVisit({ roster, visits: [state({ draft: open })] }, DRAFT), {
    name: "Ivy Field",
    unfinished: true,
    answers: MORNING,
  });
});

test("so is one that was completed and waits", () => {
  const item = { rev: { payload: { answers: MORNING } } };
  assert.equal(twinVisit({ roster, visits: [state({ item })] }, DRAFT)?.unfinished, false);
});

test("another day, kind, household, or a brother who is no twin is not", () => {
  const open = { createdAt: "", answers: MORNING };
  const none = (/** @type {any} */ visits, /** @type {any} */ people = roster) =>
    assert.equal(twinVisit({ roster: people, visits }, DRAFT), null);
  none([state({ draft: { ...open, answers: { started_at: "2026-05-02T23:59:00+01:00" } } })]);
  none([state({ draft: open, contactType: "targeted" })]);
  none([state({ draft: open, childId: "older" })]);
  none([state({ draft: open })], new Map([child("Ida", "Ivy", "h1"), child("Ivy", "Ida", "h2")]));
  none([state({ visit: { id: "v1" } })]);
});
