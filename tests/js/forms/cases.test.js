/** What conditions mean and what is found in answers. The cases are shared with tests/contract/test_forms_cases.py. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { buildFacts, childFacts } from "../../../static/src/forms/facts.js";
import { evaluate, look } from "../../../static/src/forms/logic.js";
import { check } from "../../../static/src/forms/validate.js";
import { standInGrowth } from "../helpers/stand-in-growth.js";

/** @param {string} name */
const contract = (name) =>
  JSON.parse(readFileSync(new URL(`../../contract/${name}`, import.meta.url), "utf8"));
const { forms, cases, reference } = contract("validate.json");

for (const { why, condition, answers = {}, facts = {}, holds } of contract("logic.json")) {
  test(`condition: ${why}`, () => assert.equal(evaluate(condition, answers, facts), holds));
}

for (const expected of cases) {
  test(`${expected.form}: ${expected.why}`, () => {
    const form = forms[expected.form];
    const { payload } = expected;
    const facts = buildFacts(
      childFacts(expected.child),
      payload.answers,
      new Date(expected.now),
      form,
      standInGrowth(reference),
      null,
    );
    const { findings, alerts } = check(form, payload, facts);
    assert.deepEqual(
      findings.map((one) => [one.fieldId, one.level, one.message, one.row, one.part, one.alertId]),
      expected.findings,
    );
    assert.deepEqual(alerts, expected.alerts);
    for (const [name, fact] of Object.entries(expected.facts ?? {})) assert.equal(facts[name], fact, name);
    const { visible } = look(form, payload.answers, facts);
    for (const hidden of expected.hidden ?? []) assert.ok(!visible.has(hidden), `${hidden} is shown`);
  });
}
