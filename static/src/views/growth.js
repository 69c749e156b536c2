/** The growth charts of one child: from the record, or from a visit with what was measured just now. */

import { childFacts } from "../forms/facts.js";
import { changesIn, stretches } from "../growth/chart.js";
import { CHARTS, chartPoints, hasBmi, isCorrectedOnCharts, withAnswers } from "../growth/chart-points.js";
import { aroundPoints, moved, wholeRange, zoomed } from "../growth/chart-range.js";
import { DAYS_IN_YEAR, TWO_WEEKS_AFTER_TERM } from "../growth/lms.js";
import { formatDate, TERM_DAYS } from "../lib/dates.js";
import { methodWords } from "./derived.js";
import { el, fill, on, slot, styleSheet, template } from "./dom.js";
import { announce } from "./frame.js";
import { drawChart, pointTable, valueWords } from "./growth-draw.js";
import { growthTables } from "./growth-tables.js";
import { childName, numberWords } from "./people.js";
import { openVisit } from "./visit-model.js";
import { count, KIND, listed, SEX, word } from "./words.js";

/**
 * @typedef {import("./app.js").App} App
 * @typedef {import("./router.js").Place} Place id, and from a visit its draft, section, field and the kind to show
 * @typedef {import("../growth/chart-points.js").ChartChild} ChartChild
 * @typedef {import("../growth/chart-points.js").ChartKind} ChartKind
 * @typedef {import("../growth/chart-points.js").ChartPoint} ChartPoint
 * @typedef {import("../growth/chart-axis.js").Range} Range
 */

const TITLE = { weight: "Weight", height: "Length and height", ofc: "Head circumference", bmi: "BMI" };
const AGES = { both: "Both ages", corrected: "Corrected age", birth: "Age from birth" };
const CHANGE = {
  uk90_preterm: "",
  who_infant: "at 2 weeks after the due date from UK 1990 to WHO",
  who_child: "at 2 years from measuring lying to measuring standing",
  uk90_child: "at 4 years from WHO to UK 1990",
};
const FIRST_DAYS =
  "Most babies lose some weight in the first days. A loss of more than 10% of the birth weight needs a clinical assessment.";
const HALF_YEAR = 182;
const KEYS = { "+": "in", "=": "in", "-": "out", ArrowLeft: "earlier", ArrowRight: "later", 0: "whole" };

/** How wide the last picture was: most often the next is as wide, and is drawn before anything is measured. */
let lastRoom = 0;

/** What every chart needs; read before anybody asks for one. */
export const prepareGrowth = () => Promise.all([growthTables(), styleSheet("growth.css")]);

/** @param {App} app */
export function growth(app) {
  /**
   * @param {HTMLElement} main
   * @param {Place} place
   */
  return async (main, place) => {
    const subject = app.roster.get(place.id);
    if (!subject?.body.birth_date) return gone(main);
    const [[tables], visit] = await Promise.all([
      prepareGrowth(),
      place.draft ? openVisit(app, place.draft) : null,
    ]);
    const screen = new GrowthScreen(app, main, place, tables, visit);
    return {
      title: "Growth chart",
      subject: () => app.roster.get(place.id) ?? null,
      refresh: () => app.roster.has(place.id) && screen.draw(),
      leave: () => screen.observer.disconnect(),
    };
  };
}

/** @param {HTMLElement} main */
function gone(main) {
  main.append(
    el("h1", {}, "There is no growth chart here"),
    el("p", {}, el("a", { href: "#/caseload" }, "Go to your caseload")),
  );
  return { title: "Growth chart" };
}

class GrowthScreen {
  /**
   * @param {App} app
   * @param {HTMLElement} main
   * @param {Place} place
   * @param {import("../growth/tables.js").GrowthTables} tables
   * @param {import("./visit-model.js").VisitModel | null} visit
   */
  constructor(app, main, place, tables, visit) {
    this.app = app;
    this.main = main;
    this.place = place;
    this.tables = tables;
    this.visit = visit;
    const asked = place.kind === "length" ? "height" : place.kind;
    /** @type {ChartKind} */
    this.kind = CHARTS.find((kind) => kind === asked) ?? "weight";
    /** @type {import("../growth/chart.js").Ages} */
    this.ages = "both";
    this.joined = true;
    this.room = lastRoom;
    /** @type {Range | null} what is looked at; the surroundings of the points until another part was asked for */
    this.range = null;
    main.append(template("growth"));
    fill(main, { back: visit ? "Back to the visit, which stays saved" : "Back to the record" });
    on(main, "back", () => this.back());
    on(main, "print", () => print());
    this.listenForSteps();
    this.observer = new ResizeObserver(([{ contentRect }]) => {
      if (contentRect.width === this.room) return;
      this.room = lastRoom = contentRect.width;
      this.drawPicture();
    });
    this.observer.observe(slot(main, "plot"));
    this.draw();
  }

  back() {
    const { id, draft, section, field } = this.place;
    if (this.visit) this.app.go("visit", { draft, section, field });
    else this.app.go("child", { id });
  }

  listenForSteps() {
    const tools = slot(this.main, "tools");
    tools.addEventListener("click", ({ target }) =>
      this.step(/** @type {HTMLElement} */ (target).dataset.view),
    );
    tools.addEventListener("keydown", (event) => {
      const step = /** @type {Record<string, string>} */ (KEYS)[event.key];
      if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      this.step(step);
    });
  }

  /** @param {string | undefined} way */
  step(way) {
    const { points, whole, range } = this.sight();
    if (way === "points") this.range = null;
    else if (way === "whole") this.range = whole;
    else if (way === "in" || way === "out") this.range = zoomed(range, way === "in" ? 0.5 : 2, points, whole);
    else if (way === "earlier" || way === "later") this.range = moved(range, way === "later" ? 1 : -1, whole);
    else return;
    this.draw();
    announce(`The chart shows ${rangeWords(this.sight().range)}`);
  }

  /** Everything the chart is made of, from the record as it is now. */
  sight() {
    const { kind, tables } = this;
    const method = this.app.service.growth_method;
    const body = this.app.roster.get(this.place.id)?.body ?? {};
    const child = withVisit(childFacts(body), this.visit);
    const points = chartPoints(child, kind, tables, method);
    const parts = stretches(child, kind, tables, method);
    const corrected = isCorrectedOnCharts(child, method);
    const whole = wholeRange(kind, points, parts, corrected ? Number(child.gestationDays) - TERM_DAYS : 0);
    return { body, child, points, parts, corrected, whole, range: this.range ?? aroundPoints(points, whole) };
  }

  draw() {
    const sight = this.sight();
    const { body, child, points, parts, range } = sight;
    const { birthDate, gestationDays, sex } = child;
    const { day } = this.app;
    const chosen = gestationDays === null ? "chronological" : this.app.service.growth_method;
    const method = methodWords(chosen, gestationDays ?? undefined);
    const number = numberWords(body.nhs_number);
    const changes = changesIn(parts, range).map(({ part }) => CHANGE[part]);
    const notes = [];
    if (changes.length) notes.push(`The lines are broken where the reference changes: ${listed(changes)}.`);
    if (this.kind === "weight" && range[0] < TWO_WEEKS_AFTER_TERM) notes.push(FIRST_DAYS);
    const two = points.some(({ correctedDays }) => correctedDays !== null);
    fill(this.main, {
      who: `${childName(body)}, born ${formatDate(birthDate)}, ${word(SEX, sex).toLowerCase()}, NHS number ${number}`,
      kinds: CHARTS.filter((kind) => kind !== "bmi" || hasBmi(birthDate, day)).map((kind) =>
        this.chip(TITLE[kind], kind === this.kind, () => {
          this.kind = kind;
          this.range = null;
        }),
      ),
      missing: parts.length
        ? null
        : "No reference: the charts need the child’s sex recorded as male or female. The points stand without centile lines.",
      title: TITLE[this.kind],
      how: `${this.tables.reference} (${this.tables.source}). ${method}. Drawn on ${formatDate(day)}.`,
      key: two ? "Dot: age from birth. Cross: corrected age." : "Dot: age from birth.",
      notes: notes.map((words) => el("li", {}, words)),
      marks: this.marks(two),
      table: points.length ? pointTable(points, birthDate) : null,
    });
    this.drawPicture(sight);
  }

  /** @param {boolean} two whether corrected age and age from birth differ */
  marks(two) {
    const ages = two ? /** @type {const} */ (["both", "corrected", "birth"]) : [];
    return [
      ...ages.map((one) =>
        this.chip(AGES[one], one === this.ages, () => {
          this.ages = one;
        }),
      ),
      this.chip("Join the measurements", this.joined, () => {
        this.joined = !this.joined;
      }),
    ];
  }

  /**
   * @param {string} words
   * @param {boolean} pressed
   * @param {() => void} press
   */
  chip(words, pressed, press) {
    const chip = el("button", { type: "button", class: "app-chip", "aria-pressed": String(pressed) }, words);
    chip.addEventListener("click", () => {
      press();
      this.draw();
      const drawn = [...this.main.querySelectorAll("button")].find((one) => one.textContent === words);
      drawn?.focus();
    });
    return chip;
  }

  drawPicture({ points, parts, corrected, range } = this.sight()) {
    if (!this.room) return;
    const last = points.at(-1);
    const band = last && (last.result.band || "no centile");
    const unit = KIND[this.kind].unit;
    const label = [
      `${TITLE[this.kind]} chart, ${rangeWords(range)}.`,
      last
        ? `${count(points.length, "measurement")}, the last ${valueWords(last)} on ${formatDate(last.on)}, ${band}. All are in the table.`
        : "No measurements yet.",
    ].join(" ");
    slot(this.main, "plot").replaceChildren(
      drawChart(
        { parts, points, range, corrected, ages: this.ages },
        { room: this.room, label, measure: `${TITLE[this.kind]} (${unit})`, joined: this.joined },
      ),
    );
  }
}

/**
 * The child with what was measured in the open visit, as far as it is believed.
 * @param {import("../forms/facts.js").ChildFacts} known
 * @param {import("./visit-model.js").VisitModel | null} visit
 * @returns {ChartChild}
 */
function withVisit({ birthDate, sex, gestationDays, measurements }, visit) {
  const child = { birthDate: /** @type {string} */ (birthDate), sex, gestationDays, measurements };
  if (!visit) return child;
  const { facts, derived } = visit.look();
  const { definition, draft } = visit;
  return withAnswers(
    { ...child, gestationDays: facts.gestation_days ?? gestationDays },
    { definition, answers: draft.answers, derived, on: facts.contact_date },
  );
}

/** @param {Range} range */
function rangeWords([from, to]) {
  return `from ${ageWords(from)} to ${ageWords(to)}`;
}

/** @param {number} days */
function ageWords(days) {
  if (days < 0) return `${Math.floor(days / 7) + 40} weeks of gestation`;
  if (days < HALF_YEAR) return count(Math.round(days / 7), "week");
  const months = Math.round((days * 12) / DAYS_IN_YEAR);
  return months < 24 ? count(months, "month") : `${Math.round((months / 12) * 10) / 10} years`;
}
