"""Visits that stay here although nothing is wrong with them."""

from typing import Any

import pytest

from hvapp.domain.redbook import red_book_agreed
from sync.holds import hold
from tests.support.redbook_sample import RECORD, child, record


def reason(of: Any, kind: Any = "new") -> str | None:
    held = hold(of, kind)
    if held is not None:
        assert held.kind == "paused", "nothing is wrong with the message: it waits for a person"
        assert "9990" not in held.detail
    return held.reason_code if held else None


def test_an_ordinary_visit_goes() -> None:
    assert reason(RECORD) is None


@pytest.mark.parametrize(
    ("answer", "agreed"),
    [
        ({"red_book": True, "gp": False}, True),
        ({"red_book": False, "gp": True}, False),
        ({"gp": True}, None),
        (["red_book"], None),
        ([], None),
        (True, None),
        (False, None),
        ("red_book", None),
        (None, None),
        ({"not_done": "asleep"}, None),
        ({"red_book": "yes"}, None),
    ],
)
def test_what_counts_as_agreement(answer: Any, agreed: bool | None) -> None:
    assert red_book_agreed({"share_consent": answer}) is agreed


def test_a_family_that_did_not_agree() -> None:
    assert reason(record(answers={"share_consent": {"red_book": False}})) == "not_agreed"


def test_a_family_that_no_longer_agrees() -> None:
    held = hold(record(answers={"share_consent": {"red_book": False}}), "update")
    assert held is not None and held.reason_code == "agreement_withdrawn"
    assert "ask the red book service to remove it" in held.detail


@pytest.mark.parametrize("kind", ["new", "update"])
def test_a_visit_that_does_not_say(kind: str) -> None:
    assert reason(record(without=("share_consent",)), kind) == "agreement_not_recorded"
    assert (
        reason(record(answers={"share_consent": {"not_done": "parent_away"}}), kind)
        == "agreement_not_recorded"
    )


def test_a_child_without_an_nhs_number_waits_to_be_traced() -> None:
    assert reason(record(child=child(nhs_number=None))) == "no_nhs_number"


@pytest.mark.parametrize("number", ["", "9990000019", "999 000 0018", "99900000180", "abcdefghij"])
def test_a_number_that_cannot_be_one(number: str) -> None:
    assert reason(record(child=child(nhs_number=number))) == "bad_nhs_number"


def test_a_contact_that_is_not_for_the_red_book() -> None:
    assert reason(record(encounter_code=None)) == "not_for_red_book"
