import assert from "node:assert/strict";
import { test } from "node:test";
import { problemWords, questions, sentRevision, visitStates } from "../../../static/src/views/visits.js";

const AT = "2026-11-20T09:00:00+00:00";

/** @param {Record<string, any>} more */
function serverVisit(more) {
  return { id: "v1", child_id: "c1", contact_type: "new_birth", head_rev: "r1", received_at: AT, ...more };
}

/**
 * @param {string} state
 * @param {Record<string, any>} [rev]
 */
function item(state, rev = {}) {
  return {
    id: rev.rev_id ?? "r1",
    rev: {
      rev_id: "r1",
      visit_id: "v1",
      child_id: "c1",
      contact_type: "new_birth",
      parent_rev: null,
      device_seq: 1,
      sealed_at: AT,
      ...rev,
    },
    state,
    receipt: null,
    problem: null,
    sealedAt: AT,
  };
}

const draft = {
  id: "r2",
  visitId: "v1",
  childId: "c1",
  contactType: "new_birth",
  parentRev: "r1",
  updatedAt: "2026-11-20T10:00:00+00:00",
};

/** @param {any[]} visits */
const told = (...visits) => new Map(visits.map((visit) => [visit.id, visit]));

test("a completed visit waits until the server has given a receipt", () => {
  assert.equal(visitStates([], [item("sealed")], told())[0].state, "waiting");
  assert.equal(visitStates([], [item("acked")], told())[0].state, "received");
});

test("the server's word stands once it has this very revision", () => {
  const [state] = visitStates([], [item("acked")], told(serverVisit({ state: "approved" })));
  assert.equal(state.state, "approved");
});

test("a correction that waits is shown before what the server last said", () => {
  const correction = item("sealed", { rev_id: "r2", parent_rev: "r1", device_seq: 2 });
  const returned = serverVisit({ state: "returned", returned: { comment: "?", queries: [] } });
  assert.equal(visitStates([], [item("acked"), correction], told(returned))[0].state, "waiting");
});

test("a correction that has arrived is not shown as sent back again", () => {
  const correction = item("acked", { rev_id: "r2", parent_rev: "r1", device_seq: 2 });
  const returned = serverVisit({ state: "returned", returned: { comment: "?", queries: [] } });
  assert.equal(visitStates([], [item("acked"), correction], told(returned))[0].state, "received");
});

test("an older revision of ours does not hide a newer one of the server's", () => {
  const head = serverVisit({ state: "approved", head_rev: "r2" });
  const second = item("acked", { rev_id: "r2", parent_rev: "r1", device_seq: 2 });
  assert.equal(visitStates([], [item("acked"), second], told(head))[0].state, "approved");
});

test("an answer being written keeps the supervisor's question", () => {
  const returned = serverVisit({ state: "returned", returned: { comment: "Weight?", queries: [] } });
  const [state] = visitStates([draft], [item("acked")], told(returned));
  assert.equal(state.state, "draft");
  assert.equal(questions(state)?.comment, "Weight?");
});

test("a question that was answered is no longer asked", () => {
  const correction = item("sealed", { rev_id: "r2", parent_rev: "r1", device_seq: 2 });
  const returned = serverVisit({ state: "returned", returned: { comment: "Weight?", queries: [] } });
  const [state] = visitStates([], [item("acked"), correction], told(returned));
  assert.equal(questions(state), null);
});

test("what asks for the visitor comes first, then the newest", () => {
  const states = visitStates(
    [{ ...draft, id: "d", visitId: "v9" }],
    [item("sealed", { visit_id: "v5", rev_id: "r5" })],
    told(
      serverVisit({ id: "v2", state: "in_red_book" }),
      serverVisit({ id: "v3", state: "returned", received_at: "2026-11-18T09:00:00+00:00" }),
      serverVisit({ id: "v4", state: "returned", received_at: "2026-11-19T09:00:00+00:00" }),
    ),
  );
  assert.deepEqual(
    states.map(({ visitId }) => visitId),
    ["v4", "v3", "v9", "v5", "v2"],
  );
});

test("what cannot be read stands under no visit", () => {
  assert.deepEqual(visitStates([], [{ id: "x", rev: null, state: "sealed" }], told()), []);
});

test("a refusal says what is safe and what to do", () => {
  const [state] = visitStates(
    [],
    [{ ...item("refused"), problem: "The service could not read it." }],
    told(),
  );
  assert.match(problemWords(state) ?? "", /could not read it.*safe on this tablet.*supervisor/);
});

test("a state this version does not know is still shown, as with the supervisor", () => {
  assert.equal(visitStates([], [], told(serverVisit({ state: "escalated" })))[0].state, "received");
});

test("confirmed is the same word to the visitor as received", () => {
  assert.equal(visitStates([], [item("confirmed")], told())[0].state, "received");
  const [state] = visitStates([], [item("confirmed")], told(serverVisit({ state: "approved" })));
  assert.equal(state.state, "approved");
});

test("two versions ask nothing of the visitor", () => {
  const [state] = visitStates([], [], told(serverVisit({ state: "two_versions" })));
  assert.match(problemWords(state) ?? "", /Both versions are safe.*you need do nothing/);
});

const withdrawal = {
  parent_rev: "r1",
  rev_id: "w1",
  device_seq: 2,
  withdrawal: { reason: "twice", words: "" },
};
const undo = {
  parent_rev: "w1",
  rev_id: "u1",
  device_seq: 3,
  withdrawal: { reason: "taken_back", words: "" },
};

/** @param {any[]} items @param {Record<string, any>} [visit] */
function stateAfter(items, visit) {
  return visitStates([], items, visit ? told(serverVisit(visit)) : told())[0];
}

test("a withdrawal waits, and is with the supervisor where the visit was approved", () => {
  assert.equal(stateAfter([item("acked"), item("sealed", withdrawal)]).state, "withdrawing");
  assert.equal(
    stateAfter([item("acked"), item("acked", withdrawal)], { state: "received" }).state,
    "withdrawn",
  );
  const approved = { state: "approved", approved: { by: "Sue", at: AT } };
  assert.equal(stateAfter([item("acked"), item("acked", withdrawal)], approved).state, "withdrawal");
  assert.equal(stateAfter([item("acked"), item("refused", withdrawal)]).state, "refused");
});

test("the server's word on a withdrawal stands once it has it", () => {
  const both = [item("acked"), item("acked", withdrawal)];
  for (const state of ["withdrawal", "withdrawn"]) {
    assert.equal(stateAfter(both, { state, head_rev: "w1" }).state, state);
  }
});

test("what was undone counts as never made, whether it has arrived or not", () => {
  const all = [item("acked"), item("sealed", withdrawal), item("sealed", undo)];
  assert.equal(stateAfter(all, { state: "approved" }).state, "approved");
  assert.equal(stateAfter(all).state, "received");
  const arrived = [item("acked"), item("acked", withdrawal), item("sealed", undo)];
  assert.equal(stateAfter(arrived, { state: "withdrawn", head_rev: "w1" }).state, "waiting");
});

test("undone after a supervisor had agreed, the visit stays withdrawn and says what to do", () => {
  const all = [item("acked"), item("acked", withdrawal), item("acked", undo)];
  const state = stateAfter(all, { state: "withdrawn", head_rev: "w1" });
  assert.equal(state.state, "withdrawn");
  assert.match(String(problemWords(state)), /record it again/);
});

test("a visit that the supervisor keeps is shown as it stands, with the reason", () => {
  const both = [item("acked"), item("acked", withdrawal)];
  const kept = { rev_id: "w1", by: "Sue Park", at: AT, comment: "It was Maya" };
  const state = stateAfter(both, { state: "approved", kept });
  assert.equal(state.state, "approved");
  assert.equal(problemWords(state), "You withdrew this visit, and Sue Park kept it: It was Maya");
});

test("what is withdrawn is the last version that was sent or is about to be", () => {
  const [waits] = visitStates([], [item("sealed")], told());
  assert.equal(sentRevision(waits).rev_id, "r1");
  const [seen] = visitStates([], [], told(serverVisit({ state: "approved", head_rev: "r9", form_id: "f" })));
  assert.equal(sentRevision(seen).rev_id, "r9");
  assert.equal(sentRevision(seen).form_id, "f");
});
