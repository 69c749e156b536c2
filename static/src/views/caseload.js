/** The whole caseload: search as you type, filter by chip; every row says why the child is where it is. */

import { civilDate } from "../lib/dates.js";
import { el, fill, one, slot, template } from "./dom.js";
import { FILTERS, ORDERS, WHOSE } from "./orders.js";
import { matcher } from "./people.js";
import { subjectRow } from "./rows.js";
import { incompleteWords } from "./today.js";
import { count } from "./words.js";

/**
 * @typedef {import("./app.js").App} App
 * @typedef {import("./people.js").Subject} Subject
 */

const FIRST_ROWS = 14;
const MORE_ROWS = 40;

const FRESH = { query: "", whose: "mine", filter: "all", order: "due" };
/** What was typed and chosen stays for as long as the app is open, so that back finds the same list. */
const memory = { ...FRESH };

/** Forgets the search: another visitor may unlock next. */
export function forgetSearch() {
  Object.assign(memory, FRESH);
}

/** @param {App} app */
export function caseload(app) {
  /**
   * @param {HTMLElement} main
   * @param {import("./router.js").Place} place
   */
  return (main, place) => {
    main.append(template("caseload"));
    if (place.filter) Object.assign(memory, { whose: FRESH.whose, filter: place.filter });
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
    /** @type {Subject[]} all on this tablet, and of them those that were asked for */
    this.all = [];
    /** @type {Subject[]} */
    this.subjects = [];
    this.later = 0;
  }

  /** Takes the caseload anew: something has changed. */
  refresh() {
    this.today = civilDate(new Date());
    this.rows.clear();
    this.all = [...this.app.roster.values()];
    const shared = this.all.some(({ mine }) => !mine);
    if (!shared) memory.whose = FRESH.whose;
    const order = ORDERS.map(({ id, words }) => this.chip("order", id, words, () => this.sort()));
    const whose = shared ? this.chips(WHOSE, "whose", this.all, () => this.choose()) : null;
    fill(this.main, { whose, order });
    this.choose();
    this.draw();
  }

  /** Takes mine, the team's or nobody's; what can be picked out of them is counted anew. */
  choose() {
    const { has } = WHOSE.find(({ id }) => id === memory.whose) ?? WHOSE[0];
    this.subjects = this.all.filter((subject) => has(subject, this.today));
    this.sort();
    fill(this.main, { filter: this.chips(FILTERS, "filter", this.subjects) });
  }

  sort() {
    this.subjects.sort((ORDERS.find(({ id }) => id === memory.order) ?? ORDERS[0]).compare);
  }

  stop() {
    cancelAnimationFrame(this.later);
  }

  /**
   * With how many there are of each; what would show nobody is left out.
   * @param {typeof FILTERS} choices
   * @param {"whose" | "filter"} choice
   * @param {Subject[]} among
   * @param {() => void} [chosen]
   */
  chips(choices, choice, among, chosen) {
    return choices
      .map(({ id, words, has }) => {
        const number = among.filter((subject) => has(subject, this.today)).length;
        if (!number && id !== FRESH[choice] && id !== memory[choice]) return null;
        return this.chip(choice, id, `${words} (${number})`, chosen);
      })
      .filter((chip) => chip !== null);
  }

  /**
   * @param {"whose" | "filter" | "order"} choice the slot it stands in, of which one is chosen
   * @param {string} id
   * @param {string} words
   * @param {() => void} [chosen]
   */
  chip(choice, id, words, chosen) {
    const pressed = String(id === memory[choice]);
    const chip = el("button", { type: "button", class: "app-chip", "aria-pressed": pressed }, words);
    chip.addEventListener("click", () => {
      memory[choice] = id;
      for (const other of slot(this.main, choice).children) {
        other.setAttribute("aria-pressed", String(other === chip));
      }
      chosen?.();
      this.draw();
    });
    return chip;
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
    if (this.all.length && !this.subjects.length && memory.whose === FRESH.whose) {
      return "No families are allocated to you. Choose Team to see your colleagues’, and those allocated to nobody.";
    }
    if (!this.all.length) {
      return "No children are on this tablet. Children allocated to you would be here after the next contact.";
    }
    const others = this.subjects.length < this.all.length ? " and Team" : "";
    return `Nobody here matches. Check the spelling, or choose All${others}.`;
  }

  /** @param {Subject} subject */
  row(subject) {
    const made = this.rows.get(subject.id);
    if (made) return made;
    const row = subjectRow(subject, this.today, {
      open: () => this.app.go("child", { id: subject.id }),
      contactTitle: (type) => this.app.contactTitle(type),
    });
    this.rows.set(subject.id, row);
    return row;
  }
}
