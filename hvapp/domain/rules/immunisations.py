"""Immunisations due, overdue, too early and no longer possible, rule IMM. The schedule and its sources are data:
`hvapp/rules/immunisations.v1.yaml`. `static/src/rules/immunisations.js` answers the same.

A dose that was given too early does not count, is listed, and keeps the next one waiting all the same. What is
missing is listed dose by dose and never started again; which comes first is for the UKHSA algorithm. A history that is
not known counts as none.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from hvapp.domain.ages import add_months
from hvapp.domain.forms.answers import read_date
from hvapp.domain.rules.answering import Answer
from hvapp.domain.rules.given import Given

_OTHER = re.compile(r"[^a-z0-9]")
_STATES = ("overdue", "due", "too_early", "not_yet", "no_longer_possible", "given")


@dataclass(frozen=True)
class Dose:
    """One dose of the schedule for one child. `due_on` moves back where an interval asks for it."""

    vaccine: str
    number: int
    state: str
    due_on: date
    earliest: date
    latest: date | None
    given_on: date | None
    confirmed: bool

    @property
    def name(self) -> str:
        return f"{self.vaccine} dose {self.number}"


def schedule(given: Given, data: Mapping[str, Any]) -> Answer:
    """IMM. `data` is the schedule as tablets have it."""
    doses, not_counted = work_out(given, data)
    if "vaccine" in given:
        return _one(given, doses, data)
    lists = {state: [dose.name for dose in doses if dose.state == state] for state in _STATES}
    ahead = [dose.due_on for dose in doses if dose.state in ("not_yet", "too_early")]
    status = "overdue" if lists["overdue"] else "due" if lists["due"] else "up_to_date"
    return {
        "status": status,
        **lists,
        "overdue_text": ", ".join(lists["overdue"]),
        "due_text": ", ".join(lists["due"]),
        "next_due_on": min(ahead).isoformat() if ahead else None,
        "not_counted": not_counted,
        "history_known": given.get("history") is not None,
    }


def work_out(given: Given, data: Mapping[str, Any]) -> tuple[list[Dose], list[str]]:
    """Every dose of the child's schedule, and in words what was given and does not count."""
    birth, on = given["date_of_birth"], given["on"]
    history, not_counted = _readable(given.get("history") or [], data["names"], birth, on)
    doses: list[Dose] = []
    for course in data["courses"]:
        if course.get("when", "") in ("", *given.get("selective", ())):
            doses += _course(course, history, birth, on, data, not_counted)
    return doses, list(dict.fromkeys(not_counted))


def _one(given: Given, doses: Sequence[Dose], data: Mapping[str, Any]) -> Answer:
    """The answer about one vaccine: the dose that is named, else the first that is not given. A vaccine without a
    course of its own is asked about by the courses that it counts towards."""
    vaccine = vaccine_named(given["vaccine"], data["names"]) or given["vaccine"]
    counts = {course["id"]: course["counts"] for course in data["courses"]}
    of_it = [
        dose
        for dose in doses
        if dose.vaccine == vaccine or (vaccine not in counts and vaccine in counts[dose.vaccine])
    ]
    if "dose" in given:
        of_it = [dose for dose in of_it if dose.number == given["dose"]]
    chosen = next((dose for dose in of_it if dose.state != "given"), of_it[-1] if of_it else None)
    if chosen is None:
        return {"status": "not_on_schedule", "vaccine": vaccine}
    return {
        "status": chosen.state,
        "overdue_text": chosen.name,
        "due_text": chosen.name,
        "vaccine": chosen.vaccine,
        "dose": chosen.number,
        "due_on": chosen.due_on.isoformat(),
        "earliest": chosen.earliest.isoformat(),
        "latest": chosen.latest.isoformat() if chosen.latest else None,
        "given_on": chosen.given_on.isoformat() if chosen.given_on else None,
        "confirmed": chosen.confirmed,
    }


def vaccine_named(text: Any, names: Mapping[str, Sequence[str]]) -> str | None:
    """The vaccine by any of its names, small letters and digits compared."""
    said = _OTHER.sub("", text.lower()) if isinstance(text, str) else ""
    return next((vaccine for vaccine, known in names.items() if said in known), None)


def _readable(
    history: Sequence[Mapping[str, Any]], names: Mapping[str, Sequence[str]], birth: date, on: date
) -> tuple[list[tuple[date, str]], list[str]]:
    """The doses that were given, each once and in order, and in words those that cannot count."""
    known, not_counted = set(), []
    for one in history:
        text = one.get("vaccine")
        vaccine, day = vaccine_named(text, names), read_date(one.get("date"))
        if vaccine is None:
            said = text if isinstance(text, str) else "?"
            not_counted.append(f"{said}: not a vaccine of this schedule")
        elif day is None:
            not_counted.append(f"{vaccine}: no date")
        elif not birth <= day <= on:
            not_counted.append(f"{vaccine} {day.isoformat()}: before the birth or in the future")
        else:
            known.add((day, vaccine))
    return sorted(known), not_counted


def _course(
    course: Mapping[str, Any],
    history: Sequence[tuple[date, str]],
    birth: date,
    on: date,
    data: Mapping[str, Any],
    not_counted: list[str],
) -> list[Dose]:
    doses: list[Dose] = []
    given = [(day, vaccine) for day, vaccine in history if vaccine in course["counts"]]
    last: date | None = None
    waits_for: date | None = None  # the day on which the missing dose before could be given at the earliest
    lapsed = False
    for number, rule in enumerate((rule for rule in course["doses"] if _is_for(rule, birth)), 1):
        taken = None
        while given and taken is None:
            day, vaccine = given.pop(0)
            if day >= _earliest(rule, birth, last, history, day):
                taken = day
            else:
                not_counted.append(f"{vaccine} {day.isoformat()}: given too early")
            last = day
        own = taken or _earliest(rule, birth, last, history, on)
        earliest = own
        if waits_for is not None and taken is None:
            earliest = max(own, _earliest(rule, birth, waits_for, history, on))
        due_on, latest = max(_moment(rule["due"], birth), own), _latest(rule, birth)
        state = "given" if taken else _state(on, due_on, earliest, latest, waits_for is not None)
        if (
            state == "due"
            and on > due_on + timedelta(days=data["overdue_after"])
            and not rule.get("campaign")
        ):
            state = "overdue"
        lapsed = lapsed or state == "no_longer_possible"
        if lapsed and not taken:
            state = "no_longer_possible"
        confirmed = rule.get("confirmed", course["confirmed"])
        doses.append(Dose(course["id"], number, state, due_on, earliest, latest, taken, confirmed))
        if taken is None:
            waits_for = max(on, earliest)
    return doses


def _state(on: date, due_on: date, earliest: date, latest: date | None, waits: bool) -> str:
    """A dose that waits for a missing one is late by its own date; one whose interval is running is too early."""
    if latest is not None and max(on, earliest) > latest:
        return "no_longer_possible"
    if on < earliest and not (waits and on >= due_on):
        return "too_early"
    return "due" if on >= due_on else "not_yet"


def _earliest(
    rule: Mapping[str, Any], birth: date, last: date | None, history: Sequence[tuple[date, str]], by: date
) -> date:
    """The youngest age, or the end of the intervals that have to pass first: since the dose before, and since the last
    dose of another vaccine that was given by that day."""
    days = [_moment(rule.get("from", rule["due"]), birth)]
    if last is not None and "after" in rule:
        days.append(_moment(rule["after"], last))
    if "after_vaccine" in rule:
        other = rule["after_vaccine"]
        days += [_moment(other, day) for day, vaccine in history if vaccine == other["vaccine"] and day <= by]
    return max(days)


def _is_for(rule: Mapping[str, Any], birth: date) -> bool:
    day = birth.isoformat()
    return bool(rule.get("born_from", day) <= day <= rule.get("born_to", day))


def _latest(rule: Mapping[str, Any], birth: date) -> date | None:
    if "before" in rule:
        return _moment(rule["before"], birth) - timedelta(days=1)
    return _moment(rule["to"], birth) if "to" in rule else None


def _moment(distance: Mapping[str, Any], start: date) -> date:
    if "date" in distance:
        return date.fromisoformat(distance["date"])
    if "months" in distance:
        return add_months(start, distance["months"])
    return start + timedelta(days=distance["days"])
