/** Twins are seen together and recorded apart: what is the household's is asked once, all else of each. */

import { civilDate } from "../lib/dates.js";

/**
 * @typedef {import("./visits.js").VisitState} VisitState
 * @typedef {{name: string, unfinished: boolean, answers: Record<string, any>}} TwinVisit
 */

/**
 * The visit of the same kind, day and household to a twin of this child, as far as this tablet has it.
 * @param {{roster: Map<string, import("./people.js").Subject>, visits: VisitState[]}} app
 * @param {import("../types.js").Draft} draft
 * @returns {TwinVisit | null}
 */
export function twinVisit({ roster, visits }, draft) {
  const body = roster.get(draft.childId)?.body;
  for (const { child_id: id, name, twin } of body?.siblings ?? []) {
    const home = roster.get(id)?.body.household?.id;
    if (!twin || !home || home !== body?.household?.id) continue;
    for (const { childId, contactType, draft: open, item } of visits) {
      const answers = open?.answers ?? item?.rev?.payload?.answers;
      if (childId !== id || contactType !== draft.contactType || !answers) continue;
      if (dayOf(answers, open) === dayOf(draft.answers, draft)) {
        return { name, unfinished: open !== null, answers };
      }
    }
  }
  return null;
}

/**
 * @param {Record<string, any>} answers
 * @param {Record<string, any> | null} draft
 */
function dayOf({ started_at: started }, draft) {
  const at = new Date(typeof started === "string" ? started : (draft?.createdAt ?? ""));
  return Number.isNaN(at.getTime()) ? null : civilDate(at);
}
