/**
 * Check and complete: everything on one page, alerts first, what is missing as an error summary that jumps to
 * the answer; then one confirming tap seals the visit.
 */

import { askFor, readResponse, writeResponse } from "../forms/notices.js";
import { derivedWords } from "./derived.js";
import { el, fill, on, one, piece, show, slot, template } from "./dom.js";
import { announce } from "./frame.js";
import { safeguardingCall } from "./safeguarding.js";
import { isShut, shutScreen } from "./shut.js";
import { showSaved } from "./visit.js";
import { findingField, openVisit } from "./visit-model.js";
import { copyOf, hasCopy } from "./visits.js";
import { inSentence, when } from "./words.js";

/**
 * @typedef {import("./app.js").App} App
 * @typedef {import("./visit-model.js").VisitModel} VisitModel
 * @typedef {Record<string, any>} Any
 */

const LEVEL_WORDS = { red: "Act today", amber: "Needs a plan", info: "For information" };

/** @param {App} app */
export function check(app) {
  /**
   * @param {HTMLElement} main
   * @param {import("./router.js").Place} place
   */
  return async (main, place) => {
    const model = await openVisit(app, place.draft);
    if (!model) {
      main.append(
        el("h1", {}, "This visit is already complete"),
        el("p", {}, el("a", { href: "#/outbox" }, "See where every visit is")),
      );
      return { title: "Check and complete" };
    }
    if (isShut(model)) return shutScreen(main, model);
    const screen = new CheckScreen(app, main, model);
    return {
      title: "Check and complete",
      form: true,
      subject: () => model.subject,
      flush: () => model.flush(),
      leave: () => screen.leave(),
      update: (/** @type {Any} */ next) => next.draft === model.draft.id,
    };
  };
}

class CheckScreen {
  /**
   * @param {App} app
   * @param {HTMLElement} main
   * @param {VisitModel} model
   */
  constructor(app, main, model) {
    this.app = app;
    this.main = main;
    this.model = model;
    model.strict = true;
    main.append(template("check"));
    on(main, "back", () => app.go("visit", { draft: model.draft.id }));
    on(main, "complete", () => this.complete());
    this.stopWatching = model.watch((state) => showSaved(slot(main, "saved"), state));
    const { returned } = model;
    if (returned) {
      const who = `Sent back with a question, ${when(returned.at)}`;
      fill(main, { returned: fill(piece("question"), { who, comment: returned.comment }) });
    }
    this.draw();
    this.drawErrors(false);
  }

  leave() {
    this.stopWatching();
    return this.model.flush();
  }

  draw() {
    const seen = this.model.look();
    const soft = seen.findings.filter(({ level }) => level === "soft");
    fill(this.main, {
      alerts: seen.alerts.map((/** @type {Any} */ alert) => this.alert(alert)),
      soft: soft.map((finding) => this.softQuestion(finding)),
      summary: this.summary(seen),
      promise: `One tap seals it. It stays on this tablet until your supervisor’s system has confirmed that it arrived.`,
    });
  }

  /**
   * What stands between the visit and completing it.
   * @param {boolean} focus
   * @returns {boolean} whether anything does
   */
  drawErrors(focus) {
    const { findings } = this.model.look();
    const blocking = findings.filter(({ level }) => level !== "soft" || focus);
    const place = slot(this.main, "errors");
    if (!blocking.length) {
      place.replaceChildren();
      return false;
    }
    const summary = fill(piece("error-summary"), {
      title:
        blocking.length === 1
          ? "There is 1 thing to do first"
          : `There are ${blocking.length} things to do first`,
      text: null,
      list: blocking.map((finding) => el("li", {}, this.jump(finding))),
    });
    if (!focus) summary.removeAttribute("role");
    place.replaceChildren(summary);
    if (focus) summary.focus();
    return true;
  }

  /** @param {Any} finding */
  jump(finding) {
    const alertId = finding.alertId ?? finding.alert_id;
    const link = el("a", { href: "#/visit" }, finding.message);
    link.addEventListener("click", (event) => {
      event.preventDefault();
      if (alertId) document.getElementById(`response-${alertId}`)?.focus();
      else this.change(findingField(finding), finding);
    });
    return link;
  }

  /**
   * @param {string} fieldId
   * @param {{row?: number | null, part?: string | null}} [at] which row of a list, and which part of it
   */
  change(fieldId, { row, part } = {}) {
    const section = this.model.sectionOf(fieldId);
    this.app.go("visit", { draft: this.model.draft.id, section: section?.id, field: fieldId, row, part });
  }

  /** @param {Any} alert */
  alert(alert) {
    const box = fill(piece("alert"), {
      level: /** @type {Any} */ (LEVEL_WORDS)[alert.level],
      title: alert.title,
      text: alert.text,
      action: alert.action,
      source: alert.source,
      call: alert.call ? safeguardingCall(this.app.service) : null,
    });
    box.classList.add(`app-alert--${alert.level}`);
    box.append(this.response(alert));
    return box;
  }

  /**
   * What was done, or why not, or why the alert does not apply.
   * @param {Any} alert
   */
  response(alert) {
    const answer = piece("response");
    const area = one(answer, "textarea", HTMLTextAreaElement);
    const mark = one(answer, "[data-alert-override]", HTMLInputElement);
    area.id = `response-${alert.id}`;
    mark.id = `override-${alert.id}`;
    one(answer, "[data-alert-ask]", HTMLLabelElement).htmlFor = area.id;
    one(answer, `[for="__a__-override"]`, HTMLLabelElement).htmlFor = mark.id;
    writeResponse(answer, this.model.draft.alertResponses[alert.id]);
    const { level } = alert;
    askFor(answer, { level });
    answer.addEventListener("input", () => {
      this.model.draft.alertResponses[alert.id] = readResponse(answer);
      askFor(answer, { level });
      this.model.changed();
    });
    answer.addEventListener("change", () => this.drawErrors(false));
    return answer;
  }

  /** @param {Any} finding */
  softQuestion(finding) {
    const id = findingField(finding);
    const field = this.model.field(id);
    const value = this.model.draft.answers[id];
    const box = fill(piece("soft"), {
      label: field?.label ?? "",
      message: finding.message,
      confirm: `${field ? this.model.words(field) : String(value)} is right`,
      change: "Change it",
    });
    slot(box, "confirm").addEventListener("click", () => {
      this.model.draft.confirmed[id] = value;
      this.model.changed();
      announce("Confirmed");
      this.draw();
      this.drawErrors(false);
      one(this.main, "h1", HTMLElement).focus({ preventScroll: true });
    });
    slot(box, "change").addEventListener("click", (event) => {
      event.preventDefault();
      this.change(id);
    });
    return box;
  }

  /** @param {ReturnType<VisitModel["look"]>} seen */
  summary(seen) {
    const missing = new Map(
      seen.findings
        .filter(({ level }) => level !== "soft")
        .map((finding) => [findingField(finding), finding.message]),
    );
    return this.model.definition.sections.flatMap((/** @type {Any} */ section) => {
      const rows = section.fields
        .filter((/** @type {Any} */ field) => seen.visible.has(field.id))
        .filter(
          (/** @type {import("../forms/definition.js").Field} */ field) =>
            field.id in this.model.draft.answers || missing.has(field.id),
        )
        .map((/** @type {import("../forms/definition.js").Field} */ field) =>
          this.row(field, seen, missing.get(field.id)),
        );
      return rows.length ? [fill(piece("check-section"), { title: section.title, rows })] : [];
    });
  }

  /**
   * @param {import("../forms/definition.js").Field & {fixed?: boolean}} field
   * @param {ReturnType<VisitModel["look"]>} seen
   * @param {string | undefined} problem
   */
  row(field, seen, problem) {
    const words = this.model.words(field);
    const value = [el("div", {}, words || "No answer yet")];
    const derived = seen.derived[field.id];
    if (derived) {
      const { main, detail } = derivedWords(derived, seen.facts);
      value.push(el("div", { class: "app-muted" }, `${main}. ${detail}`));
    }
    if (problem) value.push(el("div", { class: "app-summary__missing" }, problem));
    const row = fill(piece("check-row"), { label: field.label, value, change: "Change" });
    const link = slot(row, "change");
    if (field.fixed) {
      link.remove();
      return row;
    }
    link.append(el("span", { class: "nhsuk-u-visually-hidden" }, ` ${inSentence(field.label)}`));
    link.addEventListener("click", (event) => {
      event.preventDefault();
      this.change(field.id);
    });
    return row;
  }

  async complete() {
    if (this.drawErrors(true)) return;
    const button = one(this.main, '[data-action="complete"]', HTMLButtonElement);
    button.disabled = true;
    try {
      const { draft } = this.model;
      await this.model.complete();
      await this.app.go("completed", { child: draft.childId, contact: draft.contactType }, { replace: true });
    } catch (error) {
      button.disabled = false;
      const text =
        error instanceof Error ? error.message : "The visit could not be completed. It is still here.";
      const summary = fill(piece("error-summary"), {
        title: "The visit is not complete yet",
        text,
        list: null,
      });
      slot(this.main, "errors").replaceChildren(summary);
      summary.focus();
    }
  }
}

/** @param {App} app */
export function completed(app) {
  /**
   * @param {HTMLElement} main
   * @param {import("./router.js").Place} place
   */
  return async (main, place) => {
    await app.read(["drafts", "outbox"]);
    const subject = app.roster.get(place.child) ?? null;
    main.append(template("completed"));
    const visitHere = () =>
      app.visits.find(({ childId, contactType }) => childId === place.child && contactType === place.contact);
    const draw = () => {
      const waiting = visitHere();
      const next = app.roster.get(place.child)?.next;
      show(main, "waits", waiting?.state !== "received");
      fill(main, {
        title: `${app.contactTitle(place.contact)} complete`,
        state:
          waiting?.state === "received"
            ? `It has arrived and is with your supervisor${subject ? `, for ${subject.name}` : ""}.`
            : `It is saved on this tablet and waiting to be sent${subject ? `, for ${subject.name}` : ""}.`,
        next: next ? `Next for this child: ${next.text}.` : null,
      });
    };
    draw();
    on(main, "today", () => app.go("today"));
    on(main, "child", () => app.go("child", { id: place.child }));
    show(main, "copy", hasCopy(place.contact));
    on(main, "copy", () => {
      const made = visitHere();
      return app.go("copy", { child: place.child, item: made && copyOf(made) });
    });
    return {
      title: "Visit complete",
      refresh: draw,
      update: (/** @type {Any} */ next) => next.child === place.child && next.contact === place.contact,
    };
  };
}
