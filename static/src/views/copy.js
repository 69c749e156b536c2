/**
 * The parents' copy of a visit: looked at first, then printed, in a language of their own as far as its phrases go. Shown
 * to the parent, the tablet shows nothing else.
 */

import { wordsToLookAt } from "../copy/contents.js";
import { dateIn, phrase, say } from "../copy/phrases.js";
import { stretches } from "../growth/chart.js";
import { chartPoints, isCorrectedOnCharts } from "../growth/chart-points.js";
import { aroundPoints, wholeRange } from "../growth/chart-range.js";
import { TERM_DAYS } from "../lib/dates.js";
import { api } from "../sync/api.js";
import { childOf, others, recordedAt, sectionsOf } from "./copy-model.js";
import { el, fill, on, piece, show, slot, styleSheet, template } from "./dom.js";
import { announce } from "./frame.js";
import { drawChart, valueWords } from "./growth-draw.js";
import { growthTables } from "./growth-tables.js";
import { childName } from "./people.js";
import { count, listed } from "./words.js";

/**
 * @typedef {import("./app.js").App} App
 * @typedef {import("./people.js").Subject} Subject
 * @typedef {import("./router.js").Place} Place child; item for a completed visit, draft for an open one, neither for the
 *   chart alone; show: to the parent
 * @typedef {import("../copy/phrases.js").Catalogue} Catalogue
 * @typedef {Record<string, any>} Any
 * @typedef {import("./copy-model.js").Recorded} Recorded
 */

const KINDS = /** @type {const} */ (["weight", "height", "ofc"]);

/** The language chosen last stays until the app is closed. */
let language = "en";

/**
 * @param {App} app
 * @param {{release: () => void}} router
 */
export function copy(app, router) {
  /**
   * @param {HTMLElement} main
   * @param {Place} place
   */
  return async (main, place) => {
    const subject = app.roster.get(place.child);
    if (!subject) return gone(main);
    const [recorded, catalogues, rules, tables] = await Promise.all([
      recordedAt(app, place),
      api.loadData("phrases.json"),
      api.loadData("rules/clinical.json"),
      growthTables(),
      styleSheet("growth.css"),
      styleSheet("copy.css"),
    ]);
    const screen = new CopyScreen(app, main, place, { subject, recorded, catalogues, rules, tables });
    on(main, "done", () => {
      router.release();
      return screen.back();
    });
    return {
      title: "Parent’s copy",
      alone: Boolean(place.show),
      subject: () => (place.show ? null : (app.roster.get(place.child) ?? null)),
      leave: () => screen.observer.disconnect(),
    };
  };
}

/** @param {HTMLElement} main */
function gone(main) {
  main.append(
    el("h1", {}, "There is nothing here to show"),
    el("p", {}, el("a", { href: "#/caseload" }, "Go to your caseload")),
  );
  return { title: "Parent’s copy" };
}

class CopyScreen {
  /**
   * @param {App} app
   * @param {HTMLElement} main
   * @param {Place} place
   * @param {{subject: Subject, recorded: Recorded | null, catalogues: {[language: string]: Catalogue}, rules: Any,
   *   tables: import("../growth/tables.js").GrowthTables}} known
   */
  constructor(app, main, place, known) {
    this.app = app;
    this.main = main;
    this.place = place;
    this.known = known;
    this.child = childOf(known.subject.body, known.recorded);
    this.sections = sectionsOf(app, known);
    this.room = 0;
    main.append(template("copy"));
    main.classList.toggle("app-shown", Boolean(place.show));
    for (const part of ["back", "notices", "turn"]) show(main, part, !place.show);
    show(main, "done", Boolean(place.show));
    on(main, "back", () => this.back());
    on(main, "print", () => print());
    on(main, "turn", () => app.go("copy", { ...place, show: true }, { replace: true }));
    this.observer = new ResizeObserver(([{ contentRect }]) => {
      if (contentRect.width === this.room) return;
      this.room = contentRect.width;
      this.drawCharts();
    });
    this.observer.observe(slot(main, "body"));
    if (!place.show) fill(main, { notices: this.notices() });
    this.draw();
  }

  back() {
    const { child, draft } = this.place;
    return draft ? this.app.go("visit", { draft }) : this.app.go("child", { id: child });
  }

  get catalogue() {
    return this.known.catalogues[language];
  }

  /** What the visitor should know before it is handed over. */
  notices() {
    const { recorded, subject } = this.known;
    const { team } = this.app.open.account;
    const said = ["Read it through before you hand it over. Answers for professionals are never on it."];
    const found = recorded ? wordsToLookAt(this.sections, recorded.definition, others(subject.body)) : [];
    if (found.length) said.push(`What was written names: ${listed(found)}. Should the family read that?`);
    if (!team?.phone) said.push("Your team’s phone number is not on this tablet. Write it in by hand.");
    return said.map((words) => el("li", {}, words));
  }

  draw() {
    const { catalogue, known } = this;
    const { subject, recorded } = known;
    const page = slot(this.main, "page");
    page.lang = catalogue.language;
    page.dir = catalogue.direction;
    const born = subject.body.birth_date;
    fill(this.main, {
      languages: Object.values(known.catalogues).map((one) => this.chip(one)),
      title: phrase(catalogue, recorded ? "title" : "title.child"),
      who: born
        ? phrase(catalogue, "for_child", { name: { value: childName(subject.body) }, date: { date: born } })
        : subject.name,
      unchecked: catalogue.translation_confirmed ? null : this.unchecked(),
      body: this.sections.map((section) => this.section(section)),
      foot: recorded ? phrase(catalogue, "written_by") : null,
    });
    this.drawCharts();
  }

  /** In the language itself, and in English for the visitor. */
  unchecked() {
    const english = phrase(this.known.catalogues.en, "unchecked");
    return [
      el("p", {}, phrase(this.catalogue, "unchecked")),
      el("p", { lang: "en", dir: "ltr", class: "app-small" }, english),
    ];
  }

  /** @param {Catalogue} one */
  chip({ language: code, name }) {
    const pressed = String(code === language);
    const chip = el(
      "button",
      { type: "button", class: "app-chip", lang: code, "aria-pressed": pressed },
      name,
    );
    chip.addEventListener("click", () => {
      language = code;
      this.draw();
      /** @type {HTMLElement} */ (this.main.querySelector(`.app-chip[lang="${code}"]`)).focus();
      announce(`In ${name}`);
    });
    return chip;
  }

  /** @param {import("../copy/contents.js").Section} section */
  section({ id, rows }) {
    const drawn = fill(piece("copy-section"), {
      title: phrase(this.catalogue, `section.${id}`),
      rows: rows.filter(({ label }) => label !== null).map((row) => this.row(row)),
      notes: rows.filter(({ label }) => label === null).map((row) => this.row(row)),
    });
    if (id === "growth") drawn.append(el("div", { "data-charts": true }));
    return drawn;
  }

  /** @param {import("../copy/contents.js").Row} row */
  row({ label, said }) {
    if (label === null) return el("p", {}, ...said.flatMap((one) => this.said(one)));
    const values = said.map((one) => el("dd", {}, ...this.said(one)));
    return el("div", {}, el("dt", {}, phrase(this.catalogue, label)), ...values);
  }

  /**
   * @param {import("../copy/contents.js").Said} said
   * @returns {(Node | string)[]}
   */
  said(said) {
    const { catalogue } = this;
    if ("value" in said) return [el("bdi", {}, said.value)];
    if ("phrase" in said && said.phrase === "call.by_hand") {
      return [say(catalogue, said), el("span", { class: "app-copy__blank" })];
    }
    if (!("text" in said)) return [say(catalogue, said)];
    const text = el("bdi", { lang: "en", dir: "auto", class: "app-copy__own" }, said.text);
    if (catalogue.language === "en") return [text];
    return [text, el("small", {}, phrase(catalogue, "own_words"))];
  }

  /** Weight, and what else was ever measured. Ages and numbers along the edges read the same in every language. */
  drawCharts() {
    const place = this.main.querySelector("[data-charts]");
    if (!place || !this.child || !this.room) return;
    const { child, catalogue } = this;
    const drawn = KINDS.flatMap((kind) => this.chart(child, kind));
    if (drawn.length) drawn.push(el("p", { class: "app-small" }, phrase(catalogue, "chart.how")));
    place.replaceChildren(...drawn);
  }

  /**
   * @param {import("../growth/chart-points.js").ChartChild} child
   * @param {typeof KINDS[number]} kind
   */
  chart(child, kind) {
    const { tables } = this.known;
    const method = this.known.recorded?.method ?? this.app.service.growth_method;
    const points = chartPoints(child, kind, tables, method);
    const last = points.at(-1);
    if (!last) return [];
    const parts = stretches(child, kind, tables, method);
    const corrected = isCorrectedOnCharts(child, method);
    const whole = wholeRange(kind, points, parts, corrected ? Number(child.gestationDays) - TERM_DAYS : 0);
    const title = phrase(this.catalogue, `chart.${kind}`);
    const label = `${title}: ${count(points.length, "measurement")}, ${valueWords(last)}, ${dateIn(this.catalogue, last.on)}`;
    const asked = {
      parts,
      points,
      range: aroundPoints(points, whole),
      corrected,
      ages: /** @type {const} */ ("both"),
    };
    const picture = drawChart(asked, { room: this.room, label, measure: "", joined: true });
    return [el("figure", {}, el("figcaption", {}, title), el("div", { lang: "en", dir: "ltr" }, picture))];
  }
}
