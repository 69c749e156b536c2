/** What stands on the parents' copy besides the answers: the visit, what comes next, keeping safe and who to call. */

import { daysBetween, fromDayNumber } from "../lib/dates.js";

/**
 * @typedef {import("./contents.js").CopyFacts} CopyFacts
 * @typedef {import("./contents.js").Row} Row
 * @typedef {import("./contents.js").Said} Said
 * @typedef {import("./contents.js").Shared} Shared
 * @typedef {import("../rules/immunisations.js").Dose} Dose
 */

const SLEEP_UNTIL_DAYS = 365;
const CRYING_UNTIL_DAYS = 183;
const SLEEP = ["back", "space", "smoke", "sofa"];
const CRYING = ["normal", "comfort", "walk_away", "never_shake"];

/**
 * @param {CopyFacts} facts
 * @returns {Row[]}
 */
export function visitRows({ contactType, on, visitor }) {
  if (contactType === null) return [];
  return [
    { label: "row.contact", said: [{ phrase: `contact.${contactType}` }, { date: on }] },
    { label: "row.visitor", said: [{ value: visitor }] },
  ];
}

/**
 * @param {Shared} shared
 * @param {CopyFacts} facts
 * @returns {Row[]}
 */
export function nextRows(shared, { next }) {
  const agreed = shared.get("next_due");
  /** @type {Row[]} */
  const rows = agreed ? [{ label: "row.agreed", said: [{ date: agreed.value }] }] : [];
  if (!next) return rows;
  const window = { from: { date: next.opensOn }, to: { date: next.targetEnd } };
  rows.push({
    label: `contact.${next.contactType}`,
    said: [{ phrase: "next.window", with: window }, ...(next.confirmed ? [] : [{ phrase: "next.guide" }])],
  });
  return rows;
}

/**
 * What is due now and what comes next. Whether a dose is missing is said only where it is known what was given.
 * @param {Shared} shared
 * @param {CopyFacts} facts
 * @returns {Row[]}
 */
export function vaccines(shared, { doses, history, on }) {
  if (!doses.length) return [];
  const complete = shared.get("imm_decision")?.value === "up_to_date";
  const now = doses.filter(({ state }) => state === "due" || state === "overdue");
  const later = doses
    .map((dose) => ({ ...dose, day: fromDayNumber(dose.dueOn) }))
    .filter(({ state, day }) => (state === "not_yet" || state === "too_early") && day > on);
  const [first] = later.map(({ day }) => day).sort();
  const coming = later.filter(({ day }) => day === first);
  /** @type {Row[]} */
  const rows = [];
  if (now.length && history && !complete) rows.push({ label: "vaccines.now", said: now.map(sayDose) });
  if (coming.length) {
    rows.push({
      label: "vaccines.next",
      said: [...coming.map(sayDose), { phrase: "vaccines.from", with: { date: { date: first } } }],
    });
  }
  if (!history && !complete) rows.push({ label: null, said: [{ phrase: "vaccines.unknown" }] });
  const shown = [...(history && !complete ? now : []), ...coming];
  if (shown.some(({ confirmed }) => !confirmed)) rows.push({ label: null, said: [{ phrase: "next.guide" }] });
  return rows;
}

/**
 * @param {Dose} dose
 * @returns {Said}
 */
function sayDose({ vaccine, number }) {
  return {
    phrase: "vaccines.dose",
    with: { vaccine: { value: vaccine }, number: { value: String(number) } },
  };
}

/**
 * @param {string | null} birthDate
 * @param {string} on
 * @returns {Row[]}
 */
export function safety(birthDate, on) {
  if (birthDate === null) return [];
  const days = daysBetween(birthDate, on);
  /** @type {(label: string, parts: string[]) => Row} */
  const row = (label, parts) => ({ label, said: parts.map((part) => ({ phrase: `${label}.${part}` })) });
  return [
    ...(days < SLEEP_UNTIL_DAYS ? [row("safe.sleep", SLEEP)] : []),
    ...(days < CRYING_UNTIL_DAYS ? [row("safe.crying", CRYING)] : []),
  ];
}

/**
 * @param {CopyFacts} facts
 * @returns {Row[]}
 */
export function calls({ team }) {
  const phone = team?.phone?.trim();
  return [
    {
      label: "call.team",
      said: [
        ...(team?.name ? [{ value: team.name }] : []),
        phone ? { value: phone } : { phrase: "call.by_hand" },
      ],
    },
    { label: "call.urgent", said: [{ phrase: "call.111" }, { phrase: "call.999" }] },
  ];
}
