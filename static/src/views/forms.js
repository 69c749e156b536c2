/** The forms this version of the app carries. A contact is offered only when its form is among them. */

import { sha256Hex } from "../lib/canonical.js";
import { toFragment } from "../lib/trusted.js";
import { api } from "../sync/api.js";

/**
 * @typedef {{id: string, version: number, contact_type: string, title: string, hash?: string}} FormEntry
 * @typedef {import("../forms/pack.js").UnpackedForm} LoadedForm
 */

/** @type {FormEntry[] | undefined} */
let listed;
/** @type {Map<string, Promise<LoadedForm>>} */
const loaded = new Map();

/** @returns {FormEntry[]} */
function entries() {
  listed ??= JSON.parse(document.getElementById("forms")?.textContent || "[]");
  return /** @type {FormEntry[]} */ (listed);
}

/**
 * The newest form for a contact, or null where there is none yet.
 * @param {string} contactType
 * @returns {FormEntry | null}
 */
export function formFor(contactType) {
  const found = entries().filter((entry) => entry.contact_type === contactType);
  return found.sort((a, b) => b.version - a.version)[0] ?? null;
}

/** @param {FormEntry} form */
export async function formHash(form) {
  if (form.hash) return form.hash;
  return sha256Hex((await loadForm(form.id, form.version)).definition);
}

/**
 * @param {string} id
 * @param {number} version a draft keeps the version it was begun with
 * @returns {Promise<LoadedForm>}
 */
export function loadForm(id, version) {
  const name = `${id}.v${version}`;
  let form = loaded.get(name);
  if (!form) {
    form = api.loadForm(name);
    // A failed read is tried again next time.
    form.catch(() => loaded.delete(name));
    loaded.set(name, form);
  }
  return form;
}

/**
 * The form without its questions.
 * @param {LoadedForm} form
 */
export function formNodes(form) {
  return toFragment(form.html);
}

/**
 * Puts the next questions of a section where they belong.
 * @param {HTMLElement} section of formNodes
 * @param {LoadedForm} form
 * @param {number} most
 * @returns {HTMLElement[]} those drawn now; none is left where they are fewer than `most`
 */
export function drawQuestions(section, { questions }, most) {
  const walker = document.createTreeWalker(section, NodeFilter.SHOW_COMMENT);
  /** @type {Comment[]} */
  const places = [];
  while (places.length < most && walker.nextNode()) {
    const place = /** @type {Comment} */ (walker.currentNode);
    if (questions.has(place.data)) places.push(place);
  }
  return places.map((place) => {
    const question = toFragment(/** @type {string} */ (questions.get(place.data))).firstElementChild;
    place.replaceWith(/** @type {HTMLElement} */ (question));
    return /** @type {HTMLElement} */ (question);
  });
}
