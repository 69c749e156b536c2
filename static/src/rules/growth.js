/** Growth, rules G1 to G8. `hvapp/domain/rules/growth.py` answers the same. */

import { readNumber, rounded } from "../forms/answers.js";
import { centileBand, isCorrected, normalDistribution, paperGap } from "../growth/lms.js";
import { addDays, addMonths, daysBetween, dueDate, monthsBetween, TERM_DAYS } from "../lib/dates.js";
import { cannotSay, hasReached, notGiven, twoPlaces, wholeGestation } from "./answering.js";

/**
 * @typedef {import("./answering.js").Given} Given
 * @typedef {import("./answering.js").Limits} Limits
 * @typedef {import("./answering.js").Answer} Answer
 * @typedef {(measurement: import("../growth/lms.js").Measurement) => import("../growth/lms.js").GrowthResult} Assess
 */

/** @type {{[kind: string]: string}} */
const INPUT_OF_KIND = { weight: "weight_kg", length: "length_cm", height: "height_cm", ofc: "ofc_cm" };
export const SPACE = 2 / 3;
// SDS are binary floats: a fall of exactly two spaces must not be missed by the last bit.
export const HAIR = 1e-9;
const DAYS_IN_YEAR = 365.25;
const TERM_WEEKS = 37;

/**
 * G1.
 * @param {Given} given
 * @returns {Answer}
 */
export function ages(given) {
  const days = given.age_days;
  const gestation = wholeGestation(given);
  const workedOut = { age_days: days, decimal_age: days / DAYS_IN_YEAR };
  if (gestation === null) {
    return { status: "chronological", ...workedOut, corrected_age_days: null, due_date: null };
  }
  const due = dueDate(given.date_of_birth, gestation);
  const corrected = daysBetween(due, given.on);
  return {
    status: "corrected",
    ...workedOut,
    due_date: due,
    corrected_age_days: corrected,
    corrected_decimal_age: corrected / DAYS_IN_YEAR,
  };
}

/**
 * G2.
 * @param {Given} given
 * @returns {Answer}
 */
export function correction(given) {
  const gestation = wholeGestation(given);
  const { age_days: days, method = "digital" } = given;
  const corrected = isCorrected(given.date_of_birth, given.on, gestation, method);
  const shown = paperGap(days, gestation, method) === null;
  let status = corrected ? "corrected" : "uncorrected";
  if (gestation === null) status = "chronological";
  if (!shown) status = "no_centile";
  return {
    status,
    method: gestation === null ? "chronological" : method,
    corrected,
    chart_age_days: corrected && gestation !== null ? days - TERM_DAYS + gestation : days,
    centile_shown: shown,
  };
}

/**
 * G3.
 * @param {Given} given
 * @param {Assess} assess
 */
export function centile(given, assess) {
  const placed = place(given, assess);
  if (placed.status !== "placed") return placed;
  const { sds } = placed;
  return { ...placed, status: "centile", centile: 100 * normalDistribution(sds), band: centileBand(sds) };
}

/**
 * G4.
 * @param {Given} given
 * @param {Assess} assess
 * @param {Limits} limits
 */
export function extremes(given, assess, limits) {
  const placed = place(given, assess);
  if (placed.status !== "placed") return placed;
  const { kind, sds } = placed;
  if (kind === null) return notGiven("kind");
  if (kind === "bmi") return cannotSay("body mass index is rule G5");
  const high = sds > Number(limits.high);
  if (kind === "ofc") return head(given, placed, high, assess, limits);
  const status = sds < Number(limits.low) ? "low" : "within";
  return { ...placed, status: high ? "high" : status };
}

/**
 * How far the head has risen comes first: above the 99.6th centile it matters most.
 * @param {Given} given
 * @param {Answer} placed
 * @param {boolean} high
 * @param {Assess} assess
 * @param {Limits} limits
 * @returns {Answer}
 */
function head(given, placed, high, assess, limits) {
  const { now, before } = twoHeads(given, placed, assess);
  const signs = given.other_signs === true;
  /** @type {Given} */
  const workedOut = { ...placed, high, rise_spaces: null };
  let rising = false;
  if (now !== null && before !== null) {
    const rise = (now - before) / SPACE;
    rising = rise >= limits.head_rise - HAIR;
    Object.assign(workedOut, { compared_sds: now, previous_sds: before, rise_spaces: rise });
  }
  if (rising) {
    const older = given.age_days !== undefined && hasReached(given, limits.head_concern_after);
    workedOut.high_text = high ? " It is above the 99.6th centile." : "";
    return { ...workedOut, status: older || signs ? "head_rising_concern" : "head_rising" };
  }
  if (high) return { ...workedOut, status: signs ? "high_concern" : "high" };
  return { ...workedOut, status: "within" };
}

/**
 * The SDS of the head now and before. What was measured is read by the same correction on both days.
 * @param {Given} given
 * @param {Answer} placed
 * @param {Assess} assess
 * @returns {{now: number | null, before: number | null}}
 */
function twoHeads(given, placed, assess) {
  if (given.previous_sds !== undefined) return { now: placed.sds, before: Number(given.previous_sds) };
  const { previous_ofc_cm: ofc_cm, previous_on: on, date_of_birth: birth } = given;
  if (ofc_cm === undefined || on === undefined || birth === undefined)
    return { now: placed.sds, before: null };
  return {
    now: given.sds === undefined ? (placeOneWay(given, "ofc", assess).sds ?? null) : placed.sds,
    before: placeOneWay({ ...given, ofc_cm, on }, "ofc", assess).sds ?? null,
  };
}

/**
 * G5.
 * @param {Given} given
 * @param {Assess} assess
 * @param {Limits} limits
 * @returns {Answer}
 */
export function bodyMassIndex(given, assess, limits) {
  if (!hasReached(given, limits.from)) return { status: "too_young" };
  const placed = place({ ...given, kind: "bmi" }, assess);
  if (placed.status !== "placed") return placed;
  const { sds } = placed;
  let status = "within";
  if (sds < Number(limits.low)) status = "under_nutrition";
  if (sds > Number(limits.overweight)) status = "overweight";
  if (sds > Number(limits.obese)) status = "obese";
  return { ...placed, status };
}

/**
 * G6, in exact numbers: 10% is not more than 10%.
 * @param {Given} given
 * @param {Limits} limits
 * @returns {Answer}
 */
export function weightLoss(given, limits) {
  const birth = /** @type {bigint} */ (readNumber(given.birth_weight_kg));
  const lost = birth - /** @type {bigint} */ (readNumber(given.weight_kg));
  const scaled = (lost * 100n * 10n ** 12n) / birth;
  const workedOut = { loss_percent: Number(scaled) / 1e12, loss_text: rounded(scaled, 2) };
  if (lost * 100n > BigInt(limits.loss_above) * birth) return { status: "loss_over_10", ...workedOut };
  if (lost <= 0n) return { status: "regained", ...workedOut };
  if (given.age_days === undefined) return cannotSay("the age is not known", workedOut);
  return { status: given.age_days >= limits.regained_by ? "not_regained" : "within", ...workedOut };
}

/**
 * G7. Both points are read by the same correction; below the 2nd centile now needs no point at birth.
 * @param {Given} given
 * @param {Assess} assess
 * @param {Limits} limits
 * @returns {Answer}
 */
export function faltering(given, assess, limits) {
  if (given.age_days <= limits.after_day) return { status: "too_early" };
  const now =
    given.sds === undefined
      ? placeOneWay(given, "weight", assess)
      : { status: "placed", sds: Number(given.sds) };
  if (now.status !== "placed") return now;
  const birth = birthPoint(given, assess);
  return fall(birth.sds ?? null, now.sds, limits) ?? birth;
}

/**
 * How far the weight fell in centile spaces, and whether that is faltering for where it began; null where the SDS at
 * birth is not known and the weight now says nothing by itself.
 * @param {number | null} birth
 * @param {number} now
 * @param {Limits} limits
 * @returns {Answer | null}
 */
export function fall(birth, now, limits) {
  const low = now < Number(limits.now_below);
  if (birth === null) return low ? { status: "below_2nd", sds: now } : null;
  const spaces = (birth - now) / SPACE;
  let spacesLimit = limits.spaces_middle;
  if (birth < Number(limits.birth_low)) spacesLimit = limits.spaces_low;
  else if (birth > Number(limits.birth_high)) spacesLimit = limits.spaces_high;
  let status = low ? "below_2nd" : "not_faltering";
  if (spaces >= spacesLimit - HAIR) status = "faltering";
  return {
    status,
    birth_sds: birth,
    sds: now,
    fall_spaces: spaces,
    fall_text: twoPlaces(spaces),
    spaces_limit: spacesLimit,
  };
}

/**
 * @param {Given} given
 * @param {Assess} assess
 * @returns {Answer}
 */
function birthPoint(given, assess) {
  const { birth_method: birthMethod, method } = given;
  if (birthMethod && method && birthMethod !== method) {
    return cannotSay("the two points were not corrected by the same method");
  }
  if (given.birth_sds !== undefined) return { status: "placed", sds: Number(given.birth_sds) };
  if (given.birth_weight_kg === undefined) return notGiven("birth_weight_kg");
  if (wholeGestation(given) === null) {
    return cannotSay("the gestation is not known, so the birth weight has no centile");
  }
  const atBirth = { ...given, weight_kg: given.birth_weight_kg, on: given.date_of_birth };
  return placeOneWay(atBirth, "weight", assess);
}

/**
 * By which gestation both points are corrected, however old the child is: by paper a term baby's by none.
 * @param {import("../growth/lms.js").ChartMethod} method
 * @param {number | null} gestationDays
 */
export function oneWay(method, gestationDays) {
  return method === "paper" && (gestationDays ?? 0) >= TERM_WEEKS * 7 ? null : gestationDays;
}

/**
 * @param {Given} given
 * @param {string} kind
 * @param {Assess} assess
 */
function placeOneWay(given, kind, assess) {
  const { sds: _, method = "digital", ...kept } = given;
  if (oneWay(method, wholeGestation(given)) === null) delete kept.gestation_weeks;
  return place({ ...kept, kind }, assess);
}

/**
 * G8.
 * @param {Given} given
 * @param {Limits} limits
 * @returns {Answer}
 */
export function tooSoon(given, limits) {
  const { last_weighed_on: last, on } = given;
  if (last > on) return cannotSay("last_weighed_on is after on");
  const age = monthsBetween(given.date_of_birth, on);
  const table = limits[given.growth_concern ? "concern" : "routine"];
  const step = table.find((/** @type {Limits} */ one) => one.under === undefined || age < one.under);
  const nextOn = step.months ? addMonths(last, step.months) : addDays(last, step.days);
  return {
    status: on < nextOn ? "too_soon" : "in_time",
    next_weighing_from: nextOn,
    days_since: daysBetween(last, on),
  };
}

/**
 * The SDS that is given, or that the charts give for what was measured.
 * @param {Given} given
 * @param {Assess} assess
 * @returns {Answer}
 */
function place(given, assess) {
  if (given.sds !== undefined) {
    return { status: "placed", sds: Number(given.sds), kind: given.kind ?? null };
  }
  const { kind, value } = measured(given);
  if (value === undefined) {
    if (kind === "bmi") return notGiven("weight_kg", "height_cm");
    return kind ? notGiven(INPUT_OF_KIND[kind]) : notGiven("sds", ...Object.values(INPUT_OF_KIND));
  }
  const missing = ["date_of_birth", "on", "sex"].filter((name) => given[name] === undefined);
  if (missing.length) return notGiven(...missing);
  const result = assess({
    kind: /** @type {import("../growth/lms.js").Kind} */ (kind),
    value,
    measuredOn: given.on,
    birthDate: given.date_of_birth,
    sex: given.sex,
    gestationDays: wholeGestation(given),
    method: given.method,
  });
  const told = { kind, sds: result.sds, method: result.method, ...(kind === "bmi" ? { bmi: value } : {}) };
  if (result.sds === null) return { status: "no_reference", reason: result.noReference, ...told };
  return { status: "placed", ...told };
}

/**
 * Which measurement it is about, and its value: the kind that is named, else the only one given.
 * @param {Given} given
 * @returns {{kind: string | null, value?: string | number}}
 */
function measured(given) {
  if (given.kind === "bmi") {
    const { weight_kg: weight, height_cm: height } = given;
    return { kind: "bmi", value: weight && height ? bmi(weight, height) : undefined };
  }
  const kinds = Object.keys(INPUT_OF_KIND).filter((one) => given[INPUT_OF_KIND[one]] !== undefined);
  const kind = given.kind ?? (kinds.length === 1 ? kinds[0] : null);
  return { kind, value: kind ? given[INPUT_OF_KIND[kind]] : undefined };
}

/**
 * kg/m2.
 * @param {string} weightKg
 * @param {string} heightCm
 */
export function bmi(weightKg, heightCm) {
  const metres = Number(heightCm) / 100;
  return Number(weightKg) / (metres * metres);
}
