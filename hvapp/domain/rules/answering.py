"""What every rule answers in: a status, and the numbers it worked out. `evaluate` adds the level and the words."""

from datetime import date
from typing import Any

from hvapp.domain.ages import add_months
from hvapp.domain.rules.given import Given

Limits = dict[str, Any]
Answer = dict[str, Any]

_MONTHS_IN_4_YEARS, _DAYS_IN_4_YEARS = 48, 1461


def cannot_say(reason: str, **worked_out: Any) -> Answer:
    """What a rule answers where something it needs is not known."""
    return {"status": "cannot_say", "reason": reason, **worked_out}


def not_given(*names: str) -> Answer:
    return cannot_say(
        f"{' and '.join(names)} not given" if len(names) < 3 else f"none of {', '.join(names)} given"
    )


def has_reached(given: Given, months: int) -> bool:
    """Whether the child is so many calendar months old; by 365.25 days a year where only the days are known."""
    birth, on = given.get("date_of_birth"), given.get("on")
    if isinstance(birth, date) and isinstance(on, date):
        return on >= add_months(birth, months)
    return bool(given["age_days"] * _MONTHS_IN_4_YEARS >= months * _DAYS_IN_4_YEARS)


def two_places(number: float) -> str:
    """The number in text with two decimals, alike in both languages."""
    hundredths = int(abs(number) * 100 + 0.5)
    sign = "-" if number < 0 and hundredths else ""
    return f"{sign}{hundredths // 100}.{hundredths % 100:02d}"
