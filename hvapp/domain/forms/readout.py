"""A visit read out for a reviewer: every answer in plain words with who may see it and what to look at, and what
changed between two versions. No markup: pages and prints dress it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hvapp.domain.forms.answers import is_blank, read_decimal, same
from hvapp.domain.forms.definition import Field, FormDefinition, Visibility
from hvapp.domain.forms.logic import Facts, look
from hvapp.domain.forms.validate import Finding, check
from hvapp.domain.forms.wording import plain_value, sds_text, upper_first

_ORDER: Mapping[Visibility, int] = {"P": 0, "H": 1, "X": 2}


@dataclass(frozen=True)
class ReadRow:
    """One answer. value is "" when nothing was answered; flags are what a check says about it; derived is the centile
    in words. was is the earlier value, in a read-out of changes."""

    field_id: str
    label: str
    value: str
    visibility: Visibility
    flags: tuple[str, ...] = ()
    derived: str | None = None
    was: str | None = None


@dataclass(frozen=True)
class ReadSection:
    id: str
    title: str
    rows: list[ReadRow]


def read_out(
    form: FormDefinition, payload: Mapping[str, Any], facts: Facts, names: Mapping[str, str]
) -> list[ReadSection]:
    """Every visible field in form order, answered or not. `names` are the people of the household, by person id."""
    answers, derived = _part(payload, "answers"), _part(payload, "derived")
    visible = look(form, answers, facts).visible
    findings = check(form, payload, facts).findings
    sections = []
    for section in form.sections:
        rows = [
            ReadRow(
                field_id=one.id,
                label=one.label,
                value=plain_value(one, answers.get(one.id), names),
                visibility=effective_visibility(one, answers.get(one.id)),
                flags=tuple(_flags(one, answers.get(one.id), _part(payload, "confirmed"), findings)),
                derived=derived_text(derived.get(one.id)),
            )
            for one in section.fields
            if one.id in visible
        ]
        if rows:
            sections.append(ReadSection(section.id, section.title, rows))
    return sections


def differences(
    form: FormDefinition, old_payload: Mapping[str, Any], new_payload: Mapping[str, Any]
) -> list[ReadRow]:
    """The answers that are not the same in both, in form order: `was` is the earlier one, `value` the later."""
    old, new = _part(old_payload, "answers"), _part(new_payload, "answers")
    changed = []
    for one in form.fields:
        before, after = old.get(one.id), new.get(one.id)
        if (is_blank(before) and is_blank(after)) or same(before, after):
            continue
        visibility = max(
            effective_visibility(one, before), effective_visibility(one, after), key=lambda each: _ORDER[each]
        )
        changed.append(
            ReadRow(one.id, one.label, plain_value(one, after), visibility, was=plain_value(one, before))
        )
    return changed


def effective_visibility(one: Field, value: Any) -> Visibility:
    """Who may see this answer: the field's own visibility, raised by options that ask for more."""
    chosen = [one.visibility, *_raised(one, value)]
    return max(chosen, key=lambda each: _ORDER[each])


def _raised(one: Field, value: Any) -> Iterator[Visibility]:
    if isinstance(value, list) and one.type == "list":
        for row in value:
            yield from _raised_by_row(one, row)
    for each in value if isinstance(value, list) else [value]:
        option = one.option(each) if isinstance(each, str) else None
        if option and option.visibility:
            yield option.visibility


def _raised_by_row(one: Field, row: Any) -> Iterator[Visibility]:
    if isinstance(row, Mapping):
        for sub in one.fields:
            yield from _raised(sub, row.get(sub.id))


def derived_text(derived: Any) -> str | None:
    """Centile, SDS and method in words, from the payload's derived values:
    "25th to 50th centile (34th), SDS −0.41, corrected for gestation"."""
    if not isinstance(derived, Mapping):
        return None
    sds, band = read_decimal(derived.get("sds")), derived.get("band")
    if sds is None or not isinstance(band, str):
        reason = derived.get("no_reference")
        return f"No centile. {reason}." if isinstance(reason, str) and reason else None
    method = {
        "digital": "age corrected for gestation (digital method)",
        "paper": "age as on paper charts (paper method)",
        "chronological": "gestation not known, age not corrected",
    }.get(str(derived.get("method")))
    said = [upper_first(band), f"SDS {sds_text(sds)}", method]
    return ", ".join(each for each in said if each)


def _flags(one: Field, value: Any, confirmed: Mapping[str, Any], findings: list[Finding]) -> Iterator[str]:
    for finding in findings:
        if finding.field_id == one.id:
            yield finding.message
    if one.id in confirmed and not is_blank(value) and same(confirmed[one.id], value):
        yield "Confirmed by the visitor as unusual but right"


def _part(payload: Any, key: str) -> Mapping[str, Any]:
    value = payload.get(key) if isinstance(payload, Mapping) else None
    return value if isinstance(value, Mapping) else {}
