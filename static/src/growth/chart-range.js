/** Which part of a growth chart is looked at: a range of days, and the steps from one to another. */

import { DAYS_IN_YEAR } from "./lms.js";

/**
 * @typedef {import("./chart-axis.js").Range} Range
 * @typedef {import("./chart-points.js").ChartPoint} ChartPoint
 * @typedef {import("./chart.js").Stretch} Stretch
 */

const MARGIN = 14;
const SHORTEST = 28;
const ROOM = 0.15;
const FIRST_WEEKS = 16 * 7;
/** The whole chart ends with the health visiting years, or with all of childhood for who is older. */
const ENDS = [5 * DAYS_IN_YEAR, 20 * DAYS_IN_YEAR];
const BMI_FROM = 2 * DAYS_IN_YEAR - 3 * MARGIN;

/**
 * From two weeks before the birth, where there is a reference, to 5 years, or to 20 where a point lies beyond.
 * @param {string} kind
 * @param {ChartPoint[]} points
 * @param {Stretch[]} parts
 * @param {number} bornDays age at birth, negative before the due date
 * @returns {Range}
 */
export function wholeRange(kind, points, parts, bornDays) {
  const places = points.flatMap(({ days, correctedDays }) => [days, correctedDays ?? days]);
  const earliest = Math.min(kind === "bmi" ? BMI_FROM : Math.min(0, bornDays), ...places);
  const from = Math.max(
    Math.floor((earliest - MARGIN) / 7) * 7,
    Math.min(parts[0]?.from ?? -Infinity, earliest),
  );
  const latest = Math.max(0, ...places);
  const last = ENDS.find((end) => latest + MARGIN < end) ?? ENDS[1];
  return [from, Math.max(latest + MARGIN, Math.min(last, parts.at(-1)?.to ?? last))];
}

/**
 * The points with some room about them; at least sixteen weeks, more of them to come than gone.
 * @param {ChartPoint[]} points
 * @param {Range} whole
 * @returns {Range}
 */
export function aroundPoints(points, whole) {
  if (!points.length) return whole;
  const places = points.flatMap(({ days, correctedDays }) => [days, correctedDays ?? days]);
  const [first, last] = [Math.min(...places), Math.max(...places)];
  const room = Math.max(MARGIN, (last - first) * ROOM);
  return within([first - room, Math.max(last + room, first - room + FIRST_WEEKS)], whole);
}

/**
 * Half as long, or twice, about the middle or about the last point in sight.
 * @param {Range} range
 * @param {number} factor
 * @param {ChartPoint[]} points
 * @param {Range} whole
 * @returns {Range}
 */
export function zoomed([from, to], factor, points, whole) {
  const span = Math.max(SHORTEST, (to - from) * factor);
  const inSight = points.map(({ days }) => days).filter((days) => days >= from && days <= to);
  const centre = inSight.length ? (inSight.at(-1) ?? 0) : (from + to) / 2;
  return within([centre - span / 2, centre + span / 2], whole);
}

/**
 * Half a screen earlier or later.
 * @param {Range} range
 * @param {1 | -1} way
 * @param {Range} whole
 * @returns {Range}
 */
export function moved([from, to], way, whole) {
  const step = ((to - from) / 2) * way;
  return within([from + step, to + step], whole);
}

/**
 * @param {Range} range
 * @param {Range} whole
 * @returns {Range}
 */
function within([from, to], whole) {
  const span = Math.min(to - from, whole[1] - whole[0]);
  const start = Math.min(Math.max(from, whole[0]), whole[1] - span);
  return [start, start + span];
}
