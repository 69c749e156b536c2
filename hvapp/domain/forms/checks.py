"""The closed named checks, and what they say: whether one answer is possible, and whether it is likely.

`static/src/forms/checks.js` does the same, word for word.
"""

import re
from decimal import Decimal
from typing import Any

from hvapp.domain.ages import age_text, civil_date
from hvapp.domain.forms.answers import (
    decimal_places,
    read_date,
    read_decimal,
    read_instant,
    read_number,
    rounded,
)
from hvapp.domain.forms.definition import Check, Field
from hvapp.domain.forms.logic import Live
from hvapp.domain.forms.wording import upper_first

_BABY_DAYS = 365
_OTHER = re.compile(r"[^a-z0-9]+")
_SMALL = {letter: letter + 32 for letter in range(ord("A"), ord("Z") + 1)}


def problem_with(one: Field, value: Any, live: Live) -> str | None:
    """Why a usable answer is not possible, or None. The first reason found is the one to mend."""
    return _limit_problem(one, value, live) or _check_problem(one, value, live)


def _limit_problem(one: Field, value: Any, live: Live) -> str | None:
    """Length, exclusive options, decimals and hard limits, in this order."""
    match one.type:
        case "line" | "text" if len(value) > (one.max_length or 0):
            return f"{upper_first(one.name)} must be {one.max_length} characters or fewer. It has {len(value)} now."
        case "choices":
            alone = next((one.option(each) for each in value if _is_exclusive(one, each)), None)
            if alone is not None and len(value) > 1:
                return f'Select either "{alone.label}" or the others, not both.'
        case "yes_no_each":
            left = next((option for option in one.options if option.value not in value), None)
            if left is not None:
                return f"Select yes or no for {left.label}."
        case "integer" | "decimal":
            return _number_problem(one, value, live)
        case _:
            pass
    return None


def _is_exclusive(one: Field, value: str) -> bool:
    option = one.option(value)
    return option is not None and option.exclusive


def _number_problem(one: Field, value: Any, live: Live) -> str | None:
    number = read_number(value) or Decimal(0)
    metres = next((check for check in one.checks if check.name == "not_metres"), None)
    if metres and Decimal(0) < number < Decimal(metres.limit or 0):
        return f"{one.label} {value} looks like metres. Enter it in {one.unit}, such as {rounded(number * 100, 1)}."
    if one.decimals is not None and decimal_places(value) > one.decimals:
        places = "1 decimal place" if one.decimals == 1 else f"{one.decimals} decimal places"
        return f"{upper_first(one.name)} can have at most {places}."
    low = one.hard.min is not None and number < Decimal(one.hard.min)
    high = one.hard.max is not None and number > Decimal(one.hard.max)
    if low or high or _beyond_sds(one, one.hard.sds, live):
        return _impossible(one, value, live)
    return None


def _beyond_sds(one: Field, limit: str | None, live: Live) -> bool:
    sds = read_decimal(live.facts.get(f"sds.{one.id}"))
    return limit is not None and sds is not None and abs(sds) > Decimal(limit)


def _impossible(one: Field, value: Any, live: Live) -> str:
    if one.measure:
        return f"{_quantity(one, value)} is not possible{_for_whom(one, live)}. Check the decimal point."
    if one.hard.min is not None and one.hard.max is not None:
        return f"{upper_first(one.name)} must be between {one.hard.min} and {one.hard.max}."
    if one.hard.min is not None:
        return f"{upper_first(one.name)} must be {one.hard.min} or more."
    return f"{upper_first(one.name)} must be {one.hard.max} or less."


def _quantity(one: Field, value: Any) -> str:
    return f"{one.label} {value} {one.unit}"


def _for_whom(one: Field, live: Live) -> str:
    """ " for a baby of 8 weeks", or nothing where that is not known."""
    birth, on = read_date(live.facts.get("birth_date")), read_date(live.facts.get("contact_date"))
    if one.measure and one.measure.at_birth:
        return " at birth"
    if birth is None or on is None or on < birth:
        return ""
    who = "baby" if (on - birth).days < _BABY_DAYS else "child"
    return f" for a {who} of {age_text(birth, on)}"


def _check_problem(one: Field, value: Any, live: Live) -> str | None:
    for each in one.checks:
        message = _failed(each, one, value, live)
        if message is not None:
            return each.message or message
    return None


def _failed(each: Check, one: Field, value: Any, live: Live) -> str | None:
    """The standard message of a named check that the answer fails."""
    name = upper_first(one.name)
    match each.name:
        case "must_be_true":
            return name if value is not True else None
        case "not_future":
            moment = live.facts.get("now" if one.type == "datetime" else "today")
            return f"{name} cannot be in the future." if _earlier(one.type, moment, value) else None
        case "not_before_birth":
            day = _civil_day(value) if one.type == "datetime" else value
            kind = "month" if one.type == "month" else "date"
            return (
                f"{name} cannot be before the birth."
                if _earlier(kind, day, live.facts.get("birth_date"))
                else None
            )
        case "not_before_contact":
            on = live.facts.get("contact_date")
            return f"{name} cannot be before the visit." if _earlier("date", value, on) else None
        case "at_most_days_ago" | "at_most_days_ahead":
            return _too_far(each, name, value, live)
        case "at_least_field":
            return name if _less(one.type, value, live.answers.get(each.field or "")) else None
        case "at_most_field":
            return name if _less(one.type, live.answers.get(each.field or ""), value) else None
        case _:
            return None


def _too_far(each: Check, name: str, value: Any, live: Live) -> str | None:
    """Counted from the day of the contact, which is today where that is not known."""
    day, on = read_date(value), read_date(live.facts.get("contact_date"))
    limit = int(each.limit or 0)
    if day is None or on is None:
        return None
    ahead = (day - on).days
    if each.name == "at_most_days_ago":
        return f"{name} cannot be more than {limit} days ago." if -ahead > limit else None
    return f"{name} cannot be more than {limit} days ahead." if ahead > limit else None


def _earlier(kind: str, left: Any, right: Any) -> bool:
    """Whether left comes before right, as moments, days or months; false where either is not known."""
    if kind == "datetime":
        begin, end = read_instant(left), read_instant(right)
        return begin is not None and end is not None and begin < end
    length = 7 if kind == "month" else 10
    return isinstance(left, str) and isinstance(right, str) and left[:length] < right[:length]


def _civil_day(value: Any) -> str | None:
    moment = read_instant(value)
    return civil_date(moment).isoformat() if moment else None


def _less(kind: str, left: Any, right: Any) -> bool:
    if kind in ("date", "datetime"):
        return _earlier(kind, left, right)
    first, second = read_number(left), read_number(right)
    return first is not None and second is not None and first < second


def doubt_about(one: Field, value: Any, live: Live) -> str | None:
    """Why a possible answer is asked for once more."""
    if one.type in ("integer", "decimal"):
        number = read_number(value) or Decimal(0)
        low = one.soft.min is not None and number < Decimal(one.soft.min)
        high = one.soft.max is not None and number > Decimal(one.soft.max)
        if low or high or _beyond_sds(one, one.soft.sds, live):
            quantity = _quantity(one, value) if one.unit else f"{one.label} {value}"
            whom = _for_whom(one, live) if one.measure else ""
            return f"{quantity} is very unusual{whom}. Check it, then confirm it or change it."
    for each in one.soft_checks:
        message = _soft_failed(each, one, value, live)
        if message is not None:
            return each.message or message
    return None


def _soft_failed(each: Check, one: Field, value: Any, live: Live) -> str | None:
    kind = one.measure.kind if one.measure else ""
    limit = Decimal(each.limit or 0)
    match each.name:
        case "change_percent":
            days, change = live.facts.get(f"days_since_last_{kind}"), live.facts.get(f"{kind}_change_percent")
            percent = read_decimal(change)
            if days is None or percent is None or days > (each.within_days or 0) or abs(percent) <= limit:
                return None
            since = "1 day" if days == 1 else f"{days} days"
            return (
                f"{_quantity(one, value)} is a change of {rounded(abs(percent), 1)}% in {since}. "
                "Measure again, then confirm it or change it."
            )
        case "fall":
            change = read_decimal(live.facts.get(f"{kind}_change"))
            if change is None or -change <= limit:
                return None
            return (
                f"{_quantity(one, value)} is {rounded(-change, 1)} {one.unit} less than last time. "
                "Measure again, then confirm it or change it."
            )
        case "restricted_words":
            word = _word_in(value, each.words)
            if word is None:
                return None
            return (
                f'The parent can read this, and it says "{word}". '
                "Check that it is right to share, then confirm it or change it."
            )
        case _:
            return None


def _word_in(text: str, words: tuple[str, ...]) -> str | None:
    """The first of the words that stands in the text as a word of its own, capitals or not."""
    plain = f" {_OTHER.sub(' ', text.translate(_SMALL))} "
    return next((word for word in words if f" {word.translate(_SMALL)} " in plain), None)
