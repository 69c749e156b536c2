"""Several connections at the same moment, on both engines: nothing is counted short, doubled or refused by accident."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from hvapp.domain import nhs_number
from hvapp.domain.accounts import Account, Role
from hvapp.domain.errors import Conflict, WrongCredentials
from hvapp.domain.redbook import Outcome
from hvapp.services import accounts, judging, review
from hvapp.services.database import open_sessions
from hvapp.services.outbox import Envelope
from hvapp.settings import Settings
from hvapp.store.accounts import AccountRow
from hvapp.store.changes import ChangeCounterRow, ChangeRow
from hvapp.store.children import ChildRow, PersonRow
from hvapp.store.outbox import OutboxRow
from hvapp.store.visits import DecisionRow, JudgementRow, QuarantineRow, RevisionRow
from sync.worker import Worker
from tests.support.client import FORMS, Tablet
from tests.support.crowd import Crowd
from tests.support.reviewing import approve
from tests.support.world import PASSWORD, World

NOW = datetime.now(UTC)


@pytest.fixture
def crowd(settings: Settings, world: World) -> Crowd:
    return Crowd(settings, world)


@pytest.fixture
def maker() -> Tablet:
    """Only to make revisions with."""
    return Tablet(None)  # type: ignore[arg-type]


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Leave time between what a service has read and what it writes, so that another is sure to come in between."""

    def slow_down(service: Any) -> None:
        real = service.write_audit

        def write_audit(session: Session, **entry: Any) -> None:
            time.sleep(0.1)
            real(session, **entry)

        monkeypatch.setattr(service, "write_audit", write_audit)

    return slow_down


def count(session: Session, row: type, *where: Any) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(row).where(*where)) or 0


def test_the_first_pushes_of_all_number_their_receipts_apart(
    crowd: Crowd, maker: Tablet, world: World, session: Session
) -> None:
    session.execute(delete(ChangeRow))
    session.execute(delete(ChangeCounterRow))
    session.commit()

    answers = crowd.each(*(crowd.push(maker.revision(world)) for _ in range(5)))

    assert [one.result for [one] in answers] == ["stored"] * 5
    assert sorted(one.receipt.seq for [one] in answers) == [1, 2, 3, 4, 5]
    assert sorted(session.scalars(select(ChangeRow.seq))) == [1, 2, 3, 4, 5]
    assert count(session, ChangeCounterRow) == 1


def test_one_revision_sent_on_many_lines_is_stored_once(
    crowd: Crowd, maker: Tablet, world: World, session: Session
) -> None:
    revision = maker.revision(world)

    answers = crowd.each(*[crowd.push(revision)] * 5)

    assert sorted(one.result for [one] in answers) == ["duplicate"] * 4 + ["stored"]
    assert len({one.receipt for [one] in answers}) == 1
    assert count(session, RevisionRow) == 1


def test_what_cannot_be_filed_is_kept_once_however_often_it_comes(crowd: Crowd, session: Session) -> None:
    answers = crowd.each(*[crowd.push({"rev_id": "no revision"})] * 5)

    assert [one.result for [one] in answers] == ["rejected:malformed"] * 5
    assert count(session, QuarantineRow) == 1


def test_a_revision_is_judged_once_by_whoever_comes_first(
    crowd: Crowd, maker: Tablet, world: World, session: Session
) -> None:
    crowd.push(*(maker.revision(world) for _ in range(3)))(session)

    answers = crowd.each(*[lambda session: judging.judge_new(session, FORMS, NOW)] * 4)

    assert all(isinstance(answer, int) for answer in answers), answers
    assert count(session, JudgementRow) == 3


def test_one_decision_on_a_version_however_many_supervisors_press_at_once(
    crowd: Crowd, maker: Tablet, world: World, session: Session, slow: Callable[[Any], None]
) -> None:
    revision = maker.revision(world)
    crowd.push(revision)(session)
    slow(review)

    answers = crowd.each(*[lambda session: approve(session, world, revision)] * 3)

    assert [type(answer) for answer in answers].count(Conflict) == 2
    assert answers.count(None) == 1
    assert count(session, DecisionRow) == count(session, OutboxRow) == 1


def test_two_visits_of_a_child_approved_at_once_stand_one_behind_the_other(
    crowd: Crowd, maker: Tablet, world: World, session: Session, slow: Callable[[Any], None]
) -> None:
    revisions = [maker.revision(world) for _ in range(3)]
    crowd.push(*revisions)(session)
    slow(review)

    def approving(revision: dict[str, Any]) -> Callable[[Session], None]:
        return lambda session: approve(session, world, revision)

    assert crowd.each(*map(approving, revisions)) == [None] * 3
    session.rollback()
    assert sorted(session.scalars(select(OutboxRow.seq))) == [1, 2, 3]


def test_wrong_passwords_tried_at_once_are_all_counted(
    crowd: Crowd, world: World, session: Session, slow: Callable[[Any], None]
) -> None:
    slow(accounts)

    def guess(password: str) -> Callable[[Session], Account]:
        return lambda session: accounts.sign_in(session, email=world.amira.email, password=password, now=NOW)

    answers = crowd.each(*[guess("not the password")] * accounts.ATTEMPTS_BEFORE_WAIT)

    assert [type(answer) for answer in answers] == [WrongCredentials] * accounts.ATTEMPTS_BEFORE_WAIT
    session.rollback()
    assert session.get_one(AccountRow, world.amira.id).locked_until is not None
    with pytest.raises(WrongCredentials):
        guess(PASSWORD)(session)


def test_two_administrators_adding_the_same_person_get_one_account(
    crowd: Crowd, world: World, session: Session
) -> None:
    new = accounts.NewAccount(
        "new@test.example", "New Person", Role.HEALTH_VISITOR, "scphn", world.ada.team.id, "a long password"
    )

    answers = crowd.each(*[lambda session: accounts.create_account(session, new, by=world.ada, now=NOW)] * 3)

    assert [isinstance(answer, Account) for answer in answers].count(True) == 1
    assert [isinstance(answer, Conflict) for answer in answers].count(True) == 2
    assert count(session, AccountRow, AccountRow.email == new.email) == 1


class Recorder:
    """A red book that takes its time and writes down what it was sent."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def send(self, message: Envelope) -> Outcome:
        time.sleep(0.02)
        self.sent.append(message.message_id)
        return Outcome("sent", "stored", "Stored.")


# Further numbers of the range that is nobody's.
NHS_NUMBERS = [number for number in map(str, range(9990000100, 9990000200)) if nhs_number.valid(number)]


def make_child(session: Session, world: World, number: str) -> str:
    person = PersonRow(
        given_name="Child", family_name="Marlow", sex="male", birth_date=world.born, nhs_number=number
    )
    session.add(person)
    session.flush()
    session.add(
        ChildRow(
            id=person.id,
            gestation_days=280,
            births_in_pregnancy=1,
            birth_order=1,
            team_id=world.amira.team.id,
            named_visitor_id=world.amira.id,
            need_level="universal",
        )
    )
    session.commit()
    return person.id


def test_workers_side_by_side_send_every_message_once(
    crowd: Crowd, maker: Tablet, world: World, session: Session, settings: Settings
) -> None:
    children = [world.child_id, *(make_child(session, world, number) for number in NHS_NUMBERS[:5])]
    revisions = [maker.revision(world, child_id=child_id) for child_id in children * 2]
    crowd.push(*revisions)(session)
    for revision in revisions:
        approve(session, world, revision)
    red_book = Recorder()

    def work(session: Session) -> int:
        worker = Worker(
            sessions=open_sessions(settings),
            forms=FORMS,
            transport=red_book,
            worker_id=threading.current_thread().name,
            stopping=threading.Event(),
        )
        done, deadline = 0, time.monotonic() + 20
        while len(red_book.sent) < len(revisions) and time.monotonic() < deadline:
            done += worker.run_once()
        worker.sessions.kw["bind"].dispose()
        return done

    done = crowd.each(work, work, work)

    assert len(red_book.sent) == len(set(red_book.sent)) == sum(done) == len(revisions)
    assert min(done) > 0
    assert count(session, OutboxRow, OutboxRow.state == "sent", OutboxRow.attempts == 1) == len(revisions)
