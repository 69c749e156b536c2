/** Today: the plan, what came back, what is not finished, what is overdue and what is due now, in that order. */

import { civilDate } from "../lib/dates.js";
import { planSection } from "./day-plan.js";
import { fill, piece, slot, template } from "./dom.js";
import { byUrgency } from "./orders.js";
import { isDragging } from "./plan-drag.js";
import { isVisiting } from "./plan-model.js";
import { subjectRow, visitRow } from "./rows.js";
import { count } from "./words.js";

/**
 * @typedef {import("./app.js").App} App
 * @typedef {import("./people.js").Subject} Subject
 * @typedef {import("./visits.js").VisitState} VisitState
 */

const SHOWN = 12;
const TICK_MS = 30_000;

/** @param {App} app */
export function today(app) {
  /** @param {HTMLElement} main */
  return (main) => {
    main.append(template("today"));
    const draw = () => {
      if (isDragging(main)) return;
      const held = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.plan : null;
      drawToday(app, main);
      // Whoever moves a visit up goes on from the same button.
      const same = [...main.querySelectorAll("[data-plan]")].find(
        (one) => one instanceof HTMLElement && one.dataset.plan === held,
      );
      if (same instanceof HTMLElement) same.focus({ preventScroll: true });
    };
    draw();
    const ticking = setInterval(() => isVisiting(app) && draw(), TICK_MS);
    return { title: "Today", refresh: draw, leave: () => clearInterval(ticking) };
  };
}

/**
 * @param {App} app
 * @param {HTMLElement} main
 */
function drawToday(app, main) {
  const day = civilDate(new Date());
  const dueNow = [...app.roster.values()].filter(({ next, mine }) => next && mine).sort(byUrgency);
  const overdue = dueNow.filter(({ next }) => next?.state === "overdue" || next?.state === "breached");
  const due = dueNow.filter(({ next }) => next?.state === "due" || next?.state === "due_soon");
  const returned = app.ownVisits.filter(({ state }) => state === "returned");
  const living = (/** @type {VisitState} */ { childId }) => !app.roster.get(childId)?.body.deceased_on;
  const drafts = app.ownVisits.filter((one) => one.state === "draft" && living(one));
  const waiting = app.ownVisits.filter(({ state }) => ["waiting", "withdrawing", "refused"].includes(state));
  const groups = [
    planSection(app),
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
  const rows = subjects.slice(0, SHOWN).map((subject) =>
    subjectRow(subject, day, {
      open: () => app.go("child", { id: subject.id }),
      contactTitle: (type) => app.contactTitle(type),
    }),
  );
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
