/** NHS numbers. The cases are shared with tests/unit/test_nhs_number.py. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { formatNhsNumber, normaliseNhsNumber, validNhsNumber } from "../../static/src/lib/nhs-number.js";

const cases = JSON.parse(readFileSync(new URL("../contract/nhs_numbers.json", import.meta.url), "utf8"));

for (const { why, number, valid, digits, written } of cases) {
  test(`NHS number: ${why}`, () => {
    assert.equal(validNhsNumber(number), valid);
    assert.equal(normaliseNhsNumber(number), digits);
    assert.equal(formatNhsNumber(number), written);
  });
}
