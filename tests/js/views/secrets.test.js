import assert from "node:assert/strict";
import { test } from "node:test";
import { LEAST_PIN } from "../../../static/src/store/vault.js";
import { passphraseProblems, pinProblems } from "../../../static/src/views/secrets.js";

const known = { account: { name: "Priya Shah" }, email: "priya.s@example.test", password: "kitchen-table" };

/**
 * @param {string} passphrase
 * @param {string} [repeat]
 */
function fields(passphrase, repeat = passphrase) {
  return passphraseProblems({ passphrase, repeat, device: "T" }, known).map(({ field }) => field);
}

/** @param {string} pin */
const faults = (pin, repeat = pin) => pinProblems({ pin, repeat }).map(({ field }) => field);

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

test("the tablet's name is asked for only where there is a field for it", () => {
  const passphrase = "purple window spoon";
  assert.deepEqual(passphraseProblems({ passphrase, repeat: passphrase }, known), []);
  assert.equal(passphraseProblems({ passphrase, repeat: passphrase, device: " " }, known)[0].field, "device");
});

test("a PIN that is no row, no repeat and no year passes", () => {
  for (const good of ["7294", "284917", "90417263", "61830275"]) assert.deepEqual(faults(good), [], good);
});

test("the first guesses of anyone who finds a tablet are refused", () => {
  for (const weak of [
    "1111",
    "1212",
    "1234",
    "2580",
    "1987",
    "123123",
    "987654",
    "890123",
    "12341234",
    "112211",
  ]) {
    assert.deepEqual(faults(weak), ["pin"], weak);
  }
});

test("a PIN is digits, neither too few nor too many, and typed twice the same", () => {
  assert.deepEqual(faults("28491x"), ["pin"]);
  assert.deepEqual(faults("284917284917".slice(0, LEAST_PIN - 1)), ["pin"]);
  assert.deepEqual(faults("284917305"), ["pin"]);
  assert.deepEqual(faults("284917", "284971"), ["repeat"]);
});
