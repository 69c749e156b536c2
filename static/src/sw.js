/**
 * The service worker: it keeps the hashed static files and answers /tablet with the shell. Nothing else passes
 * through it, no page with patient data and no request of the API, so it can neither serve a stale answer nor
 * cache a sign-in page. It never takes over by itself: the page asks, when no form is open.
 */

import { addPlugins, createHandlerBoundToURL, precacheAndRoute } from "workbox-precaching";
import { NavigationRoute, registerRoute } from "workbox-routing";

/** @type {{url: string, revision: null}[]} */
const files = __PRECACHE__;
/** @type {string} */
const shell = __SHELL_URL__;

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

addPlugins([
  {
    // Workbox keeps redirected answers by stripping the mark. We fail the installation instead: a redirect is
    // a sign-in page or a captive portal, and cached as the shell it would lock every visitor out.
    fetchDidSucceed: async ({ request, response }) => {
      if (response.redirected || response.type !== "basic" || response.status !== 200) {
        throw new Error(`${request.url} did not arrive as it is`);
      }
      return response;
    },
  },
]);
precacheAndRoute(files, { directoryIndex: "", cleanURLs: false, ignoreURLParametersMatching: [] });
registerRoute(new NavigationRoute(createHandlerBoundToURL(shell), { allowlist: [/^\/tablet(?:\?.*)?$/] }));

worker.addEventListener("message", (event) => {
  if (event.data?.type === "activate") event.waitUntil(worker.skipWaiting());
});

// The page that installed the first worker becomes able to start offline without a reload.
worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));
