import assert from "node:assert/strict";
import { test } from "node:test";
import { staysWords } from "../../../static/src/views/setup.js";

test("starting again says that what only the old passphrase opens is lost with it", () => {
  assert.equal(staysWords({ items: 0, drafts: 0 }), "");
  assert.match(staysWords({ items: 1, drafts: 0 }), /^1 visit .* nobody can open or send .* in it any more/);
  assert.match(
    staysWords({ items: 1, drafts: 1 }),
    /^2 visits .* nobody can open or send .* in them any more/,
  );
});
