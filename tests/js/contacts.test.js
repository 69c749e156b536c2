/** What is due next. The cases are shared with tests/unit/test_contacts.py. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { contactTitle, nextContact } from "../../static/src/rules/contacts.js";

/** @param {string} name */
const contract = (name) => JSON.parse(readFileSync(new URL(`../contract/${name}`, import.meta.url), "utf8"));
const rules = contract("contacts_rules.v1.json");

for (const expected of contract("contacts.json").next_contact) {
  test(`next contact: ${expected.why}`, () => {
    const { birth: birthDate, edd, done, today, planned } = expected;
    const due = nextContact({ birthDate, edd, done, today, planned }, rules);
    if (expected.type === null) {
      assert.equal(due, null);
      return;
    }
    assert.ok(due);
    assert.deepEqual(
      { type: due.contactType, state: due.state, daysLeft: due.daysLeft, text: due.text },
      { type: expected.type, state: expected.state, daysLeft: expected.days_left, text: expected.text },
    );
    assert.equal(due.opensOn, expected.opens ?? due.opensOn);
    assert.equal(due.targetEnd, expected.target_end ?? due.targetEnd);
    assert.equal(due.limitOn, expected.limit ?? due.limitOn);
  });
}

test("a contact that rests on an unconfirmed limit says so", () => {
  assert.equal(nextContact({ edd: "2026-08-01", done: [], today: "2026-06-01" }, rules)?.confirmed, false);
  assert.equal(
    nextContact({ birthDate: "2026-04-19", done: [], today: "2026-04-25" }, rules)?.confirmed,
    true,
  );
});

test("a contact type has its words, and an unknown one its own name", () => {
  assert.equal(contactTitle("six_eight_week", rules), "6 to 8 week review");
  assert.equal(contactTitle("from_the_future", rules), "from_the_future");
});
