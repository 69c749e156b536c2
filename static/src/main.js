/**
 * Starts the app: set up, or unlock. Before unlocking nothing is read but who has a vault here; everything else
 * is fetched once the first screen can be used, and begins to send what waits, locked or not.
 */

import { whenIdle } from "./lib/idle.js";
import { registerWorker } from "./lib/worker.js";
import { listVaults } from "./store/vault.js";
import { fill, on, one, piece } from "./views/dom.js";
import { frameFor, offerUpdate, setTitle } from "./views/frame.js";
import { unlockScreen } from "./views/unlock.js";

/** @typedef {Awaited<ReturnType<typeof listVaults>>} Vaults */
/** @typedef {import("./rooms.js").Rooms} Rooms */

const WORKER_WAIT_MS = 15_000;
const UPDATE_LOOK_MS = 30 * 60_000;

// Asked for while the page is still being read: opening the database takes as long as reading the page.
const vaultsAtStart = listVaults();
vaultsAtStart.catch(() => {});
await pageRead();

const main = one(document, "#maincontent", HTMLElement);
/** @type {import("./lib/worker.js").Registered | null} */
let worker = null;
let atUnlock = false;
let lookedForUpdate = 0;
/** @type {Promise<Rooms> | null} */
let loading = null;
/** @type {Rooms | null} */
let rooms = null;

/** What lies behind the door: the engine, the screens, the caseload in memory. */
function behindTheDoor() {
  loading ??= import("./rooms.js").then(async ({ createRooms, readPieces }) => {
    await readPieces();
    rooms = createRooms({
      main,
      onShow: showUpdate,
      onFail: showFailure,
      onOut: () => void begin(listVaults(), { revoked: true }).catch(showFailure),
      lookForUpdate,
      update: () => worker?.activate(),
      updateReady: () => worker?.ready() ?? false,
      offlineReady: () => Boolean(navigator.serviceWorker?.controller),
    });
    rooms.begin();
    return rooms;
  });
  // A failed read is tried again next time.
  loading.catch(() => {
    loading = null;
  });
  return loading;
}

/** A new version may start only where it disturbs nothing: on the unlock screen, and where no form is open. */
function showUpdate() {
  const free = rooms?.inside ? !rooms.formIsOpen() : atUnlock;
  offerUpdate(free && Boolean(worker?.ready()));
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

/**
 * The first screens: nothing is open yet. A vault whose passphrase was forgotten, or whose tablet was taken out
 * of use, opens no more; what is left in it is sent all the same.
 * @param {ReturnType<typeof listVaults>} listed
 * @param {{revoked?: boolean}} [how] revoked: just now
 */
async function begin(listed, { revoked = false } = {}) {
  frameFor({ open: false });
  const all = await listed;
  const vaults = all.filter(({ retired }) => !retired);
  const out = revoked || all.some(({ retired }) => retired === "revoked");
  if (vaults.length) showUnlock(vaults, { revoked: out });
  else await showSetUp({ revoked: out });
}

/**
 * @param {Vaults} vaults
 * @param {{revoked?: boolean}} [how]
 */
function showUnlock(vaults, { revoked = false } = {}) {
  setTitle("Unlock");
  atUnlock = true;
  showUpdate();
  const back = () => showUnlock(vaults);
  unlockScreen(main, vaults, {
    revoked,
    onUnlock: async (vault) => {
      await (await behindTheDoor()).enter(vault);
      atUnlock = false;
    },
    onSetUp: () => showSetUp({ back }),
    onAgain: (vault) => showSetUp({ back, again: vault }),
  });
  rooms?.app.showStatus();
  // Measured by bench/tablet.py: from here on the passphrase can be typed.
  requestAnimationFrame(() => setTimeout(() => performance.mark("usable")));
}

/** @param {{back?: (() => void) | null, again?: Vaults[number] | null, revoked?: boolean}} options */
async function showSetUp({ back = null, again = null, revoked = false }) {
  setTitle(again ? "Start again" : "Set up this tablet");
  atUnlock = false;
  showUpdate();
  try {
    const [{ setUp }, { app, start }] = await Promise.all([import("./views/setup.js"), behindTheDoor()]);
    setUp(app, main, { back, again, revoked, done: start, workerReady });
  } catch (error) {
    showFailure(error);
  }
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
    worker = await registerWorker({ onReady: showUpdate });
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

document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest('a[href^="#"]') : null;
  if (!(link instanceof HTMLAnchorElement) || event.defaultPrevented) return;
  event.preventDefault();
  if (link.hash === "#maincontent") main.focus();
  else if (link.hash.startsWith("#/")) rooms?.go(link.hash.slice(2));
});
on(document, "lock", () => rooms?.lock());
// The answer being written keeps its caret: a tap on Lock does not take it away.
one(document, '[data-action="lock"]', HTMLElement).addEventListener("mousedown", (event) =>
  event.preventDefault(),
);
on(document, "update", () => worker?.activate());
main.addEventListener("click", (event) => {
  const action = event.target instanceof HTMLElement ? event.target.dataset.action : "";
  if (action === "reload") location.reload();
  // Only the failure screen leaves this to us; other screens handle their own.
  else if (action === "today" && !event.defaultPrevented) rooms?.go("today");
});

begin(vaultsAtStart).catch(showFailure);
// After the first screen: both compete with it for the processor.
whenIdle(() => void Promise.all([startWorker(), behindTheDoor()]).catch(showFailure));
