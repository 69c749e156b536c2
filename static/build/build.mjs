/**
 * Builds the browser's files: scripts with esbuild, style sheets with Sass, icons copied; each gets a hashed
 * name in static/dist and a line in static/dist/manifest.json. An entry whose source does not exist is left out.
 *
 *   node static/build/build.mjs [--out FOLDER]
 */

import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { compile } from "sass";
import { hashedName, outputFolder, PUBLIC, put, ROOT, removeStale, writeManifest } from "./dist.mjs";

const SCRIPTS = { "main.js": "static/src/main.js", "desk.js": "static/src/desk.js" };
const STYLES = {
  "app.css": "static/css/app.scss",
  "desk.css": "static/css/desk.scss",
  "copy.css": "static/css/copy.scss",
  "growth.css": "static/css/growth.scss",
};
const IMAGES = "node_modules/nhsuk-frontend/dist/nhsuk/assets/images";
const ICONS = [
  "favicon.ico",
  "favicon.svg",
  "nhsuk-icon-180.png",
  "nhsuk-icon-192.png",
  "nhsuk-icon-512.png",
  "nhsuk-icon-mask.svg",
];

/** What esbuild is told for every script of ours. @type {import("esbuild").BuildOptions} */
export const SCRIPT_OPTIONS = {
  absWorkingDir: ROOT,
  bundle: true,
  minify: true,
  sourcemap: false,
  target: "es2022",
  write: false,
  logLevel: "silent",
  legalComments: "none",
  define: { "process.env.NODE_ENV": '"production"' },
};

/** What is loaded later, apart from the cipher, which shares nothing with the first screen. */
const LATER = /static\/src\/(?:rooms|views\/(?:check|copy|growth|keys|overdue|setup|visit|withdraw))\.js$/;

/**
 * Has everything the first screen needs put into one file: the bundler cuts by who shares what with whom, and seven
 * small files take longer from the worker's store than a large one. What is loaded later names it all as well, so
 * that it is shared by the same parties. @type {import("esbuild").Plugin}
 */
const firstScreenInOne = {
  name: "first-screen-in-one",
  setup({ onLoad }) {
    const folder = join(ROOT, "static/src");
    const main = readFileSync(join(folder, "main.js"), "utf8");
    const needed = [...main.matchAll(/^import .* from "\.\/(.*)";$/gm)].map(([, path]) => join(folder, path));
    const shared = needed.map((path) => `import ${JSON.stringify(path)};`).join("");
    onLoad({ filter: LATER }, ({ path }) => ({
      contents: shared + readFileSync(path, "utf8"),
      loader: "js",
    }));
  },
};

/**
 * The script and the parts of it that are loaded later, each already named by its content: parts name each other.
 * @param {string} name in the manifest
 * @param {string} source
 * @returns {Promise<{name: string, path: string, bytes: Uint8Array}[]>}
 */
async function bundleScript(name, source) {
  const result = await build({
    ...SCRIPT_OPTIONS,
    entryPoints: [source],
    format: "esm",
    splitting: true,
    outdir: "built",
    entryNames: "[name]-[hash]",
    chunkNames: "part-[hash]",
    plugins: [firstScreenInOne],
  });
  const files = /** @type {import("esbuild").OutputFile[]} */ (result.outputFiles);
  return files.map(({ path, contents }) => {
    const file = basename(path);
    return { name: file.startsWith("part-") ? file : name, path: file, bytes: contents };
  });
}

/** @param {string} source */
function compileStyle(source) {
  const result = compile(join(ROOT, source), {
    style: "compressed",
    charset: false,
    quietDeps: true,
    sourceMap: false,
    loadPaths: [join(ROOT, "node_modules/nhsuk-frontend/dist"), join(ROOT, "node_modules")],
  });
  // Offline and under our content policy, a file from another host is a file that never arrives.
  const elsewhere = /url\(\s*["']?(?:https?:)?\/\/[^)]*\)|@import[^;]*/i.exec(result.css);
  if (elsewhere) {
    throw new Error(
      `${source} asks for ${elsewhere[0]} from another host. Is $nhsuk-include-font-face: false set?`,
    );
  }
  return Buffer.from(withImagesInside(result.css));
}

/**
 * The library's small icons are asked for under /assets, which nobody serves: they go into the style sheet.
 * @param {string} css
 */
function withImagesInside(css) {
  const asked = new Set(
    [...css.matchAll(/url\("?\/assets\/images\/([\w-]+\.svg)"?\)/g)].map((match) => match[1]),
  );
  for (const name of asked) {
    const svg = readFileSync(join(ROOT, IMAGES, name), "utf8").trim();
    const address = `url("data:image/svg+xml,${encodeURIComponent(svg).replaceAll("'", "%27")}")`;
    css = css.replace(new RegExp(`url\\("?/assets/images/${name}"?\\)`, "g"), () => address);
  }
  if (css.includes("/assets/"))
    throw new Error("A style sheet asks for a file under /assets, which nobody serves.");
  return css;
}

/** @param {string} folder */
export async function buildAssets(folder) {
  /** @type {ReturnType<typeof bundleScript>[]} */
  const scripts = [];
  /** @type {Promise<[string, Uint8Array]>[]} */
  const jobs = [];
  for (const [name, source] of Object.entries(SCRIPTS)) {
    if (existsSync(join(ROOT, source))) scripts.push(bundleScript(name, source));
  }
  for (const [name, source] of Object.entries(STYLES)) {
    if (existsSync(join(ROOT, source))) jobs.push(Promise.resolve([name, compileStyle(source)]));
  }
  for (const icon of ICONS) {
    jobs.push(readFile(join(ROOT, IMAGES, icon)).then((bytes) => [`icons/${icon}`, bytes]));
  }
  /** @type {Record<string, string>} */
  const manifest = {};
  /** @type {Map<string, string>} */
  const written = new Map();
  for (const { name, path, bytes } of (await Promise.all(scripts)).flat()) {
    await put(join(folder, path), bytes);
    manifest[name] = PUBLIC + path;
    written.set(name, path);
  }
  for (const [name, bytes] of await Promise.all(jobs)) {
    const hashed = hashedName(name, bytes);
    await put(join(folder, hashed), bytes);
    manifest[name] = PUBLIC + hashed;
    written.set(name, hashed);
  }
  await writeManifest(folder, manifest);
  await removeStale(folder, written);
  return manifest;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    const manifest = await buildAssets(outputFolder(process.argv));
    console.log(`Built ${Object.keys(manifest).length} files.`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
