/**
 * Prints a style sheet without those of the library's rules that can never apply: a class, element or id in them is
 * named nowhere in the other files. Most of what an NHS.UK component can look like no page of the tablet asks for.
 * Our own classes stay, because scripts put their names together ("app-alert--" and a level).
 *
 *   node static/build/purge.mjs STYLE FILE...
 */

import { readFileSync } from "node:fs";
import { PurgeCSS } from "purgecss";

const [style, ...files] = process.argv.slice(2);
const [{ css }] = await new PurgeCSS().purge({
  css: [{ raw: readFileSync(style, "utf8") }],
  content: files.map((file) => ({ raw: readFileSync(file, "utf8"), extension: "txt" })),
  defaultExtractor: (text) => text.match(/[\w-]+/g) ?? [],
  safelist: [/^app-/],
});
process.stdout.write(css);
