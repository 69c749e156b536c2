"""Where a visit is filed is changed while visits are being filed, sorted out and approved, on two connections."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hvapp.domain.errors import Conflict
from hvapp.domain.staff_facts import StaffFacts
from hvapp.services import children, pregnancies, refiling, review, settling, staff_facts
from hvapp.services.intake import desk
from hvapp.settings import Settings
from hvapp.store import holding
from hvapp.store.children import ChildRow, ContactRow
from hvapp.store.outbox import OutboxRow
from hvapp.store.transaction import transaction
from hvapp.store.visits import VisitRow
from tests.support.client import FORMS, Tablet, new_id, with_answers
from tests.support.crowd import Act, Crowd
from tests.support.reviewing import approve
from tests.support.world import World, add_pregnancy, add_record

pytestmark = pytest.mark.engine("postgresql")  # SQLite lets one writer in at a time

NOW = datetime.now(UTC)


@pytest.fixture
def crowd(settings: Settings, world: World) -> Crowd:
    return Crowd(settings, world)


@pytest.fixture
def maker() -> Tablet:
    """Only to make revisions with."""
    return Tablet(None)  # type: ignore[arg-type]


@pytest.fixture
def duplicate(session: Session, world: World) -> str:
    """A second record of the same child, Amira's too."""
    with transaction(session):
        return add_record(session, world, world.amira, "Maya")


def merging(world: World, keep_id: str, duplicate_id: str) -> Act:
    return lambda session: children.merge_children(
        session, keep_id=keep_id, duplicate_id=duplicate_id, by=world.sue, now=NOW
    )


def child_of(session: Session, visit_id: str) -> str | None:
    session.rollback()
    return session.get_one(VisitRow, visit_id).child_id


class TestPushed:
    def test_while_two_records_are_joined_it_is_filed_under_the_one_that_is_kept(
        self, crowd: Crowd, maker: Tablet, world: World, session: Session, duplicate: str, monkeypatch: Any
    ) -> None:
        revision = maker.revision(world, child_id=duplicate)

        [pushed], merged = crowd.one_inside_another(
            monkeypatch,
            crowd.push(revision),
            (desk, "ask_heads"),
            merging(world, world.child_id, duplicate),
        )

        assert (pushed.result, merged) == ("stored", None)
        assert child_of(session, revision["visit_id"]) == world.child_id

    def test_while_the_child_is_moved_it_stands_in_the_queue_of_the_new_team(
        self, crowd: Crowd, maker: Tablet, world: World, session: Session, monkeypatch: Any
    ) -> None:
        revision = maker.revision(world)

        [pushed], moved = crowd.one_inside_another(
            monkeypatch,
            crowd.push(revision),
            (desk, "ask_heads"),
            lambda session: children.move_child(
                session, world.child_id, to_id=world.olu.id, by=world.sue, now=NOW
            ),
        )

        assert (pushed.result, moved) == ("stored", None)
        session.rollback()
        assert session.get_one(VisitRow, revision["visit_id"]).team_id == world.olu.team.id

    def test_behind_the_joining_it_finds_the_record_that_is_kept(
        self, crowd: Crowd, maker: Tablet, world: World, session: Session, duplicate: str, monkeypatch: Any
    ) -> None:
        first, later = (maker.revision(world, child_id=duplicate) for _ in range(2))
        crowd.push(first)(session)
        follows = maker.revision(world, visit_id=first["visit_id"], parent_rev=first["rev_id"])

        merged, pushed = crowd.one_inside_another(
            monkeypatch,
            merging(world, world.child_id, duplicate),
            (children, "_check_same_child"),
            crowd.push(follows, later),
        )

        assert (merged, [one.result for one in pushed]) == (None, ["stored"] * 2)
        assert [child_of(session, one["visit_id"]) for one in (first, later)] == [world.child_id] * 2


class TestJoined:
    def test_two_that_join_the_same_records_the_other_way_round_do_not_wait_for_each_other(
        self, crowd: Crowd, world: World, session: Session, duplicate: str, monkeypatch: Any
    ) -> None:
        one, other = crowd.one_inside_another(
            monkeypatch,
            merging(world, world.child_id, duplicate),
            (holding, "_child"),
            merging(world, duplicate, world.child_id),
        )

        assert one is None
        assert isinstance(other, Conflict)
        session.rollback()
        assert session.get_one(ChildRow, duplicate).merged_into_id == world.child_id

    def test_while_a_visit_is_approved_what_it_wrote_follows(
        self, crowd: Crowd, maker: Tablet, world: World, session: Session, duplicate: str, monkeypatch: Any
    ) -> None:
        revision = maker.revision(world, child_id=duplicate)
        crowd.push(revision)(session)

        approved, merged = crowd.one_inside_another(
            monkeypatch,
            lambda session: approve(session, world, revision),
            (review, "visit_to_change"),
            merging(world, world.child_id, duplicate),
        )

        assert (approved, merged) == (None, None)
        session.rollback()
        assert session.scalars(select(ContactRow.subject_id)).one() == world.child_id
        assert session.scalars(select(OutboxRow.child_id)).one() == world.child_id


class TestSortedOut:
    def test_a_visit_is_settled_while_another_version_arrives(
        self, crowd: Crowd, maker: Tablet, world: World, session: Session, monkeypatch: Any
    ) -> None:
        first = maker.revision(world)
        link = {
            "visit_id": first["visit_id"],
            "occurred_at": first["occurred_at"],
            "payload": first["payload"],
        }
        sides = [
            with_answers(maker.revision(world, parent_rev=first["rev_id"], **link), weight_kg=weight)
            for weight in ("3.200", "3.300")
        ]
        later = with_answers(maker.revision(world, parent_rev=sides[0]["rev_id"], **link), nappies_wet=3)
        crowd.push(first, *sides)(session)

        settled, [pushed] = crowd.one_inside_another(
            monkeypatch,
            lambda session: settling.settle(
                session,
                FORMS,
                by=world.sue,
                visit_id=first["visit_id"],
                heads=" ".join(
                    one["rev_id"] for one in sorted(sides, key=lambda one: (one["sealed_at"], one["rev_id"]))
                ),
                chosen={"answers-weight_kg": "1"},
                now=NOW,
            ),
            (settling, "visit_to_change"),
            crowd.push(later),
        )

        assert (settled, pushed.result) == (None, "stored")

    def test_a_child_is_found_for_a_visit_while_its_record_is_joined_with_another(
        self, crowd: Crowd, maker: Tablet, world: World, session: Session, duplicate: str, monkeypatch: Any
    ) -> None:
        revision = maker.revision(world, child_id=new_id())
        crowd.push(revision)(session)

        filed, merged = crowd.one_inside_another(
            monkeypatch,
            lambda session: refiling.file_under_child(
                session, FORMS, by=world.sue, visit_id=revision["visit_id"], child_id=duplicate, now=NOW
            ),
            (refiling, "_same_provider"),
            merging(world, world.child_id, duplicate),
        )

        assert (filed, merged) == (None, None)
        assert child_of(session, revision["visit_id"]) == world.child_id


class TestBorn:
    """What staff have to know is changed while a child is said to be born: it goes on to the child, or is refused."""

    @pytest.fixture
    def pregnancy_id(self, session: Session, world: World) -> str:
        return add_pregnancy(session, world, edd=world.born)

    @staticmethod
    def joining(world: World, pregnancy_id: str) -> Act:
        return lambda session: pregnancies.join_birth(
            session, pregnancy_id, child_id=world.child_id, by=world.sue, now=NOW
        )

    @staticmethod
    def changing(world: World, pregnancy_id: str) -> Act:
        facts = StaffFacts(staff_risk="Large dog.", staff_risk_review_by=NOW.date())
        return lambda session: staff_facts.change_facts(
            session, "pregnancy", pregnancy_id, facts, seen=StaffFacts().digest, by=world.sue, now=NOW
        )

    @pytest.fixture
    def risk(self, session: Session, world: World) -> Callable[[], str | None]:
        def now() -> str | None:
            session.rollback()
            return session.get_one(ChildRow, world.child_id).staff_risk

        return now

    def test_changed_first_it_goes_on(
        self, crowd: Crowd, world: World, pregnancy_id: str, risk: Callable[[], str | None], monkeypatch: Any
    ) -> None:
        changed, joined = crowd.one_inside_another(
            monkeypatch,
            self.changing(world, pregnancy_id),
            (staff_facts, "facts_of"),
            self.joining(world, pregnancy_id),
        )

        assert (changed, joined, risk()) == (True, None, "Large dog.")

    def test_changed_too_late_it_is_refused(
        self, crowd: Crowd, world: World, pregnancy_id: str, risk: Callable[[], str | None], monkeypatch: Any
    ) -> None:
        joined, changed = crowd.one_inside_another(
            monkeypatch,
            self.joining(world, pregnancy_id),
            (pregnancies, "join_facts"),
            self.changing(world, pregnancy_id),
        )

        assert isinstance(changed, Conflict)
        assert (joined, risk()) == (None, None)
