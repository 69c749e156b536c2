/** The form on a page of its own, for tests/e2e/test_form_page.py: no tablet app around it, a stand-in growth chart. */

import { bindForm } from "/static/src/forms/bind.js";
import { buildFacts, childFacts } from "/static/src/forms/facts.js";
import { startingAnswers, suggestions } from "/static/src/forms/starting.js";
import { check } from "/static/src/forms/validate.js";
import { standInGrowth } from "/tests/js/helpers/stand-in-growth.js";

const definition = await (await fetch(`/definition.json${location.search}`)).json();
const { answers, child, reference, rules } = JSON.parse(document.getElementById("given").textContent);
const assess = standInGrowth(reference);
const record = childFacts(child);
const known = { now: new Date().toISOString(), practitionerType: "scphn", child };
const root = document.querySelector("[data-form]");
const facts = (given) => buildFacts(record, given, new Date(), definition, assess, rules);

window.changes = [];
window.strict = false;
window.redraw = () => window.bound.refresh();
window.bound = bindForm(root, definition, {
  answers: answers ?? startingAnswers(definition, known),
  look(payload) {
    const known = facts(payload.answers);
    const checked = check(definition, payload, known);
    const told = checked.findings.filter(({ level }) => window.strict || level !== "missing");
    return { ...checked, facts: known, told };
  },
  options: { household: [{ value: "p1", label: "Maya Example" }] },
  last: suggestions(definition, known),
  onChange(fieldId, value) {
    window.changes.push([fieldId, value]);
  },
});
document.body.dataset.ready = "yes";
