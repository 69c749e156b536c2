/**
 * What stands along the edges of a growth chart: weeks of gestation to 42 weeks, then weeks, months and years of age
 * (RCPCH client specification, "Chart labelling"), and measurements in round steps.
 */

import { DAYS_IN_YEAR, TWO_WEEKS_AFTER_TERM } from "./lms.js";

/**
 * @typedef {[number, number]} Range
 * @typedef {{at: number, label: string}} Tick at: days, or a value; the label of a small tick is empty
 */

const MONTH = DAYS_IN_YEAR / 12;
const WEEK = 7;
const TERM_WEEKS = 40;
/** What a label and a small tick need, in pixels. */
const LABEL_WIDTH = 38;
const SMALL = 5;
const LABEL_HEIGHT = 26;
/** Steps in months between labels; those in weeks are for the first half year, the last to name term alone. */
const MONTH_STEPS = [1, 2, 3, 6, 12, 24, 60];
const WEEK_STEPS = [1, 2, 4, 8, 40];
const HALF_YEAR = 6 * MONTH;
const TWO_YEARS = 24;
const FOUR_YEARS = 48;

/**
 * @param {Range} range days
 * @param {number} width pixels
 * @param {boolean} gestation whether the time to 42 weeks is counted from the beginning of the pregnancy
 * @returns {Tick[]}
 */
export function ageTicks([from, to], width, gestation) {
  const pixels = width / (to - from);
  const change = gestation ? Math.min(to, TWO_WEEKS_AFTER_TERM) : from;
  const before = gestation
    ? weeks([from, change], pixels, (week) => String(week + TERM_WEEKS)).filter(({ at }) => at >= from)
    : [];
  // The first label after the change keeps clear of the last one before it.
  const start = before.length ? change + LABEL_WIDTH / pixels / 2 : Math.max(from, 0);
  const after =
    to - from <= HALF_YEAR
      ? weeks([start, to], pixels, (week) => `${week}w`)
      : months([start, to], pixels, Math.max(from, change));
  return [...before, ...after];
}

/**
 * @param {Range} range
 * @param {number} pixels a day
 * @param {(week: number) => string} words
 * @returns {Tick[]}
 */
function weeks([from, to], pixels, words) {
  const step = WEEK_STEPS.find((one) => one * WEEK * pixels >= LABEL_WIDTH) ?? 40;
  const ticks = [];
  for (let week = Math.ceil(from / WEEK); week * WEEK <= to; week += 1) {
    const label = week % step === 0 ? words(week) : "";
    if (label || WEEK * pixels >= SMALL) ticks.push({ at: week * WEEK, label });
  }
  return ticks;
}

/**
 * Small ticks each month to 2 years, each 3 months to 4 years, each 6 months after.
 * @param {Range} range
 * @param {number} pixels a day
 * @param {number} small where small ticks begin
 * @returns {Tick[]}
 */
function months([from, to], pixels, small) {
  const step = MONTH_STEPS.find((one) => one * MONTH * pixels >= LABEL_WIDTH) ?? MONTH_STEPS[6];
  const ticks = [];
  for (let month = Math.max(0, Math.ceil(small / MONTH)); month * MONTH <= to; month += 1) {
    const at = month * MONTH;
    if (at >= from && month % step === 0) {
      ticks.push({ at, label: monthWords(month) });
      continue;
    }
    const every = month < TWO_YEARS ? 1 : month < FOUR_YEARS ? 3 : 6;
    if (month % every === 0 && every * MONTH * pixels >= SMALL) ticks.push({ at, label: "" });
  }
  return ticks;
}

/** @param {number} month */
export function monthWords(month) {
  const years = Math.floor(month / 12);
  const over = month % 12;
  if (month < TWO_YEARS && !(over === 0 && years)) return `${month}m`;
  return over ? `${years}y ${over}m` : `${years}y`;
}

/**
 * @param {Range} range of the measurements
 * @param {number} height pixels
 * @returns {Tick[]}
 */
export function valueTicks([low, high], height) {
  const least = (LABEL_HEIGHT * (high - low)) / height;
  const size = 10 ** Math.floor(Math.log10(least));
  const step = size * ([1, 2, 5].find((one) => one * size >= least) ?? 10);
  const places = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const ticks = [];
  for (let turn = Math.ceil(low / step); turn * step <= high; turn += 1) {
    ticks.push({ at: turn * step, label: (turn * step).toFixed(places) });
  }
  return ticks;
}
