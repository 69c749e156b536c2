"""Which contact is due next, and by when.

The windows and their sources are data: `hvapp/rules/contact_windows.v1.yaml`.
`static/src/rules/contacts.js` gives the same answers; `tests/contract/contacts.json` holds both to it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from hvapp.domain.ages import add_months, format_near_date

State = Literal["not_yet", "due", "due_soon", "overdue", "breached"]
About = Literal["child", "pregnancy"]
"""Whose record: a child's, or before the birth a pregnancy's."""

_PUBLISHED = Path(__file__).parent.parent / "rules" / "contact_windows.v1.yaml"


@dataclass(frozen=True)
class Limit:
    """A distance from the birth date or due date, in days or calendar months, and where it was read."""

    days: int | None
    months: int | None
    source: str
    confirmed: bool

    def after(self, start: date) -> date:
        if self.months is not None:
            return add_months(start, self.months)
        return start + timedelta(days=self.days or 0)


@dataclass(frozen=True)
class Window:
    """When one contact may be done, should be done and must be done."""

    counts_from: Literal["edd", "birth"]
    opens: Limit
    target_end: Limit
    limit: Limit
    lapses: Limit | None

    def is_confirmed(self) -> bool:
        """Whether every limit was read in its named source; if not, the product says so."""
        return self.opens.confirmed and self.target_end.confirmed and self.limit.confirmed


@dataclass(frozen=True)
class Contact:
    """A kind of contact. Universal ones are offered to every family; the others only when planned. Those that are
    `also_before_birth` can be about a child or about a pregnancy."""

    contact_type: str
    title: str
    universal: bool
    window: Window | None
    also_before_birth: bool = False


@dataclass(frozen=True)
class ContactRules:
    version: int
    due_soon_days: int
    contacts: tuple[Contact, ...]

    def title(self, contact_type: str) -> str:
        """The words for a contact type; KeyError for one that is not in the rules."""
        return {contact.contact_type: contact.title for contact in self.contacts}[contact_type]


@dataclass(frozen=True)
class DueContact:
    """The next contact of one child or pregnancy. `days_left` counts to target_end and goes below zero."""

    contact_type: str
    title: str
    opens_on: date
    target_end: date
    limit_on: date
    state: State
    days_left: int
    text: str
    confirmed: bool


def read_contact_rules(path: Path) -> ContactRules:
    """Rules from a published file."""
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    return ContactRules(
        version=data["version"],
        due_soon_days=data["due_soon"]["days"],
        contacts=tuple(_contact(entry) for entry in data["contacts"]),
    )


@cache
def contact_rules() -> ContactRules:
    """The rules in force."""
    return read_contact_rules(_PUBLISHED)


@cache
def _before_birth() -> frozenset[str]:
    windows = ((one.contact_type, one.window) for one in contact_rules().contacts)
    return frozenset(name for name, window in windows if window is not None and window.counts_from == "edd")


def is_about_pregnancy(contact_type: str) -> bool:
    """Whether a contact takes place before the birth, when there is no child yet to file it under."""
    return contact_type in _before_birth()


def may_be_about_pregnancy(contact_type: str) -> bool:
    """Whether a contact of this kind can take place before the birth."""
    return is_about_pregnancy(contact_type) or any(
        one.contact_type == contact_type and one.also_before_birth for one in contact_rules().contacts
    )


def contact_rules_data() -> dict[str, Any]:
    """The rules in force as plain data, for the tablet."""
    data: dict[str, Any] = yaml.safe_load(_PUBLISHED.read_text(encoding="utf-8"))
    return data


def next_contact(
    birth_date: date | None,
    edd: date | None,
    done: Collection[str],
    today: date,
    *,
    planned: Collection[str] = (),
    rules: ContactRules | None = None,
) -> DueContact | None:
    """The earliest contact not yet done that has not given way to a later one, or None when nothing is due.

    Before the birth only the antenatal visit can be due; from the birth it no longer is. `done` holds the types
    of contact that took place; `planned` the non-universal ones agreed for this child.
    """
    rules = rules or contact_rules()
    counts_from, start = ("birth", birth_date) if birth_date else ("edd", edd)
    if start is None:
        return None
    ahead = [
        (contact, contact.window)
        for contact in rules.contacts
        if contact.window is not None
        and contact.window.counts_from == counts_from
        and (contact.universal or contact.contact_type in planned)
    ]
    for position, (contact, window) in enumerate(ahead):
        if position + 1 < len(ahead):
            gone_on = ahead[position + 1][1].opens.after(start)
        else:
            gone_on = window.lapses.after(start) if window.lapses else date.max
        if contact.contact_type not in done and today < gone_on:
            return _due(contact, window, start, today, rules.due_soon_days)
    return None


def due_contact(
    contact_type: str,
    birth_date: date | None,
    edd: date | None,
    today: date,
    rules: ContactRules | None = None,
) -> DueContact | None:
    """Where one kind of contact stands, done or not; None where its window does not count from what is known."""
    rules = rules or contact_rules()
    for contact in rules.contacts:
        if contact.contact_type == contact_type and contact.window is not None:
            start = birth_date if contact.window.counts_from == "birth" else edd
            return _due(contact, contact.window, start, today, rules.due_soon_days) if start else None
    return None


def _due(contact: Contact, window: Window, start: date, today: date, due_soon_days: int) -> DueContact:
    opens_on, target_end, limit_on = (
        limit.after(start) for limit in (window.opens, window.target_end, window.limit)
    )
    days_left = (target_end - today).days
    state: State
    if today > limit_on:
        state = "breached"
    elif days_left < 0:
        state = "overdue"
    elif today < opens_on:
        state = "not_yet"
    else:
        state = "due_soon" if days_left <= due_soon_days else "due"
    return DueContact(
        contact_type=contact.contact_type,
        title=contact.title,
        opens_on=opens_on,
        target_end=target_end,
        limit_on=limit_on,
        state=state,
        days_left=days_left,
        text=_text(contact.title, state, opens_on, target_end, today),
        confirmed=window.is_confirmed(),
    )


def _text(title: str, state: State, opens_on: date, target_end: date, today: date) -> str:
    if state == "not_yet":
        return f"{title} can start on {format_near_date(opens_on, today)}"
    if state in ("overdue", "breached"):
        since = format_near_date(target_end + timedelta(days=1), today)
        return f"{title} very late, since {since}" if state == "breached" else f"{title} late since {since}"
    days_left = (target_end - today).days
    if days_left == 0:
        return f"{title} due today"
    left = "1 day left" if days_left == 1 else f"{days_left} days left"
    return f"{title} due by {format_near_date(target_end, today)}, {left}"


def _contact(entry: dict[str, Any]) -> Contact:
    window = None
    if "counts_from" in entry:
        window = Window(
            counts_from=entry["counts_from"],
            opens=_limit(entry["opens"]),
            target_end=_limit(entry["target_end"]),
            limit=_limit(entry["limit"]),
            lapses=_limit(entry["lapses"]) if "lapses" in entry else None,
        )
    also_before_birth = entry.get("also_before_birth", False)
    return Contact(entry["type"], entry["title"], entry["universal"], window, also_before_birth)


def _limit(entry: dict[str, Any]) -> Limit:
    return Limit(entry.get("days"), entry.get("months"), entry["source"], entry["confirmed"])
