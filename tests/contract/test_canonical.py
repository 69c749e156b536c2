"""Tablet and server write a record as the same bytes: the cases that tests/js/lib/canonical.test.js runs too."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from hvapp.domain.canonical import canonical_json, sha256_hex

CASES = json.loads((Path(__file__).parent / "canonical.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES["accepted"], ids=lambda case: case["name"])
def test_writes_the_agreed_text(case: dict[str, Any]) -> None:
    text = canonical_json(case["value"])
    assert text == case["canonical"].encode()
    assert sha256_hex(case["value"]) == hashlib.sha256(text).hexdigest()


@pytest.mark.parametrize("case", CASES["refused"], ids=lambda case: case["name"])
def test_refuses_what_the_other_language_would_write_differently(case: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError)):
        canonical_json(case["value"])


@pytest.mark.parametrize("case", CASES["sha256"], ids=lambda case: case["hex"][:8])
def test_agrees_on_the_hash(case: dict[str, Any]) -> None:
    assert sha256_hex(case["value"]) == case["hex"]
