"""Forty visits through a slow line: python -m bench.slow_line

The tablet's own modules (in Node, over a database in memory) and the real server, with a line between them of 400 ms
there and back, 400 kbit/s each way, and one connection in a hundred cut at a random byte. From the engine's start to
the last receipt on the tablet's disk. As with TCP, opening a connection costs a round trip, and a new connection may
have ten pieces under way, then twice as many each round trip (RFC 6928); TLS would cost one or two round trips more.
"""

import asyncio
import json
import shutil
import subprocess
import tempfile
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import requests

from bench.report import Report, percentile
from hvapp.app import create_app
from hvapp.commands.database import upgrade
from hvapp.extensions import db
from hvapp.settings import ROOT, Settings
from tests.support.answers import complete_answers
from tests.support.servers import free_port, web_server
from tests.support.world import PASSWORD, World, make_world

VISITS = 40
RUNS = 20
RUNS_CUT = 5
ONE_WAY_SECONDS = 0.2
BYTES_A_SECOND = 400_000 / 8
CUT_ONE_IN = 100
PIECE = 1400


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        world = _installation(home)
        server_port = free_port()
        server = web_server(home, server_port, HVAPP_SECRET_KEY="bench")
        server.start()
        line = SlowLine(server_port)
        try:
            direct = f"http://127.0.0.1:{server_port}"
            taken = [_deliver(direct, line.url, world) for _ in range(RUNS)]
            sent_up = line.sent_up
            cut = [_deliver(direct, line.cut_the_next(), world) for _ in range(RUNS_CUT)]
        finally:
            line.stop()
            server.stop()
    report = Report(f"{VISITS} visits through a slow line")
    report.promise("delivered, p50", percentile(taken, 0.5) / 1000, 5, "s")
    report.promise("delivered, p95", percentile(taken, 0.95) / 1000, 5, "s")
    report.note("delivered", [one / 1000 for one in taken], "s")
    report.note("delivered, the first connection cut on the way", [one / 1000 for one in cut], "s")
    print(f"  {'went up, for each visit':<52} {sent_up / RUNS / VISITS:9.0f} bytes")
    report.end()


def _installation(home: Path) -> World:
    settings = Settings(
        secret_key="bench", database_url=f"sqlite:///{home / 'hvapp.db'}", secure_cookies=False
    )
    app = create_app(settings)
    upgrade(app)
    with app.app_context():
        world = make_world(db.session)
        db.session.remove()
        db.engine.dispose()
    return world


def _deliver(direct: str, slow: str, world: World) -> float:
    """Milliseconds for one tablet with a full outbox; it is made ready on the direct line."""
    node = shutil.which("node") or "node"
    with subprocess.Popen(
        [node, str(ROOT / "bench" / "slow_line.mjs")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as tablet:
        answers = complete_answers(datetime.now(UTC) - timedelta(hours=1), world)
        _tell(tablet, {"base": slow, "account_id": world.amira.id, "answers": answers, "visits": VISITS})
        device_id = _hear(tablet)["device_id"]
        _tell(tablet, _register(direct, world, device_id))
        return float(_hear(tablet)["ms"])


def _tell(tablet: subprocess.Popen[str], line: dict[str, Any]) -> None:
    assert tablet.stdin is not None
    tablet.stdin.write(json.dumps(line) + "\n")
    tablet.stdin.flush()


def _hear(tablet: subprocess.Popen[str]) -> dict[str, Any]:
    assert tablet.stdout is not None
    return dict(json.loads(tablet.stdout.readline()))


def _register(url: str, world: World, device_id: str) -> dict[str, Any]:
    browser = requests.Session()

    def signed(method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        token = browser.get(f"{url}/api/v1/session").json()["csrf_token"]
        answer = browser.request(method, url + path, json=body, headers={"X-CSRFToken": token})
        answer.raise_for_status()
        return dict(answer.json())

    signed("POST", "/api/v1/sign-in", {"email": world.amira.email, "password": PASSWORD})
    about = {"name": "Bench", "account_id": world.amira.id, "storage_persisted": True}
    return signed("PUT", f"/sync/v1/devices/{device_id}", about)


@dataclass
class Direction:
    """One way of the line: bytes leave it in order, no faster than it carries, and so much later."""

    free_at: float = 0.0

    def leaves_at(self, now: float, size: int) -> float:
        self.free_at = max(self.free_at, now) + size / BYTES_A_SECOND
        return self.free_at + ONE_WAY_SECONDS


@dataclass
class SlowLine:
    """Stands before the server on a port of its own. Connections share the line, as those of one tablet do."""

    server_port: int
    port: int = field(default_factory=free_port)
    sent_up: int = 0
    _up: Direction = field(default_factory=Direction)
    _down: Direction = field(default_factory=Direction)
    _random: Random = field(default_factory=lambda: Random(1))
    _cut_next: bool = False

    def __post_init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        threading.Thread(target=self._run, args=(ready,), daemon=True).start()
        ready.wait()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cut_the_next(self) -> str:
        """Break the next connection, and no other by this; answers the line's address."""
        self._cut_next = True
        return self.url

    def stop(self) -> None:
        def end() -> None:
            for task in asyncio.all_tasks(self._loop):
                task.cancel()
            self._loop.call_soon(self._loop.stop)

        self._loop.call_soon_threadsafe(end)

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(asyncio.start_server(self._carry, "127.0.0.1", self.port))
        ready.set()
        self._loop.run_forever()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # How many bytes, either way, until this connection breaks.
        breaks = self._cut_next or self._random.randrange(CUT_ONE_IN) == 0
        left = self._random.randrange(40_000) if breaks else None
        self._cut_next = False
        await asyncio.sleep(2 * ONE_WAY_SECONDS)  # the handshake
        to_server, from_server = await asyncio.open_connection("127.0.0.1", self.server_port)
        budget = [left]
        ways = [
            asyncio.create_task(self._pass(reader, from_server, self._up, budget)),
            asyncio.create_task(self._pass(to_server, writer, self._down, budget)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        if budget[0] is not None and budget[0] <= 0:
            for way in ways:
                way.cancel()
            from_server.transport.abort()
            writer.transport.abort()
            return
        await asyncio.wait(ways)

    async def _pass(
        self,
        source: asyncio.StreamReader,
        target: asyncio.StreamWriter,
        way: Direction,
        budget: list[int | None],
    ) -> None:
        """Pieces are under way together, in order, as many as the window allows; each that arrives widens it."""
        loop = asyncio.get_running_loop()
        window = Window()
        arriving: list[asyncio.Task[None]] = []

        async def arrive(piece: bytes, at: float) -> None:
            await asyncio.sleep(at - loop.time())
            if target.is_closing():
                return
            target.write(piece)
            await asyncio.sleep(ONE_WAY_SECONDS)
            window.acknowledge(len(piece))

        try:
            while piece := await source.read(PIECE):
                if way is self._up:
                    self.sent_up += len(piece)
                if budget[0] is not None:
                    budget[0] -= len(piece)
                    if budget[0] <= 0:
                        return
                await window.room_for(len(piece))
                arriving.append(asyncio.create_task(arrive(piece, way.leaves_at(loop.time(), len(piece)))))
            await asyncio.gather(*arriving)
            target.write_eof()
        except OSError:
            pass  # cut, or closed at the other end
        finally:
            for task in arriving:
                task.cancel()


@dataclass
class Window:
    """How many bytes may be under way: slow start, without the losses that would end it."""

    size: int = 10 * PIECE
    under_way: int = 0
    _room: asyncio.Event = field(default_factory=asyncio.Event)

    async def room_for(self, size: int) -> None:
        while self.under_way and self.under_way + size > self.size:
            self._room.clear()
            await self._room.wait()
        self.under_way += size

    def acknowledge(self, size: int) -> None:
        self.under_way -= size
        self.size += size
        self._room.set()


if __name__ == "__main__":
    main()
