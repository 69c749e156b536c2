"""Deciding on a visit: once, by the right person, about the version that was read."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from hvapp.domain.errors import Conflict, Invalid, NotAllowed, NotFound
from hvapp.domain.forms import FormLibrary
from hvapp.domain.forms.reader import read_form
from hvapp.domain.review import Query
from hvapp.services import review, visit_readout
from hvapp.store.audit import AuditRow
from hvapp.store.children import ChildRow, ContactRow, MeasurementRow
from hvapp.store.outbox import OutboxRow
from hvapp.store.visits import DecisionRow, RevisionRow, VisitRow
from tests.support.client import FORMS, Tablet, seal, with_answers
from tests.support.reviewing import approve
from tests.support.world import World


@pytest.fixture
def sent(tablet: Tablet, world: World) -> dict:
    revision = tablet.revision(world)
    tablet.push(revision)
    return revision


def test_the_queue_shows_the_team_what_waits(session: Session, world: World, sent: dict) -> None:
    [line] = review.queue(session, world.sue)

    assert line.child_name == "Maya Marlow"
    assert line.author_name == "Amira Khan"
    assert not line.own
    assert review.queue(session, world.olu) == []


def test_approval_queues_one_message_in_the_same_transaction(
    session: Session, world: World, sent: dict
) -> None:
    approve(session, world, sent)

    [message] = session.scalars(select(OutboxRow)).all()
    assert (message.revision_id, message.kind, message.state) == (sent["rev_id"], "new", "pending")
    assert session.get(VisitRow, sent["visit_id"]).state == "approved"
    assert review.queue(session, world.sue) == []


def test_approval_puts_the_contact_and_the_measurements_on_the_record(
    session: Session, world: World, sent: dict
) -> None:
    approve(session, world, sent)

    [contact] = session.scalars(select(ContactRow)).all()
    assert (contact.contact_type, contact.subject_id) == ("new_birth", world.child_id)
    weights = session.scalars(select(MeasurementRow).where(MeasurementRow.visit_id == sent["visit_id"])).all()
    assert {(row.kind, str(row.value)) for row in weights if not row.at_birth} >= {
        ("weight", sent["payload"]["answers"]["weight_kg"])
    }


def test_a_second_approval_changes_nothing(session: Session, world: World, sent: dict) -> None:
    approve(session, world, sent)

    with pytest.raises(Conflict, match="already decided"):
        approve(session, world, sent)

    assert len(session.scalars(select(OutboxRow)).all()) == 1
    assert len(session.scalars(select(DecisionRow)).all()) == 1


def test_a_failure_after_the_decision_leaves_neither_decision_nor_message(
    session: Session, world: World, sent: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(review, "_write_to_record", fail)
    with pytest.raises(RuntimeError):
        approve(session, world, sent)

    assert session.scalars(select(OutboxRow)).all() == []
    assert session.scalars(select(DecisionRow)).all() == []
    assert session.get(VisitRow, sent["visit_id"]).state == "received"


def test_nobody_approves_their_own_visit(tablet_of, session: Session, world: World) -> None:
    sue = tablet_of(world.sue)
    own = sue.revision(world)
    sue.push(own)

    with pytest.raises(NotAllowed, match="recorded this visit yourself"):
        approve(session, world, own)
    assert session.scalars(select(OutboxRow)).all() == []


def test_another_teams_visit_is_not_shown(session: Session, world: World, sent: dict) -> None:
    with pytest.raises(NotFound):
        approve(session, world, sent, reviewer=world.olu)


def test_a_visitor_cannot_decide(session: Session, world: World, sent: dict) -> None:
    with pytest.raises(NotAllowed):
        approve(session, world, sent, reviewer=world.ben)


def test_a_newer_version_must_be_read_first(
    session: Session, tablet: Tablet, world: World, sent: dict
) -> None:
    newer = tablet.revision(world, visit_id=sent["visit_id"], parent_rev=sent["rev_id"])
    tablet.push(newer)

    with pytest.raises(Conflict, match="newer version"):
        approve(session, world, sent)
    approve(session, world, newer)


def test_sending_back_needs_a_reason(session: Session, world: World, sent: dict) -> None:
    with pytest.raises(Invalid, match="Say what"):
        review.send_back(
            session,
            reviewer=world.sue,
            visit_id=sent["visit_id"],
            rev_id=sent["rev_id"],
            comment="  ",
            queries=[],
            now=datetime.now(UTC),
        )


def test_a_returned_visit_reaches_its_author_with_the_answers_and_may_be_sent_again(
    session: Session, tablet: Tablet, world: World, sent: dict
) -> None:
    cursor = tablet.pull()["cursor"]
    review.send_back(
        session,
        reviewer=world.sue,
        visit_id=sent["visit_id"],
        rev_id=sent["rev_id"],
        comment="Is the weight right?",
        queries=[Query("weight_kg", "Please check")],
        now=datetime.now(UTC),
    )

    [item] = tablet.pull(cursor)["items"]
    assert item["body"]["state"] == "returned"
    assert item["body"]["returned"]["comment"] == "Is the weight right?"
    assert item["body"]["returned"]["queries"] == [{"field_id": "weight_kg", "comment": "Please check"}]
    assert item["body"]["revision"] == sent

    again = tablet.revision(world, visit_id=sent["visit_id"], parent_rev=sent["rev_id"])
    [result] = tablet.push(again)
    assert (result["result"], result["flags"]) == ("stored", [])
    [line] = review.queue(session, world.sue)
    assert line.amended

    approve(session, world, again)
    detail = visit_readout.open_visit(
        session, FORMS, reviewer=world.sue, visit_id=sent["visit_id"], now=datetime.now(UTC)
    )
    assert [earlier.returned_comment for earlier in detail.earlier] == ["Is the weight right?"]


def test_an_amendment_after_approval_is_reviewed_again_and_updates_the_record(
    session: Session, tablet: Tablet, world: World, sent: dict
) -> None:
    approve(session, world, sent)
    amended = tablet.revision(world, visit_id=sent["visit_id"], parent_rev=sent["rev_id"])
    tablet.push(amended)

    assert session.get(VisitRow, sent["visit_id"]).state == "received"
    approve(session, world, amended)

    messages = session.scalars(select(OutboxRow).order_by(OutboxRow.seq)).all()
    assert [message.kind for message in messages] == ["new", "update"]
    assert len(session.scalars(select(ContactRow)).all()) == 1


def test_opening_and_deciding_are_on_the_audit_trail(session: Session, world: World, sent: dict) -> None:
    visit_readout.open_visit(
        session, FORMS, reviewer=world.sue, visit_id=sent["visit_id"], now=datetime.now(UTC)
    )
    approve(session, world, sent)

    rows = session.scalars(
        select(AuditRow).where(AuditRow.subject_id == sent["visit_id"]).order_by(AuditRow.at)
    ).all()
    assert [row.action for row in rows] == ["revision_received", "visit_opened", "visit_approved"]
    assert rows[1].account_id == world.sue.id


def test_correcting_a_visit_days_later_does_not_make_it_late(
    session: Session, tablet: Tablet, world: World, sent: dict, judge: Callable[[], int]
) -> None:
    """The first version was entered the same day; the form must not ask why it was late."""
    review.send_back(
        session,
        reviewer=world.sue,
        visit_id=sent["visit_id"],
        rev_id=sent["rev_id"],
        comment="Is the weight right?",
        queries=[],
        now=datetime.now(UTC),
    )
    later = datetime.now(UTC) + timedelta(days=3)
    corrected = tablet.revision(
        world, visit_id=sent["visit_id"], parent_rev=sent["rev_id"], sealed_at=later.isoformat()
    )
    corrected["payload"]["context"]["entered_at"] = sent["sealed_at"]
    corrected["payload"]["answers"] = sent["payload"]["answers"]
    corrected["occurred_at"] = sent["occurred_at"]

    tablet.push(seal(corrected))
    judge()

    assert tablet.visit(sent["visit_id"])["flags"] == []


def test_an_amendment_is_not_judged_against_its_own_first_version(
    session: Session, tablet: Tablet, world: World, judge: Callable[[], int]
) -> None:
    """A slip in the birth weight made the weight look lost; taken back, it must not go on raising the alert."""
    wrong = with_answers(tablet.revision(world), birth_weight_kg="4.300")
    tablet.push(wrong)
    judge()
    assert "red_alert" in tablet.visit(wrong["visit_id"])["flags"]
    approve(session, world, wrong)

    amended = tablet.revision(world, visit_id=wrong["visit_id"], parent_rev=wrong["rev_id"])
    amended = with_answers(amended, birth_weight_kg={"not_done": "other"})
    tablet.push(amended)
    assert judge() == 1

    assert "red_alert" not in tablet.visit(wrong["visit_id"])["flags"]


def test_approval_puts_on_record_what_the_form_measures(
    session: Session, tablet: Tablet, world: World, sent: dict
) -> None:
    approve(session, world, sent)

    written = session.scalars(select(MeasurementRow).where(MeasurementRow.visit_id == sent["visit_id"]))
    assert sorted((row.kind, str(row.value), row.at_birth) for row in written) == [
        ("length", "50.200", False),
        ("ofc", "34.600", False),
        ("weight", "3.180", False),
    ]


def test_an_answer_to_a_question_that_was_not_shown_stays_off_the_record(
    session: Session, world: World, sent: dict
) -> None:
    """A tablet keeps the weight it was given when a later answer hides the question; the supervisor never read it."""
    definition = FORMS.get(sent["form_id"], sent["form_version"]).definition
    [weight] = [one for part in definition["sections"] for one in part["fields"] if one["id"] == "weight_kg"]
    weight["show_when"] = {"field": "child_seen", "is": "no"}
    hiding = FormLibrary((read_form(json.dumps(definition)),))

    review.approve(
        session,
        hiding,
        reviewer=world.sue,
        visit_id=sent["visit_id"],
        rev_id=sent["rev_id"],
        now=datetime.now(UTC),
    )

    written = session.scalars(select(MeasurementRow).where(MeasurementRow.visit_id == sent["visit_id"]))
    assert {row.kind for row in written} == {"length", "ofc"}


def measured(session: Session, sent: dict) -> set[str]:
    return set(
        session.scalars(select(MeasurementRow.kind).where(MeasurementRow.visit_id == sent["visit_id"]))
    )


def level_of(session: Session, world: World) -> str:
    session.rollback()
    return session.get_one(ChildRow, world.child_id).need_level


def test_a_measurement_that_is_not_possible_stays_off_the_record_and_the_supervisor_is_told(
    session: Session, tablet: Tablet, world: World
) -> None:
    slip = with_answers(tablet.revision(world), weight_kg="49", length_cm="5.02")
    tablet.push(slip)
    now = datetime.now(UTC)

    read = visit_readout.open_visit(session, FORMS, reviewer=world.sue, visit_id=slip["visit_id"], now=now)
    approve(session, world, slip)

    assert read.not_recorded == ("Weight", "Length")
    assert measured(session, slip) == {"ofc"}
    assert session.get_one(RevisionRow, slip["rev_id"]).body["payload"]["answers"]["weight_kg"] == "49"


class TestNeedLevel:
    def change(self, tablet: Tablet, world: World, level: object, **link: object) -> dict:
        answers = {"need_level": level, "need_level_reason": "Feeding"}
        revision = with_answers(tablet.revision(world, **link), **answers)
        tablet.push(revision)
        return revision

    def test_approval_writes_it_to_the_record_and_the_tablet_hears(
        self, session: Session, tablet: Tablet, world: World
    ) -> None:
        changed = self.change(tablet, world, "targeted")
        cursor = tablet.pull()["cursor"]

        approve(session, world, changed)

        assert level_of(session, world) == "targeted"
        heard = {item["id"]: item["body"] for item in tablet.pull(cursor)["items"]}
        assert heard[world.child_id]["need_level"] == "targeted"

    def test_it_is_said_before_it_is_approved(self, session: Session, tablet: Tablet, world: World) -> None:
        changed = self.change(tablet, world, "targeted")

        read = visit_readout.open_visit(
            session, FORMS, reviewer=world.sue, visit_id=changed["visit_id"], now=datetime.now(UTC)
        )

        assert read.new_level == "targeted"

    def test_an_amendment_is_judged_against_the_level_before_and_may_take_it_back(
        self, session: Session, tablet: Tablet, world: World, judge: Callable[[], int]
    ) -> None:
        changed = self.change(tablet, world, "targeted")
        approve(session, world, changed)
        link = {"visit_id": changed["visit_id"], "parent_rev": changed["rev_id"]}

        again = self.change(tablet, world, "targeted", **link)
        judge()
        assert tablet.visit(changed["visit_id"])["flags"] == []
        approve(session, world, again)
        link = {"visit_id": changed["visit_id"], "parent_rev": again["rev_id"]}
        approve(
            session, world, self.change(tablet, world, {"not_done": "other", "detail": "Unclear"}, **link)
        )

        assert level_of(session, world) == "universal"

    def test_an_earlier_visit_approved_later_does_not_overrule_a_later_one(
        self, session: Session, tablet: Tablet, world: World
    ) -> None:
        early = (datetime.now(UTC) - timedelta(days=2)).isoformat()
        earlier = self.change(tablet, world, "specialist", occurred_at=early)
        approve(session, world, self.change(tablet, world, "targeted"))

        approve(session, world, earlier)

        assert level_of(session, world) == "targeted"


def test_a_red_alert_of_a_restricted_answer_is_not_named(
    app: Flask, session: Session, tablet: Tablet, world: World, judge: Callable[[], int]
) -> None:
    definition = FORMS.current("new_birth").definition
    rule = {"field": "seen_alone", "is": True}
    definition["version"] = 77
    definition["alerts"][0] |= {"level": "red", "title": "Seen alone", "fields": ["weight_kg"], "when": rule}
    form = read_form(json.dumps(definition))
    app.extensions["forms"] = FormLibrary((*FORMS, form))

    tablet.push(tablet.revision(world, form_version=77, definition_hash=form.hash))
    judge()

    [line] = review.queue(session, world.sue)
    assert line.red_alerts == ("Red alert in a restricted part",)
