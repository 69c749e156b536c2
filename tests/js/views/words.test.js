import assert from "node:assert/strict";
import { test } from "node:test";
import { derivedWords } from "../../../static/src/views/derived.js";
import { measured } from "../../../static/src/views/words.js";

test("a centile is said with its SDS and the method by name", () => {
  const derived = { band: "25th to 50th centile", sds: "-0.412345678901", method: "digital" };
  assert.deepEqual(derivedWords(derived, { gestation_days: 261 }), {
    main: "25th to 50th centile",
    detail: "SDS −0.41. Corrected for 37 weeks and 2 days (digital method)",
  });
});

test("an unknown gestation is never silently term", () => {
  const derived = { band: "on the 50th centile", sds: "0.010000000000", method: "chronological" };
  assert.match(derivedWords(derived, {}).detail, /^SDS \+0\.01\. Not corrected: .*not known/);
});

test("no reference gives no number", () => {
  const words = derivedWords({ no_reference: "The charts end at 20 years", method: "digital" }, {});
  assert.deepEqual(words, { main: "No centile", detail: "The charts end at 20 years." });
});

test("a measurement is shown without zeros that were never measured", () => {
  assert.equal(measured("ofc", "34.400"), "34.4 cm");
  assert.equal(measured("weight", "2.990"), "2.99 kg");
  assert.equal(measured("length", "71.000"), "71 cm");
  assert.equal(measured("weight", "10"), "10 kg");
});
