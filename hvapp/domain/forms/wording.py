"""Answers and facts in plain words: "3.45 kg", "Yes", "3 May 2026 at 10:05", "Not done: Parent declined".

`static/src/forms/wording.js` says the same.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hvapp.domain.ages import format_date
from hvapp.domain.forms.answers import (
    is_blank,
    is_not_done,
    is_usable,
    read_date,
    read_decimal,
    read_instant,
    read_month,
    rounded,
)
from hvapp.domain.forms.definition import Field, FormDefinition
from hvapp.domain.forms.logic import Live

NOT_READABLE = "Could not be read"
UNKNOWN_PERSON = "Someone not in the household record"
MINUS = "\u2212"
_NAMED = re.compile(r"\{([a-z0-9_.]+)\}")
_LONDON = ZoneInfo("Europe/London")


def plain_value(one: Field, value: Any, names: Mapping[str, str] | None = None) -> str:
    """One answer in words; "" when there is none. `names` are of the people of the household, by id."""
    if is_blank(value):
        return ""
    if is_not_done(value):
        return _not_done(one, value)
    if not is_usable(one, value):
        return NOT_READABLE
    match one.type:
        case "decimal" | "integer":
            return quantity(value, one.unit)
        case "date":
            day = read_date(value)
            return format_date(day) if day else ""
        case "month":
            month = read_month(value)
            return format_date(month).split(" ", 1)[1] if month else ""
        case "datetime":
            moment = read_instant(value)
            return _moment(moment) if moment else ""
        case "yes_no":
            return "Yes" if value else "No"
        case "choice":
            return _label(one, value)
        case "choices":
            return ", ".join(_label(one, each) for each in value)
        case "people" | "person":
            people = value if isinstance(value, list) else [value]
            return ", ".join((names or {}).get(each, UNKNOWN_PERSON) for each in people)
        case "yes_no_each":
            return _each(one, value)
        case "photo":
            return _photos(value)
        case "list":
            return "; ".join(filter(None, (plain_row(one, row, names) for row in value)))
        case _:
            return str(value)


def plain_row(one: Field, row: Mapping[str, Any], names: Mapping[str, str] | None = None) -> str:
    """One row of a list: its answers in words, one after the other; a yes or no or a number with what it answers."""
    return ", ".join(filter(None, (_part(sub, row.get(sub.id), names) for sub in one.fields)))


def _part(sub: Field, value: Any, names: Mapping[str, str] | None) -> str:
    said = plain_value(sub, value, names)
    return f"{sub.label}: {lower_first(said)}" if said and sub.type in ("yes_no", "integer") else said


def quantity(value: Any, unit: str | None) -> str:
    """ "3.4 kg", "2 days", "1 day"."""
    if not unit:
        return str(value)
    return f"{value} {unit.removesuffix('s') if str(value) == '1' else unit}"


def sds_text(sds: Decimal) -> str:
    """ "−1.94", "+0.41": two decimals, with its sign always."""
    said = rounded(sds, 2)
    return f"{MINUS}{said[1:]}" if said.startswith("-") else f"+{said}"


def fill(form: FormDefinition, text: str, live: Live) -> str:
    """Put facts and answers where the text names them in braces; what is not known becomes "not known"."""

    def word(found: re.Match[str]) -> str:
        name = found[1]
        one = form.field(name) or form.part(name)
        said = plain_value(one, live.answers.get(name)) if one else _fact(name, live.facts.get(name))
        return said or "not known"

    return _NAMED.sub(word, text)


def _fact(name: str, fact: Any) -> str:
    """A fact to read: SDS to two decimals, percentages and changes to one, dates in words."""
    number, day = read_decimal(fact), read_date(fact)
    if number is not None:
        return sds_text(number) if name.startswith("sds.") else rounded(number, 1).replace("-", MINUS)
    if day is not None:
        return format_date(day)
    return "" if fact is None else str(fact)


def _not_done(one: Field, value: Mapping[str, Any]) -> str:
    label = next((reason.label for reason in one.not_done if reason.code == value["not_done"]), None)
    detail = value.get("detail")
    said = f"Not done: {label}" if label else "Not done"
    return f"{said}. {detail}" if isinstance(detail, str) and not is_blank(detail) else said


def _label(one: Field, value: str) -> str:
    option = one.option(value)
    return option.label if option else value


def _each(one: Field, value: Mapping[str, bool]) -> str:
    """ "Yes: GP, red book. No: early years." """
    yes = [option.label for option in one.options if value.get(option.value) is True]
    no = [option.label for option in one.options if value.get(option.value) is False]
    said = (f"{word}: {', '.join(labels)}" for word, labels in (("Yes", yes), ("No", no)) if labels)
    return ". ".join(said)


def _photos(value: list[Mapping[str, Any]]) -> str:
    """ "2 photos: left arm; back" """
    captions = "; ".join(one["caption"] for one in value)
    return f"{quantity(len(value), 'photos')}: {captions}"


def _moment(moment: datetime) -> str:
    local = moment.astimezone(_LONDON)
    return f"{format_date(local.date())} at {local:%H:%M}"


def upper_first(text: str) -> str:
    return text[:1].upper() + text[1:]


def lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
