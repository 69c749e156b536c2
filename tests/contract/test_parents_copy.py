"""Every question of every published form is answered with something that can be recognised, in every way its options
allow: nothing that parents may not see comes out on their copy, and what does has words in every language."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from typing import Any

import pytest

from hvapp.domain.contacts import contact_rules_data
from hvapp.domain.forms import FormDefinition, load_forms
from hvapp.domain.rules import rule_book
from hvapp.settings import ROOT

FORMS = [form for form in load_forms(ROOT / "hvapp" / "forms") if form.contact_type != "no_access"]
CATALOGUES = [
    json.loads(file.read_text("utf-8"))
    for file in sorted((ROOT / "hvapp" / "phrases").glob("parents_copy.*.json"))
]
# What somebody wrote, and where parents read it. Everything else that is written stays away.
WRITTEN = {
    "actions",
    "asq_concern_text",
    "check_concern",
    "feed_support_plan",
    "parent_comment",
    "sleep_pattern",
    "summary_parent",
}
ROUNDS = 20
FIRST_DAY = date(1901, 1, 1)


def canary(place: str) -> str:
    return f"Canary {place}."


def number_of(place: str) -> int:
    """The same number for the same place in every run, and no other place's."""
    return 700_000 + PLACES[place]


def day_of(place: str) -> str:
    return (FIRST_DAY + timedelta(days=PLACES[place])).isoformat()


def places(form: FormDefinition) -> Iterator[str]:
    for section in form.definition["sections"]:
        for field in section["fields"]:
            yield field["id"]
            yield from (f"{field['id']}.{part['id']}" for part in field.get("fields", []))


PLACES = {place: at for at, place in enumerate(sorted({place for form in FORMS for place in places(form)}))}


def answer(field: Mapping[str, Any], place: str, turn: int) -> Any:
    """An answer that says which question it is of; `turn` goes through the options."""
    options = [option["value"] for option in field.get("options", [])]
    match field["type"]:
        case "text" | "line" | "person":
            return canary(place)
        case "people":
            return [canary(place)]
        case "integer":
            return number_of(place)
        case "decimal":
            return f"{number_of(place)}.5"
        case "date":
            return day_of(place)
        case "month":
            return day_of(place)[:7]
        case "datetime":
            return f"{day_of(place)}T10:00:00+00:00"
        case "yes_no":
            return turn % 2 == 0
        case "choice":
            return options[turn % len(options)]
        case "choices":
            return [options[turn % len(options)]]
        case "yes_no_each":
            return dict.fromkeys(options, True)
        case "list":
            parts = field["fields"]
            return [
                {part["id"]: answer(part, f"{place}.{part['id']}", turn + more) for part in parts}
                | ({"consent": True} if field["id"] == "referrals" else {})
                for more in (0, 1)
            ]
        case "photo":
            return []
    raise AssertionError(f"no canary for a field of type {field['type']}")


def questions(form: FormDefinition) -> list[dict[str, Any]]:
    return [field for section in form.definition["sections"] for field in section["fields"]]


@cache
def copies() -> list[tuple[FormDefinition, dict[str, Any], dict[str, Any]]]:
    """Form, answers, and the copy of it: "sections" and, for each language, "words"."""
    asked = [
        (form, {field["id"]: answer(field, field["id"], turn) for field in questions(form)})
        for form in FORMS
        for turn in range(ROUNDS)
    ]
    facts = {
        "on": "2026-05-15",
        "visitor": "Amira Khan",
        "team": None,
        "derived": {},
        "next": None,
        "doses": [],
        "history": True,
        "asq": rule_book().for_tablet()["asq"],
    }
    cases = [{"form": form.definition, "answers": answers} for form, answers in asked]
    done = subprocess.run(
        ["node", str(ROOT / "tests" / "contract" / "parents_copy.mjs")],
        input=json.dumps({"cases": cases, "catalogues": CATALOGUES, "facts": facts}),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    return [(form, answers, copy) for (form, answers), copy in zip(asked, made, strict=True)]


def test_only_what_was_written_for_parents_comes_out() -> None:
    seen: set[str] = set()
    for form, _, copy in copies():
        told = json.dumps(copy, ensure_ascii=False)
        found = set(re.findall(r"Canary ([\w.]+)\.", told))
        assert found <= WRITTEN | {"referrals.reason"}, form.key
        marks = {field["id"]: field["visibility"] for field in questions(form)}
        assert {marks[place.partition(".")[0]] for place in found} <= {"P"}, form.key
        seen |= found
    assert seen == WRITTEN | {"referrals.reason"}


def test_no_number_and_no_day_of_a_question_for_professionals_comes_out() -> None:
    shown: set[str] = set()
    for form, _, copy in copies():
        told = json.dumps(copy["sections"])
        for place in places(form):
            if str(number_of(place)) in told or day_of(place) in told:
                shown.add(place)
    assert shown == {
        "birth_weight_kg",
        "height_cm",
        "length_cm",
        "next_due",
        "ofc_cm",
        "solids_started",
        "weight_kg",
    }


def test_every_label_and_choice_is_of_a_question_marked_for_parents() -> None:
    for form, _, copy in copies():
        for_parents = {field["id"] for field in questions(form) if field["visibility"] == "P"}
        for section in copy["sections"]:
            for row in section["rows"]:
                kind, _, name = (row["label"] or "").partition(".")
                assert kind != "field" or name in for_parents, (form.key, row)


@pytest.mark.parametrize("hidden", ["X", "H"])
def test_a_referral_that_is_not_for_parents_stays_away(hidden: str) -> None:
    tried = 0
    for form, answers, copy in copies():
        [field] = [one for one in questions(form) if one["id"] == "referrals"]
        [service] = [part for part in field["fields"] if part["id"] == "service"]
        raised = {one["value"] for one in service["options"] if one.get("visibility") == hidden}
        asked = {row["service"] for row in answers["referrals"]} & raised
        tried += len(asked)
        told = json.dumps(copy["sections"])
        assert not [one for one in asked if f"option.service.{one}" in told], form.key
    assert tried


def test_every_language_has_words_for_every_kind_of_contact() -> None:
    types = {one["type"] for one in contact_rules_data()["contacts"]} - {"no_access"}
    for catalogue in CATALOGUES:
        missing = [one for one in sorted(types) if f"contact.{one}" not in catalogue["phrases"]]
        assert missing == [], catalogue["language"]


def test_no_phrase_is_for_a_question_or_choice_that_no_form_has() -> None:
    used = {
        label
        for _, _, copy in copies()
        for label in re.findall(r'"((?:field|option)\.[\w.]+)"', json.dumps(copy["sections"]))
    }
    offered = {key for key in CATALOGUES[0]["phrases"] if key.startswith(("field.", "option."))}
    # The areas of the questionnaire are named only where a cut-off is confirmed.
    areas = {key for key in offered if key.startswith("field.asq_")}
    assert offered - used <= areas
    assert used <= offered
