"""One way to write a record as bytes, so that a tablet and the server agree on its hash.

Keys are sorted, there is no white space, text is UTF-8. Floats are refused: the two languages print them
differently, so decimals travel as strings.
"""

import hashlib
import json
from collections.abc import Collection
from typing import Any

import orjson

DEEPEST = 64
"""Levels of lists and objects in a record. A visit has about seven; a record near the limit of what a parser follows
might be read where it comes in and nowhere deeper in the program."""

_DIGITS = bytes(ord("0") if ord("0") <= byte <= ord("9") else ord(" ") for byte in range(256))
_LONG_NUMBER = b"0" * 19

_SCALARS = (str, int, type(None))
_KINDS = frozenset({*_SCALARS, bool})


def canonical_json(value: Any) -> bytes:
    """The canonical bytes of a value made of str, int, bool, None, list and dict with str keys.

    Raises TypeError for anything else, floats included, and for nesting beyond DEEPEST; UnicodeEncodeError for text
    that is not Unicode.
    """
    _refuse_other_types(value, DEEPEST)
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        # Whole numbers beyond 64 bits, which no tablet makes, are kept like anything else.
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def read_json(text: bytes) -> Any:
    """The value of JSON text exactly as `json.loads` has it, and with its errors, several times as fast.

    Raises ValueError for what is not JSON, RecursionError for what is nested too deeply to be read.
    """
    # The fast reader makes numbers beyond 64 bits inexact, and is strict about text that is not Unicode.
    if _LONG_NUMBER not in text.translate(_DIGITS):
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            pass
    return json.loads(text)


def sha256_hex(value: Any) -> str:
    """Lower-case hex SHA-256 of the canonical bytes."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def is_too_deep(value: Any) -> bool:
    """Whether a value is nested beyond DEEPEST. Follows no deeper than that itself."""
    layer = [value]
    for _ in range(DEEPEST + 1):
        containers = [
            one.values() if isinstance(one, dict) else one for one in layer if isinstance(one, dict | list)
        ]
        if not containers:
            return False
        layer = [child for container in containers for child in container]
    return True


def _refuse_other_types(value: Any, levels: int) -> None:
    """Called for every revision that comes in, so it looks at kinds, and steps into containers only."""
    if isinstance(value, _SCALARS):
        return
    if isinstance(value, dict) and all(issubclass(kind, str) for kind in set(map(type, value))):
        inside: Collection[Any] = value.values()
    elif isinstance(value, list):
        inside = value
    else:
        raise TypeError(f"a record may not hold a {type(value).__name__}")
    if levels == 0:
        raise TypeError("a record may not be nested so deeply")
    if _KINDS.issuperset(map(type, inside)):
        return
    for one in inside:
        if type(one) not in _KINDS:
            _refuse_other_types(one, levels - 1)
