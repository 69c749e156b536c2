/** Civil dates and ages. The cases are shared with tests/unit/test_ages.py. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import fc from "fast-check";

import {
  addDays,
  addMonths,
  ageText,
  civilDate,
  correctedAgeDays,
  correctedAgeText,
  dayNumber,
  daysBetween,
  formatDate,
  formatNearDate,
  fromDayNumber,
  isCivilDate,
  monthsBetween,
} from "../../static/src/lib/dates.js";

const cases = JSON.parse(readFileSync(new URL("../contract/ages.json", import.meta.url), "utf8"));
const date = fc.integer({ min: 0, max: 36_524 }).map((days) => addDays("2000-01-01", days));

for (const { why, birth, on, text } of cases.age_text) {
  test(`age: ${why}`, () => assert.equal(ageText(birth, on), text));
}

for (const { start, months, end } of cases.add_months) {
  test(`${start} and ${months} months`, () => assert.equal(addMonths(start, months), end));
}

for (const { start, end, months } of cases.months_between) {
  test(`months from ${start} to ${end}`, () => assert.equal(monthsBetween(start, end), months));
}

for (const { date: day, today, full, near } of cases.format_date) {
  test(`${day} in words`, () => {
    assert.equal(formatDate(day), full);
    assert.equal(formatNearDate(day, today), near);
  });
}

for (const { why, birth, gestation_days: gestation, on, days, text } of cases.corrected) {
  test(`corrected age: ${why}`, () => {
    assert.equal(correctedAgeText(birth, gestation, on), text);
    if (gestation !== null) assert.equal(correctedAgeDays(birth, gestation, on), days);
  });
}

for (const { why, instant, date: day } of cases.civil_date) {
  test(`the date in England: ${why}`, () => assert.equal(civilDate(new Date(instant)), day));
}

for (const text of cases.not_dates) {
  test(`"${text}" is not a date`, () => assert.equal(isCivilDate(text), false));
}

test("adding days and counting them agree, and every day is a date", () => {
  fc.assert(
    fc.property(date, fc.integer({ min: -4000, max: 4000 }), (start, days) => {
      const end = addDays(start, days);
      assert.ok(isCivilDate(end));
      assert.equal(daysBetween(start, end), days);
    }),
  );
});

test("adding months and counting them agree", () => {
  fc.assert(
    fc.property(date, fc.integer({ min: -240, max: 240 }), (start, months) => {
      assert.equal(monthsBetween(start, addMonths(start, months)), months);
    }),
  );
});

test("the calendar is the one the browser keeps, on every day from 1900 to 2200", () => {
  const [from, to] = ["1900-01-01", "2200-01-01"].map((day) => Date.parse(day) / 86_400_000);
  for (let number = from; number <= to; number += 1) {
    const day = new Date(number * 86_400_000).toISOString().slice(0, 10);
    assert.equal(fromDayNumber(number), day);
    assert.equal(dayNumber(day), number);
  }
});
