import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { buildAssets } from "../../../static/build/build.mjs";
import { removeStale, writeManifest } from "../../../static/build/dist.mjs";
import { buildWorker, precacheList } from "../../../static/build/worker.mjs";

const newFolder = () => mkdtemp(join(tmpdir(), "hvapp-build-"));

test("every built file carries a piece of its own hash, and the manifest knows it", async () => {
  const folder = await newFolder();
  const manifest = await buildAssets(folder);
  assert.deepEqual(JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")), manifest);
  for (const name of ["icons/favicon.svg", "icons/nhsuk-icon-192.png", "icons/nhsuk-icon-512.png"]) {
    assert.ok(manifest[name], name);
  }
  for (const url of Object.values(manifest)) {
    assert.match(url, /^\/static\/dist\/.+-(?:[0-9a-f]{10}|[0-9A-Z]{8})\.[a-z]+$/);
    const bytes = await readFile(join(folder, url.slice("/static/dist/".length)));
    // Scripts are named by the bundler, from their content too: their parts name each other.
    if (url.endsWith(".js")) continue;
    assert.ok(url.includes(createHash("sha256").update(bytes).digest("hex").slice(0, 10)), url);
  }
});

test("building again gives the same names and leaves no old file, nor touches others'", async () => {
  const folder = await newFolder();
  const first = await buildAssets(folder);
  await writeFile(join(folder, "icons/favicon-0123456789.svg"), "old");
  await writeFile(join(folder, "tablet-0123456789.html"), "the shell");
  assert.deepEqual(await buildAssets(folder), first);
  assert.equal((await readdir(join(folder, "icons"))).filter((file) => file.endsWith(".svg")).length, 2);
  assert.ok((await readdir(folder)).includes("tablet-0123456789.html"));
  assert.ok(!(await readdir(folder)).some((file) => file.endsWith(".part")));
});

test("a stem that is the beginning of another is not confused with it", async () => {
  const folder = await newFolder();
  await writeFile(join(folder, "main-aaaaaaaaaa.js"), "");
  await writeFile(join(folder, "main-menu-bbbbbbbbbb.js"), "");
  await removeStale(folder, new Map([["main.js", "main-cccccccccc.js"]]));
  assert.deepEqual(await readdir(folder), ["main-menu-bbbbbbbbbb.js"]);
});

test("style sheets ask no other host for anything", async () => {
  const folder = await newFolder();
  for (const [name, url] of Object.entries(await buildAssets(folder))) {
    if (!name.endsWith(".css")) continue;
    const css = await readFile(join(folder, url.slice("/static/dist/".length)), "utf8");
    assert.doesNotMatch(css, /url\(\s*["']?(https?:)?\/\/|@import|Frutiger W01.*src:/i);
  }
});

test("the worker keeps what the tablet opens, and only files with a hash in their name", () => {
  const list = precacheList({
    "main.js": "/static/dist/main-0123456789.js",
    "tablet.html": "/static/dist/tablet-abcdef0123.html",
    "forms/new_birth_visit.v1.json": "/static/dist/forms/new_birth_visit.v1-0123456789.json",
    "desk.js": "/static/dist/desk-0123456789.js",
    "desk.css": "/static/dist/desk-0123456789.css",
  });
  assert.deepEqual(
    list.map(({ url }) => url),
    [
      "/static/dist/forms/new_birth_visit.v1-0123456789.json",
      "/static/dist/main-0123456789.js",
      "/static/dist/tablet-abcdef0123.html",
    ],
  );
  assert.throws(() => precacheList({ "main.js": "/static/dist/main.js" }), /no hash in its name/);
});

test("without the shell there is no worker, and one sentence says why", async () => {
  const folder = await newFolder();
  await writeManifest(folder, { "main.js": "/static/dist/main-0123456789.js" });
  await assert.rejects(buildWorker(folder), /the shell must be made before the worker/);
});
