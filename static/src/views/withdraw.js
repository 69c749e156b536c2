/** Withdrawing a visit: why, and then once more whether it is the right one. */

import { uuid7 } from "../lib/uuid7.js";
import { sealWithdrawal } from "../store/withdrawals.js";
import { el, fill, on, onSubmit, showProblems, template } from "./dom.js";
import { announce, openSheet } from "./frame.js";
import { sentRevision, WITHDRAWABLE } from "./visits.js";
import { inSentence, plain, when } from "./words.js";

/** @typedef {import("./app.js").App} App */

/** @param {App} app */
export function withdraw(app) {
  /**
   * @param {HTMLElement} main
   * @param {import("./router.js").Place} place
   */
  return (main, place) => {
    const state = app.ownVisits.find(({ visitId }) => visitId === place.visit);
    if (!state || !WITHDRAWABLE.has(state.state)) {
      main.append(
        el("h1", {}, "This visit cannot be withdrawn now"),
        el("p", {}, el("a", { href: "#/outbox" }, "See where every visit is")),
      );
      return { title: "Nothing to withdraw" };
    }
    // Minted once for the page: a second tap is the same withdrawal.
    const id = uuid7();
    const { name, contact } = app.naming(state);
    const of = sentRevision(state);
    const what = `${inSentence(contact)} of ${name}, ${when(of.occurred_at)}`;
    main.append(template("withdraw"));
    fill(main, { title: `Withdraw the ${inSentence(contact)}`, what: `The ${what}.` });
    on(main, "back", () => app.go("outbox"));
    onSubmit(main, ({ reason = "", words }) => {
      const problems = [];
      if (!reason) problems.push({ field: "reason", message: "Choose why the visit is withdrawn" });
      else if (reason === "other" && !words.trim())
        problems.push({ field: "words", message: "Say in words why the visit is withdrawn" });
      showProblems(main, problems);
      if (problems.length) return;
      const { root, close } = openSheet("sheet-withdraw", { what: `Withdraw the ${what}?` });
      on(root, "no", close);
      onSubmit(root, async () => {
        try {
          await sealWithdrawal(app.open, of, { reason, words: words.trim() }, id);
          close();
          announce("Withdrawn. It is sent when there is a connection");
          await app.go("outbox", {}, { replace: true });
        } catch (error) {
          close();
          showProblems(main, [{ message: plain(error) }]);
        }
      });
    });
    return { title: "Withdraw a visit", subject: () => app.roster.get(state.childId) ?? null };
  };
}
