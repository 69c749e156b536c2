"""A child changes hands, or turns out to be two records of one, while work about them is still on tablets."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hvapp.domain.errors import Conflict, Invalid, NotAllowed, NotFound
from hvapp.services import children, review
from hvapp.store.accounts import AccountRow, TeamRow
from hvapp.store.audit import AuditRow
from hvapp.store.children import ChildRow, ContactRow, MeasurementRow, PersonRow, count_unallocated
from hvapp.store.transaction import transaction
from hvapp.store.visits import RevisionRow, VisitRow
from tests.support.client import Feed, Tablet
from tests.support.reviewing import approve
from tests.support.world import World

NOW = datetime.now(UTC)


def second_record(session: Session, world: World, **person: Any) -> str:
    """Another record of the same baby, on Ben's caseload."""
    with transaction(session):
        given = {"given_name": "Baby", "family_name": "Marlow", "sex": "female", "birth_date": world.born}
        row = PersonRow(**(given | person))
        session.add(row)
        session.flush()
        team_id = session.get_one(ChildRow, world.child_id).team_id
        session.add(
            ChildRow(
                id=row.id,
                births_in_pregnancy=1,
                birth_order=1,
                team_id=team_id,
                named_visitor_id=world.ben.id,
                need_level="universal",
            )
        )
        session.flush()
        return row.id


def move(session: Session, world: World, **given: Any) -> None:
    children.move_child(
        session, world.child_id, **({"to_id": world.ben.id, "by": world.sue, "now": NOW} | given)
    )


class TestMovedOut:
    """Another service has the child: the record is on no tablet here, and nothing of it is lost."""

    def out(self, session: Session, world: World, **given: Any) -> None:
        usual = {"to": " Bradford  south ", "on": NOW.date(), "confirmed": True, "by": world.sue, "now": NOW}
        children.move_out(session, world.child_id, **(usual | given))

    def test_the_child_leaves_the_tablet_and_visits_on_the_way_are_taken_in(
        self, tablet: Tablet, world: World, session: Session
    ) -> None:
        sent, unsent = tablet.revision(world), tablet.revision(world)
        tablet.push(sent)
        feed = Feed(tablet).pull()

        self.out(session, world)

        assert set(feed.pull().held) == {sent["visit_id"]}
        assert Feed(tablet).pull().held.keys() == {sent["visit_id"]}
        [result] = tablet.push(unsent)
        assert (result["result"], result["flags"]) == ("stored", ["not_allocated"])
        session.rollback()
        row = session.get_one(ChildRow, world.child_id)
        assert (row.moved_out_to, row.named_visitor_id) == ("Bradford south", None)
        assert [visit.child_id for visit in session.scalars(select(VisitRow))] == [world.child_id] * 2

    def test_a_team_that_shares_does_not_have_the_child_either(
        self, tablet: Tablet, world: World, session: Session
    ) -> None:
        with transaction(session):
            session.get_one(TeamRow, world.amira.team.id).shares_caseload = True
        self.out(session, world)

        assert world.child_id not in Feed(tablet).pull().held
        assert tablet.push(tablet.revision(world))[0]["flags"] == ["not_allocated"]
        assert world.amira.team.id not in count_unallocated(session)

    def test_plans_and_risks_stay_and_a_child_who_comes_back_is_given_to_a_visitor(
        self, tablet: Tablet, world: World, session: Session
    ) -> None:
        with transaction(session):
            session.get_one(ChildRow, world.child_id).child_protection_plan = True
        self.out(session, world)
        session.rollback()
        assert session.get_one(ChildRow, world.child_id).child_protection_plan

        move(session, world, to_id=world.amira.id)

        held = Feed(tablet).pull().held
        assert held[world.child_id]["child_protection_plan"]
        session.rollback()
        row = session.get_one(ChildRow, world.child_id)
        assert (row.moved_out_on, row.moved_out_to) == (None, None)

    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({"to": " "}, "to"),
            ({"to": "x" * 121}, "to"),
            ({"on": NOW.date() + timedelta(days=2)}, "moved-day"),
            ({"on": date(2020, 1, 1)}, "moved-day"),
            ({"confirmed": False}, "confirmed"),
        ],
    )
    def test_nothing_is_recorded_before_the_new_service_has_confirmed_it(
        self, world: World, session: Session, given: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(Invalid) as refused:
            self.out(session, world, **given)

        assert refused.value.code == field
        session.rollback()
        assert session.get_one(ChildRow, world.child_id).moved_out_on is None

    def test_once_and_by_those_who_keep_records(self, world: World, session: Session) -> None:
        with pytest.raises(NotAllowed):
            self.out(session, world, by=world.amira)
        with pytest.raises(Conflict, match="somebody else meanwhile"):
            self.out(session, world, from_id=world.ben.id)
        self.out(session, world, from_id=world.amira.id)
        with pytest.raises(Conflict, match="changed meanwhile"):
            self.out(session, world)
        session.rollback()
        rows = session.scalars(select(AuditRow).where(AuditRow.action == "child_moved_out")).all()
        assert [(row.account_id, row.subject_id, row.detail) for row in rows] == [
            (world.sue.id, world.child_id, world.amira.id)
        ]

    def test_joined_with_a_record_that_is_on_a_caseload_the_child_is_there_again(
        self, tablet_of: Any, world: World, session: Session
    ) -> None:
        other = second_record(session, world)
        self.out(session, world)

        children.merge_children(session, keep_id=world.child_id, duplicate_id=other, by=world.sue, now=NOW)

        assert world.child_id in Feed(tablet_of(world.ben)).pull().held


class TestMoved:
    def test_the_child_and_its_visits_go_to_the_new_visitors_tablet(
        self, tablet: Tablet, tablet_of: Any, world: World, session: Session
    ) -> None:
        sent = tablet.revision(world)
        tablet.push(sent)
        old, new = Feed(tablet).pull(), Feed(tablet_of(world.ben)).pull()
        assert set(old.held) == {world.child_id, sent["visit_id"]} and new.held == {}

        move(session, world)

        # Whoever made a visit goes on hearing what became of it.
        assert set(old.pull().held) == {sent["visit_id"]}
        assert set(new.pull().held) == {world.child_id, sent["visit_id"]}
        assert new.held[world.child_id]["named_visitor"]["name"] == "Ben Osei"

    def test_a_visit_a_third_person_made_leaves_the_old_tablet_with_the_child(
        self, tablet: Tablet, tablet_of: Any, world: World, session: Session
    ) -> None:
        sue = tablet_of(world.sue)
        sent = sue.revision(world)
        sue.push(sent)
        old = Feed(tablet).pull()
        assert sent["visit_id"] in old.held

        move(session, world)

        assert old.pull().held == {}

    def test_unsent_work_is_taken_in_and_flagged(
        self, tablet: Tablet, world: World, session: Session
    ) -> None:
        unsent = tablet.revision(world)
        move(session, world)

        [result] = tablet.push(unsent)

        assert (result["result"], result["flags"]) == ("stored", ["not_allocated"])

    def test_the_new_teams_supervisor_reviews_what_waits(
        self, tablet: Tablet, world: World, session: Session
    ) -> None:
        with transaction(session):
            team_id = world.olu.team.id
            session.get_one(AccountRow, world.ben.id).team_id = team_id
        tablet.push(tablet.revision(world))

        move(session, world)

        assert len(review.queue(session, world.olu)) == 1
        assert review.queue(session, world.sue) == []

    def test_a_visitor_may_not_move_children(self, session: Session, world: World) -> None:
        with pytest.raises(NotAllowed):
            move(session, world, by=world.amira)

    def test_only_somebody_who_makes_visits_can_be_given_a_child(
        self, session: Session, world: World
    ) -> None:
        with pytest.raises(NotFound):
            move(session, world, to_id=world.ada.id)

    def test_it_is_on_the_audit_trail(self, session: Session, world: World) -> None:
        move(session, world)

        [row] = session.scalars(select(AuditRow).where(AuditRow.action == "child_moved"))
        assert (row.account_id, row.subject_id) == (world.sue.id, world.child_id)


def merge(session: Session, world: World, duplicate: str, **given: Any) -> None:
    children.merge_children(
        session,
        **({"keep_id": world.child_id, "duplicate_id": duplicate, "by": world.sue, "now": NOW} | given),
    )


class TestMerged:
    def test_both_tablets_end_with_the_one_record(
        self, tablet: Tablet, tablet_of: Any, world: World, session: Session
    ) -> None:
        duplicate = second_record(session, world)
        ben = tablet_of(world.ben)
        sent = ben.revision(world, child_id=duplicate)
        ben.push(sent)
        hers, his = Feed(tablet).pull(), Feed(ben).pull()

        merge(session, world, duplicate)

        assert set(hers.pull().held) == {world.child_id, sent["visit_id"]}
        assert hers.held[sent["visit_id"]]["child_id"] == world.child_id
        assert set(his.pull().held) == {sent["visit_id"]}
        assert his.held[sent["visit_id"]]["child_id"] == world.child_id

    def test_work_sent_under_the_other_record_is_filed_and_the_tablet_learns_where(
        self, tablet_of: Any, world: World, session: Session
    ) -> None:
        duplicate = second_record(session, world)
        merge(session, world, duplicate)
        ben = tablet_of(world.ben)
        revision = ben.revision(world, child_id=duplicate)

        [result] = ben.push(revision)

        assert (result["result"], result["child_id"]) == ("stored", world.child_id)
        assert result["flags"] == ["child_merged", "not_allocated"]
        assert session.get_one(VisitRow, revision["visit_id"]).child_id == world.child_id
        assert session.get_one(RevisionRow, revision["rev_id"]).child_ref == duplicate

    def test_work_sent_under_the_other_record_reaches_whoever_looks_after_the_child(
        self, tablet: Tablet, tablet_of: Any, world: World, session: Session
    ) -> None:
        duplicate = second_record(session, world)
        merge(session, world, duplicate)
        hers, ben = Feed(tablet).pull(), tablet_of(world.ben)
        revision = ben.revision(world, child_id=duplicate)

        ben.push(revision)

        assert revision["visit_id"] in hers.pull().held

    def test_the_next_version_may_name_either_record(
        self, tablet: Tablet, world: World, session: Session
    ) -> None:
        duplicate = second_record(session, world)
        first = tablet.revision(world, child_id=duplicate)
        tablet.push(first)
        merge(session, world, duplicate)

        link = {"visit_id": first["visit_id"], "parent_rev": first["rev_id"]}
        [result] = tablet.push(tablet.revision(world, **link))

        assert "other_child" not in result["flags"]
        session.rollback()
        assert session.get_one(VisitRow, first["visit_id"]).state == "received"

    def test_the_record_follows_and_counts_nothing_twice(
        self, tablet: Tablet, world: World, session: Session
    ) -> None:
        duplicate = second_record(session, world, nhs_number=None)
        with transaction(session):
            for value, at_birth in (("3.010", True), ("3.100", False)):
                session.add(
                    MeasurementRow(
                        child_id=duplicate,
                        kind="weight",
                        value=value,
                        measured_on=world.born,
                        at_birth=at_birth,
                        recorded_at=NOW,
                    )
                )
        sent = tablet.revision(world, child_id=duplicate)
        tablet.push(sent)
        approve(session, world, sent)

        merge(session, world, duplicate)

        weights = session.scalars(select(MeasurementRow).where(MeasurementRow.child_id == world.child_id))
        assert sorted(str(one.value) for one in weights if one.kind == "weight") == [
            "3.010",
            "3.100",
            "3.180",
        ]
        assert [one.subject_id for one in session.scalars(select(ContactRow))] == [world.child_id]

    def test_a_number_only_the_other_record_had_is_kept(self, world: World, session: Session) -> None:
        with transaction(session):
            session.get_one(PersonRow, world.child_id).nhs_number = None
        duplicate = second_record(session, world, nhs_number="9990000026")

        merge(session, world, duplicate)

        assert session.get_one(PersonRow, world.child_id).nhs_number == "9990000026"

    @pytest.mark.parametrize(
        "different", [{"nhs_number": "9990000026"}, {"birth_date": date(2020, 1, 1)}], ids=str
    )
    def test_records_that_can_hardly_be_one_child_are_left_alone(
        self, world: World, session: Session, different: dict[str, Any]
    ) -> None:
        duplicate = second_record(session, world, **different)

        with pytest.raises(Conflict, match="not joined"):
            merge(session, world, duplicate)

        session.rollback()
        assert session.get_one(ChildRow, duplicate).merged_into_id is None

    def test_a_record_is_joined_once(self, world: World, session: Session) -> None:
        duplicate = second_record(session, world)
        merge(session, world, duplicate)

        with pytest.raises(Conflict, match="joined with another"):
            merge(session, world, duplicate)
