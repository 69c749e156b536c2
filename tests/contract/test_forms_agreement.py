"""Whatever the form and whatever was answered, tablet and server see the same.

Random forms (all of which the strict reader accepts) and random answers, sensible and junk, go through both; facts,
visible fields, findings, alerts and every answer in words must be equal.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hvapp.domain.forms import FormDefinition
from hvapp.domain.forms.reader import read_form
from tests.contract.forms_support import TabletEngine, server_answer, tablet_engine
from tests.support.answers import FORMS

Draw = st.DrawFn
NAMES = {"p1": "Ada Example", "p2": "Ben Example"}
ORDER = ["at_least", "at_most", "more_than", "less_than"]
TYPES = [
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
    "yes_no_each",
    "list",
    "photo",
]
CHECKS = {
    "date": ["not_future", "not_before_birth", "not_before_contact"],
    "month": ["not_future", "not_before_birth"],
    "datetime": ["not_future", "not_before_birth"],
    "yes_no": ["must_be_true"],
    "decimal": ["not_metres"],
}

# Few numbers and few days, so that "exactly the limit" and "the same day" come up all the time.
numbers = st.sampled_from([*range(-1, 7), 10, 50, 51])
SMALL = """
    -1 0 0.0 -0.0 0.05 0.5 1 1.005 1.5 1.99 2 2.0 3 3.45 3.450 3.5 4 4.5 5 10 34.9 50 51 52.5
"""
TIMES = "00:00:00 00:30 01:30:00 09:59:59 10:00:00 10:00:01.5 12:00 23:30:00 24:00:00 12:60"
small_numbers = st.sampled_from(SMALL.split()) | st.decimals("-3", "60", places=2).map(
    lambda number: f"{number:f}"
)
dates = st.sampled_from(
    [
        "2026-03-28",
        "2026-03-29",
        "2026-04-30",
        "2026-05-01",
        "2026-05-02",
        "2026-05-03",
        "2026-05-10",
        "2027-05-02",
    ]
)
moments = st.builds(
    lambda day, time, zone: f"{day}T{time}{zone}",
    dates,
    st.sampled_from(TIMES.split()),
    st.sampled_from(["Z", "+01:00", "-05:30", "+00:00", "+15:00", ""]),
)
junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.sampled_from(
        [0.5, -1.25, 1e300, "", " ", "\u00a0", "\ud800", "__proto__", "constructor", "2026-02-30"]
    )
    | st.text(max_size=12)
    | small_numbers
    | dates
    | moments,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["not_done", "detail", "a", "b", "constructor", "__proto__", "toString", "one"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=6,
)


@st.composite
def fields(draw: Draw, field_id: str, above: list[dict[str, Any]], inner: bool = False) -> dict[str, Any]:
    types = [
        kind
        for kind in [*TYPES, "decimal", "decimal"]
        if not inner or kind not in ("list", "people", "yes_no_each", "photo")
    ]
    kind = {"started_at": "datetime", "gestation_weeks": "integer", "need_level": "choice"}.get(
        field_id, "integer" if field_id == "gestation_days" else None
    ) or draw(st.sampled_from(types))
    field: dict[str, Any] = {
        "id": field_id,
        "label": f"Label of {field_id}",
        "name": f"the {field_id.replace('_', ' ')}",
        "type": kind,
    }
    if not inner:
        field["visibility"] = draw(st.sampled_from(["H", "X"] if kind == "photo" else ["P", "H", "X"]))
        if kind != "yes_no" and draw(st.booleans()):
            field["not_done"] = draw(st.sampled_from([["r1"], ["r2"], ["r1", "r2"]]))
    if kind in ("line", "text"):
        field["max_length"] = draw(st.integers(1, 9))
    if kind in ("choice", "choices", "yes_no_each"):
        values = draw(
            st.lists(st.sampled_from(["a", "b", "c", "constructor", "one"]), min_size=1, unique=True)
        )
        field["options"] = [{"value": value, "label": f"Option {value}"} for value in values]
        if kind == "choices" and draw(st.booleans()):
            field["options"][0]["exclusive"] = True
    if kind in ("integer", "decimal"):
        _numbers(draw, field, inner)
    if kind == "list":
        field["item"] = "Row"
        parts: list[dict[str, Any]] = []
        for number in range(draw(st.integers(1, 3))):
            parts.append(draw(fields(f"part_{number}", list(parts), inner=True)))
        field["fields"] = parts
    _checks(draw, field, above)
    if above and draw(st.booleans()):
        field["show_when"] = draw(conditions(above, inner))
    required = draw(st.sampled_from(["no", "yes", "when"]))
    if required == "yes":
        field["required"] = True
    elif required == "when" and above:
        field["required_when"] = draw(conditions(above, inner))
    if draw(st.integers(0, 4)) == 0:
        field["missing"] = "Answer this."
    return field


def _numbers(draw: Draw, field: dict[str, Any], inner: bool) -> None:
    limits = sorted(draw(st.lists(numbers, min_size=2, max_size=2)))
    if draw(st.booleans()):
        field["unit"] = draw(st.sampled_from(["kg", "cm"]))
    if draw(st.booleans()):
        field["hard"] = {"min": limits[0], "max": limits[1]}
    if field["type"] == "decimal":
        field["decimals"] = draw(st.integers(1, 3))
    if inner:
        return
    if draw(st.booleans()):
        field["soft"] = {"max": draw(small_numbers)}
    if field["type"] == "decimal" and draw(st.integers(0, 3)):
        kind = draw(st.sampled_from(["weight", "length", "ofc"]))
        field |= {"unit": "kg" if kind == "weight" else "cm", "hard": {"min": 0, "max": draw(numbers) + 60}}
        field["measure"] = {"kind": kind, "at_birth": draw(st.booleans())}
        field["hard"]["sds"] = draw(st.sampled_from([1, 2, 5, 20]))
        field.setdefault("soft", {})["sds"] = draw(st.integers(1, 5))
        if not field["measure"]["at_birth"]:
            field["soft_checks"] = [
                {
                    "check": "change_percent",
                    "limit": draw(small_numbers),
                    "within_days": draw(st.sampled_from([0, 1, 2, 7])),
                },
                {"check": "fall", "limit": draw(small_numbers)},
            ]


def _checks(draw: Draw, field: dict[str, Any], above: list[dict[str, Any]]) -> None:
    checks: list[dict[str, Any]] = []
    for name in CHECKS.get(field["type"], []):
        if draw(st.booleans()):
            checks.append({"check": name})
    alike = [one for one in above if one["type"] == field["type"]]
    if alike and field["type"] in ("integer", "decimal", "date", "datetime"):
        name = draw(st.sampled_from(["at_least_field", "at_most_field"]))
        checks.append(
            {"check": name, "field": draw(st.sampled_from(alike))["id"], "message": "Compare them."}
        )
    for check in checks:
        if check["check"] == "must_be_true":
            check["message"] = "It has to be so."
            if "visibility" in field:
                field["not_done"] = False
        if check["check"] == "not_metres":
            check["limit"] = 2
            field.setdefault("unit", "cm")
    if checks:
        field["checks"] = checks
    if field["type"] in ("line", "text") and "visibility" in field and draw(st.booleans()):
        field["soft_checks"] = [{"check": "restricted_words", "words": ["ab", "two words"]}]


@st.composite
def conditions(draw: Draw, above: list[dict[str, Any]], inner: bool, depth: int = 2) -> dict[str, Any]:
    shape = draw(st.sampled_from(["one", "one", "fact", "all", "any", "not"] if depth else ["one"]))
    if shape in ("all", "any"):
        return {shape: draw(st.lists(conditions(above, inner, depth - 1), min_size=1, max_size=3))}
    if shape == "not":
        return {"not": draw(conditions(above, inner, depth - 1))}
    if shape == "fact":
        return draw(fact_conditions(above, inner))
    field = draw(st.sampled_from(above))
    kind = field["type"]
    values = [option["value"] for option in field.get("options", [])]
    told: dict[str, Any] = {"field": field["id"]}
    if draw(st.integers(0, 3)) == 0:
        return told | {"answered": draw(st.booleans())}
    match kind:
        case "integer":
            number = draw(numbers)
            return told | draw(
                st.sampled_from(
                    [{"is": number}, {"is_not": number}, {"in": [number, 3]}, {"not_in": [number]}]
                )
                | st.sampled_from(ORDER).map(lambda operator: {operator: number})
            )
        case "decimal":
            return told | {draw(st.sampled_from(ORDER)): draw(small_numbers)}
        case "yes_no":
            return told | {draw(st.sampled_from(["is", "is_not"])): draw(st.booleans())}
        case "choice":
            value = draw(st.sampled_from(values))
            return told | draw(
                st.sampled_from([{"is": value}, {"is_not": value}, {"in": values}, {"not_in": [value]}])
            )
        case "choices" | "yes_no_each":
            return told | {"includes": draw(st.sampled_from(values))}
        case _:
            return told | {"answered": draw(st.booleans())}


@st.composite
def fact_conditions(draw: Draw, above: list[dict[str, Any]], inner: bool) -> dict[str, Any]:
    """Only facts that any form may name at this place: those of the child, and of the fields above."""
    choices: list[dict[str, Any]] = [
        {"fact": "sex", "is": "male"},
        {"fact": "birth_date", "answered": True},
        {"fact": "today", "answered": False},
    ]
    if not inner:
        for one in above:
            ids = {each["id"] for each in above}
            measure = one.get("measure")
            if measure and {"started_at", "gestation_weeks", "gestation_days"} <= ids:
                choices.append(
                    {"fact": f"sds.{one['id']}", draw(st.sampled_from(ORDER)): draw(small_numbers)}
                )
            if one["type"] == "date":
                choices.append({"fact": f"age_at.{one['id']}", "more_than": 10})
            if one["id"] == "started_at":
                choices += [{"fact": "hours_late", "more_than": 24}, {"fact": "age_days", "less_than": 30}]
    return draw(st.sampled_from(choices))


@st.composite
def forms(draw: Draw) -> FormDefinition:
    known = draw(st.permutations(["started_at", "gestation_weeks", "gestation_days", "need_level"]))
    ids = [f"field_{number}" for number in range(draw(st.integers(1, 6)))]
    ids = list(dict.fromkeys([*ids, *draw(st.sampled_from([[], known, known[:2]])), "constructor"]))
    ids = draw(st.permutations(ids))
    above: list[dict[str, Any]] = []
    sections: list[dict[str, Any]] = []
    for number, field_id in enumerate(ids):
        if number % 4 == 0:
            section: dict[str, Any] = {"id": f"section_{number}", "title": "Section", "fields": []}
            if above and draw(st.integers(0, 3)) == 0:
                section["show_when"] = draw(conditions(above, inner=False))
            sections.append(section)
        field = draw(fields(field_id, list(above)))
        sections[-1]["fields"].append(field)
        above.append(field)
    alerts = [
        {
            "id": f"alert_{number}",
            "level": draw(st.sampled_from(["red", "amber", "info"])),
            "title": "Title",
            "text": f"It was {{{draw(st.sampled_from(ids))}}} on {{contact_date}}, {{age_days}} days.",
            "action": "Do this.",
            "source": "A test",
            "fields": [draw(st.sampled_from(ids))],
            "when": draw(conditions(above, inner=False)),
        }
        for number in range(draw(st.integers(0, 3)))
    ]
    definition = {
        "id": "random",
        "version": 1,
        "title": "Random",
        "contact_type": "new_birth",
        "not_done_reasons": [
            {"code": "r1", "label": "Reason one"},
            {"code": "r2", "label": "Reason two", "needs_detail": True},
        ],
        "sections": sections,
        "alerts": alerts,
    }
    return read_form(json.dumps(definition, ensure_ascii=False))


def good_answers(field: Any) -> st.SearchStrategy[Any]:
    values = [option.value for option in field.options]
    match field.type:
        case "line" | "text":
            return st.text(max_size=12) | st.sampled_from(
                ["Ab!", "two  WORDS", "\U0001f476 baby", "\U0001f476\U0001f476 "]
            )
        case "integer":
            return numbers
        case "decimal":
            return small_numbers
        case "date":
            return dates
        case "month":
            return dates.map(lambda day: day[:7])
        case "datetime":
            return moments
        case "yes_no":
            return st.booleans()
        case "choice":
            return st.sampled_from(values)
        case "choices":
            return st.lists(st.sampled_from(values), unique=True)
        case "people":
            return st.lists(st.sampled_from(["p1", "p2", "p3"]), unique=True)
        case "yes_no_each":
            return st.dictionaries(st.sampled_from(values), st.booleans())
        case _:
            parts = {part.id: good_answers(part) | junk for part in field.fields}
            return st.lists(st.fixed_dictionaries({}, optional=parts), max_size=3)


not_done = st.fixed_dictionaries(
    {"not_done": st.sampled_from(["r1", "r2", "r9", "declined", "other"])},
    optional={"detail": st.text(max_size=9) | st.just("x" * 501)},
)


@st.composite
def payloads(draw: Draw, form: FormDefinition) -> Any:
    if draw(st.integers(0, 30)) == 0:
        return draw(junk)
    answers = draw(
        st.fixed_dictionaries(
            {}, optional={one.id: good_answers(one) | junk | not_done for one in form.fields}
        )
    )
    if draw(st.integers(0, 15)) == 0:
        answers["not_asked"] = draw(junk)
    confirmed = {key: value for key, value in answers.items() if draw(st.booleans())}
    said = st.just("Seen") | st.fixed_dictionaries({"not_applicable": st.just("Not here") | junk}) | junk
    responses = {alert.id: draw(said) for alert in form.alerts if draw(st.booleans())}
    return {
        "answers": answers if draw(st.integers(0, 30)) else draw(junk),
        "confirmed": confirmed if draw(st.integers(0, 30)) else draw(junk),
        "alert_responses": responses if draw(st.integers(0, 30)) else draw(junk),
    }


children = st.fixed_dictionaries(
    {
        "birth_date": dates | st.none(),
        "sex": st.sampled_from(["male", "female", "indeterminate", "not_known"]),
        "gestation_days": st.integers(160, 300) | st.none(),
        "need_level": st.sampled_from(["universal", "a", None]),
        "measurements": st.lists(
            st.fixed_dictionaries(
                {
                    "kind": st.sampled_from(["weight", "length", "ofc"]),
                    "value": small_numbers,
                    "on": dates,
                    "at_birth": st.booleans(),
                }
            ),
            max_size=4,
        ),
    }
)
instants = st.builds(
    lambda day, time: f"{day}T{time}+00:00",
    dates,
    st.sampled_from(["00:00:00", "00:59:59", "09:00:00", "10:00:00", "23:00:00", "23:59:59"]),
)


@pytest.fixture(scope="module")
def tablet() -> Iterator[TabletEngine]:
    with tablet_engine() as engine:
        yield engine


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), form=forms(), child=children, now=instants)
def test_tablet_and_server_agree_on_random_forms(
    tablet: TabletEngine, data: st.DataObject, form: FormDefinition, child: dict[str, Any], now: str
) -> None:
    payload = data.draw(payloads(form))
    assert tablet.answer(form, child, now, payload, NAMES) == server_answer(form, child, now, payload, NAMES)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), child=children, now=instants)
def test_tablet_and_server_agree_on_the_published_forms(
    tablet: TabletEngine, data: st.DataObject, child: dict[str, Any], now: str
) -> None:
    form = data.draw(st.sampled_from(list(FORMS)))
    payload = data.draw(payloads(form))
    assert tablet.answer(form, child, now, payload, NAMES) == server_answer(form, child, now, payload, NAMES)
