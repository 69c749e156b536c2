import assert from "node:assert/strict";
import { test } from "node:test";
import { staysWords } from "../../../static/src/views/setup.js";

test("starting again says what only the old passphrase opens, and that it is kept", () => {
  assert.equal(staysWords({ items: 0, drafts: 0 }), "");
  assert.match(staysWords({ items: 1, drafts: 0 }), /^1 visit .* old passphrase only.* it stays safe here/);
  assert.match(staysWords({ items: 1, drafts: 1 }), /^2 visits .* they stay safe here.* This tablet/);
});
