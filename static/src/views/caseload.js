/** The whole caseload: search as you type, filter by chip; every row says why the child is where it is. */

import { civilDate, daysBetween } from "../lib/dates.js";
import { el, fill, one, slot, template } from "./dom.js";
import { isPreterm, matcher } from "./people.js";
import { subjectRow } from "./rows.js";
import { byUrgency, incompleteWords } from "./today.js";
import { count } from "./words.js";

/**
 * @typedef {import("./app.js").App} App
 * @typedef {import("./people.js").Subject} Subject
 */

const NEW_BABY_DAYS = 28;
const FIRST_ROWS = 14;
const MORE_ROWS = 40;

/** @type {{id: string, words: string, has: (subject: Subject, today: string) => boolean}[]} */
const FILTERS = [
  { id: "all", words: "All", has: () => true },
  { id: "overdue", words: "Overdue", has: ({ next }) => ["overdue", "breached"].includes(next?.state ?? "") },
  { id: "due", words: "Due now", has: ({ next }) => ["due", "due_soon"].includes(next?.state ?? "") },
  { id: "due_soon", words: "Due soon", has: ({ next }) => next?.state === "due_soon" },
  {
    id: "new",
    words: "New babies",
    has: ({ kind, body }, today) => kind === "child" && daysBetween(body.birth_date, today) <= NEW_BABY_DAYS,
  },
  { id: "antenatal", words: "Antenatal", has: ({ kind }) => kind === "pregnancy" },
  {
    id: "more_help",
    words: "Targeted and specialist",
    has: ({ body }) => ["targeted", "specialist"].includes(body.need_level),
  },
  { id: "preterm", words: "Preterm", has: ({ body }) => isPreterm(body) },
  { id: "twins", words: "Twins", has: ({ body }) => (body.births_in_pregnancy ?? 1) > 1 },
  { id: "interpreter", words: "Interpreter", has: ({ body }) => Boolean(body.interpreter) },
];

/** What was typed and chosen stays for as long as the app is open, so that back finds the same list. */
const memory = { query: "", filter: "all" };

/** Forgets the search: another visitor may unlock next. */
export function forgetSearch() {
  memory.query = "";
  memory.filter = "all";
}

/** @param {App} app */
export function caseload(app) {
  /**
   * @param {HTMLElement} main
   * @param {import("./router.js").Place} place
   */
  return (main, place) => {
    main.append(template("caseload"));
    if (place.filter) memory.filter = place.filter;
    const input = one(main, "input", HTMLInputElement);
    input.value = memory.query;
    const list = new List(app, main);
    input.addEventListener("input", () => {
      memory.query = input.value;
      list.draw();
    });
    list.refresh();
    return { title: "Caseload", refresh: () => list.refresh(), leave: () => list.stop() };
  };
}

class List {
  /**
   * @param {App} app
   * @param {HTMLElement} main
   */
  constructor(app, main) {
    this.app = app;
    this.main = main;
    this.today = civilDate(new Date());
    /** @type {Map<string, HTMLElement>} rows once made are kept: typing only chooses among them */
    this.rows = new Map();
    /** @type {Subject[]} */
    this.subjects = [];
    this.later = 0;
  }

  /** Takes the caseload anew: something has changed. */
  refresh() {
    this.today = civilDate(new Date());
    this.rows.clear();
    this.subjects = [...this.app.roster.values()].sort(byUrgency);
    fill(this.main, { chips: this.chips() });
    this.draw();
  }

  stop() {
    cancelAnimationFrame(this.later);
  }

  chips() {
    return FILTERS.map(({ id, words, has }) => {
      const number = this.subjects.filter((subject) => has(subject, this.today)).length;
      if (!number && id !== "all" && id !== memory.filter) return null;
      const pressed = String(id === memory.filter);
      const chip = el("button", { type: "button", class: "app-chip", "aria-pressed": pressed });
      chip.textContent = `${words} (${number})`;
      chip.addEventListener("click", () => {
        memory.filter = id;
        for (const other of slot(this.main, "chips").children) {
          other.setAttribute("aria-pressed", String(other === chip));
        }
        this.draw();
      });
      return chip;
    }).filter((chip) => chip !== null);
  }

  /** Shows what matches: the first screenful at once, the rest in the next frames. */
  draw() {
    this.stop();
    const filter = FILTERS.find(({ id }) => id === memory.filter) ?? FILTERS[0];
    const matches = matcher(memory.query);
    const found = this.subjects.filter((subject) => filter.has(subject, this.today) && matches(subject));
    const list = slot(this.main, "rows");
    list.hidden = !found.length;
    list.replaceChildren(...found.slice(0, FIRST_ROWS).map((subject) => this.row(subject)));
    fill(this.main, {
      count: memory.query || memory.filter !== "all" ? `${found.length} of ${this.subjects.length}` : null,
      none: found.length ? null : this.noneWords(),
    });
    slot(this.main, "count").hidden = false;
    let next = FIRST_ROWS;
    const more = () => {
      list.append(...found.slice(next, next + MORE_ROWS).map((subject) => this.row(subject)));
      next += MORE_ROWS;
      if (next < found.length) this.later = requestAnimationFrame(more);
    };
    if (next < found.length) this.later = requestAnimationFrame(more);
    if (!memory.query && memory.filter === "all") {
      slot(this.main, "count").textContent = count(this.subjects.length, "record");
    }
  }

  noneWords() {
    if (this.app.caseloadLost || !this.app.caseload.complete) return incompleteWords(this.app);
    if (!this.subjects.length) {
      return "No children are on this tablet. Children allocated to you would be here after the next contact.";
    }
    return "Nobody on your caseload matches. Check the spelling, or choose All.";
  }

  /** @param {Subject} subject */
  row(subject) {
    const made = this.rows.get(subject.id);
    if (made) return made;
    const row = subjectRow(subject, this.today, () => this.app.go("child", { id: subject.id }));
    this.rows.set(subject.id, row);
    return row;
  }
}
