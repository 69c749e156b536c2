"""The page of what staff have to know before they go in, as a supervisor fills it in."""

from datetime import UTC, date, datetime, timedelta

from tests.support.desk import Page

TODAY = datetime.now(UTC).date()
REASON = "Strategy meeting today"


def days(name: str, day: date | None) -> dict[str, str]:
    parts = (day.day, day.month, day.year) if day else ("", "", "")
    return {f"{name}-{part}": str(value) for part, value in zip(("day", "month", "year"), parts, strict=True)}


def given(page: Page, **changes: object) -> dict[str, object]:
    """What a supervisor sends from the page: a plan since last week, and going in twos."""
    seen = page.html.split('name="seen" value="')[1].split('"')[0]
    plain = {
        "seen": seen,
        "two_person_visit": "yes",
        "two_person_reason": "Threats to a colleague in May",
        "staff_risk": "",
        "plan": "child_protection",
    }
    dates = {"review_by": TODAY + timedelta(days=60), "plan_from": TODAY - timedelta(days=7), "plan_to": None}
    dates |= {name: changes.pop(name) for name in list(changes) if name in dates}
    return (
        plain
        | {key: value for name, day in dates.items() for key, value in days(name, day).items()}
        | changes
    )
