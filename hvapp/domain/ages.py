"""Civil dates and ages, as a health visitor says them.

Dates have no time and no zone. A calendar month that has no such day ends on its last day: 31 January plus one
month is 28 or 29 February. `static/src/lib/dates.js` does the same; `tests/contract/ages.json` holds both to it.
"""

from calendar import monthrange
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

TERM_DAYS = 280
"""40 weeks and 0 days: the length of pregnancy that corrected age counts from."""

_DAYS_UNTIL = 14
_MONTHS_OF_WEEKS = 6
_MONTHS_UNTIL = 24

_MONTH_NAMES = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def civil_date(instant: datetime) -> date:
    """The date on the wall calendar in England at an instant; the instant carries its offset."""
    if instant.tzinfo is None:
        raise ValueError("an instant without an offset has no civil date")
    return instant.astimezone(ZoneInfo("Europe/London")).date()


def add_months(start: date, months: int) -> date:
    """The same day so many calendar months later (or earlier), or that month's last day."""
    year, month_index = divmod(start.year * 12 + start.month - 1 + months, 12)
    last_day = monthrange(year, month_index + 1)[1]
    return date(year, month_index + 1, min(start.day, last_day))


def months_between(start: date, end: date) -> int:
    """Completed calendar months from start to end; negative when end comes first."""
    months = (end.year - start.year) * 12 + end.month - start.month
    return months if add_months(start, months) <= end else months - 1


def format_date(day: date) -> str:
    """Written the NHS way: "3 May 2026"."""
    return f"{day.day} {_MONTH_NAMES[day.month - 1]} {day.year}"


def format_near_date(day: date, today: date) -> str:
    """Shorter where it can be: "3 May" in the same year as today, "3 May 2027" in another."""
    return format_date(day).rsplit(" ", 1)[0] if day.year == today.year else format_date(day)


def age_text(birth: date, on: date) -> str:
    """Age for a banner: "12 days", "7 weeks and 2 days", "9 months", "2 years and 3 months".

    Days below two weeks, weeks and days below six months, months below two years.
    """
    days = (on - birth).days
    if days < 0:
        return "not yet born"
    if days < _DAYS_UNTIL:
        return _count(days, "day")
    months = months_between(birth, on)
    if months < _MONTHS_OF_WEEKS:
        weeks, odd_days = divmod(days, 7)
        return _pair(_count(weeks, "week"), odd_days, "day")
    if months < _MONTHS_UNTIL:
        return _count(months, "month")
    years, odd_months = divmod(months, 12)
    return _pair(_count(years, "year"), odd_months, "month")


def due_date(birth: date, gestation_days: int) -> date:
    """The day the baby would have been 40 weeks and 0 days."""
    return birth + timedelta(days=TERM_DAYS - gestation_days)


def corrected_age_days(birth: date, gestation_days: int, on: date) -> int:
    """Days since the due date; negative before it. Rule G1, for every gestation and for life."""
    return (on - due_date(birth, gestation_days)).days


def corrected_age_text(birth: date, gestation_days: int | None, on: date) -> str | None:
    """Corrected age for a banner, or None where it says nothing: gestation unknown, or born on the due date.

    Before the due date it is the time since the pregnancy began: "36 weeks and 2 days gestation".
    """
    if gestation_days is None or gestation_days == TERM_DAYS or on < birth:
        return None
    days = corrected_age_days(birth, gestation_days, on)
    if days >= 0:
        return age_text(due_date(birth, gestation_days), on)
    weeks, odd_days = divmod(TERM_DAYS + days, 7)
    return f"{_pair(_count(weeks, 'week'), odd_days, 'day')} gestation"


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def _pair(first: str, number: int, unit: str) -> str:
    return f"{first} and {_count(number, unit)}" if number else first
