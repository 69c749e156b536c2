"""What one answer may be, by the type of its field, and how numbers and dates in answers are compared.

An answer is JSON without floats: decimals are strings ("3.450"), dates "2026-05-03", months "2026-05", date-times ISO
with an offset. Nothing here raises on junk: junk is simply not usable. `static/src/forms/answers.js` does the same.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, TypeGuard

from hvapp.domain.forms.definition import Field
from hvapp.domain.photos import MOST_PHOTOS, read_photo

LARGEST_INTEGER = 2**53 - 1
"""Beyond this a browser no longer counts exactly."""

_DECIMAL = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,12})?")
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")
_DATE_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]{1,6})?)?"
    r"(?:Z|([+-])([0-9]{2}):([0-9]{2}))"
)
_BLANK = " \t\r\n"


def is_not_done(value: Any) -> bool:
    """Whether the answer says "not done": {"not_done": reason, "detail": text or absent}."""
    return isinstance(value, Mapping) and "not_done" in value


def is_blank(value: Any) -> bool:
    """Whether nothing was answered: absent, an empty text, an empty list."""
    if isinstance(value, str):
        return value.strip(_BLANK) == ""
    return value is None or (isinstance(value, list | Mapping) and len(value) == 0)


def is_usable(field: Field, value: Any) -> bool:
    """Whether the value is of the field's type; conditions see nothing else."""
    if is_blank(value) or is_not_done(value):
        return False
    match field.type:
        case "line" | "text" | "person":
            return isinstance(value, str)
        case "integer":
            return is_integer(value)
        case "decimal":
            return read_decimal(value) is not None
        case "date":
            return read_date(value) is not None
        case "month":
            return read_month(value) is not None
        case "datetime":
            return read_instant(value) is not None
        case "yes_no":
            return isinstance(value, bool)
        case "choice":
            return isinstance(value, str) and field.option(value) is not None
        case "choices":
            return _is_set_of_texts(value) and all(field.option(one) is not None for one in value)
        case "people":
            return _is_set_of_texts(value)
        case "yes_no_each":
            return isinstance(value, Mapping) and all(
                isinstance(key, str) and field.option(key) is not None and isinstance(said, bool)
                for key, said in value.items()
            )
        case "list":
            return isinstance(value, list) and all(isinstance(row, Mapping) for row in value)
        case "photo":
            return (
                isinstance(value, list)
                and len(value) <= MOST_PHOTOS
                and all(read_photo(one) is not None for one in value)
            )
        case other:
            raise ValueError(f"no such type of field: {other}")


def _is_set_of_texts(value: Any) -> bool:
    return (
        isinstance(value, list)
        and all(isinstance(one, str) and not is_blank(one) for one in value)
        and len(set(value)) == len(value)
    )


def is_integer(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST_INTEGER


def read_decimal(value: Any) -> Decimal | None:
    """A decimal in text, at most nine digits before the point and twelve after."""
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return Decimal(value)
    return None


def read_number(value: Any) -> Decimal | None:
    """A decimal in text, or an integer."""
    return Decimal(value) if is_integer(value) else read_decimal(value)


def decimal_places(value: str) -> int:
    return len(value.partition(".")[2])


def read_date(value: Any) -> date | None:
    """A real date of the years 1900 to 2199."""
    found = _DATE.fullmatch(value) if isinstance(value, str) else None
    if found is None or not 1900 <= int(found[1]) <= 2199:
        return None
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None


def read_month(value: Any) -> date | None:
    """A month as its first day."""
    if not isinstance(value, str) or not _MONTH.fullmatch(value):
        return None
    return read_date(f"{value}-01")


def read_instant(value: Any) -> datetime | None:
    """A date-time with its offset, of the years 2000 to 2099, in UTC to the second."""
    found = _DATE_TIME.fullmatch(value) if isinstance(value, str) else None
    day = read_date(found[1]) if found else None
    if found is None or day is None or not 2000 <= day.year <= 2099:
        return None
    hour, minute, second = int(found[2]), int(found[3]), int(found[4] or 0)
    offset_hours, offset_minutes = int(found[6] or 0), int(found[7] or 0)
    if hour > 23 or minute > 59 or second > 59 or offset_hours > 14 or offset_minutes > 59:
        return None
    ahead = (offset_hours * 60 + offset_minutes) * (-1 if found[5] == "-" else 1)
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return midnight + timedelta(hours=hour, minutes=minute - ahead, seconds=second)


def same(left: Any, right: Any) -> bool:
    """Equal, with true and 1 kept apart at every depth. Without recursion: junk may be nested as deep as it likes."""
    pairs = [(left, right)]
    while pairs:
        one, other = pairs.pop()
        if isinstance(one, list) and isinstance(other, list):
            if len(one) != len(other):
                return False
            pairs.extend(zip(one, other, strict=True))
        elif isinstance(one, Mapping) and isinstance(other, Mapping):
            if one.keys() != other.keys():
                return False
            pairs.extend((one[key], other[key]) for key in one)
        elif isinstance(one, bool) is not isinstance(other, bool) or one != other:
            return False
    return True


def rounded(value: Decimal, places: int) -> str:
    """The number in text with so many decimals, halves away from zero: "3.5" with 0 gives "4"."""
    return plain_decimal(value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))


def plain_decimal(value: Decimal) -> str:
    """The number in text, digit for digit, and never "-0"."""
    return f"{value if value else abs(value):f}"


def percent_of(part: Decimal, whole: Decimal) -> str | None:
    """100 x part / whole in text with four decimals, halves away from zero; None where whole is not above zero.

    Counted in whole numbers, because JavaScript has no decimals and the two must agree to the last digit.
    """
    if whole <= 0:
        return None
    scale = Decimal(10) ** 12
    top, bottom = int(part * scale) * 1_000_000, int(whole * scale)
    size = (2 * abs(top) + bottom) // (2 * bottom)
    sign = "-" if top < 0 and size else ""
    return f"{sign}{size // 10_000}.{size % 10_000:04d}"
