/** The parents' copy of a form made up for it. That no published form gives anything away: tests/contract. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parentsCopy, wordsToLookAt } from "../../../static/src/copy/contents.js";
import { dateIn, phrase, say } from "../../../static/src/copy/phrases.js";

const LANGUAGES = ["en", "cy", "ur"];
const [ENGLISH, WELSH, URDU] = LANGUAGES.map((language) =>
  JSON.parse(
    readFileSync(new URL(`../../../hvapp/phrases/parents_copy.v1.${language}.json`, import.meta.url), "utf8"),
  ),
);
const AREAS = ["communication", "gross_motor", "fine_motor", "problem_solving", "personal_social"];
const ASQ = {
  areas: AREAS,
  from: [],
  cut_offs: [
    { interval: 12, confirmed: true, below: Object.fromEntries(AREAS.map((area) => [area, "20"])) },
    { interval: 24, confirmed: false, below: Object.fromEntries(AREAS.map((area) => [area, "20"])) },
  ],
};

/** @param {Record<string, any>} more */
function field(more) {
  return { label: more.id, name: more.id, type: "text", visibility: "P", ...more };
}

/** @param {...any} fields */
function form(...fields) {
  const sections = [{ id: "plan", title: "Plan", fields }];
  return { id: "f", version: 1, title: "F", contact_type: "new_birth", sections, not_done_reasons: [] };
}

/** @type {import("../../../static/src/copy/contents.js").CopyFacts} */
const FACTS = {
  contactType: "new_birth",
  on: "2026-05-15",
  visitor: "Amira Khan",
  team: { name: "North team", phone: "0300 123 4567" },
  derived: {},
  next: null,
  doses: [],
  history: false,
  asq: ASQ,
};
const BORN = { birthDate: "2026-05-03" };

/**
 * @param {import("../../../static/src/copy/contents.js").Section[]} sections
 * @param {string} id
 */
function rowsIn(sections, id) {
  return sections.find((section) => section.id === id)?.rows ?? [];
}

/** @param {{vaccine: string, state: string, dueOn: string, number?: number, confirmed?: boolean}} dose */
function dose({ vaccine, state, dueOn, number = 1, confirmed = true }) {
  const day = Date.parse(dueOn) / 86_400_000;
  return { vaccine, number, state, dueOn: day, earliest: day, latest: null, givenOn: null, confirmed };
}

test("what is marked for professionals, and what nobody gave words for, is not on the copy", () => {
  const definition = form(
    field({ id: "actions" }),
    field({ id: "summary_parent", visibility: "H" }),
    field({ id: "parent_comment", visibility: "X" }),
    field({ id: "new_question" }),
  );
  const answers = Object.fromEntries(definition.sections[0].fields.map(({ id }) => [id, `said in ${id}`]));
  const sections = parentsCopy(definition, answers, BORN, FACTS);
  assert.deepEqual(rowsIn(sections, "plan"), [
    { label: "field.actions", said: [{ text: "said in actions" }] },
  ]);
  const all = JSON.stringify(sections);
  for (const id of ["summary_parent", "parent_comment", "new_question"]) assert.ok(!all.includes(`in ${id}`));
});

test("a module that is never shared is not, whatever its questions are marked", () => {
  for (const module of ["wellbeing.v1", "safeguarding.v2", "safeguarding"]) {
    const definition = form(field({ id: "actions" }));
    Object.assign(definition.sections[0], { module });
    assert.deepEqual(rowsIn(parentsCopy(definition, { actions: "kept" }, BORN, FACTS), "plan"), []);
  }
});

test("an answer that is not done, cannot be read or was raised by its option is left out", () => {
  const options = [
    { value: "feeding", label: "Feeding" },
    { value: "teeth", label: "Teeth", visibility: "X" },
  ];
  const definition = form(
    field({ id: "advice", type: "choices", options }),
    field({ id: "actions" }),
    field({ id: "weight_kg", type: "decimal", measure: { kind: "weight" } }),
  );
  /** @param {Record<string, any>} answers */
  const labels = (answers) =>
    parentsCopy(definition, answers, BORN, FACTS).flatMap(({ rows }) => rows.map(({ label }) => label));
  assert.ok(labels({ advice: ["feeding"] }).includes("field.advice"));
  assert.ok(!labels({ advice: ["feeding", "teeth"] }).includes("field.advice"));
  assert.ok(
    !labels({ actions: { not_done: "other" }, weight_kg: "heavy" }).some((one) =>
      /actions|weight/.test(String(one)),
    ),
  );
});

test("a referral is told of where the parents agreed and its service is theirs to know", () => {
  const service = {
    id: "service",
    type: "choice",
    options: [{ value: "gp" }, { value: "domestic_abuse", visibility: "X" }],
  };
  const parts = [service, { id: "reason", type: "line" }, { id: "consent", type: "yes_no" }];
  const definition = form(field({ id: "referrals", type: "list", fields: parts }));
  const referrals = [
    { service: "gp", reason: "Rash", consent: true },
    { service: "gp", reason: "Refused", consent: false },
    { service: "domestic_abuse", reason: "Hidden", consent: true },
  ];
  const said = rowsIn(parentsCopy(definition, { referrals }, BORN, FACTS), "plan");
  assert.deepEqual(said, [
    { label: "field.referrals", said: [{ phrase: "option.service.gp" }, { text: "Rash" }] },
  ]);
});

test("a measurement says where it lies, with no line more than another", () => {
  const definition = form(
    field({ id: "weight_kg", type: "decimal", unit: "kg", measure: { kind: "weight" } }),
  );
  /** @param {string} sds */
  const words = (sds) => {
    const facts = { ...FACTS, derived: { weight_kg: { sds } } };
    const [row] = rowsIn(parentsCopy(definition, { weight_kg: "3.18" }, BORN, facts), "growth");
    return row.said.map((one) => say(ENGLISH, one));
  };
  assert.deepEqual(words("0.01"), ["3.18 kg", "on the 50th centile line"]);
  assert.deepEqual(words("-1"), ["3.18 kg", "between the 9th and 25th centile lines"]);
  assert.deepEqual(words("-3.2"), ["3.18 kg", "below the 0.4th centile line"]);
  assert.deepEqual(words("3.2"), ["3.18 kg", "above the 99.6th centile line"]);
});

test("next vaccinations: missing ones are named only where it is known what was given", () => {
  const doses = [
    dose({ vaccine: "MenB", state: "overdue", dueOn: "2026-04-01" }),
    dose({ vaccine: "PCV", state: "not_yet", dueOn: "2026-06-28" }),
    dose({ vaccine: "rotavirus", state: "not_yet", dueOn: "2026-06-28", confirmed: false }),
    dose({ vaccine: "6-in-1", state: "not_yet", dueOn: "2026-07-26" }),
  ];
  /** @param {Record<string, any>} more @param {Record<string, any>} [answers] */
  const said = (more, answers = {}) => {
    const options = [{ value: "up_to_date", label: "Up to date" }];
    const definition = form(field({ id: "imm_decision", type: "choice", options }));
    const rows = rowsIn(parentsCopy(definition, answers, BORN, { ...FACTS, doses, ...more }), "vaccines");
    return rows.map((row) => row.said.map((one) => say(ENGLISH, one)).join("; "));
  };
  const next = "PCV, dose 1; rotavirus, dose 1; From 28 June 2026";
  const guide = ENGLISH.phrases["next.guide"];
  assert.deepEqual(said({ history: true }), ["MenB, dose 1", next, guide]);
  assert.deepEqual(said({}), [next, ENGLISH.phrases["vaccines.unknown"], guide]);
  assert.deepEqual(said({ history: true }, { imm_decision: "up_to_date" }), ["Up to date", next, guide]);
  assert.deepEqual(said({ doses: [] }), []);
});

test("a development questionnaire is told in words, never as a score", () => {
  const scores = AREAS.map((area) => field({ id: `asq_${area}`, type: "integer" }));
  const options = [{ value: "12" }, { value: "24" }];
  const definition = form(field({ id: "asq_interval", type: "choice", options }), ...scores);
  const given = Object.fromEntries(AREAS.map((area, at) => [`asq_${area}`, at === 0 ? 11 : 57]));
  const sure = rowsIn(parentsCopy(definition, { asq_interval: "12", ...given }, BORN, FACTS), "development");
  assert.deepEqual(sure[0], { label: "field.asq_communication", said: [{ phrase: "asq.refer" }] });
  assert.deepEqual(sure[1].said, [{ phrase: "asq.not_below_cut_off" }]);
  const unsure = rowsIn(
    parentsCopy(definition, { asq_interval: "24", ...given }, BORN, FACTS),
    "development",
  );
  assert.deepEqual(unsure, [{ label: "field.asq_interval", said: [{ phrase: "asq.unconfirmed_cut_off" }] }]);
  assert.ok(!/11|57/.test(JSON.stringify([sure, unsure])));
});

test("the next contact: the day agreed, the window of the rules, and whether that is confirmed", () => {
  const next = /** @type {any} */ ({
    ...{ contactType: "six_eight_week", opensOn: "2026-06-14", targetEnd: "2026-06-28", confirmed: false },
  });
  const definition = form(field({ id: "next_due", type: "date" }));
  const rows = rowsIn(parentsCopy(definition, { next_due: "2026-06-20" }, BORN, { ...FACTS, next }), "next");
  assert.deepEqual(
    rows.map(({ label, said }) => [label, ...said.map((one) => say(ENGLISH, one))]),
    [
      ["row.agreed", "20 June 2026"],
      ["contact.six_eight_week", "Between 14 June 2026 and 28 June 2026", ENGLISH.phrases["next.guide"]],
    ],
  );
});

test("safer sleep to the first birthday, crying to six months, nothing before the birth", () => {
  /** @param {string | null} birthDate */
  const labels = (birthDate) =>
    rowsIn(parentsCopy(form(), {}, { birthDate }, FACTS), "safe").map(({ label }) => label);
  assert.deepEqual(labels("2026-05-03"), ["safe.sleep", "safe.crying"]);
  assert.deepEqual(labels("2025-09-01"), ["safe.sleep"]);
  assert.deepEqual(labels("2025-05-15"), []);
  assert.deepEqual(labels(null), []);
});

test("who to call: the team's number, or a place to write it in", () => {
  /** @param {any} team */
  const call = (team) => rowsIn(parentsCopy(form(), {}, BORN, { ...FACTS, team }), "call")[0].said;
  assert.deepEqual(call(FACTS.team), [{ value: "North team" }, { value: "0300 123 4567" }]);
  assert.deepEqual(call({ name: "North team", phone: "" }), [
    { value: "North team" },
    { phrase: "call.by_hand" },
  ]);
  assert.deepEqual(call(null), [{ phrase: "call.by_hand" }]);
});

test("with no visit there is still growth, what comes next and who to call", () => {
  const sections = parentsCopy(form(), {}, BORN, { ...FACTS, contactType: null });
  assert.deepEqual(
    sections.map(({ id }) => id),
    ["growth", "safe", "call"],
  );
});

test("names of others and restricted words in what was written are found, as whole words", () => {
  const checks = [{ check: "restricted_words", words: ["police", "social care"] }];
  const definition = form(field({ id: "actions", soft_checks: checks }), field({ id: "parent_comment" }));
  const answers = { actions: "Police called. Annexe built.", parent_comment: "Uncle Óscar helps" };
  const sections = parentsCopy(definition, answers, BORN, FACTS);
  assert.deepEqual(wordsToLookAt(sections, definition, ["Anne", "Óscar", ""]), ["police", "Óscar"]);
});

test("every language has every phrase, with the same places to fill", () => {
  /** @param {string} text */
  const places = (text) => [...text.matchAll(/\{\w+\}/g)].map(([one]) => one).sort();
  for (const catalogue of [ENGLISH, WELSH, URDU]) {
    assert.deepEqual(Object.keys(catalogue.phrases), Object.keys(ENGLISH.phrases), catalogue.language);
    for (const [key, text] of Object.entries(ENGLISH.phrases)) {
      const said = catalogue.phrases[key];
      assert.deepEqual(places(said), places(text), `${catalogue.language} ${key}`);
      assert.ok(said.trim() && said === said.trim(), `${catalogue.language} ${key}`);
    }
  }
  assert.deepEqual(
    [ENGLISH, WELSH, URDU].map(({ direction }) => direction),
    ["ltr", "ltr", "rtl"],
  );
});

test("a translation is somebody's confirmed one, or says that it is not", () => {
  assert.deepEqual(
    [WELSH, URDU].map((one) => one.translation_confirmed),
    [false, false],
  );
  for (const { phrases, language } of [WELSH, URDU]) {
    const same = Object.keys(phrases).filter((key) => phrases[key] === ENGLISH.phrases[key]);
    assert.deepEqual(same, [], language);
  }
});

test("days are written in the language, with the digits of the chart", () => {
  assert.equal(dateIn(ENGLISH, "2026-05-03"), "3 May 2026");
  assert.equal(dateIn(WELSH, "2026-05-03"), "3 Mai 2026");
  assert.match(dateIn(URDU, "2026-05-03"), /3 مئی،? 2026/);
});

test("in a language written from right to left what is filled in keeps its own direction", () => {
  const line = { line: { value: "0.4th" } };
  assert.equal(phrase(ENGLISH, "centile.below", line), "below the 0.4th centile line");
  assert.match(phrase(URDU, "centile.below", line), /\u20680\.4th\u2069/);
  assert.throws(() => phrase(ENGLISH, "centile.nowhere"), /no phrase centile\.nowhere/);
});
