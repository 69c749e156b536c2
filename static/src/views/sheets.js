/** The two sheets that lie over whatever is open: sign in again, and unlock. Neither touches what lies beneath. */

import { PinSpent, WrongPin } from "../store/errors.js";
import { listVaults, unlock } from "../store/vault.js";
import { api } from "../sync/api.js";
import { on, one, onSubmit, showProblems } from "./dom.js";
import { openSheet } from "./frame.js";
import { offerPasskey, tryUnlock } from "./unlock.js";
import { count, plain } from "./words.js";

/**
 * @typedef {import("./app.js").App} App
 * @typedef {import("../store/vault.js").Vault} Vault
 * @typedef {NonNullable<ReturnType<Vault["lock"]>>} Pause
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
      app.engine.tryNow();
    } catch (error) {
      showProblems(root, [{ message: plain(error) }]);
    }
  });
}

/**
 * Covers what was open. With a PIN it asks for that, until five wrong ones or by choice; then the passphrase.
 * @param {object} lock
 * @param {Vault} lock.vault the one being locked
 * @param {Promise<Pause | null>} lock.dropped resolved once its keys are gone, with what the PIN opens
 * @param {(vault: Vault) => Promise<void>} lock.onUnlock
 * @param {() => void} lock.onOpen the sheet is gone again
 * @param {() => void} lock.onSomeoneElse
 */
export function lockSheet({ vault, dropped, onUnlock, onOpen, onSomeoneElse }) {
  const { id, name } = vault.account;
  /** @param {string} template */
  const cover = (template) => {
    const { root, close } = openSheet(template, { who: name }, { dismissable: false });
    on(root, "someone-else", onSomeoneElse);
    /** @param {Vault} opened */
    const unlocked = async (opened) => {
      await onUnlock(opened);
      close();
      onOpen();
    };
    return { root, unlocked };
  };

  /** @param {string} [why] */
  const askPassphrase = (why) => {
    const { root, unlocked } = cover("sheet-unlock");
    let passkey = false;
    offerPasskey(root, { has: () => passkey, who: () => id, onUnlock: unlocked });
    void listVaults().then((vaults) => {
      passkey = vaults.some((listed) => listed.id === vault.id && listed.passkey);
      if (passkey) offerPasskey(root, { has: () => passkey, who: () => undefined, onUnlock: unlocked });
    });
    if (why) showProblems(root, [{ message: why }]);
    else one(root, '[name="passphrase"]', HTMLInputElement).focus();
    onSubmit(root, async (data) => {
      if (!data.passphrase) {
        showProblems(root, [{ field: "passphrase", message: "Enter the passphrase of this tablet" }]);
        return;
      }
      await dropped;
      await tryUnlock(root, () => unlock(id, data.passphrase), unlocked);
    });
  };

  const askPin = () => {
    const { root, unlocked } = cover("sheet-pin");
    const input = one(root, '[name="pin"]', HTMLInputElement);
    on(root, "use-passphrase", () => askPassphrase());
    onSubmit(root, async (data) => {
      const pause = await dropped;
      if (!pause) return askPassphrase();
      if (!data.pin) {
        showProblems(root, [{ field: "pin", message: "Enter your PIN" }]);
        return;
      }
      try {
        await unlocked(await pause.resume(data.pin));
      } catch (error) {
        if (error instanceof PinSpent) return askPassphrase(error.message);
        const field = error instanceof WrongPin ? "pin" : undefined;
        showProblems(root, [{ field, message: plain(error) }]);
        input.value = "";
        input.focus();
      }
    });
    input.focus();
  };

  if (vault.hasPin) askPin();
  else askPassphrase();
}
