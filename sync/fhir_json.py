"""FHIR JSON to and from bytes, with decimals exactly as they were typed.

A weight of 3.450 kg says it was read to the gram; a binary float would send 3.45. Python's json writes no Decimal, so
the writer is ours; the reader is json's own with Decimal for numbers.
"""

import json
from decimal import Decimal
from typing import Any

from hvapp.domain.errors import DomainError

CONTENT_TYPE = "application/fhir+json"


class NotFhirJson(DomainError):
    """The bytes are not one JSON object."""

    code = "not_fhir_json"


def dumps(value: Any) -> bytes:
    """UTF-8 JSON without white space, keys in the order they were put in: the same value gives the same bytes.

    Raises TypeError for a float and for anything JSON cannot hold.
    """
    return _text(value).encode()


def loads(data: bytes) -> dict[str, Any]:
    """The JSON object in these bytes; numbers with a point become Decimal. Raises NotFhirJson."""
    try:
        value = json.loads(data, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, ArithmeticError, RecursionError) as error:
        # Among them numbers and depths that are JSON by the letter and cannot be held.
        raise NotFhirJson("This is not JSON.") from error
    if not isinstance(value, dict):
        raise NotFhirJson("This is JSON, but not a resource.")
    return value


def _text(value: Any) -> str:
    match value:
        case None | bool() | int() | str():
            return json.dumps(value, ensure_ascii=False)
        case Decimal() if value.is_finite():
            return format(value, "f")
        case dict():
            return "{" + ",".join(f"{_key(key)}:{_text(item)}" for key, item in value.items()) + "}"
        case list() | tuple():
            return "[" + ",".join(_text(item) for item in value) + "]"
        case _:
            raise TypeError(f"FHIR JSON may not hold a {type(value).__name__}")


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError("FHIR JSON keys are text")
    return json.dumps(key, ensure_ascii=False)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number in JSON")
