/**
 * Finds elements by what people see of them, for tests/support/webkit_page.py: roles, labels and words, meant as
 * Playwright means them, so that one journey runs on both engines.
 *
 * A search is a list of steps; each narrows or widens what the steps before it found.
 */

globalThis.findElements = (() => {
  const ROLES = {
    alert: "[role=alert]",
    button: "button:not([role]), [role=button], input[type=submit]",
    checkbox: "input[type=checkbox], [role=checkbox]",
    dialog: "dialog:not([role]), [role=dialog]",
    heading: "h1, h2, h3, h4, h5, h6, [role=heading]",
    link: "a[href]:not([role]), [role=link]",
    list: "ul:not([role]), ol:not([role]), [role=list]",
    listitem: "li:not([role]), [role=listitem]",
    navigation: "nav, [role=navigation]",
    radio: "input[type=radio], [role=radio]",
    region: "section[aria-label], section[aria-labelledby], [role=region]",
    status: "output, [role=status]",
    textbox: "textarea, input:not([type]), input:is([type=text], [type=email], [type=tel]), [role=textbox]",
  };
  const UNSEEN_WORDS = "head, script, style, template, noscript";

  const tidy = (text) => (text ?? "").replace(/\s+/g, " ").trim();
  const words = (element) => tidy(element.textContent);

  function matches(text, { text: wanted, regex, flags, exact }) {
    if (regex !== undefined) return new RegExp(regex, flags).test(text);
    return exact ? text === tidy(wanted) : text.toLowerCase().includes(tidy(wanted).toLowerCase());
  }

  function visible(element) {
    const box = element.getBoundingClientRect();
    return element.checkVisibility({ visibilityProperty: true }) && box.width > 0 && box.height > 0;
  }

  const told = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest("[aria-hidden=true]");

  function labels(element) {
    const ids = (element.getAttribute("aria-labelledby") ?? "").split(/\s+/).filter(Boolean);
    const by = ids.map((id) => document.getElementById(id)).filter(Boolean);
    if (by.length) return [tidy(by.map(words).join(" "))];
    if (element.hasAttribute("aria-label")) return [tidy(element.getAttribute("aria-label"))];
    return [...(element.labels ?? [])].map(words);
  }

  const nameOf = (element) => labels(element)[0] ?? (element.matches("input") ? tidy(element.value) : words(element));

  const isLevel = (element, level) =>
    element.tagName === `H${level}` || element.getAttribute("aria-level") === String(level);

  const inside = (root, selector) => [...root.querySelectorAll(selector)];

  const STEPS = {
    css: (root, step) => inside(root, step.css),
    xpath(root, step) {
      const found = document.evaluate(step.xpath, root, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE, null);
      return Array.from({ length: found.snapshotLength }, (_, index) => found.snapshotItem(index));
    },
    role: (root, step) =>
      inside(root, ROLES[step.role] ?? `[role=${step.role}]`)
        .filter(told)
        .filter((element) => step.level === undefined || isLevel(element, step.level))
        .filter((element) => step.name === undefined || matches(nameOf(element), step.name)),
    label: (root, step) =>
      inside(root, "input, select, textarea, button, output, [aria-label], [aria-labelledby]").filter((element) =>
        labels(element).some((label) => matches(label, step.label)),
      ),
    // The innermost element that has the words.
    text: (root, step) =>
      inside(root, "*").filter(
        (element) =>
          !element.closest(UNSEEN_WORDS) &&
          matches(words(element), step.words) &&
          ![...element.children].some((child) => matches(words(child), step.words)),
      ),
  };

  function inOrder(elements) {
    const before = (a, b) => (a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1);
    return [...new Set(elements)].sort((a, b) => (a === b ? 0 : before(a, b)));
  }

  return function find(steps) {
    let found = [document];
    for (const step of steps) {
      if (step.or) found = inOrder([...found, ...find(step.or)]);
      else if (step.hasText) found = found.filter((element) => matches(words(element), step.hasText));
      else if (step.has) {
        const those = find(step.has);
        found = found.filter((element) => those.some((one) => element !== one && element.contains(one)));
      } else if (step.at !== undefined) found = [found.at(step.at)].filter(Boolean);
      else if (step.visible) found = found.filter(visible);
      else found = inOrder(found.flatMap((root) => STEPS[step.by](root, step)));
    }
    return found;
  };
})();
