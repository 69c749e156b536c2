"""Every form can be filled in: tablet and server find nothing left to mend, with the least and with all answered."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from hvapp.domain.forms import FormDefinition
from hvapp.domain.forms.facts import ChildFacts
from hvapp.domain.synthetic.filling import fill_in, respond
from tests.contract.forms_support import TabletEngine, server_answer, stand_in, tablet_engine
from tests.support.answers import FORMS as LIBRARY

FORMS = list(LIBRARY)
DAY = date(2026, 5, 13)
NOW = f"{DAY}T10:00:00+00:00"
STARTED = {"started_at": f"{DAY}T10:05:00+01:00"}
# How old a child is at an ordinary contact of each kind, in days; None before the birth.
AGES = {
    "antenatal": None,
    "new_birth": 12,
    "six_eight_week": 50,
    "three_four_month": 105,
    "six_month": 190,
    "one_year": 340,
    "two_year": 780,
    "targeted": 140,
    "movement_in": 230,
    "no_access": 12,
}


def child_at(form: FormDefinition) -> dict[str, Any]:
    age = AGES[form.contact_type]
    born = None if age is None else (DAY - timedelta(days=age)).isoformat()
    return {
        "birth_date": born,
        "sex": "male",
        "gestation_days": 276,
        "need_level": "universal",
        "measurements": [],
    }


@pytest.fixture(scope="module")
def tablet() -> Iterator[TabletEngine]:
    with tablet_engine() as engine:
        yield engine


@pytest.mark.parametrize("everything", [False, True], ids=["what is required", "everything"])
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.key)
def test_a_form_filled_in_is_complete_on_both_sides(
    tablet: TabletEngine, form: FormDefinition, everything: bool
) -> None:
    child = child_at(form)
    facts = ChildFacts.from_record(child)
    moment = datetime.fromisoformat(NOW)
    answers = fill_in(form, facts, moment, STARTED, ["p1"], everything=everything, assess=stand_in)
    payload = {"answers": answers, "alert_responses": respond(form, facts, moment, answers, stand_in)}
    server = server_answer(form, child, NOW, payload, {"p1": "Nadia Example"})
    assert server["findings"] == []
    assert tablet.answer(form, child, NOW, payload, {"p1": "Nadia Example"}) == server
    if everything:
        assert set(answers) == server["visible"]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.key)
def test_every_question_but_the_identity_takes_not_done(tablet: TabletEngine, form: FormDefinition) -> None:
    child = child_at(form)
    answers: dict[str, Any] = {}
    for one in form.fields:
        if one.not_done and one.may_be_required and not one.fixed:
            answers[one.id] = {"not_done": one.not_done[-1].code, "detail": "Left early"}
    answers |= STARTED | {"contact_type": form.contact_type}
    if form.field("identity_checked"):
        answers["identity_checked"] = True
    if form.field("not_measured_reason"):
        answers["not_measured_reason"] = "not_seen"
    server = server_answer(form, child, NOW, {"answers": answers}, {})
    assert [finding for finding in server["findings"] if finding[-1] is None] == []
    assert tablet.answer(form, child, NOW, {"answers": answers}, {}) == server


@pytest.mark.parametrize("contact_type", list(AGES))
def test_every_kind_of_contact_has_a_form(contact_type: str) -> None:
    form = LIBRARY.current(contact_type)
    assert form is not None
    assert form.contact_type == contact_type
