"""The line fails at the byte it is told to, and nowhere else."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress

import pytest

from tests.support.proxy import PASS, PORTAL, ByteProxy, Fault, Heard, Hold, refusal

BODY = b"0123456789" * 10
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\ndone"


class Upstream:
    """A server that remembers every byte it was sent and answers what is whole."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.socket.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            got = b""
            while not got.endswith(BODY):
                more = connection.recv(65536)
                if not more:
                    break
                got += more
            self.heard.append(got)
            if got.endswith(BODY):
                connection.sendall(ANSWER)
            connection.close()


@contextmanager
def a_line(fault: Fault) -> Iterator[tuple[ByteProxy, Upstream, list[Heard]]]:
    seen: list[Heard] = []
    upstream = Upstream()
    line = ByteProxy(upstream.port, lambda heard: (seen.append(heard), fault)[1])
    try:
        yield line, upstream, seen
    finally:
        line.stop()
        upstream.socket.close()


def ask(line: ByteProxy) -> bytes:
    """What comes back before the connection ends, well or not."""
    head = b"POST /sync/v1/push HTTP/1.1\r\nHost: x\r\nX-Tablet: t1\r\nX-Number: 7\r\nContent-Length: 100\r\n\r\n"
    got = b""
    with socket.create_connection(("127.0.0.1", line.port), timeout=10) as connection:
        connection.sendall(head + BODY)
        try:
            while more := connection.recv(65536):
                got += more
        except ConnectionResetError:
            pass
    return got


def wait_for(upstream: Upstream, count: int) -> list[bytes]:
    for _ in range(200):
        if len(upstream.heard) >= count:
            break
        threading.Event().wait(0.01)
    return upstream.heard


def test_what_passes_is_passed_on_whole_and_without_the_tablets_marks() -> None:
    with a_line(PASS) as (line, upstream, seen):
        assert ask(line) == ANSWER
        [request] = upstream.heard
        assert request.startswith(b"POST /sync/v1/push HTTP/1.1\r\nHost: x\r\n")
        assert b"X-Tablet" not in request
        assert (seen[0].tablet, seen[0].number, seen[0].body) == ("t1", 7, BODY)


@pytest.mark.parametrize(
    ("fault", "whole", "back"),
    [
        (Fault("refuse"), 0, b""),
        (Fault("cut_request", part=0.6), 0, b""),
        (Fault("cut_before_answer"), 1, b""),
        (Fault("cut_answer", part=0.5), 1, ANSWER[: len(ANSWER) // 2]),
        (Fault("twice"), 2, ANSWER),
        (Fault("delay", seconds=0.01), 1, ANSWER),
        (Fault("swap"), 1, ANSWER),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
def test_each_fault_does_what_it_says(fault: Fault, whole: int, back: bytes) -> None:
    with a_line(fault) as (line, upstream, _):
        assert ask(line) == back
        arrived = wait_for(upstream, max(whole, 1 if fault.kind == "cut_request" else 0))
        assert sum(request.endswith(BODY) for request in arrived) == whole
        assert line.seen[fault.called] == 1


def test_the_line_itself_answers_without_the_server() -> None:
    for fault, start in ((PORTAL, b"HTTP/1.1 200"), (refusal(429, ("Retry-After", "5")), b"HTTP/1.1 429")):
        with a_line(fault) as (line, upstream, _):
            answer = ask(line)
            assert answer.startswith(start)
            assert b"text/html" in answer
            assert upstream.heard == []


@pytest.mark.parametrize("kind", ["hold_request", "hold_answer"])
def test_what_is_held_goes_on_when_it_is_released(kind: str) -> None:
    hold = Hold()
    with a_line(Fault(kind, part=0.5, hold=hold)) as (line, upstream, _):
        got: list[bytes] = []
        asking = threading.Thread(target=lambda: got.append(ask(line)))
        asking.start()
        assert hold.reached.wait(10)
        assert len(upstream.heard) == (1 if kind == "hold_answer" else 0)
        hold.release()
        asking.join(10)
        assert got == [ANSWER]


def test_who_comes_while_it_stops_is_sent_away() -> None:
    with ExitStack() as stack:
        upstream = stack.enter_context(closing(socket.create_server(("127.0.0.1", 0))))
        line = ByteProxy(upstream.getsockname()[1])
        # Given a line that is busy, so that the call to stop and the callers reach it in the same moment
        busy = threading.Event()
        line._loop.call_soon_threadsafe(busy.wait)
        callers = [
            stack.enter_context(socket.create_connection(("127.0.0.1", line.port), timeout=10))
            for _ in range(3)
        ]
        threading.Timer(0.1, busy.set).start()
        line.stop()
        assert [ended(caller) for caller in callers] == [True, True, True]


def ended(caller: socket.socket) -> bool:
    with suppress(ConnectionResetError):
        return caller.recv(1) == b""
    return True
