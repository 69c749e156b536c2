/**
 * A growth chart as geometry: from a child's points to lines, places and labels. Ages are days, counted from birth or,
 * corrected, from the due date; places are pixels from the top left of the plot. Nothing here knows a page.
 *
 * After the RCPCH client specification: nine centile lines, each part of the reference a line of its own with no join
 * where the reference changes; 0.4th, 9th, 50th, 91st and 99.6th dashed, the others continuous, none stronger.
 */

import { ageTicks, valueTicks } from "./chart-axis.js";
import {
  CENTILE_LINES,
  DAYS_IN_YEAR,
  isPossibleGestation,
  lmsAt,
  measurementFor,
  SPACE_BETWEEN_LINES,
  TERM_FROM_DAYS,
  TWO_WEEKS_AFTER_TERM,
} from "./lms.js";

/**
 * @typedef {import("./chart-points.js").ChartChild} ChartChild
 * @typedef {import("./chart-points.js").ChartKind} ChartKind
 * @typedef {import("./chart-points.js").ChartPoint} ChartPoint
 * @typedef {import("./chart-points.js").ChartMethod} ChartMethod
 * @typedef {import("./chart-axis.js").Range} Range
 * @typedef {import("./tables.js").GrowthTables} GrowthTables
 * @typedef {import("./tables.js").Part} Part
 * @typedef {{part: Part, from: number, to: number, table: import("./tables.js").LmsTable}} Stretch
 * @typedef {{label: string, sds: number, dashed: boolean, part: Part, points: {days: number, value: number}[]}} Line
 * @typedef {{x: number, y: number}} Place
 * @typedef {"both" | "corrected" | "birth"} Ages which of a child's two ages are shown
 * @typedef {object} Chart
 * @property {(Line & {d: string})[]} lines
 * @property {(Place & {text: string})[]} names of the lines, at their right end
 * @property {number[]} changes where the lines of another part of the reference begin
 * @property {{dot: Place | null, cross: Place | null}[]} points
 * @property {string} joined the points one after another, as a path
 * @property {{x: number, label: string}[]} ageTicks
 * @property {{y: number, label: string}[]} valueTicks
 * @property {boolean} gestation whether weeks of gestation stand along the axis
 */

const LINES = CENTILE_LINES.map((label, index) => ({
  label,
  sds: (index - (CENTILE_LINES.length - 1) / 2) * SPACE_BETWEEN_LINES,
  dashed: index % 2 === 0,
}));
/** The parts of UK-WHO, in days. The tables themselves may begin later or end sooner. @type {[Part, number, number][]} */
const PARTS = [
  ["uk90_preterm", -Infinity, TWO_WEEKS_AFTER_TERM],
  ["who_infant", TWO_WEEKS_AFTER_TERM, 2 * DAYS_IN_YEAR],
  ["who_child", 2 * DAYS_IN_YEAR, 4 * DAYS_IN_YEAR],
  ["uk90_child", 4 * DAYS_IN_YEAR, Infinity],
];
/** Pixels between two points of a line: a curve of 50 pixels’ radius is met to a tenth. */
const STEP = 6;
const NAME_HEIGHT = 12;
const EDGE = 0.04;

/**
 * The parts of the reference that hold for this child; none where the sex has no reference. Before the due date there
 * is a reference only for who is corrected; by the paper method a term baby has none before two weeks (rule G2).
 * @param {Pick<ChartChild, "sex" | "gestationDays">} child
 * @param {ChartKind} kind
 * @param {GrowthTables} tables
 * @param {ChartMethod} [method]
 * @returns {Stretch[]}
 */
export function stretches({ sex, gestationDays }, kind, tables, method = "digital") {
  const preterm = gestationDays !== null && gestationDays < TERM_FROM_DAYS;
  let first = -Infinity;
  if (method === "paper" && !preterm) first = TWO_WEEKS_AFTER_TERM;
  else if (gestationDays === null || !isPossibleGestation(gestationDays)) first = 0;
  return PARTS.flatMap(([part, begin, end]) => {
    const table = tables.table(kind, sex, part);
    if (!table) return [];
    const from = Math.max(begin, first, table.ages[0] * DAYS_IN_YEAR);
    const to = Math.min(end, table.ages[table.ages.length - 1] * DAYS_IN_YEAR);
    return from < to ? [{ part, from, to, table }] : [];
  });
}

/**
 * Nine lines for each part of the reference that reaches into the range.
 * @param {Stretch[]} parts
 * @param {Range} range
 * @param {number} step days between two points of a line
 * @returns {Line[]}
 */
export function centileLines(parts, [from, to], step) {
  return parts.flatMap(({ part, table, ...reach }) => {
    const start = Math.max(from, reach.from);
    const end = Math.min(to, reach.to);
    if (start >= end) return [];
    const pieces = Math.ceil((end - start) / step);
    const sampled = Array.from({ length: pieces + 1 }, (_, piece) => {
      const days = piece === pieces ? end : start + (piece * (end - start)) / pieces;
      return { days, lms: lmsAt(table, days / DAYS_IN_YEAR) };
    });
    return LINES.map((line) => ({
      ...line,
      part,
      points: sampled
        .map(({ days, lms }) => ({ days, value: measurementFor(line.sds, lms) }))
        .filter(({ value }) => Number.isFinite(value)),
    }));
  });
}

/**
 * @param {object} asked
 * @param {Stretch[]} asked.parts
 * @param {ChartPoint[]} asked.points
 * @param {Range} asked.range
 * @param {number} asked.width of the plot
 * @param {number} asked.height
 * @param {boolean} asked.corrected whether the child is corrected for gestation
 * @param {Ages} [asked.ages]
 * @returns {Chart}
 */
export function layOut({ parts, points, range, width, height, corrected, ages = "both" }) {
  const [from, to] = range;
  const lines = centileLines(parts, range, ((to - from) * STEP) / width);
  const shown = points.map((point) => ({ point, at: placesInTime(point, ages) }));
  const inSight = shown.filter(({ at }) => at.some((days) => days !== null && days >= from && days <= to));
  const values = valueRange(
    lines,
    inSight.map(({ point }) => Number(point.value)),
  );
  /** @param {number} days */
  const x = (days) => tenth(((days - from) / (to - from)) * width);
  /** @param {number} value */
  const y = (value) => tenth(height - ((value - values[0]) / (values[1] - values[0])) * height);
  const drawn = lines.map((line) => ({
    ...line,
    d: path(line.points.map(({ days, value }) => ({ x: x(days), y: y(value) }))),
  }));
  const places = shown.map(({ point, at: [dot, cross] }) => ({
    dot: dot === null ? null : { x: x(dot), y: y(Number(point.value)) },
    cross: cross === null ? null : { x: x(cross), y: y(Number(point.value)) },
  }));
  const gestation = corrected && from < TWO_WEEKS_AFTER_TERM;
  return {
    lines: drawn,
    names: lineNames(drawn, x, y),
    changes: changesIn(parts, range).map((part) => x(part.from)),
    points: places,
    joined: path(places.map(({ dot, cross }) => /** @type {Place} */ (cross ?? dot))),
    ageTicks: ageTicks(range, width, gestation).map(({ at, label }) => ({ x: x(at), label })),
    valueTicks: valueTicks(values, height).map(({ at, label }) => ({ y: y(at), label })),
    gestation,
  };
}

/**
 * The parts that begin within the range, after another.
 * @param {Stretch[]} parts
 * @param {Range} range
 */
export function changesIn(parts, [from, to]) {
  return parts.slice(1).filter((part) => part.from > from && part.from < to);
}

/**
 * Age from birth and corrected age of a point as far as they are shown. A point that has one age only shows it.
 * @param {ChartPoint} point
 * @param {Ages} ages
 * @returns {[number | null, number | null]}
 */
function placesInTime({ days, correctedDays }, ages) {
  if (correctedDays === null) return [days, null];
  return [ages === "corrected" ? null : days, ages === "birth" ? null : correctedDays];
}

/**
 * Only the measurements in sight, not the whole chart.
 * @param {Line[]} lines
 * @param {number[]} values
 * @returns {Range}
 */
function valueRange(lines, values) {
  let low = Math.min(...values);
  let high = Math.max(...values);
  for (const { points } of lines) {
    for (const { value } of points) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (low > high) return [0, 1];
  // With no line to compare with, a small difference must not look like a large one.
  const room = lines.length ? (high - low) * EDGE : high / 4;
  return [low - room, high + room];
}

/**
 * The names of the last part in sight, pushed apart where two lines end close together.
 * @param {Line[]} lines
 * @param {(days: number) => number} x
 * @param {(value: number) => number} y
 */
function lineNames(lines, x, y) {
  const part = lines.at(-1)?.part;
  let above = Infinity;
  return lines.flatMap((line) => {
    const end = line.part === part ? line.points.at(-1) : undefined;
    if (!end) return [];
    above = Math.min(y(end.value), above - NAME_HEIGHT);
    return [{ x: x(end.days), y: above, text: line.label }];
  });
}

/** @param {Place[]} places */
function path(places) {
  return places.map(({ x, y }, index) => `${index ? "L" : "M"}${x} ${y}`).join("");
}

/** @param {number} pixels */
function tenth(pixels) {
  return Math.round(pixels * 10) / 10;
}
