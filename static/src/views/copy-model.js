/** What a parents' copy is made from: the visit, sealed or still open, the record of the child, and the rules. */

import { parentsCopy } from "../copy/contents.js";
import { childFacts, gestation } from "../forms/facts.js";
import { withAnswers } from "../growth/chart-points.js";
import { civilDate, daysBetween } from "../lib/dates.js";
import { nextContact } from "../rules/contacts.js";
import { workOut } from "../rules/immunisations.js";
import { loadForm } from "./forms.js";
import { UNCOUNTED } from "./people.js";
import { openVisit } from "./visit-model.js";

/**
 * @typedef {import("./app.js").App} App
 * @typedef {import("./people.js").Subject} Subject
 * @typedef {import("./router.js").Place} Place
 * @typedef {Record<string, any>} Any
 * @typedef {{definition: import("../forms/definition.js").FormDefinition, answers: Any, derived: Any, on: string,
 *   contactType: string, method: import("../growth/lms.js").ChartMethod}} Recorded
 */

const PARENTS = new Set(["mother", "father", "parent"]);
/** @type {import("../forms/definition.js").FormDefinition} where there is no visit */
const NO_FORM = { id: "", version: 0, title: "", contact_type: "", sections: [], not_done_reasons: [] };

/**
 * @param {App} app
 * @param {Place} place
 * @returns {Promise<Recorded | null>}
 */
export async function recordedAt(app, { item: itemId, draft: draftId }) {
  const visit = draftId ? await openVisit(app, draftId) : null;
  if (visit) {
    const { answers, derived, context } = visit.payload();
    const { contact_date: day } = visit.facts(answers);
    const { definition } = visit;
    const method = /** @type {Any} */ (context).growth_method;
    return { definition, answers, derived, on: day, contactType: visit.draft.contactType, method };
  }
  const rev = app.items.find(({ id }) => id === itemId)?.rev;
  if (!rev || rev.withdrawal) return null;
  const { definition } = await loadForm(rev.form_id, rev.form_version);
  const { answers, derived, context } = rev.payload;
  const day = civilDate(new Date(rev.occurred_at));
  const method = context?.growth_method ?? "digital";
  return { definition, answers, derived, on: day, contactType: rev.contact_type, method };
}

/**
 * The child as charts know it, with what this visit measured; null before the birth.
 * @param {Any} body
 * @param {Recorded | null} recorded
 */
export function childOf(body, recorded) {
  const known = childFacts(body);
  if (!known.birthDate) return null;
  const child = { ...known, birthDate: known.birthDate };
  if (!recorded) return child;
  const { definition, answers } = recorded;
  const gestationDays = gestation(definition, known, answers);
  return withAnswers({ ...child, gestationDays }, recorded);
}

/** @param {Any} body of whom a name has no place on the copy: everyone but the child and the parents */
export function others({ household, other_homes: homes, relatives, siblings }) {
  const members = [household, ...rows(homes)].flatMap((home) => rows(home?.members));
  const known = [...members, ...rows(relatives)].filter(({ relationship: role }) => !PARENTS.has(role));
  return [...known, ...rows(siblings)].map(({ name }) => String(name).split(" ")[0]);
}

/**
 * @param {App} app
 * @param {{subject: Subject, recorded: Recorded | null, rules: Any}} known
 */
export function sectionsOf(app, { subject, recorded, rules }) {
  const { body, visits } = subject;
  const { account } = app.open;
  const today = recorded?.on ?? app.day;
  const { imm_history: before, given } = recorded?.answers ?? {};
  const earlier = [
    ...rows(body.immunisations),
    ...rows(before).map(({ vaccine, given_on: date }) => ({ vaccine, date })),
  ];
  const now = rows(given).map(({ product: vaccine }) => ({ vaccine, date: today }));
  const living = body.birth_date && !body.deceased_on;
  const birth = { date_of_birth: body.birth_date, on: today, history: [...earlier, ...now] };
  const { doses } = living
    ? workOut({ ...birth, age_days: daysBetween(body.birth_date, today) }, rules.immunisations)
    : { doses: [] };
  const done = [
    ...rows(body.contacts).map((one) => one.contact_type),
    ...visits.filter(({ state }) => !UNCOUNTED.has(state)).map(({ contactType }) => contactType),
    recorded?.contactType ?? "",
  ];
  const { birth_date: birthDate, edd } = body;
  return parentsCopy(
    recorded?.definition ?? NO_FORM,
    recorded?.answers ?? {},
    { birthDate: birthDate ?? null },
    {
      contactType: recorded?.contactType ?? null,
      on: today,
      visitor: account.name,
      team: account.team ?? null,
      derived: recorded?.derived ?? {},
      next: body.deceased_on ? null : nextContact({ birthDate, edd, done, today }, app.rules),
      doses,
      history: earlier.length > 0,
      asq: rules.asq,
    },
  );
}

/**
 * @param {unknown} value
 * @returns {Any[]}
 */
function rows(value) {
  return Array.isArray(value) ? value : [];
}
