"""A child has died: one person marks it, another confirms it, and tablets hear of nothing before that."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account
from hvapp.domain.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound
from hvapp.services import children, deaths, pregnancies
from hvapp.store import holding
from hvapp.store.accounts import AccountRow, ProviderRow, TeamRow
from hvapp.store.audit import AuditRow
from hvapp.store.children import PersonRow, PregnancyRow, RelationshipRow
from hvapp.store.deaths import DeathMarkRow
from hvapp.store.transaction import transaction
from tests.support.antenatal import antenatal_revision
from tests.support.client import Tablet
from tests.support.crowd import Act, Crowd
from tests.support.reviewing import record_death
from tests.support.world import World, add_pregnancy, add_record

NOW = datetime.now(UTC)
TODAY = NOW.date()


def mark(session: Session, world: World, by: Account | None = None, on: date = TODAY) -> str:
    """The id of what was marked."""
    deaths.mark_death(session, world.child_id, died_on=on, by=by or world.sue, now=NOW)
    [found] = deaths.marks_that_wait(session, world.sue)
    return found.mark_id


def died_on(session: Session, world: World) -> date | None:
    session.rollback()
    return session.get_one(PersonRow, world.child_id).deceased_on


def told(tablet: Tablet) -> dict[str, Any]:
    """What a tablet that knows nothing yet is told, by id."""
    return {item["id"]: item["body"] for item in tablet.pull("")["items"]}


def other_record(session: Session, world: World, *, family: bool = False) -> str:
    """Another child's record on Ben's caseload; a sibling's, with a family."""
    with transaction(session):
        record_id = add_record(session, world, world.ben)
        if family:
            session.add(
                RelationshipRow(
                    person_id=world.mother_id,
                    child_id=record_id,
                    role="mother",
                    parental_responsibility=True,
                )
            )
        return record_id


class TestMarked:
    def test_nothing_is_known_anywhere_before_it_is_confirmed(
        self, tablet: Tablet, world: World, session: Session
    ) -> None:
        cursor, before = tablet.pull("")["cursor"], told(tablet)

        mark(session, world)
        [result] = tablet.push(tablet.revision(world))

        changed = [one for one in tablet.pull(cursor)["items"] if one["type"] == "child"]
        assert (changed, died_on(session, world)) == ([], None)
        assert told(tablet)[world.child_id] == before[world.child_id]
        assert (result["result"], result["flags"]) == ("stored", [])

    def test_it_waits_for_the_other_keepers(self, world: World, session: Session) -> None:
        mark(session, world)

        counts = [deaths.count_to_confirm(session, one) for one in (world.sue, world.olu, world.ada)]
        assert counts == [0, 1, 1]
        [found] = deaths.marks_that_wait(session, world.sue)
        assert (found.own, found.marked_by, found.died_on) == (True, "Sue Park", TODAY)

    @pytest.mark.parametrize("days", [1, -13])
    def test_a_date_before_birth_or_after_today_is_a_slip(
        self, world: World, session: Session, days: int
    ) -> None:
        with pytest.raises(Invalid, match="between the date of birth and today"):
            mark(session, world, on=TODAY + timedelta(days=days))

    def test_the_days_of_birth_and_of_recording_are_possible(self, world: World, session: Session) -> None:
        for day in (world.born, TODAY):
            deaths.take_back_mark(session, mark(session, world, on=day), by=world.sue, now=NOW)

    def test_a_second_mark_waits_for_the_first(self, world: World, session: Session) -> None:
        mark(session, world)

        with pytest.raises(Conflict, match="recorded already"):
            mark(session, world, by=world.ada)

    def test_a_visitor_and_another_provider_do_nothing(self, world: World, session: Session) -> None:
        with transaction(session):
            far = TeamRow(provider=ProviderRow(name="Other", ods_code="Y1Y"), name="Far", phone="")
            session.add(far)
            session.flush()
            session.get_one(AccountRow, world.olu.id).team_id = far.id
        olu = Account(**(vars(world.olu) | {"team": type(world.olu.team)(far.id, "Far", "")}))
        for one, refusal in ((world.amira, NotAllowed), (olu, NotFound)):
            with pytest.raises(refusal):
                mark(session, world, by=one)
        mark_id = mark(session, world)
        for one, refusal in ((world.amira, NotAllowed), (olu, NotFound)):
            for act in (deaths.confirm_mark, deaths.take_back_mark):
                with pytest.raises(refusal):
                    act(session, mark_id, by=one, now=NOW)
            with pytest.raises(refusal):
                deaths.undo_mark(session, mark_id, why="A slip", by=one, now=NOW)
        assert deaths.marks_that_wait(session, olu) == []


class TestConfirmed:
    def test_by_a_second_person_only(self, world: World, session: Session) -> None:
        mark_id = mark(session, world)

        with pytest.raises(NotAllowed, match="recorded this yourself"):
            deaths.confirm_mark(session, mark_id, by=world.sue, now=NOW)
        assert died_on(session, world) is None

        deaths.confirm_mark(session, mark_id, by=world.olu, now=NOW)
        assert died_on(session, world) == TODAY
        assert deaths.marks_that_wait(session, world.ada) == []

    def test_tablets_are_told_and_what_arrives_afterwards_says_so(
        self, tablet: Tablet, tablet_of: Any, world: World, session: Session
    ) -> None:
        sibling = other_record(session, world, family=True)
        unsent, ben = tablet.revision(world), tablet_of(world.ben)
        cursors = [one.pull("")["cursor"] for one in (tablet, ben)]

        record_death(session, world)
        [result] = tablet.push(unsent)

        assert (result["result"], result["flags"]) == ("stored", ["child_deceased"])
        hers, his = (
            {item["id"]: item["body"] for item in one.pull(cursor)["items"]}
            for one, cursor in zip((tablet, ben), cursors, strict=True)
        )
        assert hers[world.child_id]["deceased_on"] == TODAY.isoformat()
        assert set(his) == {sibling}

    def test_once(self, world: World, session: Session) -> None:
        mark_id = record_death(session, world)

        with pytest.raises(Conflict, match="confirmed already"):
            deaths.confirm_mark(session, mark_id, by=world.olu, now=NOW)
        with pytest.raises(Conflict, match="recorded already"):
            deaths.mark_death(session, world.child_id, died_on=TODAY, by=world.olu, now=NOW)

    def test_the_audit_trail_names_people_and_child_and_no_date(self, world: World, session: Session) -> None:
        mark_id = record_death(session, world)
        deaths.undo_mark(session, mark_id, why="Another child", by=world.sue, now=NOW)
        deaths.take_back_mark(session, mark(session, world), by=world.ada, now=NOW)

        session.rollback()
        rows = session.scalars(select(AuditRow).where(AuditRow.action.startswith("child_death")))
        found = {(row.action, row.account_id, row.subject_id) for row in rows}
        assert found == {
            ("child_death_marked", world.sue.id, world.child_id),
            ("child_death_recorded", world.ada.id, world.child_id),
            ("child_death_undone", world.sue.id, world.child_id),
            ("child_death_mark_withdrawn", world.ada.id, world.child_id),
        }
        details = session.scalars(select(AuditRow.detail).where(AuditRow.action.startswith("child_death")))
        assert set(details) == set(session.scalars(select(DeathMarkRow.id)))


class TestTakenBack:
    @pytest.mark.parametrize("name", ["sue", "ada"])
    def test_while_it_waits_by_anybody_who_could_have_marked_it(
        self, tablet: Tablet, world: World, session: Session, name: str
    ) -> None:
        mark_id = mark(session, world)
        cursor = tablet.pull("")["cursor"]

        deaths.take_back_mark(session, mark_id, by=getattr(world, name), now=NOW)

        assert deaths.marks_that_wait(session, world.sue) == []
        assert tablet.pull(cursor)["items"] == []
        with pytest.raises(Conflict, match="taken back meanwhile"):
            deaths.confirm_mark(session, mark_id, by=world.ada, now=NOW)
        assert died_on(session, world) is None
        mark(session, world)

    def test_once_confirmed_it_takes_a_reason(self, tablet: Tablet, world: World, session: Session) -> None:
        mark_id = record_death(session, world)
        cursor = tablet.pull("")["cursor"]

        with pytest.raises(Conflict, match="confirmed meanwhile"):
            deaths.take_back_mark(session, mark_id, by=world.sue, now=NOW)
        with pytest.raises(Invalid, match="Say why"):
            deaths.undo_mark(session, mark_id, why=" ", by=world.sue, now=NOW)
        assert died_on(session, world) == TODAY

        deaths.undo_mark(session, mark_id, why=" Another  child ", by=world.sue, now=NOW)

        assert died_on(session, world) is None
        assert session.get_one(DeathMarkRow, mark_id).reason == "Another child"
        [item] = tablet.pull(cursor)["items"]
        assert item["body"]["deceased_on"] is None
        assert tablet.push(tablet.revision(world))[0]["flags"] == []

    def test_what_waits_has_nothing_to_undo(self, world: World, session: Session) -> None:
        mark_id = mark(session, world)

        with pytest.raises(Conflict, match="waits to be confirmed"):
            deaths.undo_mark(session, mark_id, why="A slip", by=world.ada, now=NOW)


class TestJoined:
    @pytest.mark.parametrize("marked_is_kept", [True, False])
    def test_records_are_not_joined_while_a_second_person_has_to_confirm(
        self, world: World, session: Session, marked_is_kept: bool
    ) -> None:
        pair = (world.child_id, other_record(session, world))
        mark(session, world)

        keep_id, duplicate_id = pair if marked_is_kept else pair[::-1]
        with pytest.raises(Conflict, match="has yet to confirm"):
            children.merge_children(
                session, keep_id=keep_id, duplicate_id=duplicate_id, by=world.ada, now=NOW
            )

    def test_what_was_confirmed_follows_and_can_still_be_undone(self, world: World, session: Session) -> None:
        kept = other_record(session, world)
        mark_id = record_death(session, world)
        children.merge_children(session, keep_id=kept, duplicate_id=world.child_id, by=world.ada, now=NOW)
        assert session.get_one(PersonRow, kept).deceased_on == TODAY

        deaths.undo_mark(session, mark_id, why="Another child", by=world.ada, now=NOW)

        session.rollback()
        assert session.get_one(PersonRow, kept).deceased_on is None


class TestAPregnancy:
    """It has ended without a live birth: as a child’s death, by two people, and it leaves the tablets."""

    @pytest.fixture
    def pregnancy_id(self, session: Session, world: World) -> str:
        return add_pregnancy(session, world, edd=TODAY + timedelta(weeks=8))

    def mark(self, session: Session, pregnancy_id: str, world: World, on: date = TODAY) -> str:
        deaths.mark_end(session, pregnancy_id, ended_on=on, by=world.sue, now=NOW)
        [found] = deaths.marks_that_wait(session, world.ada)
        assert (found.about, found.record_id) == ("pregnancy", pregnancy_id)
        return found.mark_id

    def ended_on(self, session: Session, pregnancy_id: str) -> date | None:
        session.rollback()
        return session.get_one(PregnancyRow, pregnancy_id).ended_on

    def test_is_on_the_tablet_until_a_second_person_confirms_and_again_when_that_is_undone(
        self, tablet: Tablet, world: World, session: Session, pregnancy_id: str
    ) -> None:
        assert told(tablet)[pregnancy_id]
        mark_id = self.mark(session, pregnancy_id, world)
        assert told(tablet)[pregnancy_id]
        assert deaths.count_to_confirm(session, world.sue) == 0
        assert deaths.count_to_confirm(session, world.olu) == 1
        with pytest.raises(NotAllowed, match="recorded this yourself"):
            deaths.confirm_mark(session, mark_id, by=world.sue, now=NOW)
        cursor = tablet.pull("")["cursor"]

        deaths.confirm_mark(session, mark_id, by=world.olu, now=NOW)

        assert self.ended_on(session, pregnancy_id) == TODAY
        [gone] = tablet.pull(cursor)["items"]
        assert (gone["type"], gone["id"], gone["body"]) == ("pregnancy", pregnancy_id, None)
        assert told(tablet)[pregnancy_id] is None

        deaths.undo_mark(session, mark_id, why="Another mother", by=world.ada, now=NOW)

        assert self.ended_on(session, pregnancy_id) is None
        assert told(tablet)[pregnancy_id]

    def test_its_visits_are_kept_and_those_on_the_way_are_taken_in(
        self, tablet: Tablet, world: World, session: Session, pregnancy_id: str
    ) -> None:
        mother_id = session.get_one(PregnancyRow, pregnancy_id).mother_id
        unsent = antenatal_revision(tablet, world, pregnancy_id, mother_id)
        deaths.confirm_mark(session, self.mark(session, pregnancy_id, world), by=world.ada, now=NOW)

        [result] = tablet.push(unsent)

        assert result["result"] == "stored"

    @pytest.mark.parametrize(("weeks", "days"), [(-33, 0), (0, 1)])
    def test_a_day_before_the_pregnancy_or_after_today_is_a_slip(
        self, world: World, session: Session, pregnancy_id: str, weeks: int, days: int
    ) -> None:
        with pytest.raises(Invalid, match="within this pregnancy"):
            self.mark(session, pregnancy_id, world, on=TODAY + timedelta(weeks=weeks, days=days))

    @pytest.mark.parametrize("weeks", [-32, 0])
    def test_its_first_day_and_today_are_possible(
        self, world: World, session: Session, pregnancy_id: str, weeks: int
    ) -> None:
        self.mark(session, pregnancy_id, world, on=TODAY + timedelta(weeks=weeks))

    def test_no_child_is_born_of_it_until_it_is_taken_back(
        self, world: World, session: Session, pregnancy_id: str
    ) -> None:
        child_id = other_record(session, world)
        with transaction(session):
            session.get_one(PersonRow, child_id).birth_date = TODAY
        mark_id = self.mark(session, pregnancy_id, world)

        with pytest.raises(Conflict, match="ended without a live birth"):
            pregnancies.join_birth(session, pregnancy_id, child_id=child_id, by=world.sue, now=NOW)

        deaths.take_back_mark(session, mark_id, by=world.sue, now=NOW)
        pregnancies.join_birth(session, pregnancy_id, child_id=child_id, by=world.sue, now=NOW)
        with pytest.raises(Conflict, match="recorded already"):
            self.mark(session, pregnancy_id, world)

    def test_the_audit_trail_names_people_and_pregnancy_and_no_date(
        self, world: World, session: Session, pregnancy_id: str
    ) -> None:
        mark_id = self.mark(session, pregnancy_id, world)
        deaths.confirm_mark(session, mark_id, by=world.ada, now=NOW)
        deaths.undo_mark(session, mark_id, why="Another mother", by=world.sue, now=NOW)
        deaths.take_back_mark(session, self.mark(session, pregnancy_id, world), by=world.ada, now=NOW)

        session.rollback()
        rows = list(session.scalars(select(AuditRow).where(AuditRow.action.startswith("pregnancy_end"))))
        assert {(row.action, row.account_id, row.subject_type, row.subject_id) for row in rows} == {
            ("pregnancy_end_marked", world.sue.id, "pregnancy", pregnancy_id),
            ("pregnancy_end_recorded", world.ada.id, "pregnancy", pregnancy_id),
            ("pregnancy_end_undone", world.sue.id, "pregnancy", pregnancy_id),
            ("pregnancy_end_mark_withdrawn", world.ada.id, "pregnancy", pregnancy_id),
        }
        assert {row.detail for row in rows} == set(session.scalars(select(DeathMarkRow.id)))

    def test_a_visitor_does_nothing(self, world: World, session: Session, pregnancy_id: str) -> None:
        with pytest.raises(NotAllowed):
            deaths.mark_end(session, pregnancy_id, ended_on=TODAY, by=world.amira, now=NOW)


@pytest.mark.engine("postgresql")  # SQLite lets one writer in at a time
class TestAtTheSameMoment:
    @pytest.fixture
    def crowd(self, settings: Any, world: World) -> Crowd:
        return Crowd(settings, world)

    def both(
        self, crowd: Crowd, monkeypatch: pytest.MonkeyPatch, one: Act, other: Act
    ) -> list[DomainError | None]:
        return crowd.one_inside_another(monkeypatch, one, (holding, "_child"), other)

    def test_two_who_mark_the_same_child_leave_one_mark(
        self, crowd: Crowd, world: World, session: Session, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        acts: list[Act] = [
            lambda session, by=by: deaths.mark_death(session, world.child_id, died_on=TODAY, by=by, now=NOW)
            for by in (world.sue, world.ada)
        ]

        first, second = self.both(crowd, monkeypatch, *acts)

        assert (first, type(second)) == (None, Conflict)
        session.rollback()
        assert len(deaths.marks_that_wait(session, world.sue)) == 1

    def test_what_one_takes_back_another_does_not_confirm(
        self, crowd: Crowd, world: World, session: Session, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        mark_id = mark(session, world)

        first, second = self.both(
            crowd,
            monkeypatch,
            lambda session: deaths.take_back_mark(session, mark_id, by=world.sue, now=NOW),
            lambda session: deaths.confirm_mark(session, mark_id, by=world.ada, now=NOW),
        )

        assert (first, type(second)) == (None, Conflict)
        assert died_on(session, world) is None
