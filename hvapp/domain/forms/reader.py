"""Reads a form file strictly and explains every mistake in it in plain words, all at once."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast, get_args

import yaml

from hvapp.domain.forms.definition import (
    AlertLevel,
    AlertRule,
    Check,
    Field,
    FieldType,
    FormDefinition,
    Limits,
    Measure,
    Option,
    Reason,
    Section,
    Visibility,
)
from hvapp.domain.forms.modules import Shelf, fold
from hvapp.domain.forms.reader_checks import mistakes_in
from hvapp.domain.forms.strict_yaml import Part, either, load_plain, nearest

_RED_BOOK_KEYS = (
    "event",
    "observation",
    "questionnaire",
    "link_id",
    "communication",
    "care_plan",
    "resource",
    "loinc",
    "dch_loinc",
    "snomed",
    "unit",
    "system",
    "centile",
    "sds",
    "codes",
)


class FormMistakes(Exception):
    """A form file that cannot be used; `mistakes` holds one sentence for each thing to mend."""

    def __init__(self, file: str, mistakes: list[str]) -> None:
        super().__init__("\n".join([f"{file} cannot be used:", *(f"- {mistake}" for mistake in mistakes)]))
        self.mistakes = mistakes


def read_form_file(path: Path, shelf: Shelf | None = None) -> FormDefinition:
    """Read one form file, with the modules beside it. Raises FormMistakes."""
    form = read_form(path.read_text(encoding="utf-8"), path.name, shelf or Shelf(path.parent))
    if path.name != f"{form.key}.yaml":
        raise FormMistakes(
            path.name, [f'the file must be called "{form.key}.yaml", after its id and version']
        )
    return form


def read_form(source: str, file: str = "the form", shelf: Shelf | None = None) -> FormDefinition:
    """Read a definition from YAML text; the modules it names stand on the shelf. Raises FormMistakes."""
    try:
        data = load_plain(source)
    except yaml.YAMLError as error:
        raise FormMistakes(file, [f"it is not YAML that can be read: {error}"]) from None
    mistakes: list[str] = []
    data = fold(data, shelf or Shelf(), mistakes)
    if mistakes:
        raise FormMistakes(file, mistakes)
    form = _form(Part(mistakes, "the form", data), data)
    if not mistakes:
        mistakes = list(mistakes_in(form))
    if mistakes:
        raise FormMistakes(file, mistakes)
    return form


def _form(part: Part, data: Any) -> FormDefinition:
    reasons = tuple(_reason(one) for one in part.parts("not_done_reasons", "not-done reason", "code"))
    if not reasons:
        part.wrong('it needs "not_done_reasons", at least one')
    red_book = part.part("red_book")
    form = FormDefinition(
        id=part.needed("id"),
        version=part.whole("version") or 0,
        title=part.needed("title"),
        contact_type=part.needed("contact_type"),
        not_done_reasons=reasons,
        sections=tuple(_section(one, reasons) for one in part.parts("sections", "section", "id")),
        alerts=tuple(_alert(one) for one in part.parts("alerts", "alert", "id")),
        encounter_type=red_book.needed("encounter_type") if red_book else None,
        definition_json="" if part.mistakes else json.dumps(data, ensure_ascii=False),
    )
    if form.version < 1:
        part.wrong('it needs a "version", a whole number from 1')
    if red_book:
        red_book.close()
    part.close()
    return form


def _reason(part: Part) -> Reason:
    reason = Reason(part.needed("code"), part.needed("label"), part.flag("needs_detail"))
    part.close()
    return reason


def _section(part: Part, reasons: tuple[Reason, ...]) -> Section:
    section = Section(
        id=part.needed("id"),
        title=part.needed("title"),
        module=part.text("module"),
        intro=part.text("intro"),
        show_when=part.condition("show_when"),
        fields=tuple(_field(one, reasons) for one in part.parts("fields", "field", "id")),
    )
    part.close()
    return section


def _field(part: Part, reasons: tuple[Reason, ...], outer: str = "") -> Field:
    if outer:
        part.where = f"{outer}, {part.where}"
    prefill, red_book = part.part("prefill"), part.part("red_book")
    form_field = Field(
        id=part.needed("id"),
        label=part.needed("label"),
        name=part.needed("name"),
        type=cast(FieldType, part.one_of("type", get_args(FieldType))),
        visibility="P" if outer else cast(Visibility, part.one_of("visibility", get_args(Visibility))),
        core=part.flag("core"),
        hint=part.text("hint"),
        unit=part.text("unit"),
        decimals=part.whole("decimals"),
        max_length=part.whole("max_length"),
        options=tuple(_option(one) for one in part.parts("options", "option", "value")),
        hard=_limits(part.part("hard")),
        soft=_limits(part.part("soft")),
        checks=tuple(_check(one) for one in part.parts("checks", "check", "check")),
        soft_checks=tuple(_check(one) for one in part.parts("soft_checks", "check", "check")),
        required=part.flag("required"),
        required_when=part.condition("required_when"),
        show_when=part.condition("show_when"),
        missing=part.text("missing"),
        not_done=() if outer else _not_done(part, reasons),
        measure=_measure(part.part("measure")),
        prefill=_prefill(prefill) if prefill else None,
        suggest=part.text("suggest"),
        household=part.flag("household"),
        fixed=part.flag("fixed"),
        item=part.text("item"),
        figure=part.text("figure"),
        fields=tuple(_field(one, reasons, part.where) for one in part.parts("fields", "field", "id")),
        red_book=_red_book(red_book) if red_book else {},
    )
    part.close()
    return form_field


def _not_done(part: Part, reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """All the form's reasons, those the field names, or none for `not_done: false`."""
    if part.raw("not_done") is None:
        return reasons
    if part.raw("not_done") is False:
        return ()
    codes = part.texts("not_done")
    known = {reason.code: reason for reason in reasons}
    for code in codes:
        if code not in known:
            part.wrong(f'"{code}" is not one of the form\'s not_done_reasons{nearest(code, tuple(known))}')
    return tuple(known[code] for code in codes if code in known)


def _option(part: Part) -> Option:
    visibility = _known(part, "visibility", get_args(Visibility))
    option = Option(
        value=part.needed("value"),
        label=part.needed("label"),
        hint=part.text("hint"),
        code=part.text("code"),
        display=part.text("display"),
        exclusive=part.flag("exclusive"),
        visibility=cast(Visibility | None, visibility),
        service=_known(part, "service", ("home_vaccination",)),
    )
    part.close()
    return option


def _known(part: Part, key: str, values: tuple[str, ...]) -> str | None:
    """A text that may be left out, and is one of these where it is there."""
    value = part.text(key)
    if value is not None and value not in values:
        part.wrong(f'"{key}" is "{value}", but it can only be {either(values)}')
    return value


def _limits(part: Part | None) -> Limits:
    if part is None:
        return Limits()
    limits = Limits(part.number("min"), part.number("max"), part.number("sds"))
    part.close()
    return limits


def _check(part: Part) -> Check:
    check = Check(
        name=part.needed("check"),
        message=part.text("message"),
        field=part.text("field"),
        limit=part.number("limit"),
        within_days=part.whole("within_days"),
        words=part.texts("words"),
    )
    part.close()
    return check


def _measure(part: Part | None) -> Measure | None:
    if part is None:
        return None
    measure = Measure(part.one_of("kind", ("weight", "length", "height", "ofc")), part.flag("at_birth"))
    part.close()
    return measure


def _prefill(part: Part) -> str | None:
    """ "=value" for a constant, or the name of where the value comes from."""
    constant, source = part.text("value"), part.text("from")
    if (constant is None) == (source is None):
        part.wrong('it needs either "value" or "from"')
    part.close()
    return source if constant is None else f"={constant}"


def _red_book(part: Part) -> Mapping[str, Any]:
    mapping = {key: part.raw(key) for key in _RED_BOOK_KEYS}
    part.needed("event")
    part.close()
    return {key: value for key, value in mapping.items() if value is not None}


def _alert(part: Part) -> AlertRule:
    fields = part.texts("fields")
    if not fields:
        part.wrong('it needs "fields", at least the one it stands beside')
    when = part.condition("when")
    if when is None:
        part.wrong('it needs a "when"')
    alert = AlertRule(
        id=part.needed("id"),
        level=cast(AlertLevel, part.one_of("level", get_args(AlertLevel))),
        title=part.needed("title"),
        text=part.needed("text"),
        action=part.needed("action"),
        source=part.needed("source"),
        fields=fields,
        rows=part.text("rows"),
        call=_known(part, "call", ("safeguarding",)),
        when=when or {},
    )
    part.text("rule")
    part.flag("confirmed")
    part.close()
    return alert
