/**
 * Registers the service worker and says when a new version is ready. Nothing changes under an open form: the
 * new version takes over only when `activate` is called, and then the page reloads once.
 */

import { workerUrl } from "./trusted.js";

/**
 * @typedef {object} Registered
 * @property {() => boolean} ready is a new version waiting?
 * @property {() => Promise<void>} look asks the server for a newer version; failing is not an error
 * @property {() => void} activate hands over to the waiting version and reloads
 */

/**
 * @param {{onReady?: () => void, container?: ServiceWorkerContainer, reload?: () => void}} [options]
 * @returns {Promise<Registered>}
 */
export async function registerWorker({
  onReady = () => {},
  container = navigator.serviceWorker,
  reload = () => location.reload(),
} = {}) {
  const registration = await container.register(workerUrl(), { scope: "/", updateViaCache: "none" });
  let asked = false;

  // Without a controller this is the first installation, not a new version.
  const waits = () => Boolean(registration.waiting && container.controller);
  const tell = () => {
    if (waits()) onReady();
  };
  registration.addEventListener("updatefound", () => {
    registration.installing?.addEventListener("statechange", tell);
  });
  container.addEventListener("controllerchange", () => {
    if (asked) reload();
  });
  tell();

  return {
    ready: waits,
    look: async () => {
      try {
        await registration.update();
      } catch {
        // No network, or the server is down: the version we have goes on working.
      }
    },
    activate: () => {
      if (!registration.waiting) return;
      asked = true;
      registration.waiting.postMessage({ type: "activate" });
    },
  };
}
