import assert from "node:assert/strict";
import { test } from "node:test";
import {
  caseloadLostWords,
  lockedWords,
  sendingWords,
  standing,
} from "../../../static/src/views/standing.js";
import { tidings } from "../../../static/src/views/tidings.js";

const NOW = Date.parse("2026-11-20T14:10:00Z");
const HEARD = Date.parse("2026-11-20T14:02:00Z");

test("the header has one quiet state in words", () => {
  assert.equal(standing(null, 0).text, "Saved on this tablet");
  assert.equal(standing({ phase: "offline" }, 3).text, "3 visits waiting");
  assert.equal(standing({ phase: "sending", progress: null }, 1).text, "Sending 1 visit");
  assert.equal(standing({ phase: "signed_out" }, 2).text, "2 visits waiting, sign in");
  assert.match(standing({ phase: "idle", lastContact: NOW }, 0).text, /^Everything sent .*14:10$/);
});

test("while something waits, the header says when it is tried again and when the service was last heard", () => {
  const sync = { phase: "offline", nextTryAt: NOW + 40_000, lastContact: HEARD };
  const { text, more } = standing(sync, 3, NOW);
  assert.equal(text, "3 visits waiting");
  assert.match(more, /^next try in 40 s, last contact .*14:02$/);
  assert.match(standing({ ...sync, nextTryAt: NOW + 300_000 }, 3, NOW).more, /^next try in 5 min/);
});

test("a countdown is not news, and a visit that arrived is", () => {
  const sync = { phase: "offline", nextTryAt: NOW + 40_000, lastContact: HEARD };
  assert.equal(standing(sync, 3, NOW).meaning, standing(sync, 3, NOW + 20_000).meaning);
  assert.equal(
    standing({ ...sync, phase: "sending", progress: { done: 1, total: 3 } }, 3, NOW).meaning,
    standing(sync, 3, NOW).meaning,
  );
  assert.notEqual(standing(sync, 3, NOW).meaning, standing(sync, 2, NOW).meaning);
  assert.equal(
    standing({ phase: "idle", lastContact: HEARD }, 0).meaning,
    standing({ phase: "idle", lastContact: NOW }, 0).meaning,
  );
});

test("long work is told in counts, short work is not", () => {
  const progress = { done: 11, total: 40 };
  assert.equal(standing({ phase: "sending", progress }, 40).text, "Sending 12 of 40");
  assert.equal(
    standing({ phase: "fetching", progress: { done: 120, total: 500 } }, 0).text,
    "Fetching 120 of 500",
  );
  assert.match(
    standing({ phase: "fetching", progress: { done: 1, total: 2 }, lastContact: HEARD }, 0).text,
    /^Everything sent/,
  );
});

test("a failure says what happened, what is safe and what to do", () => {
  const { state, detail } = sendingWords({ phase: "offline", nextTryAt: NOW + 20_000 }, 3, NOW);
  assert.equal(
    state,
    "The tablet could not reach the service. Your 3 visits are safe on this tablet and will be sent when there is a connection.",
  );
  assert.equal(detail, "Next try in 20 s.");
});

test("the service's own words are not said twice", () => {
  const problem = {
    name: "TryLater",
    message: "The service is busy. What you have recorded is safe on this tablet.",
  };
  assert.equal(sendingWords({ phase: "waiting", problem }, 1).state, problem.message);
});

test("signed out asks to sign in, and says the visits are safe", () => {
  assert.equal(
    sendingWords({ phase: "signed_out" }, 1).state,
    "Your 1 visit is safe on this tablet. Sign in to send it.",
  );
  assert.equal(
    sendingWords({ phase: "signed_out" }, 0).state,
    "You are signed out of the service. Everything is sent. Sign in to fetch changes.",
  );
});

test("a locked tablet says what waits in it, and no name", () => {
  const sync = { phase: "offline", nextTryAt: NOW + 40_000, lastContact: HEARD };
  assert.match(
    lockedWords(sync, 3, NOW),
    /^3 visits waiting to be sent, next try in 40 s, last contact .*14:02$/,
  );
  assert.match(lockedWords({ phase: "idle", lastContact: HEARD }, 0, NOW), /^Everything sent .*14:02$/);
  assert.equal(lockedWords(null, 0, NOW), "");
});

test("a tablet out of use says so, and what becomes of the visits on it", () => {
  const { text, mark } = standing({ phase: "offline", revoked: true }, 2);
  assert.equal(text, "This tablet is out of use, 2 visits still to send");
  assert.equal(mark, "warn");
  assert.match(sendingWords({ phase: "idle", revoked: true }, 0).state, /Everything recorded on it was sent/);
});

test("families' details that were removed come back with a connection, and the visits are safe", () => {
  assert.match(caseloadLostWords(3), /Your 3 visits are safe\. Connect to fetch them again\.$/);
});

const quiet = {
  waiting: 0,
  revoked: false,
  caseloadLost: false,
  clockOffset: 0,
  space: null,
  overrun: null,
};

test("a tablet with nothing to say says nothing", () => {
  assert.deepEqual(tidings(quiet), []);
  assert.deepEqual(tidings({ ...quiet, clockOffset: 299_000 }), []);
  assert.deepEqual(tidings({ ...quiet, clockOffset: null }), []);
});

test("a clock wrong by more than five minutes is told, with the direction", () => {
  assert.match(tidings({ ...quiet, clockOffset: 12 * 60_000 })[0].text, /clock is 12 minutes behind/);
  assert.match(tidings({ ...quiet, clockOffset: -26 * 3_600_000 })[0].text, /clock is 26 hours ahead/);
});

test("a tablet that is nearly full says so before it hurts, also in an open form", () => {
  const space = { used: 880_000_000, quota: 900_000_000, reserve: true, nearFull: true };
  const [told] = tidings({ ...quiet, space });
  assert.match(told.text, /nearly full: 20 MB left\. Everything recorded so far is safe\. Delete photos/);
  assert.equal(told.inForm, true);
});

test("when the space kept for the last visit is used, the open visit comes first", () => {
  // Chromium tells of ten gigabytes more than are used, whatever the disk has.
  const space = { used: 3_000_000, quota: 10_740_000_000, reserve: false, nearFull: true };
  const [pressing] = tidings({ ...quiet, space });
  assert.match(pressing.text, /^This tablet is nearly full\. Everything recorded so far is safe\./);
  assert.match(pressing.text, /Finish and complete the visit that is open/);
  assert.equal(pressing.level, "red");
});

test("a visit that runs over is told wherever the visitor is, with whom to ring and no name", () => {
  const [told] = tidings({ ...quiet, overrun: { minutes: 60, phone: "01632 960 001" } });
  assert.equal(
    told.text,
    "You are longer at a visit than the 60 minutes planned. If something is wrong, ring your team:",
  );
  assert.deepEqual([told.call, told.inForm], ["01632 960 001", true]);
  const [unknown] = tidings({ ...quiet, overrun: { minutes: 30, phone: null } });
  assert.match(unknown.text, /30 minutes planned\. If something is wrong, ring your team\.$/);
  assert.equal(unknown.call, undefined);
});

test("out of use comes before everything else", () => {
  const told = tidings({ ...quiet, revoked: true, caseloadLost: true, waiting: 1 });
  assert.deepEqual(
    told.map(({ id }) => id),
    ["revoked"],
  );
});
