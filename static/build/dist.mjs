/**
 * Where built files go and how they are named: a file carries a piece of its own SHA-256, so that a tablet
 * can keep it for ever, and manifest.json says which name stands for which file.
 */

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
export const PUBLIC = "/static/dist/";

/**
 * The folder to write to: static/dist, or what follows --out.
 * @param {string[]} argv
 */
export function outputFolder(argv) {
  const at = argv.indexOf("--out");
  return at === -1 ? join(ROOT, "static/dist") : resolve(argv[at + 1]);
}

/**
 * "icons/favicon.svg" and its bytes -> "icons/favicon-0123456789.svg".
 * @param {string} name
 * @param {Uint8Array} bytes
 */
export function hashedName(name, bytes) {
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 10);
  const dot = name.lastIndexOf(".");
  return `${name.slice(0, dot)}-${hash}${name.slice(dot)}`;
}

/**
 * Writes beside and renames, so that a server reading the folder never sees half a file.
 * @param {string} path
 * @param {Uint8Array | string} content
 */
export async function put(path, content) {
  await mkdir(dirname(path), { recursive: true });
  const part = `${path}.${process.pid}.part`;
  await writeFile(part, content);
  await rename(part, path);
}

/**
 * @param {string} folder
 * @returns {Promise<Record<string, string>>}
 */
export async function readManifest(folder) {
  return JSON.parse(await readFile(join(folder, "manifest.json"), "utf8"));
}

/**
 * @param {string} folder
 * @param {Record<string, string>} manifest
 */
export async function writeManifest(folder, manifest) {
  const sorted = Object.fromEntries(Object.entries(manifest).sort(([a], [b]) => (a < b ? -1 : 1)));
  await put(join(folder, "manifest.json"), `${JSON.stringify(sorted, null, 2)}\n`);
}

/**
 * Removes what an earlier build left under the same names. Files with other names are not ours to touch.
 * @param {string} folder
 * @param {Map<string, string>} written logical name -> hashed name
 */
export async function removeStale(folder, written) {
  for (const [name, kept] of written) {
    const where = dirname(join(folder, name));
    const dot = name.lastIndexOf(".");
    const stem = name.slice(name.lastIndexOf("/") + 1, dot);
    const old = new RegExp(
      `^${stem.replaceAll(/[.*+?^$()[\]{}|\\]/g, "\\$&")}-[0-9a-f]{10}\\${name.slice(dot)}$`,
    );
    for (const file of await readdir(where)) {
      if (old.test(file) && !kept.endsWith(file)) await rm(join(where, file), { force: true });
    }
  }
}
