/**
 * The geometry of growth charts on made-up tables that anyone can check by hand. That the lines are those of the real
 * reference is proved in tests/contract/test_growth_chart_lines.py.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { centileLines, changesIn, layOut, stretches } from "../../../static/src/growth/chart.js";
import { ageTicks, monthWords, valueTicks } from "../../../static/src/growth/chart-axis.js";
import { chartPoints, hasBmi } from "../../../static/src/growth/chart-points.js";
import { aroundPoints, moved, wholeRange, zoomed } from "../../../static/src/growth/chart-range.js";
import { isPossibleGestation, lmsAt, measurementFor } from "../../../static/src/growth/lms.js";

const YEAR = 365.25;
/** The parts as UK-WHO has them, with days between rows: made-up values, a step of 1 kg at each change. */
const ROWS = /** @type {const} */ ({
  uk90_preterm: [-119, 14, 7, 0],
  who_infant: [0, 730, 1, 1],
  who_child: [731, 1463, 1, 2],
  uk90_child: [1461, 7305, 30.4375, 3],
});

/** @type {import("../../../static/src/growth/tables.js").GrowthTables} */
const tables = {
  reference: "UK-WHO",
  source: "made up for a test",
  table(kind, sex, part) {
    if ((sex !== "male" && sex !== "female") || (kind === "bmi" && part === "uk90_preterm")) return null;
    const [from, to, by, step] = ROWS[part];
    const days = Array.from({ length: Math.round((to - from) / by) + 1 }, (_, row) => from + row * by);
    return {
      ages: Float64Array.from(days, (day) => day / YEAR),
      l: Float64Array.from(days, (day) => (part === "who_infant" ? 1 - day / 3000 : 0)),
      m: Float64Array.from(days, (day) => 5 + step + day / 400),
      s: Float64Array.from(days, () => 0.1),
    };
  },
};

/** @type {import("../../../static/src/growth/chart-points.js").ChartChild} */
const preterm = {
  birthDate: "2026-01-01",
  sex: "female",
  gestationDays: 31 * 7 + 6,
  measurements: [
    { kind: "weight", value: "4.1", on: "2026-04-01", atBirth: false },
    { kind: "weight", value: "1.62", on: "2026-01-01", atBirth: true },
    { kind: "length", value: "41.0", on: "2026-01-08", atBirth: false },
    { kind: "weight", value: "1.7", on: "2025-12-30", atBirth: false },
  ],
};
const term = { ...preterm, gestationDays: 280 };

test("a line is the measurement with its SDS at every age", () => {
  const parts = stretches(preterm, "weight", tables);
  const lines = centileLines(parts, [-119, 20 * YEAR], 3.7);
  assert.equal(lines.length, 9 * 4);
  let compared = 0;
  for (const { part, sds, points } of lines) {
    const table = /** @type {import("../../../static/src/growth/tables.js").LmsTable} */ (
      tables.table("weight", "female", part)
    );
    for (const { days, value } of points) {
      const { l, m, s } = lmsAt(table, days / YEAR);
      const back = l === 0 ? Math.log(value / m) / s : ((value / m) ** l - 1) / (l * s);
      assert.ok(Math.abs(back - sds) < 1e-9, `${part} ${days} ${sds}`);
      compared += 1;
    }
  }
  assert.ok(compared > 10_000);
});

test("nine lines two thirds of an SDS apart, every other one dashed, none of them singled out", () => {
  const lines = centileLines(stretches(term, "weight", tables), [100, 200], 50);
  assert.deepEqual(
    lines.map(({ label, sds, dashed }) => [label, Number(sds.toFixed(2)), dashed]),
    [
      ["0.4th", -2.67, true],
      ["2nd", -2, false],
      ["9th", -1.33, true],
      ["25th", -0.67, false],
      ["50th", 0, true],
      ["75th", 0.67, false],
      ["91st", 1.33, true],
      ["98th", 2, false],
      ["99.6th", 2.67, true],
    ],
  );
});

test("the lines are broken where the reference changes, and step where it steps", () => {
  const parts = stretches(preterm, "weight", tables);
  assert.deepEqual(
    parts.map(({ part, from, to }) => [part, Math.round(from), Math.round(to)]),
    [
      ["uk90_preterm", -119, 14],
      ["who_infant", 14, 730],
      ["who_child", 731, 1461],
      ["uk90_child", 1461, 7305],
    ],
  );
  const medians = centileLines(parts, [-119, 2000], 10).filter(({ sds }) => sds === 0);
  assert.equal(medians.length, 4);
  for (const [index, line] of medians.slice(1).entries()) {
    const last = /** @type {{value: number}} */ (medians[index].points.at(-1));
    assert.ok(line.points[0].value - last.value > 0.99, line.part);
  }
  assert.deepEqual(
    changesIn(parts, [0, 800]).map(({ part }) => part),
    ["who_infant", "who_child"],
  );
  assert.deepEqual(changesIn(parts, [20, 700]), []);
  const { changes, lines } = chart(preterm, [0, 800]);
  assert.equal(lines.length, 27);
  assert.deepEqual(changes, [7.0, 365.5]);
});

test("before the due date there is a reference only for who is corrected", () => {
  const from = (/** @type {any} */ child, /** @type {any} */ method) =>
    Math.round(stretches(child, "weight", tables, method)[0].from);
  assert.equal(from(preterm, "digital"), -119);
  assert.equal(from({ ...term, gestationDays: 37 * 7 }, "digital"), -119);
  assert.equal(from({ ...term, gestationDays: null }, "digital"), 0, "not known");
  assert.equal(from({ ...term, gestationDays: 400 }, "digital"), 0, "not possible");
  assert.equal(from(preterm, "paper"), -119);
  assert.equal(from({ ...term, gestationDays: 37 * 7 }, "paper"), 14, "no lines for term to two weeks");
  assert.equal(from({ ...term, gestationDays: 37 * 7 - 1 }, "paper"), -119);
});

test("no sex that the reference knows, no lines; and BMI begins two weeks after the due date", () => {
  assert.deepEqual(stretches({ ...term, sex: "not_known" }, "weight", tables), []);
  assert.equal(stretches(term, "bmi", tables)[0].part, "who_infant");
});

/**
 * @param {import("../../../static/src/growth/chart-points.js").ChartChild} child
 * @param {[number, number]} range
 * @param {import("../../../static/src/growth/chart.js").Ages} [ages]
 */
function chart(child, range, ages) {
  const parts = stretches(child, "weight", tables);
  const points = chartPoints(child, "weight", tables);
  const corrected = child.gestationDays !== null && isPossibleGestation(child.gestationDays);
  return layOut({ parts, points, range, width: 400, height: 300, corrected, ages });
}

test("a preterm baby of 31 weeks and 6 days has each point at both its ages", () => {
  const points = chartPoints(preterm, "weight", tables);
  assert.deepEqual(
    points.map(({ value, days, correctedDays, correctedText }) => [
      value,
      days,
      correctedDays,
      correctedText,
    ]),
    [
      ["1.62", 0, -57, "31 weeks and 6 days gestation"],
      ["4.1", 90, 33, "4 weeks and 5 days"],
    ],
    "oldest first; length is another chart, and before the birth is nowhere",
  );
  const places = chart(preterm, [-100, 100]).points;
  assert.deepEqual([places[0].dot?.x, places[0].cross?.x], [200, 86]);
  assert.deepEqual([places[1].dot?.x, places[1].cross?.x], [380, 266]);
  assert.equal(places[0].dot?.y, places[0].cross?.y);
  assert.ok(Number(places[0].dot?.y) > Number(places[1].dot?.y), "heavier is higher");
});

test("one age may be shown alone, and a point with one age shows it always", () => {
  assert.deepEqual(
    chart(preterm, [-100, 100], "corrected").points.map(({ dot }) => dot),
    [null, null],
  );
  assert.deepEqual(
    chart(preterm, [-100, 100], "birth").points.map(({ cross }) => cross),
    [null, null],
  );
  for (const child of [term, { ...preterm, gestationDays: null }, { ...preterm, gestationDays: 400 }]) {
    for (const { dot, cross } of chart(child, [-100, 100], "corrected").points) {
      assert.ok(dot);
      assert.equal(cross, null);
    }
  }
});

test("by the paper method correction ends at one year for 32 to 36 weeks, at two below", () => {
  const at = (/** @type {string} */ on, /** @type {number} */ gestationDays) =>
    chartPoints(
      { ...preterm, gestationDays, measurements: [{ kind: "weight", value: "9", on, atBirth: false }] },
      "weight",
      tables,
      "paper",
    )[0].correctedDays !== null;
  assert.deepEqual([at("2026-12-31", 224), at("2027-01-01", 224)], [true, false]);
  assert.deepEqual([at("2027-12-31", 223), at("2028-01-01", 223)], [true, false]);
  assert.deepEqual([at("2026-01-02", 258), at("2026-01-02", 259)], [true, false]);
});

test("measurements are joined one after another, at the corrected age where it is shown", () => {
  assert.match(chart(preterm, [-100, 100]).joined, /^M86 [\d.]+L266 [\d.]+$/);
  assert.match(chart(preterm, [-100, 100], "birth").joined, /^M200 [\d.]+L380 [\d.]+$/);
  assert.equal(chart({ ...term, measurements: [] }, [0, 100]).joined, "");
});

test("a child with no reference has points and an axis, and no number in a blank", () => {
  const child = { ...preterm, sex: "indeterminate" };
  const { lines, names, points, valueTicks: ticks } = chart(child, [-100, 100]);
  assert.deepEqual([lines, names], [[], []]);
  assert.equal(points.length, 2);
  assert.ok(ticks.length > 2);
  const near = { kind: "weight", value: "1.64", on: "2026-01-02", atBirth: false };
  const close = chart({ ...child, measurements: [child.measurements[1], near] }, [-100, 100]).points;
  assert.ok(
    Math.abs(Number(close[0].dot?.y) - Number(close[1].dot?.y)) < 10,
    "nothing looks steep for want of lines",
  );
  for (const { result } of chartPoints(child, "weight", tables)) {
    assert.equal(result.sds, null);
    assert.match(String(result.noReference), /sex recorded/);
  }
});

test("the upright axis shows what is in sight and nothing else", () => {
  for (const range of /** @type {[number, number][]} */ ([
    [-100, 100],
    [0, 1800],
    [500, 560],
  ])) {
    const { lines, points, valueTicks: ticks } = chart(preterm, range);
    const inSight = points.filter(({ dot, cross }) =>
      [dot, cross].some((at) => at && at.x >= 0 && at.x <= 400),
    );
    const heights = [
      ...lines.flatMap(({ d }) => [...d.matchAll(/[ML][\d.-]+ ([\d.-]+)/g)].map(([, y]) => Number(y))),
      ...inSight.map(({ dot, cross }) => Number((dot ?? cross)?.y)),
    ];
    assert.ok(Math.min(...heights) >= 0 && Math.max(...heights) <= 300, String(range));
    assert.ok(Math.max(...heights) - Math.min(...heights) > 260, String(range));
    assert.ok(ticks.every(({ y }) => y >= 0 && y <= 300));
  }
});

test("the names of lines that end close together are pushed apart", () => {
  const { names } = chart(
    { ...term, measurements: [{ kind: "weight", value: "90", on: "2026-03-01", atBirth: false }] },
    [0, 100],
  );
  assert.equal(names.length, 9);
  for (const [index, { y }] of names.slice(1).entries()) assert.ok(names[index].y - y >= 12);
});

test("the whole chart begins two weeks before the birth and ends at 5 years, or at 20", () => {
  const whole = (/** @type {any} */ child, kind = "weight") => {
    const parts = stretches(child, /** @type {any} */ (kind), tables);
    const points = chartPoints(child, /** @type {any} */ (kind), tables);
    return wholeRange(kind, points, parts, child.gestationDays ? child.gestationDays - 280 : 0);
  };
  assert.deepEqual(whole(preterm), [-77, 5 * YEAR]);
  assert.deepEqual(whole(term), [-14, 5 * YEAR]);
  assert.deepEqual(whole({ ...preterm, gestationDays: 22 * 7 }), [-126, 5 * YEAR], "before the first line");
  const older = { kind: "weight", value: "30", on: "2032-01-01", atBirth: false };
  assert.equal(whole({ ...term, measurements: [older] })[1], 20 * YEAR);
});

test("zooming keeps the last point in sight and never leaves the chart", () => {
  const points = chartPoints(preterm, "weight", tables);
  /** @type {[number, number]} */
  const whole = [-77, 1826.25];
  const around = aroundPoints(points, whole);
  assert.ok(around[0] <= -57 && around[1] >= 90);
  let range = around;
  for (let turn = 0; turn < 9; turn += 1) {
    range = zoomed(range, 0.5, points, whole);
    assert.ok(range[0] <= 90 && range[1] >= 90);
  }
  assert.equal(range[1] - range[0], 28);
  for (let turn = 0; turn < 9; turn += 1) range = zoomed(range, 2, points, whole);
  assert.deepEqual(range, whole);
  assert.deepEqual(moved([0, 100], -1, whole), [-50, 50]);
  assert.deepEqual(moved([0, 100], 1, [0, 120]), [20, 120]);
  assert.deepEqual(aroundPoints([], whole), whole);
});

test("weeks of gestation stand along the axis to 42 weeks, then weeks, months, and years", () => {
  const labels = (/** @type {any} */ ...asked) =>
    /** @type {typeof ageTicks} */ (ageTicks)(.../** @type {[any, any, any]} */ (asked))
      .map(({ label }) => label)
      .filter(Boolean);
  assert.deepEqual(labels([-28, 84], 700, true), [
    "36",
    "37",
    "38",
    "39",
    "40",
    "41",
    "42",
    "3w",
    "4w",
    "5w",
    "6w",
    "7w",
    "8w",
    "9w",
    "10w",
    "11w",
    "12w",
  ]);
  assert.deepEqual(labels([-14, 84], 300, false), ["0w", "2w", "4w", "6w", "8w", "10w", "12w"]);
  assert.deepEqual(labels([14, 730], 500, false), [
    "2m",
    "4m",
    "6m",
    "8m",
    "10m",
    "1y",
    "14m",
    "16m",
    "18m",
    "20m",
    "22m",
  ]);
  assert.deepEqual(labels([14, 5 * YEAR], 300, true).slice(-5), ["1y", "2y", "3y", "4y", "5y"]);
  assert.deepEqual(labels([-119, 5 * YEAR], 400, true), ["40", "1y", "2y", "3y", "4y", "5y"]);
  assert.equal(monthWords(27), "2y 3m");
});

test("small ticks are months to 2 years, quarters to 4, halves after", () => {
  const ticks = ageTicks([0, 6 * YEAR], 800, false).map(({ at }) => Math.round((at * 12) / YEAR));
  assert.deepEqual(
    ticks.filter((month) => month >= 22 && month <= 30),
    [22, 23, 24, 27, 30],
  );
  assert.deepEqual(
    ticks.filter((month) => month >= 45),
    [45, 48, 54, 60, 66, 72],
  );
});

test("measurements are written in round steps", () => {
  assert.deepEqual(
    valueTicks([2.3, 6.2], 100).map(({ label }) => label),
    ["4", "6"],
  );
  assert.deepEqual(
    valueTicks([2.98, 3.32], 100).map(({ label }) => label),
    ["3.0", "3.1", "3.2", "3.3"],
  );
});

test("BMI is worked out from a weight and a height of one day, from the second birthday", () => {
  const day = (/** @type {string} */ on) => [
    { kind: "weight", value: "12.5", on, atBirth: false },
    { kind: "height", value: "86.0", on, atBirth: false },
  ];
  const child = {
    ...term,
    measurements: [
      ...day("2027-12-31"),
      ...day("2028-01-01"),
      { kind: "weight", value: "13", on: "2028-02-01", atBirth: false },
    ],
  };
  const points = chartPoints(child, "bmi", tables);
  assert.deepEqual(
    points.map(({ on, value }) => [on, Number(value).toFixed(4)]),
    [["2028-01-01", (12.5 / 0.86 ** 2).toFixed(4)]],
  );
  assert.deepEqual([hasBmi("2026-01-01", "2027-12-31"), hasBmi("2026-01-01", "2028-01-01")], [false, true]);
});

test("the way from an SDS to a measurement, with and without skew", () => {
  assert.ok(Math.abs(measurementFor(2, { l: 0, m: 10, s: 0.1 }) - 10 * Math.exp(0.2)) < 1e-12);
  assert.ok(Math.abs(measurementFor(-1, { l: 1, m: 10, s: 0.1 }) - 9) < 1e-12);
  assert.ok(Number.isNaN(measurementFor(-3, { l: 0.5, m: 10, s: 1 })));
});
