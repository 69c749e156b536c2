import assert from "node:assert/strict";
import { test } from "node:test";
import { derivedWords } from "../../../static/src/views/derived.js";
import { statusWords } from "../../../static/src/views/frame.js";
import { sendingWords } from "../../../static/src/views/outbox.js";
import { passphraseProblems } from "../../../static/src/views/setup.js";
import { measured } from "../../../static/src/views/words.js";

test("the header has one quiet state in words", () => {
  assert.equal(statusWords(null, 0), "Saved on this tablet");
  assert.equal(statusWords({ phase: "offline" }, 3), "3 visits waiting");
  assert.equal(statusWords({ phase: "sending" }, 1), "Sending 1 visit");
  assert.equal(statusWords({ phase: "signed_out" }, 2), "2 visits waiting, sign in to send");
  assert.match(statusWords({ phase: "idle", lastContact: Date.now() }, 0), /^Everything sent \d\d:\d\d$/);
});

test("a failure says what happened, what is safe and what to do", () => {
  const { state, detail } = sendingWords({ phase: "offline", nextTryAt: Date.now() + 20_000 }, 3);
  assert.equal(
    state,
    "The tablet could not reach the service. Your 3 visits are safe on this tablet and will be sent when there is a connection.",
  );
  assert.match(detail, /Next try in \d+ seconds\.$/);
});

test("the service's own words are not said twice", () => {
  const problem = {
    name: "TryLater",
    message: "The service is busy. What you have recorded is safe on this tablet.",
  };
  assert.equal(sendingWords({ phase: "waiting", problem }, 1).state, problem.message);
});

test("signed out asks to sign in, and says the visits are safe", () => {
  assert.equal(
    sendingWords({ phase: "signed_out" }, 1).state,
    "Your 1 visit is safe on this tablet. Sign in to send it.",
  );
});

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

const known = { account: { name: "Priya Shah" }, email: "priya.s@example.test", password: "kitchen-table" };

/**
 * @param {string} passphrase
 * @param {string} [repeat]
 */
function fields(passphrase, repeat = passphrase) {
  return passphraseProblems({ passphrase, repeat, device: "T" }, known).map(({ field }) => field);
}

test("a good passphrase passes", () => {
  assert.deepEqual(fields("purple window spoon"), []);
});

test("a poor passphrase is refused for each of its reasons", () => {
  for (const poor of [
    "too short",
    "aaaaaaaaaaaa",
    "i am PRIYA today",
    "the kitchen-table one",
    "mail priya.s here",
  ]) {
    assert.deepEqual(fields(poor), ["passphrase"], poor);
  }
  assert.deepEqual(fields("purple window spoon", "purple window spon"), ["repeat"]);
});

test("a measurement is shown without zeros that were never measured", () => {
  assert.equal(measured("ofc", "34.400"), "34.4 cm");
  assert.equal(measured("weight", "2.990"), "2.99 kg");
  assert.equal(measured("length", "71.000"), "71 cm");
  assert.equal(measured("weight", "10"), "10 kg");
});
