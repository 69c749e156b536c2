/**
 * The app's own modules, bundled once and started afresh for every window: each has its own memory, its own clock
 * and its own network, as a page has. What they take from the browser comes in as arguments.
 */

import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const require = createRequire(import.meta.url);
const HERE = dirname(fileURLToPath(import.meta.url));

/** The parts of a browser that a window's code finds under these names. */
const BROWSER = [
  "globalThis",
  "navigator",
  "document",
  "window",
  "location",
  "BroadcastChannel",
  "indexedDB",
  "crypto",
  "fetch",
  "Date",
  "setTimeout",
  "clearTimeout",
  "setInterval",
  "clearInterval",
  "console",
];

/** @typedef {typeof import("./window.js")} App */

/** @type {((app: object, require: (name: string) => any, browser: Record<string, any>) => App) | undefined} */
let loaded;

export async function loadCode() {
  if (loaded) return loaded;
  const { outputFiles } = await build({
    entryPoints: [join(HERE, "window.js")],
    bundle: true,
    write: false,
    format: "cjs",
    platform: "node",
    target: "node20",
    external: ["@hpke/*"],
    legalComments: "none",
  });
  const make = new Function("module", "require", ...BROWSER, outputFiles[0].text);
  loaded = (app, provided, browser) => {
    const module = { exports: app };
    make(module, (/** @type {string} */ name) => provided(name), ...BROWSER.map((part) => browser[part]));
    return /** @type {App} */ (module.exports);
  };
  return loaded;
}

/**
 * A new window.
 * @param {Record<string, any>} browser its `indexedDB` is the tablet's disk
 * @returns {Promise<App>}
 */
export async function openWindow(browser) {
  const start = await loadCode();
  const own = Object.create(globalThis);
  for (const [name, value] of Object.entries({ ...browser, globalThis: own }))
    Object.defineProperty(own, name, { value, writable: true });
  return start({}, require, own);
}
