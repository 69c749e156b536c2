"""What may reach a parent, and what a lying red book or a dying worker can do to the rest."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.serving import make_server

from hvapp.domain.errors import Conflict
from hvapp.domain.redbook import Outcome
from hvapp.services import outbox
from hvapp.services.database import open_sessions
from hvapp.settings import Settings
from hvapp.store.audit import AuditRow
from hvapp.store.children import PersonRow
from hvapp.store.outbox import OutboxRow
from hvapp.store.visits import VisitRow
from sync import worker as worker_module
from sync.redbook_stub.app import create_redbook
from sync.transports.fhir_rest import FhirRest
from sync.worker import Transport, Worker
from tests.support.client import FORMS, Tablet, seal
from tests.support.desk import Desk
from tests.support.reviewing import approve as approve_visit
from tests.support.scripted import Reply, Script, scripted_server
from tests.support.world import World

NOW = datetime.now(UTC) + timedelta(seconds=5)
SENT = Outcome("sent", "stored", "Stored.", http_status=200)
DEAD = Outcome("dead", "refused", "Refused.", http_status=422)
RETRY = Outcome("retry", "busy", "Busy.", http_status=503)


@pytest.fixture
def sessions(settings: Settings, app: Flask) -> Iterator["sessionmaker[Session]"]:
    factory = open_sessions(settings)
    yield factory
    factory.kw["bind"].dispose()


@pytest.fixture
def red_book(tmp_path: Path) -> Iterator[str]:
    """The stand-in's address, without the /fhir."""
    app = create_redbook(tmp_path / "red-book")
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
    app.extensions["redbook_store"].close()


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=5)


def make_worker(
    sessions: "sessionmaker[Session]", transport: Transport, now: Callable[[], datetime] = soon
) -> Worker:
    return Worker(sessions, FORMS, transport, "test-worker", threading.Event(), now)


def approve(tablet: Tablet, world: World, session: Session, revision: dict[str, Any]) -> dict[str, Any]:
    [result] = tablet.push(revision)
    assert result["result"] == "stored", result
    approve_visit(session, world, revision, now=NOW - timedelta(seconds=5))
    return revision


@pytest.fixture
def approved(tablet: Tablet, world: World, session: Session) -> dict[str, Any]:
    return approve(tablet, world, session, tablet.revision(world))


def message(session: Session, revision: dict[str, Any]) -> OutboxRow:
    session.rollback()
    session.expire_all()
    return session.query(OutboxRow).filter_by(revision_id=revision["rev_id"]).one()


def state(session: Session, revision: dict[str, Any]) -> str:
    session.rollback()
    session.expire_all()
    return session.get_one(VisitRow, revision["visit_id"]).state


def claim(session: Session, now: datetime, worker_id: str = "one") -> outbox.Envelope | None:
    return outbox.claim_next(session, FORMS, now=now, lease_seconds=60, worker_id=worker_id)


class TestWhatReachesAParent:
    CANARY = "CANARY family quarrel"
    HIDDEN = "<img src=x onerror=alert(1)>{{ 1234567*8 }}"

    def revision(self, tablet: Tablet, world: World) -> dict[str, Any]:
        """A word to look for wherever a visitor writes what is no parent’s to read, or a tablet says too much."""
        revision = tablet.revision(world)
        said = revision["payload"]["answers"]
        said |= {
            "child_voice": self.CANARY,
            "seen_alone": {"not_done": "other", "detail": self.CANARY},
            "second_practitioner": self.CANARY,
            "length_cm": {"not_done": "other", "detail": self.CANARY},
            "referrals": [{"service": "domestic_abuse", "reason": self.CANARY}],
            "unknown_question": self.CANARY,
            "place": self.CANARY,
        }
        chart = "CANARY of the chart"
        derived = {"sds": "0.1", "centile": "54.0", "band": chart, "method": chart}
        revision["payload"] |= {
            "derived": {
                "weight_kg": derived | {"reference": chart, "engine": chart},
                "ofc_cm": derived | {"band": self.HIDDEN},
            },
            "alert_responses": {"weight_loss": self.CANARY},
            "confirmed": {"weight_kg": self.CANARY},
            "context": {"birth_date": self.CANARY, "note": self.CANARY},
            "extra": self.CANARY,
        }
        return seal(revision)

    def test_nothing_that_was_not_written_for_parents(
        self,
        tablet: Tablet,
        world: World,
        session: Session,
        sessions: "sessionmaker[Session]",
        red_book: str,
    ) -> None:
        revision = approve(tablet, world, session, self.revision(tablet, world))

        assert make_worker(sessions, FhirRest(f"{red_book}/fhir")).run_once() is True

        assert state(session, revision) == "in_red_book"
        payload = message(session, revision).payload
        assert payload is not None
        front = requests.get(red_book, timeout=5).text
        child = re.search(r'href="(/child/[^"]+)"', front)
        assert child is not None
        page = requests.get(f"{red_book}{child[1]}", timeout=5).text
        for place in (payload.decode(), front, page):
            assert "CANARY" not in place
            assert "onerror" not in place
        assert "3.180 kg" in page and "3.180" in payload.decode()

    def test_the_centiles_are_those_the_supervisor_saw(
        self, tablet: Tablet, world: World, session: Session, sessions: "sessionmaker[Session]", red_book: str
    ) -> None:
        """The tablet's say otherwise, which the review page flags; its own are what the page shows."""
        wrong = tablet.revision(world)
        wrong["payload"]["derived"] = {"weight_kg": {"sds": "3.9", "centile": "99.9", "band": "above all"}}
        wrong = approve(tablet, world, session, seal(wrong))

        make_worker(sessions, FhirRest(f"{red_book}/fhir")).run_once()

        sent = json.loads(message(session, wrong).payload or b"")
        values = {
            one["resource"]["valueQuantity"]["unit"]: one["resource"]["valueQuantity"]["value"]
            for one in sent["entry"]
            if "weight" in json.dumps(one).casefold() and "derivedFrom" in one.get("resource", {})
        }
        assert 0 < values["centile"] < 99
        assert -2.7 < values["SDS"] < 2.7
        assert all("rcpchgrowth" in m for m in re.findall(r'"method":\{"text":"([^"]*)"', json.dumps(sent)))

    def test_a_name_is_a_name_and_never_markup(
        self,
        app: Flask,
        tablet: Tablet,
        world: World,
        session: Session,
        sessions: "sessionmaker[Session]",
        red_book: str,
    ) -> None:
        session.get_one(PersonRow, world.child_id).family_name = self.HIDDEN
        session.get_one(PersonRow, world.mother_id).given_name = self.HIDDEN
        session.commit()
        desk = Desk(app.test_client()).sign_in(world.sue)
        revision = tablet.revision(world)
        tablet.push(revision)
        page = f"/review/{revision['visit_id']}"
        pages = [desk.get("/review").html, desk.get(page).html]
        pages.append(desk.post(f"{page}/restricted", reason=self.HIDDEN).html)
        pages.append(desk.post(f"{page}/return", rev_id="x", comment=self.HIDDEN).html)
        pages.append(desk.follow(desk.post(f"{page}/approve", rev_id=revision["rev_id"])).html)
        pages.append(desk.get("/red-book").html)
        make_worker(sessions, FhirRest(f"{red_book}/fhir")).run_once()
        front = requests.get(red_book, timeout=5)
        pages += [front.text]
        child = re.search(r'href="(/child/[^"]+)"', front.text)
        assert child is not None
        shown = requests.get(f"{red_book}{child[1]}", timeout=5)
        pages += [shown.text]

        for html in pages:
            assert "<img src=x" not in html
            assert "9876536" not in html
        assert sum("&lt;img src=x" in html for html in pages) >= 6
        for answer in (front, shown):
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["Cache-Control"] == "no-store"

    def test_the_audit_trail_holds_codes_and_the_reason_alone(
        self, app: Flask, tablet: Tablet, world: World, session: Session, sessions: "sessionmaker[Session]"
    ) -> None:
        revision = self.revision(tablet, world)
        tablet.push(revision, {"junk": self.CANARY})
        desk = Desk(app.test_client()).sign_in(world.sue)
        page = f"/review/{revision['visit_id']}"
        desk.get(page)
        desk.post(f"{page}/return", rev_id=revision["rev_id"], comment=self.CANARY)
        session.rollback()

        details = [row.detail or "" for row in session.query(AuditRow)]

        assert [detail for detail in details if "CANARY" in detail or "Marlow" in detail] == []


class TestOneAmongMany:
    @pytest.mark.parametrize("ended", ["soon", "2026-13-45T99:99:99+00:00", "9999-12-31T23:59:59-14:00"])
    def test_a_time_that_is_none_stops_neither_its_visit_nor_the_next(
        self,
        tablet: Tablet,
        world: World,
        session: Session,
        sessions: "sessionmaker[Session]",
        red_book: str,
        ended: str,
    ) -> None:
        odd = tablet.revision(world)
        odd["payload"]["answers"]["ended_at"] = ended
        odd = approve(tablet, world, session, seal(odd))
        plain = approve(tablet, world, session, tablet.revision(world))
        worker = make_worker(sessions, FhirRest(f"{red_book}/fhir"))

        assert [worker.run_once(), worker.run_once(), worker.run_once()] == [True, True, False]

        assert state(session, odd) == state(session, plain) == "in_red_book"

    def test_a_transport_that_breaks_is_waited_out_like_any_trouble(
        self, session: Session, sessions: "sessionmaker[Session]", approved: dict[str, Any]
    ) -> None:
        """Else the message would be tried anew each time its lease ran out, for ever, and nobody told."""

        class Broken:
            def send(self, message: outbox.Envelope) -> Outcome:
                raise ArithmeticError("CANARY")

        assert make_worker(sessions, Broken()).run_once() is True

        row = message(session, approved)
        assert (row.state, row.reason_code) == ("retry", "unclear")
        assert "CANARY" not in (row.reason or "")


@dataclass(frozen=True)
class Frozen:
    message_id: str
    payload: bytes | None


BUNDLE = json.dumps(
    {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "resource": {
                    "resourceType": "Patient",
                    "identifier": [{"system": "s", "value": "9990000018"}],
                    "birthDate": "2026-11-10",
                }
            },
            {"resource": {"resourceType": "Encounter"}},
        ],
    }
).encode()
NOBODY_KNOWN = Reply(200, b'{"resourceType":"Bundle","type":"searchset","total":0}')


def answered(*entries: Any) -> bytes:
    return json.dumps(
        {"resourceType": "Bundle", "type": "transaction-response", "entry": list(entries)}
    ).encode()


OK = {"response": {"status": "200 OK"}}
LIES = {
    "a page": b"<!doctype html><title>Sign in</title>",
    "nothing": b"",
    "null": b"null",
    "a number beyond numbers": b'{"resourceType":"Bundle","a":1e9999999999999999999}',
    "a number without end": b'{"resourceType":"Bundle","a":' + b"9" * 5000 + b"}",
    "depth without end": b"[" * 100_000,
    "half a character": b'{"resourceType":"Bundle","type":"\\ud800"}',
    "entries that are a number": b'{"resourceType":"Bundle","type":"transaction-response","entry":5}',
    "entries that are text": b'{"resourceType":"Bundle","type":"transaction-response","entry":"xx"}',
    "resources that are a list": b'{"resourceType":"Bundle","entry":[{"resource":[1]}]}',
    "resources that are text": b'{"resourceType":"Bundle","entry":[{"resource":"x"}]}',
    "a birth date that is an object": b'{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient",'
    b'"birthDate":{"a":1}}}]}',
    "one answer too few": answered(OK),
    "one answer too many": answered(OK, OK, OK),
    "one refusal among answers": answered(OK, {"response": {"status": "422 Unprocessable"}}),
    "one fault among answers": answered({"response": {"status": 500}}, OK),
    "one without a status": answered(OK, {}),
    "one with no number": answered(OK, {"response": {"status": "OK"}}),
    "one redirected": answered(OK, {"response": {"status": "302 Found"}}),
    "a complaint of the wrong kinds": b'{"resourceType":"OperationOutcome","issue":[{"severity":["x"]},5,null]}',
    "a searchset": b'{"resourceType":"Bundle","type":"searchset","entry":[{"response":{"status":"200"}}]}',
}


class TestALyingRedBook:
    @pytest.fixture
    def script(self) -> Iterator[Script]:
        with scripted_server() as script:
            yield script

    @pytest.mark.parametrize("status", [200, 201, 400, 503])
    @pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
    def test_it_is_never_believed_and_never_a_fault(self, script: Script, lie: bytes, status: int) -> None:
        transport = FhirRest(script.url)
        for replies in (
            {"/Patient/_search": NOBODY_KNOWN, "/": Reply(status, lie)},
            {"/Patient/_search": Reply(status, lie), "/": Reply(503)},
        ):
            script.replies = replies
            outcome = transport.send(Frozen("m", BUNDLE))
            assert outcome.kind in ("retry", "dead", "paused")

    @pytest.mark.parametrize(
        "wait", ["9" * 5000, "-5", "1e9", "Fri, 31 Dec 9999 23:59:59 -1400", ",", "\u00b2", "0x10"]
    )
    def test_no_wait_it_asks_for_is_a_fault(self, script: Script, wait: str) -> None:
        script.replies = {
            "/Patient/_search": NOBODY_KNOWN,
            "/": Reply(503, b"x", headers={"Retry-After": wait.encode().decode("latin-1")}),
        }

        assert FhirRest(script.url).send(Frozen("m", BUNDLE)).kind == "retry"

    def test_another_resource_than_ours_under_the_number_is_left_alone(self, script: Script) -> None:
        other = {"resourceType": "Patient", "birthDate": "2020-01-01"}
        found = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": other}]}
        script.replies = {"/Patient/_search": Reply(200, json.dumps(found).encode())}

        outcome = FhirRest(script.url).send(Frozen("m", BUNDLE))

        assert (outcome.kind, outcome.reason_code) == ("dead", "another_child")
        assert [asked.path for asked in script.asked] == ["/Patient/_search"]


class TestWorkersInEachOthersWay:
    def test_many_that_claim_at_once_get_one_message_each(
        self,
        tablet: Tablet,
        world: World,
        session: Session,
        sessions: "sessionmaker[Session]",
        approved: dict[str, Any],
    ) -> None:
        barrier = threading.Barrier(6)

        def take(number: int) -> outbox.Envelope | None:
            with sessions() as own:
                barrier.wait(10)
                return claim(own, NOW, f"worker {number}")

        with ThreadPoolExecutor(6) as pool:
            claims = [one for one in pool.map(take, range(6)) if one is not None]

        assert len(claims) == 1
        assert message(session, approved).attempts == 1

    @pytest.mark.parametrize(("first", "late"), [(SENT, DEAD), (SENT, RETRY), (DEAD, SENT), (RETRY, DEAD)])
    def test_one_that_wakes_after_its_lease_changes_nothing(
        self, session: Session, approved: dict[str, Any], first: Outcome, late: Outcome
    ) -> None:
        """A machine that slept: another has the message, or has settled it."""
        slow = claim(session, NOW, "slow")
        quick = claim(session, NOW + timedelta(seconds=61), "quick")
        assert slow is not None and quick is not None
        later = NOW + timedelta(seconds=70)

        outbox.settle(session, slow, late, later)
        assert message(session, approved).state == "sending"
        outbox.settle(session, quick, first, later)
        settled = (message(session, approved).state, state(session, approved))
        outbox.settle(session, slow, late, later)

        assert (message(session, approved).state, state(session, approved)) == settled

    def test_sending_again_meets_a_worker_that_has_it_already(
        self, session: Session, world: World, approved: dict[str, Any]
    ) -> None:
        first = claim(session, NOW)
        assert first is not None
        with pytest.raises(Conflict):
            outbox.send_again(session, first.message_id, by=world.sue, now=NOW)
        outbox.settle(session, first, DEAD, NOW)
        outbox.send_again(session, first.message_id, by=world.sue, now=NOW)
        second = claim(session, NOW + timedelta(seconds=1))
        assert second is not None

        outbox.settle(session, first, DEAD, NOW)
        with pytest.raises(Conflict):
            outbox.send_again(session, first.message_id, by=world.sue, now=NOW)
        outbox.settle(session, second, SENT, NOW)

        assert state(session, approved) == "in_red_book"

    def test_a_machine_that_stops_between_building_and_sending_sends_the_same_bytes(
        self,
        session: Session,
        sessions: "sessionmaker[Session]",
        red_book: str,
        approved: dict[str, Any],
    ) -> None:
        class PowerCut:
            def send(self, message: outbox.Envelope) -> Outcome:
                raise KeyboardInterrupt

        clock = [soon()]
        with pytest.raises(KeyboardInterrupt):
            make_worker(sessions, PowerCut(), lambda: clock[0]).run_once()
        frozen = message(session, approved).payload
        clock[0] += timedelta(seconds=worker_module.LEASE_SECONDS + 1)

        assert make_worker(sessions, FhirRest(f"{red_book}/fhir"), lambda: clock[0]).run_once() is True

        assert frozen is not None
        assert message(session, approved).payload == frozen
        assert state(session, approved) == "in_red_book"
