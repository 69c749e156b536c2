"""Fills in any form as an uneventful visit would be: whatever it asks and nobody has answered yet.

Made from the definition alone, so a new form can be filled in on the day it is written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hvapp.domain import growth
from hvapp.domain.forms.answers import read_date
from hvapp.domain.forms.definition import Field, FormDefinition
from hvapp.domain.forms.facts import Assess, ChildFacts, build_facts
from hvapp.domain.forms.logic import look, look_at_row
from hvapp.domain.forms.validate import check

PLAN = "Talked through with the parents; they know whom to ring. Looked at again at the next contact."

# Where the first option, "no" or the plain words for the type would not be the usual answer.
_USUAL: Mapping[str, Any] = {
    "identity_checked": True,
    "seen_alone": True,
    "icon_discussed": True,
    "baby_space_ready": True,
    "gp_registered": True,
    "smoker_in_home": "no",
    "sleep_surface": "moses",
    "partner_included": "seen",
    "feeding_status": "exclusive",
    "bloodspot_results": "none_suspected",
    "multiple": "1",
    "attempt_no": 1,
    "nappies_wet": 7,
    "nappies_dirty": 4,
    "births_in_pregnancy": 1,
    "birth_order": 1,
    "gestation_weeks": 39,
    "gestation_days": 4,
    "apgar_1": 9,
    "apgar_5": 10,
    "carrier_temperature": "5.0",
    "child_voice": "Awake and calm, turned to the voices of the parents, settled quickly when held.",
    "actions": "Seen again at the next contact. The parents ring us with any question.",
    "summary_parent": "Your child is growing as we expect. Ring us with any question.",
}
_CALM = ("none", "no_concern", "nothing_known")
_DAYS_FROM_CONTACT = {"next_due": 42, "edd": 40, "expiry": 300, "arrived_on": -7}
_BEST_TOTAL = 55
_SOLIDS_FROM_DAYS = 180


@dataclass(frozen=True)
class _Place:
    """What an answer may hang on: the child, the people of the household, and what is known so far."""

    child: ChildFacts
    people: Sequence[str]
    on: date
    facts: Mapping[str, Any]
    assess: Assess
    started_at: str


def fill_in(
    form: FormDefinition,
    child: ChildFacts,
    now: datetime,
    given: Mapping[str, Any],
    people: Sequence[str],
    *,
    everything: bool = False,
    assess: Assess = growth.assess,
) -> dict[str, Any]:
    """The answers given, and the usual ones to what is still missing; to every question that is shown, with
    `everything`. `given` says when the visit started."""
    answers = {key: value for key, value in given.items() if form.field(key) is not None}
    for one in form.fields:
        if one.prefill is not None and one.prefill.startswith("=") and one.id not in answers:
            answers[one.id] = one.prefill[1:]
    before: dict[str, Any] | None = None
    while answers != before:
        before = dict(answers)
        facts = build_facts(child, answers, now, form, assess)
        on = read_date(facts["contact_date"]) or now.date()
        place = _Place(child, people, on, facts, assess, str(answers.get("started_at", now.isoformat())))
        for one in _open(form, answers, facts, everything):
            answers[one.id] = _usual(one, place)
    return answers


def respond(
    form: FormDefinition,
    child: ChildFacts,
    now: datetime,
    answers: Mapping[str, Any],
    assess: Assess = growth.assess,
) -> dict[str, str]:
    """A plan for every alert that asks for one."""
    alerts = check(form, {"answers": answers}, build_facts(child, answers, now, form, assess)).alerts
    return {alert.id: PLAN for alert in alerts if alert.level != "info"}


def _open(
    form: FormDefinition, answers: Mapping[str, Any], facts: Mapping[str, Any], everything: bool
) -> list[Field]:
    if everything:
        visible = look(form, answers, facts).visible
        # One at a time, from the top: an answer may hide what stands below it.
        return [one for one in form.fields if one.id in visible and one.id not in answers][:1]
    found = check(form, {"answers": answers}, facts).findings
    missing = {one.field_id for one in found if one.level == "missing" and one.alert_id is None}
    return [one for one in form.fields if one.id in missing and one.id not in answers]


def _usual(one: Field, place: _Place) -> Any:
    if one.id in _USUAL:
        return _USUAL[one.id]
    if one.id.startswith("asq_") and one.type == "integer":
        return _BEST_TOTAL
    values = [option.value for option in one.options]
    match one.type:
        case "line" | "text":
            return "Nothing to add"
        case "integer":
            return int(one.hard.min or 0)
        case "decimal":
            return _typical(one, place)
        case "date":
            return _day(one, place)
        case "month":
            return place.on.isoformat()[:7]
        case "datetime":
            return place.started_at
        case "yes_no":
            return False
        case "choice":
            return _choice(one, values, place)
        case "choices":
            return ["none"] if "none" in values else values[:1]
        case "people":
            return list(place.people[:1])
        case "person":
            return place.people[0]
        case "photo":
            return []
        case "yes_no_each":
            return dict.fromkeys(values, True)
        case _:
            return [_row(one, place)]


def _choice(one: Field, values: list[str], place: _Place) -> str:
    if one.id == "need_level" and place.child.need_level in values:
        return str(place.child.need_level)
    if one.id == "asq_interval":
        months = int(place.facts.get("age_days", 0)) // 30
        return max((value for value in values if int(value) <= months), key=int, default=values[0])
    return next((value for value in _CALM if value in values), values[0])


def _day(one: Field, place: _Place) -> Any:
    if one.id == "solids_started" and place.child.birth_date is not None:
        day = place.child.birth_date + timedelta(days=_SOLIDS_FROM_DAYS)
        return day.isoformat() if day <= place.on else {"not_done": "does_not_apply"}
    return (place.on + timedelta(days=_DAYS_FROM_CONTACT.get(one.id, 0))).isoformat()


def _row(one: Field, place: _Place) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for part in one.fields:
        if part.id in look_at_row(one.fields, row, place.facts).visible:
            row[part.id] = _usual(part, place)
    return row


def _typical(one: Field, place: _Place) -> str:
    """The measurement that lies in the middle of the charts; the middle of the limits, where there is no chart."""
    low, high = Decimal(one.hard.min or 0), Decimal(one.hard.max or 1)
    birth = place.child.birth_date
    if one.measure is None or birth is None:
        return f"{(low + high) / 2:.{one.decimals}f}"
    on = birth if one.measure.at_birth else place.on
    for _ in range(20):
        middle = (low + high) / 2
        found = place.assess(
            one.measure.kind, middle, on, birth, place.child.sex, place.facts.get("gestation_days")
        )
        if found.sds is None:
            break
        low, high = (middle, high) if found.sds < 0 else (low, middle)
    return f"{(low + high) / 2:.{one.decimals}f}"
