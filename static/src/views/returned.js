/** A visit that came back with a question: the supervisor's words, and the way to answer. */

import { startDraft } from "../store/drafts.js";
import { el, fill, on, one, template } from "./dom.js";
import { formHash, loadForm } from "./forms.js";
import { questions } from "./visits.js";
import { inSentence, when } from "./words.js";

/** @typedef {import("./app.js").App} App */

/** @param {App} app */
export function returned(app) {
  /**
   * @param {HTMLElement} main
   * @param {import("./router.js").Place} place
   */
  return async (main, place) => {
    const state = app.ownVisits.find(({ visitId }) => visitId === place.visit);
    const asked = state ? questions(state) : null;
    if (!state || !asked) return answered(main);
    const { visit } = state;
    const labels = await fieldLabels(visit);
    main.append(template("returned"));
    fill(main, {
      title: `The ${inSentence(app.contactTitle(state.contactType))} was sent back with a question`,
      who: `${asked.by?.name ?? asked.by ?? "Your supervisor"}, ${when(asked.at)}`,
      comment: asked.comment,
      queries: asked.queries.map((query) =>
        el("li", {}, el("strong", {}, `${labels.get(query.field_id) ?? query.field_id}: `), query.comment),
      ),
      cannot: null,
    });
    const button = one(main, '[data-action="answer"]', HTMLButtonElement);
    if (!visit?.revision && !state.draft) {
      button.hidden = true;
      fill(main, {
        cannot:
          "The answers you sent are not on this tablet. They are safe with your supervisor; fetch changes under This tablet, or ask your supervisor to send it back again.",
      });
    }
    on(main, "withdraw", () => app.go("withdraw", { visit: place.visit }));
    on(main, "answer", async () => app.go("visit", { draft: (await answer(app, state)).id }));
    return {
      title: "Sent back with a question",
      subject: () => app.roster.get(state.childId) ?? null,
      /** @param {import("./router.js").Place} next */
      update: (next) => next.visit === place.visit,
    };
  };
}

/** @param {HTMLElement} main */
function answered(main) {
  main.append(
    el("h1", {}, "This visit is not waiting for an answer"),
    el("p", {}, el("a", { href: "#/outbox" }, "See where every visit is")),
  );
  return { title: "Nothing to answer" };
}

/** @param {any} visit */
async function fieldLabels(visit) {
  const { definition } = await loadForm(visit.form_id, visit.form_version);
  /** @type {Map<string, string>} */
  const labels = new Map();
  for (const section of definition.sections) {
    for (const field of section.fields) labels.set(field.id, field.label);
  }
  return labels;
}

/**
 * The draft that answers: the one already open, or a new one that continues the returned revision.
 * @param {App} app
 * @param {import("./visits.js").VisitState} state
 */
async function answer(app, state) {
  if (state.draft) return state.draft;
  const { visit } = state;
  const form = { id: visit?.form_id, version: visit?.form_version, contact_type: "", title: "" };
  return startDraft(app.open, {
    child: { id: state.childId },
    form: { ...form, definitionHash: visit?.revision?.definition_hash ?? (await formHash(form)) },
    contactType: state.contactType,
    basis: /** @type {any} */ (visit),
  });
}
