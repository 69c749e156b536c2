/**
 * Centiles on the tablet: the LMS method with the UK-WHO reference.
 *
 * Written from the published method: Cole and Green 1992, z = ((x/M)^L - 1) / (L S), or ln(x/M) / S where L is 0.
 * Which table holds at which age, and how values between two rows are found, follow rcpchgrowth, which the server
 * uses; `tests/contract/test_growth_agreement.py` proves the two agree.
 *
 * An age is days / 365.25. Rule G2: by the digital method every gestation is corrected for, term included and for life; by
 * the paper method 32 to 36 weeks to 1 year and less than 32 weeks to 2 years, and term has no centile from day 1 to day 13.
 * An unknown gestation gives the chronological age, and the result says so.
 */

import { addMonths, correctedAgeDays, daysBetween } from "../lib/dates.js";

/**
 * @typedef {import("./tables.js").GrowthTables} GrowthTables
 * @typedef {import("./tables.js").LmsTable} LmsTable
 * @typedef {"weight" | "length" | "height" | "ofc" | "bmi"} Kind kg, cm, cm, cm, kg/m2
 * @typedef {{kind: Kind, value: string | number, measuredOn: string, birthDate: string, sex: string,
 *   gestationDays?: number | null, method?: ChartMethod}} Measurement gestationDays is the whole length of the
 *   pregnancy, 280 at term
 * @typedef {"digital" | "paper"} ChartMethod
 * @typedef {{sds: number | null, centile: number | null, band: string, method: ChartMethod | "chronological",
 *   ageDays: number, correctedAgeDays: number | null, reference: string, noReference: string | null,
 *   engine: string}} GrowthResult sds and centile are null, band "" and noReference a plain reason when there is no
 *   number; correctedAgeDays is null when gestation is not known
 * @typedef {{sds?: string, centile?: string, band?: string, no_reference?: string, method: string, age_days: number,
 *   corrected_age_days: number | null, reference: string, engine: string}} DerivedValue
 */

export const ENGINE = "hvapp-lms 1";

export const DAYS_IN_YEAR = 365.25;
const TERM_WEEKS = 40;
const GESTATION_WEEKS = [22, 44];
export const TWO_WEEKS_AFTER_TERM = 14;
export const TERM_FROM_DAYS = 37 * 7;
const VERY_PRETERM_BELOW_DAYS = 32 * 7;
const OLDEST_YEARS = 20;
const OLDEST_HEAD_YEARS = { male: 18, female: 17 };
export const CENTILE_LINES = ["0.4th", "2nd", "9th", "25th", "50th", "75th", "91st", "98th", "99.6th"];
export const SPACE_BETWEEN_LINES = 2 / 3;
const ON_THE_LINE = 0.17;

/**
 * SDS, centile and band of one measurement, or the plain reason why there is none.
 * @param {Measurement} measurement
 * @param {GrowthTables} tables
 * @returns {GrowthResult}
 */
export function assess(measurement, tables) {
  const { birthDate, measuredOn, sex, gestationDays = null, method = "digital" } = measurement;
  const ageDays = daysBetween(birthDate, measuredOn);
  const corrected = gestationDays === null ? null : correctedAgeDays(birthDate, gestationDays, measuredOn);
  const kind = measurement.kind === "length" ? "height" : measurement.kind;
  const value = Number(measurement.value);
  const blank = {
    sds: null,
    centile: null,
    band: "",
    method: /** @type {GrowthResult["method"]} */ (corrected === null ? "chronological" : method),
    ageDays,
    correctedAgeDays: corrected,
    reference: tables.reference,
    engine: ENGINE,
  };
  const days =
    corrected !== null && isCorrected(birthDate, measuredOn, gestationDays, method) ? corrected : ageDays;
  const reason =
    unusable(value, ageDays, sex, gestationDays) ??
    paperGap(ageDays, gestationDays, method) ??
    outsideReference(kind, /** @type {"male" | "female"} */ (sex), days);
  if (reason !== null) return { ...blank, noReference: reason };
  const age = days / DAYS_IN_YEAR;
  const table = tables.table(kind, sex, partAt(age));
  if (table === null) throw new Error(`no ${kind} table for ${sex} at ${age} years`);
  const sds = sdsFor(value, lmsAt(table, age));
  if (!Number.isFinite(sds)) return { ...blank, noReference: "The measurement is too extreme for a centile" };
  const centile = 100 * normalDistribution(sds);
  return { ...blank, sds, centile, band: centileBand(sds), noReference: null };
}

/**
 * Whether the age that the charts are read at is corrected for gestation (rule G2).
 * @param {string} birthDate
 * @param {string} on
 * @param {number | null} gestationDays
 * @param {ChartMethod} method
 */
export function isCorrected(birthDate, on, gestationDays, method) {
  if (gestationDays === null || method === "digital") return gestationDays !== null;
  if (gestationDays >= TERM_FROM_DAYS) return false;
  return on < addMonths(birthDate, gestationDays < VERY_PRETERM_BELOW_DAYS ? 24 : 12);
}

/**
 * Paper charts have no lines in the first two weeks; a preterm baby has the preterm section instead.
 * @param {number} ageDays
 * @param {number | null} gestationDays
 * @param {ChartMethod} method
 */
export function paperGap(ageDays, gestationDays, method) {
  const preterm = gestationDays !== null && gestationDays < TERM_FROM_DAYS;
  return method === "paper" && !preterm && ageDays > 0 && ageDays < TWO_WEEKS_AFTER_TERM
    ? "Paper charts have no centiles from day 1 to day 13"
    : null;
}

/**
 * The result as a sealed visit keeps it: no floats, so that its hash is the same everywhere.
 * @param {GrowthResult} result
 * @returns {DerivedValue}
 */
export function derivedValue(result) {
  const { sds, centile, band, noReference } = result;
  return {
    ...(sds === null || centile === null
      ? { no_reference: noReference ?? "" }
      : { sds: sds.toFixed(12), centile: centile.toFixed(1), band }),
    method: result.method,
    age_days: result.ageDays,
    corrected_age_days: result.correctedAgeDays,
    reference: result.reference,
    engine: result.engine,
  };
}

/**
 * Where the SDS lies among the nine centile lines, two thirds of an SDS apart (rule G3).
 * @param {number} sds
 * @returns {{place: "on" | "below" | "above" | "between", lines: string[]}}
 */
export function centilePlace(sds) {
  const last = CENTILE_LINES.length - 1;
  const position = sds / SPACE_BETWEEN_LINES + last / 2;
  const nearest = Math.min(Math.max(Math.round(position), 0), last);
  const on = Math.abs(position - nearest) * SPACE_BETWEEN_LINES <= ON_THE_LINE;
  if (on) return { place: "on", lines: [CENTILE_LINES[nearest]] };
  if (position < 0) return { place: "below", lines: [CENTILE_LINES[0]] };
  if (position > last) return { place: "above", lines: [CENTILE_LINES[last]] };
  const below = Math.floor(position);
  return { place: "between", lines: CENTILE_LINES.slice(below, below + 2) };
}

/**
 * The same in words.
 * @param {number} sds
 */
export function centileBand(sds) {
  const { place, lines } = centilePlace(sds);
  return place === "between" ? `${lines[0]} to ${lines[1]} centile` : `${place} the ${lines[0]} centile`;
}

/**
 * The part of the normal distribution below z, from 0 to 1.
 *
 * Near the middle, 1/2 + density * (z + z^3/3 + z^5/(3*5) + ...); in the tails, Laplace's continued fraction
 * density / (z + 1/(z + 2/(z + 3/(z + ...)))), which stays exact where the series would cancel (Abramowitz and
 * Stegun 26.2.11 and 26.2.14).
 * @param {number} z
 */
export function normalDistribution(z) {
  const size = Math.abs(z);
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (size < 3) {
    let term = z;
    let sum = z;
    for (let odd = 3; Math.abs(term) > Math.abs(sum) * Number.EPSILON; odd += 2) {
      term *= (z * z) / odd;
      sum += term;
    }
    return 0.5 + density * sum;
  }
  let fraction = size;
  for (let step = 100; step >= 1; step -= 1) fraction = size + step / fraction;
  const tail = density / fraction;
  return z < 0 ? tail : 1 - tail;
}

/**
 * @param {number} value
 * @param {number} ageDays
 * @param {string} sex
 * @param {number | null} gestationDays
 */
function unusable(value, ageDays, sex, gestationDays) {
  if (!(Number.isFinite(value) && value > 0)) return "The measurement must be a number above 0";
  if (!(ageDays >= 0)) return "The measurement is dated before the birth";
  if (sex !== "male" && sex !== "female") return "The charts need the child's sex recorded as male or female";
  if (isPossibleGestation(gestationDays)) return null;
  const [fewest, most] = GESTATION_WEEKS;
  return `Gestation must be from ${fewest} to ${most} weeks: check the record`;
}

/**
 * Also true of one that is not known.
 * @param {number | null} gestationDays
 */
export function isPossibleGestation(gestationDays) {
  if (gestationDays === null) return true;
  const weeks = Math.floor(gestationDays / 7);
  return weeks >= GESTATION_WEEKS[0] && weeks <= GESTATION_WEEKS[1];
}

/**
 * @param {string} kind
 * @param {"male" | "female"} sex
 * @param {number} days age in days that the charts are read at
 */
function outsideReference(kind, sex, days) {
  const firstWeek = kind === "height" ? 25 : 23;
  if (kind === "bmi" && days < TWO_WEEKS_AFTER_TERM) {
    return "The charts for body mass index start 2 weeks after the due date";
  }
  if (days < (firstWeek - TERM_WEEKS) * 7) {
    return kind === "height"
      ? `The charts for length start at ${firstWeek} weeks of gestation`
      : `The charts start at ${firstWeek} weeks of gestation`;
  }
  const oldest = kind === "ofc" ? OLDEST_HEAD_YEARS[sex] : OLDEST_YEARS;
  return days / DAYS_IN_YEAR > oldest ? `The charts end at ${oldest} years` : null;
}

/**
 * UK90 to 42 weeks of gestation, WHO lying to 2 years, WHO standing to 4 years, then UK90 again.
 * @param {number} age
 * @returns {import("./tables.js").Part}
 */
function partAt(age) {
  if (age < TWO_WEEKS_AFTER_TERM / DAYS_IN_YEAR) return "uk90_preterm";
  if (age < 2) return "who_infant";
  return age < 4 ? "who_child" : "uk90_child";
}

/**
 * L, M and S at an age: a row whose age is the same to four decimal places, else a cubic through the two rows on each
 * side, else, next to an end of the table, a straight line. An age is whole days, so exactly 2 years, which lies
 * between the two WHO tables, never comes up.
 * @param {LmsTable} table
 * @param {number} age
 */
export function lmsAt(table, age) {
  const { ages, l, m, s } = table;
  const row = lastRowAt(ages, age);
  if (fourPlaces(ages[row]) === fourPlaces(age)) return { l: l[row], m: m[row], s: s[row] };
  const between = row >= 1 && row < ages.length - 2 ? cubic : straight;
  return { l: between(ages, l, row, age), m: between(ages, m, row, age), s: between(ages, s, row, age) };
}

/**
 * The last row that is not older than the age.
 * @param {Float64Array} ages
 * @param {number} age
 */
function lastRowAt(ages, age) {
  const wanted = fourPlaces(age);
  let low = 0;
  let high = ages.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (fourPlaces(ages[middle]) <= wanted) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * The age in ten-thousandths. No age of whole days and no row lies near a half, so the way halves go is no matter.
 * @param {number} age
 */
function fourPlaces(age) {
  return Math.round(age * 10_000);
}

/**
 * Lagrange's cubic through the rows from one before `row` to two after it.
 * @param {Float64Array} ages
 * @param {Float64Array} column
 * @param {number} row
 * @param {number} age
 */
function cubic(ages, column, row, age) {
  let total = 0;
  for (let here = row - 1; here <= row + 2; here += 1) {
    let weight = column[here];
    for (let other = row - 1; other <= row + 2; other += 1) {
      if (other !== here) weight *= (age - ages[other]) / (ages[here] - ages[other]);
    }
    total += weight;
  }
  return total;
}

/**
 * @param {Float64Array} ages
 * @param {Float64Array} column
 * @param {number} row
 * @param {number} age
 */
function straight(ages, column, row, age) {
  const slope = (column[row + 1] - column[row]) / (ages[row + 1] - ages[row]);
  return column[row] + slope * (age - ages[row]);
}

/**
 * @param {number} value
 * @param {{l: number, m: number, s: number}} lms
 */
function sdsFor(value, { l, m, s }) {
  return l === 0 ? Math.log(value / m) / s : ((value / m) ** l - 1) / (l * s);
}

/**
 * The way back: the measurement that has this SDS. NaN where the distribution ends before it.
 * @param {number} sds
 * @param {{l: number, m: number, s: number}} lms
 */
export function measurementFor(sds, { l, m, s }) {
  const base = 1 + l * s * sds;
  if (base < 0) return Number.NaN;
  return l === 0 ? m * Math.exp(s * sds) : m * base ** (1 / l);
}
