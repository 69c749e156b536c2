"""What is known about the child at this visit, counted from the record and the answers: ages, SDS, changes in weight.

Facts are JSON without floats, like answers; what is not known is absent. `static/src/forms/facts.js` counts the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, get_args

from hvapp.domain import growth
from hvapp.domain.ages import civil_date, corrected_age_days, months_between
from hvapp.domain.forms import rule_facts
from hvapp.domain.forms.answers import (
    is_integer,
    is_usable,
    percent_of,
    plain_decimal,
    read_date,
    read_decimal,
    read_instant,
)
from hvapp.domain.forms.definition import Field, FormDefinition
from hvapp.domain.rules.library import rule_book

Assess = Callable[..., growth.GrowthResult]
Derived = dict[str, dict[str, str | int | None]]

_SECONDS_IN_HOUR = 3600


@dataclass(frozen=True)
class Measurement:
    """One measurement of the record: kg or cm, and the civil date it was made."""

    kind: str
    value: Decimal
    on: date
    at_birth: bool = False


@dataclass(frozen=True)
class ChildFacts:
    """What the record says about the child before the visit. gestation_days is the whole pregnancy: 280 at term. Before
    the birth there is a due date (edd) instead of a birth date.

    Measurements stand in the order they were recorded: of two birth weights the one approved last holds. Immunisations
    are (vaccine, day)."""

    birth_date: date | None
    sex: str
    gestation_days: int | None = None
    birth_weight_kg: Decimal | None = None
    measurements: tuple[Measurement, ...] = ()
    need_level: str | None = None
    edd: date | None = None
    immunisations: tuple[tuple[str, date], ...] = ()

    @classmethod
    def from_record(cls, body: Mapping[str, Any]) -> "ChildFacts":
        """From a child or pregnancy as tablets receive it; a measurement that cannot be read is left out."""
        gestation, need_level = body.get("gestation_days"), body.get("need_level")
        measurements = tuple(
            Measurement(str(one["kind"]), value, on, one.get("at_birth") is True)
            for one in body.get("measurements") or ()
            if (value := read_decimal(one.get("value"))) is not None
            and (on := read_date(one.get("on"))) is not None
        )
        weights = [one.value for one in measurements if one.kind == "weight" and one.at_birth]
        return cls(
            birth_date=read_date(body.get("birth_date")),
            sex=str(body.get("sex") or "not_known"),
            gestation_days=gestation if is_integer(gestation) else None,
            birth_weight_kg=weights[-1] if weights else None,
            measurements=measurements,
            need_level=need_level if isinstance(need_level, str) else None,
            edd=read_date(body.get("edd")),
            immunisations=tuple(
                (str(one["vaccine"]), on)
                for one in body.get("immunisations") or ()
                if (on := read_date(one.get("date"))) is not None
            ),
        )


def build_facts(
    child: ChildFacts,
    answers: Any,
    now: datetime,
    form: FormDefinition,
    assess: Assess = growth.assess,
    entered_at: datetime | None = None,
    method: growth.ChartMethod | None = None,
) -> dict[str, Any]:
    """The facts of `FormDefinition.fact_sources` that are known. `now` carries its offset; for a sealed visit it is
    the moment of sealing, so that the answer to "how late was this entered" stays the same. `entered_at` is when the
    visit was first completed, where this is a correction of it: correcting a visit later does not make it late.
    `method` is how growth is corrected for gestation; the rules' own where the service has not said."""
    given = answers if isinstance(answers, Mapping) else {}
    facts: dict[str, Any] = {
        "now": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "today": civil_date(now).isoformat(),
        "birth_date": child.birth_date.isoformat() if child.birth_date else None,
        "sex": child.sex,
        "gestation_days": _gestation_days(form, child, given),
        "weeks_of_gestation": _weeks_of_gestation(form, child, given),
    }
    if (birth_weight := _birth_weight(form, child, given)) is not None:
        facts["birth_weight"] = plain_decimal(birth_weight)
    started = read_instant(given.get("started_at")) if _is_answered(form, given, "started_at") else None
    on = civil_date(started or now)
    facts["contact_date"] = on.isoformat()
    entered = entered_at or now
    if started is not None and started <= entered:
        facts["hours_late"] = int((entered - started).total_seconds()) // _SECONDS_IN_HOUR
    if child.birth_date is not None:
        facts |= _ages(child.birth_date, on, facts["gestation_days"])
        facts |= _ages_at_answers(child.birth_date, form, given)
    facts |= _changes(form, child, given, on)
    facts |= _by_rules(form, child, given, on, facts["gestation_days"], assess, method)
    for field_id, derived in derive(child, given, now, form, assess, method).items():
        facts[f"sds.{field_id}"] = derived.get("sds")
    if _is_answered(form, given, "need_level") and child.need_level is not None:
        facts["need_level_changed"] = given["need_level"] != child.need_level
    return {name: fact for name, fact in facts.items() if fact is not None}


def build_sealed_facts(
    child: ChildFacts, payload: Mapping[str, Any], sealed_at: datetime, form: FormDefinition
) -> dict[str, Any]:
    """The facts of a completed visit, as they were when it was sealed. `child` is the record before the visit."""
    entered_at, method = _first_entered_at(payload), recorded_method(payload)
    return build_facts(child, payload.get("answers"), sealed_at, form, entered_at=entered_at, method=method)


def recorded_method(payload: Mapping[str, Any]) -> growth.ChartMethod | None:
    """The growth method that a visit was recorded with; None where its tablet did not say.

    What is worked out again is worked out by it, whatever the service has chosen since."""
    context = payload.get("context")
    said = context.get("growth_method") if isinstance(context, Mapping) else None
    return next((method for method in get_args(growth.ChartMethod) if method == said), None)


def _first_entered_at(payload: Mapping[str, Any]) -> datetime | None:
    """When a corrected visit was first completed, as its tablet says; None for a first version."""
    context = payload.get("context")
    return read_instant(context.get("entered_at")) if isinstance(context, Mapping) else None


def derive(
    child: ChildFacts,
    answers: Any,
    now: datetime,
    form: FormDefinition,
    assess: Assess = growth.assess,
    method: growth.ChartMethod | None = None,
) -> Derived:
    """Centile, SDS and how they were found, for every measurement that was made and is within its hard limits."""
    given = answers if isinstance(answers, Mapping) else {}
    if child.birth_date is None:
        return {}
    gestation = _gestation_days(form, child, given)
    started = read_instant(given.get("started_at")) if _is_answered(form, given, "started_at") else None
    on = civil_date(started or now)
    chosen = method or rule_book().growth_method
    derived: Derived = {}
    for one in form.fields:
        value = _measured(one, given)
        measured_on = child.birth_date if one.measure and one.measure.at_birth else on
        if one.measure is None or value is None or measured_on < child.birth_date:
            continue
        result = assess(one.measure.kind, value, measured_on, child.birth_date, child.sex, gestation, chosen)
        derived[one.id] = growth.derived_value(result)
    return derived


def _is_answered(form: FormDefinition, given: Mapping[str, Any], field_id: str) -> bool:
    one = form.field(field_id)
    return one is not None and is_usable(one, given.get(field_id))


def _measured(one: Field, given: Mapping[str, Any]) -> Decimal | None:
    """The value of a measurement, if it is one and within the limits of what is possible."""
    value = read_decimal(given.get(one.id))
    if one.measure is None or value is None:
        return None
    return value if Decimal(one.hard.min or 0) <= value <= Decimal(one.hard.max or 0) else None


def _gestation_days(form: FormDefinition, child: ChildFacts, given: Mapping[str, Any]) -> int | None:
    """The pregnancy as answered at this visit, weeks and days both; else as the record has it; never 40 weeks."""
    weeks, days = (_within(form, given, field_id) for field_id in ("gestation_weeks", "gestation_days"))
    return child.gestation_days if weeks is None or days is None else weeks * 7 + days


def _weeks_of_gestation(form: FormDefinition, child: ChildFacts, given: Mapping[str, Any]) -> int | None:
    """Completed weeks, which are known where the days beyond them are not."""
    weeks = _within(form, given, "gestation_weeks")
    if weeks is None and child.gestation_days is not None:
        return child.gestation_days // 7
    return weeks


def _answered_birth_weight(form: FormDefinition, given: Mapping[str, Any]) -> Decimal | None:
    birth_field = form.measured("weight", at_birth=True)
    return _measured(birth_field, given) if birth_field else None


def _birth_weight(form: FormDefinition, child: ChildFacts, given: Mapping[str, Any]) -> Decimal | None:
    """As answered at this visit; else as the record has it."""
    answered = _answered_birth_weight(form, given)
    return child.birth_weight_kg if answered is None else answered


def _within(form: FormDefinition, given: Mapping[str, Any], field_id: str) -> int | None:
    """A whole number that was answered and is within its hard limits."""
    one, value = form.field(field_id), given.get(field_id)
    if one is None or not is_integer(value):
        return None
    low, high = int(one.hard.min or 0), int(one.hard.max or value)
    return value if low <= value <= high else None


def _ages(birth: date, on: date, gestation_days: int | None) -> dict[str, int]:
    days = (on - birth).days
    if days < 0:
        return {}
    ages = {"age_days": days, "weeks_of_age": days // 7, "months_of_age": months_between(birth, on)}
    if gestation_days is not None:
        ages["corrected_age_days"] = corrected_age_days(birth, gestation_days, on)
    return ages


def _ages_at_answers(birth: date, form: FormDefinition, given: Mapping[str, Any]) -> dict[str, int]:
    """How old the child was on every date that was answered."""
    return {
        f"age_at.{one.id}": (day - birth).days
        for one in form.fields
        if one.type == "date" and (day := read_date(given.get(one.id))) is not None
    }


def _changes(form: FormDefinition, child: ChildFacts, given: Mapping[str, Any], on: date) -> dict[str, Any]:
    """Each measurement against the one before it, and the weight against the birth weight."""
    answered, birth_weight = _answered_birth_weight(form, given), _birth_weight(form, child, given)
    changes: dict[str, Any] = {}
    for one in form.fields:
        value = _measured(one, given)
        if one.measure is None or one.measure.at_birth or value is None:
            continue
        kind = one.measure.kind
        if kind == "weight" and birth_weight is not None:
            changes["weight_loss_percent"] = percent_of(birth_weight - value, birth_weight)
        before = _latest_before(child, kind, on, answered)
        if before is not None:
            changes[f"days_since_last_{kind}"] = (on - before.on).days
            changes[f"{kind}_change"] = plain_decimal(value - before.value)
            changes[f"{kind}_change_percent"] = percent_of(value - before.value, before.value)
    return changes


def _by_rules(
    form: FormDefinition,
    child: ChildFacts,
    given: Mapping[str, Any],
    on: date,
    gestation_days: int | None,
    assess: Assess,
    method: growth.ChartMethod | None,
) -> dict[str, Any]:
    """What the clinical rules say of this visit."""
    if child.birth_date is None:
        answered_edd = read_date(given.get("edd")) if _is_answered(form, given, "edd") else None
        return rule_facts.count_before_birth(form, answered_edd or child.edd, on)
    return rule_facts.count(
        rule_facts.Visit(
            form=form,
            birth_date=child.birth_date,
            on=on,
            sex=child.sex,
            gestation_days=gestation_days,
            birth_weight_kg=_birth_weight(form, child, given),
            measured={
                one.measure.kind: value
                for one in form.fields
                if one.measure and not one.measure.at_birth and (value := _measured(one, given)) is not None
            },
            before=[(one.kind, one.value, one.on, one.at_birth) for one in child.measurements],
            immunisations=child.immunisations,
            answers={one.id: given[one.id] for one in form.fields if is_usable(one, given.get(one.id))},
            assess=assess,
            method=method or rule_book().growth_method,
        )
    )


def _latest_before(
    child: ChildFacts, kind: str, on: date, birth_weight: Decimal | None
) -> Measurement | None:
    """The last measurement of this kind on an earlier day, of two the one recorded last; a birth weight answered now
    replaces the record's."""
    known = [one for one in child.measurements if one.kind == kind]
    if kind == "weight" and birth_weight is not None and child.birth_date is not None:
        known = [one for one in known if not one.at_birth]
        known.append(Measurement("weight", birth_weight, child.birth_date, at_birth=True))
    return max((one for one in reversed(known) if one.on < on), key=lambda one: one.on, default=None)
