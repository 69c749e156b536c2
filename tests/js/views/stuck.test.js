import assert from "node:assert/strict";
import { test } from "node:test";
import { lockedWords, standing } from "../../../static/src/views/standing.js";
import { stuckCount, stuckWords } from "../../../static/src/views/stuck.js";

/** @param {Partial<import("../../../static/src/store/stuck.js").Stuck>} [known] */
function stuck(known) {
  const none = { refused: 0, unopened: 0, unsigned: 0 };
  return { name: "Tom Hill", mine: false, retired: null, keyKept: true, ...none, ...known };
}

test("each says whose visits, that they are safe, and what to do", () => {
  /** @type {[Partial<import("../../../static/src/store/stuck.js").Stuck>, RegExp][]} */
  const cases = [
    [{ unopened: 1 }, /^1 visit recorded by Tom Hill is safe .* Tom Hill has to unlock this tablet once\.$/],
    [{ unsigned: 2 }, /^2 visits recorded by Tom Hill are safe .* sent once Tom Hill has signed in here\.$/],
    [{ refused: 1 }, /could not be taken by the service\. It is safe .* Tom Hill sees why after unlocking/],
    [
      { mine: true, retired: "forgotten", unopened: 2 },
      /^2 visits recorded by you .* old passphrase only\. They are safe .* Enter it under This tablet\.$/,
    ],
    [{ retired: "forgotten", unopened: 1 }, /Tom Hill can enter it under This tablet\.$/],
    [{ retired: "forgotten", keyKept: false, unopened: 1 }, /neither here nor by the service.* do not clear/],
    [{ retired: "revoked", keyKept: false, refused: 3 }, /They are safe .* supervisor, and do not clear/],
  ];
  for (const [known, words] of cases) {
    const told = stuckWords([stuck(known)]);
    assert.equal(told.length, 1);
    assert.match(told[0], words);
  }
  assert.equal(stuckWords([stuck({ refused: 1, unopened: 1, unsigned: 1 })]).length, 3);
  assert.deepEqual(
    [stuckWords([]), stuckCount(), stuckCount([stuck({ refused: 2, unopened: 1 })])],
    [[], 0, 3],
  );
});

test("nothing says that everything is sent while something is stuck", () => {
  const sync = { phase: "idle", lastContact: Date.now(), stuck: [stuck({ unopened: 1 })] };
  assert.match(lockedWords(sync, 0), /^1 visit not sent yet, unlock to see why$/);
  assert.match(lockedWords(sync, 2), /^2 visits waiting to be sent, 1 visit not sent yet, unlock/);
  assert.match(standing(sync, 0).text, /^Everything sent/, "the header is about whoever has unlocked");
  const mine = { ...sync, stuck: [stuck({ mine: true, retired: "forgotten", unopened: 1 })] };
  const { text, mark } = standing(mine, 0);
  assert.deepEqual([text, mark], ["1 visit not sent yet", "warn"]);
});
