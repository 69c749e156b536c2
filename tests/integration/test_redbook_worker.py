"""From approval to the red book: the worker with the real database and a red book at a real address."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.serving import make_server

from hvapp.domain.redbook import Outcome
from hvapp.services import outbox, withdrawals
from hvapp.services.database import open_sessions
from hvapp.services.outbox import Envelope
from hvapp.settings import ROOT, Settings
from hvapp.store.children import ChildRow
from hvapp.store.outbox import OutboxRow
from hvapp.store.visits import VisitRow
from sync import worker as worker_module
from sync.redbook_stub.app import create_redbook
from sync.redbook_stub.faults import Faults
from sync.transports.fhir_rest import FhirRest
from sync.worker import Transport, Worker
from tests.support.client import FORMS, Tablet, with_answers
from tests.support.reviewing import approve as approve_visit
from tests.support.world import World


class Clock:
    """Time that passes only when told to."""

    def __init__(self) -> None:
        self.time = datetime.now(UTC) + timedelta(minutes=5)  # more than a test takes anywhere

    def __call__(self) -> datetime:
        return self.time

    def pass_by(self, **amount: float) -> None:
        self.time += timedelta(**amount)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(settings: Settings, app: Flask) -> Iterator["sessionmaker[Session]"]:
    factory = open_sessions(settings)
    yield factory
    factory.kw["bind"].dispose()


class RedBook:
    """The stand-in at an address, and what is in it."""

    def __init__(self, url: str, faults: Faults) -> None:
        self.url = url
        self.faults = faults

    def encounters(self, world: World) -> list[dict[str, Any]]:
        search = {"identifier": f"https://fhir.nhs.uk/Id/nhs-number|{world.nhs_number}"}
        [patient] = requests.get(f"{self.url}/Patient", params=search, timeout=5).json()["entry"]
        asked = {"patient": patient["resource"]["id"]}
        found = requests.get(f"{self.url}/Encounter", params=asked, timeout=5).json()
        return [entry["resource"] for entry in found["entry"]]

    def count(self, world: World) -> tuple[int, int, int, int]:
        search = {"identifier": f"https://fhir.nhs.uk/Id/nhs-number|{world.nhs_number}"}
        found = requests.get(f"{self.url}/Patient", params=search, timeout=5).json()
        if not found["total"]:
            return 0, 0, 0, 0
        patient = found["entry"][0]["resource"]["id"]
        return found["total"], *(
            self._of(patient, kind) for kind in ("Encounter", "Observation", "QuestionnaireResponse")
        )

    def _of(self, patient: str, kind: str) -> int:
        return int(requests.get(f"{self.url}/{kind}", params={"patient": patient}, timeout=5).json()["total"])


@contextmanager
def red_book_at(data: Path, port: int = 0) -> Iterator[RedBook]:
    app = create_redbook(data)
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield RedBook(f"http://127.0.0.1:{server.server_port}/fhir", app.extensions["redbook_faults"])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        app.extensions["redbook_store"].close()


@pytest.fixture
def red_book(tmp_path: Path) -> Iterator[RedBook]:
    with red_book_at(tmp_path / "red-book") as running:
        yield running


def make_worker(
    sessions: "sessionmaker[Session]", transport: Transport, clock: Callable[[], datetime]
) -> Worker:
    return Worker(
        sessions=sessions,
        forms=FORMS,
        transport=transport,
        worker_id="test-worker",
        stopping=threading.Event(),
        now=clock,
    )


@pytest.fixture
def worker(sessions: "sessionmaker[Session]", red_book: RedBook, clock: Clock) -> Worker:
    return make_worker(sessions, FhirRest(red_book.url), clock)


def approve(tablet: Tablet, world: World, session: Session, revision: dict[str, Any]) -> dict[str, Any]:
    [result] = tablet.push(revision)
    assert result["result"] == "stored", result
    approve_visit(session, world, revision)
    return revision


@pytest.fixture
def approved(tablet: Tablet, world: World, session: Session) -> dict[str, Any]:
    return approve(tablet, world, session, tablet.revision(world))


def message(session: Session) -> OutboxRow:
    # Ends the snapshot that an earlier look opened.
    session.rollback()
    session.expire_all()
    [row] = session.query(OutboxRow).all()
    return row


def messages(session: Session) -> list[tuple[str, str]]:
    """State and kind of every message, in order."""
    session.rollback()
    session.expire_all()
    return [(row.state, row.kind) for row in session.query(OutboxRow).order_by(OutboxRow.seq)]


def state(session: Session, revision: dict[str, Any]) -> str:
    session.rollback()
    session.expire_all()
    visit = session.get(VisitRow, revision["visit_id"])
    assert visit is not None
    return visit.state


def test_an_approved_visit_reaches_the_red_book(
    worker: Worker, red_book: RedBook, world: World, session: Session, approved: dict[str, Any]
) -> None:
    assert worker.run_once() is True
    assert worker.run_once() is False

    assert red_book.count(world) == (1, 1, 12, 1)
    assert state(session, approved) == "in_red_book"
    row = message(session)
    assert (row.state, row.reason_code) == ("sent", "stored")
    assert row.reference is not None and row.reference.startswith("Encounter/")
    assert row.payload is not None and b'"value":3.180' in row.payload


def test_nothing_to_do_is_no_work(worker: Worker) -> None:
    assert worker.run_once() is False


def test_a_worker_that_dies_after_sending_leaves_one_visit(
    worker: Worker,
    sessions: "sessionmaker[Session]",
    red_book: RedBook,
    world: World,
    clock: Clock,
    session: Session,
    approved: dict[str, Any],
) -> None:
    """The bytes arrived, the answer was never written down: the next worker sends the very same bytes."""

    class Power(FhirRest):
        def send(self, message: Any) -> Outcome:
            super().send(message)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_worker(sessions, Power(red_book.url), clock).run_once()
    frozen = message(session).payload
    assert red_book.count(world) == (1, 1, 12, 1)
    assert state(session, approved) == "approved"

    assert worker.run_once() is False, "the lease is not over"
    clock.pass_by(seconds=worker_module.LEASE_SECONDS + 1)
    assert worker.run_once() is True
    assert message(session).payload == frozen
    assert red_book.count(world) == (1, 1, 12, 1)
    assert state(session, approved) == "in_red_book"


@pytest.mark.parametrize("fault", ["busy", "html", "broken", "redirect"])
def test_trouble_at_the_other_side_is_waited_out(
    worker: Worker,
    red_book: RedBook,
    world: World,
    clock: Clock,
    session: Session,
    approved: dict[str, Any],
    fault: str,
) -> None:
    red_book.faults.give(fault)
    worker.run_once()
    assert message(session).state == "retry"
    assert state(session, approved) == "approved"

    clock.pass_by(hours=2)
    worker.run_once()
    assert state(session, approved) == "in_red_book"
    assert message(session).attempts == 2
    assert red_book.count(world) == (1, 1, 12, 1)


def test_a_red_book_that_is_down_and_comes_back(
    sessions: "sessionmaker[Session]",
    tmp_path: Path,
    world: World,
    clock: Clock,
    session: Session,
    approved: dict[str, Any],
) -> None:
    with red_book_at(tmp_path / "red-book") as running:
        url = running.url
    worker = make_worker(sessions, FhirRest(url), clock)
    worker.run_once()
    assert (message(session).state, message(session).reason_code) == ("retry", "unreachable")

    clock.pass_by(hours=2)
    with red_book_at(tmp_path / "red-book", int(url.split(":")[2].split("/")[0])) as running:
        worker.run_once()
        assert running.count(world) == (1, 1, 12, 1)
    assert state(session, approved) == "in_red_book"


def test_after_a_day_a_person_is_asked(
    sessions: "sessionmaker[Session]", clock: Clock, session: Session, world: World, approved: dict[str, Any]
) -> None:
    worker = make_worker(sessions, FhirRest("http://127.0.0.1:9/fhir"), clock)
    worker.run_once()
    clock.pass_by(hours=25)
    worker.run_once()
    row = message(session)
    assert (row.state, row.reason_code) == ("dead", "gave_up")
    assert state(session, approved) == "red_book_failed"


def test_a_refusal_is_a_dead_letter_with_a_reason(
    worker: Worker, red_book: RedBook, session: Session, approved: dict[str, Any]
) -> None:
    red_book.faults.give("refused", 2)
    worker.run_once()
    row = message(session)
    assert (row.state, row.reason_code) == ("dead", "refused")
    assert row.reason is not None and row.reason.startswith("The red book refused the visit")
    assert state(session, approved) == "red_book_failed"


def test_lost_credentials_pause(
    worker: Worker, red_book: RedBook, session: Session, approved: dict[str, Any]
) -> None:
    red_book.faults.give("signed_out")
    worker.run_once()
    assert (message(session).state, message(session).reason_code) == ("paused", "signed_out")


def test_a_family_that_did_not_agree_is_not_sent(
    worker: Worker, red_book: RedBook, tablet: Tablet, world: World, session: Session
) -> None:
    revision = tablet.revision(world)
    refused = with_answers(revision, share_consent={"gp": True, "red_book": False})
    approve(tablet, world, session, refused)
    assert state(session, refused) == "not_shared", "said at once, not only when the worker comes to it"
    worker.run_once()
    row = message(session)
    assert (row.state, row.reason_code, row.payload) == ("not_shared", "not_agreed", None)
    assert state(session, refused) == "not_shared"
    assert red_book.count(world) == (0, 0, 0, 0)


def test_a_child_without_an_nhs_number_waits_and_goes_once_traced(
    worker: Worker, red_book: RedBook, tablet: Tablet, world: World, session: Session, clock: Clock
) -> None:
    child = session.get(ChildRow, world.child_id)
    assert child is not None
    child.person.nhs_number = None
    session.commit()
    approve(tablet, world, session, tablet.revision(world))
    worker.run_once()
    row = message(session)
    assert (row.state, row.reason_code, row.payload) == ("paused", "no_nhs_number", None)

    child.person.nhs_number = world.nhs_number
    session.commit()
    outbox.send_again(session, row.id, by=world.sue, now=clock())
    worker.run_once()
    assert message(session).state == "sent"


def test_a_correction_replaces_in_place(
    worker: Worker,
    red_book: RedBook,
    tablet: Tablet,
    world: World,
    session: Session,
    clock: Clock,
    approved: dict[str, Any],
) -> None:
    worker.run_once()
    before = red_book.count(world)
    correction = tablet.revision(world, visit_id=approved["visit_id"], parent_rev=approved["rev_id"])
    correction = with_answers(correction, weight_kg="3.280", length_cm={"not_done": "asleep_unsettled"})
    approve(tablet, world, session, correction)
    assert worker.run_once() is True
    assert state(session, approved) == "in_red_book"
    after = red_book.count(world)
    assert (after[0], after[1], after[2], after[3]) == (1, 1, before[2] - 3, 1)


def withdraw(tablet: Tablet, world: World, session: Session, revision: dict[str, Any]) -> None:
    """The author withdraws a visit, and Sue agrees."""
    why = tablet.withdrawal(world, revision)
    tablet.push(why)
    withdrawals.agree(
        session,
        FORMS,
        reviewer=world.sue,
        visit_id=why["visit_id"],
        rev_id=why["rev_id"],
        now=datetime.now(UTC),
    )


def test_a_withdrawn_visit_leaves_nothing_but_word_of_the_mistake(
    worker: Worker,
    red_book: RedBook,
    tablet: Tablet,
    world: World,
    session: Session,
    clock: Clock,
    approved: dict[str, Any],
) -> None:
    clock.pass_by(minutes=5)
    worker.run_once()
    [before] = red_book.encounters(world)
    assert before["status"] == "finished"

    withdraw(tablet, world, session, approved)
    clock.pass_by(minutes=5)
    assert session.get_one(VisitRow, approved["visit_id"]).in_red_book_at is not None
    assert worker.run_once() is True

    assert messages(session) == [("sent", "new"), ("sent", "delete")]
    [after] = red_book.encounters(world)
    assert (after["id"], after["status"]) == (before["id"], "entered-in-error")
    assert red_book.count(world) == (1, 1, 0, 0)
    assert state(session, approved) == "withdrawn"
    assert session.get_one(VisitRow, approved["visit_id"]).in_red_book_at is None


def test_a_visit_withdrawn_before_it_left_is_never_spoken_of(
    worker: Worker,
    red_book: RedBook,
    tablet: Tablet,
    world: World,
    session: Session,
    clock: Clock,
    approved: dict[str, Any],
) -> None:
    withdraw(tablet, world, session, approved)
    clock.pass_by(minutes=5)
    assert worker.run_once() is False
    assert red_book.count(world) == (0, 0, 0, 0)


def test_a_doubtful_message_is_taken_back_too(
    worker: Worker,
    red_book: RedBook,
    tablet: Tablet,
    world: World,
    session: Session,
    clock: Clock,
    approved: dict[str, Any],
) -> None:
    """It may have been stored before the answer was lost."""
    clock.pass_by(minutes=5)
    red_book.faults.give("broken")
    worker.run_once()
    assert message(session).state == "retry"

    withdraw(tablet, world, session, approved)
    clock.pass_by(hours=1)

    assert worker.run_once() is True
    assert messages(session) == [("superseded", "new"), ("sent", "delete")]
    [encounter] = red_book.encounters(world)
    assert encounter["status"] == "entered-in-error"


def test_a_visit_that_was_not_shared_is_not_spoken_of_either(
    worker: Worker, red_book: RedBook, tablet: Tablet, world: World, session: Session, clock: Clock
) -> None:
    private = with_answers(tablet.revision(world), share_consent={"red_book": False})
    approve(tablet, world, session, private)
    clock.pass_by(minutes=5)
    worker.run_once()
    assert state(session, private) == "not_shared"

    withdraw(tablet, world, session, private)
    clock.pass_by(minutes=5)

    assert worker.run_once() is False
    assert red_book.count(world) == (0, 0, 0, 0)


def test_a_visit_approved_anew_after_its_withdrawal_is_back(
    worker: Worker,
    red_book: RedBook,
    tablet: Tablet,
    world: World,
    session: Session,
    clock: Clock,
    approved: dict[str, Any],
) -> None:
    clock.pass_by(minutes=5)
    worker.run_once()
    full = red_book.count(world)
    withdraw(tablet, world, session, approved)
    clock.pass_by(minutes=5)
    worker.run_once()

    approve(
        tablet,
        world,
        session,
        tablet.revision(world, visit_id=approved["visit_id"], parent_rev=approved["rev_id"]),
    )
    clock.pass_by(minutes=5)
    assert worker.run_once() is True

    assert red_book.count(world) == full
    [encounter] = red_book.encounters(world)
    assert encounter["status"] == "finished"
    assert state(session, approved) == "in_red_book"


def test_a_corrected_version_takes_the_place_of_one_that_was_stuck(
    worker: Worker,
    red_book: RedBook,
    tablet: Tablet,
    world: World,
    session: Session,
    approved: dict[str, Any],
) -> None:
    """Otherwise the correction would wait for ever behind the very message it corrects."""
    red_book.faults.give("refused")
    worker.run_once()
    assert message(session).state == "dead"

    correction = tablet.revision(world, visit_id=approved["visit_id"], parent_rev=approved["rev_id"])
    approve(tablet, world, session, with_answers(correction, weight_kg="3.280"))
    assert worker.run_once() is True
    assert messages(session) == [("superseded", "new"), ("sent", "update")]
    assert state(session, approved) == "in_red_book"


def test_a_version_that_fails_while_a_newer_one_waits_gives_way(
    worker: Worker,
    red_book: RedBook,
    tablet: Tablet,
    world: World,
    session: Session,
    clock: Clock,
    sessions: "sessionmaker[Session]",
    approved: dict[str, Any],
) -> None:
    class Overtaken:
        def send(self, message: Envelope) -> Outcome:
            correction = tablet.revision(world, visit_id=approved["visit_id"], parent_rev=approved["rev_id"])
            approve(tablet, world, session, with_answers(correction, weight_kg="3.280"))
            return Outcome("dead", "refused", "The red book refused the visit.", http_status=422)

    make_worker(sessions, Overtaken(), clock).run_once()
    assert messages(session) == [("superseded", "new"), ("pending", "update")]
    worker.run_once()
    assert messages(session) == [("superseded", "new"), ("sent", "update")]
    assert state(session, approved) == "in_red_book"


def test_a_family_that_agrees_later_is_not_held_to_its_first_answer(
    worker: Worker, red_book: RedBook, tablet: Tablet, world: World, session: Session
) -> None:
    refused = with_answers(tablet.revision(world), share_consent={"red_book": False})
    approve(tablet, world, session, refused)
    worker.run_once()
    later = approve(tablet, world, session, tablet.revision(world))
    worker.run_once()
    assert messages(session) == [("not_shared", "new"), ("sent", "new")]
    assert state(session, later) == "in_red_book"
    assert red_book.count(world)[1] == 1


def test_a_message_that_cannot_be_built_is_a_dead_letter_and_the_worker_goes_on(
    worker: Worker, session: Session, approved: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(record: Any, kind: Any) -> bytes:
        raise ValueError(f"no room for {record.child.given_name}")

    monkeypatch.setattr(worker_module.fhir_r4, "build", fail)
    assert worker.run_once() is True
    row = message(session)
    assert (row.state, row.reason_code) == ("dead", "not_built")
    assert row.reason is not None and "Maya" not in row.reason


def test_a_message_that_may_not_leave_is_a_dead_letter_with_the_problem(
    worker: Worker,
    red_book: RedBook,
    world: World,
    session: Session,
    approved: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        worker_module.conformance, "problems", lambda record, payload: ["It names a stranger."]
    )
    worker.run_once()
    row = message(session)
    assert (row.state, row.reason_code) == ("dead", "not_conformant")
    assert row.reason == "The message was held back. It names a stranger."
    assert red_book.count(world) == (0, 0, 0, 0)


def test_no_transaction_is_open_while_the_network_is_used(
    sessions: "sessionmaker[Session]", session: Session, clock: Clock, approved: dict[str, Any]
) -> None:
    """Another writer gets through while a message is under way; SQLite has one writer at a time."""

    class Slow:
        def send(self, message: Envelope) -> Outcome:
            with sessions() as other:
                other.connection().exec_driver_sql("PRAGMA busy_timeout=100")
                other.connection().exec_driver_sql("UPDATE visit SET state = state")
                other.commit()
            return Outcome("sent", "stored", "Stored.")

    assert make_worker(sessions, Slow(), clock).run_once() is True


def test_the_loop_survives_trouble_and_stops_when_told(
    worker: Worker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rounds: list[BaseException | bool] = [
        OperationalError("SELECT 9990000018", {}, Exception("locked")),
        RuntimeError("Maya Marlow has no birth date"),
        True,
        False,
    ]

    def run_once(self: Worker) -> bool:
        step = rounds.pop(0)
        if not rounds:
            self.stopping.set()
        if isinstance(step, BaseException):
            raise step
        return step

    monkeypatch.setattr(Worker, "run_once", run_once)
    monkeypatch.setattr(worker_module, "TROUBLE_SECONDS", 0.01)
    monkeypatch.setattr(worker_module, "IDLE_SECONDS", 0.01)
    worker.run()
    logged = capsys.readouterr().out
    assert rounds == []
    assert "worker_database_trouble" in logged and "worker_trouble" in logged and "worker_stopped" in logged
    assert "Maya" not in logged and "9990000018" not in logged


def test_the_worker_program_sends_and_stops_cleanly(
    settings: Settings,
    tmp_path: Path,
    red_book: RedBook,
    world: World,
    session: Session,
    approved: dict[str, Any],
) -> None:
    environment = os.environ | {
        "HVAPP_HOME": str(tmp_path / "home"),
        "HVAPP_DATABASE_URL": settings.database_url,
        "HVAPP_REDBOOK_URL": red_book.url,
    }
    program = subprocess.Popen(
        [sys.executable, "-m", "sync", "worker"], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        deadline = time.monotonic() + 30
        while state(session, approved) != "in_red_book":
            assert program.poll() is None and time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        program.send_signal(signal.SIGTERM)
        _, logged = program.communicate(timeout=30)
    assert program.returncode == 0
    events = [json.loads(line) for line in logged.splitlines()]
    assert [event["event"] for event in events] == ["worker_started", "red_book_attempt", "worker_stopped"]
    assert events[1]["outcome"] == "sent" and events[1]["visit_id"] == approved["visit_id"]
    for private in ("Maya", "Marlow", world.nhs_number, "3.180"):
        assert private not in logged
