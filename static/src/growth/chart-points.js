/**
 * Which measurements stand on a growth chart, and where each lies in time. A child's point is drawn at the age from
 * birth and at the age corrected for gestation (RCPCH client specification, "Adjusting for gestation at birth").
 */

import { correctedAgeDays, correctedAgeText, daysBetween, monthsBetween } from "../lib/dates.js";
import { bmi } from "../rules/growth.js";
import { assess, isCorrected, isPossibleGestation } from "./lms.js";

/**
 * @typedef {"weight" | "height" | "ofc" | "bmi"} ChartKind height has length in it
 * @typedef {import("./lms.js").ChartMethod} ChartMethod
 * @typedef {import("./tables.js").GrowthTables} GrowthTables
 * @typedef {{kind: string, value: string | number, on: string, atBirth: boolean, unsent?: boolean}} Measured
 *   unsent: an answer of the visit that is open
 * @typedef {{birthDate: string, sex: string, gestationDays: number | null, measurements: Measured[]}} ChartChild
 * @typedef {Measured & {days: number, correctedDays: number | null, correctedText: string | null,
 *   result: import("./lms.js").GrowthResult}} ChartPoint days from birth; the corrected age is null where it is the
 *   same, or is not used
 */

export const CHARTS = /** @type {const} */ (["weight", "height", "ofc", "bmi"]);

/** Rule G5: body mass index says nothing before the second birthday. */
const BMI_FROM_MONTHS = 24;

/**
 * The points of one chart, oldest first. What is dated before the birth has no place in time.
 * @param {ChartChild} child
 * @param {ChartKind} kind
 * @param {GrowthTables} tables
 * @param {ChartMethod} [method]
 * @returns {ChartPoint[]}
 */
export function chartPoints(child, kind, tables, method = "digital") {
  const { birthDate, sex, gestationDays } = child;
  return ofKind(child, kind)
    .filter(({ on, value }) => on >= birthDate && Number(value) > 0)
    .sort((a, b) => (a.on < b.on ? -1 : Number(a.on > b.on)))
    .map((one) => {
      const { value, on } = one;
      const days = daysBetween(birthDate, on);
      const shifted =
        isPossibleGestation(gestationDays) && isCorrected(birthDate, on, gestationDays, method)
          ? correctedAgeDays(birthDate, Number(gestationDays), on)
          : days;
      const correctedDays = shifted === days ? null : shifted;
      return {
        ...one,
        days,
        correctedDays,
        correctedText: correctedDays === null ? null : correctedAgeText(birthDate, gestationDays, on),
        result: assess({ kind, value, measuredOn: on, birthDate, sex, gestationDays, method }, tables),
      };
    });
}

/**
 * Whether this child's charts are drawn by an age corrected for gestation, for a time at least (rule G2).
 * @param {Pick<ChartChild, "birthDate" | "gestationDays">} child
 * @param {ChartMethod} method
 */
export function isCorrectedOnCharts({ birthDate, gestationDays }, method) {
  return isPossibleGestation(gestationDays) && isCorrected(birthDate, birthDate, gestationDays, method);
}

/**
 * The child with what a visit measured and the tablet believed, which stands in for the same on record.
 * @param {ChartChild} child
 * @param {{definition: import("../forms/definition.js").FormDefinition, answers: {[field: string]: any},
 *   derived: {[field: string]: unknown}, on: string}} visit
 * @returns {ChartChild}
 */
export function withAnswers(child, { definition, answers, derived, on: day }) {
  const fields = definition.sections.flatMap((section) => section.fields);
  const answered = fields.flatMap(({ id, measure }) => {
    if (!measure || !derived[id]) return [];
    const on = measure.at_birth ? child.birthDate : day;
    return [{ kind: measure.kind, value: answers[id], on, atBirth: measure.at_birth === true, unsent: true }];
  });
  const told = new Set(answered.map(same));
  return {
    ...child,
    measurements: [...child.measurements.filter((one) => !told.has(same(one))), ...answered],
  };
}

/** @param {{kind: string, on: string, value: string | number}} one */
function same({ kind, on: day, value }) {
  return `${kind} ${day} ${Number(value)}`;
}

/**
 * @param {ChartChild} child
 * @param {ChartKind} kind
 * @returns {Measured[]}
 */
function ofKind({ birthDate, measurements }, kind) {
  if (kind === "height") return measurements.filter((one) => one.kind === "length" || one.kind === "height");
  const found = measurements.filter((one) => one.kind === kind);
  if (kind !== "bmi") return found;
  return [...found, ...workedOut(measurements, found)].filter(
    ({ on }) => monthsBetween(birthDate, on) >= BMI_FROM_MONTHS,
  );
}

/**
 * The body mass index of each day with a weight and a height and no index of its own.
 * @param {Measured[]} measurements
 * @param {Measured[]} known
 * @returns {Measured[]}
 */
function workedOut(measurements, known) {
  return measurements
    .filter(({ kind, on }) => kind === "weight" && !known.some((one) => one.on === on))
    .flatMap((weight) => {
      const height = measurements.find(
        ({ kind, on }) => (kind === "height" || kind === "length") && on === weight.on,
      );
      if (!height || !(Number(height.value) > 0)) return [];
      const value = bmi(String(weight.value), String(height.value));
      return [{ kind: "bmi", value, on: weight.on, atBirth: false, unsent: weight.unsent || height.unsent }];
    });
}

/**
 * Whether the child is old enough on this day for the body mass index to be offered.
 * @param {string} birthDate
 * @param {string} today
 */
export function hasBmi(birthDate, today) {
  return monthsBetween(birthDate, today) >= BMI_FROM_MONTHS;
}
