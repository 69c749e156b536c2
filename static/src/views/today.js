/** Today: what came back, what is not finished, what is overdue and what is due now, in that order. */

import { civilDate } from "../lib/dates.js";
import { fill, piece, slot, template } from "./dom.js";
import { subjectRow, visitRow } from "./rows.js";
import { count } from "./words.js";

/**
 * @typedef {import("./app.js").App} App
 * @typedef {import("./people.js").Subject} Subject
 */

const SHOWN = 12;

/** @param {App} app */
export function today(app) {
  /** @param {HTMLElement} main */
  return (main) => {
    main.append(template("today"));
    const draw = () => drawToday(app, main);
    draw();
    return { title: "Today", refresh: draw };
  };
}

/**
 * @param {App} app
 * @param {HTMLElement} main
 */
function drawToday(app, main) {
  const day = civilDate(new Date());
  const dueNow = [...app.roster.values()].filter(({ next }) => next).sort(byUrgency);
  const overdue = dueNow.filter(({ next }) => next?.state === "overdue" || next?.state === "breached");
  const due = dueNow.filter(({ next }) => next?.state === "due" || next?.state === "due_soon");
  const returned = app.ownVisits.filter(({ state }) => state === "returned");
  const drafts = app.ownVisits.filter(({ state }) => state === "draft");
  const waiting = app.ownVisits.filter(({ state }) => state === "waiting" || state === "refused");
  const groups = [
    group(
      "Sent back with a question",
      returned.map((state) =>
        visitRow(state, {
          ...app.naming(state),
          why: state.visit?.returned?.comment,
          open: () => app.go("returned", { visit: state.visitId }),
        }),
      ),
    ),
    group(
      "Not finished",
      drafts.map((state) =>
        visitRow(state, { ...app.naming(state), open: () => app.go("visit", { draft: state.draft?.id }) }),
      ),
    ),
    childGroup(app, "Overdue", overdue, "overdue", day),
    childGroup(app, "Due now", due, "due", day),
    group(
      "Waiting to be sent",
      waiting.map((state) => visitRow(state, { ...app.naming(state), open: () => app.go("outbox") })),
    ),
  ].filter((part) => part !== null);
  const whole = app.caseload.complete && !app.caseloadLost;
  fill(main, {
    summary: whole ? summary(overdue.length, due.length) : incompleteWords(app),
    groups: groups.length ? groups : whole ? piece("today-empty") : null,
  });
}

/**
 * Why the caseload is not all there; the notice under the header says what to do when it was removed.
 * @param {App} app
 */
export function incompleteWords({ caseloadLost }) {
  if (caseloadLost) return "Families’ details are not on this tablet just now.";
  return "Your caseload is still being fetched. It goes on by itself when there is a connection.";
}

/**
 * @param {number} overdue
 * @param {number} due
 */
function summary(overdue, due) {
  if (!overdue && !due) return null;
  return `${count(overdue, "contact")} overdue, ${count(due, "contact")} due now.`;
}

/**
 * @param {string} title
 * @param {HTMLElement[]} rows
 */
function group(title, rows) {
  if (!rows.length) return null;
  return fill(piece("group"), { title, rows, more: null });
}

/**
 * @param {App} app
 * @param {string} title
 * @param {Subject[]} subjects
 * @param {string} filter of the caseload, for those not shown
 * @param {string} day
 */
function childGroup(app, title, subjects, filter, day) {
  const rows = subjects
    .slice(0, SHOWN)
    .map((subject) => subjectRow(subject, day, () => app.go("child", { id: subject.id })));
  const part = group(title, rows);
  if (part && subjects.length > SHOWN) {
    fill(part, { more: `See all ${subjects.length}` });
    const more = slot(part, "more");
    more.addEventListener("click", (event) => {
      event.preventDefault();
      app.go("caseload", { filter });
    });
  }
  return part;
}

const LEVELS = ["specialist", "targeted", "universal", "community"];

/**
 * By the last day on time, which each row names or implies; then need, then name.
 * @param {Subject} a
 * @param {Subject} b
 */
export function byUrgency(a, b) {
  return (
    (a.next?.targetEnd ?? "9999").localeCompare(b.next?.targetEnd ?? "9999") ||
    LEVELS.indexOf(a.body.need_level) - LEVELS.indexOf(b.body.need_level) ||
    a.sortName.localeCompare(b.sortName)
  );
}
