"""What a form file may not say even when every key is right: conditions on fields that do not exist, limits without a
unit, checks on the wrong kind of field. Each mistake is one plain sentence."""

import re
from collections.abc import Iterator, Mapping

from hvapp.domain.contacts import contact_rules
from hvapp.domain.forms.conditions import condition_mistakes
from hvapp.domain.forms.definition import AlertRule, Check, Field, FormDefinition, Section

PREFILLS = (
    "now",
    "practitioner_type",
    "child.need_level",
    "child.gestation_weeks",
    "child.gestation_days",
    "child.birth_weight_kg",
    "child.births_in_pregnancy",
    "child.birth_order",
    "child.edd",
)
LAST = "last."
"""What the child's last contact answered to the same question; never copied without a tap."""

_ID = re.compile(r"[a-z][a-z0-9_]{0,59}")
_ALERT_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}")
FIGURES = ("body",)
_NAMED = re.compile(r"\{([^}]*)\}")
_DATED = ("date", "month", "datetime")
_TYPES_OF_CHECK: Mapping[str, tuple[str, ...]] = {
    "not_future": _DATED,
    "not_before_birth": _DATED,
    "not_before_contact": ("date",),
    "at_most_days_ago": ("date",),
    "at_most_days_ahead": ("date",),
    "at_least_field": ("integer", "decimal", "date", "datetime"),
    "at_most_field": ("integer", "decimal", "date", "datetime"),
    "must_be_true": ("yes_no",),
    "not_metres": ("decimal",),
}
_TYPES_OF_SOFT_CHECK: Mapping[str, tuple[str, ...]] = {
    "change_percent": ("decimal",),
    "fall": ("decimal",),
    "restricted_words": ("line", "text"),
}
_TYPES_OF_KNOWN: Mapping[str, str] = {
    "started_at": "datetime",
    "gestation_weeks": "integer",
    "gestation_days": "integer",
    "need_level": "choice",
}
_NEED_LIMIT = ("not_metres", "change_percent", "fall", "at_most_days_ago", "at_most_days_ahead")
_OPTION_TYPES = ("choice", "choices", "yes_no_each")


def mistakes_in(form: FormDefinition) -> Iterator[str]:
    """Every mistake of a definition whose keys and types are already right."""
    known = [contact.contact_type for contact in contact_rules().contacts]
    if form.contact_type not in known:
        yield f'the form: "{form.contact_type}" is not a kind of contact; known are {", ".join(known)}'
    yield from _bad_ids("the form", [form.id])
    yield from _bad_ids("sections", [section.id for section in form.sections])
    yield from _bad_ids("fields", [one.id for one in form.fields])
    yield from _bad_ids("alerts", [alert.id for alert in form.alerts], _ALERT_ID)
    above: dict[str, Field] = {}
    for section in form.sections:
        yield from _section_mistakes(form, section, above)
    everything = {one.id: one for one in form.fields}
    for alert in form.alerts:
        yield from _alert_mistakes(form, alert, everything)


def _bad_ids(where: str, ids: list[str], pattern: re.Pattern[str] = _ID) -> Iterator[str]:
    for one in dict.fromkeys(ids):
        if not pattern.fullmatch(one):
            yield f'{where}: the id "{one}" should be small letters, digits and "_", beginning with a letter'
        if ids.count(one) > 1:
            yield f'{where}: the id "{one}" is used {ids.count(one)} times'


def _section_mistakes(form: FormDefinition, section: Section, above: dict[str, Field]) -> Iterator[str]:
    where = f'section "{section.id}"'
    if not section.fields:
        yield f"{where}: it has no fields"
    if section.show_when is not None:
        yield from condition_mistakes(f"{where}, show_when", section.show_when, above, form)
    everything = {one.id: one for one in form.fields}
    for one in section.fields:
        yield from _field_mistakes(form, one, above, everything)
        above[one.id] = one


def _field_mistakes(
    form: FormDefinition, one: Field, above: Mapping[str, Field], everything: Mapping[str, Field]
) -> Iterator[str]:
    where = f'field "{one.id}"'
    if one.type != _TYPES_OF_KNOWN.get(one.id, one.type):
        yield f"{where}: facts are counted from it, so it has to be a {_TYPES_OF_KNOWN[one.id]}"
    yield from _shape_mistakes(where, one)
    yield from _check_mistakes(where, one, everything)
    if one.show_when is not None:
        yield from condition_mistakes(f"{where}, show_when", one.show_when, above, form)
    if one.required_when is not None:
        yield from condition_mistakes(
            f"{where}, required_when", one.required_when, everything, form, any_fact=True
        )
    if one.type == "list":
        yield from _list_mistakes(where, one, form)
    must_be_true = any(check.name == "must_be_true" for check in one.checks)
    if not one.not_done and not must_be_true:
        yield f'{where}: "not_done: false" is only for a field with the check must_be_true'
    if one.not_done and must_be_true:
        yield f'{where}: with the check must_be_true it needs "not_done: false"'
    if one.suggest == f"{LAST}{one.id}":
        if one.visibility == "X":
            yield f'{where}: a restricted answer is never offered again, so it cannot have "suggest: {one.suggest}"'
    elif one.suggest is not None and one.suggest not in PREFILLS:
        yield f'{where}: "suggest" can be {LAST}{one.id}, {", ".join(PREFILLS)}, not "{one.suggest}"'
    if one.household and one.visibility == "X":
        yield f'{where}: a restricted answer is never offered to a twin, so it cannot have "household"'
    if one.prefill is not None and not one.prefill.startswith("=") and one.prefill not in PREFILLS:
        yield f'{where}: "prefill" can be from {", ".join(PREFILLS)}, not "{one.prefill}"'
    if one.fixed and not (one.type == "choice" and (one.prefill or "").startswith("=")):
        yield f'{where}: "fixed" is for a choice that is prefilled with a value'


def _shape_mistakes(where: str, one: Field) -> Iterator[str]:
    """What a type needs and what it cannot have."""
    if one.type in _OPTION_TYPES:
        yield from _option_mistakes(where, one)
    elif one.options:
        yield f'{where}: "options" are for {", ".join(_OPTION_TYPES)}, not for {one.type}'
    numeric = one.type in ("integer", "decimal")
    if not numeric and (one.unit or one.hard != type(one.hard)() or one.soft != type(one.soft)()):
        yield f"{where}: a unit and limits are for numbers, not for {one.type}"
    if one.type == "integer" and any("." in (limit or "") for limit in (one.hard.min, one.hard.max)):
        yield f"{where}: the limits of a whole number are whole numbers"
    if one.type != "decimal" and (one.decimals is not None or one.measure):
        yield f'{where}: "decimals" and "measure" are for decimals, not for {one.type}'
    if one.type == "decimal" and one.decimals not in range(1, 7):
        yield f'{where}: a decimal needs "decimals", from 1 to 6'
    if one.type in ("line", "text") and not 1 <= (one.max_length or 0) <= 10_000:
        yield f'{where}: it needs "max_length", from 1 to 10000'
    if one.type not in ("line", "text") and one.max_length is not None:
        yield f'{where}: "max_length" is for line and text'
    if (one.hard.sds or one.soft.sds) and one.measure is None:
        yield f'{where}: an SDS limit needs "measure", to know which growth reference'
    if one.measure and (one.hard.min is None or one.hard.max is None or one.unit is None):
        yield f'{where}: a measurement needs "unit" and hard "min" and "max", for a child without a reference'
    if one.type == "photo" and (one.suggest or one.prefill):
        yield f"{where}: a photo is never filled in or offered again"
    if one.type == "photo" and (one.visibility == "P" or one.red_book):
        yield f'{where}: a photo is never in the red book, so its visibility is H or X and it has no "red_book"'
    if one.type == "list" and (not one.fields or not one.item):
        yield f'{where}: a list needs "fields" and "item", what one row is called'
    if one.type != "list" and (one.fields or one.item):
        yield f'{where}: "fields" and "item" are for lists'
    if one.figure is not None and (one.type != "choice" or one.figure not in FIGURES):
        yield f'{where}: "figure" is for a choice, and can be {", ".join(FIGURES)}'


def _option_mistakes(where: str, one: Field) -> Iterator[str]:
    values = [option.value for option in one.options]
    if not values:
        yield f'{where}: a {one.type} needs "options"'
    for value in dict.fromkeys(values):
        if values.count(value) > 1:
            yield f'{where}: the option "{value}" is there {values.count(value)} times'
    if one.type != "choices" and any(option.exclusive for option in one.options):
        yield f'{where}: "exclusive" is for choices'


def _check_mistakes(where: str, one: Field, others: Mapping[str, Field]) -> Iterator[str]:
    for checks, allowed, kind in (
        (one.checks, _TYPES_OF_CHECK, "check"),
        (one.soft_checks, _TYPES_OF_SOFT_CHECK, "soft check"),
    ):
        for check in checks:
            if check.name not in allowed:
                yield f'{where}: there is no {kind} "{check.name}"; there are {", ".join(allowed)}'
            elif one.type not in allowed[check.name]:
                yield f'{where}: the {kind} "{check.name}" is for {" and ".join(allowed[check.name])}'
            else:
                yield from _parameter_mistakes(f'{where}, {kind} "{check.name}"', check, one, others)


def _parameter_mistakes(where: str, check: Check, one: Field, others: Mapping[str, Field]) -> Iterator[str]:
    if check.name in ("at_least_field", "at_most_field"):
        other = others.get(check.field or "")
        if other is None:
            yield f'{where}: there is no field "{check.field}"'
        elif other.type != one.type:
            yield f'{where}: "{other.id}" is a {other.type}, so it cannot be compared with a {one.type}'
    if check.name in ("must_be_true", "at_least_field", "at_most_field") and not check.message:
        yield f'{where}: it needs a "message"'
    if check.name in _NEED_LIMIT and check.limit is None:
        yield f'{where}: it needs a "limit"'
    if check.name == "change_percent" and check.within_days is None:
        yield f'{where}: it needs "within_days"'
    if check.name in ("change_percent", "fall") and (one.measure is None or one.measure.at_birth):
        yield f"{where}: it needs a measurement made at a visit"
    if check.name == "restricted_words" and not check.words:
        yield f'{where}: it needs "words"'


def _list_mistakes(where: str, one: Field, form: FormDefinition) -> Iterator[str]:
    yield from _bad_ids(f"{where}, fields", [sub.id for sub in one.fields])
    above: dict[str, Field] = {}
    for sub in one.fields:
        inner = f'{where}, field "{sub.id}"'
        if sub.type in ("list", "people", "yes_no_each", "photo"):
            yield f"{inner}: a {sub.type} cannot stand in a list"
        if (
            sub.soft_checks
            or sub.soft != type(sub.soft)()
            or sub.measure
            or sub.prefill
            or sub.suggest
            or sub.household
            or sub.core
        ):
            only_whole = "soft limits, soft checks, measure, prefill, suggest, household and core"
            yield f"{inner}: {only_whole} cannot stand in a list"
        yield from _shape_mistakes(inner, sub)
        yield from _check_mistakes(inner, sub, {sub.id: sub for sub in one.fields})
        for key, condition in (("show_when", sub.show_when), ("required_when", sub.required_when)):
            if condition is not None:
                yield from condition_mistakes(f"{inner}, {key}", condition, above, form, any_fact=True)
        above[sub.id] = sub


def _alert_mistakes(form: FormDefinition, alert: AlertRule, fields: Mapping[str, Field]) -> Iterator[str]:
    where = f'alert "{alert.id}"'
    for one in alert.fields:
        if one not in fields:
            yield f'{where}: there is no field "{one}"'
    if alert.rows is not None:
        of_rows = fields.get(alert.rows)
        if of_rows is None or of_rows.type != "list":
            yield f'{where}: "rows" should name a list, and "{alert.rows}" is none'
            return
        fields = {**fields, **{part.id: part for part in of_rows.fields}}
    yield from condition_mistakes(where, alert.when, fields, form, any_fact=True)
    for text in (alert.title, alert.text, alert.action):
        for name in _NAMED.findall(text):
            if name not in fields and name not in form.fact_sources:
                yield f'{where}: "{{{name}}}" is neither a field nor a fact'
