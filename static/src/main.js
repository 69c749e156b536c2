/**
 * Starts the app: set up, unlock, or the place the visitor left. Before unlocking nothing is read but who has a
 * vault here; everything else waits until somebody is there.
 */

import { registerWorker } from "./lib/worker.js";
import { listVaults } from "./store/vault.js";
import { App } from "./views/app.js";
import { caseload } from "./views/caseload.js";
import { child } from "./views/child.js";
import { device } from "./views/device.js";
import { fill, on, one, piece } from "./views/dom.js";
import { frameFor, offerUpdate, setBanner, setTitle, sheetIsOpen } from "./views/frame.js";
import { outbox } from "./views/outbox.js";
import { returned } from "./views/returned.js";
import { Router } from "./views/router.js";
import { setUp } from "./views/setup.js";
import { signInSheet, unlockSheet } from "./views/sheets.js";
import { today } from "./views/today.js";
import { unlockScreen } from "./views/unlock.js";

/** @typedef {import("./store/vault.js").Vault} Vault */
/** @typedef {import("./views/router.js").Screen} Screen */

/** Put down for this long, the tablet locks itself. */
const IDLE_MS = 10 * 60_000;
/** A sheet does not open under fingers that are typing. */
const BUSY_MS = 20_000;
const WORKER_WAIT_MS = 15_000;
const UPDATE_LOOK_MS = 30 * 60_000;

// Asked for while the page is still being read: opening the database takes as long as reading the page.
const vaultsAtStart = listVaults();
vaultsAtStart.catch(() => {});
await pageRead();

const main = one(document, "#maincontent", HTMLElement);
let lastTouch = Date.now();
/** @type {import("./lib/worker.js").Registered | null} */
let worker = null;
let askedToSignIn = false;
let atUnlock = false;
let lookedForUpdate = 0;

const app = new App({
  go: (name, place, options) => router.go(name, place, options),
  onChange: () => {
    router.screen?.refresh?.();
    showFrame();
  },
  formIsOpen: () => Boolean(router.screen?.form),
  onSync: () => {
    router.screen?.sync?.();
    askToSignIn();
    const offered = app.sync?.serverVersion;
    if (offered && offered !== document.body.dataset.appVersion) lookForUpdate();
  },
});

const router = new Router(
  main,
  {
    today: today(app),
    caseload: caseload(app),
    child: child(app),
    returned: returned(app),
    outbox: outbox(app, { signIn: () => signInSheet(app) }),
    tablet: device(app, {
      lock,
      update: () => worker?.activate(),
      updateReady: () => worker?.ready() ?? false,
      offlineReady: () => Boolean(navigator.serviceWorker?.controller),
    }),
    // The form engine is not needed before the first visit is opened.
    visit: async (stage, place) => (await import("./views/visit.js")).visit(app)(stage, place),
    check: async (stage, place) => (await import("./views/check.js")).check(app)(stage, place),
    completed: async (stage, place) => (await import("./views/check.js")).completed(app)(stage, place),
  },
  { home: "today", onShow: showFrame, onFail: showFailure },
);

function showFrame() {
  const { screen, name } = router;
  // On the unlock screen nothing is open that a new version could disturb.
  if (!screen) {
    offerUpdate(atUnlock && Boolean(worker?.ready()));
    return;
  }
  if (!screen.form) app.settle();
  setTitle(screen.title);
  setBanner(screen.subject?.() ?? null);
  frameFor({ open: app.unlocked, form: screen.form, route: name });
  offerUpdate(Boolean(worker?.ready()) && !screen.form);
}

/** @param {unknown} error */
function showFailure(error) {
  console.error(error);
  const words = error instanceof Error ? error.message : String(error);
  main.replaceChildren(piece("problem"));
  fill(main, { text: words });
}

/** Resolved when every part of the page is there. */
async function pageRead() {
  if (document.readyState !== "loading") return;
  await new Promise((read) => document.addEventListener("DOMContentLoaded", read, { once: true }));
}

/** The first screens: nothing is open yet. */
async function begin() {
  frameFor({ open: false });
  setBanner(null);
  const vaults = await vaultsAtStart;
  if (vaults.length) showUnlock(vaults);
  else showSetUp(null);
}

/** @param {Awaited<ReturnType<typeof listVaults>>} vaults */
function showUnlock(vaults) {
  setTitle("Unlock");
  atUnlock = true;
  showFrame();
  unlockScreen(main, vaults, {
    onUnlock: async (vault) => {
      await open(vault);
      atUnlock = false;
      await router.start();
    },
    onSetUp: () => showSetUp(() => showUnlock(vaults)),
  });
  // Measured by bench/tablet.py: from here on the passphrase can be typed.
  requestAnimationFrame(() => setTimeout(() => performance.mark("usable")));
}

/** @param {(() => void) | null} back */
function showSetUp(back) {
  setTitle("Set up this tablet");
  atUnlock = false;
  showFrame();
  setUp(app, main, { back, done: () => router.start(), workerReady });
}

/** @param {Vault} vault */
async function open(vault) {
  const vaults = await listVaults();
  const deviceName = vaults.find(({ id }) => id === vault.id)?.deviceName ?? "Tablet";
  await app.unlock(vault, { deviceName });
  askedToSignIn = false;
  lastTouch = Date.now();
  // Kept ready from now on: should another window start a new version, this one still has its own.
  setTimeout(() => void Promise.all([import("./views/visit.js"), import("./views/check.js")]));
}

/**
 * Drops the keys. An open form stays where it is, saved and covered; everything else is drawn again on unlocking.
 */
async function lock() {
  const { vault } = app;
  if (!vault) return;
  const { account } = vault;
  try {
    await router.screen?.flush?.();
  } catch {
    // The form says itself what it could not save; locking must not wait for a full disk.
  }
  const form = Boolean(router.screen?.form);
  app.lock();
  document.body.classList.add("app-locked");
  frameFor({ open: false });
  if (!form) router.stop();
  setTitle("Locked");
  unlockSheet({
    account,
    onUnlock: async (opened) => {
      await open(opened);
      document.body.classList.remove("app-locked");
      if (form) showFrame();
      else await router.start();
    },
    // Another person begins with an empty memory.
    onSomeoneElse: () => {
      history.replaceState({}, "", "#/today");
      location.reload();
    },
  });
}

/** Over whatever is open, once for each time the service signs us out, and never under typing fingers. */
function askToSignIn() {
  if (app.sync?.phase !== "signed_out") {
    askedToSignIn = false;
    return;
  }
  if (askedToSignIn || sheetIsOpen()) return;
  if (router.screen?.form && Date.now() - lastTouch < BUSY_MS) {
    setTimeout(askToSignIn, BUSY_MS);
    return;
  }
  askedToSignIn = true;
  signInSheet(app);
}

/** Whether the app can open with no network; waits a little for the worker to have stored it. */
async function workerReady() {
  if (!navigator.serviceWorker) return false;
  const late = new Promise((resolve) => setTimeout(() => resolve(false), WORKER_WAIT_MS));
  return Boolean(await Promise.race([navigator.serviceWorker.ready, late]));
}

async function startWorker() {
  if (!navigator.serviceWorker) return;
  try {
    worker = await registerWorker({ onReady: showFrame });
  } catch (error) {
    // Without it the app still works for as long as there is a connection; This tablet says so.
    console.warn("The app could not be stored for use with no signal.", error);
  }
}

/** The browser looks for a new version when a page is loaded, which this one seldom is. */
function lookForUpdate() {
  if (Date.now() - lookedForUpdate < UPDATE_LOOK_MS) return;
  lookedForUpdate = Date.now();
  worker?.look();
}

function watchIdleness() {
  const touched = () => {
    lastTouch = Date.now();
  };
  for (const kind of ["pointerdown", "keydown", "input"]) addEventListener(kind, touched, { passive: true });
  const look = () => {
    if (app.unlocked && Date.now() - lastTouch > IDLE_MS) lock();
    app.checkDay();
  };
  setInterval(look, 15_000);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") {
      look();
      lookForUpdate();
    } else {
      // What cannot be saved says so on the screen; nobody is looking at this moment.
      router.screen?.flush?.().catch(() => {});
    }
  });
}

document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest('a[href^="#"]') : null;
  if (!(link instanceof HTMLAnchorElement) || event.defaultPrevented) return;
  event.preventDefault();
  if (link.hash === "#maincontent") main.focus();
  else if (router.started && link.hash.startsWith("#/")) router.go(link.hash.slice(2));
});
on(document, "lock", lock);
on(document, "update", () => worker?.activate());
main.addEventListener("click", (event) => {
  const action = event.target instanceof HTMLElement ? event.target.dataset.action : "";
  if (action === "reload") location.reload();
  // Only the failure screen leaves this to us; other screens handle their own.
  else if (action === "today" && !event.defaultPrevented && router.started) router.go("today");
});

watchIdleness();
begin().catch(showFailure);
// After the first screen: registering competes with it for the processor.
requestIdleCallback ? requestIdleCallback(startWorker, { timeout: 3000 }) : setTimeout(startWorker, 500);
