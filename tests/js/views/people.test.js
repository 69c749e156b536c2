import assert from "node:assert/strict";
import { test } from "node:test";
import {
  buildRoster,
  gestationWords,
  lookalikes,
  matcher,
  riskWords,
  twinWords,
} from "../../../static/src/views/people.js";

const RULES = {
  version: 1,
  due_soon: { days: 7 },
  contacts: [
    {
      type: "new_birth",
      title: "New birth visit",
      universal: true,
      counts_from: "birth",
      opens: { days: 1, source: "", confirmed: true },
      target_end: { days: 14, source: "", confirmed: true },
      limit: { days: 30, source: "", confirmed: true },
      lapses: { days: 60, source: "", confirmed: true },
    },
  ],
};

/** @param {Record<string, any>} more */
function child(more) {
  return {
    id: "c1",
    given_name: "Zoë",
    family_name: "Okafor",
    birth_date: "2026-11-10",
    nhs_number: "9990001234",
    need_level: "universal",
    contacts: [],
    siblings: [],
    household: { postcode: "LS6 2AB", members: [{ name: "Amina Begum" }] },
    ...more,
  };
}

/**
 * @param {any[]} children
 * @param {any[]} [visits]
 */
function roster(children, visits = []) {
  const caseload = { children: new Map(children.map((one) => [one.id, one])), pregnancies: new Map() };
  return buildRoster(caseload, visits, RULES, "2026-11-21");
}

/** @param {string} query */
function finds(query) {
  const subject = roster([child({})]).get("c1");
  return subject !== undefined && matcher(query)(subject);
}

test("a child is found by name, parent, postcode or number, with or without spaces and accents", () => {
  for (const query of [
    "zoe",
    "OKA zoë",
    "begum",
    "ls6 2ab",
    "ls62ab",
    "999 000 1234",
    "9990001",
    "  okafor ",
  ]) {
    assert.ok(finds(query), query);
  }
  for (const query of ["zara", "okafor ben", "ls7", "999 1"]) assert.ok(!finds(query), query);
});

test("a visit that waits in the outbox counts as done at once", () => {
  const waiting = { visitId: "v", childId: "c1", contactType: "new_birth", state: "waiting", at: "" };
  assert.equal(roster([child({})]).get("c1")?.next?.contactType, "new_birth");
  assert.equal(roster([child({})], [waiting]).get("c1")?.next, null);
});

test("a draft does not count as done, and neither does no access", () => {
  const draft = { visitId: "v", childId: "c1", contactType: "new_birth", state: "draft", at: "" };
  const tried = child({ contacts: [{ contact_type: "no_access" }] });
  assert.equal(roster([tried], [draft]).get("c1")?.next?.contactType, "new_birth");
});

test("a visit that does not count leaves its contact due", () => {
  for (const state of ["withdrawing", "withdrawn", "set_aside"]) {
    const visit = { visitId: "v", childId: "c1", contactType: "new_birth", state, at: "" };
    assert.equal(roster([child({})], [visit]).get("c1")?.next?.contactType, "new_birth", state);
  }
});

test("nothing is due for a child who has died", () => {
  assert.equal(roster([child({ deceased_on: "2026-11-15" })]).get("c1")?.next, null);
});

test("the same surname or the same birthday is easy to mistake, anyone else is not", () => {
  const all = roster([
    child({}),
    child({ id: "c2", family_name: "OKAFOR", birth_date: "2025-01-01" }),
    child({ id: "c3", family_name: "Smith" }),
    child({ id: "c4", family_name: "Smith", birth_date: "2025-01-01" }),
  ]);
  const subject = /** @type {any} */ (all.get("c1"));
  assert.deepEqual(
    lookalikes(subject, all).map(({ subject: other, surname, birthday }) => [other.id, surname, birthday]),
    [
      ["c2", true, false],
      ["c3", false, true],
    ],
  );
});

test("twins are named in words, single babies are not", () => {
  assert.equal(twinWords({ births_in_pregnancy: 2, birth_order: 1 }), "Twin 1 of 2");
  assert.equal(twinWords({ births_in_pregnancy: 3, birth_order: 2 }), "Triplet 2 of 3");
  assert.equal(twinWords({ births_in_pregnancy: 1, birth_order: 1 }), null);
});

test("the length of a pregnancy in words", () => {
  assert.equal(gestationWords(261), "37 weeks and 2 days");
  assert.equal(gestationWords(260), "37 weeks and 1 day");
  assert.equal(gestationWords(259), "37 weeks");
});

test("before the door: why two go, the risk, and whether somebody should have looked again", () => {
  const today = "2026-11-22";
  const pair = {
    two_person_visit: true,
    two_person_reason: "Threats in May",
    staff_risk_review_by: "2027-01-31",
  };
  assert.equal(
    riskWords(pair, today),
    "Go in twos: Threats in May. To be looked at again by 31 January 2027.",
  );
  const dog = { two_person_visit: false, staff_risk: "Large dog.", staff_risk_review_by: "2026-11-21" };
  assert.match(
    riskWords(dog, today) ?? "",
    /^Large dog\. This was to be looked at again by 21 November 2026/,
  );
  assert.equal(riskWords({ two_person_visit: true }, today), "Go in twos.");
  assert.equal(riskWords({ staff_risk_review_by: "2026-11-21" }, today), null);
});
