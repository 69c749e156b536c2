import assert from "node:assert/strict";
import { test } from "node:test";

import { attempts, FILTERS, ORDERS, WHOSE } from "../../../static/src/views/orders.js";
import { overdueDoses } from "../../../static/src/views/overdue.js";
import { buildRoster, flags, marksOf } from "../../../static/src/views/people.js";

const window = (/** @type {number} */ days) => ({ days, source: "", confirmed: true });
const RULES = {
  version: 1,
  due_soon: { days: 7 },
  contacts: [
    {
      type: "new_birth",
      title: "New birth visit",
      universal: true,
      counts_from: "birth",
      ...{ opens: window(1), target_end: window(14), limit: window(30) },
    },
  ],
};
/** @type {any} */
const SCHEDULE = {
  overdue_after: 0,
  names: { MenB: ["menb"] },
  courses: [{ id: "MenB", counts: ["MenB"], confirmed: true, doses: [{ due: { days: 56 } }] }],
};

/**
 * @param {Record<string, any>[]} children
 * @param {any[]} [visits]
 */
function subjects(children, visits = []) {
  const usual = { family_name: "Osei", given_name: "A", need_level: "universal", contacts: [], siblings: [] };
  const bodies = children.map((child, index) => [`${index}`, { id: `${index}`, ...usual, ...child }]);
  const caseload = { children: new Map(/** @type {any} */ (bodies)), pregnancies: new Map() };
  return [...buildRoster(caseload, visits, RULES, "2026-11-22").values()];
}

test("a tablet that carries the team's families tells one's own from a colleague's and nobody's", () => {
  const named = [{ id: "me", name: "Amira Khan" }, { id: "ben", name: "Ben Osei" }, null, undefined];
  const bodies = named.map((one, index) => [
    `${index}`,
    { id: `${index}`, given_name: "A", family_name: "B", birth_date: "2026-11-20", named_visitor: one },
  ]);
  const children = new Map(/** @type {any} */ (bodies));
  const pregnancy = { id: "p", mother: { name: "Rosa Field" }, edd: "2027-01-01", named_visitor: named[1] };
  const caseload = { children, pregnancies: new Map([["p", pregnancy]]) };
  const roster = [...buildRoster(caseload, [], RULES, "2026-11-22", undefined, "me").values()];
  const ids = (/** @type {string} */ id) =>
    roster
      .filter((one) => WHOSE.find((choice) => choice.id === id)?.has(one, "2026-11-22"))
      .map((one) => one.id);

  // An older service names nobody, and sends one's own only.
  assert.deepEqual(ids("mine"), ["0", "3"]);
  assert.deepEqual(ids("unallocated"), ["2"]);
  assert.deepEqual(ids("team"), ["0", "1", "2", "3", "p"]);
  const marks = roster.map((one) => marksOf(one).map(({ words }) => words));
  const bens = ["Visitor: Ben Osei"];
  assert.deepEqual(marks, [[], bens, ["Allocated to nobody"], [], bens]);
});

/** @param {string} id */
const order = (id) => ORDERS.find((one) => one.id === id)?.compare;
const call = (/** @type {string} */ id, contactType = "no_access") => ({
  contact_type: contactType,
  on: "2026-11-01",
  visit_id: id,
});

test("what was tried in vain counts since the last contact, whether on record yet or only on the tablet", () => {
  const tried = { birth_date: "2026-10-01", contacts: [call("b"), call("x", "new_birth"), call("a")] };
  const here = (/** @type {string} */ visitId, /** @type {string} */ state) => ({
    ...{ childId: "0", contactType: "no_access", visitId, state },
  });
  const [child] = subjects([tried], [here("b", "approved"), here("c", "waiting"), here("d", "draft")]);
  assert.equal(attempts(child), 2);
  assert.equal(attempts(subjects([{ ...tried, contacts: [] }])[0]), 0);
});

test("the caseload is put in order by the last day on time, by need, by name or by area", () => {
  const three = subjects([
    { birth_date: "2026-11-20", family_name: "Cole", household: { postcode: "LS10 1AA" } },
    { birth_date: "2026-11-10", family_name: "Brown", household: { postcode: "LS6 2AB" } },
    { birth_date: "2026-11-15", family_name: "Adeyemi", need_level: "specialist", household: null },
  ]);
  /** @param {string} id */
  const names = (id) => [...three].sort(order(id)).map(({ body }) => body.family_name);
  assert.deepEqual(names("due"), ["Brown", "Adeyemi", "Cole"]);
  assert.deepEqual(names("need"), ["Adeyemi", "Brown", "Cole"]);
  assert.deepEqual(names("name"), ["Adeyemi", "Brown", "Cole"]);
  assert.deepEqual(names("area"), ["Cole", "Brown", "Adeyemi"]);
});

test("every filter can be asked about a child and about a pregnancy of an older server", () => {
  const caseload = {
    children: new Map([["c", { id: "c", given_name: "A", family_name: "B", birth_date: "2026-11-01" }]]),
    pregnancies: new Map([["p", { id: "p", edd: "2026-12-01", mother: { name: "C D" } }]]),
  };
  for (const subject of buildRoster(caseload, [], RULES, "2026-11-22").values()) {
    for (const { has } of FILTERS) assert.equal(typeof has(subject, "2026-11-22"), "boolean");
  }
});

test("an immunisation is overdue from the day after, and not where the record is not told", () => {
  const told = { birth_date: "2026-09-01", immunisations: [] };
  assert.deepEqual(overdueDoses(told, "2026-10-27", SCHEDULE), []);
  assert.deepEqual(overdueDoses(told, "2026-10-28", SCHEDULE), ["MenB dose 1"]);
  assert.deepEqual(overdueDoses({ birth_date: "2026-09-01" }, "2026-10-28", SCHEDULE), []);
  const given = { birth_date: "2026-09-01", immunisations: [{ vaccine: "MenB", date: "2026-10-27" }] };
  assert.deepEqual(overdueDoses(given, "2026-10-28", SCHEDULE), []);
  assert.deepEqual(overdueDoses({ ...told, deceased_on: "2026-10-01" }, "2026-10-28", SCHEDULE), []);
});

test("what must be known before the door opens is said in words", () => {
  const body = {
    ...{ staff_risk: "Large dog", two_person_visit: true, child_protection_plan: true, looked_after: true },
    immunisations: [],
  };
  const words = flags(body, ["MenB dose 1"]).map((flag) => flag.words);
  assert.deepEqual(words, [
    "Staff risk",
    "Two-person visit",
    "Child protection plan",
    "Looked after",
    "Immunisations not on record",
  ]);
});
