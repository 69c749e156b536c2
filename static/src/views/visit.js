/**
 * The visit: a task list of sections, and one section at a time. Opened once; going from section to section, or
 * back, never takes the form down.
 */

import { bindForm } from "../forms/bind.js";
import { formatDate } from "../lib/dates.js";
import { soonAfter } from "../lib/soon.js";
import { derivedNode } from "./derived.js";
import { el, fill, icon, on, one, onSubmit, piece, slot, template } from "./dom.js";
import { formNodes } from "./forms.js";
import { announce, openSheet } from "./frame.js";
import { tagOf } from "./people.js";
import { openVisit } from "./visit-model.js";
import { measured, when } from "./words.js";

/**
 * @typedef {import("./app.js").App} App
 * @typedef {import("./visit-model.js").VisitModel} VisitModel
 */

/** @param {App} app */
export function visit(app) {
  /**
   * @param {HTMLElement} main
   * @param {import("./router.js").Place} place
   */
  return async (main, place) => {
    const model = await openVisit(app, place.draft);
    if (!model) return notHere(main);
    const screen = new VisitScreen(app, main, model);
    screen.show(place);
    return {
      title: "Visit",
      form: true,
      subject: () => model.subject,
      flush: () => screen.flush(),
      leave: () => screen.leave(),
      /** @param {import("./router.js").Place} next */
      update: (next) => {
        if (next.draft !== model.draft.id) return false;
        screen.show(next);
        return true;
      },
    };
  };
}

/** @param {HTMLElement} main */
function notHere(main) {
  main.append(
    el("h1", {}, "This visit is complete or was thrown away"),
    el("p", {}, el("a", { href: "#/outbox" }, "See where every visit is")),
  );
  return { title: "Visit" };
}

class VisitScreen {
  /**
   * @param {App} app
   * @param {HTMLElement} main
   * @param {VisitModel} model
   */
  constructor(app, main, model) {
    this.app = app;
    this.main = main;
    this.model = model;
    /** @type {string | null} */
    this.section = null;
    /** @type {import("./visit-model.js").SectionState[]} */
    this.states = [];
    this.drawing = false;
    this.gone = false;
    main.append(template("visit"));
    fill(main, { title: app.contactTitle(model.draft.contactType) });
    const form = formNodes(model.form);
    this.root = one(form, "[data-form]", HTMLElement);
    slot(main, "form").append(this.root);
    this.askQuestions();
    this.bound = bindForm(this.root, model.definition, {
      answers: model.draft.answers,
      confirmed: model.draft.confirmed,
      alertResponses: model.draft.alertResponses,
      facts: (answers) => model.facts(answers),
      options: { household: household(model.body) },
      last: { ...lastValues(model), ...model.suggestions() },
      onChange: () => this.changed(),
    });
    this.stopWatching = model.watch((state) => this.showSaved(state));
    on(main, "leave", () => app.go("child", { id: model.draft.childId }));
    on(main, "list", () => app.go("visit", { draft: model.draft.id }));
    on(main, "check", () => app.go("check", { draft: model.draft.id }));
    on(main, "next", () => this.step(1));
    on(main, "previous", () => this.step(-1));
    on(main, "discard", () => this.askDiscard());
    this.redraw();
  }

  /** The supervisor's words, and each question beside its answer. */
  askQuestions() {
    const { returned } = this.model;
    if (!returned) return;
    const by = /** @type {any} */ (returned.by);
    const who = `Sent back by ${by?.name ?? by ?? "your supervisor"}, ${when(returned.at)}`;
    slot(this.main, "returned").append(fill(piece("question"), { who, comment: returned.comment }));
    for (const query of returned.queries) {
      const field = this.fieldOf(query.field_id);
      field?.prepend(fill(piece("question"), { who: "Question about this answer", comment: query.comment }));
      // A question about a folded answer unfolds it.
      field?.closest("details")?.setAttribute("open", "");
    }
  }

  changed() {
    Object.assign(this.model.draft, this.bound.state());
    const saving = this.model.changed();
    if (!this.drawing) {
      this.drawing = true;
      void soonAfter(saving, () => {
        if (!this.gone) this.redraw();
      });
    }
    return saving;
  }

  /** What follows from the answers: section states, growth, findings beside the answers. */
  redraw() {
    this.drawing = false;
    const seen = this.model.look();
    this.states = this.model.sections(seen);
    slot(this.main, "tasks").replaceChildren(...this.states.map((state) => this.task(state)));
    for (const place of this.root.querySelectorAll("[data-derived]")) {
      const id = /** @type {HTMLElement} */ (place.closest("[data-field]")).dataset.field ?? "";
      const node = derivedNode(seen.derived[id], seen.facts);
      place.replaceChildren(...(node ? [node] : []));
    }
    const { strict } = this.model;
    this.bound.showFindings(
      strict ? seen.findings : seen.findings.filter((finding) => !this.model.isUnanswered(finding)),
    );
  }

  /** @param {import("./visit-model.js").SectionState} state */
  task({ id, title, words, tag }) {
    const item = fill(piece("task"), { name: title });
    const status = slot(item, "status");
    if (tag === null) status.textContent = words;
    else status.append(tagOf(words, tag));
    item.classList.toggle("nhsuk-task-list__item--current", id === this.section);
    const link = slot(item, "name");
    if (id === this.section) link.setAttribute("aria-current", "true");
    link.addEventListener("click", (event) => {
      event.preventDefault();
      this.open(id);
    });
    return item;
  }

  /** @param {string} section */
  open(section) {
    this.app.go("visit", { draft: this.model.draft.id, section });
  }

  /** @param {import("./router.js").Place} place */
  show(place) {
    const wide = matchMedia("(min-width: 1000px)").matches;
    const first = this.states[0]?.id ?? null;
    const asked = place.section ?? null;
    // Lying down, the tablet shows a section beside the list from the start.
    this.section = asked ?? (wide ? (this.model.draft.position ?? first) : null);
    one(this.main, ".app-visit", HTMLElement).dataset.showing = asked ? "section" : "list";
    for (const section of this.root.querySelectorAll("[data-section]")) {
      const here = /** @type {HTMLElement} */ (section).dataset.section === this.section;
      section.classList.toggle("app-open", here);
    }
    if (asked && this.model.draft.position !== asked) {
      this.model.draft.position = asked;
      this.model.autosave.changed();
    }
    this.redraw();
    this.showSteps();
    if (asked) this.toSection(place);
    else if (this.main.isConnected) one(this.main, "h1", HTMLElement).focus({ preventScroll: true });
  }

  /** @param {import("./router.js").Place} place with the field to answer at once, from "Change" or an error */
  toSection({ field, row, part }) {
    if (field) {
      // Once the screen is in the page.
      requestAnimationFrame(() => this.bound.focusField(field, row, part));
      return;
    }
    requestAnimationFrame(() => {
      const heading = this.root.querySelector(".app-open h2, .app-open legend");
      if (!(heading instanceof HTMLElement)) return;
      heading.tabIndex = -1;
      heading.focus({ preventScroll: true });
      window.scrollTo(0, 0);
    });
  }

  showSteps() {
    const at = this.states.findIndex(({ id }) => id === this.section);
    const next = this.states[at + 1];
    const button = one(this.main, '[data-action="next"]', HTMLElement);
    button.textContent = next ? `Next: ${next.title}` : "Check and complete";
    one(this.main, '[data-action="previous"]', HTMLElement).hidden = at <= 0;
  }

  /** @param {1 | -1} by */
  step(by) {
    const at = this.states.findIndex(({ id }) => id === this.section);
    const next = this.states[at + by];
    if (next) this.open(next.id);
    else if (by > 0) this.app.go("check", { draft: this.model.draft.id });
  }

  /** @param {import("../forms/autosave.js").SaveState} state */
  showSaved({ phase, message }) {
    showSaved(slot(this.main, "saved"), { phase, message });
    if (phase !== "saved") return;
    this.bound?.saved();
  }

  /** @param {string} fieldId */
  fieldOf(fieldId) {
    return this.root.querySelector(`[data-field="${fieldId}"]`);
  }

  askDiscard() {
    const { model } = this;
    const { root, close } = openSheet("sheet-discard", {
      what: `Everything answered in this visit for ${model.subject?.name ?? "this child"} goes.`,
    });
    on(root, "no", close);
    onSubmit(root, async () => {
      close();
      await model.discard();
      announce("The visit was thrown away");
      await this.app.go("child", { id: model.draft.childId });
    });
  }

  async leave() {
    this.stopWatching();
    this.gone = true;
    if (!this.model.ended) await this.flush();
  }

  /** Takes what is still being typed, and waits until all of it is on the disk. */
  flush() {
    this.bound.flush();
    return this.model.flush();
  }
}

/**
 * The quiet mark beside the answers.
 * @param {HTMLElement} place
 * @param {import("../forms/autosave.js").SaveState} state
 */
export function showSaved(place, { phase, message }) {
  // The same words again would only be read out again; and while a save is tried, what was true still is.
  if (phase === "saving" || place.dataset.phase === phase) return;
  place.dataset.phase = phase;
  place.classList.toggle("app-savemark--wrong", phase === "failed");
  if (phase === "failed") place.replaceChildren(icon("warn"), message ?? "");
  else place.replaceChildren(icon("check"), "Saved on this tablet");
}

/** @param {Record<string, any> | null} body */
function household(body) {
  return (body?.household?.members ?? []).map((/** @type {any} */ member) => ({
    value: member.person_id,
    label: member.name,
  }));
}

/**
 * The last measurements, in grey above the answer; never copied into it.
 * @param {VisitModel} model
 */
function lastValues(model) {
  /** @type {Record<string, string>} */
  const last = {};
  for (const section of model.definition.sections) {
    for (const field of section.fields) {
      if (!field.measure || field.measure.at_birth) continue;
      const known = (model.body?.measurements ?? []).filter(
        (/** @type {any} */ measurement) => measurement.kind === field.measure.kind,
      );
      const latest = known.at(-1);
      if (!latest) continue;
      const whenMeasured = latest.at_birth ? " at birth" : `, ${formatDate(latest.on)}`;
      last[field.id] = measured(latest.kind, latest.value) + whenMeasured;
    }
  }
  return last;
}
