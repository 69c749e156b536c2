"""What a reviewer reads: answers in plain words, who may see them, what to look at, and what changed."""

from datetime import UTC, datetime
from typing import Any

import pytest

from hvapp.domain.forms import FormDefinition
from hvapp.domain.forms.facts import build_facts, derive
from hvapp.domain.forms.readout import (
    ReadRow,
    derived_text,
    differences,
    effective_visibility,
    read_out,
)
from tests.unit.test_forms_new_birth import ANSWERS, CHILD, NOW, form

__all__ = ["form"]


def rows(form: FormDefinition, **changes: Any) -> dict[str, ReadRow]:
    answers = {key: value for key, value in (ANSWERS | changes).items() if value is not None}
    payload = {
        "answers": answers,
        "derived": derive(CHILD, answers, NOW, form),
        "confirmed": {"weight_kg": "3.520"},
    }
    sections = read_out(form, payload, build_facts(CHILD, answers, NOW, form), {"p1": "Maya Example"})
    assert [section.id for section in sections] == ["about", "birth", "growth", "feeding", "plan"]
    return {row.field_id: row for section in sections for row in section.rows}


@pytest.mark.parametrize(
    ("field_id", "value"),
    [
        ("started_at", "13 May 2026 at 10:05"),
        ("present", "Maya Example"),
        ("identity_checked", "Yes"),
        ("gestation_weeks", "38 weeks"),
        ("weight_kg", "3.520 kg"),
        ("feed_concern", "None"),
        ("advice", "Feeding, Safer sleep"),
        ("next_due", "12 June 2026"),
        ("share_consent", "Yes: GP, Child health information service, Red book, Best Start Family Hub. "
            "No: Early years settings"),
        ("length_cm", ""),
    ],
)  # fmt: skip
def test_answers_in_words(form: FormDefinition, field_id: str, value: str) -> None:
    assert rows(form)[field_id].value == value


def test_hidden_questions_are_not_read_out(form: FormDefinition) -> None:
    assert "language" not in rows(form)
    assert rows(form, interpreter="phone", language="pl")["language"].value == "Polish"


def test_not_done_says_why(form: FormDefinition) -> None:
    undone = rows(form, ofc_cm={"not_done": "other", "detail": "Tape broken"})["ofc_cm"]
    assert undone.value == "Not done: Another reason. Tape broken"


def test_what_cannot_be_read_is_said(form: FormDefinition) -> None:
    row = rows(form, ofc_cm=[1, 2])["ofc_cm"]
    assert row.value == "Could not be read"
    assert row.flags == ("The head circumference must be a number, such as 3.5.",)


def test_flags_and_growth_stand_beside_the_answer(form: FormDefinition) -> None:
    weight = rows(form)["weight_kg"]
    assert weight.flags == ("Confirmed by the visitor as unusual but right",)
    assert weight.derived is not None
    assert "age corrected for gestation" in weight.derived


def test_a_restricted_referral_makes_the_whole_answer_restricted(form: FormDefinition) -> None:
    gp = {"service": "gp", "reason": "Rash", "urgency": "routine", "consent": True, "status": "sent"}
    abuse = gp | {"service": "domestic_abuse", "reason": "Disclosed"}
    field = form.field("referrals")
    assert field is not None
    assert effective_visibility(field, [gp]) == "P"
    assert effective_visibility(field, [gp, abuse]) == "X"
    assert rows(form, referrals=[gp, abuse])["referrals"].visibility == "X"


def test_growth_in_words() -> None:
    known = {"sds": "-0.412345678901", "centile": "34.0", "band": "25th to 50th centile", "method": "digital"}
    assert (
        derived_text(known) == "25th to 50th centile, SDS −0.41, age corrected for gestation (digital method)"
    )
    assert derived_text(known | {"method": "chronological"}) == (
        "25th to 50th centile, SDS −0.41, gestation not known, age not corrected"
    )
    assert (
        derived_text({"no_reference": "The charts end at 20 years"})
        == "No centile. The charts end at 20 years."
    )
    for junk in (None, "x", [], {}, {"sds": 1, "band": 2}, {"sds": "1"}):
        assert derived_text(junk) is None


def test_differences_hold_what_was_and_what_is(form: FormDefinition) -> None:
    old = {"answers": ANSWERS}
    new = {
        "answers": ANSWERS
        | {"weight_kg": "3.250", "length_cm": "50.5", "feed_concern": ["latch"], "ofc_cm": None}
    }
    changed = differences(form, old, new)
    assert [(row.field_id, row.was, row.value) for row in changed] == [
        ("weight_kg", "3.520 kg", "3.250 kg"),
        ("ofc_cm", "35.1 cm", ""),
        ("length_cm", "", "50.5 cm"),
        ("feed_concern", "None", "Latch"),
    ]
    assert differences(form, old, old) == []


def test_a_change_that_was_restricted_before_stays_restricted(form: FormDefinition) -> None:
    row = {
        "service": "domestic_abuse",
        "reason": "Disclosed",
        "urgency": "urgent",
        "consent": True,
        "status": "sent",
    }
    (changed,) = differences(form, {"answers": {"referrals": [row]}}, {"answers": {"referrals": []}})
    assert changed.visibility == "X"


@pytest.mark.parametrize(
    "junk", [None, [], "x", {"answers": 3}, {"answers": {"weight_kg": {"not_done": []}}}]
)
def test_junk_is_read_out_without_a_crash(form: FormDefinition, junk: Any) -> None:
    answers = junk.get("answers") if isinstance(junk, dict) else None
    facts = build_facts(CHILD, answers, datetime(2026, 5, 13, tzinfo=UTC), form)
    assert read_out(form, junk, facts, {})
    assert differences(form, junk, {"answers": ANSWERS})


def test_junk_nested_without_end_is_read_out_too(form: FormDefinition) -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    answers = ANSWERS | {"referrals": deep, "feed_concern": deep}
    payload = {"answers": answers, "confirmed": {"feed_concern": deep}}
    assert read_out(form, payload, build_facts(CHILD, answers, NOW, form), {})
    same_again = {"answers": answers | {"referrals": [deep]}}
    assert [row.field_id for row in differences(form, payload, same_again)] == ["referrals"]
