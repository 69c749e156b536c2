"""One way to write a record as bytes, so that a tablet and the server agree on its hash.

Keys are sorted, there is no white space, text is UTF-8. Floats are refused: the two languages print them
differently, so decimals travel as strings.
"""

import hashlib
import json
from collections.abc import Collection
from typing import Any

DEEPEST = 64
"""Levels of lists and objects in a record. A visit has about seven; a record near the limit of what a parser follows
might be read where it comes in and nowhere deeper in the program."""

_SCALARS = (str, int, type(None))


def canonical_json(value: Any) -> bytes:
    """The canonical bytes of a value made of str, int, bool, None, list and dict with str keys.

    Raises TypeError for anything else, floats included, and for nesting beyond DEEPEST.
    """
    _refuse_other_types(value, DEEPEST)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


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
    """Called for every revision that comes in, so it steps into containers only."""
    if isinstance(value, _SCALARS):
        return
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        inside: Collection[Any] = value.values()
    elif isinstance(value, list):
        inside = value
    else:
        raise TypeError(f"a record may not hold a {type(value).__name__}")
    if levels == 0:
        raise TypeError("a record may not be nested so deeply")
    for one in inside:
        if not isinstance(one, _SCALARS):
            _refuse_other_types(one, levels - 1)
