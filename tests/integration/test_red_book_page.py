"""What waits for the red book, why, and sending it again."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from hvapp.domain.redbook import Outcome
from hvapp.services import outbox
from hvapp.store.outbox import OutboxRow
from tests.support.client import FORMS, Tablet
from tests.support.desk import Desk
from tests.support.reviewing import approve
from tests.support.world import World

REFUSED = Outcome("dead", "unknown_number", "The red book does not know this NHS number.")
HELD = Outcome("paused", "no_number", "The child has no traced NHS number yet.")
BUSY = Outcome("retry", "busy", "The red book is busy.", retry_after_seconds=600)


@pytest.fixture
def desk(app: Flask, world: World) -> Desk:
    return Desk(app.test_client()).sign_in(world.sue)


@pytest.fixture
def approved(tablet: Tablet, world: World, session: Session) -> str:
    """The message of one approved visit."""
    visit = tablet.revision(world)
    tablet.push(visit)
    approve(session, world, visit)
    return session.scalars(select(OutboxRow.id)).one()


def attempt(session: Session, outcome: Outcome) -> None:
    now = datetime.now(UTC) + timedelta(seconds=1)
    envelope = outbox.claim_next(session, FORMS, now=now, lease_seconds=60, worker_id="test")
    assert envelope is not None
    outbox.settle(session, envelope, outcome, now)


def test_nothing_waiting_says_what_would_be_there(desk: Desk) -> None:
    desk.get("/red-book").has(
        "Nothing waits. A visit is listed here from its approval until the red book has accepted it.",
        "once the red-book service has accepted it and said so",
    )


def test_a_new_message_waits_its_turn(desk: Desk, approved: str) -> None:
    page = desk.get("/red-book")

    page.has("On its way", "Maya Marlow", "New birth visit", "Waiting to be sent", "As soon as it can")
    assert f"/red-book/{approved}/again" not in page.addresses


def test_a_retry_says_why_and_when(desk: Desk, session: Session, approved: str) -> None:
    attempt(session, BUSY)

    desk.get("/red-book").has("Will be tried again", "The red book is busy.", "Next try")
    assert "As soon as it can" not in desk.get("/red-book").text


@pytest.mark.parametrize(("outcome", "words"), [(REFUSED, "Not accepted"), (HELD, "On hold")])
def test_a_stuck_message_needs_attention_and_can_be_sent_again(
    desk: Desk, session: Session, approved: str, outcome: Outcome, words: str
) -> None:
    attempt(session, outcome)
    page = desk.get("/red-book")
    page.has("Needs attention", words, outcome.detail, "Last tried")

    again = desk.post(f"/red-book/{approved}/again")

    desk.follow(again).has("It is in the queue again", "On its way")
    assert session.get_one(OutboxRow, approved, populate_existing=True).state == "pending"


def test_sending_again_twice_is_told_plainly(desk: Desk, session: Session, approved: str) -> None:
    attempt(session, REFUSED)
    desk.post(f"/red-book/{approved}/again")

    desk.follow(desk.post(f"/red-book/{approved}/again")).has("There is a problem", "already on its way")


def test_the_visit_itself_says_why_the_red_book_did_not_take_it(
    desk: Desk, session: Session, approved: str
) -> None:
    attempt(session, REFUSED)
    visit_id = session.get_one(OutboxRow, approved).visit_id

    desk.get(f"/review/{visit_id}").has("Red book: needs attention", REFUSED.detail)


def test_another_team_neither_sees_nor_sends(
    app: Flask, world: World, session: Session, approved: str
) -> None:
    attempt(session, REFUSED)
    olu = Desk(app.test_client()).sign_in(world.olu)

    assert "Maya" not in olu.get("/red-book").text
    assert olu.post(f"/red-book/{approved}/again").status_code == 404
    assert session.get_one(OutboxRow, approved, populate_existing=True).state == "dead"
