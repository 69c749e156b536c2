/** Filling the shell's templates. Text goes in as text: nothing here, or in any view, parses HTML. */

import { assetUrl } from "../lib/assets.js";

/**
 * A fresh copy of <template id="t-NAME">.
 * @param {string} name
 * @returns {DocumentFragment}
 */
export function template(name) {
  const found = document.getElementById(`t-${name}`);
  if (!(found instanceof HTMLTemplateElement)) throw new Error(`no template ${name}`);
  return /** @type {DocumentFragment} */ (found.content.cloneNode(true));
}

/**
 * The one element of a copied template, for templates with a single root.
 * @param {string} name
 * @returns {HTMLElement}
 */
export function piece(name) {
  return /** @type {HTMLElement} */ (template(name).firstElementChild);
}

/**
 * @param {ParentNode} root
 * @param {string} name
 * @returns {HTMLElement}
 */
export function slot(root, name) {
  return /** @type {HTMLElement} */ (root.querySelector(`[data-slot="${name}"]`));
}

/**
 * @template {HTMLElement} T
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} [type]
 * @returns {T}
 */
export function one(root, selector, type) {
  const found = root.querySelector(selector);
  if (!found || (type && !(found instanceof type))) throw new Error(`no ${selector}`);
  return /** @type {T} */ (found);
}

/**
 * Puts each value into its slot. An empty value hides the slot, or the part marked data-optional with its name.
 * @template {ParentNode} T
 * @param {T} root
 * @param {Record<string, string | number | Node | (Node | string)[] | null | undefined | false>} values
 * @returns {T}
 */
export function fill(root, values) {
  for (const [name, value] of Object.entries(values)) {
    const empty = value == null || value === false || value === "" || (Array.isArray(value) && !value.length);
    const target = slot(root, name);
    show(root, name, !empty);
    if (!target) continue;
    if (empty) target.replaceChildren();
    else if (Array.isArray(value)) target.replaceChildren(...value);
    else if (value instanceof Node) target.replaceChildren(value);
    else target.textContent = String(value);
  }
  return root;
}

/**
 * Shows or hides the part marked data-optional with this name, or the slot itself where there is no such part.
 * @param {ParentNode} root
 * @param {string} name
 * @param {boolean} visible
 */
export function show(root, name, visible) {
  const part = root.querySelector(`[data-optional="${name}"]`) ?? slot(root, name);
  if (part instanceof HTMLElement) part.hidden = !visible;
}

/**
 * @param {string} tag
 * @param {Record<string, string | boolean | undefined>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/**
 * A number to tap.
 * @param {string} phone
 */
export function phoneLink(phone) {
  return el("a", { href: `tel:${phone.replace(/[^+\d]/g, "")}`, class: "app-link-button" }, phone);
}

/**
 * @param {"check" | "wait" | "warn" | "lock"} name
 * @returns {Node}
 */
export function icon(name) {
  return /** @type {Node} */ (template("icons").querySelector(`[data-icon="${name}"]`));
}

/** @type {Map<string, Promise<unknown>>} */
const styled = new Map();

/**
 * A style sheet that comes with its screen, not with the first one; resolved once it is there, for a chart that comes
 * before its styles would be a black shape.
 * @param {string} name
 */
export function styleSheet(name) {
  let ready = styled.get(name);
  if (!ready) {
    const link = el("link", { rel: "stylesheet", href: assetUrl(name) });
    ready = new Promise((done) => {
      link.onload = done;
      link.onerror = done;
    });
    styled.set(name, ready);
    document.head.append(link);
  }
  return ready;
}

/**
 * Runs a handler when the control marked with this action is used.
 * @param {ParentNode} root
 * @param {string} action
 * @param {(event: Event) => unknown} handler
 */
export function on(root, action, handler) {
  for (const control of root.querySelectorAll(`[data-action="${action}"]`)) {
    control.addEventListener("click", (event) => {
      event.preventDefault();
      handler(event);
    });
  }
}

/**
 * Submits a form through a handler, once at a time: a double tap is one act.
 * @param {ParentNode} root
 * @param {(data: Record<string, string>) => Promise<void> | void} handler
 */
export function onSubmit(root, handler) {
  const form = one(root, "form", HTMLFormElement);
  let busy = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    try {
      /** @type {Record<string, string>} */
      const data = {};
      for (const [name, value] of new FormData(form)) data[name] = String(value);
      await handler(data);
    } finally {
      busy = false;
    }
  });
  for (const button of form.querySelectorAll("[data-reveal]")) {
    button.addEventListener("click", () => reveal(form, /** @type {HTMLElement} */ (button)));
  }
}

/**
 * @param {HTMLFormElement} form
 * @param {HTMLElement} button
 */
function reveal(form, button) {
  const input = one(form, `#${button.dataset.reveal}`, HTMLInputElement);
  const hidden = input.type === "password";
  input.type = hidden ? "text" : "password";
  button.textContent = hidden ? "Hide" : "Show";
  const label = button.getAttribute("aria-label") ?? "";
  button.setAttribute("aria-label", label.replace(/^(Show|Hide)/, hidden ? "Hide" : "Show"));
}

/**
 * Error beside a form control and in the summary above the form, as NHS error messages are written.
 * @param {ParentNode} root the view: holds slot "errors" and groups marked data-field-group
 * @param {{field?: string, message: string}[]} problems
 * @param {string} [title]
 */
export function showProblems(root, problems, title = "There is a problem") {
  for (const group of root.querySelectorAll("[data-field-group]")) markGroup(group, null);
  const place = slot(root, "errors");
  if (!problems.length) {
    place.replaceChildren();
    return;
  }
  const links = problems.map(({ field, message }) => {
    const group = field ? root.querySelector(`[data-field-group="${field}"]`) : null;
    if (!group) return el("li", {}, message);
    markGroup(group, message);
    const input = /** @type {HTMLElement} */ (group.querySelector("input, textarea"));
    const link = el("a", { href: `#${input.id}` }, message);
    link.addEventListener("click", (event) => {
      event.preventDefault();
      input.focus();
    });
    return el("li", {}, link);
  });
  const summary = fill(piece("error-summary"), { title, text: null, list: links });
  place.replaceChildren(summary);
  summary.focus();
}

/**
 * @param {Element} group
 * @param {string | null} message
 */
function markGroup(group, message) {
  group.classList.toggle("nhsuk-form-group--error", message !== null);
  const place = /** @type {HTMLElement | null} */ (group.querySelector("[data-error]"));
  if (!place) return;
  place.hidden = message === null;
  place.textContent = message === null ? "" : `Error: ${message}`;
  const input = group.querySelector("input, textarea");
  input?.classList.toggle("nhsuk-input--error", message !== null);
  if (message === null) input?.removeAttribute("aria-invalid");
  else input?.setAttribute("aria-invalid", "true");
}
