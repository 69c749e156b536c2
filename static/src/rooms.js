/**
 * Everything behind the unlock screen: the screens, the lock over them, and when to ask for a sign-in. Loaded
 * after the first screen; begins at once to send what waits in any vault of this tablet.
 */

import { whenIdle } from "./lib/idle.js";
import { toFragment } from "./lib/trusted.js";
import { refreshRescues } from "./store/rescue.js";
import { api } from "./sync/api.js";
import { App } from "./views/app.js";
import { caseload } from "./views/caseload.js";
import { child } from "./views/child.js";
import { device } from "./views/device.js";
import { frameFor, markPlace, setBanner, setTitle, sheetIsOpen } from "./views/frame.js";
import { outbox } from "./views/outbox.js";
import { banner } from "./views/people.js";
import { returned } from "./views/returned.js";
import { Router } from "./views/router.js";
import { lockSheet, signInSheet } from "./views/sheets.js";
import { today } from "./views/today.js";

/** @typedef {import("./store/vault.js").Vault} Vault */
/** @typedef {ReturnType<typeof createRooms>} Rooms */

/** Put down for this long, the tablet locks itself. */
const IDLE_MS = 10 * 60_000;
/** A sheet does not open under fingers that are typing. */
const BUSY_MS = 20_000;
/** Longer than a disk takes; a full or dying one must not hold up the lock. */
const FLUSH_MS = 3_000;

/** Adds to the page what the screens are made of: the page leaves it out, to be read faster. */
export async function readPieces() {
  document.body.append(toFragment(await api.loadPieces()));
}

/**
 * @param {object} door
 * @param {HTMLElement} door.main
 * @param {() => void} door.onShow another screen, or another state of it
 * @param {(error: unknown) => void} door.onFail
 * @param {() => void} door.onOut this tablet was taken out of use for whoever had unlocked it
 * @param {() => void} door.lookForUpdate
 * @param {() => void} door.update
 * @param {() => boolean} door.updateReady
 * @param {() => boolean} door.offlineReady
 */
export function createRooms(door) {
  let lastTouch = Date.now();
  let askedToSignIn = false;
  let closed = false;
  let leaving = false;

  const app = new App({
    go: (name, place, options) => router.go(name, place, options),
    onChange: () => {
      router.screen?.refresh?.();
      showFrame();
    },
    formIsOpen: () => Boolean(router.screen?.form),
    beforeLock: (vault) => saved(router.screen, vault),
    onSync: (state) => {
      router.screen?.sync?.();
      askToSignIn();
      if (state.revoked) void leaveForGood();
      const offered = state.serverVersion;
      if (offered && offered !== document.body.dataset.appVersion) door.lookForUpdate();
    },
  });

  const router = new Router(
    door.main,
    {
      today: today(app),
      caseload: caseload(app),
      child: child(app),
      returned: returned(app),
      outbox: outbox(app, { signIn: () => signInSheet(app) }),
      tablet: device(app, { ...door, lock }),
      // Neither keys nor forms are needed before somebody asks for them.
      pin: async (stage) => (await import("./views/keys.js")).pin(app)(stage),
      passphrase: async (stage) => (await import("./views/keys.js")).passphrase(app)(stage),
      passkey: async (stage) => (await import("./views/keys.js")).passkey(app)(stage),
      remembered: async (stage) => (await import("./views/keys.js")).remembered(app)(stage),
      growth: async (stage, place) => (await import("./views/growth.js")).growth(app)(stage, place),
      copy: async (stage, place) => (await import("./views/copy.js")).copy(app, router)(stage, place),
      visit: async (stage, place) => (await import("./views/visit.js")).visit(app)(stage, place),
      check: async (stage, place) => (await import("./views/check.js")).check(app)(stage, place),
      withdraw: async (stage, place) => (await import("./views/withdraw.js")).withdraw(app)(stage, place),
      completed: async (stage, place) => (await import("./views/check.js")).completed(app)(stage, place),
    },
    { home: "today", onShow: showFrame, onFail: door.onFail },
  );

  function showFrame() {
    const { screen, name } = router;
    door.onShow();
    if (!screen) return;
    if (!screen.form) app.settle();
    setTitle(screen.title);
    const subject = screen.subject?.() ?? null;
    setBanner(subject ? banner(subject) : null);
    frameFor({ open: app.unlocked, form: screen.form, route: name });
    app.tellTidings();
    // Asking the browser for space and the like is not what anybody waits for.
    whenIdle(() => void app.lookAround());
  }

  /** @param {Vault} vault */
  async function open(vault) {
    await app.unlock(vault);
    askedToSignIn = false;
    lastTouch = Date.now();
    // Kept ready from now on: should another window start a new version, this one still has its own.
    whenIdle(() =>
      Promise.all([
        import("./views/visit.js").then(({ prepareVisits }) => prepareVisits()),
        import("./views/check.js"),
        import("./views/growth.js").then(({ prepareGrowth }) => prepareGrowth()),
        import("./views/copy.js"),
        import("./views/keys.js"),
        import("./views/setup.js"),
        import("./views/withdraw.js"),
      ]).catch((error) =>
        console.warn("Something could not be read ahead. It is read when it is wanted.", error),
      ),
    );
  }

  /**
   * Covers the screen at once, then drops the keys. An open form stays where it is, saved, caret and all;
   * everything else is drawn again on unlocking.
   */
  function lock() {
    const { vault } = app;
    if (!vault || closed) return;
    closed = true;
    const { screen } = router;
    const form = Boolean(screen?.form);
    const returnTo = markPlace();
    const dropped = saved(screen, vault).then(() => {
      const pause = app.lock();
      if (!form) router.stop();
      return pause;
    });
    router.hold();
    lockSheet({
      vault,
      dropped,
      onUnlock: async (opened) => {
        await open(opened);
        closed = false;
        router.release();
        document.body.classList.remove("app-locked");
        if (form) showFrame();
        else await router.start();
      },
      onOpen: () => {
        if (form) returnTo();
      },
      // Another person begins with an empty memory.
      onSomeoneElse: () => {
        history.replaceState({}, "", "#/today");
        location.reload();
      },
    });
    document.body.classList.add("app-locked");
    frameFor({ open: false });
    setTitle("Locked");
    app.showStatus();
  }

  /** Taken out of use: what was open is saved, sealed for the service and sent; families' details are gone. */
  async function leaveForGood() {
    const { vault } = app;
    if (!vault || leaving) return;
    leaving = true;
    await saved(router.screen, vault);
    router.stop();
    setBanner(null);
    frameFor({ open: false });
    // While the keys are still here: what only they can seal goes up with this.
    await app.engine.tryNow();
    app.lock();
    leaving = false;
    door.onOut();
  }

  /** Over whatever is open, once for each time the service signs us out, and never under typing fingers. */
  function askToSignIn() {
    const phase = app.sync?.phase;
    // Not while the next try is under way: its end would ask again what was put off.
    if (phase === "idle") askedToSignIn = false;
    if (phase !== "signed_out" || askedToSignIn) return;
    if (!app.unlocked || closed || !router.started || sheetIsOpen()) return;
    if (router.screen?.form && Date.now() - lastTouch < BUSY_MS) {
      setTimeout(askToSignIn, BUSY_MS);
      return;
    }
    askedToSignIn = true;
    signInSheet(app);
  }

  function watchIdleness() {
    const touched = () => {
      lastTouch = Date.now();
    };
    for (const kind of ["pointerdown", "keydown", "input"])
      addEventListener(kind, touched, { passive: true });
    const look = () => {
      if (app.unlocked && Date.now() - lastTouch > IDLE_MS) lock();
      app.checkDay();
    };
    setInterval(look, 15_000);
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") {
        look();
        door.lookForUpdate();
      } else {
        // What cannot be saved says so on the screen; nobody is looking at this moment.
        router.screen?.flush?.().catch(() => {});
      }
    });
  }

  return {
    app,
    lock,

    /** Starts sending, and watching over the tablet. */
    begin() {
      watchIdleness();
      app.begin();
    },

    /** @param {Vault} vault */
    async enter(vault) {
      await open(vault);
      await router.start();
    },

    start: () => router.start(),

    get inside() {
      return router.started;
    },

    formIsOpen: () => Boolean(router.screen?.form),

    /** @param {string} name */
    go(name) {
      if (router.started) router.go(name);
    },
  };
}

/**
 * What is being typed is on the disk, if the disk takes it, with a copy that the service could open; the form
 * says itself what it could not save.
 * @param {import("./views/router.js").Screen | null} screen
 * @param {Vault} vault
 */
function saved(screen, vault) {
  const flushed = Promise.resolve(screen?.flush?.())
    .then(() => refreshRescues(vault))
    .catch(() => {});
  const late = new Promise((resolve) => setTimeout(resolve, FLUSH_MS));
  return Promise.race([flushed, late]).then(() => {});
}
