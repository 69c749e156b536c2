/** How this tablet is unlocked: its PIN, its passphrase, and the fingerprint or face of the tablet itself. */

import { WrongPassphrase } from "../store/errors.js";
import { reopen, reopenable } from "../store/reopening.js";
import {
  addPasskey,
  changePassphrase,
  listVaults,
  passkeysSupported,
  removePasskey,
  setPin,
} from "../store/vault.js";
import { on, one, onSubmit, show, showProblems, template } from "./dom.js";
import { announce } from "./frame.js";
import { passphraseProblems, pinProblems } from "./secrets.js";
import { count, plain } from "./words.js";

/** @typedef {import("./app.js").App} App */

const NO_PASSPHRASE = { field: "passphrase", message: "Enter the passphrase of this tablet" };

/** @param {App} app */
export function pin(app) {
  /** @param {HTMLElement} main */
  return (main) => {
    main.append(template("pin"));
    one(main, '[data-action="remove"]', HTMLElement).hidden = !app.open.hasPin;
    on(main, "remove", () => attempt(app, main, () => setPin(app.open, null), "The PIN is gone"));
    onSubmit(main, async (data) => {
      const problems = pinProblems(data);
      if (!data.passphrase) problems.push(NO_PASSPHRASE);
      showProblems(main, problems);
      if (problems.length) return;
      await attempt(app, main, () => setPin(app.open, data.pin, data.passphrase), "The PIN is set");
    });
    return { title: "PIN" };
  };
}

/** @param {App} app */
export function passphrase(app) {
  /** @param {HTMLElement} main */
  return (main) => {
    const account = /** @type {{name: string, email?: string}} */ (app.open.account);
    main.append(template("passphrase"));
    one(main, '[name="username"]', HTMLInputElement).value = account.email ?? account.name;
    onSubmit(main, async (data) => {
      const problems = passphraseProblems(data, { account, email: account.email ?? "" });
      if (!data.old) problems.unshift({ field: "old", message: "Enter the present passphrase" });
      showProblems(main, problems);
      if (problems.length) return;
      await attempt(
        app,
        main,
        () => changePassphrase(app.open, data.old, data.passphrase),
        "The passphrase is changed",
        "old",
      );
    });
    return { title: "Change the passphrase" };
  };
}

/** @param {App} app */
export function passkey(app) {
  /** @param {HTMLElement} main */
  return async (main) => {
    const account = /** @type {{name: string, email?: string}} */ (app.open.account);
    main.append(template("passkey"));
    one(main, '[name="username"]', HTMLInputElement).value = account.email ?? account.name;
    const [has, able] = await Promise.all([hasPasskey(app), passkeysSupported()]);
    show(main, "add", able && !has);
    show(main, "remove", has);
    show(main, "cannot", !able && !has);
    on(main, "remove", () => attempt(app, main, () => removePasskey(app.open), "Fingerprint or face is off"));
    onSubmit(main, async (data) => {
      if (!data.passphrase) {
        showProblems(main, [NO_PASSPHRASE]);
        return;
      }
      await attempt(
        app,
        main,
        () => addPasskey(app.open, data.passphrase),
        "Fingerprint or face unlocks this tablet",
      );
    });
    return { title: "Fingerprint or face" };
  };
}

/**
 * The old passphrase of a forgotten vault, for what only that opens.
 * @param {App} app
 */
export function remembered(app) {
  /** @param {HTMLElement} main */
  return async (main) => {
    const { db, account } = app.open;
    main.append(template("remembered"));
    const due = (await reopenable(db, account.id)).length > 0;
    show(main, "ask", due);
    show(main, "none", !due);
    one(main, '[name="username"]', HTMLInputElement).value = account.name;
    onSubmit(main, async ({ passphrase: typed }) => {
      showProblems(main, typed ? [] : [{ field: "passphrase", message: "Enter the old passphrase" }]);
      if (typed) await attempt(app, main, () => bringBack(app, typed));
    });
    return { title: "Old passphrase" };
  };
}

/**
 * @param {App} app
 * @param {string} typed
 */
async function bringBack(app, typed) {
  const left = await reopen(app.open, typed);
  void app.engine.tryNow();
  if (!left) return "What only the old passphrase opened is back";
  return `${count(left, "visit")} could not be brought back yet and ${left === 1 ? "is" : "are"} kept. Come back here when there is a connection, or tell your supervisor`;
}

/** @param {App} app */
export async function hasPasskey(app) {
  return (await listVaults()).some(({ id, passkey }) => id === app.vault?.id && passkey);
}

/**
 * Does it and goes back to the page of the tablet, or says beside the field what is wrong.
 * @param {App} app
 * @param {HTMLElement} main
 * @param {() => Promise<unknown>} work answers what was done, where `done` does not say it
 * @param {string} [done]
 * @param {string} [field] the one a wrong passphrase stands in
 */
async function attempt(app, main, work, done, field = "passphrase") {
  showProblems(main, []);
  let told = "";
  try {
    const answer = await work();
    told = done ?? String(answer);
  } catch (error) {
    showProblems(main, [
      { field: error instanceof WrongPassphrase ? field : undefined, message: plain(error) },
    ]);
    return;
  }
  announce(told);
  await app.go("tablet", { told: `${told}.` });
}
