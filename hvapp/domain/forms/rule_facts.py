"""The facts that clinical rules count from the record and the answers.

`static/src/forms/rule-facts.js` counts the same. Thin calls: what a rule means is said in `hvapp/domain/rules`. What a
rule cannot say is no fact.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import floor
from typing import Any

from hvapp.domain import growth
from hvapp.domain.contacts import DueContact, due_contact
from hvapp.domain.forms.answers import read_date, read_number
from hvapp.domain.forms.definition import FormDefinition
from hvapp.domain.forms.rule_fact_sources import ASQ_AREAS
from hvapp.domain.rules import development, immunisations
from hvapp.domain.rules import growth as growth_rules
from hvapp.domain.rules.answering import two_places
from hvapp.domain.rules.library import rule_book

Facts = dict[str, Any]


@dataclass(frozen=True)
class Visit:
    """What the rules are asked about. `measured` holds the measurements of this visit by kind; `before` those of the
    record, as (kind, value, day, at birth); `immunisations` those of the record, as (vaccine, day); `answers` the
    usable ones; `method` corrects growth for gestation."""

    form: FormDefinition
    birth_date: date
    on: date
    sex: str
    gestation_days: int | None
    birth_weight_kg: Decimal | None
    measured: Mapping[str, Decimal]
    before: Iterable[tuple[str, Decimal, date, bool]]
    immunisations: Iterable[tuple[str, date]]
    answers: Mapping[str, Any]
    assess: Callable[..., growth.GrowthResult]
    method: growth.ChartMethod

    @property
    def child(self) -> Facts:
        """The child as rules are told."""
        given: Facts = {
            "date_of_birth": self.birth_date,
            "on": self.on,
            "age_days": (self.on - self.birth_date).days,
        }
        if self.gestation_days is not None:
            given["gestation_weeks"], given["gestation_days"] = divmod(self.gestation_days, 7)
        return given

    @property
    def gestation_days_throughout(self) -> int | None:
        """By which measurements of different ages are corrected, to be compared with each other."""
        return growth_rules.one_way(self.method, self.gestation_days)

    def sds(self, kind: str, value: Decimal, on: date, gestation_days: int | None) -> float | None:
        return self.assess(kind, value, on, self.birth_date, self.sex, gestation_days).sds


def count(visit: Visit) -> Facts:
    """The facts of `rule_fact_sources` that are known."""
    if visit.on < visit.birth_date:
        return {}
    facts: Facts = {}
    known = visit.form.fact_sources
    for name, counting in (
        ("contact_window", _window),
        ("growth_falter", _falter),
        ("head_rise_spaces", _head),
        ("weighed_too_soon", _weighing),
        ("sds.bmi", _body_mass_index),
        ("immunisations_due", _immunisations),
        ("asq_interval_due", _asq),
    ):
        if name in known:
            facts |= counting(visit)
    return {name: fact for name, fact in facts.items() if fact is not None}


def count_before_birth(form: FormDefinition, edd: date | None, on: date) -> Facts:
    """The same while there is a due date only."""
    return _where_in(due_contact(form.contact_type, None, edd, on), on)


def _window(visit: Visit) -> Facts:
    return _where_in(due_contact(visit.form.contact_type, visit.birth_date, None, visit.on), visit.on)


def _where_in(due: DueContact | None, on: date) -> Facts:
    if due is None:
        return {}
    late = "after" if on > due.target_end else "within"
    return {"contact_window": "before" if on < due.opens_on else late}


def _falter(visit: Visit) -> Facts:
    weight, birth = visit.measured.get("weight"), visit.birth_weight_kg
    if weight is None:
        return {}
    gestation, limits = visit.gestation_days_throughout, rule_book().limits["G7"]
    sds = visit.sds("weight", weight, visit.on, gestation)
    if sds is None or visit.child["age_days"] <= limits["after_day"]:
        return {}
    at_birth = None
    if birth is not None and visit.gestation_days is not None:
        at_birth = visit.sds("weight", birth, visit.birth_date, gestation)
    answer = growth_rules.fall(at_birth, sds, limits) or {}
    return {"growth_falter": answer.get("status"), "weight_fall_spaces": answer.get("fall_text")}


def _head(visit: Visit) -> Facts:
    """The rise since the lowest of the earlier measurements."""
    head, gestation = visit.measured.get("ofc"), visit.gestation_days_throughout
    earlier = [
        visit.sds("ofc", value, on, gestation)
        for kind, value, on, _ in visit.before
        if kind == "ofc" and visit.birth_date <= on < visit.on
    ]
    lowest = min((sds for sds in earlier if sds is not None), default=None)
    now = None if head is None else visit.sds("ofc", head, visit.on, gestation)
    if now is None or lowest is None:
        return {}
    # Rounded down, so that "2.00" is never less than 2 spaces.
    hundredths = floor(((now - lowest) / growth_rules.SPACE + growth_rules.HAIR) * 100)
    return {"head_rise_spaces": two_places(hundredths / 100)}


def _weighing(visit: Visit) -> Facts:
    last = max(
        (on for kind, _, on, at_birth in visit.before if kind == "weight" and not at_birth and on < visit.on),
        default=None,
    )
    if "weight" not in visit.measured or last is None:
        return {}
    answer = growth_rules.too_soon({**visit.child, "last_weighed_on": last}, rule_book().limits["G8"])
    return {
        "weighed_too_soon": answer["status"] == "too_soon",
        "next_weighing_from": answer["next_weighing_from"],
    }


def _body_mass_index(visit: Visit) -> Facts:
    weight, height = visit.measured.get("weight"), visit.measured.get("height")
    if weight is None or height is None or growth_rules.is_too_young_for_bmi(visit.child):
        return {}
    # Asked from 2 years only, and from then on paper charts correct nobody.
    gestation = None if visit.method == "paper" else visit.gestation_days
    sds = visit.sds("bmi", growth_rules.bmi(weight, height), visit.on, gestation)
    return {"sds.bmi": None if sds is None else f"{sds:.12f}"}


def _immunisations(visit: Visit) -> Facts:
    known = [{"vaccine": vaccine, "date": day.isoformat()} for vaccine, day in visit.immunisations]
    # An answer that a later one hid stays in the visit, and was not given.
    given_today = visit.answers.get("imm_decision") == "given_today"
    counted = {name: one for name, one in visit.answers.items() if name != "given" or given_today}
    told = _told(counted, visit.on)
    doses, _ = immunisations.work_out({**visit.child, "history": known + told}, rule_book().schedule)
    return {"immunisations_on_record": True if known else None} | {
        f"immunisations_{state}": ", ".join(dose.name for dose in doses if dose.state == state) or None
        for state in ("overdue", "due")
    }


def _told(answers: Mapping[str, Any], on: date) -> list[dict[str, Any]]:
    """Vaccinations given before, and given at the visit on this day, as they were answered."""
    before: list[Mapping[str, Any]] = answers.get("imm_history", [])
    given: list[Mapping[str, Any]] = answers.get("given", [])
    return [{"vaccine": row.get("vaccine"), "date": row.get("given_on")} for row in before] + [
        {"vaccine": row.get("product"), "date": on.isoformat()} for row in given
    ]


def vaccinations(answers: Mapping[str, Any], on: date) -> list[tuple[str, date]]:
    """The same by the schedule's names, without what it does not know and what has no date up to that day."""
    names = rule_book().schedule["names"]
    known = [
        (immunisations.vaccine_named(one["vaccine"], names), read_date(one["date"]))
        for one in _told(answers, on)
    ]
    return [(vaccine, day) for vaccine, day in known if vaccine and day and day <= on]


def _asq(visit: Visit) -> Facts:
    book = rule_book()
    asked = read_number(visit.answers.get("asq_interval"))
    child = visit.child if asked is None else {**visit.child, "asq_interval": asked}
    fitting = development.interval(child, book.limits["D2"], book.asq)
    facts: Facts = {"asq_interval_due": fitting.get("interval")}
    if asked is None:
        return facts
    if facts["asq_interval_due"] is not None:
        facts["asq_interval_fits"] = fitting["status"] == "fits"
    scores = {
        f"asq_{area}": score
        for area in ASQ_AREAS
        if (score := read_number(visit.answers.get(f"asq_{area}"))) is not None
    }
    answer = development.scores({"asq_interval": int(asked), **scores}, book.asq)
    facts["asq_unconfirmed"] = answer["status"] == "unconfirmed_cut_off" or None
    facts["asq_refer"] = answer.get("refer_text") or None
    return facts
