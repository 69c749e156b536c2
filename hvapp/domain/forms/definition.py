"""The shape of a form: what is asked, within which limits, who may see it, and where the answers go."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from hvapp.domain.canonical import sha256_hex
from hvapp.domain.forms.rule_fact_sources import rule_fact_sources

FieldType = Literal[
    "line",
    "text",
    "integer",
    "decimal",
    "date",
    "month",
    "datetime",
    "yes_no",
    "choice",
    "choices",
    "people",
    "person",
    "yes_no_each",
    "list",
    "photo",
]
Visibility = Literal["P", "H", "X"]
"""P may reach the parent, H professionals only, X restricted: a role and a reason to open."""
AlertLevel = Literal["red", "amber", "info"]
Condition = Mapping[str, Any]
"""One question about answers and facts, in the closed words of `logic.evaluate`."""


@dataclass(frozen=True)
class Option:
    """One answer of a choice. `code` and `display` are the code system's own; `exclusive` allows no other beside it.
    `visibility` raises that of the whole answer or row: a referral to a domestic abuse service is restricted.
    `service`: offered only where the provider does this."""

    value: str
    label: str
    hint: str | None = None
    code: str | None = None
    display: str | None = None
    exclusive: bool = False
    visibility: Visibility | None = None
    service: str | None = None


@dataclass(frozen=True)
class Reason:
    """Why something was not done; `needs_detail` asks for a sentence beside it."""

    code: str
    label: str
    needs_detail: bool = False


@dataclass(frozen=True)
class Limits:
    """Numbers in text. `sds` is on both sides of zero, for fields with a growth reference."""

    min: str | None = None
    max: str | None = None
    sds: str | None = None


@dataclass(frozen=True)
class Check:
    """One of the closed named checks, with the parameters it takes."""

    name: str
    message: str | None = None
    field: str | None = None
    limit: str | None = None
    within_days: int | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Measure:
    """That the field is a growth measurement of this kind."""

    kind: Literal["weight", "length", "height", "ofc"]
    at_birth: bool = False


@dataclass(frozen=True)
class Field:
    """One question. `name` is how a sentence calls it: "the weight" in "Enter the weight".

    `fields` are the parts of one row, for a list; `not_done` the reasons that may stand in its place, none for a field
    that has to be true; `figure` the drawing on which the options can be pointed at.
    """

    id: str
    label: str
    name: str
    type: FieldType
    visibility: Visibility
    core: bool = False
    hint: str | None = None
    unit: str | None = None
    decimals: int | None = None
    max_length: int | None = None
    options: tuple[Option, ...] = ()
    hard: Limits = Limits()
    soft: Limits = Limits()
    checks: tuple[Check, ...] = ()
    soft_checks: tuple[Check, ...] = ()
    required: bool = False
    required_when: Condition | None = None
    show_when: Condition | None = None
    missing: str | None = None
    not_done: tuple[Reason, ...] = ()
    measure: Measure | None = None
    prefill: str | None = None
    suggest: str | None = None
    household: bool = False
    fixed: bool = False
    item: str | None = None
    figure: str | None = None
    fields: tuple["Field", ...] = ()
    red_book: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def _options(self) -> dict[str, Option]:
        return {option.value: option for option in self.options}

    def option(self, value: str) -> Option | None:
        return self._options.get(value)

    @property
    def is_offered_again(self) -> bool:
        """Whether the next visit shows this answer in grey."""
        return self.suggest == f"last.{self.id}"

    @property
    def may_be_required(self) -> bool:
        return self.required or self.required_when is not None


@dataclass(frozen=True)
class Section:
    id: str
    title: str
    fields: tuple[Field, ...]
    module: str | None = None
    intro: str | None = None
    show_when: Condition | None = None


@dataclass(frozen=True)
class AlertRule:
    """What the tablet says when its condition holds, beside the first of its fields. `source` is where the rule is
    from; `text` and `action` may name facts and fields in braces. `rows`: the list of which each row is judged.
    `call`: whose phone number stands with it."""

    id: str
    level: AlertLevel
    title: str
    text: str
    action: str
    source: str
    fields: tuple[str, ...]
    when: Condition
    rows: str | None = None
    call: str | None = None


@dataclass(frozen=True)
class FormDefinition:
    """One version of a form. `definition_json` is the file's content as JSON, modules folded in; `hash` is of it."""

    id: str
    version: int
    title: str
    contact_type: str
    sections: tuple[Section, ...]
    alerts: tuple[AlertRule, ...]
    not_done_reasons: tuple[Reason, ...]
    definition_json: str = field(repr=False)
    encounter_type: str | None = None

    @cached_property
    def hash(self) -> str:
        return sha256_hex(self.definition)

    @property
    def definition(self) -> dict[str, Any]:
        """The plain data, a fresh copy each time: what browsers and the red-book builder read."""
        plain: dict[str, Any] = json.loads(self.definition_json)
        return plain

    @property
    def key(self) -> str:
        return f"{self.id}.v{self.version}"

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """Every field in the order of the form, without the parts of lists."""
        return tuple(one for section in self.sections for one in section.fields)

    @cached_property
    def _by_id(self) -> dict[str, Field]:
        return {one.id: one for one in self.fields}

    def field(self, field_id: str) -> Field | None:
        return self._by_id.get(field_id)

    def part(self, part_id: str) -> Field | None:
        """The part of a list's rows with this id; the first, where several lists have one."""
        return next((part for one in self.fields for part in one.fields if part.id == part_id), None)

    def measured(self, kind: str, at_birth: bool) -> Field | None:
        """The field that holds this growth measurement."""
        for one in self.fields:
            if one.measure and one.measure.kind == kind and one.measure.at_birth is at_birth:
                return one
        return None

    @cached_property
    def fact_sources(self) -> Mapping[str, tuple[str, ...]]:
        """Every fact this form can know, with the fields it is counted from."""
        return dict(_facts_of(self.fields))


CHILD_FACTS = ("now", "today", "birth_date", "sex")
_DATED_FACTS = ("contact_date", "age_days", "weeks_of_age", "months_of_age", "hours_late")
_GESTATION_FIELDS = ("gestation_weeks", "gestation_days")


def _facts_of(fields: tuple[Field, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    ids = {one.id for one in fields}
    started = tuple(ids & {"started_at"})
    gestation = tuple(sorted(ids & set(_GESTATION_FIELDS)))
    yield from ((name, ()) for name in CHILD_FACTS)
    yield from ((name, started) for name in _DATED_FACTS)
    yield "gestation_days", gestation
    yield "weeks_of_gestation", tuple(ids & {"gestation_weeks"})
    yield "corrected_age_days", started + gestation
    if "need_level" in ids:
        yield "need_level_changed", ("need_level",)
    yield from rule_fact_sources(fields)
    birth_weight = tuple(f.id for f in fields if f.measure == Measure("weight", at_birth=True))
    yield "birth_weight", birth_weight
    for one in fields:
        if one.type == "date":
            yield f"age_at.{one.id}", (one.id,)
        if one.measure is None:
            continue
        yield f"sds.{one.id}", (one.id, *started, *gestation)
        if not one.measure.at_birth:
            birth = birth_weight if one.measure.kind == "weight" else ()
            for name in ("days_since_last_{}", "{}_change", "{}_change_percent"):
                yield name.format(one.measure.kind), (one.id, *started, *birth)
            if one.measure.kind == "weight":
                yield "weight_loss_percent", (one.id, *birth)
