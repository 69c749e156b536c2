/**
 * A transaction ends at the first wait for anything but the database. So inside every `write(...)` and `read(...)` of the app only
 * the database, and the few helpers that do nothing else, may be awaited.
 */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const SOURCE = fileURLToPath(new URL("../../../static/src/", import.meta.url));

/** Helpers of store/ whose text is looked at just the same. */
const HELPERS = new Set([
  "clearCaseload",
  "clearVault",
  "dropAll",
  "dropPhotos",
  "dropPhotosOf",
  "itemsIn",
  "itemsOf",
  "lastNumber",
  "liveRow",
  "needsOpening",
  "noteFacts",
  "noted",
  "offerPhotosAnew",
  "onlyHere",
  "photosLeft",
  "prunable",
  "readHead",
  "requireVault",
  "takeDraft",
  "undelivered",
]);

const files = readdirSync(SOURCE, { recursive: true })
  .map(String)
  .filter((name) => name.endsWith(".js"))
  .map((name) => ({ name, text: readFileSync(SOURCE + name, "utf8") }));

/**
 * The text from the first bracket after `from` to the one that closes it.
 * @param {string} text @param {number} from @param {string} [open] @param {string} [close]
 */
function within(text, from, open = "(", close = ")") {
  let depth = 0;
  for (let at = text.indexOf(open, from); at < text.length; at += 1) {
    if (text[at] === open) depth += 1;
    if (text[at] === close) depth -= 1;
    if (depth === 0) return text.slice(text.indexOf(open, from), at + 1);
  }
  throw new Error("a bracket is not closed");
}

/**
 * The call, and the function it names instead of writing it out.
 * @param {string} text @param {number} index
 */
function callWithNamed(text, index) {
  const call = within(text, index);
  const named = /\],\s*(\w+)[,)]/.exec(call)?.[1];
  const at = named ? text.lastIndexOf(`const ${named} = `, index) : -1;
  return at === -1 ? call : `${call} ${text.slice(at, index).replace(/await\s*$/, "")}`;
}

/** What is awaited, as far as its first call. @param {string} text */
function awaited(text) {
  return [...text.matchAll(/await\s+\(*(?:await\s+)?([\w$.?]+)/g)].map(([, what]) => what);
}

/** @param {string} what */
function isDatabase(what) {
  const parts = what.split(/\??\./);
  return (
    parts[0] === "tx" || parts[0] === "db" || HELPERS.has(parts[parts.length - 1]) || HELPERS.has(parts[0])
  );
}

test("inside a transaction nothing is awaited but the database", () => {
  let looked = 0;
  for (const { name, text } of files) {
    for (const { index } of text.matchAll(/(?<![\w.])(?:write|read)\(\s*(?:vault\.)?(?:db|this\.db)\b/g)) {
      const call = callWithNamed(text, index);
      looked += 1;
      for (const what of awaited(call)) {
        // `await (empty ? db... : db...)` begins with the condition.
        assert.ok(isDatabase(what) || what === "empty", `${name}: ${what} in ${call.slice(0, 80)}`);
      }
      // What it is given belongs to the transaction; the database itself would begin another and wait for this one.
      assert.doesNotMatch(call.replace(/^\(\s*[\w.]+/, ""), /\bdb\b/, name);
      assert.doesNotMatch(call, /\b(?:crypto|fetch|seal|open|sealToServer|setTimeout)\(/, name);
    }
  }
  assert.ok(looked >= 20, `only ${looked} transactions were found`);
});

test("the helpers that run inside a transaction do nothing else either", () => {
  for (const helper of HELPERS) {
    if (helper === "noted") continue;
    const home = files.find(({ text }) => new RegExp(`function ${helper}\\(`).test(text));
    assert.ok(home, helper);
    const from = home.text.indexOf(`function ${helper}(`);
    const body = within(home.text, home.text.indexOf(")", from), "{", "}");
    for (const what of awaited(body)) assert.ok(isDatabase(what), `${helper}: ${what}`);
    assert.doesNotMatch(body, /\b(?:crypto|fetch|seal|open|sealToServer|setTimeout)\(/, helper);
  }
});
