"""JSON is read fast where what comes out is the same, and as the standard library reads it everywhere else."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvapp.domain.canonical import read_json

TEXT = st.text(st.characters(exclude_categories=[]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inside: st.lists(inside) | st.dictionaries(TEXT, inside),
)


def the_same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(the_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(the_same(one[key], other[key]) for key in one)
    return type(one) is type(other) and bool(one == other)


@given(VALUES, st.booleans())
def test_reads_what_the_standard_library_reads(value: Any, plain: bool) -> None:
    text = json.dumps(value, ensure_ascii=not plain).encode("utf-8", "surrogatepass")
    assert the_same(read_json(text), json.loads(text))


@pytest.mark.parametrize(
    "text",
    [
        b"18446744073709551616",  # past 64 bits
        b"-9223372036854775809",
        b'{"n": [123456789012345678901234567890]}',
        b'"\\ud800"',  # half a character
        b'"\xed\xa0\x80"',
        b"[NaN, Infinity, 1e400]",
        b'{"a": 1, "a": 2}',
        b"-0",
        b"[" * 300 + b"]" * 300,
    ],
)
def test_reads_the_unusual_the_same(text: bytes) -> None:
    assert the_same(read_json(text), json.loads(text))


@pytest.mark.parametrize("text", [b"", b"{", b'{"a": }', b'"\xff"', b"01", b"<!doctype html>", b'"a\nb"'])
def test_says_what_is_not_json(text: bytes) -> None:
    with pytest.raises(ValueError):
        read_json(text)


def test_gives_up_on_what_is_nested_too_deeply() -> None:
    with pytest.raises((ValueError, RecursionError)):
        read_json(b"[" * 100_000 + b"]" * 100_000)
