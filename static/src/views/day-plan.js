/** The visitor's plan for today: whom, in which order, when; what to know before going in; arrived and left. */

import { savePlan } from "../store/plan.js";
import { el, fill, on, one, onSubmit, phoneLink, piece, slot } from "./dom.js";
import { announce, openSheet } from "./frame.js";
import { marksOf, riskWords, tagItems, tagOf } from "./people.js";
import { letDrag, placeWords } from "./plan-drag.js";
import {
  addStop,
  changeStop,
  moveStop,
  mustReadRisk,
  placeStop,
  removeStop,
  timeThere,
} from "./plan-model.js";
import { actButton, link, whyWords } from "./rows.js";
import { count, when } from "./words.js";

/**
 * @typedef {import("./app.js").App} App
 * @typedef {import("./people.js").Subject} Subject
 * @typedef {import("../store/plan.js").Plan} Plan
 * @typedef {import("../store/plan.js").Stop} Stop
 */

const USUAL_MINUTES = 60;
const GONE = "A child no longer on your caseload";

/**
 * The planned visits in their order; null when nothing is planned.
 * @param {App} app
 */
export function planSection(app) {
  const { stops } = app.plan;
  if (!stops.length && !app.planBefore) return null;
  const part = fill(piece("group"), {
    title: "Planned visits",
    rows: stops.map((stop, index) => stopRow(app, stop, index)),
    more: null,
  });
  slot(part, "rows").hidden = !stops.length;
  if (app.planBefore) {
    const undo = el("button", { type: "button", class: "app-link-button", "data-plan": "undo" });
    undo.textContent = "Undo the last change to the plan";
    undo.addEventListener("click", () => change(app, app.planBefore ?? app.plan, null));
    part.append(el("p", {}, undo));
  }
  return part;
}

/**
 * @param {App} app
 * @param {Plan} plan
 * @param {Plan | null} [before] what undoing goes back to
 */
async function change(app, plan, before = app.plan) {
  app.planBefore = before;
  app.plan = plan;
  await savePlan(app.open, plan);
}

/**
 * @param {App} app
 * @param {Stop} stop
 * @param {number} index
 */
function stopRow(app, stop, index) {
  const subject = app.roster.get(stop.id);
  const name = subject?.name ?? GONE;
  const row = fill(piece("row"), {
    title: name,
    meta: [stop.at ?? "No time set", count(stop.minutes, "minute"), subject?.body.household?.area]
      .filter(Boolean)
      .join(", "),
    why: subject ? whyWords(subject) : null,
    last: null,
    tags: subject ? tagItems(marksOf(subject)) : null,
    side: progress(stop),
  });
  if (subject) link(row, "#/child", () => app.go("child", { id: stop.id }));
  const over = timeThere(stop, Date.now())?.over;
  if (over) row.append(el("p", { class: "app-row__over", role: "alert" }, ...overWords(app, stop)));
  const buttons = el("div", { class: "app-row__acts" }, ...acts(app, stop, index, name));
  row.append(buttons);
  if (app.plan.stops.length > 1) {
    // For pointers only: everybody else has the buttons.
    const handle = el("span", { class: "app-row__handle", title: "Drag", "aria-hidden": "true" });
    letDrag(handle, row, name, (to) =>
      to === null ? app.onChange() : change(app, placeStop(app.plan, stop.id, to)),
    );
    buttons.prepend(handle);
  }
  return row;
}

/** @param {Stop} stop */
function progress(stop) {
  const there = timeThere(stop, Date.now());
  if (there) return [tagOf(`There for ${count(there.minutes, "minute")}`, there.over ? "red" : "info")];
  return stop.left ? [tagOf(`Left ${when(stop.left)}`, "green")] : null;
}

/**
 * @param {App} app
 * @param {Stop} stop
 */
function overWords(app, { minutes }) {
  const phone = app.open.account.team?.phone;
  const words = `Longer than the ${count(minutes, "minute")} planned. If something is wrong, ring your team`;
  if (!phone) return [`${words}.`];
  return [`${words}: `, phoneLink(phone)];
}

/**
 * @param {App} app
 * @param {Stop} stop
 * @param {number} index
 * @param {string} name
 */
function acts(app, stop, index, name) {
  const { plan } = app;
  const { id } = stop;
  const now = () => new Date().toISOString();
  /** @type {[string, () => unknown][]} */
  const found = [];
  if (!stop.arrived) found.push(["Arrived", () => arrive(app, stop)]);
  else if (!stop.left) found.push(["Left", () => change(app, changeStop(plan, id, { left: now() }))]);
  /** @param {-1 | 1} by */
  const move = (by) => {
    announce(placeWords(name, index + by, plan.stops.length));
    return change(app, moveStop(plan, id, by));
  };
  if (index > 0) found.push(["Move up", () => move(-1)]);
  if (index < plan.stops.length - 1) found.push(["Move down", () => move(1)]);
  if (!stop.left) found.push(["Change time", () => planSheet(app, id)]);
  found.push(["Remove", () => change(app, removeStop(plan, id))]);
  return found.map(([words, press]) => {
    const button = actButton({ words, press }, name);
    button.dataset.plan = `${id} ${words}`;
    return button;
  });
}

/**
 * Nobody is noted as gone in who has not said that they have read what is known of the risk.
 * @param {App} app
 * @param {Stop} stop
 */
function arrive(app, stop) {
  const subject = app.roster.get(stop.id);
  const risk = subject ? riskWords(subject.body, app.day) : null;
  const go = () =>
    change(app, changeStop(app.plan, stop.id, { riskSeen: risk, arrived: new Date().toISOString() }));
  if (!mustReadRisk(stop, risk)) return go();
  const { root, close } = openSheet("sheet-risk", { name: subject?.name, risk });
  on(root, "no", close);
  onSubmit(root, async () => {
    close();
    await go();
  });
}

/**
 * Asks at what time, and for how long; adds to the plan or changes it.
 * @param {App} app
 * @param {string} id
 */
export function planSheet(app, id) {
  const stop = app.plan.stops.find((planned) => planned.id === id);
  const { root, close } = openSheet("sheet-plan", { name: app.roster.get(id)?.name ?? GONE });
  const time = one(root, '[name="at"]', HTMLInputElement);
  time.value = stop?.at ?? "";
  const minutes = stop?.minutes ?? USUAL_MINUTES;
  one(root, `[name="minutes"][value="${minutes}"]`, HTMLInputElement).checked = true;
  on(root, "no", close);
  onSubmit(root, async (data) => {
    close();
    await change(app, addStop(app.plan, id, { at: data.at || null, minutes: Number(data.minutes) }));
    announce(stop ? "Plan changed" : "Added to today");
  });
}
