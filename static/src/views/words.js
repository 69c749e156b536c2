/** The words the tablet uses for codes and states. One place, so that a state reads the same on every screen. */

import { civilDate, formatNearDate } from "../lib/dates.js";

export const SEX = {
  male: "Male",
  female: "Female",
  indeterminate: "Indeterminate",
  not_known: "Not known",
};

export const LEVEL = {
  community: "Community",
  universal: "Universal",
  targeted: "Targeted",
  specialist: "Specialist",
};

export const MODE = {
  face_to_face: "Face to face",
  video: "Video",
  phone: "Phone",
  letter: "Letter",
  electronic: "Electronic",
};

export const RELATIONSHIP = {
  mother: "Mother",
  father: "Father",
  parent: "Parent",
  grandparent: "Grandparent",
  foster_carer: "Foster carer",
  lives_here: "Lives here",
  other: "Other",
};

export const KIND = {
  weight: { label: "Weight", unit: "kg" },
  length: { label: "Length", unit: "cm" },
  height: { label: "Height", unit: "cm" },
  ofc: { label: "Head", unit: "cm" },
  bmi: { label: "BMI", unit: "kg/m²" },
};

/**
 * A stored measurement without the zeros that were never measured: "34.400" -> "34.4 cm".
 * @param {string} kind
 * @param {string | number} value
 */
export function measured(kind, value) {
  const number = String(value)
    .replace(/(\.\d*?)0+$/, "$1")
    .replace(/\.$/, "");
  const unit = /** @type {any} */ (KIND)[kind]?.unit;
  return unit ? `${number} ${unit}` : number;
}

/** A visit's state, in the words of the design; `tag` is only the colour that repeats them. */
export const STATE = {
  draft: { words: "Not finished", tag: "amber" },
  waiting: { words: "Waiting to be sent", tag: "info" },
  received: { words: "With your supervisor", tag: "info" },
  returned: { words: "Sent back with a question", tag: "red" },
  two_versions: { words: "Changed on another tablet too", tag: "amber" },
  withdrawing: { words: "Withdrawal waiting to be sent", tag: "amber" },
  withdrawal: { words: "Withdrawal with your supervisor", tag: "info" },
  withdrawn: { words: "Withdrawn", tag: "info" },
  set_aside: { words: "Set aside by your supervisor", tag: "info" },
  quarantined: { words: "With your supervisor to sort out", tag: "amber" },
  approved: { words: "Approved", tag: "green" },
  in_red_book: { words: "In the red book", tag: "green" },
  red_book_failed: {
    words: "Approved; the red book could not take it, your supervisor knows",
    tag: "amber",
  },
  not_shared: { words: "Approved, not shared with the red book", tag: "green" },
  refused: { words: "Could not be taken", tag: "red" },
};

/**
 * @param {Record<string, string>} table
 * @param {string | null | undefined} code
 */
export function word(table, code) {
  return code == null ? "Not known" : (table[code] ?? sentence(code));
}

/**
 * A code as plain words where no better ones are known: "six_month" -> "Six month".
 * @param {string} code
 */
export function sentence(code) {
  const text = code.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/**
 * @param {number} number
 * @param {string} one
 * @param {string} [many]
 */
export function count(number, one, many = `${one}s`) {
  return number === 1 ? `1 ${one}` : `${number} ${many}`;
}

/**
 * "1 photo 40%"; nothing for none.
 * @param {{number: number, percent: number} | null | undefined} photos
 */
export function photoWords(photos) {
  return photos?.number ? `${count(photos.number, "photo")} ${photos.percent}%` : "";
}

/**
 * "14:02" today, "3 May, 14:02" on another day.
 * @param {string | number | Date} instant
 */
export function when(instant) {
  const date = new Date(instant);
  const time = clock(date);
  const day = civilDate(date);
  const today = civilDate(new Date());
  return day === today ? time : `${formatNearDate(day, today)}, ${time}`;
}

/** @type {Intl.DateTimeFormat | undefined} */
let clockFormat;

/** @param {Date} date */
function clock(date) {
  clockFormat ??= new Intl.DateTimeFormat("en-GB", {
    timeZone: "Europe/London",
    hour: "2-digit",
    minute: "2-digit",
  });
  return clockFormat.format(date);
}

/**
 * "Amina, Ben and Cara".
 * @param {string[]} names
 */
export function listed(names) {
  if (names.length < 2) return names.join("");
  return `${names.slice(0, -1).join(", ")} and ${names[names.length - 1]}`;
}

/**
 * First letter small, for a title used inside a sentence: "New birth visit" -> "new birth visit".
 * @param {string} title
 */
export function inSentence(title) {
  return title.charAt(0).toLowerCase() + title.slice(1);
}

/** @param {unknown} error */
export function plain(error) {
  return error instanceof Error && error.message
    ? error.message
    : "Something went wrong. Nothing on this tablet has changed. Try again.";
}

/** @param {boolean | null} persisted */
export function persistedWords(persisted) {
  if (persisted) return "The browser has promised to keep your records, even when space runs short.";
  return "The browser has not promised to keep your records when space runs short. Add the app to the home screen and open it from there; then ask again under This tablet.";
}

/** For the first screens, after a supervisor's order. */
export const OUT_OF_USE =
  "This tablet was taken out of use by a supervisor, and families’ details have been removed from it. What was recorded on it is sent whenever there is a connection. To use it again, set it up again.";
