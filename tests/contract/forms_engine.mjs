/**
 * The tablet's side of tests/contract/test_forms_agreement.py: one JSON question a line, one JSON answer a line.
 */

import { createInterface } from "node:readline";
import { buildFacts, childFacts, derive } from "../../static/src/forms/facts.js";
import { look } from "../../static/src/forms/logic.js";
import { check } from "../../static/src/forms/validate.js";
import { plainValue } from "../../static/src/forms/wording.js";
import { standInGrowth } from "../js/helpers/stand-in-growth.js";

/** @param {any} question */
function answer({ form, child, now, payload, reference, names, rules }) {
  const answers = payload && typeof payload === "object" && !Array.isArray(payload) ? payload.answers : undefined;
  const body = childFacts(child);
  const facts = buildFacts(body, answers, new Date(now), form, standInGrowth(reference), rules);
  const { findings, alerts } = check(form, payload, facts);
  const words = {};
  for (const field of form.sections.flatMap((section) => section.fields)) {
    const value = answers && Object.hasOwn(answers, field.id) ? answers[field.id] : undefined;
    words[field.id] = plainValue(field, value, names, form);
  }
  return {
    facts,
    findings: findings.map((one) => [one.fieldId, one.level, one.message, one.row, one.part, one.alertId]),
    alerts,
    visible: [...look(form, answers, facts).visible],
    derived: derive(body, answers, new Date(now), form, standInGrowth(reference), rules),
    words,
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  let said;
  try {
    said = answer(JSON.parse(line));
  } catch (error) {
    said = { threw: String(error instanceof Error ? error.stack : error) };
  }
  process.stdout.write(`${JSON.stringify(said)}\n`);
}
