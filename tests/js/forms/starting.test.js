/** What a new visit begins with, what it offers, and what a completed one keeps. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { shownAnswers } from "../../../static/src/forms/logic.js";
import { startingAnswers, suggestions } from "../../../static/src/forms/starting.js";
import { plainValue, quantity } from "../../../static/src/forms/wording.js";

const { forms } = JSON.parse(readFileSync(new URL("../../contract/validate.json", import.meta.url), "utf8"));

/** @param {any[]} fields */
const form = (...fields) => ({
  id: "f",
  version: 1,
  title: "F",
  contact_type: "new_birth",
  not_done_reasons: [],
  sections: [
    {
      id: "s",
      title: "S",
      fields: fields.map((field) => ({ label: field.id, name: field.id, type: "text", ...field })),
    },
  ],
});
const child = {
  gestation_days: 262,
  need_level: "universal",
  births_in_pregnancy: 2,
  birth_order: 1,
  measurements: [
    { kind: "weight", value: "3.200", on: "2026-05-06", at_birth: false },
    { kind: "weight", value: "3.450", on: "2026-05-01", at_birth: true },
  ],
};
const known = { now: "2026-05-13T10:00:00+01:00", practitionerType: "scphn", child };

test("constants and what the tablet knows are filled in", () => {
  const options = [{ value: "scphn", label: "Health visitor" }];
  const asked = form(
    { id: "contact_type", prefill: { value: "new_birth" } },
    { id: "started_at", type: "datetime", prefill: { from: "now" } },
    { id: "practitioner_type", type: "choice", options, prefill: { from: "practitioner_type" } },
    { id: "need_level", prefill: { from: "child.need_level" } },
    { id: "weight_kg", type: "decimal" },
  );
  assert.deepEqual(startingAnswers(asked, known), {
    contact_type: "new_birth",
    started_at: "2026-05-13T10:00:00+01:00",
    practitioner_type: "scphn",
    need_level: "universal",
  });
});

test("a visit starts on the minute, as the boxes show it", () => {
  const asked = form({ id: "started_at", type: "datetime", prefill: { from: "now" } });
  const started = (/** @type {string} */ now) => startingAnswers(asked, { ...known, now }).started_at;
  assert.equal(started("2026-05-13T10:00:41+01:00"), "2026-05-13T10:00:00+01:00");
  assert.equal(started("2026-05-13T09:00:41.123Z"), "2026-05-13T09:00:00Z");
});

test("what the form does not offer is not filled in", () => {
  const asked = form({
    id: "practitioner_type",
    type: "choice",
    options: [{ value: "nursery_nurse", label: "Nursery nurse" }],
    prefill: { from: "practitioner_type" },
  });
  assert.deepEqual(startingAnswers(asked, known), {});
  assert.deepEqual(startingAnswers(asked, { ...known, practitionerType: null }), {});
});

test("what the record says of the birth is offered, never filled in", () => {
  const asked = form(
    { id: "birth_weight_kg", type: "decimal", unit: "kg", suggest: "child.birth_weight_kg" },
    { id: "gestation_weeks", type: "integer", unit: "weeks", suggest: "child.gestation_weeks" },
    { id: "gestation_days", type: "integer", suggest: "child.gestation_days" },
    { id: "births", type: "integer", suggest: "child.births_in_pregnancy" },
  );
  assert.deepEqual(startingAnswers(asked, known), {});
  assert.deepEqual(suggestions(asked, known), {
    birth_weight_kg: { text: "3.450 kg", value: "3.450" },
    gestation_weeks: { text: "37 weeks", value: 37 },
    gestation_days: { text: "3", value: 3 },
    births: { text: "2", value: 2 },
  });
  assert.deepEqual(suggestions(asked, { ...known, child: { measurements: [] } }), {});
});

test("what the last contact answered is offered in words with its day, and only to the same question", () => {
  const options = [{ value: "minor", label: "Minor" }];
  const asked = form(
    { id: "damp_mould", type: "choice", options, suggest: "last.damp_mould" },
    { id: "landlord", type: "choice", options, suggest: "last.landlord" },
    { id: "nursery", suggest: "child.need_level" },
  );
  const before = {
    damp_mould: { value: "minor", on: "2026-05-03" },
    landlord: { value: "an option of long ago", on: "2026-05-03" },
    nursery: { value: "Sunny", on: "2026-05-03" },
  };
  assert.deepEqual(suggestions(asked, { ...known, child: { last_answers: before } }), {
    damp_mould: { text: "Minor, 3 May 2026", value: "minor" },
  });
  assert.deepEqual(startingAnswers(asked, { ...known, child: { last_answers: before } }), {});
});

test("what was answered about the household at the twin's visit is offered before what is older", () => {
  const options = [{ value: "minor", label: "Minor" }];
  const asked = form(
    { id: "damp_mould", type: "choice", options, suggest: "last.damp_mould", household: true },
    { id: "pets", type: "list", fields: [{ id: "animal", type: "line" }], household: true },
    { id: "sleep_pattern", type: "line" },
  );
  const answers = { damp_mould: "minor", pets: [{ animal: "Dog" }], sleep_pattern: "Wakes at 3" };
  const child = { last_answers: { damp_mould: { value: "minor", on: "2026-05-03" } } };
  const twin = { name: "Ivy Field", answers };
  assert.deepEqual(suggestions(asked, { ...known, child, twin }), {
    damp_mould: { text: "Minor, at the visit to Ivy Field", value: "minor" },
    pets: { text: "Dog, at the visit to Ivy Field", value: [{ animal: "Dog" }] },
  });
  const undone = { damp_mould: { not_done: "other" } };
  assert.equal(
    suggestions(asked, { ...known, child, twin: { ...twin, answers: undone } }).damp_mould.text,
    "Minor, 3 May 2026",
  );
});

test("a completed visit keeps the answers that are shown", () => {
  const answers = {
    weight_kg: { not_done: "declined" },
    conditions: "nude",
    length_cm: "50.0",
  };
  assert.deepEqual(shownAnswers(forms.growth, answers, {}), {
    weight_kg: { not_done: "declined" },
    length_cm: "50.0",
  });
  const rows = [
    { service: "gp", which: "typed before" },
    { service: "other", which: "Dentist" },
  ];
  assert.deepEqual(shownAnswers(forms.kinds, { referrals: rows }, {}), {
    referrals: [{ service: "gp" }, { service: "other", which: "Dentist" }],
  });
});

test("answers in words", () => {
  const field = (/** @type {string} */ id, /** @type {any} */ of) =>
    of.sections.flatMap((/** @type {any} */ s) => s.fields).find((/** @type {any} */ one) => one.id === id);
  const { growth, kinds } = forms;
  assert.equal(plainValue(field("weight_kg", growth), "3.450"), "3.450 kg");
  assert.equal(plainValue(field("started_at", growth), "2026-05-13T23:05:00Z"), "14 May 2026 at 00:05");
  assert.equal(plainValue(field("started_at", growth), "2026-05-13"), "Could not be read");
  assert.equal(plainValue(field("stopped", kinds), "2026-05"), "May 2026");
  assert.equal(plainValue(field("consent", kinds), { gp: true, red_book: false }), "Yes: GP. No: Red book");
  assert.equal(
    plainValue(field("present", kinds), ["p1", "p9"], { p1: "Ada Example" }),
    "Ada Example, Someone not in the household record",
  );
  assert.equal(
    plainValue(field("referrals", kinds), [{ service: "other", which: "Dentist" }]),
    "Other, Dentist",
  );
  const undone = { not_done: "other", detail: "Scales broken" };
  assert.equal(
    plainValue(field("weight_kg", growth), undone, {}, growth),
    "Not done: Another reason. Scales broken",
  );
  assert.equal(plainValue(field("weight_kg", growth), undefined), "");
});

test("one of a unit is singular", () => {
  assert.equal(quantity(1, "days"), "1 day");
  assert.equal(quantity("1", "kg"), "1 kg");
  assert.equal(quantity(2, "days"), "2 days");
  assert.equal(quantity(3, undefined), "3");
});

test("a row says what a yes or no answers, and an empty row says nothing", () => {
  const referrals = /** @type {any} */ ({
    id: "referrals",
    type: "list",
    label: "Referrals",
    fields: [
      { id: "reason", type: "line", label: "Reason" },
      { id: "agreed", type: "yes_no", label: "The parent agrees" },
    ],
  });
  const rows = [{ reason: "Weight loss", agreed: true }, {}];
  assert.equal(plainValue(referrals, rows), "Weight loss, The parent agrees: yes");
});
