import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import fc from "fast-check";
import { canonicalJson, sha256Hex, tidy } from "../../../static/src/lib/canonical.js";

const cases = JSON.parse(await readFile(new URL("../../contract/canonical.json", import.meta.url), "utf8"));

for (const { name, value, canonical } of cases.accepted) {
  test(`writes the agreed text: ${name}`, async () => {
    assert.equal(canonicalJson(value), canonical);
    assert.equal(await sha256Hex(value), createHash("sha256").update(canonical).digest("hex"));
  });
}

for (const { name, value } of cases.refused) {
  test(`refuses what Python would write differently: ${name}`, () => {
    assert.throws(() => canonicalJson(value), TypeError);
  });
}

for (const { value, hex } of cases.sha256) {
  test(`agrees on the hash ${hex.slice(0, 8)}`, async () => {
    assert.equal(await sha256Hex(value), hex);
  });
}

test("refuses what only JavaScript has, and says where", () => {
  for (const value of [
    undefined,
    () => {},
    1n,
    Number.NaN,
    Infinity,
    2 ** 53,
    new Date(),
    new Map(),
    Symbol("a"),
  ]) {
    assert.throws(() => canonicalJson({ answers: [value] }), /at answers\[0\]/);
  }
  assert.throws(() => canonicalJson({ é: 1 }), TypeError);
});

const plainKey = fc.string({ unit: "grapheme-ascii" });
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: "small" },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.string({ unit: "binary" }),
    fc.array(tie("any")),
    fc.dictionary(plainKey, tie("any")),
  ),
})).any;

test("reads back as the same value, whatever the order the keys came in", () => {
  fc.assert(
    fc.property(value, (original) => {
      const text = canonicalJson(original);
      assert.equal(canonicalJson(JSON.parse(text)), text);
      assert.equal(canonicalJson(reversed(original)), text);
    }),
  );
});

test("tidied text is always accepted", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) }),
      (text) => {
        const tidied = tidy({ note: text, absent: undefined });
        assert.equal(JSON.parse(canonicalJson(tidied)).note, Buffer.from(text).toString());
        assert.ok(!("absent" in tidied));
      },
    ),
  );
});

/** @param {any} original @returns {any} */
function reversed(original) {
  if (Array.isArray(original)) return original.map(reversed);
  if (original === null || typeof original !== "object") return original;
  return Object.fromEntries(
    Object.entries(original)
      .reverse()
      .map(([key, part]) => [key, reversed(part)]),
  );
}
