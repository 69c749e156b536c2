/**
 * Civil dates and ages, as a health visitor says them. A civil date is a string, "2026-05-03": no time, no zone.
 * A calendar month that has no such day ends on its last day: 31 January plus one month is 28 or 29 February.
 * `hvapp/domain/ages.py` does the same; `tests/contract/ages.json` holds both to it.
 */

/** 40 weeks and 0 days: the length of pregnancy that corrected age counts from. */
export const TERM_DAYS = 280;

/** Days from 1 March of the year 0, where the count of leap days begins, to 1 January 1970. */
const BEFORE_1970 = 719_468;
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
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const { year, month, day } = parts(text);
  return year > 99 && month > 0 && month < 13 && day > 0 && day <= daysIn(year, month);
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
  const { year, month, day } = monthsOn(parts(start), months);
  return civil(year, month, day);
}

/**
 * The same for days counted from 1 January 1970.
 * @param {number} start
 * @param {number} months
 */
export function addMonthsToDay(start, months) {
  return numberOf(monthsOn(partsOfDay(start), months));
}

/**
 * Completed calendar months from start to end; negative when end comes first.
 * @param {string} start
 * @param {string} end
 */
export function monthsBetween(start, end) {
  const from = parts(start);
  const to = parts(end);
  const months = (to.year - from.year) * 12 + to.month - from.month;
  return Math.min(from.day, daysIn(to.year, to.month)) <= to.day ? months : months - 1;
}

/**
 * "3 May 2026".
 * @param {string} date
 */
export function formatDate(date) {
  const { year, month, day } = parts(date);
  return `${day} ${MONTH_NAMES[month - 1]} ${year}`;
}

/**
 * "3 May" in the same year as today, "3 May 2027" in another.
 * @param {string} date
 * @param {string} today
 */
export function formatNearDate(date, today) {
  const text = formatDate(date);
  return parts(date).year === parts(today).year ? text.slice(0, text.lastIndexOf(" ")) : text;
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
 * Whole numbers alone from here on: a whole caseload is worked out at once, and each Date made costs more than the sum.
 * @typedef {{year: number, month: number, day: number}} Parts month 1 to 12
 *
 * @param {string} date
 * @returns {Parts}
 */
function parts(date) {
  return { year: digits(date, 0) * 100 + digits(date, 2), month: digits(date, 5), day: digits(date, 8) };
}

/**
 * @param {string} text
 * @param {number} at where two digits stand
 */
function digits(text, at) {
  return text.charCodeAt(at) * 10 + text.charCodeAt(at + 1) - 528;
}

/** @param {string} date */
export function dayNumber(date) {
  return numberOf(parts(date));
}

/** @param {number} number days since 1 January 1970 */
export function fromDayNumber(number) {
  const { year, month, day } = partsOfDay(number);
  return civil(year, month, day);
}

/**
 * Days since 1 January 1970. A year is counted from its March, so that a leap day comes last in it.
 * @param {Parts} parts
 */
function numberOf({ year, month, day }) {
  const from = month > 2 ? year : year - 1;
  const leapDays = Math.floor(from / 4) - Math.floor(from / 100) + Math.floor(from / 400);
  const before = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5);
  return from * 365 + leapDays + before + day - 1 - BEFORE_1970;
}

/**
 * @param {number} number
 * @returns {Parts}
 */
function partsOfDay(number) {
  const since = number + BEFORE_1970;
  const centuries = Math.floor((4 * since + 3) / 146_097);
  const inCentury = since - Math.floor((146_097 * centuries) / 4);
  const years = Math.floor((4 * inCentury + 3) / 1461);
  const inYear = inCentury - Math.floor((1461 * years) / 4);
  const months = Math.floor((5 * inYear + 2) / 153);
  const year = centuries * 100 + years + (months > 9 ? 1 : 0);
  const day = inYear - Math.floor((153 * months + 2) / 5) + 1;
  return { year, month: months > 9 ? months - 9 : months + 3, day };
}

/**
 * @param {Parts} parts
 * @param {number} months
 * @returns {Parts}
 */
function monthsOn({ year, month, day }, months) {
  const index = year * 12 + month - 1 + months;
  const then = Math.floor(index / 12);
  const monthThen = (index % 12) + 1;
  return { year: then, month: monthThen, day: Math.min(day, daysIn(then, monthThen)) };
}

/**
 * @param {number} year
 * @param {number} month 1 to 12
 */
function daysIn(year, month) {
  if (month !== 2) return 30 + ((month + (month >> 3)) & 1);
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}

/**
 * @param {number} year
 * @param {number} month 1 to 12
 * @param {number} day
 */
function civil(year, month, day) {
  return `${String(year).padStart(4, "0")}-${month < 10 ? "0" : ""}${month}-${day < 10 ? "0" : ""}${day}`;
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
