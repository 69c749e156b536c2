/**
 * What is missing, impossible or doubtful in a visit, and what the tablet speaks up about.
 * `hvapp/domain/forms/validate.py` does the same, word for word; `tests/contract/validate.json` and a property test hold
 * them together. Any payload at all is checked without throwing: junk becomes findings.
 */

import { isBlank, isMapping, isNotDone, isUsable, own, same } from "./answers.js";
import { doubtAbout, problemWith } from "./checks.js";
import { fieldOf, indexOf, reasonsFor } from "./definition.js";
import { evaluate, isRequired, look, lookAtRow } from "./logic.js";
import { fill, lowerFirst, upperFirst } from "./wording.js";

/**
 * @typedef {import("./definition.js").Field} Field
 * @typedef {import("./definition.js").FormDefinition} FormDefinition
 * @typedef {import("./definition.js").Mapping} Mapping
 * @typedef {import("./logic.js").Live} Live
 * @typedef {"missing" | "hard" | "soft"} Level
 *
 * @typedef {object} Finding one thing to mend
 * @property {string} fieldId "" for the form as a whole
 * @property {Level} level
 * @property {string} message
 * @property {number | null} row
 * @property {string | null} part
 * @property {string | null} alertId set when an alert waits for what was done about it
 *
 * @typedef {{id: string, level: "red" | "amber" | "info", title: string, text: string, action: string,
 *   source: string, fields: string[], call: string | null}} Alert an alert rule whose condition holds, in words
 */

export const LONGEST_DETAIL = 500;
export const LONGEST_RESPONSE = 2000;
export const MOST_ROWS = 50;
const LONGEST_CAPTION = 200;

/** @type {Record<string, string>} */
const TO_SAY = {
  red: "what you did, or why nothing was needed",
  amber: "what you plan",
  not_applicable: "why it does not apply",
};

const ENTERED = ["line", "text", "integer", "decimal", "date", "month", "datetime"];
const SELECTED = ["choice", "choices", "yes_no", "yes_no_each", "people", "person"];

/**
 * @param {FormDefinition} form
 * @param {unknown} payload {"answers", "confirmed", "alert_responses", ...}
 * @param {Mapping} facts from buildFacts
 * @returns {{findings: Finding[], alerts: Alert[], live: Live | null}} `live` is what conditions saw
 */
export function check(form, payload, facts) {
  const answers = own(payload, "answers");
  if (!isMapping(payload) || (answers !== undefined && !isMapping(answers))) {
    const unread = finding("", "hard", "The answers of this visit could not be read.");
    return { findings: [unread], alerts: [], live: null };
  }
  const { fields, byId } = indexOf(form);
  const live = look(form, answers, facts);
  /** @type {Finding[]} */
  const findings = [];
  if (Object.keys(answers ?? {}).some((id) => !byId.has(id))) {
    findings.push(finding("", "hard", "This visit holds answers to questions that its form does not ask."));
  }
  for (const field of fields) {
    if (!live.visible.has(field.id)) continue;
    const confirmed = own(own(payload, "confirmed"), field.id);
    findings.push(...fieldFindings(form, live, field, own(answers, field.id), confirmed));
  }
  const alerts = [];
  for (const rule of form.alerts ?? []) {
    const { id, level, source, fields, call = null } = rule;
    const seen = firstSeen(form, rule, live);
    if (!seen) continue;
    const [title, text, action] = [rule.title, rule.text, rule.action].map((part) => fill(form, part, seen));
    alerts.push({ id, level, title, text, action, source, fields, call });
  }
  findings.push(...unanswered(alerts, own(payload, "alert_responses")));
  return { findings, alerts, live };
}

/**
 * What the condition holds of: the visit, or the first such row of a list, which sees the visit's answers too.
 * @param {FormDefinition} form
 * @param {import("./definition.js").AlertRule} rule
 * @param {Live} live
 * @returns {Live | undefined}
 */
function firstSeen(form, { rows, when }, live) {
  const holds = (/** @type {Live} */ seen) => evaluate(when, seen.answers, seen.facts);
  if (rows === undefined) return holds(live) ? live : undefined;
  const parts = fieldOf(form, rows)?.fields ?? [];
  return (own(live.answers, rows) ?? [])
    .map((/** @type {Mapping} */ row) => {
      const seen = lookAtRow(parts, row, live.facts);
      return { ...seen, answers: { ...live.answers, ...seen.answers } };
    })
    .find(holds);
}

/**
 * @param {string} fieldId
 * @param {Level} level
 * @param {string} message
 * @param {Partial<Finding>} [more]
 * @returns {Finding}
 */
function finding(fieldId, level, message, more = {}) {
  return { fieldId, level, message, row: null, part: null, alertId: null, ...more };
}

/**
 * @param {FormDefinition} form
 * @param {Live} live
 * @param {Field} field
 * @param {unknown} value
 * @param {unknown} confirmed
 * @returns {Finding[]}
 */
function fieldFindings(form, live, field, value, confirmed) {
  if (field.type === "list" && !isBlank(value) && !isNotDone(value)) return listFindings(live, field, value);
  const problem = problemOf(form, field, value, live, isRequired(field, live));
  if (problem) return [finding(field.id, ...problem)];
  if (!isUsable(field, value) || same(confirmed, value)) return [];
  const doubt = doubtAbout(field, value, live);
  return doubt === null ? [] : [finding(field.id, "soft", doubt)];
}

/**
 * @param {Live} live
 * @param {Field} field
 * @param {unknown} rows
 * @returns {Finding[]}
 */
function listFindings(live, field, rows) {
  if (!Array.isArray(rows)) return [finding(field.id, "hard", unreadable(field))];
  /** @type {Finding[]} */
  const findings = [];
  if (rows.length > MOST_ROWS) {
    findings.push(finding(field.id, "hard", `There can be at most ${MOST_ROWS} of these.`));
  }
  for (const [number, row] of rows.slice(0, MOST_ROWS).entries()) {
    const place = `${field.item} ${number + 1}`;
    if (!isMapping(row)) {
      const message = `${place} could not be read. Remove it and enter it again.`;
      findings.push(finding(field.id, "hard", message, { row: number }));
      continue;
    }
    const parts = field.fields ?? [];
    const inRow = lookAtRow(parts, row, live.facts);
    for (const part of parts) {
      if (!inRow.visible.has(part.id)) continue;
      const problem = problemOf(null, part, own(row, part.id), inRow, isRequired(part, inRow));
      if (!problem) continue;
      const message = `${place}: ${lowerFirst(problem[1])}`;
      findings.push(finding(field.id, problem[0], message, { row: number, part: part.id }));
    }
  }
  return findings;
}

/**
 * The first thing that is missing or impossible about one answer.
 * @param {FormDefinition | null} form null for a part of a row, which cannot be "not done"
 * @param {Field} field
 * @param {unknown} value
 * @param {Live} live
 * @param {boolean} required
 * @returns {[Level, string] | null}
 */
function problemOf(form, field, value, live, required) {
  const reasons = form ? reasonsFor(form, field) : [];
  if (isBlank(value)) return required ? ["missing", missing(field, reasons.length > 0)] : null;
  if (isNotDone(value)) {
    const message = notDoneProblem(field, reasons, value);
    return message === null ? null : ["hard", message];
  }
  if (field.type === "photo" && isUsable(field, value)) return captionProblem(/** @type {any} */ (value));
  const message = isUsable(field, value) ? problemWith(field, value, live) : unreadable(field);
  return message === null ? null : ["hard", message];
}

/**
 * What each photo shows is said in words, for whoever cannot see it or has it read out.
 * @param {{caption: string}[]} photos
 * @returns {[Level, string] | null}
 */
function captionProblem(photos) {
  for (const [at, { caption }] of photos.entries()) {
    const what = `what photo ${at + 1} shows.`;
    if (isBlank(caption)) return ["missing", `Say in a few words ${what}`];
    if ([...caption].length > LONGEST_CAPTION) {
      return ["hard", `Say in at most ${LONGEST_CAPTION} characters ${what}`];
    }
  }
  return null;
}

/**
 * @param {Field} field
 * @param {boolean} mayBeNotDone
 */
function missing(field, mayBeNotDone) {
  if (field.missing) return field.missing;
  const verb =
    field.type === "list" || field.type === "photo"
      ? "Add"
      : ENTERED.includes(field.type)
        ? "Enter"
        : "Select";
  if (!mayBeNotDone) return `${verb} ${field.name}.`;
  const counted = field.type === "integer" || field.type === "decimal";
  return `${verb} ${field.name}, or ${counted ? "say why it was not done" : "say why not"}.`;
}

/**
 * @param {Field} field
 * @param {import("./definition.js").Reason[]} reasons
 * @param {{not_done: unknown, detail?: unknown}} value
 * @returns {string | null}
 */
function notDoneProblem(field, reasons, value) {
  if (!reasons.length) {
    return field.checks?.find((one) => one.check === "must_be_true")?.message ?? unreadable(field);
  }
  const reason = reasons.find((one) => one.code === value.not_done);
  if (!reason) return `Select why there is no answer for ${field.name}.`;
  const detail = own(value, "detail") ?? null;
  if (detail !== null && (typeof detail !== "string" || [...detail].length > LONGEST_DETAIL)) {
    return `Say in at most ${LONGEST_DETAIL} characters why there is no answer for ${field.name}.`;
  }
  if (reason.needs_detail && isBlank(detail)) {
    return `Say in a few words why there is no answer for ${field.name}.`;
  }
  return null;
}

/** @param {Field} field */
function unreadable(field) {
  const name = upperFirst(field.name);
  if (field.type === "integer") return `${name} must be a whole number, such as 4.`;
  if (field.type === "decimal") return `${name} must be a number, such as 3.5.`;
  if (field.type === "date") return `${name} must be a real date, such as 3 May 2026.`;
  if (field.type === "month") return `${name} must be a month and a year, such as 5 2026.`;
  if (field.type === "datetime") return `${name} must be a real date and time, such as 3 May 2026 at 10:05.`;
  const verb = SELECTED.includes(field.type) ? "Select" : field.type === "photo" ? "Add" : "Enter";
  return `${verb} ${field.name} again. What was there could not be read.`;
}

/**
 * The questions whose answer cannot stand: nothing is told as following from one of these.
 * @param {Finding[]} findings
 * @returns {Set<string>}
 */
export function refusedFields(findings) {
  const refused = findings.filter(({ level, alertId }) => level === "hard" && alertId === null);
  return new Set(refused.map(({ fieldId }) => fieldId));
}

/**
 * Why the visitor says that an alert does not apply; null where that is not what was said of it.
 * @param {unknown} response
 * @returns {unknown}
 */
export function overridden(response) {
  const told = isMapping(response) && Object.keys(response).length === 1;
  return told ? (own(response, "not_applicable") ?? null) : null;
}

/**
 * Red alerts ask what was done, amber ones for a plan; information asks for nothing.
 * @param {Alert[]} alerts
 * @param {unknown} responses
 * @returns {Finding[]}
 */
function unanswered(alerts, responses) {
  /** @type {Finding[]} */
  const findings = [];
  for (const { id, level, title, fields } of alerts) {
    const response = own(responses, id) ?? null;
    const why = overridden(response);
    if (level === "info" && why === null) continue;
    const said = why ?? response;
    if (said === null || (typeof said === "string" && isBlank(said))) {
      const ask = TO_SAY[why === null ? level : "not_applicable"];
      findings.push(finding(fields[0], "missing", `${title}: say ${ask}.`, { alertId: id }));
    } else if (typeof said !== "string" || [...said].length > LONGEST_RESPONSE) {
      const message = `${title}: use at most ${LONGEST_RESPONSE} characters.`;
      findings.push(finding(fields[0], "hard", message, { alertId: id }));
    }
  }
  return findings;
}
