/**
 * Mind and safety: rules M1 to M3, J1, SG1 to SG4, domestic abuse, and what belongs to the contact itself.
 * `hvapp/domain/rules/wellbeing.py` answers the same. On the tablet these rules are the conditions of alerts; here they
 * stand as functions so that tables of cases can be run through both languages.
 */

import { daysBetween } from "../lib/dates.js";
import { cannotSay, hasReached, notGiven } from "./answering.js";

/**
 * @typedef {import("./answering.js").Given} Given
 * @typedef {import("./answering.js").Limits} Limits
 * @typedef {import("./answering.js").Answer} Answer
 */

const PHQ9 = ["minimal", "mild", "moderate", "moderately_severe", "severe"];
const GAD7 = ["minimal", "mild", "moderate", "severe"];
const HARM_ITEMS = [
  ["epds", "item10", "item 10 of the EPDS"],
  ["phq9", "item9", "item 9 of the PHQ-9"],
];
const ADDITIONAL = ["targeted"];
const LOCAL = ["no_access", "three_four_month", "six_month", "movement_in"];

/**
 * @param {any} value
 * @returns {boolean}
 */
const known = (value) => value !== undefined;
/** @param {number | undefined} item */
const above0 = (item) => item !== undefined && item > 0;

/**
 * M1. Positive on what is known; negative only when every item is.
 * @param {Given} given
 * @param {Limits} limits
 * @returns {Answer}
 */
export function screening(given, limits) {
  const whooley = [given.whooley_1, given.whooley_2];
  const gad2 = [given.gad2_1, given.gad2_2];
  const total = (gad2[0] ?? 0) + (gad2[1] ?? 0);
  const whooleyPositive = whooley.includes(true) ? true : whooley.every(known) ? false : null;
  const gad2Positive = total >= limits.gad2_positive ? true : gad2.every(known) ? false : null;
  const workedOut = {
    whooley_positive: whooleyPositive,
    gad2_total: gad2.every(known) ? total : null,
    gad2_positive: gad2Positive,
  };
  if (whooleyPositive || gad2Positive) return { status: "positive", ...workedOut };
  const asked = [];
  if (whooley.some(known)) asked.push(whooleyPositive);
  if (gad2.some(known)) asked.push(gad2Positive);
  if (!asked.length || asked.includes(null)) {
    const missing = ["whooley_1", "whooley_2", "gad2_1", "gad2_2"].filter((name) => !known(given[name]));
    return cannotSay(`not given: ${missing.join(", ")}`, workedOut);
  }
  return { status: "negative", ...workedOut };
}

/**
 * M2. Nothing is called low while an item about self-harm may hide in a total.
 * @param {Given} given
 * @param {Limits} limits
 * @returns {Answer}
 */
export function totals(given, limits) {
  const names = ["epds_total", "epds_item10", "phq9_total", "phq9_item9", "gad7_total"];
  if (!names.some((name) => known(given[name]))) return notGiven(...names);
  const { epds_total: epds, phq9_total: phq9, gad7_total: gad7 } = given;
  const items = [given.epds_item10, given.phq9_item9];
  const { unknown, contradicted } = harmItems(given, limits);
  let epdsBand = null;
  if (known(epds)) epdsBand = band(epds, [limits.epds_amber, limits.epds_red], ["low", "raised", "high"]);
  const harmful = items.some((item) => known(item) && item > limits.item_above);
  let selfHarm = items.some(known) && !unknown.length && !contradicted.length ? "no" : "not_known";
  if (harmful) selfHarm = "yes";
  const workedOut = {
    epds_band: epdsBand,
    phq9_band: band(phq9, limits.phq9_bands, PHQ9),
    gad7_band: band(gad7, limits.gad7_bands, GAD7),
    self_harm: selfHarm,
  };
  if (harmful) return { status: "self_harm", ...workedOut };
  if (epdsBand === "high") return { status: "high", ...workedOut };
  if (contradicted.length) {
    // Whichever of the two is wrong, somebody has to look again.
    const reason = `so high a total needs more than 0 in ${contradicted[0]}`;
    return cannotSay(reason, { level: "amber", ...workedOut });
  }
  const bands = [epdsBand, workedOut.phq9_band, workedOut.gad7_band].filter((one) => one !== null);
  if (!bands.length) return { ...notGiven("epds_total", "phq9_total", "gad7_total"), ...workedOut };
  const raised = bands.some((one) => !["low", "minimal", "mild"].includes(one));
  if (raised) return { status: "raised", ...workedOut };
  if (unknown.length) return cannotSay(`${unknown.join(" and ")} not known`, workedOut);
  return { status: bands.includes("mild") ? "mild" : "low", ...workedOut };
}

/**
 * Of the questionnaires that have a total: the items that are not known, and those that the total contradicts.
 * @param {Given} given
 * @param {Limits} limits
 */
function harmItems(given, limits) {
  const unknown = [];
  const contradicted = [];
  for (const [name, itemName, words] of HARM_ITEMS) {
    const total = given[`${name}_total`];
    const item = given[`${name}_${itemName}`];
    if (known(total) && !known(item)) unknown.push(words);
    else if (known(total) && item === 0 && total > limits[`${name}_without_item`]) contradicted.push(words);
  }
  return { unknown, contradicted };
}

/**
 * @param {number | undefined} total
 * @param {number[]} fromEach
 * @param {string[]} names
 */
function band(total, fromEach, names) {
  return total === undefined ? null : names[fromEach.filter((from) => total >= from).length];
}

/**
 * M3.
 * @param {Given} given
 * @param {Limits} limits
 * @returns {Answer}
 */
export function harm(given, limits) {
  const { epds_item10: epds, phq9_item9: phq9, infant_harm: infant } = given;
  if (above0(epds) || above0(phq9) || infant) {
    return { status: "path", within_hours: limits.within_hours, notify_supervisor: true };
  }
  return [epds, phq9, infant].some(known)
    ? { status: "none" }
    : notGiven("epds_item10", "phq9_item9", "infant_harm");
}

/**
 * J1.
 * @param {Given} given
 * @param {Limits} limits
 * @returns {Answer}
 */
export function jaundice(given, limits) {
  if (given.jaundice === "none") return { status: "none" };
  if (given.stool_colour === "pale" || given.urine_colour === "dark") return { status: "liver" };
  const { age_days: days, age_hours: hours, gestation_weeks: weeks } = given;
  if (!known(days)) return cannotSay("the age is not known");
  if (days === 0 || (known(hours) && Number(hours) < limits.early_below)) return { status: "first_day" };
  if (days === 1 && !known(hours)) {
    return cannotSay("on day 1 it depends on the hours since birth: give age_hours");
  }
  if (days >= limits.preterm_from) return { status: "prolonged" };
  if (days >= limits.term_from) {
    if (!known(weeks)) {
      return cannotSay("from day 14 to day 20 it depends on the gestation, which is not known");
    }
    if (weeks >= limits.preterm_below_weeks) return { status: "prolonged" };
  }
  return { status: "watch" };
}

/**
 * SG1.
 * @param {Given} given
 * @returns {Answer}
 */
export function actToday(given) {
  const { dva_response: abuse, child_seen: seen, contact_type: contact, concern } = given;
  const reasons = [];
  if (given.bruise_nonmobile) reasons.push("bruise_nonmobile");
  if (abuse === "current" && (seen === "awake" || seen === "asleep")) reasons.push("domestic_abuse_current");
  if (above0(given.epds_item10) || above0(given.phq9_item9)) reasons.push("self_harm");
  if (contact === "no_access" && concern === "child_protection") reasons.push("no_access_protection");
  if (reasons.length) {
    return {
      status: "act_today",
      reasons,
      reasons_text: reasons.join(", "),
      notify_supervisor: true,
      show_phone: true,
    };
  }
  if (abuse === "current" && !known(seen)) return cannotSay("whether the child was there is not known");
  if (contact === "no_access" && !known(concern)) {
    return cannotSay("whether the child has a protection plan is not known");
  }
  const asked = ["bruise_nonmobile", "dva_response", "epds_item10", "phq9_item9", "contact_type", "concern"];
  return asked.some((name) => known(given[name])) ? { status: "none", reasons: [] } : notGiven(...asked);
}

/**
 * SG2.
 * @param {Given} given
 * @returns {Answer}
 */
export function queue({ concern }) {
  const restricted = concern === "child_protection" || concern === "looked_after";
  return { status: restricted ? "safeguarding_queue" : "usual_queue", may_auto_approve: !restricted };
}

/**
 * SG3.
 * @param {Given} given
 * @param {Limits} limits
 * @returns {Answer}
 */
export function saferSleep(given, limits) {
  const { sleep_surface: surface, safer_sleep_risks: risks } = given;
  const told = new Set(risks);
  const reasons = surface === "sofa" || told.has("sofa") ? ["sofa"] : [];
  if (surface === "shared_bed") reasons.push(...bedReasons(given, told, limits));
  // The list means sharing a bed, wherever the baby usually sleeps.
  else if (told.has("preterm_small")) reasons.push("preterm_small");
  const listed = new Set(told);
  if (given.smoker_in_home === "yes") listed.add("smoking");
  const workedOut = {
    reasons,
    reasons_text: reasons.join(", "),
    risks_text: [...listed].join(", "),
    refer_beds_for_babies: given.needs_bed_space === true,
  };
  if (reasons.length) return { status: "unsafe", ...workedOut };
  if (workedOut.refer_beds_for_babies) return { status: "needs_bed", ...workedOut };
  if (!known(surface) && !known(risks)) return notGiven("sleep_surface", "safer_sleep_risks");
  if (!known(surface) || surface === "none") {
    return cannotSay("where the baby sleeps is not known", workedOut);
  }
  if (surface === "shared_bed" && !known(risks)) {
    return cannotSay("the bed is shared, and the risks were not asked about", workedOut);
  }
  if (surface === "shared_bed" && given.smoker_in_home === "declined") {
    return cannotSay("the bed is shared, and smoking is not known", workedOut);
  }
  return { status: listed.size ? "other_risks" : "safe", ...workedOut };
}

/**
 * @param {Given} given
 * @param {Set<string>} told
 * @param {Limits} limits
 */
function bedReasons(given, told, limits) {
  const { gestation_weeks: weeks, birth_weight_kg: weight } = given;
  const holds = {
    smoking: told.has("smoking") || given.smoker_in_home === "yes",
    alcohol_drugs: told.has("alcohol_drugs"),
    preterm: known(weeks) && weeks < limits.preterm_below_weeks,
    small: known(weight) && Number(weight) < Number(limits.small_below),
    preterm_small: told.has("preterm_small"),
  };
  return Object.entries(holds)
    .filter(([, itDoes]) => itDoes)
    .map(([reason]) => reason);
}

/**
 * SG4.
 * @param {Given} given
 * @param {Limits} limits
 * @returns {Answer}
 */
export function damp(given, limits) {
  if (given.damp_mould !== "significant" && given.damp_mould !== "severe") return { status: "none" };
  if (given.wheeze_child) return { status: "refer" };
  if (!known(given.age_days)) return cannotSay("the age is not known");
  if (!hasReached(given, limits.younger_than)) return { status: "refer" };
  return known(given.wheeze_child) ? { status: "none" } : cannotSay("whether a child wheezes is not known");
}

/**
 * Whether the question about domestic abuse may be asked: alone, and through nobody but a professional.
 * @param {Given} given
 * @returns {Answer}
 */
export function abuseQuestion({ seen_alone: alone, interpreter }) {
  const closed = alone === false ? ["not seen alone"] : [];
  if (["family_member", "not_available", "declined"].includes(interpreter)) {
    closed.push("no professional interpreter");
  }
  if (closed.length) return { status: "closed", may_ask: false, reasons_text: closed.join(", ") };
  const missing = [];
  if (!known(alone)) missing.push("seen_alone");
  if (!known(interpreter)) missing.push("interpreter");
  return missing.length ? { ...notGiven(...missing), may_ask: false } : { status: "open", may_ask: true };
}

/**
 * Face to face counts towards C1 to C8. A targeted contact feeds the figure for additional contacts alone; what is decided
 * locally, and a visit without access, feed none.
 * @param {Given} given
 * @returns {Answer}
 */
export function counts({ mode, contact_type: contact }) {
  if (mode !== "face_to_face" || LOCAL.includes(contact)) return { status: "does_not_count", counts: false };
  if (ADDITIONAL.includes(contact)) return { status: "additional", counts: false };
  return { status: "counts", counts: true };
}

/**
 * Whether a blood spot result is missing, under 1 year.
 * @param {Given} given
 * @param {Limits} limits
 * @returns {Answer}
 */
export function bloodSpot(given, limits) {
  if (hasReached(given, limits.younger_than)) return { status: "too_old" };
  const result = given.bloodspot_results;
  return { status: result === "none_suspected" || result === "some" ? "present" : "missing" };
}

/**
 * @param {Given} given
 * @param {Limits} limits
 * @returns {Answer}
 */
export function earlySolids(given, limits) {
  const days = daysBetween(given.date_of_birth, given.solids_started);
  if (days < 0) return cannotSay("solids_started is before date_of_birth");
  return { status: days < limits.before ? "early" : "not_early", age_days: days };
}
