/** NHS numbers: is it one, and how it is written. `hvapp/domain/nhs_number.py` gives the same answers. */

const WRITTEN = /^[ \t\r\n]*(\d{10}|\d{3} \d{3} \d{4}|\d{3}-\d{3}-\d{4})[ \t\r\n]*$/;

/**
 * Whether the ten digits pass the modulus 11 check; written together, or 3-3-4 with spaces or hyphens.
 * @param {string} number
 */
export function validNhsNumber(number) {
  const digits = digitsOf(number);
  if (digits === "" || (isScottish(digits) && !startsWithDate(digits))) return false;
  let sum = 0;
  for (let position = 0; position < 9; position += 1) sum += Number(digits[position]) * (10 - position);
  return (11 - (sum % 11)) % 11 === Number(digits[9]);
}

/**
 * The ten digits of a valid number, else null.
 * @param {string} number
 */
export function normaliseNhsNumber(number) {
  return validNhsNumber(number) ? digitsOf(number) : null;
}

/**
 * "999 123 4567", as the NHS writes it; anything that is not ten digits comes back as it was.
 * @param {string} number
 */
export function formatNhsNumber(number) {
  const digits = digitsOf(number);
  return digits === "" ? number : `${digits.slice(0, 3)} ${digits.slice(3, 6)} ${digits.slice(6)}`;
}

/** @param {string} number */
function digitsOf(number) {
  return WRITTEN.test(number) ? number.replace(/\D/g, "") : "";
}

/**
 * Scottish numbers share the check digit but begin with the date of birth, so a wrong date is a wrong number.
 * @param {string} digits
 */
function isScottish(digits) {
  return digits >= "0100000000" && digits <= "3112999999";
}

/** @param {string} digits beginning DDMMYY */
function startsWithDate(digits) {
  const [day, month, year] = [0, 2, 4].map((start) => Number(digits.slice(start, start + 2)));
  const date = new Date(Date.UTC(year < 69 ? 2000 + year : 1900 + year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}
