"""The real programs under test, started and stopped at will on ports of their own."""

import http.client
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from hvapp.commands.processes import web_command
from hvapp.settings import ROOT
from tests.support import warm


def free_port() -> int:
    """A port that nobody listens on, and neither on the next.

    Below those that the system gives to outgoing connections: tests run side by side, and one of those may be taken
    before we get round to listening. Random, so that two test runs seldom think of the same.
    """
    while True:
        port = random.randrange(20_000, 32_000, 2)
        with socket.socket() as first, socket.socket() as second, suppress(OSError):
            first.bind(("127.0.0.1", port))
            second.bind(("127.0.0.1", port + 1))
            return port


class Program:
    """One program that can be killed and started again on the same address.

    `forked`: it is one of this checkout's, and need not read all of its code at each start (see `warm`).
    """

    def __init__(
        self,
        command: list[str],
        env: dict[str, str],
        log: Path,
        ready_url: str | None = None,
        root: Path = ROOT,
        forked: bool = False,
    ) -> None:
        self.root = root
        self.command = command
        self.env = env
        self.log = log
        self.ready_url = ready_url
        self.forked = forked
        self.process: subprocess.Popen[bytes] | warm.Forked | None = None

    def start(self) -> "Program":
        self.process = self._fork() if self.forked else self._open()
        deadline = time.monotonic() + 120
        while self.ready_url is not None:
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"{self.command[2:4]} did not start:\n{self.log.read_text()[-2000:]}")
            try:
                with urlopen(self.ready_url, timeout=2):
                    break
            except HTTPError as error:
                error.close()
            except OSError:
                pass
            time.sleep(0.05)
        return self

    def _fork(self) -> warm.Forked:
        return warm.fork(self.command[2:], cwd=self.root, env=os.environ | self.env, log=self.log)

    def _open(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                self.command,
                cwd=self.root,
                env=os.environ | self.env,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """As a power cut would."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, how)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.process = None


def web_server(home: Path, port: int, *, root: Path = ROOT, forked: bool = False, **more: str) -> Program:
    """`root`: the checkout that runs."""
    return Program(
        web_command("127.0.0.1", port),
        {"HVAPP_HOME": str(home), "HVAPP_SECURE_COOKIES": "0", **more},
        home / "web.log",
        f"http://127.0.0.1:{port}/healthz",
        root,
        forked,
    )


def sync_worker(home: Path, redbook_url: str) -> Program:
    return Program(
        [sys.executable, "-m", "sync", "worker"],
        {"HVAPP_HOME": str(home), "HVAPP_REDBOOK_URL": redbook_url},
        home / "worker.log",
        forked=True,
    )


PORTAL_PAGE = b"<!doctype html><title>Welcome to Cafe Wi-Fi</title><p>Accept our terms to go online."


class Proxy:
    """A network between a browser and a server, with a will of its own.

    twice: every request is passed on twice, as a network that retries behind our backs would. What comes back is
    the answer to the second one, as if the first had been lost on its way; for pages of a person (form posts) the
    first, which is what a browser would show.
    portal: nothing is passed on, and every request is answered with somebody's sign-in page.
    whole: the server may not pack its answers nor say that nothing changed, so that `changed` sees what they say.
    """

    whole = False

    def __init__(self, upstream_port: int, *, twice: bool = False) -> None:
        self.port = free_port()
        self.twice = twice
        self.portal = False
        self.doubled = 0
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args: object) -> None:
                pass

            def pass_on(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length) if length else None
                try:
                    answers = proxy._portal_answer() if proxy.portal else [self._ask(body)]
                    if proxy.twice and not proxy.portal:
                        answers.append(self._ask(body))
                        proxy.doubled += 1
                except (OSError, http.client.HTTPException):
                    self.close_connection = True
                    self.connection.close()
                    return
                form = (self.headers.get("Content-Type") or "").startswith(
                    "application/x-www-form-urlencoded"
                )
                status, headers, content = answers[0] if form else answers[-1]
                content = proxy.changed(self.path, content)
                self.send_response(status)
                for name, value in headers:
                    if name.lower() not in (
                        "transfer-encoding",
                        "connection",
                        "content-length",
                        "date",
                        "server",
                    ):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def _ask(self, body: bytes | None) -> tuple[int, list[tuple[str, str]], bytes]:
                kept_back = ["connection"]
                if proxy.whole:
                    kept_back += ["accept-encoding", "if-none-match", "if-modified-since"]
                headers = {k: v for k, v in self.headers.items() if k.lower() not in kept_back}
                with closing(http.client.HTTPConnection("127.0.0.1", upstream_port, timeout=30)) as upstream:
                    upstream.request(self.command, self.path, body=body, headers=headers)
                    with upstream.getresponse() as answer:
                        content = b"" if self.command == "HEAD" else answer.read()
                        return answer.status, answer.getheaders(), content

            do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = pass_on

        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def changed(self, path: str, content: bytes) -> bytes:
        """What arrives of an answer; a test may put something else in its place."""
        return content

    @staticmethod
    def _portal_answer() -> list[tuple[int, list[tuple[str, str]], bytes]]:
        return [(200, [("Content-Type", "text/html; charset=utf-8")], PORTAL_PAGE)]

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
