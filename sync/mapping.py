"""Which answers of a form the red book takes, read from the form definition itself.

A field says so with `red_book: {observation: body_weight, ...}`, `{questionnaire: feeding, link_id: ...}`,
`{communication: professional_summary, ...}` or `{care_plan: description, ...}`.
A mapping that names only an event waits for a message that carries it; nothing is sent for it yet.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from hvapp.domain.redbook import ApprovedRecord

MAY_REACH_PARENT = "P"
FOR_THE_SERVICE = "H"
_LOCAL = ZoneInfo("Europe/London")


@dataclass(frozen=True)
class Field:
    """A field of the form, as plain data, with its id."""

    id: str
    definition: Mapping[str, Any]

    @property
    def visibility(self) -> str:
        return str(self.definition.get("visibility", ""))

    @property
    def type(self) -> str:
        return str(self.definition.get("type", ""))

    @property
    def label(self) -> str:
        return str(self.definition.get("label", self.id))

    @property
    def target(self) -> Mapping[str, Any]:
        """The red-book mapping, empty when there is none."""
        return self.definition.get("red_book") or {}

    def option(self, value: object) -> Mapping[str, Any]:
        for option in self.definition.get("options", ()):
            if option.get("value") == value:
                return dict(option)
        return {}

    def option_label(self, value: object) -> str | None:
        label = self.option(value).get("label")
        return str(label) if label is not None else None


def all_fields(form: Mapping[str, Any]) -> Iterator[Field]:
    """Every field in the order of the form."""
    for section in form.get("sections", ()):
        for definition in section.get("fields", ()):
            yield Field(str(definition["id"]), definition)


def find_field(form: Mapping[str, Any], field_id: str) -> Field | None:
    return next((field for field in all_fields(form) if field.id == field_id), None)


def answer(record: ApprovedRecord, field: Field) -> Any | None:
    """The answer to this field that parents may see, or None: not answered, "not done", or restricted by its option."""
    value = record.answers.get(field.id)
    if value is None or value == "" or value == []:
        return None
    if isinstance(value, Mapping) and "not_done" in value:
        return None
    return None if is_restricted(field, value) else value


def is_restricted(field: Field, value: object) -> bool:
    """Whether a chosen option raises the whole answer above what parents may see."""
    chosen = value if isinstance(value, list) else [value]
    return any(field.option(one).get("visibility", MAY_REACH_PARENT) != MAY_REACH_PARENT for one in chosen)


def local_time(moment: datetime) -> str:
    """A FHIR dateTime on the family's clock, with its offset, so that the date part is the date of the visit."""
    if moment.utcoffset() is None:
        raise ValueError("a time in a record carries an offset")
    return moment.astimezone(_LOCAL).isoformat(timespec="seconds")
