"""A line between tablets and the server that can fail at any byte.

One request on one connection, passed on as it came or spoiled in the one way its policy asks for. The policy sees
who sends what; nothing here draws a random number, so the same policy spoils the same requests.
"""

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from tests.support.servers import PORTAL_PAGE, free_port

_MOST_HEADER = 64 * 1024
_SWAP_WAIT = 0.25


@dataclass(frozen=True)
class Heard:
    """A request as the policy sees it; `tablet` and `number` are what the tablet's line wrote on it."""

    method: str
    path: str
    tablet: str
    number: int
    body: bytes


class Hold:
    """A place where a request or an answer stands still until it is let go or cut."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._go = threading.Event()
        self.cut = False

    def release(self, *, cut: bool = False) -> None:
        self.cut = cut
        self._go.set()

    async def wait(self) -> None:
        self.reached.set()
        while not self._go.is_set():
            await asyncio.sleep(0.01)


@dataclass(frozen=True)
class Fault:
    """What becomes of one request.

    pass; delay (`seconds`); refuse: cut before anything is passed on; cut_request: after `part` of the request;
    cut_before_answer: the server has answered, and nothing of it arrives; cut_answer: after `part` of the answer;
    twice: passed on twice, the second answer comes back; swap: waits until another request has overtaken it;
    hold_request, hold_answer: stands still after `part` until `hold` is released; answer: `status` with `headers`
    and `body` from the line itself, the server hears nothing.
    """

    kind: str = "pass"
    part: float = 0.0
    seconds: float = 0.0
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    hold: Hold | None = None
    name: str = ""

    @property
    def called(self) -> str:
        return self.name or self.kind


PASS = Fault()
PORTAL = Fault(
    "answer", status=200, headers=(("Content-Type", "text/html"),), body=PORTAL_PAGE, name="portal"
)
PORTAL_511 = Fault(
    "answer", status=511, headers=(("Content-Type", "text/html"),), body=PORTAL_PAGE, name="portal 511"
)
REDIRECT = Fault("answer", status=302, headers=(("Location", "http://portal.example/"),), name="redirect")
NONSENSE = Fault(
    "answer", status=200, headers=(("Content-Type", "application/json"),), body=b"{}", name="empty JSON"
)


def refusal(status: int, *headers: tuple[str, str]) -> Fault:
    """An error page of something on the way."""
    page = b"<!doctype html><title>Sorry</title>"
    return Fault(
        "answer",
        status=status,
        headers=(("Content-Type", "text/html"), *headers),
        body=page,
        name=str(status),
    )


Policy = Callable[[Heard], Fault]
_Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class _Request:
    head: bytes
    body: bytes
    heard: Heard

    @property
    def whole(self) -> bytes:
        return self.head + self.body


@dataclass
class ByteProxy:
    """Listens on a port of its own and passes requests on to the server at `upstream_port`."""

    upstream_port: int
    policy: Policy = field(default=lambda heard: PASS)
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self._overtaken = asyncio.Event()
        # The loop itself keeps no hold of its tasks: one that waits for long could be swept away.
        self._serving: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        # Not asyncio's server: a connection that came while it closes would be dropped unclosed.
        self._listening = socket.create_server(("127.0.0.1", self.port))
        self._listening.setblocking(False)
        self._loop.add_reader(self._listening, self._accept)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _end(self) -> None:
        """Browsers keep connections open on which nothing was asked yet; these end too."""
        self._loop.remove_reader(self._listening)
        self._listening.close()
        # What was taken a moment ago begins in this turn of the loop: only what has begun can end itself.
        await asyncio.sleep(0)
        serving = list(self._serving)
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)

    def _accept(self) -> None:
        with suppress(OSError):
            connection, _ = self._listening.accept()
            task = self._loop.create_task(self._serve(connection))
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)

    async def _serve(self, connection: socket.socket) -> None:
        async with _stream(sock=connection, limit=_MOST_HEADER) as (reader, writer):
            try:
                request = await _read_request(reader)
                if request is not None:
                    fault = self.policy(request.heard)
                    self.seen[fault.called] += 1
                    await self._treat(fault, request, writer)
            except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                writer.transport.abort()

    async def _treat(self, fault: Fault, request: _Request, writer: asyncio.StreamWriter) -> None:
        if fault.kind == "refuse":
            writer.transport.abort()
            return
        if fault.kind == "answer":
            writer.write(_answer(fault))
            await writer.drain()
            return
        if fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
        elif fault.kind == "swap":
            self._overtaken.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._overtaken.wait(), _SWAP_WAIT)
        if fault.kind == "cut_request":
            await self._ask(request.whole[: _place(fault.part, request.whole)], wait=False)
            writer.transport.abort()
            return
        if fault.kind == "hold_request" and fault.hold is not None:
            answer = await self._ask_held(request.whole, _place(fault.part, request.whole), fault.hold)
        else:
            answer = await self._ask(request.whole)
        if fault.kind == "twice":
            answer = await self._ask(request.whole)
        self._overtaken.set()
        if fault.kind == "cut_before_answer" or not answer:
            writer.transport.abort()
            return
        await self._give_back(fault, answer, writer)

    async def _give_back(self, fault: Fault, answer: bytes, writer: asyncio.StreamWriter) -> None:
        if fault.kind in ("cut_answer", "hold_answer"):
            place = _place(fault.part, answer)
            writer.write(answer[:place])
            await writer.drain()
            if fault.hold is not None:
                await fault.hold.wait()
            if fault.hold is None or fault.hold.cut:
                # Long enough for what was written to leave before the connection breaks.
                await asyncio.sleep(0.005)
                writer.transport.abort()
                return
            answer = answer[place:]
        writer.write(answer)
        await writer.drain()

    async def _ask(self, data: bytes, *, wait: bool = True) -> bytes:
        """The server's whole answer; nothing when it is not there, or its connection broke."""
        with suppress(OSError):
            async with self._upstream() as (reader, writer):
                writer.write(data)
                await writer.drain()
                return await reader.read() if wait else b""
        return b""

    async def _ask_held(self, data: bytes, place: int, hold: Hold) -> bytes:
        with suppress(OSError):
            async with self._upstream() as (reader, writer):
                writer.write(data[:place])
                await writer.drain()
                await hold.wait()
                if hold.cut:
                    return b""
                writer.write(data[place:])
                await writer.drain()
                return await reader.read()
        return b""

    def _upstream(self) -> AbstractAsyncContextManager[_Stream]:
        return _stream(host="127.0.0.1", port=self.upstream_port)


@asynccontextmanager
async def _stream(**place: Any) -> AsyncIterator[_Stream]:
    """A connection that is closed, and gone, afterwards: what is written still leaves, unless we were cut short."""
    reader, writer = await asyncio.open_connection(**place)
    try:
        yield reader, writer
        await _gone(writer)
    finally:
        writer.transport.abort()
        await _gone(writer)


async def _gone(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


def _place(part: float, data: bytes) -> int:
    """Where `part` of the data ends: never nothing of it and never all."""
    return min(max(1, int(len(data) * part)), len(data) - 1)


async def _read_request(reader: asyncio.StreamReader) -> _Request | None:
    """The request, to be passed on without what is between tablet and line only; None for an empty connection."""
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    lines = raw[:-4].split(b"\r\n")
    method, path, _ = lines[0].decode("latin-1").split(" ", 2)
    length, tablet, number = 0, "", 0
    kept = [lines[0]]
    for line in lines[1:]:
        name, _, value = line.partition(b":")
        match name.strip().lower():
            case b"content-length":
                length = int(value)
                kept.append(line)
            case b"x-tablet":
                tablet = value.strip().decode()
            case b"x-number":
                number = int(value)
            case b"connection" | b"keep-alive" | b"upgrade-insecure-requests":
                continue
            case _:
                kept.append(line)
    body = await reader.readexactly(length) if length else b""
    head = b"\r\n".join([*kept, b"Connection: close", b"", b""])
    return _Request(head, body, Heard(method, path, tablet, number, body))


def _answer(fault: Fault) -> bytes:
    lines = [f"HTTP/1.1 {fault.status} X", f"Content-Length: {len(fault.body)}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in fault.headers]
    return "\r\n".join([*lines, "", ""]).encode() + fault.body
