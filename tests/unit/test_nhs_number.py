"""NHS numbers. The cases are shared with tests/js/nhs-number.test.js."""

import json
from pathlib import Path

import pytest

from hvapp.domain.nhs_number import format_nhs_number, normalise_nhs_number, valid

CASES = json.loads((Path(__file__).parents[1] / "contract" / "nhs_numbers.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["why"])
def test_nhs_number(case):
    number = case["number"]
    assert valid(number) is case["valid"]
    assert normalise_nhs_number(number) == case["digits"]
    assert format_nhs_number(number) == case["written"]
