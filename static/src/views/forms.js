/** The forms this version of the app carries. A contact is offered only when its form is among them. */

import { sha256Hex } from "../lib/canonical.js";
import { toFragment } from "../lib/trusted.js";
import { api } from "../sync/api.js";

/**
 * @typedef {{id: string, version: number, contact_type: string, title: string, hash?: string}} FormEntry
 * @typedef {{definition: any, html: string}} LoadedForm
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
  const name = `forms/${id}.v${version}`;
  let form = loaded.get(name);
  if (!form) {
    form = Promise.all([api.loadData(`${name}.json`), api.loadFragment(`${name}.html`)]).then(
      ([definition, html]) => ({ definition, html }),
    );
    // A failed read is tried again next time.
    form.catch(() => loaded.delete(name));
    loaded.set(name, form);
  }
  return form;
}

/** @param {LoadedForm} form */
export function formNodes(form) {
  return toFragment(form.html);
}
