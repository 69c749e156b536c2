/** This tablet: how it stands, how it is unlocked, a copy for the worst case; and the new version. */

import { civilDate, formatDate } from "../lib/dates.js";
import { askToPersist } from "../lib/storage.js";
import { openDatabase } from "../store/db.js";
import { exportOutbox } from "../store/outbox.js";
import { reopenable } from "../store/reopening.js";
import { listVaults } from "../store/vault.js";
import { fill, on, one, piece, slot, template } from "./dom.js";
import { write } from "./frame.js";
import { lockedWords, standing } from "./standing.js";
import { stuckWords } from "./stuck.js";
import { count, persistedWords, plain, when } from "./words.js";

/** @typedef {import("./app.js").App} App */

/**
 * @param {App} app
 * @param {{lock: () => void, update: () => void, updateReady: () => boolean,
 *   offlineReady: () => boolean}} actions
 */
export function device(app, { lock, update, updateReady, offlineReady }) {
  /**
   * @param {HTMLElement} main
   * @param {import("./router.js").Place} place with what was just done on one of the pages that lead back here
   */
  return async (main, { told }) => {
    main.append(template("device"));
    fill(main, { told });
    on(main, "lock-now", lock);
    on(main, "try", () => {
      app.engine.tryNow();
      fill(main, { told: "Asked. The top of the screen shows when it is done." });
    });
    on(main, "update-now", update);
    on(main, "persist", async () => {
      const persisted = await askToPersist();
      await draw();
      fill(main, { told: persistedWords(persisted) });
    });
    on(main, "export", async () => fill(main, { copied: await saveCopy(app) }));
    const draw = async () => {
      await app.lookAround();
      const { vault } = app;
      if (!vault) return;
      const passkey = (await listVaults()).some(({ id, passkey }) => id === vault.id && passkey);
      const forgotten = await reopenable(vault.db, vault.account.id);
      one(main, '[data-action="persist"]', HTMLElement).hidden = app.around.persisted === true;
      one(main, '[data-action="update-now"]', HTMLElement).hidden = !updateReady();
      slot(main, "rows").replaceChildren(...facts(app, { offline: offlineReady(), update: updateReady() }));
      slot(main, "keys").replaceChildren(
        keyFact("Passphrase", "Set", "passphrase", "Change"),
        keyFact(
          "PIN after locking",
          vault.hasPin ? "Set" : "Not set",
          "pin",
          vault.hasPin ? "Change" : "Set",
        ),
        keyFact("Fingerprint or face", passkey ? "On" : "Off", "passkey", passkey ? "Turn off" : "Turn on"),
        ...(forgotten.length
          ? [
              keyFact(
                "Old passphrase",
                "Something you recorded opens with it only",
                "remembered",
                "I remember it",
              ),
            ]
          : []),
      );
    };
    await draw();
    const sync = () => {
      const place = main.querySelector('[data-fact="sending"]');
      if (place) write(place, sendingFact(app));
    };
    return { title: "This tablet", refresh: draw, sync };
  };
}

/**
 * @param {App} app
 * @param {{offline: boolean, update: boolean}} state
 */
function facts(app, { offline, update }) {
  const vault = app.open;
  const { persisted, space, leaseUntil, putBack } = app.around;
  const sending = fact("Sending", sendingFact(app));
  slot(sending, "value").dataset.fact = "sending";
  const rows = [
    fact("Name", vault.deviceName),
    fact("Used by", vault.account.name),
    fact("On this tablet", contents(app)),
    sending,
  ];
  if (app.others) {
    rows.push(fact("Recorded by others here", `${lockedWords(null, app.others)}; it is sent as well`));
  }
  for (const words of stuckWords(app.stuck)) rows.push(fact("Not sent yet", words));
  if (putBack) rows.push(fact("Put back", putBackWords(putBack)));
  rows.push(
    fact("Last contact with the service", app.sync?.lastContact ? when(app.sync.lastContact) : "None yet"),
    fact("Families’ details", leaseWords(leaseUntil, app.caseloadLost)),
    fact("Opens with no signal", offline ? "Yes" : "Not yet; keep the app open for a minute"),
    fact("Keeping records", persistedWords(persisted)),
    fact("Space used", spaceWords(space)),
    fact("Version", `${document.body.dataset.appVersion}${update ? "; a new version is ready" : ""}`),
  );
  return rows;
}

/** @param {App} app */
function sendingFact(app) {
  const { text, more } = standing(app.sync, app.waiting);
  return more ? `${text}, ${more}` : text;
}

/** @param {number} noticed */
export function putBackWords(noticed) {
  const day = formatDate(civilDate(new Date(noticed)));
  return `This tablet was put back to an earlier state, noticed on ${day}. What it had sent is with the service, and new visits are sent as always. Tell your supervisor if a visit is missing`;
}

/**
 * @param {number | null} until
 * @param {boolean} lost
 */
export function leaseWords(until, lost) {
  if (lost) return "Removed, because the tablet was not used with a connection. Connect to fetch them again";
  if (!until) return "Stay on this tablet";
  const day = formatDate(civilDate(new Date(until)));
  return `Stay until ${day}, and longer each time the tablet is used with a connection before that`;
}

/**
 * Sealed for the service; the name of the file says nothing of anyone.
 * @param {App} app
 */
async function saveCopy(app) {
  try {
    const copy = await exportOutbox(openDatabase(), app.open.id);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(copy);
    link.download = `home-visits-unsent-${civilDate(new Date())}.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    return `Saved as ${link.download} among the tablet’s downloads. The visits stay here too and are still sent by themselves.`;
  } catch (error) {
    return plain(error);
  }
}

/** @param {App} app */
function contents({ caseload, drafts }) {
  const children = count(caseload.children.size, "child", "children");
  const pregnancies = count(caseload.pregnancies.size, "pregnancy", "pregnancies");
  return `${children}, ${pregnancies}, ${count(drafts.length, "unfinished visit")}`;
}

/** @param {import("./tidings.js").Circumstances["space"]} space */
function spaceWords(space) {
  if (space?.used == null) return "The browser does not say";
  return space.nearFull ? `${megabytes(space.used)}; the tablet is nearly full` : megabytes(space.used);
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

/**
 * @param {string} key
 * @param {string} value
 * @param {string} route
 * @param {string} act
 */
function keyFact(key, value, route, act) {
  const row = fill(piece("key-fact"), { key, value, change: act });
  const link = /** @type {HTMLAnchorElement} */ (slot(row, "change"));
  link.href = `#/${route}`;
  const hidden = document.createElement("span");
  hidden.className = "nhsuk-u-visually-hidden";
  hidden.textContent = `: ${key}`;
  link.append(hidden);
  return row;
}
