/**
 * What the record says of the birth answers several questions of one section: they are listed above the first, and taken
 * with one press. Only what cannot have changed since is taken like this; the rest is asked anew each time.
 */

import { isBlank, own } from "./answers.js";

/**
 * @typedef {import("./definition.js").Field} Field
 * @typedef {import("./definition.js").Mapping} Mapping
 */

/** One question has a button of its own. */
const WORTHWHILE = 2;

/**
 * @param {HTMLElement} section
 * @param {HTMLTemplateElement} pattern
 * @param {Field[]} fields of the section
 * @param {{given: Mapping, last: {[field: string]: string | {text: string}}, take: (fieldId: string) => void}} form
 *   take: answers a question with what was offered
 */
export function offerRecord(section, pattern, fields, { given, last, take }) {
  const open = () =>
    fields.filter(
      ({ id, suggest }) => suggest?.startsWith("child.") && id in last && isBlank(own(given, id)),
    );
  const offered = open();
  if (offered.length < WORTHWHILE) return;
  const panel = /** @type {HTMLElement} */ (pattern.content.firstElementChild?.cloneNode(true));
  const list = /** @type {HTMLElement} */ (panel.querySelector("ul"));
  for (const { id, label } of offered) {
    const said = last[id];
    const item = document.createElement("li");
    item.textContent = `${label}: ${typeof said === "string" ? said : said.text}`;
    list.append(item);
  }
  const button = /** @type {HTMLElement} */ (panel.querySelector("button"));
  button.textContent = `Use all ${offered.length}`;
  button.addEventListener("click", () => {
    for (const { id } of open()) take(id);
    const told = /** @type {HTMLElement} */ (panel.querySelector("[data-record-used]"));
    told.hidden = false;
    button.hidden = true;
    told.focus({ preventScroll: true });
  });
  section.querySelector("[data-field]")?.before(panel);
}
