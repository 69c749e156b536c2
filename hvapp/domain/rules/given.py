"""Reading what a case gives: by the names and kinds that the rules' inputs have, into plain values.

Dates become `date`, decimals `Decimal`, integers `int`, yes and no `bool`, choices their value. What cannot be read is
not guessed: it becomes the reason why the rule cannot say. `static/src/rules/inputs.js` reads the same.
"""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from hvapp.domain.ages import TERM_DAYS
from hvapp.domain.forms.answers import read_date, read_decimal

Given = Mapping[str, Any]

_NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]+)?")
_PLACES = 12
_PLAIN = re.compile(r"[^a-z0-9]+")
_BLANK = " \t\r\n"
_YES = {"yes": True, "y": True, "true": True, "no": False, "n": False, "false": False}


class Unreadable(Exception):
    """Why an input cannot be used, in words that end a sentence."""


def read_inputs(inputs: Mapping[str, Any], specs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs that were given. Raises Unreadable for one that is not of its kind, or contradicts another."""
    given = {
        name: _read(name, value, specs[name])
        for name, value in inputs.items()
        if value is not None and value != ""
    }
    if "date_of_birth" in given and "on" in given:
        days = (given["on"] - given["date_of_birth"]).days
        if days < 0:
            raise Unreadable("on is before date_of_birth")
        if given.get("age_days", days) != days:
            raise Unreadable("age_days does not fit the dates")
        given["age_days"] = days
    if "age_hours" in given:
        hours = given["age_hours"]
        days = given.setdefault("age_days", int(hours // 24))
        # Days of the calendar: the first may be a minute long, and the clocks may have been changed.
        if not 24 * (days - 1) - 1 <= hours <= 24 * (days + 1) + 1:
            raise Unreadable("age_hours does not fit the age in days")
    for name, before in (("previous_on", False), ("last_weighed_on", True)):
        if name in given:
            _check_order(given, name, may_be_on=before)
    return given


def _check_order(given: Given, name: str, *, may_be_on: bool) -> None:
    """What was measured before was measured after the birth, and before the day that is asked about."""
    day, birth, on = given[name], given.get("date_of_birth"), given.get("on")
    if birth is not None and day < birth:
        raise Unreadable(f"{name} is before date_of_birth")
    if on is not None and (day > on or (day == on and not may_be_on)):
        raise Unreadable(f"{name} is not before on" if not may_be_on else f"{name} is after on")


def whole_gestation(given: Given) -> int | None:
    """The whole pregnancy in days, where weeks and days are both known; never 40 weeks by default."""
    weeks, days = given.get("gestation_weeks"), given.get("gestation_days")
    return None if weeks is None or days is None else weeks * 7 + days


def days_early(given: Given) -> int | None:
    gestation = whole_gestation(given)
    return None if gestation is None else TERM_DAYS - gestation


def trimmed(text: str) -> str:
    """Without the blanks around it that both languages know."""
    return text.strip(_BLANK)


def plain(value: Any) -> str:
    """Small letters and digits, joined by "_": "Child protection" is child_protection. Nothing but text, yes and no,
    and numbers says anything."""
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, float) and value.is_integer():
        text = str(int(value))
    else:
        text = str(value) if isinstance(value, str | int | float) else ""
    return _PLAIN.sub("_", text.lower()).strip("_")


def _read(name: str, value: Any, spec: Mapping[str, Any]) -> Any:
    match spec["type"]:
        case "date":
            return _date(name, value)
        case "integer" | "decimal":
            return _number(name, value, spec)
        case "yes_no":
            answer = _YES.get(plain(value))
            if answer is None:
                raise Unreadable(f"{name} must be yes or no")
            return answer
        case "choice":
            return _choice(name, value, spec)
        case "choices":
            if not isinstance(value, list):
                raise Unreadable(f"{name} must be a list")
            return [_choice(name, one, spec) for one in value if plain(one) != "none"]
        case "list":
            if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
                raise Unreadable(f"{name} must be a list of records")
            return value
        case _:
            if not isinstance(value, str):
                raise Unreadable(f"{name} must be text")
            return value


def _date(name: str, value: Any) -> date:
    day = read_date(value)
    if day is None:
        raise Unreadable(f"{name} must be a date such as 2026-05-03")
    return day


def _number(name: str, value: Any, spec: Mapping[str, Any]) -> Decimal | int:
    number = None if isinstance(value, bool) else read_decimal(_written(value))
    if number is None:
        raise Unreadable(f"{name} must be a number")
    if spec["type"] == "integer" and number != int(number):
        raise Unreadable(f"{name} must be a whole number")
    if not Decimal(str(spec["min"])) <= number <= Decimal(str(spec["max"])):
        raise Unreadable(f"{name} must be from {spec['min']} to {spec['max']}")
    return int(number) if spec["type"] == "integer" else number


def _written(value: Any) -> str | None:
    """A number as text, without an exponent and with at most 12 decimals, which is finer than anything measured."""
    text = f"{Decimal(repr(value)):f}" if isinstance(value, int | float) else value
    if not isinstance(text, str) or not _NUMBER.fullmatch(trimmed(text)):
        return None
    whole, point, part = trimmed(text).partition(".")
    return f"{whole}{point}{part[:_PLACES]}"


def _choice(name: str, value: Any, spec: Mapping[str, Any]) -> str:
    said = plain(value)
    said = spec.get("also", {}).get(said, said)
    if said not in spec["values"]:
        raise Unreadable(f"{name} must be one of {', '.join(spec['values'])}")
    return str(said)
