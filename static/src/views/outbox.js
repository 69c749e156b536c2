/**
 * Sent and waiting: how sending goes, and every visit with its state and time, what a problem means and what to
 * do, with a button where one helps.
 */

import { offerAgain } from "../store/outbox.js";
import { sealWithdrawal, TAKEN_BACK } from "../store/withdrawals.js";
import { el, fill, on, one, piece, show, slot, template } from "./dom.js";
import { announce, write } from "./frame.js";
import { visitRow } from "./rows.js";
import { lockedWords, sendingWords } from "./standing.js";
import { stuckWords } from "./stuck.js";
import { copyOf, problemWords, WITHDRAWABLE } from "./visits.js";
import { count, photoWords } from "./words.js";

/**
 * @typedef {import("./app.js").App} App
 * @typedef {import("./visits.js").VisitState} VisitState
 */

const GROUPS = [
  { title: "Needs you", states: ["returned", "refused", "draft"] },
  { title: "Waiting to be sent", states: ["waiting", "withdrawing"] },
  { title: "With your supervisor", states: ["received", "withdrawal", "quarantined", "two_versions"] },
  { title: "Approved", states: ["approved", "red_book_failed", "not_shared"] },
  { title: "In the red book", states: ["in_red_book"] },
  { title: "Not counted", states: ["set_aside", "withdrawn"] },
];

/**
 * @param {App} app
 * @param {{signIn: () => void}} actions
 */
export function outbox(app, { signIn }) {
  /** @param {HTMLElement} main */
  return (main) => {
    main.append(template("outbox"));
    on(main, "try", () => app.engine.tryNow());
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
          why:
            problemWords(state) ??
            (state.state === "returned" ? state.visit?.returned?.comment : photoWords(state.item?.photos)),
          open: () => openVisit(app, state),
          act: actOf(app, state),
          also: copyAct(app, state),
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
 * The button beside a visit, where pressing one helps.
 * @param {App} app
 * @param {VisitState} state
 * @returns {{words: string, press: () => unknown} | null}
 */
function actOf(app, { state, item, visitId, draft, visit }) {
  if (state === "refused" && item) {
    return {
      words: "Offer it again",
      press: async () => {
        await offerAgain(app.open, item.id);
        announce("Offered again");
        app.engine.tryNow();
      },
    };
  }
  if (state === "returned") {
    return { words: "Answer the question", press: () => app.go("returned", { visit: visitId }) };
  }
  if (state === "withdrawing" && item) {
    return {
      words: "Undo",
      press: async () => {
        await sealWithdrawal(app.open, item.rev, { reason: TAKEN_BACK, words: "" });
        announce("The visit stands again");
      },
    };
  }
  // Who looks after the child sees a colleague's visits too; only its author can say that one was a mistake.
  if (WITHDRAWABLE.has(state) && (item || visit?.author?.id === app.open.account.id)) {
    return { words: "Withdraw", press: () => app.go("withdraw", { visit: visitId }) };
  }
  if (state === "draft" && draft) {
    return { words: "Go on", press: () => app.go("visit", { draft: draft.id }) };
  }
  return null;
}

/**
 * @param {App} app
 * @param {VisitState} state
 */
function copyAct(app, state) {
  const item = copyOf(state);
  return item
    ? { words: "Parent’s copy", press: () => app.go("copy", { child: state.childId, item }) }
    : null;
}

/**
 * @param {App} app
 * @param {HTMLElement} main
 */
function drawState(app, main) {
  const { state, detail } = sendingWords(app.sync, app.waiting);
  const others = app.others ? `${lockedWords(null, app.others)}, recorded by others on this tablet.` : "";
  const stuck = stuckWords(app.stuck).join(" ");
  for (const [name, words] of Object.entries({ state, detail, others, stuck })) {
    write(slot(main, name), words);
    show(main, name, Boolean(words));
  }
  const { progress } = app.sync ?? {};
  const bar = /** @type {HTMLProgressElement} */ (slot(main, "bar"));
  bar.hidden = !progress || progress.total < 2;
  bar.max = Math.max(progress?.total ?? 1, 1);
  bar.value = progress?.done ?? 0;
  const signedOut = app.sync?.phase === "signed_out";
  one(main, '[data-action="sign-in"]', HTMLElement).hidden = !signedOut;
  one(main, '[data-action="try"]', HTMLElement).hidden = signedOut;
}
