"""FHIR JSON keeps decimals digit for digit and is otherwise plain JSON."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import fhir_json

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), plain))
def test_agrees_with_json_on_everything_but_decimals(value: dict[str, Any]) -> None:
    assert json.loads(fhir_json.dumps(value)) == value


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**6), max_value=10**6, places=4))
def test_decimals_come_back_digit_for_digit(value: Decimal) -> None:
    returned = fhir_json.loads(fhir_json.dumps({"value": value}))["value"]
    assert (str(returned), returned) == (format(value, "f"), value)


@pytest.mark.parametrize("value", [1.5, float("nan"), Decimal("NaN"), {1: 2}, {"a": object()}, b"bytes"])
def test_what_json_cannot_hold_exactly_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        fhir_json.dumps(value)


@pytest.mark.parametrize(
    "data", [b"", b"<html>", b"[1]", b'"text"', b'{"a": NaN}', b'{"a": 1', b"\xff\xfe", b"[" * 100_000]
)
def test_what_is_not_one_json_object_is_not_fhir(data: bytes) -> None:
    with pytest.raises(fhir_json.NotFhirJson):
        fhir_json.loads(data)
