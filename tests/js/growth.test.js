/**
 * The tablet's growth calculator against numbers worked out by hand. That it agrees with rcpchgrowth on the real
 * tables is proved in tests/contract/test_growth_agreement.py.
 */

import assert from "node:assert/strict";
import { test } from "node:test";

import { assess, centileBand, derivedValue, normalDistribution } from "../../static/src/growth/lms.js";
import { openGrowthTables } from "../../static/src/growth/tables.js";

/** @param {number} value */
const constant = (value) => ({ by: 100, order: 1, ints: [value * 100] });

/**
 * Weekly weights from 23 to 42 weeks; M is 2, 3, 4 ... kg in straight steps, or the cubes of the week number.
 * @param {import("../../static/src/growth/tables.js").Column} M
 * @param {number} L
 */
function weeklyTables(M, L = 1) {
  return openGrowthTables({
    format: 1,
    reference: "UK-WHO",
    source: "made up for a test",
    ages: [{ by: 365.25, order: 2, ints: [-119, 7] }],
    tables: {
      weight: { female: { uk90_preterm: { rows: 20, age: 0, L: constant(L), M, S: constant(0.1) } } },
    },
  });
}

const straightLine = { by: 1, order: 2, ints: [2, 1] };
const cubes = { by: 1, order: 3, ints: [1, 7, 12, ...Array(17).fill(6)] };

/** @type {import("../../static/src/growth/lms.js").Measurement} */
const at30weeks = {
  kind: "weight",
  value: "9",
  measuredOn: "2026-05-03",
  birthDate: "2026-05-03",
  sex: "female",
  gestationDays: 210,
};

/**
 * @param {number} actual
 * @param {number} expected
 * @param {number} [tolerance]
 */
function near(actual, expected, tolerance = 1e-12) {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);
}

/** @param {import("../../static/src/growth/lms.js").GrowthResult} result */
function sdsOf(result) {
  assert.ok(result.sds !== null, result.noReference ?? "");
  return result.sds;
}

test("a column comes back from its differences, with its trailing noughts", () => {
  const table = weeklyTables(cubes).table("weight", "female", "uk90_preterm");
  assert.deepEqual(
    Array.from(table?.m ?? []),
    Array.from({ length: 20 }, (_, row) => (row + 1) ** 3),
  );
  assert.equal(table?.ages[19], 14 / 365.25);
});

test("a table is decoded once, and only when it is asked for", () => {
  const packed = {
    format: 1,
    reference: "UK-WHO",
    source: "made up for a test",
    ages: [{ by: 365.25, order: 2, ints: [-119, 7] }],
    get tables() {
      reads += 1;
      const column = constant(1);
      return { weight: { female: { uk90_preterm: { rows: 20, age: 0, L: column, M: column, S: column } } } };
    },
  };
  let reads = 0;
  const tables = openGrowthTables(packed);
  assert.equal(reads, 0);
  const first = tables.table("weight", "female", "uk90_preterm");
  assert.equal(tables.table("weight", "female", "uk90_preterm"), first);
  assert.equal(reads, 1);
});

test("there is no table for what the file does not hold", () => {
  assert.equal(weeklyTables(straightLine).table("bmi", "female", "uk90_preterm"), null);
});

test("tables of another format are refused", () => {
  const later = { format: 2, reference: "UK-WHO", source: "later", ages: [], tables: {} };
  assert.throws(() => openGrowthTables(later), /format 2/);
});

test("z = ((x/M)^L - 1) / (L S) on a row of the table", () => {
  // 30 weeks is the eighth row: M = 9 in the straight line.
  near(sdsOf(assess({ ...at30weeks, value: "9.9" }, weeklyTables(straightLine))), 1);
  near(sdsOf(assess({ ...at30weeks, value: "9.9" }, weeklyTables(straightLine, 2))), (1.1 ** 2 - 1) / 0.2);
  near(sdsOf(assess({ ...at30weeks, value: 9.9 }, weeklyTables(straightLine, -1))), (1 / 1.1 - 1) / -0.1);
});

test("z = ln(x/M) / S where L is 0", () => {
  near(sdsOf(assess({ ...at30weeks, value: "9.9" }, weeklyTables(straightLine, 0))), Math.log(1.1) / 0.1);
});

test("between rows a cubic is followed exactly", () => {
  // 30 weeks and 3 days: week number 8 3/7.
  const value = (8 + 3 / 7) ** 3;
  near(sdsOf(assess({ ...at30weeks, value, gestationDays: 213 }, weeklyTables(cubes))), 0);
});

test("next to an end of the table the line is straight", () => {
  // 23 weeks and 3 days lies between M = 1 and M = 8; 41 weeks and 3 days between 19^3 and 20^3.
  near(sdsOf(assess({ ...at30weeks, value: 1 + (7 * 3) / 7, gestationDays: 164 }, weeklyTables(cubes))), 0);
  const value = 19 ** 3 + ((20 ** 3 - 19 ** 3) * 3) / 7;
  near(sdsOf(assess({ ...at30weeks, value, gestationDays: 290 }, weeklyTables(cubes))), 0);
});

test("every gestation is corrected for, and an unknown one is never taken for 40 weeks without saying so", () => {
  const tables = weeklyTables(straightLine);
  const early = assess({ ...at30weeks, gestationDays: 261 }, tables);
  const term = assess({ ...at30weeks, gestationDays: 280 }, tables);
  const unknown = assess({ ...at30weeks, gestationDays: null }, tables);
  assert.deepEqual([early.method, early.correctedAgeDays, early.ageDays], ["digital", -19, 0]);
  assert.deepEqual([term.method, term.correctedAgeDays], ["digital", 0]);
  assert.deepEqual([unknown.method, unknown.correctedAgeDays], ["chronological", null]);
  assert.ok(sdsOf(early) > sdsOf(term));
  assert.equal(unknown.sds, term.sds);
});

for (const [why, change, reason] of /** @type {[string, object, RegExp][]} */ ([
  ["sex not known", { sex: "not_known" }, /sex recorded as male or female/],
  ["sex indeterminate", { sex: "indeterminate" }, /sex recorded as male or female/],
  ["dated before the birth", { measuredOn: "2026-05-02" }, /before the birth/],
  ["no date yet", { measuredOn: "" }, /before the birth/],
  ["no date at all", { measuredOn: "soon" }, /before the birth/],
  ["nothing written", { value: "" }, /above 0/],
  ["no number", { value: "3,4" }, /above 0/],
  ["nought", { value: "0" }, /above 0/],
  ["born before 23 weeks", { gestationDays: 160 }, /start at 23 weeks/],
  ["length before 25 weeks", { kind: "length", gestationDays: 174 }, /length start at 25 weeks/],
  ["BMI before 42 weeks", { kind: "bmi", gestationDays: 280 }, /start 2 weeks after/],
  ["gestation nobody has", { gestationDays: 30 }, /22 to 44 weeks/],
  ["head of a girl over 17", { kind: "ofc", measuredOn: "2044-05-03" }, /end at 17 years/],
  ["over 20", { measuredOn: "2046-08-03" }, /end at 20 years/],
  ["more than arithmetic holds", { value: "1e300" }, /too extreme/],
])) {
  test(`no centile: ${why}`, () => {
    const tables = weeklyTables(straightLine, 2);
    const result = assess({ ...at30weeks, ...change }, tables);
    assert.deepEqual([result.sds, result.centile, result.band], [null, null, ""]);
    assert.match(result.noReference ?? "", reason);
    assert.equal(derivedValue(result).no_reference, result.noReference);
  });
}

test("a sealed visit keeps no floats", () => {
  const kept = derivedValue(assess({ ...at30weeks, value: "8.5" }, weeklyTables(straightLine)));
  assert.deepEqual(kept, {
    sds: "-0.555555555556",
    centile: "28.9",
    band: "on the 25th centile",
    method: "digital",
    age_days: 0,
    corrected_age_days: -70,
    reference: "UK-WHO",
    engine: "hvapp-lms 1",
  });
});

// From published tables of the normal distribution; the far tails from Wichura's and mpmath's values.
for (const [z, below] of [
  [0, 0.5],
  [1, 0.8413447460685429],
  [-1, 0.15865525393145705],
  [1.959963984540054, 0.975],
  [2.999999, 0.9986500975],
  [-3, 0.0013498980316300946],
  [3, 0.9986501019683699],
  [-4, 3.167124183311992e-5],
  [-8, 6.220960574271785e-16],
  [9, 1],
  [-20, 2.753624118606233e-89],
]) {
  test(`the part of the normal distribution below ${z}`, () => {
    near(normalDistribution(z), below, z === 2.999999 ? 1e-9 : Math.min(1e-15, below * 1e-12));
  });
}

for (const [sds, band] of /** @type {[number, string][]} */ ([
  [0, "on the 50th centile"],
  [0.17, "on the 50th centile"],
  [-0.17, "on the 50th centile"],
  [0.1701, "50th to 75th centile"],
  [-0.1701, "25th to 50th centile"],
  [-0.67, "on the 25th centile"],
  [-1.33, "on the 9th centile"],
  [-2, "on the 2nd centile"],
  [-2.4, "0.4th to 2nd centile"],
  [-2.67, "on the 0.4th centile"],
  [-2.83, "on the 0.4th centile"],
  [-2.84, "below the 0.4th centile"],
  [-40, "below the 0.4th centile"],
  [1.33, "on the 91st centile"],
  [2.4, "98th to 99.6th centile"],
  [2.84, "above the 99.6th centile"],
])) {
  test(`an SDS of ${sds} is ${band}`, () => assert.equal(centileBand(sds), band));
}
