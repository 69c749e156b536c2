/**
 * The app's one Trusted Types policy, and the only place where text becomes markup. It makes a script address
 * of the worker alone, and markup only of the fragments that shipped with this version of the app.
 */

const WORKER = "/sw.js";

/** @type {Set<string>} */
const fragments = new Set();

const rules = {
  /** @param {string} url */
  createScriptURL(url) {
    if (url !== WORKER) throw new TypeError(`${url} is not a script of this app`);
    return url;
  },
  /** @param {string} html */
  createHTML(html) {
    if (!fragments.has(html)) throw new TypeError("that is not a fragment of this app");
    return html;
  },
};

/** @typedef {typeof rules} Rules */

/** @type {Rules | undefined} */
let made;

/** Where the browser has no Trusted Types, the same rules apply to plain strings. */
function policy() {
  const factory = /** @type {any} */ (globalThis).trustedTypes;
  made ??= /** @type {Rules} */ (factory?.createPolicy ? factory.createPolicy("hvapp", rules) : rules);
  return made;
}

/** The address to register the service worker from. */
export function workerUrl() {
  return policy().createScriptURL(WORKER);
}

/**
 * Remembers the text of one of our own fragments. Only the loader of assets calls this.
 * @param {string} html
 */
export function admitFragment(html) {
  fragments.add(html);
}

/**
 * The nodes of a fragment that was loaded from our own assets.
 * @param {string} html
 * @returns {DocumentFragment}
 */
export function toFragment(html) {
  const template = document.createElement("template");
  template.innerHTML = policy().createHTML(html);
  return template.content;
}
