/** The form on a page of its own, for tests/e2e/test_form_page.py: no tablet app around it, a stand-in growth chart. */

import { bindForm } from "/static/src/forms/bind.js";
import { buildFacts, childFacts } from "/static/src/forms/facts.js";
import { startingAnswers, suggestions } from "/static/src/forms/starting.js";
import { check } from "/static/src/forms/validate.js";
import { standInGrowth } from "/tests/js/helpers/stand-in-growth.js";

const definition = await (await fetch("/definition.json")).json();
const { answers, child, reference } = JSON.parse(document.getElementById("given").textContent);
const assess = standInGrowth(reference);
const record = childFacts(child);
const known = { now: new Date().toISOString(), practitionerType: "scphn", child };
const root = document.querySelector("[data-form]");
const facts = (given) => buildFacts(record, given, new Date(), definition, assess);

window.changes = [];
window.strict = false;
window.redraw = () => {
  const state = window.bound.state();
  const payload = { ...state, alert_responses: state.alertResponses };
  const { findings } = check(definition, payload, facts(state.answers));
  window.bound.showFindings(window.strict ? findings : findings.filter(({ level }) => level !== "missing"));
};
window.bound = bindForm(root, definition, {
  answers: answers ?? startingAnswers(definition, known),
  facts,
  options: { household: [{ value: "p1", label: "Maya Example" }] },
  last: suggestions(definition, known),
  onChange(fieldId, value) {
    window.changes.push([fieldId, value]);
    window.redraw();
  },
});
window.redraw();
document.body.dataset.ready = "yes";
