/** What people type, read as answers, and answers shown in boxes again. */

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  datePartsOf,
  typedDate,
  typedDecimal,
  typedInstant,
  typedInteger,
  typedMonth,
} from "../../../static/src/forms/typed.js";

for (const [typed, answer] of [
  ["3.450", "3.450"],
  [" 3,45 ", "3.45"],
  ["3.45 kg", "3.45"],
  ["3.45KG", "3.45"],
  [".5", "0.5"],
  ["3.", "3"],
  ["-0.5", "-0.5"],
  ["", undefined],
  ["  ", undefined],
  ["kg", undefined],
  [".", "."],
  ["3.4.5", "3.4.5"],
  ["three", "three"],
  ["3 450", "3 450"],
]) {
  test(`decimal typed as ${JSON.stringify(typed)}`, () =>
    assert.equal(typedDecimal(/** @type {string} */ (typed), "kg"), answer));
}

for (const [typed, answer] of [
  ["4", 4],
  [" 38 weeks", 38],
  ["007", 7],
  ["4.5", "4.5"],
  ["four", "four"],
  ["9999999999999999", "9999999999999999"],
  ["", undefined],
]) {
  test(`whole number typed as ${JSON.stringify(typed)}`, () =>
    assert.equal(typedInteger(/** @type {string} */ (typed), "weeks"), answer));
}

const parts = (day = "", month = "", year = "", time = "") => ({ day, month, year, time });

test("a date is put together from its boxes", () => {
  assert.equal(typedDate(parts("3", "5", "2026")), "2026-05-03");
  assert.equal(typedDate(parts("13", "12", "2026")), "2026-12-13");
  assert.equal(typedDate(parts()), undefined);
  assert.equal(typedMonth(parts("", "5", "2026")), "2026-05");
  assert.equal(typedMonth(parts("3")), undefined);
});

test("half a date stays as it was typed, and comes back into its boxes", () => {
  for (const half of [parts("3"), parts("3", "5"), parts("", "5", "2026"), parts("3x", "", "26")]) {
    assert.deepEqual(datePartsOf(typedDate(half)), half);
  }
  assert.deepEqual(datePartsOf(typedInstant(parts("", "", "", "10:05"))), parts("", "", "", "10:05"));
  assert.deepEqual(datePartsOf(typedInstant(parts("3", "5", "2026"))), parts("3", "5", "2026"));
});

test("a time carries the offset of this tablet, and comes back into its boxes", () => {
  const answer = typedInstant(parts("3", "5", "2026", "10:05"));
  assert.match(answer ?? "", /^2026-05-03T10:05:00[+-]\d\d:\d\d$/);
  assert.deepEqual(datePartsOf(answer), parts("3", "5", "2026", "10:05"));
  assert.equal(new Date(answer ?? "").getTime(), new Date(2026, 4, 3, 10, 5).getTime());
});

test("nothing answered leaves the boxes empty", () => assert.deepEqual(datePartsOf(undefined), parts()));
