/**
 * The visit: a task list of sections, and one section at a time. Opened once; going from section to section, or
 * back, never takes the form down.
 */

import { bindForm } from "../forms/bind.js";
import { startingAnswers } from "../forms/starting.js";
import { civilDate, formatDate } from "../lib/dates.js";
import { newDraft } from "../store/drafts.js";
import { drawBody } from "./body-map.js";
import { derivedNode } from "./derived.js";
import { el, fill, icon, on, one, onSubmit, piece, show, slot, template } from "./dom.js";
import { drawQuestions, formFor, formNodes, loadForm } from "./forms.js";
import { announce, openSheet } from "./frame.js";
import { photosIn } from "./photos.js";
import { safeguardingCall } from "./safeguarding.js";
import { isShut, shutScreen } from "./shut.js";
import { Tasks } from "./tasks.js";
import { openVisit, prepareVisits, VisitModel } from "./visit-model.js";
import { hasCopy } from "./visits.js";

export { prepareVisits, takeUp } from "./visit-model.js";

import { measured, when } from "./words.js";

/**
 * @typedef {import("./app.js").App} App
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
    if (isShut(model)) return shutScreen(main, model);
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

/** Contacts whose form was drawn for nobody. @type {Set<string>} */
const rehearsed = new Set();

/**
 * Draws a contact's form where nobody sees it, about an invented child: what has run once is several times as fast the next
 * time. Nothing of it is kept or stored.
 * @param {App} app
 * @param {string} contactType
 */
export async function rehearse(app, contactType) {
  const entry = formFor(contactType);
  if (!entry || rehearsed.has(contactType)) return;
  rehearsed.add(contactType);
  const [form] = await Promise.all([loadForm(entry.id, entry.version), prepareVisits()]);
  const day = civilDate(new Date());
  const body = {
    birth_date: day,
    sex: "female",
    gestation_days: 280,
    measurements: [{ kind: "weight", value: "3.4", on: day, at_birth: true }],
  };
  const stage = Object.create(app, {
    roster: { value: new Map([["", { id: "", name: "", body }]]) },
    visits: { value: [] },
  });
  const draft = newDraft({
    child: { id: "" },
    form: { id: entry.id, version: entry.version, definitionHash: "" },
    contactType,
    answersAt: (now) => startingAnswers(form.definition, { now, child: body }),
    position: form.definition.sections[0]?.id,
  });
  const screen = new VisitScreen(stage, el("div"), new VisitModel(stage, draft, form));
  screen.show({ section: draft.position });
  await screen.leave();
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
    /** What followed from the answers when the form was drawn last. @type {ReturnType<VisitModel["look"]> | null} */
    this.seen = null;
    this.gone = false;
    main.append(template("visit"));
    this.tasks = new Tasks(slot(main, "tasks"), (section) => this.open(section));
    fill(main, { title: app.contactTitle(model.draft.contactType), twin: twinWarning(model) });
    const form = formNodes(model.form);
    this.root = one(form, "[data-form]", HTMLElement);
    slot(main, "form").append(this.root);
    for (const { content } of this.root.querySelectorAll("template")) {
      content.querySelector("[data-call]")?.append(...safeguardingCall(app.service));
    }
    this.sayReturned();
    this.bound = bindForm(this.root, model.definition, {
      draw: (section, most) => {
        const questions = drawQuestions(section, model.form, most);
        for (const question of questions) {
          this.leaveOut(question);
          this.askAbout(question);
        }
        return questions;
      },
      answers: model.draft.answers,
      confirmed: model.draft.confirmed,
      alertResponses: model.draft.alertResponses,
      look: () => this.look(),
      onDrawn: () => this.redraw(),
      options: { household: household(model.body) },
      photos: photosIn(app, model.draft.id),
      figure: drawBody,
      last: { ...lastValues(model), ...model.suggestions() },
      onChange: () => this.changed(),
    });
    this.stopWatching = model.watch((state) => this.showSaved(state));
    on(main, "leave", () => app.go("child", { id: model.draft.childId }));
    on(main, "list", () => app.go("visit", { draft: model.draft.id }));
    on(main, "check", () => app.go("check", { draft: model.draft.id }));
    on(main, "next", () => this.step(1));
    on(main, "previous", () => this.step(-1));
    const { childId, contactType, id } = model.draft;
    show(main, "turn", hasCopy(contactType));
    on(main, "turn", () => app.go("copy", { child: childId, draft: id, show: true }));
    on(main, "discard", () => this.askDiscard());
  }

  /** The supervisor's words. */
  sayReturned() {
    const { returned } = this.model;
    if (!returned) return;
    const by = /** @type {any} */ (returned.by);
    const who = `Sent back by ${by?.name ?? by ?? "your supervisor"}, ${when(returned.at)}`;
    slot(this.main, "returned").append(fill(piece("question"), { who, comment: returned.comment }));
  }

  /**
   * The supervisor's questions, each beside its answer.
   * @param {HTMLElement} question
   */
  askAbout(question) {
    const asked = this.model.returned?.queries.filter(({ field_id: id }) => id === question.dataset.field);
    for (const { comment } of asked ?? []) {
      question.prepend(fill(piece("question"), { who: "Question about this answer", comment }));
      // A question about a folded answer unfolds it.
      question.closest("details")?.setAttribute("open", "");
    }
  }

  /**
   * What only some services do is not offered by others; chosen already, it stays in sight.
   * @param {HTMLElement} question
   */
  leaveOut(question) {
    for (const box of /** @type {Iterable<HTMLInputElement>} */ (
      question.querySelectorAll("[data-service]")
    )) {
      const asked = question.dataset.field ?? "";
      const does = /** @type {Record<string, any>} */ (this.app.service)[box.dataset.service ?? ""];
      if (does !== true && this.model.draft.answers[asked] !== box.value) box.parentElement?.remove();
    }
  }

  changed() {
    Object.assign(this.model.draft, this.bound.state());
    return this.model.changed();
  }

  /** What follows from the answers: worked out once, for the questions and for what stands around them. */
  look() {
    this.seen = this.model.look();
    const { facts, checked, findings } = this.seen;
    const { strict } = this.model;
    const told = strict ? findings : findings.filter((finding) => !this.model.isUnanswered(finding));
    return { ...checked, facts, told };
  }

  /** Section states and growth. */
  redraw() {
    const { seen } = this;
    if (this.gone || !seen) return;
    this.states = this.model.sections(seen);
    this.tasks.show(this.states, this.section);
    for (const place of this.root.querySelectorAll("[data-derived]")) {
      const id = /** @type {HTMLElement} */ (place.closest("[data-field]")).dataset.field ?? "";
      const node = derivedNode(seen.derived[id], seen.facts, () => this.openChart(id));
      place.replaceChildren(...(node ? [node] : []));
    }
  }

  /** @param {string} field that was measured */
  openChart(field) {
    const { id, childId } = this.model.draft;
    const kind = this.model.field(field)?.measure?.kind;
    this.app.go("growth", { id: childId, kind, draft: id, section: this.section, field });
  }

  /** @param {string} section */
  open(section) {
    this.app.go("visit", { draft: this.model.draft.id, section });
  }

  /** @param {import("./router.js").Place} place */
  show(place) {
    const wide = matchMedia("(min-width: 1000px)").matches;
    const asked = place.section ?? null;
    // Lying down, the tablet shows a section beside the list from the start.
    this.section = asked ?? (wide ? (this.model.draft.position ?? this.firstSection()) : null);
    one(this.main, ".app-visit", HTMLElement).dataset.showing = asked ? "section" : "list";
    for (const section of this.root.querySelectorAll("[data-section]")) {
      const here = /** @type {HTMLElement} */ (section).dataset.section === this.section;
      section.classList.toggle("app-open", here);
    }
    if (asked && this.model.draft.position !== asked) {
      this.model.draft.position = asked;
      this.model.autosave.changed();
    }
    if (this.section) this.bound.openSection(this.section);
    else this.bound.refresh();
    this.showSteps();
    if (asked) this.toSection(place);
    else if (this.main.isConnected) one(this.main, "h1", HTMLElement).focus({ preventScroll: true });
  }

  firstSection() {
    return this.model.sections(this.model.look())[0]?.id ?? null;
  }

  /** @param {import("./router.js").Place} place with the field to answer at once, from "Change" or an error */
  toSection({ field, row, part }) {
    if (field) {
      // Once the screen is in the page.
      requestAnimationFrame(() => this.gone || this.bound.focusField(field, row, part));
      return;
    }
    requestAnimationFrame(() => {
      if (this.gone) return;
      const heading = this.root.querySelector(".app-open h2, .app-open legend");
      if (!(heading instanceof HTMLElement)) return;
      heading.tabIndex = -1;
      heading.focus({ preventScroll: true });
      // The banner stays where it is; what stands above the section is not needed to answer it.
      if (matchMedia("(min-height: 560px) and (max-width: 999px)").matches)
        heading.scrollIntoView({ block: "start" });
      else window.scrollTo(0, 0);
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
    this.bound.end();
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

/** @param {VisitModel} model */
function twinWarning({ twin, subject }) {
  if (!twin?.unfinished || !subject) return null;
  return `This visit is about ${subject.name}. The visit to the twin, ${twin.name}, is not finished either.`;
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
      const { measure } = field;
      if (!measure || measure.at_birth) continue;
      const known = (model.body?.measurements ?? []).filter(
        (/** @type {any} */ measurement) => measurement.kind === measure.kind,
      );
      const latest = known.at(-1);
      if (!latest) continue;
      const whenMeasured = latest.at_birth ? " at birth" : `, ${formatDate(latest.on)}`;
      last[field.id] = measured(latest.kind, latest.value) + whenMeasured;
    }
  }
  return last;
}
