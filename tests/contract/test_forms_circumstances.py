"""Questions that only some circumstances ask, on tablet and server: late, refused, in twos."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from tests.contract.forms_support import TabletEngine, asked, tablet_engine

BORN = date(2026, 3, 2)
REFUSED = {"refusal_understood", "refusal_reason", "refusal_leaflet"}


@pytest.fixture(scope="module")
def tablet() -> Iterator[TabletEngine]:
    with tablet_engine() as engine:
        yield engine


def asked_at(tablet: TabletEngine, contact: str, days: int, **answers: Any) -> tuple[set[str], set[str]]:
    """At so many days of age."""
    return asked(tablet, contact, BORN, BORN + timedelta(days=days), **answers)


@pytest.mark.parametrize(
    ("contact", "last"), [("new_birth", 14), ("six_eight_week", 56)], ids=["day 14 and 15", "day 56 and 57"]
)
def test_after_its_window_a_contact_says_why(tablet: TabletEngine, contact: str, last: int) -> None:
    assert "overdue_reason" not in asked_at(tablet, contact, last)[0]
    shown, needed = asked_at(tablet, contact, last + 1)
    assert "overdue_reason" in shown & needed
    assert "home_on" not in shown


def test_a_baby_in_hospital_until_now_came_home_on_a_day(tablet: TabletEngine) -> None:
    shown, needed = asked_at(tablet, "new_birth", 20, overdue_reason="in_hospital")
    assert "home_on" in shown - needed
    assert (
        "home_on" in asked_at(tablet, "new_birth", 20, overdue_reason="in_hospital", home_on="2026-04-02")[1]
    )
    assert "home_on" not in asked_at(tablet, "new_birth", 20, overdue_reason="away")[0]


def test_a_refusal_says_whether_it_was_understood_and_why(tablet: TabletEngine) -> None:
    assert not asked_at(tablet, "no_access", 10, reason="no_answer")[0] & REFUSED
    shown, needed = asked_at(tablet, "no_access", 10, reason="refused")
    assert shown & needed >= REFUSED


def test_a_second_visitor_reads_and_agrees(tablet: TabletEngine) -> None:
    assert "second_agrees" not in asked_at(tablet, "new_birth", 10)[0]
    shown, needed = asked_at(tablet, "new_birth", 10, second_practitioner="Jo Bell, nursery nurse")
    assert "second_agrees" in shown & needed
