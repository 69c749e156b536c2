"""A visit that its author withdraws: whenever that arrives, whatever had become of it, and whoever has to agree."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account
from hvapp.domain.errors import Conflict, Invalid, NotAllowed, NotFound
from hvapp.services import review, visit_readout, withdrawals
from hvapp.services.outbox import claim_next
from hvapp.services.visit_readout.detail import VisitDetail
from hvapp.store.audit import AuditRow
from hvapp.store.children import ChildRow, ContactRow, MeasurementRow
from hvapp.store.immunisations import ImmunisationRow
from hvapp.store.kept import KeptAnswersRow, WellbeingRow
from hvapp.store.outbox import OutboxRow
from hvapp.store.visits import DecisionRow, QuarantineRow, RevisionRow, VisitRow
from tests.support.client import FORMS, Tablet, seal, with_answers
from tests.support.reviewing import approve
from tests.support.world import World

TabletOf = Callable[[Account], Tablet]


@pytest.fixture
def sent(tablet: Tablet, world: World) -> dict[str, Any]:
    revision = tablet.revision(world)
    tablet.push(revision)
    return revision


def standing(session: Session, of: dict[str, Any]) -> tuple[str, str]:
    """State and present version of a visit."""
    session.rollback()
    session.expire_all()
    visit = session.get_one(VisitRow, of["visit_id"])
    return visit.state, visit.head_revision_id


def withdraw(tablet: Tablet, world: World, of: dict[str, Any], **why: str) -> dict[str, Any]:
    revision = tablet.withdrawal(world, of, **why)
    [result] = tablet.push(revision)
    assert result["result"] == "stored", result
    return revision


def agree(session: Session, world: World, to: dict[str, Any], reviewer: Account | None = None) -> None:
    withdrawals.agree(
        session,
        FORMS,
        reviewer=reviewer or world.sue,
        visit_id=to["visit_id"],
        rev_id=to["rev_id"],
        now=datetime.now(UTC),
    )


def keep(session: Session, world: World, to: dict[str, Any], reason: str = "It was this child") -> None:
    withdrawals.keep(
        session,
        FORMS,
        reviewer=world.sue,
        visit_id=to["visit_id"],
        rev_id=to["rev_id"],
        reason=reason,
        now=datetime.now(UTC),
    )


def read(session: Session, world: World, of: dict[str, Any]) -> VisitDetail:
    session.rollback()
    return visit_readout.open_visit(
        session, FORMS, reviewer=world.sue, visit_id=of["visit_id"], now=datetime.now(UTC)
    )


def on_record(session: Session, of: dict[str, Any]) -> int:
    """How much of the visit stands on the child's record."""
    session.rollback()
    return sum(
        len(session.scalars(select(row).where(row.visit_id == of["visit_id"])).all())
        for row in (ContactRow, MeasurementRow, KeptAnswersRow, WellbeingRow, ImmunisationRow)
    )


def level(session: Session, world: World) -> str:
    session.rollback()
    session.expire_all()
    return session.get_one(ChildRow, world.child_id).need_level


class TestBeforeAnybodyDecided:
    def test_it_is_withdrawn_at_once_and_leaves_the_queue(
        self, tablet: Tablet, world: World, session: Session, sent: dict[str, Any]
    ) -> None:
        why = withdraw(tablet, world, sent, reason="twice", words="See the one of 10:15")

        assert standing(session, sent) == ("withdrawn", why["rev_id"])
        assert review.queue(session, world.sue) == []
        [line] = withdrawals.lately_withdrawn(session, world.sue)
        assert (line.visit_id, line.reason, line.wrong_child) == (sent["visit_id"], "Recorded twice", False)
        assert withdrawals.lately_withdrawn(session, world.olu) == []

    def test_nothing_is_deleted_and_the_reading_shows_what_had_been_recorded(
        self, tablet: Tablet, world: World, session: Session, sent: dict[str, Any]
    ) -> None:
        why = withdraw(tablet, world, sent, words="This was about her cousin")

        detail = read(session, world, sent)

        assert {row.id for row in session.scalars(select(RevisionRow))} == {sent["rev_id"], why["rev_id"]}
        assert detail.withdrawal is not None
        assert detail.withdrawal.words == "This was about her cousin"
        assert detail.withdrawal.wrong_child
        assert not detail.withdrawal.on_record
        assert detail.reading is not None
        assert any(row.value for section in detail.reading.sections for row in section.rows)
        assert session.scalars(select(AuditRow).where(AuditRow.detail == why["rev_id"])).one()

    def test_it_is_received_exactly_once(
        self, tablet: Tablet, world: World, session: Session, sent: dict[str, Any]
    ) -> None:
        why = tablet.withdrawal(world, sent)
        [first], [again] = tablet.push(why), tablet.push(why)

        assert (first["result"], again["result"]) == ("stored", "duplicate")
        assert again["receipt"] == first["receipt"]

    @pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
    def test_the_order_of_arrival_leaves_no_trace(
        self, tablet: Tablet, world: World, session: Session, order: tuple[int, ...]
    ) -> None:
        first = tablet.revision(world)
        second = tablet.revision(
            world,
            visit_id=first["visit_id"],
            parent_rev=first["rev_id"],
            occurred_at=first["occurred_at"],
            payload=first["payload"],
        )
        made = [first, second, tablet.withdrawal(world, second)]

        assert [tablet.push(made[number])[0]["result"] for number in order] == ["stored"] * 3

        assert standing(session, first) == ("withdrawn", made[2]["rev_id"])
        assert not any("orphan" in row.flags for row in session.scalars(select(RevisionRow)))

    def test_another_visit_for_the_contact_is_not_flagged_any_more(
        self, tablet: Tablet, world: World, session: Session, sent: dict[str, Any]
    ) -> None:
        again = tablet.revision(world)
        tablet.push(again)
        assert [line.flags for line in review.queue(session, world.sue)] != [(), ()]

        withdraw(tablet, world, sent, reason="twice")

        [line] = review.queue(session, world.sue)
        assert (line.visit_id, line.flags) == (again["visit_id"], ())

    def test_it_is_never_judged_for_missing_answers(
        self, tablet: Tablet, world: World, sent: dict[str, Any], judge: Callable[[], int], session: Session
    ) -> None:
        why = withdraw(tablet, world, sent)
        judge()
        assert session.get_one(RevisionRow, why["rev_id"]).all_flags == []

    def test_a_visit_that_was_sent_back_can_be_withdrawn_instead_of_answered(
        self, tablet: Tablet, world: World, session: Session, sent: dict[str, Any]
    ) -> None:
        asked = {"visit_id": sent["visit_id"], "rev_id": sent["rev_id"], "now": datetime.now(UTC)}
        review.send_back(session, reviewer=world.sue, comment="Whose weight is it?", queries=[], **asked)

        withdraw(tablet, world, sent)

        assert standing(session, sent)[0] == "withdrawn"
        assert "revision" not in tablet.visit(sent["visit_id"])

    def test_a_supervisor_can_bring_it_back(
        self, tablet: Tablet, world: World, session: Session, sent: dict[str, Any]
    ) -> None:
        why = withdraw(tablet, world, sent)

        keep(session, world, why)

        assert standing(session, sent) == ("received", sent["rev_id"])
        told = tablet.visit(sent["visit_id"])
        assert (told["kept"]["rev_id"], told["kept"]["comment"]) == (why["rev_id"], "It was this child")
        approve(session, world, sent)


class TestTakenBack:
    @pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
    def test_the_two_count_as_never_made_in_any_order(
        self, tablet: Tablet, world: World, session: Session, order: tuple[int, ...]
    ) -> None:
        first = tablet.revision(world)
        why = tablet.withdrawal(world, first)
        made = [first, why, tablet.withdrawal(world, why, reason="taken_back")]

        for number in order:
            tablet.push(made[number])

        assert standing(session, first) == ("received", first["rev_id"])
        approve(session, world, first)

    def test_a_decision_made_before_stands(
        self, tablet: Tablet, world: World, session: Session, sent: dict[str, Any]
    ) -> None:
        approve(session, world, sent)
        why = tablet.withdrawal(world, sent)

        tablet.push(why, tablet.withdrawal(world, why, reason="taken_back"))

        assert standing(session, sent) == ("approved", sent["rev_id"])
        assert on_record(session, sent)

    def test_what_is_recorded_on_top_goes_on_from_the_answers(
        self, tablet: Tablet, world: World, session: Session, sent: dict[str, Any]
    ) -> None:
        why = tablet.withdrawal(world, sent)
        undone = tablet.withdrawal(world, why, reason="taken_back")
        tablet.push(why, undone)
        later = tablet.revision(
            world, visit_id=sent["visit_id"], parent_rev=undone["rev_id"], payload=sent["payload"]
        )

        tablet.push(with_answers(later, nappies_wet=8))

        assert standing(session, sent) == ("received", later["rev_id"])

    def test_too_late_it_changes_nothing_that_was_agreed(
        self, tablet: Tablet, world: World, session: Session, sent: dict[str, Any]
    ) -> None:
        approve(session, world, sent)
        why = withdraw(tablet, world, sent)
        agree(session, world, why)

        withdraw(tablet, world, why, reason="taken_back")

        assert standing(session, sent) == ("withdrawn", why["rev_id"])


class TestAfterApproval:
    def test_it_counts_until_a_supervisor_agrees(
        self, tablet: Tablet, world: World, session: Session, sent: dict[str, Any]
    ) -> None:
        approve(session, world, sent)
        before = on_record(session, sent)

        why = withdraw(tablet, world, sent)

        assert standing(session, sent) == ("withdrawal", why["rev_id"])
        assert on_record(session, sent) == before > 0
        [line] = review.queue(session, world.sue)
        assert (line.visit_id, [flag.value for flag in line.flags]) == (sent["visit_id"], ["withdrawal"])
        assert review.next_in_queue(session, world.sue) == sent["visit_id"]
        with pytest.raises(Conflict, match="has withdrawn this visit"):
            approve(session, world, sent, rev_id=why["rev_id"])

    def test_agreeing_takes_everything_off_the_record(
        self, tablet: Tablet, world: World, session: Session
    ) -> None:
        answers = {"need_level": "targeted", "need_level_reason": "Feeding", "damp_mould": "none"}
        answers["imm_history"] = [{"vaccine": "hepb", "given_on": world.born.isoformat()}]
        visit = with_answers(tablet.revision(world), **answers)
        tablet.push(visit)
        approve(session, world, visit)
        assert level(session, world) == "targeted"
        heard = tablet.pull()
        [child] = [item["body"] for item in heard["items"] if item["id"] == world.child_id]
        assert child["immunisations"]
        cursor = heard["cursor"]
        why = withdraw(tablet, world, visit)

        agree(session, world, why)

        assert standing(session, visit) == ("withdrawn", why["rev_id"])
        assert on_record(session, visit) == 0
        assert level(session, world) == "universal"
        told = {item["id"]: item["body"] for item in tablet.pull(cursor)["items"]}
        assert told[visit["visit_id"]]["state"] == "withdrawn"
        child = told[world.child_id]
        assert (child["contacts"], child["last_answers"], child["need_level"]) == ([], {}, "universal")
        assert [one["at_birth"] for one in child["measurements"]] == [True]
        assert child["immunisations"] == []
        outcomes = [row.outcome for row in session.scalars(select(DecisionRow))]
        assert outcomes == ["approved", "withdrawn"]
        audited = session.scalars(select(AuditRow).where(AuditRow.action == "visit_withdrawn")).one()
        assert (audited.account_id, audited.detail) == (world.sue.id, why["rev_id"])

    def test_the_level_of_a_later_visit_stays(self, tablet: Tablet, world: World, session: Session) -> None:
        made = []
        for found_level in ("targeted", "specialist"):
            visit = tablet.revision(world, occurred_at=f"2026-01-0{len(made) + 1}T10:00:00+00:00")
            visit = with_answers(visit, need_level=found_level, need_level_reason="Feeding")
            tablet.push(visit)
            approve(session, world, visit)
            made.append(visit)

        agree(session, world, withdraw(tablet, world, made[0]))
        assert level(session, world) == "specialist"

    def test_the_level_goes_back_to_what_the_visit_before_found(
        self, tablet: Tablet, world: World, session: Session
    ) -> None:
        made = []
        for found_level in ("targeted", "specialist", "specialist"):
            visit = tablet.revision(world, occurred_at=f"2026-01-0{len(made) + 1}T10:00:00+00:00")
            visit = with_answers(visit, need_level=found_level, need_level_reason="Feeding")
            tablet.push(visit)
            approve(session, world, visit)
            made.append(visit)

        found = []
        for visit in reversed(made):
            agree(session, world, withdraw(tablet, world, visit))
            found.append(level(session, world))
        assert found == ["specialist", "targeted", "universal"]

    def test_what_waits_for_the_red_book_stays_here_until_somebody_decides(
        self, tablet: Tablet, world: World, session: Session, sent: dict[str, Any]
    ) -> None:
        approve(session, world, sent)
        why = withdraw(tablet, world, sent)
        session.rollback()
        assert claim(session) is None

        agree(session, world, why)

        [message] = session.scalars(select(OutboxRow)).all()
        assert (message.kind, message.state) == ("new", "superseded")
        assert claim(session) is None

    def test_keeping_it_goes_on_where_it_was(
        self, tablet: Tablet, world: World, session: Session, sent: dict[str, Any]
    ) -> None:
        approve(session, world, sent)
        why = withdraw(tablet, world, sent)

        keep(session, world, why)

        assert standing(session, sent) == ("approved", sent["rev_id"])
        assert on_record(session, sent)
        assert claim(session) is not None
        [before] = read(session, world, sent).withdrawn_before
        assert (before.outcome, before.comment) == ("kept", "It was this child")

    def test_what_was_kept_can_be_withdrawn_once_more(
        self, tablet: Tablet, world: World, session: Session, sent: dict[str, Any]
    ) -> None:
        approve(session, world, sent)
        keep(session, world, withdraw(tablet, world, sent))

        why = withdraw(tablet, world, sent, reason="other", words="It really was her cousin")
        agree(session, world, why)

        assert standing(session, sent) == ("withdrawn", why["rev_id"])

    def test_once_agreed_it_is_not_brought_back(
        self, tablet: Tablet, world: World, session: Session, sent: dict[str, Any]
    ) -> None:
        approve(session, world, sent)
        why = withdraw(tablet, world, sent)
        agree(session, world, why)

        with pytest.raises(Conflict, match="already decided"):
            keep(session, world, why)
        with pytest.raises(Conflict, match="already decided"):
            agree(session, world, why)


class TestWhoDecides:
    def test_keeping_needs_a_reason(
        self, tablet: Tablet, world: World, session: Session, sent: dict[str, Any]
    ) -> None:
        with pytest.raises(Invalid, match="Say why"):
            keep(session, world, withdraw(tablet, world, sent), reason=" ")

    def test_another_team_sees_nothing(
        self, tablet: Tablet, world: World, session: Session, sent: dict[str, Any]
    ) -> None:
        approve(session, world, sent)
        with pytest.raises(NotFound):
            agree(session, world, withdraw(tablet, world, sent), reviewer=world.olu)

    def test_nobody_agrees_to_their_own(self, tablet_of: TabletOf, world: World, session: Session) -> None:
        sue = tablet_of(world.sue)
        own = sue.revision(world)
        sue.push(own)
        why = withdraw(sue, world, own)
        with pytest.raises(NotAllowed, match="recorded this visit yourself"):
            keep(session, world, why)

    def test_only_the_author_withdraws(
        self, tablet: Tablet, tablet_of: TabletOf, world: World, session: Session, sent: dict[str, Any]
    ) -> None:
        """A colleague's word is kept for a person, and changes nothing."""
        ben = tablet_of(world.ben)
        [result] = ben.push(ben.withdrawal(world, sent))

        assert (result["result"], "other_author" in result["flags"]) == ("stored", True)
        assert standing(session, sent) == ("received", sent["rev_id"])
        [item] = session.scalars(select(QuarantineRow)).all()
        assert item.reason == "other_author"

    def test_nor_does_anybody_else_take_it_back(
        self, tablet: Tablet, tablet_of: TabletOf, world: World, session: Session, sent: dict[str, Any]
    ) -> None:
        why = withdraw(tablet, world, sent)
        ben = tablet_of(world.ben)
        ben.push(ben.withdrawal(world, why, reason="taken_back"))
        assert standing(session, sent) == ("withdrawn", why["rev_id"])


class TestAnotherVersion:
    """What another tablet of the author's sent meanwhile knows nothing of the withdrawal."""

    @pytest.fixture
    def other(self, tablet: Tablet, world: World, sent: dict[str, Any]) -> dict[str, Any]:
        revision = tablet.revision(
            world,
            visit_id=sent["visit_id"],
            parent_rev=sent["rev_id"],
            occurred_at=sent["occurred_at"],
            payload=sent["payload"],
        )
        return with_answers(revision, weight_kg="3.250")

    @pytest.mark.parametrize("withdrawn_first", [True, False])
    def test_a_person_decides_whichever_came_first(
        self,
        tablet: Tablet,
        world: World,
        session: Session,
        sent: dict[str, Any],
        other: dict[str, Any],
        withdrawn_first: bool,
    ) -> None:
        why = tablet.withdrawal(world, sent)
        for revision in (why, other) if withdrawn_first else (other, why):
            tablet.push(revision)

        assert standing(session, sent) == ("withdrawal", why["rev_id"])
        agree(session, world, why)
        assert standing(session, sent) == ("withdrawn", why["rev_id"])

    def test_kept_it_goes_on_with_the_other_version(
        self, tablet: Tablet, world: World, session: Session, sent: dict[str, Any], other: dict[str, Any]
    ) -> None:
        why = withdraw(tablet, world, sent)
        tablet.push(other)
        keep(session, world, why)
        assert standing(session, sent) == ("received", other["rev_id"])

    def test_after_it_was_agreed_the_other_version_is_to_be_reviewed(
        self, tablet: Tablet, world: World, session: Session, sent: dict[str, Any], other: dict[str, Any]
    ) -> None:
        approve(session, world, sent)
        agree(session, world, withdraw(tablet, world, sent))

        tablet.push(other)

        assert standing(session, sent) == ("received", other["rev_id"])
        [before] = read(session, world, sent).withdrawn_before
        assert before.outcome == "withdrawn"
        approve(session, world, other)
        assert on_record(session, sent)
        again = withdraw(tablet, world, other)
        assert standing(session, sent) == ("withdrawal", again["rev_id"])
        agree(session, world, again)
        assert not on_record(session, sent)

    def test_what_it_was_made_from_changes_nothing_that_was_agreed(
        self, tablet: Tablet, world: World, session: Session, sent: dict[str, Any], other: dict[str, Any]
    ) -> None:
        """Made from a version that was held up on the way."""
        approve(session, world, sent)
        why = withdraw(tablet, world, other)
        agree(session, world, why)

        tablet.push(other)

        assert standing(session, sent) == ("withdrawn", why["rev_id"])

    def test_two_tablets_that_both_withdraw_agree(
        self, tablet: Tablet, world: World, session: Session, sent: dict[str, Any]
    ) -> None:
        withdraw(tablet, world, sent)
        withdraw(tablet, world, sent, reason="twice")
        assert standing(session, sent)[0] == "withdrawn"

    def test_two_versions_to_settle_are_not_withdrawn_by_one_side(
        self, tablet: Tablet, world: World, session: Session, sent: dict[str, Any], other: dict[str, Any]
    ) -> None:
        third = seal(with_answers(other, weight_kg="3.400") | {"rev_id": other["rev_id"][:-4] + "ffff"})
        tablet.push(other, third)
        assert standing(session, sent)[0] == "two_versions"

        withdraw(tablet, world, other)

        assert standing(session, sent)[0] == "withdrawal"


def test_what_is_no_withdrawal_is_no_revision(tablet: Tablet, world: World, sent: dict[str, Any]) -> None:
    """Kept on both sides, like anything that cannot be read."""
    broken = [
        seal(tablet.withdrawal(world, sent) | {"withdrawal": one}) for one in ("yes", {}, {"reason": 7})
    ]
    assert [one["result"] for one in tablet.push(*broken)] == ["rejected:malformed"] * 3


def claim(session: Session) -> Any:
    session.rollback()
    return claim_next(session, FORMS, now=datetime.now(UTC), lease_seconds=60, worker_id="test")
