"""How many visits a second the service takes in for good: python -m bench.throughput [sqlite] [postgresql]

The real server behind real sockets, full durability on both engines; the clients run on the same processors. Every
request carries visits that were sealed beforehand; each is opened, filed and committed before its receipt is
counted. Singly: one visit a request, as a tablet does after each visit. In batches: 100 a request, as after a day
with no signal.

The service has visits on file already, and PostgreSQL has gathered its statistics, as it does by itself within a
minute. Each figure is the middle one of several rounds, with the least and the most beside it.
"""

import base64
import json
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import requests
from sqlalchemy import text

from bench.report import Report, percentile
from bench.world import PASSWORD, load_caseload
from hvapp.app import create_app
from hvapp.commands.database import upgrade
from hvapp.domain import sealing
from hvapp.extensions import db
from hvapp.settings import Settings
from hvapp.store.database import session_factory
from tests.support.client import Tablet, new_id, seal
from tests.support.postgres import PostgresServer
from tests.support.servers import free_port, web_server

SECRET = "bench"
CHILDREN = 6000
BATCH = 100
ROUNDS = 5
# By number of clients: how many requests a round, singly and in batches.
SINGLES = {1: 400, 8: 1500, 32: 1500}
BATCHES = {1: 16, 8: 64, 32: 96}
ON_FILE = 20
"""Batches sent before anything is measured."""

LEAST = {("singly", 8): 500, ("in hundreds", 8): 3000}
P95_SINGLY_AT_8_MS = 40


@dataclass
class Run:
    seconds: float
    visits: int
    answers_ms: list[float]

    @property
    def rate(self) -> float:
        return self.visits / self.seconds


@dataclass(frozen=True)
class Service:
    """Where the service listens, and what a tablet of its needs to send."""

    port: int
    device_id: str
    token: str
    kid: str
    key: bytes


def main(engines: list[str]) -> None:
    # Told to stop, it takes its servers with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    broken = 0
    for engine in engines:
        with tempfile.TemporaryDirectory() as folder, _database(engine, Path(folder)) as url:
            broken += _measure(engine, Path(folder), url)
    sys.exit(1 if broken else 0)


def _measure(engine: str, home: Path, database_url: str) -> int:
    report = Report(f"Visits taken in a second, {engine}, {os.cpu_count()} processors, clients included")
    email, children = _prepare(database_url)
    port = free_port()
    server = web_server(home, port, HVAPP_SECRET_KEY=SECRET, HVAPP_DATABASE_URL=database_url)
    server.start()
    try:
        service = _registered(port, email)
        bodies = _Bodies(service, children)
        _send(service, bodies.take(ON_FILE, BATCH), 4)
        _gather_statistics(database_url)
        for words, requests_of, size in (("singly", SINGLES, 1), ("in hundreds", BATCHES, BATCH)):
            for clients, number in requests_of.items():
                runs = [_send(service, bodies.take(number, size), clients) for _ in range(ROUNDS)]
                _report(report, words, clients, runs)
    finally:
        server.stop()
    return len(report.broken)


def _report(report: Report, words: str, clients: int, runs: list[Run]) -> None:
    what, rates = f"{words}, {clients} clients", [run.rate for run in runs]
    answer, p95 = f"{what}, answer p95", percentile([one for run in runs for one in run.answers_ms], 0.95)
    if least := LEAST.get((words, clients)):
        report.promise_at_least(what, median(rates), least, "/s")
    report.note(what, rates, "/s")
    if (words, clients) == ("singly", 8):
        report.promise(answer, p95, P95_SINGLY_AT_8_MS, "ms")
    else:
        report.figure(answer, p95, "ms")


def _gather_statistics(database_url: str) -> None:
    with session_factory(database_url)() as session:
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("ANALYZE"))
            session.commit()


@contextmanager
def _database(engine: str, home: Path) -> Iterator[str]:
    if engine == "sqlite":
        yield f"sqlite:///{home / 'hvapp.db'}"
        return
    server = PostgresServer(durable=True)
    try:
        server.execute("CREATE DATABASE bench")
        yield server.url("bench")
    finally:
        server.remove()


def _prepare(database_url: str) -> tuple[str, list[str]]:
    """A service with one visitor and many children; answers the visitor's address and the children."""
    app = create_app(Settings(secret_key=SECRET, database_url=database_url, secure_cookies=False))
    upgrade(app)
    with app.app_context():
        visitor, children = load_caseload(db.session, CHILDREN)
        db.session.remove()
        db.engine.dispose()
    return visitor.email, [child.id for child in children]


def _registered(port: int, email: str) -> Service:
    """Sign in and register a tablet, as one is made ready."""
    url, device_id = f"http://127.0.0.1:{port}", new_id()
    browser = requests.Session()

    def signed(method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        token = browser.get(f"{url}/api/v1/session").json()["csrf_token"]
        answer = browser.request(method, url + path, json=body, headers={"X-CSRFToken": token})
        answer.raise_for_status()
        return dict(answer.json())

    account = signed("POST", "/api/v1/sign-in", {"email": email, "password": PASSWORD})["account"]
    about = {"name": "Bench", "account_id": account["id"], "storage_persisted": True}
    answer = signed("PUT", f"/sync/v1/devices/{device_id}", about)
    key = answer["sealing_key"]
    return Service(port, device_id, answer["token"], key["kid"], base64.b64decode(key["key"]))


class _Bodies:
    """Requests made beforehand, each with new visits; two processes seal them."""

    def __init__(self, service: Service, children: list[str]) -> None:
        self.service = service
        self.children = children
        self.made = 0

    def take(self, number: int, size: int) -> list[bytes]:
        jobs = []
        for _ in range(number):
            seqs = range(self.made, self.made + size)
            jobs.append((self.service, [(seq + 1, self.children[seq % len(self.children)]) for seq in seqs]))
            self.made += size
        with ProcessPoolExecutor(mp_context=get_context("spawn")) as processes:
            return list(processes.map(_body, jobs, chunksize=max(1, 200 // size)))


@dataclass(frozen=True)
class _Family:
    """As much of the small known world as a visit needs."""

    child_id: str
    mother_id: str = "00000000-0000-4000-8000-000000000001"
    born: date = date(2026, 1, 1)


def _body(job: tuple[Service, list[tuple[int, str]]]) -> bytes:
    service, visits = job
    pattern = _pattern(service)
    items = []
    for seq, child_id in visits:
        own = {"rev_id": new_id(), "visit_id": new_id(), "device_seq": seq, "child_id": child_id}
        revision = seal(pattern | own)
        box = sealing.seal(
            service.key,
            kind="revision",
            id=revision["rev_id"],
            device_id=service.device_id,
            plain=json.dumps(revision).encode(),
        )
        items.append(
            {
                "rev_id": revision["rev_id"],
                "device_seq": seq,
                "kid": service.kid,
                "box": base64.b64encode(box).decode(),
            }
        )
    return json.dumps({"device_id": service.device_id, "items": items}).encode()


@cache
def _pattern(service: Service) -> dict[str, Any]:
    """A visit like all of them: answering every question of the form takes longer than taking the visit in."""
    tablet = Tablet(client=None)  # type: ignore[arg-type]  # makes revisions, sends nothing
    tablet.device_id = service.device_id
    author_id = service.token.split(".")[1]
    return tablet.revision(_Family("any"), author_id=author_id)  # type: ignore[arg-type]


def _send(service: Service, bodies: list[bytes], clients: int) -> Run:
    """Every body once, by so many clients in a process of their own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        seconds, answers, visits = process.submit(_clients, service, bodies, clients).result()
    return Run(seconds, visits, answers)


class _Connection:
    """A kept connection that costs little: the clients share the processors with the server."""

    def __init__(self, service: Service) -> None:
        self._socket = socket.create_connection(("127.0.0.1", service.port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = (
            "POST /sync/v1/push HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"HV-Sync: 1\r\nAuthorization: Tablet {service.token}\r\nContent-Length: "
        ).encode()

    def push(self, body: bytes) -> tuple[int, bytes]:
        """Status and content of the answer."""
        self._socket.sendall(self._head + str(len(body)).encode() + b"\r\n\r\n" + body)
        came = self._read(b"")
        while b"\r\n\r\n" not in came:
            came = self._read(came)
        head, content = came.split(b"\r\n\r\n", 1)
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        while len(content) < length:
            content = self._read(content)
        return int(head.split(b" ", 2)[1]), content

    def _read(self, came: bytes) -> bytes:
        more = self._socket.recv(1 << 20)
        if not more:
            raise ConnectionError("the server closed the connection")
        return came + more


def _clients(service: Service, bodies: list[bytes], clients: int) -> tuple[float, list[float], int]:
    waiting = iter(bodies)
    lock = threading.Lock()
    answers: list[float] = []
    stored = [0]
    trouble: list[str] = []

    def client() -> None:
        line = _Connection(service)
        while not trouble:
            with lock:
                body = next(waiting, None)
            if body is None:
                return
            started = time.perf_counter()
            status, text = line.push(body)
            taken = (time.perf_counter() - started) * 1000
            if status != 200:
                trouble.append(f"{status}: {text[:300]!r}")
                return
            count = text.count(b'"result":"stored"') or text.count(b'"result": "stored"')
            with lock:
                answers.append(taken)
                stored[0] += count

    threads = [threading.Thread(target=client) for _ in range(clients)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - started
    if trouble:
        raise RuntimeError(trouble[0])
    return seconds, answers, stored[0]


if __name__ == "__main__":
    main(sys.argv[1:] or ["sqlite", "postgresql"])
