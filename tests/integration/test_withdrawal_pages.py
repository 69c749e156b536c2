"""The supervisor's pages for a visit that its author withdraws."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from hvapp.store.visits import VisitRow
from tests.support.client import Tablet
from tests.support.desk import Desk, Page
from tests.support.reviewing import approve
from tests.support.world import World

WORDS = "This was about her cousin <Mo>"


@pytest.fixture
def desk(app: Flask, world: World) -> Desk:
    return Desk(app.test_client()).sign_in(world.sue)


@pytest.fixture
def sent(tablet: Tablet, world: World) -> dict[str, Any]:
    revision = tablet.revision(world)
    tablet.push(revision)
    return revision


@pytest.fixture
def withdrawn(tablet: Tablet, world: World, session: Session, sent: dict[str, Any]) -> dict[str, Any]:
    """After approval, so that a person has to agree."""
    approve(session, world, sent)
    why = tablet.withdrawal(world, sent, words=WORDS)
    tablet.push(why)
    return why


def state(session: Session, of: dict[str, Any]) -> str:
    session.rollback()
    session.expire_all()
    return session.get_one(VisitRow, of["visit_id"]).state


def open_page(desk: Desk, of: dict[str, Any]) -> Page:
    return desk.get(f"/review/{of['visit_id']}")


def test_it_stands_in_the_queue_and_the_page_says_why(desk: Desk, withdrawn: dict[str, Any]) -> None:
    desk.get("/review").has("The visitor withdraws this visit: agree, or keep it", "Maya Marlow")

    open_page(desk, withdrawn).has(
        "Amira Khan withdrew this visit",
        "Recorded against the wrong child.",
        WORDS,
        "It was approved before, and counts until you agree.",
        "whether this has to be reported as a data incident",
        "Weight",
        "3.180",
    )


def test_agreeing_says_so_and_lists_it(desk: Desk, session: Session, withdrawn: dict[str, Any]) -> None:
    page = desk.post(f"/review/{withdrawn['visit_id']}/withdrawn", rev_id=withdrawn["rev_id"])

    desk.follow(page).has(
        "Maya Marlow: withdrawn.", "Withdrawn by visitors", "Recorded against the wrong child"
    )
    assert state(session, withdrawn) == "withdrawn"
    page = open_page(desk, withdrawn)
    page.has("Agreed to by Sue Park", "It is kept, and does not count.")
    assert "Keep this visit" not in page.text


def test_keeping_asks_for_a_reason_and_shows_it_from_then_on(
    desk: Desk, session: Session, withdrawn: dict[str, Any]
) -> None:
    address = f"/review/{withdrawn['visit_id']}/keep"
    refused = desk.post(address, rev_id=withdrawn["rev_id"], why=" ")
    assert refused.status_code == 422
    refused.has("Say why, so that whoever reads this later understands.")
    assert state(session, withdrawn) == "withdrawal"

    page = desk.follow(desk.post(address, rev_id=withdrawn["rev_id"], why="I was there: it was Maya"))

    page.has("Sue Park kept it", "I was there: it was Maya", "Approved by Sue Park")
    assert state(session, withdrawn) == "approved"


def test_a_decision_on_what_is_out_of_date_changes_nothing(
    desk: Desk, session: Session, sent: dict[str, Any], withdrawn: dict[str, Any]
) -> None:
    for act in ("withdrawn", "keep"):
        page = desk.post(f"/review/{sent['visit_id']}/{act}", rev_id=sent["rev_id"], why="A reason")
        assert page.status_code == 409
        page.has("A newer version of this visit arrived while you were reading")
    assert state(session, withdrawn) == "withdrawal"


def test_one_that_nobody_had_decided_on_can_be_brought_back(
    desk: Desk, session: Session, tablet: Tablet, world: World, sent: dict[str, Any]
) -> None:
    why = tablet.withdrawal(world, sent, reason="twice")
    tablet.push(why)
    open_page(desk, why).has("Recorded twice.", "Keep this visit")

    desk.post(f"/review/{why['visit_id']}/keep", rev_id=why["rev_id"], why="There was only one")

    assert state(session, why) == "received"
    open_page(desk, why).has("Your decision", "There was only one")


def test_nobody_is_asked_to_agree_to_their_own(app: Flask, tablet_of: Any, world: World, desk: Desk) -> None:
    sue = tablet_of(world.sue)
    own = sue.revision(world)
    sue.push(own)
    sue.push(sue.withdrawal(world, own))

    page = open_page(desk, own)

    page.has("Withdrawn by the visitor")
    assert "Keep this visit" not in page.text


def test_before_the_visit_itself_has_arrived_there_is_a_page_already(
    desk: Desk, tablet: Tablet, world: World, sent: dict[str, Any]
) -> None:
    early = tablet.withdrawal(world, tablet.revision(world))
    tablet.push(early)
    page = open_page(desk, early)
    assert page.status_code == 200
    page.has("Amira Khan withdrew this visit")
