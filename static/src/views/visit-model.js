/**
 * One open visit: its draft, its form and what follows from the answers. The section pages and "Check and
 * complete" look at the same one, so nothing is saved or worked out twice.
 */

import { Autosave } from "../forms/autosave.js";
import { askedOfRecord, buildFacts, childFacts, derive } from "../forms/facts.js";
import { shownAnswers } from "../forms/logic.js";
import { suggestions } from "../forms/starting.js";
import { check, refusedFields } from "../forms/validate.js";
import { plainValue } from "../forms/wording.js";
import { assess } from "../growth/lms.js";
import { discardDraft, getDraft, saveDraft } from "../store/drafts.js";
import { sealDraft } from "../store/outbox.js";
import { api } from "../sync/api.js";
import { loadForm } from "./forms.js";
import { growthTables } from "./growth-tables.js";
import { twinVisit } from "./twins.js";
import { questions } from "./visits.js";
import { count } from "./words.js";

/**
 * @typedef {import("./app.js").App} App
 * @typedef {import("../types.js").Draft} Draft
 * @typedef {Record<string, any>} Any
 * @typedef {{id: string, title: string, words: string, tag: string | null}} SectionState
 */

/** @type {import("../growth/tables.js").GrowthTables | null} */
let tables = null;

/** @type {import("../forms/rule-facts.js").Rules | null} */
let rules = null;

/** @type {VisitModel | null} */
let current = null;

/**
 * The open visit of this draft, or null where the draft is no longer on the tablet.
 * @param {App} app
 * @param {string} draftId
 * @returns {Promise<VisitModel | null>}
 */
export async function openVisit(app, draftId) {
  if (current?.draft.id === draftId && !current.ended) return current;
  const draft = await getDraft(app.open, draftId);
  return draft ? takeUp(app, draft) : null;
}

/**
 * Opens the visit of a draft as it has just been stored or read.
 * @param {App} app
 * @param {Draft} draft
 */
export async function takeUp(app, draft) {
  const [form] = await Promise.all([loadForm(draft.formId, draft.formVersion), readTables()]);
  // Twice at once, as by two taps, it is the same visit.
  if (current?.draft.id !== draft.id || current.ended) current = new VisitModel(app, draft, form);
  return current;
}

/** Reads what every visit needs before the first is opened: reading it takes longer than drawing one. */
export async function prepareVisits() {
  await Promise.all([api.readForms(), readTables()]);
}

async function readTables() {
  const [growth, clinical] = await Promise.all([
    growthTables(),
    rules ?? api.loadData("rules/clinical.json"),
  ]);
  tables = growth;
  rules ??= clinical;
}

export class VisitModel {
  /**
   * @param {App} app
   * @param {Draft} draft
   * @param {import("./forms.js").LoadedForm} form
   */
  constructor(app, draft, form) {
    this.app = app;
    this.draft = draft;
    this.form = form;
    this.definition = form.definition;
    this.ended = false;
    /** Whether anything was answered by hand since the visit was opened. */
    this.touched = false;
    /** Once completing was tried, everything missing is shown where it is missing. */
    this.strict = false;
    /** @type {import("../forms/autosave.js").SaveState} */
    this.saved = { phase: "saved", message: null };
    /** @type {Set<(state: import("../forms/autosave.js").SaveState) => void>} */
    this.watchers = new Set();
    this.autosave = new Autosave(
      () => saveDraft(app.open, this.draft),
      (state) => {
        this.saved = state;
        for (const watcher of this.watchers) watcher(state);
      },
    );
    const subject = app.roster.get(draft.childId);
    // Saved with the next answer: the record may leave this tablet before the visit is finished.
    if (subject) draft.record = askedOfRecord(subject.body);
    this.body = subject?.body ?? draft.record ?? null;
    this.facts0 = childFacts(this.body ?? {});
    this.twin = twinVisit(app, draft);
    const state = app.visits.find(({ visitId }) => visitId === draft.visitId);
    this.returned = state && draft.parentRev ? questions({ ...state, state: "draft" }) : null;
  }

  /** The rules as they are worked out here: growth by the method that the service has chosen. */
  get rules() {
    const known = /** @type {import("../forms/rule-facts.js").Rules} */ (rules);
    return { ...known, growth_method: this.app.service.growth_method };
  }

  get subject() {
    return this.app.roster.get(this.draft.childId) ?? null;
  }

  /** @param {(state: import("../forms/autosave.js").SaveState) => void} watcher */
  watch(watcher) {
    this.watchers.add(watcher);
    watcher(this.saved);
    return () => void this.watchers.delete(watcher);
  }

  /** What the record says, in grey above the question; taken only by hand. */
  suggestions() {
    const known = { now: this.draft.createdAt, child: this.body ?? {}, names: this.names() };
    return suggestions(this.definition, { ...known, twin: this.twin });
  }

  /** @param {Any} [answers] */
  facts(answers = this.draft.answers) {
    const { enteredAt } = this.draft;
    const entered = enteredAt ? new Date(enteredAt) : null;
    return buildFacts(this.facts0, answers, new Date(), this.definition, assessWith, this.rules, entered);
  }

  /** Everything that follows from the answers as they are now. */
  look() {
    const facts = this.facts();
    const checked = check(this.definition, this.payload(false), facts);
    const visible = checked.live?.visible ?? new Set();
    return { facts, visible, checked, ...this.believed(checked.findings, checked.alerts) };
  }

  /**
   * Nothing is said to follow from an answer that is refused: no centile of 12 kg, no alert about it.
   * @param {import("../forms/validate.js").Finding[]} findings
   * @param {import("../forms/validate.js").Alert[]} alerts
   */
  believed(findings, alerts) {
    const refused = refusedFields(findings);
    const told = alerts.filter(({ fields }) => !fields.some((id) => refused.has(id)));
    const kept = new Set(told.map(({ id }) => id));
    return {
      findings: findings.filter(({ alertId }) => alertId === null || kept.has(alertId)),
      alerts: told,
      derived: Object.fromEntries(Object.entries(this.derived()).filter(([id]) => !refused.has(id))),
    };
  }

  /** @param {Any} [answers] */
  derived(answers = this.draft.answers) {
    return derive(this.facts0, answers, new Date(), this.definition, assessWith, this.rules);
  }

  /** @param {boolean} [whole] with what was derived and believed, for sealing */
  payload(whole = true) {
    const { answers, confirmed, alertResponses, enteredAt } = this.draft;
    const payload = { answers, confirmed, alert_responses: alertResponses, derived: {}, context: {} };
    if (!whole) return payload;
    const { birth_date = null, sex = null, gestation_days = null, nhs_number = null } = this.body ?? {};
    // Without a record nobody knows which questions were shown: every answer stands as it was given.
    const shown = this.body ? shownAnswers(this.definition, answers, this.facts()) : answers;
    const { alerts } = check(this.definition, { ...payload, answers: shown }, this.facts(shown));
    return {
      ...payload,
      answers: shown,
      confirmed: Object.fromEntries(Object.entries(confirmed).filter(([id]) => id in shown)),
      derived: this.derived(shown),
      context: {
        ...{ birth_date, sex, gestation_days, nhs_number },
        // The service works every rule out again and says where it gets something else.
        alerts: alerts.map(({ id }) => id),
        growth_method: this.rules.growth_method,
        ...(enteredAt ? { entered_at: enteredAt } : {}),
      },
    };
  }

  /** An answer has changed; it is saved from here on without anyone waiting for it. */
  changed() {
    this.touched = true;
    return this.autosave.changed();
  }

  async flush() {
    if (!this.ended) await this.autosave.flush();
  }

  /**
   * The state of each section that is asked at all.
   * @param {ReturnType<VisitModel["look"]>} seen
   * @returns {SectionState[]}
   */
  sections({ findings, visible }) {
    return this.definition.sections
      .map((/** @type {Any} */ section) => {
        const ids = section.fields.map((/** @type {Any} */ field) => field.id);
        const shown = ids.filter((/** @type {string} */ id) => visible.has(id));
        if (!shown.length) return null;
        const here = new Set(ids);
        const mine = findings.filter((/** @type {Any} */ finding) => here.has(findingField(finding)));
        const wrong = new Set(mine.filter((f) => !this.isUnanswered(f)).map(findingField)).size;
        const missing = new Set(mine.filter((f) => this.isUnanswered(f)).map(findingField)).size;
        const begun = shown.some((/** @type {string} */ id) => id in this.draft.answers);
        const asked = this.returned?.queries.filter(({ field_id: id }) => here.has(id)).length ?? 0;
        return { id: section.id, title: section.title, ...stateWords({ wrong, missing, begun, asked }) };
      })
      .filter((/** @type {SectionState | null} */ state) => state !== null);
  }

  /**
   * Whether this is only not answered yet: also a question of several parts that is still being answered.
   * @param {Any} finding
   */
  isUnanswered(finding) {
    if (finding.level === "missing") return true;
    const field = this.field(findingField(finding));
    if (field?.type !== "yes_no_each") return false;
    const given = this.draft.answers[field.id];
    return field.options?.some(({ value }) => !Object.hasOwn(Object(given), value)) ?? false;
  }

  /** @param {string} fieldId */
  sectionOf(fieldId) {
    return this.definition.sections.find((/** @type {Any} */ section) =>
      section.fields.some((/** @type {Any} */ field) => field.id === fieldId),
    );
  }

  /**
   * @param {string} fieldId
   * @returns {import("../forms/definition.js").Field | null}
   */
  field(fieldId) {
    return this.sectionOf(fieldId)?.fields.find((/** @type {Any} */ field) => field.id === fieldId) ?? null;
  }

  /**
   * The answer in plain words; empty when there is none.
   * @param {import("../forms/definition.js").Field} field
   */
  words(field) {
    const value = this.draft.answers[field.id];
    return plainValue(field, value, this.names(), this.definition);
  }

  /** People of the household, by id. */
  names() {
    /** @type {Record<string, string>} */
    const names = {};
    for (const member of this.body?.household?.members ?? []) names[member.person_id] = member.name;
    return names;
  }

  /** Seals the visit into the outbox: one act, after which the draft is gone and the visit waits. */
  async complete() {
    await this.flush();
    const { started_at: started } = /** @type {Any} */ (this.draft.answers);
    const item = await sealDraft(this.app.open, this.draft, {
      occurred_at: typeof started === "string" ? started : this.draft.createdAt,
      payload: this.payload(),
    });
    this.end();
    return item;
  }

  async discard() {
    this.autosave.stop();
    await discardDraft(this.app.open, this.draft.id);
    this.end();
  }

  end() {
    this.autosave.stop();
    this.ended = true;
    if (current === this) current = null;
  }
}

/** @param {any} measurement */
function assessWith(measurement) {
  return assess(measurement, /** @type {import("../growth/tables.js").GrowthTables} */ (tables));
}

/** @param {Any} finding */
export function findingField(finding) {
  return finding.fieldId ?? finding.field_id;
}

/**
 * @param {{wrong: number, missing: number, begun: boolean, asked: number}} counts
 * @returns {{words: string, tag: string | null}}
 */
function stateWords({ wrong, missing, begun, asked }) {
  if (wrong) return { words: `${wrong} to check`, tag: "amber" };
  if (missing && !begun) return { words: "Not started", tag: "" };
  if (missing) return { words: `${missing} to answer`, tag: "info" };
  if (asked) return { words: count(asked, "question"), tag: "amber" };
  return begun ? { words: "Done", tag: null } : { words: "Nothing needed", tag: null };
}
