/**
 * Set up this tablet: sign in, choose a passphrase, download the caseload, ask the browser to keep it. The same
 * steps start again after a forgotten passphrase; then what waits is sent, and unfinished visits are taken back,
 * before the download.
 */

import { askToPersist } from "../lib/storage.js";
import { openDatabase } from "../store/db.js";
import { AlreadySetUp } from "../store/errors.js";
import { onlyHere } from "../store/rescue.js";
import { createVault, startAgain } from "../store/vault.js";
import { api, Offline } from "../sync/api.js";
import { el, fill, icon, on, one, onSubmit, show, showProblems, slot, template } from "./dom.js";
import { focusHeading } from "./router.js";
import { passphraseProblems } from "./secrets.js";
import { stuckWords } from "./stuck.js";
import { count, OUT_OF_USE, persistedWords, plain } from "./words.js";

/** Who may carry a caseload. A supervisor may, and then another supervisor reviews the visits. */
const VISITING = new Set(["health_visitor", "supervisor"]);

/**
 * @typedef {import("./app.js").App} App
 * @typedef {import("../store/vault.js").Vault} Vault
 * @typedef {{id: string, accountId: string, name: string, deviceName: string}} Forgotten
 */

/**
 * Walks through the steps in `main`; calls `done` when the visitor goes on to today.
 * @param {App} app
 * @param {HTMLElement} main
 * @param {{back: (() => void) | null, done: () => void, workerReady: () => Promise<boolean>,
 *   again?: Forgotten | null, revoked?: boolean}} options again: whose passphrase is forgotten; revoked: this
 *   tablet was taken out of use
 */
export function setUp(app, main, { back, done, workerReady, again = null, revoked = false }) {
  let password = "";

  function signIn() {
    main.replaceChildren(template(again ? "again" : "setup-sign-in"));
    if (again) {
      fill(main, { who: again.name });
      void onlyHere(openDatabase(), again.id).then((left) => fill(main, { stays: staysWords(left) }));
    }
    if (!again) fill(main, { revoked: revoked && OUT_OF_USE });
    one(main, '[data-action="unlock"]', HTMLElement).hidden = !back;
    on(main, "unlock", () => back?.());
    onSubmit(main, async (data) => {
      const problems = [];
      if (!data.email.trim()) problems.push({ field: "email", message: "Enter your email address" });
      if (!data.password) problems.push({ field: "password", message: "Enter your password" });
      showProblems(main, problems);
      if (problems.length) return;
      try {
        const { account } = await api.signIn(data.email.trim(), data.password);
        password = data.password;
        const wrong = await unfit(account);
        if (wrong) showProblems(main, [{ message: wrong }]);
        else choosePassphrase(account, data.email.trim());
      } catch (error) {
        showProblems(main, [{ message: again && error instanceof Offline ? LATER : plain(error) }]);
      }
    });
    app.showStatus();
    focusHeading(main);
  }

  /**
   * Why this account cannot go on here, if it cannot.
   * @param {any} account
   */
  async function unfit(account) {
    if (again && account?.id !== again.accountId) {
      await api.signOut();
      return `You signed in as someone else. Sign in as ${again.name} to start again. Nothing on this tablet has changed.`;
    }
    if (VISITING.has(account?.role ?? "")) return null;
    return "The tablet app is for people who visit families. Sign in on the office pages with this account instead.";
  }

  /**
   * @param {any} account
   * @param {string} email
   */
  function choosePassphrase(account, email) {
    main.replaceChildren(fill(template("setup-passphrase"), { who: account.name }));
    const name = one(main, '[name="device"]', HTMLInputElement);
    name.value = again?.deviceName ?? `${account.name.split(" ")[0]}’s tablet`;
    one(main, '[name="username"]', HTMLInputElement).value = email;
    onSubmit(main, async (data) => {
      const problems = passphraseProblems(data, { account, email, password });
      showProblems(main, problems);
      if (problems.length) return;
      const make = again ? startAgain : createVault;
      try {
        const vault = await make({
          // Sealed with the rest: signing in again then asks for the password alone.
          account: { ...account, email },
          passphrase: data.passphrase,
          deviceName: data.device.trim(),
        });
        password = "";
        await download(vault);
      } catch (error) {
        if (error instanceof AlreadySetUp && back) back();
        else showProblems(main, [{ message: plain(error) }]);
      }
    });
    focusHeading(main);
  }

  /** @param {Vault} vault */
  async function download(vault) {
    main.replaceChildren(template("setup-download"));
    focusHeading(main);
    const persisted = await askToPersist();
    await app.unlock(vault);
    const fetchAll = async () => {
      showProblems(main, []);
      show(main, "retry", false);
      show(main, "progress", true);
      const stop = app.engine.subscribe((/** @type {any} */ state) => progress(main, state));
      await app.engine.tryNow();
      stop();
      const { phase, problem } = app.engine.state();
      if (phase === "idle") return ready(persisted);
      const words = problem?.message ?? new Offline().message;
      showProblems(main, [{ message: `${words} What has arrived is kept, and the rest follows.` }]);
      show(main, "progress", false);
      show(main, "retry", true);
    };
    on(main, "retry", fetchAll);
    await fetchAll();
  }

  /** @param {boolean | null} persisted */
  async function ready(persisted) {
    const offline = await workerReady();
    await app.takeBack();
    await app.read();
    main.replaceChildren(
      fill(template("setup-ready"), {
        checks: [
          ...(again ? [check(!app.others && !app.stuck.length, againWords(app))] : []),
          check(true, downloadedWords(app)),
          check(
            offline,
            offline
              ? "The app opens with no signal."
              : "The app is still storing itself for use with no signal. Keep it open for a minute.",
          ),
          check(persisted === true, persistedWords(persisted)),
        ],
      }),
    );
    on(main, "today", done);
    focusHeading(main);
  }

  signIn();
}

const LATER =
  "The tablet could not reach the service, so you cannot start again just now. Everything recorded stays safe on this tablet, which keeps trying to send what waits. Come back here when there is a connection.";

/**
 * What opens with the old passphrase alone: there is no copy that the service could open.
 * @param {{items: number, drafts: number}} left
 */
export function staysWords({ items, drafts }) {
  const number = items + drafts;
  if (!number) return "";
  return `${count(number, "visit")} on this tablet can be opened with the old passphrase only. If you start again, ${number === 1 ? "it stays" : "they stay"} safe here, and can be opened and sent once you remember it: under This tablet.`;
}

/** @param {App} app */
function downloadedWords({ caseload: { children, pregnancies } }) {
  const expected = pregnancies.size ? count(pregnancies.size, "pregnancy", "pregnancies") : "no pregnancies";
  return `${count(children.size, "child", "children")} and ${expected} on this tablet.`;
}

/** @param {App} app */
function againWords({ others, stuck, drafts }) {
  if (stuck.length) return stuckWords(stuck).join(" ");
  if (others) {
    return `${count(others, "visit")} ${others === 1 ? "is" : "are"} still waiting, safe on this tablet, and will be sent by ${others === 1 ? "itself" : "themselves"}.`;
  }
  if (!drafts.length) return "Everything you recorded before was sent.";
  return `Everything you recorded before was sent, and ${count(drafts.length, "unfinished visit")} ${drafts.length === 1 ? "is" : "are"} back.`;
}

/**
 * @param {boolean} good
 * @param {string} words
 */
function check(good, words) {
  return el("li", {}, icon(good ? "check" : "warn"), el("span", {}, words));
}

/**
 * @param {HTMLElement} main
 * @param {{phase: string, progress: {done: number, total: number} | null}} state
 */
function progress(main, { phase, progress: at }) {
  const words = slot(main, "progress");
  const bar = /** @type {HTMLProgressElement} */ (slot(main, "bar"));
  if (phase === "sending" && at?.total)
    words.textContent = `Sending ${at.done} of ${count(at.total, "visit")}`;
  else if (phase === "fetching" && at?.total)
    words.textContent = `Downloading ${at.done} of ${count(at.total, "record")}`;
  else words.textContent = "Starting the download";
  bar.max = Math.max(at?.total ?? 1, 1);
  bar.value = at?.done ?? 0;
}
