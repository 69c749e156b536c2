"""Versions of a visit from two tablets, in any order of arrival: nothing lost, nothing chosen for anybody."""

from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hvapp.domain.canonical import sha256_hex
from hvapp.domain.errors import Conflict
from hvapp.domain.lineage import SERVER_DEVICE
from hvapp.store.outbox import OutboxRow
from hvapp.store.transaction import transaction
from hvapp.store.visits import JudgementRow, RevisionRow, VisitRow
from tests.support.client import Tablet, new_id, with_answers
from tests.support.reviewing import approve
from tests.support.world import World


def answers_of(session: Session, visit_id: str) -> dict[str, Any]:
    session.rollback()
    visit = session.get_one(VisitRow, visit_id)
    return dict(session.get_one(RevisionRow, visit.head_revision_id).body["payload"]["answers"])


def state_of(session: Session, visit_id: str) -> str:
    session.rollback()
    return session.get_one(VisitRow, visit_id).state


class Versions:
    """Versions of one visit, each made from another and changing some answers."""

    def __init__(self, tablet: Tablet, world: World) -> None:
        self.tablet, self.world, self.visit_id = tablet, world, new_id()
        # Every version says the same of when the visit was, whenever the test makes it.
        self.first = tablet.revision(world, visit_id=self.visit_id)

    def after(self, parent: dict[str, Any], **answers: Any) -> dict[str, Any]:
        revision = self.tablet.revision(
            self.world,
            visit_id=self.visit_id,
            parent_rev=parent["rev_id"],
            occurred_at=self.first["occurred_at"],
            payload=parent["payload"],
        )
        return with_answers(revision, **answers)


@pytest.fixture
def versions(tablet: Tablet, world: World) -> Versions:
    return Versions(tablet, world)


class TestDisjoint:
    def test_changes_to_different_answers_are_put_together_in_a_version_of_their_own(
        self, tablet: Tablet, versions: Versions, session: Session
    ) -> None:
        left = versions.after(versions.first, weight_kg="3.200")
        right = versions.after(versions.first, nappies_wet=8)
        tablet.push(versions.first, left)

        [result] = tablet.push(right)

        assert result["flags"] == ["merged"]
        visit = session.get_one(VisitRow, versions.visit_id)
        head = session.get_one(RevisionRow, visit.head_revision_id)
        assert visit.state == "received"
        assert head.body["payload"]["answers"] == right["payload"]["answers"] | {"weight_kg": "3.200"}
        assert {head.parent_id, *head.merged_from} == {left["rev_id"], right["rev_id"]}
        assert head.body["sha256"] == head.sha256
        assert head.sha256 == sha256_hex({k: v for k, v in head.body.items() if k != "sha256"})
        assert (head.flags, head.author_id, head.device_id) == (["merged"], visit.author_id, SERVER_DEVICE)
        assert head.settled_by_id is None
        assert session.get(RevisionRow, left["rev_id"]).body == left

    def test_it_is_judged_like_any_other_with_centiles_of_its_own(
        self, tablet: Tablet, versions: Versions, session: Session, judge: Callable[[], int]
    ) -> None:
        left = versions.after(versions.first, birth_weight_kg="3.800")
        right = versions.after(versions.first, weight_kg="3.200")

        tablet.push(versions.first, left, right)
        judge()

        head = session.get_one(VisitRow, versions.visit_id).head_revision_id
        # 3.8 kg and 3.2 kg are each unremarkable beside what the other tablet had.
        assert "red_alert" in session.get_one(JudgementRow, head).flags
        assert "growth_differs" not in session.get_one(JudgementRow, head).flags
        assert session.get_one(RevisionRow, head).body["payload"]["derived"]["weight_kg"]["sds"]

    def test_sending_everything_again_adds_nothing(
        self, tablet: Tablet, versions: Versions, session: Session
    ) -> None:
        sent = [versions.first, versions.after(versions.first, place="gp"), versions.after(versions.first)]
        tablet.push(*sent)
        before = session.scalars(select(RevisionRow.id)).all()
        session.rollback()

        results = tablet.push(*reversed(sent))

        assert {one["result"] for one in results} == {"duplicate"}
        assert session.scalars(select(RevisionRow.id)).all() == before

    def test_whoever_goes_on_from_their_own_version_loses_nothing_of_the_other(
        self, tablet: Tablet, versions: Versions, session: Session
    ) -> None:
        """The tablet did not know that its version had been put together with another."""
        left = versions.after(versions.first, weight_kg="3.200")
        right = versions.after(versions.first, nappies_wet=8)
        tablet.push(versions.first, left, right)

        tablet.push(versions.after(left, weight_kg="3.250"))

        answers = answers_of(session, versions.visit_id)
        assert (answers["weight_kg"], answers["nappies_wet"]) == ("3.250", 8)
        assert state_of(session, versions.visit_id) == "received"

    def test_going_on_from_what_was_put_together_is_the_next_version(
        self, tablet: Tablet, versions: Versions, session: Session
    ) -> None:
        tablet.push(versions.first, versions.after(versions.first, weight_kg="3.200"))
        tablet.push(versions.after(versions.first, nappies_wet=8))
        head = session.get_one(VisitRow, versions.visit_id).head_revision_id
        body = session.get_one(RevisionRow, head).body
        session.rollback()

        [result] = tablet.push(versions.after(body, nappies_wet=5))

        assert result["flags"] == []
        assert answers_of(session, versions.visit_id)["nappies_wet"] == 5
        assert answers_of(session, versions.visit_id)["weight_kg"] == "3.200"


class TestOverlapping:
    def test_both_are_kept_and_nobody_wins(
        self, tablet: Tablet, versions: Versions, session: Session
    ) -> None:
        left = versions.after(versions.first, weight_kg="3.200")
        right = versions.after(versions.first, weight_kg="3.300")
        tablet.push(versions.first, left)

        [result] = tablet.push(right)

        assert (result["result"], result["flags"]) == ("stored", ["stale_base"])
        assert state_of(session, versions.visit_id) == "two_versions"
        assert {row.id for row in session.scalars(select(RevisionRow))} == {
            versions.first["rev_id"],
            left["rev_id"],
            right["rev_id"],
        }
        assert tablet.visit(versions.visit_id)["state"] == "two_versions"

    def test_a_later_version_of_one_side_does_not_settle_it(
        self, tablet: Tablet, versions: Versions, session: Session
    ) -> None:
        left = versions.after(versions.first, weight_kg="3.200")
        tablet.push(versions.first, left, versions.after(versions.first, weight_kg="3.300"))

        tablet.push(versions.after(left, nappies_wet=3))

        assert state_of(session, versions.visit_id) == "two_versions"

    def test_the_side_that_gives_way_settles_it(
        self, tablet: Tablet, versions: Versions, session: Session
    ) -> None:
        left = versions.after(versions.first, weight_kg="3.200")
        tablet.push(versions.first, left, versions.after(versions.first, weight_kg="3.300"))

        tablet.push(versions.after(left, weight_kg="3.300"))

        assert state_of(session, versions.visit_id) == "received"
        assert answers_of(session, versions.visit_id)["weight_kg"] == "3.300"


ORDERS = list(permutations(range(4)))


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: "".join(map(str, order)))
def test_the_order_of_arrival_leaves_no_trace(
    tablet: Tablet, versions: Versions, session: Session, order: tuple[int, ...]
) -> None:
    """Orphans too: a version that arrives before the one it was made from is linked when that comes."""
    second = versions.after(versions.first, weight_kg="3.200", place="gp")
    third = versions.after(second, place="home", nappies_wet=8)
    beside = versions.after(versions.first, nappies_dirty=4)
    sent = [versions.first, second, third, beside]

    results = [tablet.push(sent[number])[0]["result"] for number in order]

    assert results == ["stored"] * 4
    assert state_of(session, versions.visit_id) == "received"
    expected = versions.first["payload"]["answers"] | {
        "weight_kg": "3.200",
        "nappies_wet": 8,
        "nappies_dirty": 4,
    }
    assert answers_of(session, versions.visit_id) == expected
    visit = session.get_one(VisitRow, versions.visit_id)
    head = session.get_one(RevisionRow, visit.head_revision_id)
    assert {head.parent_id, *head.merged_from} == {third["rev_id"], beside["rev_id"]}
    assert head.flags == ["merged"]
    assert not any("orphan" in row.flags for row in session.scalars(select(RevisionRow)))


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_a_straight_line_of_versions_ends_with_the_last_however_it_arrives(
    tablet: Tablet, versions: Versions, session: Session, order: tuple[int, ...]
) -> None:
    second = versions.after(versions.first, weight_kg="3.200")
    third = versions.after(second, weight_kg="3.250")
    sent = [versions.first, second, third]

    for number in order:
        tablet.push(sent[number])

    session.rollback()
    visit = session.get_one(VisitRow, versions.visit_id)
    assert (visit.head_revision_id, visit.state) == (third["rev_id"], "received")
    assert session.get_one(RevisionRow, third["rev_id"]).flags == []


def test_an_orphan_that_differs_waits_for_what_it_was_made_from(
    tablet: Tablet, versions: Versions, session: Session
) -> None:
    second = versions.after(versions.first, weight_kg="3.200")
    third = versions.after(second, weight_kg="3.250")
    tablet.push(versions.first)

    [orphan] = tablet.push(third)

    assert orphan["flags"] == ["orphan", "stale_base"]
    assert state_of(session, versions.visit_id) == "two_versions"
    tablet.push(second)
    assert state_of(session, versions.visit_id) == "received"


class TestApproved:
    """History that arrives after the decision changes nothing about it."""

    @pytest.fixture
    def line(self, versions: Versions) -> list[dict[str, Any]]:
        second = versions.after(versions.first, weight_kg="3.200")
        return [versions.first, second, versions.after(second, weight_kg="3.250")]

    def test_the_version_stays_approved_when_the_missing_ones_come(
        self, tablet: Tablet, world: World, session: Session, line: list[dict[str, Any]]
    ) -> None:
        first, second, third = line
        tablet.push(third)
        approve(session, world, third)
        tablet.push(first)
        assert state_of(session, first["visit_id"]) == "two_versions"

        tablet.push(second)

        assert state_of(session, first["visit_id"]) == "approved"
        with pytest.raises(Conflict, match="already decided"):
            approve(session, world, third)

    @pytest.mark.parametrize(
        ("message", "state"),
        [
            ("retry", "approved"),
            ("sent", "in_red_book"),
            ("dead", "red_book_failed"),
            ("not_shared", "not_shared"),
        ],
    )
    def test_and_stands_where_its_message_to_the_red_book_has_come_to(
        self,
        tablet: Tablet,
        world: World,
        session: Session,
        line: list[dict[str, Any]],
        message: str,
        state: str,
    ) -> None:
        first, second, third = line
        tablet.push(third)
        approve(session, world, third)
        tablet.push(first)
        with transaction(session):
            session.scalars(select(OutboxRow)).one().state = message

        tablet.push(second)

        assert state_of(session, first["visit_id"]) == state


def test_a_version_that_names_itself_as_its_beginning_is_taken_in(
    tablet: Tablet, world: World, session: Session
) -> None:
    rev_id = new_id()
    odd = tablet.revision(world, rev_id=rev_id, parent_rev=rev_id)

    assert tablet.push(odd)[0]["result"] == "stored"
    later = tablet.revision(world, visit_id=odd["visit_id"])
    assert tablet.push(later)[0]["result"] == "stored"
    assert state_of(session, odd["visit_id"]) in ("received", "two_versions")
