/** Sent and waiting: every visit with its state and time, what a problem means and what to do; and "Try now". */

import { el, fill, on, one, piece, slot, template } from "./dom.js";
import { visitRow } from "./rows.js";
import { problemWords } from "./visits.js";
import { count, when } from "./words.js";

/**
 * @typedef {import("./app.js").App} App
 * @typedef {import("./visits.js").VisitState} VisitState
 */

const GROUPS = [
  { title: "Needs you", states: ["returned", "two_versions", "refused", "draft"] },
  { title: "Waiting to be sent", states: ["waiting"] },
  { title: "With your supervisor", states: ["received", "quarantined"] },
  { title: "Approved", states: ["approved", "red_book_failed", "not_shared"] },
  { title: "In the red book", states: ["in_red_book"] },
];

/**
 * @param {App} app
 * @param {{signIn: () => void}} actions
 */
export function outbox(app, { signIn }) {
  /** @param {HTMLElement} main */
  return (main) => {
    main.append(template("outbox"));
    on(main, "try", () => app.engine?.tryNow());
    on(main, "sign-in", signIn);
    const draw = () => drawOutbox(app, main);
    draw();
    const drawNow = () => drawState(app, main);
    // The wait for the next try counts down.
    const timer = setInterval(drawNow, 1000);
    return { title: "Sent and waiting", refresh: draw, sync: drawNow, leave: () => clearInterval(timer) };
  };
}

/**
 * @param {App} app
 * @param {HTMLElement} main
 */
function drawOutbox(app, main) {
  drawState(app, main);
  const groups = GROUPS.map(({ title, states }) => {
    const rows = app.ownVisits
      .filter(({ state }) => states.includes(state))
      .map((state) =>
        visitRow(state, {
          ...app.naming(state),
          why: problemWords(state) ?? (state.state === "returned" ? state.visit?.returned?.comment : null),
          open: () => openVisit(app, state),
        }),
      );
    return rows.length ? fill(piece("group"), { title, rows, more: null }) : null;
  }).filter((group) => group !== null);
  const unreadable = app.items.filter((item) => !item.rev).length;
  if (unreadable) {
    groups.unshift(
      el(
        "div",
        { class: "app-alert app-alert--red" },
        el("p", {}, `${count(unreadable, "visit")} on this tablet cannot be read.`),
        el("p", {}, "They are kept. Tell your supervisor and do not clear this tablet."),
      ),
    );
  }
  fill(main, { groups });
  one(main, '[data-optional="none"]', HTMLElement).hidden = groups.length > 0;
}

/**
 * @param {App} app
 * @param {VisitState} state
 */
function openVisit(app, state) {
  if (state.state === "draft") app.go("visit", { draft: state.draft?.id });
  else if (state.state === "returned") app.go("returned", { visit: state.visitId });
  else app.go("child", { id: state.childId });
}

/**
 * @param {App} app
 * @param {HTMLElement} main
 */
function drawState(app, main) {
  const { state, detail } = sendingWords(app.sync, app.waiting);
  // Written only when it changes, so that a screen reader is not told the same thing every second.
  for (const [name, words] of Object.entries({ state, detail })) {
    if (slot(main, name).textContent !== words) fill(main, { [name]: words });
  }
  const signedOut = app.sync?.phase === "signed_out";
  one(main, '[data-action="sign-in"]', HTMLElement).hidden = !signedOut;
  one(main, '[data-action="try"]', HTMLElement).hidden = signedOut;
}

/**
 * What is happening, what is safe, what to do.
 * @param {Record<string, any> | null} sync
 * @param {number} waiting
 */
export function sendingWords(sync, waiting) {
  const visits = count(waiting, "visit");
  const kept = waiting ? `Your ${visits} ${waiting === 1 ? "is" : "are"} safe on this tablet` : "";
  const last = sync?.lastContact ? `Last contact ${when(sync.lastContact)}.` : "";
  switch (sync?.phase) {
    case "sending":
      return { state: waiting ? `Sending ${visits}.` : "Sending.", detail: last };
    case "fetching":
      return { state: "Fetching changes.", detail: last };
    case "signed_out":
      return {
        state: waiting
          ? `${kept}. Sign in to send ${waiting === 1 ? "it" : "them"}.`
          : "Sign in to fetch changes.",
        detail: last,
      };
    case "offline":
    case "waiting": {
      const problem = sync.problem?.message ?? "The tablet could not reach the service.";
      const safe = kept ? ` ${kept} and will be sent when there is a connection.` : "";
      return {
        state: `${problem}${problem.includes("safe") ? "" : safe}`,
        detail: `${last} ${nextTry(sync.nextTryAt)}`.trim(),
      };
    }
    default:
      return { state: waiting ? `${visits} waiting to be sent.` : "Everything is sent.", detail: last };
  }
}

/** @param {number | string | null | undefined} at */
function nextTry(at) {
  if (!at) return "";
  const seconds = Math.max(0, Math.round((new Date(at).getTime() - Date.now()) / 1000));
  if (!seconds) return "";
  return seconds < 90
    ? `Next try in ${count(seconds, "second")}.`
    : `Next try in ${count(Math.round(seconds / 60), "minute")}.`;
}
