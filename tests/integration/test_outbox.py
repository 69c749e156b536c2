"""The red-book outbox: claimed by one, frozen once, settled for good."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hvapp.domain.errors import Conflict
from hvapp.domain.redbook import Outcome
from hvapp.services import outbox
from hvapp.store.outbox import OutboxRow
from hvapp.store.visits import VisitRow
from tests.support.client import FORMS, Tablet, seal
from tests.support.reviewing import approve
from tests.support.world import World

NOW = datetime.now(UTC)
SENT = Outcome("sent", "ok", "Accepted.", http_status=200)
RETRY = Outcome("retry", "unavailable", "The red book did not answer.", http_status=503)
DEAD = Outcome("dead", "invalid", "The red book refused the visit.", http_status=422)


@pytest.fixture
def approved(tablet: Tablet, world: World, session: Session) -> dict:
    return _approve_one(tablet, world, session)


def _approve_one(tablet: Tablet, world: World, session: Session) -> dict:
    return _approve(tablet, world, session, tablet.revision(world))


def _approve(tablet: Tablet, world: World, session: Session, revision: dict) -> dict:
    tablet.push(revision)
    approve(session, world, revision, now=NOW - timedelta(seconds=5))
    return revision


def claim(session: Session, now: datetime = NOW) -> outbox.Envelope | None:
    return outbox.claim_next(session, FORMS, now=now, lease_seconds=60, worker_id="test")


def test_a_claim_brings_the_approved_record(session: Session, world: World, approved: dict) -> None:
    envelope = claim(session)

    assert envelope is not None
    assert envelope.revision_id == approved["rev_id"]
    assert envelope.record.child.nhs_number == world.nhs_number
    assert envelope.record.answers == approved["payload"]["answers"]
    assert envelope.record.organisation.ods_code == "X9Z"
    assert envelope.attempts == 1


@pytest.mark.parametrize("ended", ["half past ten", "2026-05-03T10:45", 1045, {"not_done": "other"}])
def test_an_end_that_is_no_time_does_not_stop_the_outbox(
    tablet: Tablet, world: World, session: Session, ended: object
) -> None:
    """It is kept and flagged like any answer that breaks the form's rules, and a supervisor may approve it."""
    revision = tablet.revision(world)
    revision["payload"]["answers"]["ended_at"] = ended
    revision = seal(revision)
    _approve(tablet, world, session, revision)

    envelope = claim(session)

    assert envelope is not None
    assert envelope.record.ended_at is None


def test_a_claimed_message_is_nobody_elses_until_its_lease_ends(session: Session, approved: dict) -> None:
    first = claim(session)
    assert claim(session) is None

    again = claim(session, NOW + timedelta(seconds=61))
    assert again is not None and first is not None
    assert (again.message_id, again.attempts) == (first.message_id, 2)


def test_one_message_of_a_child_at_a_time_in_order(
    tablet: Tablet, world: World, session: Session, approved: dict
) -> None:
    second = _approve_one(tablet, world, session)
    first = claim(session)
    assert first is not None and first.revision_id == approved["rev_id"]
    assert claim(session) is None

    outbox.settle(session, first, SENT, NOW)
    following = claim(session)
    assert following is not None and following.revision_id == second["rev_id"]


def test_a_stuck_message_holds_back_the_childs_later_ones(
    tablet: Tablet, world: World, session: Session, approved: dict
) -> None:
    _approve_one(tablet, world, session)
    first = claim(session)
    assert first is not None
    outbox.settle(session, first, DEAD, NOW)

    assert claim(session, NOW + timedelta(days=1)) is None


def test_bytes_are_frozen_once(session: Session, approved: dict) -> None:
    envelope = claim(session)
    assert envelope is not None
    outbox.freeze(session, envelope.message_id, b"one", "application/fhir+json")
    outbox.freeze(session, envelope.message_id, b"one", "application/fhir+json")
    with pytest.raises(Conflict):
        outbox.freeze(session, envelope.message_id, b"two", "application/fhir+json")

    again = claim(session, NOW + timedelta(seconds=61))
    assert again is not None and again.payload == b"one"


def test_sent_is_told_to_the_tablet(tablet: Tablet, session: Session, approved: dict) -> None:
    cursor = tablet.pull()["cursor"]
    envelope = claim(session)
    assert envelope is not None
    outbox.settle(session, envelope, SENT, NOW)

    [item] = tablet.pull(cursor)["items"]
    assert item["body"]["state"] == "in_red_book"
    assert item["body"]["red_book"]["at"] == NOW.isoformat()


def test_a_retry_waits_and_is_taken_again(session: Session, approved: dict) -> None:
    envelope = claim(session)
    assert envelope is not None
    outbox.settle(session, envelope, RETRY, NOW)

    row = session.get(OutboxRow, envelope.message_id)
    assert row.state == "retry" and row.next_at > NOW
    assert claim(session, row.next_at - timedelta(seconds=1)) is None
    assert claim(session, row.next_at) is not None
    assert session.get(VisitRow, approved["visit_id"]).state == "approved"


def test_a_day_of_retries_becomes_a_matter_for_a_person(session: Session, approved: dict) -> None:
    envelope = claim(session)
    assert envelope is not None

    outcome = outbox.settle(session, envelope, RETRY, NOW + timedelta(days=1))

    assert outcome.kind == "dead"
    assert session.get(VisitRow, approved["visit_id"]).state == "red_book_failed"


def test_a_refusal_is_shown_to_the_supervisor_who_may_send_again(
    session: Session, world: World, approved: dict
) -> None:
    envelope = claim(session)
    assert envelope is not None
    outbox.settle(session, envelope, DEAD, NOW)

    [line] = outbox.list_waiting(session, world.sue)
    assert line.stuck and line.reason == DEAD.detail
    assert outbox.list_waiting(session, world.olu) == []

    outbox.send_again(session, envelope.message_id, by=world.sue, now=NOW)
    assert claim(session, NOW) is not None
    assert session.scalars(select(VisitRow)).one().state == "approved"
