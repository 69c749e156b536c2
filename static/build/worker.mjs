/**
 * Bundles the service worker with the list of files it keeps. Runs last, when every file has its hashed name:
 * the list is the manifest without the supervisor's files, which a tablet never opens.
 *
 *   node static/build/worker.mjs [--out FOLDER]
 */

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { SCRIPT_OPTIONS } from "./build.mjs";
import { outputFolder, put, readManifest } from "./dist.mjs";

const SHELL = "tablet.html";
const NOT_ON_THE_TABLET = /^desk\.|^icons\/favicon\.ico$/;
const HASHED = /[-.][0-9a-zA-Z]{8,}\.[a-z0-9]+$/;

/**
 * The files a tablet keeps, from the manifest.
 * @param {Record<string, string>} manifest
 */
export function precacheList(manifest) {
  const kept = Object.entries(manifest).filter(([name]) => !NOT_ON_THE_TABLET.test(name));
  const loose = kept.find(([, url]) => !HASHED.test(url));
  // A file kept for ever under a name that can change its content is how a tablet gets stuck on an old one.
  if (loose)
    throw new Error(`${loose[0]} has no hash in its name (${loose[1]}), so the worker may not keep it.`);
  return kept.map(([, url]) => ({ url, revision: null })).sort((a, b) => (a.url < b.url ? -1 : 1));
}

/** @param {string} folder */
export async function buildWorker(folder) {
  const manifest = await readManifest(folder);
  if (!manifest[SHELL])
    throw new Error(`${SHELL} is not in the manifest: the shell must be made before the worker.`);
  const precache = precacheList(manifest);
  const result = await build({
    ...SCRIPT_OPTIONS,
    entryPoints: ["static/src/sw.js"],
    format: "iife",
    define: {
      ...SCRIPT_OPTIONS.define,
      __PRECACHE__: JSON.stringify(precache),
      __SHELL_URL__: JSON.stringify(manifest[SHELL]),
    },
  });
  const bytes = /** @type {import("esbuild").OutputFile[]} */ (result.outputFiles)[0].contents;
  await put(join(folder, "sw.js"), bytes);
  return precache;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    const precache = await buildWorker(outputFolder(process.argv));
    console.log(`The worker keeps ${precache.length} files.`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
