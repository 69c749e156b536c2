/** A visit that was not finished when its child died: kept as it was left, and closed. */

import { formatDate } from "../lib/dates.js";
import { el } from "./dom.js";
import { linkItem } from "./rows.js";

/** @param {import("./visit-model.js").VisitModel} model */
export function isShut(model) {
  return Boolean(model.subject?.body.deceased_on);
}

/**
 * Says so in place of the form.
 * @param {HTMLElement} main
 * @param {import("./visit-model.js").VisitModel} model
 */
export function shutScreen(main, { app, draft, subject }) {
  const back = linkItem("Back to the record", "#/child", () => app.go("child", { id: draft.childId }));
  main.append(
    el("h1", {}, app.contactTitle(draft.contactType)),
    el("p", {}, `${subject?.name} died on ${formatDate(subject?.body.deceased_on)}.`),
    el("p", {}, "This visit was not finished. It is kept on this tablet as it was left, and is closed now."),
    el("p", {}, "If something in it should still be recorded, speak to your supervisor."),
    el("p", {}, back),
  );
  return { title: "Visit", subject: () => subject };
}
