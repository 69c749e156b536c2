"""Conditions and what they show: a small closed structure, no eval, readable aloud.

    {field: child_seen, is: no}      {fact: hours_late, more_than: 24}      {all: [...]}  {any: [...]}  {not: ...}

A comparison with something absent is false, `answered: false` apart. What was not done, is hidden or is of the wrong
type counts as absent. `static/src/forms/logic.js` does the same; `tests/contract/logic.json` holds both to it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hvapp.domain.forms.answers import is_blank, is_not_done, is_usable, read_number, same
from hvapp.domain.forms.definition import Condition, Field, FormDefinition

Answers = Mapping[str, Any]
Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Live:
    """What conditions may see: the visible fields, their usable answers, and the facts counted from visible fields."""

    visible: frozenset[str]
    answers: Answers
    facts: Facts


def evaluate(condition: Condition, answers: Answers, facts: Facts) -> bool:
    """Whether the condition holds. Raises ValueError for a condition that the form reader would have refused."""
    if "all" in condition:
        return all(evaluate(one, answers, facts) for one in condition["all"])
    if "any" in condition:
        return any(evaluate(one, answers, facts) for one in condition["any"])
    if "not" in condition:
        return not evaluate(condition["not"], answers, facts)
    seen = answers.get(condition["field"]) if "field" in condition else facts.get(condition["fact"])
    operator = next(key for key in condition if key not in ("field", "fact"))
    wanted = condition[operator]
    present = not (is_blank(seen) or is_not_done(seen))
    if operator == "answered":
        return present is wanted
    return present and _compare(operator, seen, wanted)


def _compare(operator: str, seen: Any, wanted: Any) -> bool:
    match operator:
        case "is":
            return same(seen, wanted)
        case "is_not":
            return not same(seen, wanted)
        case "in":
            return any(same(seen, one) for one in wanted)
        case "not_in":
            return not any(same(seen, one) for one in wanted)
        case "includes":
            if isinstance(seen, Mapping):
                return seen.get(wanted) is True
            return isinstance(seen, list) and any(same(one, wanted) for one in seen)
        case "at_least" | "at_most" | "more_than" | "less_than":
            return _in_order(operator, seen, wanted)
        case other:
            raise ValueError(f"no such comparison: {other}")


def _in_order(operator: str, seen: Any, wanted: Any) -> bool:
    left, right = read_number(seen), read_number(wanted)
    if left is None or right is None:
        return False
    match operator:
        case "at_least":
            return left >= right
        case "at_most":
            return left <= right
        case "more_than":
            return left > right
        case _:
            return left < right


def look(form: FormDefinition, answers: Any, facts: Facts) -> Live:
    """One pass from top to bottom: what is shown hangs only on what stands above it."""
    given = answers if isinstance(answers, Mapping) else {}
    visible: set[str] = set()
    live: dict[str, Any] = {}
    known = dict(facts)
    for section in form.sections:
        section_shown = section.show_when is None or evaluate(section.show_when, live, known)
        for one in section.fields:
            if section_shown and (one.show_when is None or evaluate(one.show_when, live, known)):
                visible.add(one.id)
                if is_usable(one, given.get(one.id)):
                    live[one.id] = given[one.id]
            else:
                known = {
                    name: fact
                    for name, fact in known.items()
                    if one.id not in form.fact_sources.get(name, ())
                }
    return Live(frozenset(visible), live, known)


def look_at_row(fields: Iterable[Field], row: Any, facts: Facts) -> Live:
    """The same for one row of a list: its conditions see the row alone, and the facts."""
    given = row if isinstance(row, Mapping) else {}
    visible: set[str] = set()
    live: dict[str, Any] = {}
    for one in fields:
        if one.show_when is None or evaluate(one.show_when, live, facts):
            visible.add(one.id)
            if is_usable(one, given.get(one.id)):
                live[one.id] = given[one.id]
    return Live(frozenset(visible), live, facts)


def is_required(one: Field, live: Live) -> bool:
    return one.required or (
        one.required_when is not None and evaluate(one.required_when, live.answers, live.facts)
    )
