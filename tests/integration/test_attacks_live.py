"""The real web server under fire: many connections at once, power cuts, and what its log says of it all."""

import random
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account
from hvapp.domain.errors import Invalid
from hvapp.services.accounts import account_of
from hvapp.settings import Settings
from hvapp.store.accounts import AccountRow
from hvapp.store.audit import AuditRow
from hvapp.store.changes import ChangeRow
from hvapp.store.visits import DecisionRow, RevisionRow, VisitRow
from tests.support.client import Tablet, seal
from tests.support.reviewing import approve
from tests.support.servers import Program, free_port, web_server
from tests.support.world import PASSWORD, World

THREADS = 8


class Line:
    """One tablet's connection to the real server."""

    def __init__(self, url: str, account: Account, maker: Tablet) -> None:
        self.url = url
        self.account = account
        self.maker = maker
        self.upload_token = ""
        self.http = requests.Session()
        self.http.trust_env = False

    def token(self) -> str:
        return str(self.http.get(f"{self.url}/api/v1/session", timeout=20).json()["csrf_token"])

    def post(self, path: str, body: Any) -> requests.Response:
        headers = {"X-CSRFToken": self.token()}
        return self.http.post(f"{self.url}{path}", json=body, headers=headers, timeout=20)

    def sign_in(self) -> "Line":
        answer = self.post("/api/v1/sign-in", {"email": self.account.email, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return self

    def register(self) -> None:
        address = f"{self.url}/sync/v1/devices/{self.maker.device_id}"
        headers = {"X-CSRFToken": self.token()}
        told = self.http.put(address, json={"name": "Tablet"}, headers=headers, timeout=20).json()
        self.upload_token, self.maker.sealing_key = told["token"], told["sealing_key"]

    def push(self, *items: dict[str, Any]) -> list[dict[str, Any]]:
        if not self.upload_token:
            self.register()
        answer = self.push_raw({"items": [self.maker.envelope(item) for item in items]})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["results"])

    def push_raw(self, body: Any) -> requests.Response:
        headers = {"Authorization": f"Tablet {self.upload_token}"}
        return self.http.post(f"{self.url}/sync/v1/push", json=body, headers=headers, timeout=20)

    def pull(self, cursor: str, limit: int) -> dict[str, Any]:
        asked = {"cursor": cursor, "limit": str(limit)}
        return dict(self.http.get(f"{self.url}/sync/v1/changes", params=asked, timeout=20).json())


class Service:
    def __init__(self, program: Program, url: str, session: Session, world: World) -> None:
        self.program = program
        self.url = url
        self.session = session
        self.world = world
        self.maker = Tablet(None)  # type: ignore[arg-type]  # only to make revisions with

    def line(self, account: Account | None = None) -> Line:
        return Line(self.url, account or self.world.amira, self.maker).sign_in()

    def revision(self, **changes: Any) -> dict[str, Any]:
        return self.maker.revision(self.world, **changes)

    def count(self, row: type, *where: Any) -> int:
        self.session.rollback()
        return self.session.scalar(select(func.count()).select_from(row).where(*where)) or 0

    def log(self) -> str:
        return self.program.log.read_text()


@pytest.fixture
def service(tmp_path: Path, settings: Settings, session: Session, world: World) -> Iterator[Service]:
    port = free_port()
    program = web_server(tmp_path, port, forked=True, HVAPP_DATABASE_URL=settings.database_url).start()
    try:
        yield Service(program, f"http://127.0.0.1:{port}", session, world)
    finally:
        program.stop()


def test_the_same_revisions_on_many_connections_at_once_are_stored_once(service: Service) -> None:
    revisions = [service.revision() for _ in range(12)]
    barrier = threading.Barrier(THREADS)

    def send(number: int) -> list[list[dict[str, Any]]]:
        line = service.line()
        order = revisions[:]
        random.Random(number).shuffle(order)
        barrier.wait(20)
        return [line.push(*order[start : start + 3]) for start in range(0, 12, 3)]

    with ThreadPoolExecutor(THREADS) as pool:
        answered = [one for batches in pool.map(send, range(THREADS)) for batch in batches for one in batch]

    for revision in revisions:
        results = [one for one in answered if one["rev_id"] == revision["rev_id"]]
        assert sorted(one["result"] for one in results) == ["duplicate"] * (THREADS - 1) + ["stored"]
        assert len({one["receipt"]["mac"] for one in results}) == 1
    assert service.count(RevisionRow) == service.count(VisitRow) == 12
    assert service.count(AuditRow, AuditRow.action == "revision_received") == 12


def test_a_reader_among_writers_misses_no_change(service: Service) -> None:
    """Every record that was announced reaches a tablet that pulls small pages while others push."""
    chains = []
    for _ in range(THREADS - 2):
        first = service.revision()
        chain = [first]
        for _ in range(3):
            parent = chain[-1]
            chain.append(service.revision(visit_id=first["visit_id"], parent_rev=parent["rev_id"]))
        chains.append(chain)
    done = threading.Event()

    def write(chain: list[dict[str, Any]]) -> None:
        line = service.line()
        for revision in chain:
            line.push(revision)

    def read(limit: int) -> dict[str, str | None]:
        line, cursor, seen = service.line(), "", {}
        while True:
            finished = done.is_set()
            page = line.pull(cursor, limit)
            cursor = page["cursor"]
            for item in page["items"]:
                seen[item["id"]] = item["body"].get("head_rev")
            if finished and not page["more"]:
                return seen

    with ThreadPoolExecutor(THREADS) as pool:
        readers = [pool.submit(read, limit) for limit in (1, 3)]
        for future in [pool.submit(write, chain) for chain in chains]:
            future.result(60)
        done.set()
        seen = [reader.result(60) for reader in readers]

    wanted = {chain[-1]["visit_id"]: chain[-1]["rev_id"] for chain in chains}
    for one in seen:
        assert {visit_id: one.get(visit_id) for visit_id in wanted} == wanted
    numbers = service.session.scalars(select(ChangeRow.seq)).all()
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("cut_after", [1, 40])
def test_a_power_cut_loses_nothing_that_was_answered_and_doubles_nothing(
    service: Service, cut_after: int
) -> None:
    """The cut comes while four tablets send, as soon as so many visits have their receipt."""
    everything: list[dict[str, Any]] = [service.revision() for _ in range(160)]
    acked: dict[str, dict[str, Any]] = {}
    lines = [service.line() for _ in range(4)]

    def send(number: int) -> None:
        for start in range(number * 40, number * 40 + 40, 4):
            batch = everything[start : start + 4]
            try:
                for result in lines[number].push(*batch):
                    acked[result["rev_id"]] = result
            except (requests.RequestException, AssertionError):
                return

    with ThreadPoolExecutor(4) as pool:
        sending = [pool.submit(send, number) for number in range(4)]
        deadline = time.monotonic() + 30
        while len(acked) < cut_after and time.monotonic() < deadline:
            time.sleep(0.001)
        service.program.kill()
        for one in sending:
            one.result(60)
    assert cut_after <= len(acked) < 160
    service.program.start()
    line = service.line()
    for start in range(0, 160, 40):
        for result in line.push(*everything[start : start + 40]):
            before = acked.get(result["rev_id"])
            assert result["result"] in ("stored", "duplicate")
            if before is not None:
                assert result["result"] == "duplicate"
                assert result["receipt"] == before["receipt"]

    assert service.count(RevisionRow) == service.count(VisitRow) == 160
    assert service.count(AuditRow, AuditRow.action == "revision_received") == 160
    service.session.rollback()
    connection = service.session.connection()
    if connection.dialect.name == "sqlite":
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


def test_two_supervisors_and_an_amendment_at_the_same_moment(service: Service) -> None:
    """However they interleave: at most one decision on a version, and only on the version that was read."""
    second = make_second_supervisor(service)
    before: list[str] = []  # the child's other visits, which an approval says to have looked at
    for _ in range(4):
        revision = service.revision()
        service.line().push(revision)
        amended = service.revision(visit_id=revision["visit_id"], parent_rev=revision["rev_id"])
        supervisors = [service.line(service.world.sue), service.line(second)]
        tablet = service.line()
        barrier = threading.Barrier(3)

        def decide(
            line: Line,
            how: str,
            revision: dict[str, Any] = revision,
            barrier: threading.Barrier = barrier,
        ) -> int:
            form = {
                "csrf_token": line.token(),
                "rev_id": revision["rev_id"],
                "comment": "Please look again",
                "seen": before,
            }
            barrier.wait(20)
            return line.http.post(
                f"{line.url}/review/{revision['visit_id']}/{how}",
                data=form,
                allow_redirects=False,
                timeout=20,
            ).status_code

        def amend(
            line: Line = tablet, item: dict[str, Any] = amended, barrier: threading.Barrier = barrier
        ) -> None:
            barrier.wait(20)
            assert line.push(item)[0]["result"] == "stored"

        with ThreadPoolExecutor(3) as pool:
            amending = pool.submit(amend)
            statuses = [
                one.result(30)
                for one in (
                    pool.submit(decide, supervisors[0], "approve"),
                    pool.submit(decide, supervisors[1], "return"),
                )
            ]
            amending.result(30)

        before.append(revision["visit_id"])
        assert sorted(statuses) in ([302, 409], [409, 409])
        service.session.rollback()
        decisions = service.session.scalars(
            select(DecisionRow).where(DecisionRow.visit_id == revision["visit_id"])
        ).all()
        assert len(decisions) == statuses.count(302)
        assert all(one.revision_id == revision["rev_id"] for one in decisions)
        visit = service.session.get_one(VisitRow, revision["visit_id"], populate_existing=True)
        assert (visit.state, visit.head_revision_id) == ("received", amended["rev_id"])


def make_second_supervisor(service: Service) -> Account:
    sue = service.session.get_one(AccountRow, service.world.sue.id)
    row = AccountRow(
        email="sol@test.example",
        name="Sol Reed",
        role="supervisor",
        job="scphn",
        team_id=sue.team_id,
        password_hash=sue.password_hash,
        created_at=datetime.now(UTC),
    )
    service.session.add(row)
    service.session.commit()
    return account_of(row)


CANARIES = ("CANARYTEXT", "CANARYCOMMENT", "CANARYREASON", "Maya", "Marlow", "9990000018", "LS6 9ZZ")


def test_no_answer_and_no_name_reaches_the_log(service: Service) -> None:
    """A day's work and every kind of trouble, with words to look for in every place a person can write."""
    line, supervisor = service.line(), service.line(service.world.sue)
    good = service.revision()
    good["payload"]["answers"] |= {"child_voice": "CANARYTEXT one", "seen_alone": False}
    odd = service.revision(sealed_at="0001-01-01T00:00:00+00:00")
    bad = service.revision()
    bad["payload"] |= {
        "answers": {"ended_at": "CANARYTEXT two", "child_voice": ["CANARYTEXT"], "started_at": "CANARYTEXT"},
        "derived": {"weight_kg": {"sds": "1e1000000", "band": "CANARYTEXT"}},
        "context": {"entered_at": "CANARYTEXT three"},
    }
    listed = service.revision()
    listed["payload"]["answers"] = ["CANARYTEXT four"]
    line.push(seal(good), odd, seal(bad), seal(listed), {"rev_id": "CANARYTEXT five"})
    line.push_raw("CANARYTEXT six")
    line.push_raw(
        {"items": ["CANARYTEXT seven", {"rev_id": "CANARYTEXT", "kid": "CANARYTEXT", "box": "CANARYTEXT"}]}
    )
    headers = {"Authorization": f"Tablet {line.upload_token}"}
    line.http.post(f"{service.url}/sync/v1/push", data="{CANARYTEXT", headers=headers, timeout=20)
    line.http.put(
        f"{service.url}/sync/v1/drafts/CANARYTEXT", json={"kid": "CANARYTEXT"}, headers=headers, timeout=20
    )
    line.http.get(f"{service.url}/sync/v1/changes", params={"cursor": "CANARYTEXT"}, timeout=20)
    for revision in (good, odd, bad, listed):
        base = f"{service.url}/review/{revision['visit_id']}"
        for path, form in (
            ("", None),
            ("/restricted", {"reason": "CANARYREASON"}),
            ("/return", {"rev_id": "x", "comment": "CANARYCOMMENT"}),
            ("/return", {"rev_id": revision["rev_id"], "comment": "CANARYCOMMENT " + "x" * 3000}),
            ("/approve", {"rev_id": revision["rev_id"]}),
        ):
            if form is None:
                supervisor.http.get(base + path, timeout=20)
            else:
                form = {"csrf_token": supervisor.token(), **form}
                supervisor.http.post(base + path, data=form, timeout=20)
    supervisor.http.get(f"{service.url}/review", timeout=20)
    supervisor.post("/api/v1/sign-in", {"email": "CANARYTEXT@test.example", "password": "CANARYTEXT"})
    supervisor.http.get(f"{service.url}/nowhere/CANARYTEXT", timeout=20)
    wait_for_quiet(service)

    log = service.log()
    assert line.upload_token.rpartition(".")[2] not in log
    assert line.maker.sealing_key["key"] not in log
    assert [canary for canary in CANARIES if canary in log] == []
    assert "Traceback" not in log


def wait_for_quiet(service: Service) -> None:
    """What is done behind an answer is done soon after it."""
    deadline = time.monotonic() + 10
    size = -1
    while time.monotonic() < deadline and size != (size := service.program.log.stat().st_size):
        time.sleep(0.3)


def test_a_connection_that_says_nothing_holds_up_nobody_else(service: Service) -> None:
    """Fewer of them than threads must not be felt; more are for the proxy in front to hold (docs/operating.md)."""
    address = ("127.0.0.1", int(service.url.rsplit(":", 1)[1]))
    sockets = [socket.create_connection(address, timeout=5) for _ in range(3)]
    try:
        for one in sockets:
            one.sendall(b"POST /sign-in HTTP/1.1\r\nHost: x\r\n")
        started = time.monotonic()
        assert requests.get(f"{service.url}/healthz", timeout=10).status_code == 200
        assert time.monotonic() - started < 5
    finally:
        for one in sockets:
            one.close()


def decide_in_the_end(service: Service, revision: dict[str, Any]) -> None:
    """Approve, looking again whenever another visit to the child arrived since the last look."""
    while True:
        try:
            return approve(service.session, service.world, revision)
        except Invalid as error:
            assert error.code == "look_first"


def test_approving_is_safe_while_tablets_push(service: Service) -> None:
    """Decisions and pushes share one line of writers: all of them get through, each once."""
    revisions = [service.revision() for _ in range(10)]
    service.line().push(*revisions)
    more = [service.revision() for _ in range(30)]

    def push(number: int) -> None:
        line = service.line()
        for revision in more[number::3]:
            assert line.push(revision)[0]["result"] == "stored"

    with ThreadPoolExecutor(3) as pool:
        pushing = [pool.submit(push, number) for number in range(3)]
        for revision in revisions:
            decide_in_the_end(service, revision)
        for one in pushing:
            one.result(60)

    assert service.count(DecisionRow) == 10
    assert service.count(RevisionRow) == 40
