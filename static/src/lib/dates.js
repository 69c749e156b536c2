/**
 * Civil dates and ages, as a health visitor says them. A civil date is a string, "2026-05-03": no time, no zone.
 * A calendar month that has no such day ends on its last day: 31 January plus one month is 28 or 29 February.
 * `hvapp/domain/ages.py` does the same; `tests/contract/ages.json` holds both to it.
 */

/** 40 weeks and 0 days: the length of pregnancy that corrected age counts from. */
export const TERM_DAYS = 280;

const DAY_MS = 86_400_000;
const DAYS_UNTIL = 14;
const MONTHS_OF_WEEKS = 6;
const MONTHS_UNTIL = 24;
const MONTH_NAMES = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

/** @type {Intl.DateTimeFormat | undefined} */
let london;

/**
 * Whether the text is a real date written "2026-05-03".
 * @param {string} text
 */
export function isCivilDate(text) {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && fromDayNumber(dayNumber(text)) === text;
}

/**
 * The date on the wall calendar in England at an instant.
 * @param {Date} instant
 */
export function civilDate(instant) {
  // Made at first use: building a formatter costs more than the rest of this module together.
  london ??= new Intl.DateTimeFormat("en-GB", {
    timeZone: "Europe/London",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
  });
  const [day, month, year] = london.format(instant).split("/");
  return `${year}-${month}-${day}`;
}

/**
 * @param {string} date
 * @param {number} days
 */
export function addDays(date, days) {
  return fromDayNumber(dayNumber(date) + days);
}

/**
 * Whole days from start to end; negative when end comes first.
 * @param {string} start
 * @param {string} end
 */
export function daysBetween(start, end) {
  return dayNumber(end) - dayNumber(start);
}

/**
 * The same day so many calendar months later (or earlier), or that month's last day.
 * @param {string} start
 * @param {number} months
 */
export function addMonths(start, months) {
  const [year, month, day] = parts(start);
  const index = year * 12 + month - 1 + months;
  const lastDay = new Date(Date.UTC(Math.floor(index / 12), (index % 12) + 1, 0)).getUTCDate();
  return civil(Math.floor(index / 12), (index % 12) + 1, Math.min(day, lastDay));
}

/**
 * Completed calendar months from start to end; negative when end comes first.
 * @param {string} start
 * @param {string} end
 */
export function monthsBetween(start, end) {
  const [startYear, startMonth] = parts(start);
  const [endYear, endMonth] = parts(end);
  const months = (endYear - startYear) * 12 + endMonth - startMonth;
  return addMonths(start, months) <= end ? months : months - 1;
}

/**
 * "3 May 2026".
 * @param {string} date
 */
export function formatDate(date) {
  const [year, month, day] = parts(date);
  return `${day} ${MONTH_NAMES[month - 1]} ${year}`;
}

/**
 * "3 May" in the same year as today, "3 May 2027" in another.
 * @param {string} date
 * @param {string} today
 */
export function formatNearDate(date, today) {
  const text = formatDate(date);
  return parts(date)[0] === parts(today)[0] ? text.slice(0, text.lastIndexOf(" ")) : text;
}

/**
 * Age for a banner: "12 days", "7 weeks and 2 days", "9 months", "2 years and 3 months".
 * Days below two weeks, weeks and days below six months, months below two years.
 * @param {string} birth
 * @param {string} on
 */
export function ageText(birth, on) {
  const days = daysBetween(birth, on);
  if (days < 0) return "not yet born";
  if (days < DAYS_UNTIL) return count(days, "day");
  const months = monthsBetween(birth, on);
  if (months < MONTHS_OF_WEEKS) return pair(Math.floor(days / 7), "week", days % 7, "day");
  if (months < MONTHS_UNTIL) return count(months, "month");
  return pair(Math.floor(months / 12), "year", months % 12, "month");
}

/**
 * The day the baby would have been 40 weeks and 0 days.
 * @param {string} birth
 * @param {number} gestationDays
 */
export function dueDate(birth, gestationDays) {
  return addDays(birth, TERM_DAYS - gestationDays);
}

/**
 * Days since the due date; negative before it. Rule G1, for every gestation and for life.
 * @param {string} birth
 * @param {number} gestationDays
 * @param {string} on
 */
export function correctedAgeDays(birth, gestationDays, on) {
  return daysBetween(dueDate(birth, gestationDays), on);
}

/**
 * Corrected age for a banner, or null where it says nothing: gestation unknown, or born on the due date.
 * Before the due date it is the time since the pregnancy began: "36 weeks and 2 days gestation".
 * @param {string} birth
 * @param {number | null | undefined} gestationDays
 * @param {string} on
 */
export function correctedAgeText(birth, gestationDays, on) {
  if (gestationDays == null || gestationDays === TERM_DAYS || on < birth) return null;
  const days = correctedAgeDays(birth, gestationDays, on);
  if (days >= 0) return ageText(dueDate(birth, gestationDays), on);
  const since = TERM_DAYS + days;
  return `${pair(Math.floor(since / 7), "week", since % 7, "day")} gestation`;
}

/**
 * @param {string} date
 * @returns {[number, number, number]} year, month 1 to 12, day
 */
function parts(date) {
  return [Number(date.slice(0, 4)), Number(date.slice(5, 7)), Number(date.slice(8, 10))];
}

/** @param {string} date */
function dayNumber(date) {
  const [year, month, day] = parts(date);
  return Date.UTC(year, month - 1, day) / DAY_MS;
}

/** @param {number} number days since 1 January 1970 */
function fromDayNumber(number) {
  const date = new Date(number * DAY_MS);
  return civil(date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate());
}

/**
 * @param {number} year
 * @param {number} month 1 to 12
 * @param {number} day
 */
function civil(year, month, day) {
  return `${String(year).padStart(4, "0")}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
}

/**
 * @param {number} number
 * @param {string} unit
 */
function count(number, unit) {
  return number === 1 ? `${number} ${unit}` : `${number} ${unit}s`;
}

/**
 * @param {number} first
 * @param {string} firstUnit
 * @param {number} second
 * @param {string} secondUnit
 */
function pair(first, firstUnit, second, secondUnit) {
  const text = count(first, firstUnit);
  return second === 0 ? text : `${text} and ${count(second, secondUnit)}`;
}
