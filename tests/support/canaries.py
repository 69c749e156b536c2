"""Forms whose every restricted (X) and professional (H) answer is one of a kind, so that it can be looked for.

A published form with every question shown, the options of those questions renamed, and canaries in place of typed
words: whatever a person could read or a program could copy of an answer gives its canary away. Dates, numbers, yes and
no are the usual ones.
"""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from datetime import datetime
from typing import Any

from hvapp.domain.forms import FormDefinition
from hvapp.domain.forms.definition import Field
from hvapp.domain.forms.facts import ChildFacts
from hvapp.domain.forms.reader import read_form
from hvapp.domain.synthetic.filling import fill_in

CANARY = re.compile(r"[xh]canary\d+z")

# The level is the record's own and stands on every page about the child; the others say how the visit may be used.
NOT_RENAMED = {"need_level", "share_consent"}


class Aviary:
    """`told`: which question each canary stands for."""

    def __init__(self) -> None:
        self.told: dict[str, str] = {}

    def new(self, visibility: str, where: str) -> str:
        canary = f"{visibility.lower()}canary{len(self.told)}z"
        self.told[canary] = where
        return canary

    def form(self, published: FormDefinition) -> FormDefinition:
        data = deepcopy(published.definition)
        renamed: dict[str, dict[str, str]] = {}
        for section in data["sections"]:
            section.pop("show_when", None)
            for one, visibility in _with_parts(section["fields"]):
                self._rename(f"{data['id']}: {one['id']}", one, visibility, renamed)
        for alert in data.get("alerts", []):
            alert["when"] = _renamed(alert["when"], renamed)
            if _asks(alert, _restricted_ids(data)):
                alert["title"] = self.new("X", f"{data['id']}: title of {alert['id']}").capitalize()
        return read_form(json.dumps(data))

    def _rename(
        self, where: str, one: dict[str, Any], visibility: str, renamed: dict[str, dict[str, str]]
    ) -> None:
        for condition in ("show_when", "required_when"):
            one.pop(condition, None)
        if one["id"] in NOT_RENAMED:
            return
        for option in one.get("options", []):
            kind = "X" if option.get("visibility") == "X" else visibility
            if kind == "P":
                continue
            canary = self.new(kind, f"{where} is {option['value']}")
            renamed.setdefault(one["id"], {})[option["value"]] = canary
            option |= {"value": canary, "label": canary.capitalize()}

    def answers(
        self, form: FormDefinition, child: ChildFacts, now: datetime, given: dict[str, Any], people: list[str]
    ) -> dict[str, Any]:
        """Every question answered: canaries for words, restricted options chosen, and of what is restricted the answer
        that is likeliest to raise an alert."""
        answers = fill_in(form, child, now, given, people, everything=True)
        for one in form.fields:
            if one.fields and isinstance(answers.get(one.id), list):
                self._fill_row(form, one, answers[one.id][0])
            elif one.visibility != "P":
                answers[one.id] = self._answer(form, one, one.visibility, one.id, answers.get(one.id))
            restricted = [option.value for option in one.options if option.visibility == "X"]
            if restricted:
                answers[one.id] = restricted if one.type == "choices" else restricted[0]
        return answers

    def responses(self, form: FormDefinition) -> dict[str, str]:
        """What was done about each alert."""
        ids = _restricted_ids(form.definition)
        return {
            alert["id"]: self.new("X" if _asks(alert, ids) else "H", f"{form.id}: response to {alert['id']}")
            for alert in form.definition["alerts"]
        }

    def _fill_row(self, form: FormDefinition, one: Field, row: dict[str, Any]) -> None:
        visibility = one.visibility
        for part in one.fields:
            restricted = [option.value for option in part.options if option.visibility == "X"]
            if restricted:
                row[part.id], visibility = restricted[0], "X"
        for part in one.fields:
            if visibility != "P":
                row[part.id] = self._answer(form, part, visibility, f"{one.id}.{part.id}", row.get(part.id))

    def _answer(self, form: FormDefinition, one: Field, visibility: str, where: str, usual: Any) -> Any:
        if one.type in ("line", "text"):
            return self.new(visibility, f"{form.id}: {where}")
        if visibility != "X":
            return usual
        match one.type:
            case "yes_no":
                return True
            case "integer":
                return int(one.hard.max or 1)
            case "choice" if all(option.visibility != "X" for option in one.options):
                return one.options[-1].value
            case _:
                return usual


def _with_parts(fields: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], str]]:
    """Each question and each part of a list, with its visibility."""
    for one in fields:
        yield one, one["visibility"]
        yield from ((part, one["visibility"]) for part in one.get("fields", []))


def _renamed(condition: Any, renamed: dict[str, dict[str, str]]) -> Any:
    """The condition, asking for the renamed options."""
    if isinstance(condition, list):
        return [_renamed(one, renamed) for one in condition]
    if not isinstance(condition, dict):
        return condition
    names = renamed.get(condition.get("field", ""), {})
    return {
        key: _swap(value, names) if names and key != "field" else _renamed(value, renamed)
        for key, value in condition.items()
    }


def _swap(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_swap(one, names) for one in value]
    return names.get(value, value) if isinstance(value, str) else value


def _restricted_ids(definition: dict[str, Any]) -> set[str]:
    fields = [one for section in definition["sections"] for one in section["fields"]]
    return {one["id"] for one in fields if one["visibility"] == "X"}


def _asks(alert: dict[str, Any], restricted: set[str]) -> bool:
    """Whether the alert is about something restricted: a question, or an option by its canary."""
    words = set(re.findall(r"\w+", json.dumps([alert["fields"], alert["when"]])))
    return bool(words & restricted) or any(one.startswith("x") for one in words if CANARY.fullmatch(one))
