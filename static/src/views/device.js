/** This tablet: storage, last contact, version; lock; the new version when no form is open. */

import { askToPersist, isPersisted, storageSpace } from "../lib/storage.js";
import { fill, on, one, piece, slot, template } from "./dom.js";
import { persistedWords } from "./setup.js";
import { count, when } from "./words.js";

/** @typedef {import("./app.js").App} App */

/**
 * @param {App} app
 * @param {{lock: () => void, update: () => void, updateReady: () => boolean,
 *   offlineReady: () => boolean}} actions
 */
export function device(app, { lock, update, updateReady, offlineReady }) {
  /** @param {HTMLElement} main */
  return (main) => {
    main.append(template("device"));
    on(main, "lock-now", lock);
    on(main, "try", () => {
      app.engine?.tryNow();
      fill(main, { told: "Asked. The top of the screen shows when it is done." });
    });
    on(main, "update-now", update);
    on(main, "persist", async () => {
      const persisted = await askToPersist();
      await draw();
      fill(main, { told: persistedWords(persisted) });
    });
    const draw = async () => {
      const [persisted, space] = await Promise.all([isPersisted(), storageSpace()]);
      one(main, '[data-action="persist"]', HTMLElement).hidden = persisted === true;
      one(main, '[data-action="update-now"]', HTMLElement).hidden = !updateReady();
      if (!app.vault) return;
      slot(main, "rows").replaceChildren(
        fact("Name", app.deviceName),
        fact("Used by", app.vault.account.name),
        fact("On this tablet", contents(app)),
        fact("Waiting to be sent", count(app.waiting, "visit")),
        fact(
          "Last contact with the service",
          app.sync?.lastContact ? when(app.sync.lastContact) : "Not since unlocking",
        ),
        fact("Opens with no signal", offlineReady() ? "Yes" : "Not yet; keep the app open for a minute"),
        fact("Keeping records", persistedWords(persisted)),
        fact("Space used", space ? spaceWords(space) : "The browser does not say"),
        fact(
          "Version",
          `${document.body.dataset.appVersion}${updateReady() ? "; a new version is ready" : ""}`,
        ),
      );
    };
    return draw().then(() => ({ title: "This tablet", refresh: draw }));
  };
}

/** @param {App} app */
function contents({ caseload, drafts }) {
  const children = count(caseload.children.size, "child", "children");
  const pregnancies = count(caseload.pregnancies.size, "pregnancy", "pregnancies");
  return `${children}, ${pregnancies}, ${count(drafts.length, "unfinished visit")}`;
}

/** @param {{used: number, allowed: number}} space */
function spaceWords({ used, allowed }) {
  return `${megabytes(used)} of ${megabytes(allowed)} allowed`;
}

/** @param {number} bytes */
function megabytes(bytes) {
  const mega = bytes / 1_000_000;
  return mega >= 1000 ? `${(mega / 1000).toFixed(1)} GB` : `${mega.toFixed(1)} MB`;
}

/**
 * @param {string} key
 * @param {string} value
 */
function fact(key, value) {
  return fill(piece("fact"), { key, value });
}
