/** The two sheets that lie over whatever is open: sign in again, and unlock. Neither touches what lies beneath. */

import { api } from "../sync/api.js";
import { on, one, onSubmit, showProblems } from "./dom.js";
import { openSheet } from "./frame.js";
import { plain } from "./setup.js";
import { tryUnlock } from "./unlock.js";
import { count } from "./words.js";

/**
 * @typedef {import("./app.js").App} App
 * @typedef {import("../store/vault.js").Vault} Vault
 */

/** @param {App} app */
export function signInSheet(app) {
  const account = /** @type {{id: string, name: string, email?: string}} */ (app.open.account);
  const waiting = app.waiting;
  const safe = waiting
    ? `You have been signed out of the service. Your ${count(waiting, "visit")} ${waiting === 1 ? "is" : "are"} safe on this tablet, and so is what is open now. Sign in to send ${waiting === 1 ? "it" : "them"}.`
    : "You have been signed out of the service. Everything on this tablet is safe, and so is what is open now. Sign in to fetch changes.";
  const { root, close } = openSheet("sheet-sign-in", { safe, who: account.name });
  one(root, '[name="email"]', HTMLInputElement).value = account.email ?? "";
  on(root, "later", close);
  onSubmit(root, async (data) => {
    const problems = [];
    if (!data.email.trim()) problems.push({ field: "email", message: "Enter your email address" });
    if (!data.password) problems.push({ field: "password", message: "Enter your password" });
    showProblems(root, problems);
    if (problems.length) return;
    try {
      const session = await api.signIn(data.email.trim(), data.password);
      if (session.account?.id !== account.id) {
        // Sent under another name, the visits would stand in the wrong person's record.
        await api.signOut();
        showProblems(root, [
          {
            field: "email",
            message: `This tablet is unlocked for ${account.name}. Sign in as ${account.name}`,
          },
        ]);
        return;
      }
      close();
      app.engine?.tryNow();
    } catch (error) {
      showProblems(root, [{ message: plain(error) }]);
    }
  });
}

/**
 * @param {{account: {id: string, name: string}, onUnlock: (vault: Vault) => Promise<void>,
 *   onSomeoneElse: () => void}} options
 */
export function unlockSheet({ account, onUnlock, onSomeoneElse }) {
  const { root, close } = openSheet("sheet-unlock", { who: account.name }, { dismissable: false });
  on(root, "someone-else", onSomeoneElse);
  one(root, '[name="passphrase"]', HTMLInputElement).focus();
  onSubmit(root, async (data) => {
    if (!data.passphrase) {
      showProblems(root, [{ field: "passphrase", message: "Enter the passphrase of this tablet" }]);
      return;
    }
    await tryUnlock(root, account.id, data.passphrase, async (vault) => {
      await onUnlock(vault);
      close();
    });
  });
}
