/**
 * Questions on single answers. Without scripts every pair of fields stands there to be filled in; with them only the
 * used ones, and "Ask" beside an answer brings up the next with that answer chosen.
 */

/** @param {Document} page */
export function prepareQuestions(page) {
  const place = page.querySelector("[data-questions]");
  const details = page.querySelector("#send-back");
  if (!(place instanceof HTMLElement) || !(details instanceof HTMLDetailsElement)) return;
  const questions = /** @type {HTMLElement[]} */ ([...place.querySelectorAll("[data-question]")]);
  for (const question of questions) question.hidden = isUnused(question);

  const more = page.createElement("button");
  more.type = "button";
  more.className = "nhsuk-button nhsuk-button--secondary nhsuk-button--small";
  more.textContent = "Ask about an answer";
  more.addEventListener("click", () => show(nextUnused()));
  place.append(more);
  offerMore();

  page.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("[data-ask]") : null;
    if (!(link instanceof HTMLElement)) return;
    event.preventDefault();
    details.open = true;
    const wanted = link.dataset.ask ?? "";
    const question = questions.find((one) => answerOf(one).value === wanted) ?? nextUnused();
    if (question) answerOf(question).value = wanted;
    show(question);
  });

  /** @returns {HTMLElement | undefined} the first pair that nobody has filled in */
  function nextUnused() {
    return questions.find(isUnused);
  }

  /** @param {HTMLElement | undefined} question */
  function show(question) {
    if (!question) {
      page.querySelector("#comment")?.scrollIntoView({ block: "nearest" });
      return;
    }
    question.hidden = false;
    offerMore();
    const target = answerOf(question).value ? wordsOf(question) : answerOf(question);
    target.focus();
    target.scrollIntoView({ block: "nearest" });
  }

  function offerMore() {
    more.hidden = !questions.some((question) => question.hidden);
  }
}

/** @param {HTMLElement} question */
function answerOf(question) {
  return /** @type {HTMLSelectElement} */ (question.querySelector("select"));
}

/** @param {HTMLElement} question */
function wordsOf(question) {
  return /** @type {HTMLInputElement} */ (question.querySelector("input"));
}

/** @param {HTMLElement} question */
function isUnused(question) {
  return answerOf(question).value === "" && wordsOf(question).value.trim() === "";
}
