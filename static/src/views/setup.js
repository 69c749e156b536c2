/** Set up this tablet: sign in, choose a passphrase, download the caseload, ask the browser to keep it. */

import { askToPersist } from "../lib/storage.js";
import { AlreadySetUp } from "../store/errors.js";
import { createVault, LEAST_PASSPHRASE } from "../store/vault.js";
import { api } from "../sync/api.js";
import { pullChanges } from "../sync/pull.js";
import { el, fill, icon, on, one, onSubmit, show, showProblems, slot, template } from "./dom.js";
import { focusHeading } from "./router.js";
import { count } from "./words.js";

/** Who may carry a caseload. A supervisor may, and then another supervisor reviews the visits. */
const VISITING = new Set(["health_visitor", "supervisor"]);

/** @typedef {import("./app.js").App} App */

/**
 * Walks through the steps in `main`; calls `done` when the visitor goes on to today.
 * @param {App} app
 * @param {HTMLElement} main
 * @param {{back: (() => void) | null, done: () => void, workerReady: () => Promise<boolean>}} options
 */
export function setUp(app, main, { back, done, workerReady }) {
  let password = "";

  function signIn() {
    main.replaceChildren(template("setup-sign-in"));
    const button = one(main, '[data-action="unlock"]', HTMLElement);
    button.hidden = !back;
    on(main, "unlock", () => back?.());
    onSubmit(main, async (data) => {
      const problems = [];
      if (!data.email.trim()) problems.push({ field: "email", message: "Enter your email address" });
      if (!data.password) problems.push({ field: "password", message: "Enter your password" });
      showProblems(main, problems);
      if (problems.length) return;
      try {
        const session = await api.signIn(data.email.trim(), data.password);
        password = data.password;
        if (!VISITING.has(session.account?.role ?? "")) {
          showProblems(main, [
            {
              message:
                "The tablet app is for people who visit families. Sign in on the office pages with this account instead.",
            },
          ]);
          return;
        }
        choosePassphrase(session.account, data.email.trim());
      } catch (error) {
        showProblems(main, [{ message: plain(error) }]);
      }
    });
    focusHeading(main);
  }

  /**
   * @param {any} account
   * @param {string} email
   */
  function choosePassphrase(account, email) {
    main.replaceChildren(fill(template("setup-passphrase"), { who: account.name }));
    const name = one(main, '[name="device"]', HTMLInputElement);
    name.value = `${account.name.split(" ")[0]}’s tablet`;
    one(main, '[name="username"]', HTMLInputElement).value = email;
    onSubmit(main, async (data) => {
      const problems = passphraseProblems(data, { account, email, password });
      showProblems(main, problems);
      if (problems.length) return;
      try {
        const vault = await createVault({
          // Sealed with the rest: signing in again then asks for the password alone.
          account: { ...account, email },
          passphrase: data.passphrase,
          deviceName: data.device.trim(),
        });
        password = "";
        await download(vault, data.device.trim());
      } catch (error) {
        if (error instanceof AlreadySetUp && back) back();
        else showProblems(main, [{ message: plain(error) }]);
      }
    });
    focusHeading(main);
  }

  /**
   * @param {import("../store/vault.js").Vault} vault
   * @param {string} name
   */
  async function download(vault, name) {
    main.replaceChildren(template("setup-download"));
    focusHeading(main);
    const persisted = await askToPersist();
    const fetchAll = async () => {
      showProblems(main, []);
      show(main, "retry", false);
      show(main, "progress", true);
      try {
        await api.registerDevice(vault.deviceId, { name, storage_persisted: persisted });
        await pullChanges(vault, api, { onProgress: (/** @type {any} */ state) => progress(main, state) });
      } catch (error) {
        showProblems(main, [{ message: `${plain(error)} What has arrived is kept, and the rest follows.` }]);
        show(main, "progress", false);
        show(main, "retry", true);
        return;
      }
      await app.unlock(vault, { deviceName: name, start: false });
      await ready(persisted);
    };
    on(main, "retry", fetchAll);
    await fetchAll();
  }

  /** @param {boolean | null} persisted */
  async function ready(persisted) {
    const offline = await workerReady();
    const { children, pregnancies } = app.caseload;
    const expected = pregnancies.size
      ? count(pregnancies.size, "pregnancy", "pregnancies")
      : "no pregnancies";
    const downloaded = `${count(children.size, "child", "children")} and ${expected} on this tablet.`;
    main.replaceChildren(
      fill(template("setup-ready"), {
        checks: [
          check(true, downloaded),
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
    on(main, "today", () => {
      app.engine.start();
      done();
    });
    focusHeading(main);
  }

  signIn();
}

/** @param {boolean | null} persisted */
export function persistedWords(persisted) {
  if (persisted) return "The browser has promised to keep your records, even when space runs short.";
  return "The browser has not promised to keep your records when space runs short. Add the app to the home screen and open it from there; then ask again under This tablet.";
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
 * @param {{done: number, total: number}} state
 */
function progress(main, { done, total }) {
  slot(main, "progress").textContent = total
    ? `Downloading ${done} of ${count(total, "record")}`
    : "Starting the download";
  const bar = /** @type {HTMLProgressElement} */ (slot(main, "bar"));
  bar.max = Math.max(total, 1);
  bar.value = done;
}

/**
 * @param {Record<string, string>} data
 * @param {{account: any, email: string, password: string}} known
 */
export function passphraseProblems({ passphrase, repeat, device }, { account, email, password }) {
  const problems = [];
  const letters = passphrase.normalize("NFKC").toLowerCase();
  const names = [...account.name.split(/\s+/), email.split("@")[0]].filter((part) => part.length > 2);
  if ([...letters].length < LEAST_PASSPHRASE) {
    problems.push({
      field: "passphrase",
      message: `Passphrase must have at least ${LEAST_PASSPHRASE} characters`,
    });
  } else if (new Set(letters).size < 5) {
    problems.push({ field: "passphrase", message: "Passphrase must have at least 5 different characters" });
  } else if (names.some((name) => letters.includes(name.toLowerCase()))) {
    problems.push({ field: "passphrase", message: "Passphrase must not contain your name or email address" });
  } else if (password && letters.includes(password.toLowerCase())) {
    problems.push({
      field: "passphrase",
      message: "Passphrase must differ from the password you sign in with",
    });
  }
  if (passphrase !== repeat) {
    problems.push({ field: "repeat", message: "The two passphrases are not the same. Type it again" });
  }
  if (!device.trim()) problems.push({ field: "device", message: "Enter a name for this tablet" });
  return problems;
}

/** @param {unknown} error */
export function plain(error) {
  return error instanceof Error && error.message
    ? error.message
    : "Something went wrong. Nothing on this tablet has changed. Try again.";
}
