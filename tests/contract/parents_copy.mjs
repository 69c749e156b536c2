/**
 * The tablet's side of tests/contract/test_parents_copy.py: cases in, the parents' copy of each out, as data and in words.
 */

import { text } from "node:stream/consumers";
import { parentsCopy } from "../../static/src/copy/contents.js";
import { phrase, say } from "../../static/src/copy/phrases.js";

const { cases, catalogues, facts } = JSON.parse(await text(process.stdin));

/** @param {any} sections @param {any} catalogue */
function inWords(sections, catalogue) {
  return sections.flatMap(({ id, rows }) => [
    phrase(catalogue, `section.${id}`),
    ...rows.flatMap(({ label, said }) => [
      ...(label ? [phrase(catalogue, label)] : []),
      ...said.map((one) => say(catalogue, one)),
    ]),
  ]);
}

const copies = cases.map(({ form, answers }) => {
  const told = { ...facts, contactType: form.contact_type };
  const sections = parentsCopy(form, answers, { birthDate: "2026-05-03" }, told);
  return { sections, words: catalogues.map((one) => inWords(sections, one)) };
});
process.stdout.write(JSON.stringify(copies));
