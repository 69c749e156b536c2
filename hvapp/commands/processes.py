"""Starting several programs together and stopping them together."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from urllib.error import URLError
from urllib.request import urlopen

from hvapp.domain.errors import DomainError

STOP_WITHIN = 15.0


class CannotStart(DomainError):
    code = "cannot_start"


def web_command(host: str, port: int, *, workers: int = 2, threads: int = 8) -> list[str]:
    """The gunicorn command. Writers stand in one line, whichever process they are in (see store.transaction)."""
    return [
        sys.executable,
        "-m",
        "gunicorn",
        "hvapp.app:create_app()",
        "--config=python:hvapp.commands.web_hooks",
        f"--bind={host}:{port}",
        "--worker-class=gthread",
        f"--workers={workers}",
        f"--threads={threads}",
        "--preload",
        "--no-control-socket",
        "--log-level=warning",
    ]


def check_port(port: int, option: str) -> None:
    """Raise CannotStart if something already listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise CannotStart(
                f"Port {port} is in use by another program. Stop that program, or choose another with {option}."
            ) from None


@dataclass
class Program:
    name: str
    command: list[str]
    ready_url: str | None = None


class Together:
    """Programs that live and die together. Use as a context manager."""

    def __init__(self, programs: list[Program], *, cwd: Path, env: Mapping[str, str], logs: Path) -> None:
        self.programs = programs
        self.cwd = cwd
        self.env = dict(env)
        self.logs = logs
        self.running: list[tuple[Program, subprocess.Popen[bytes]]] = []

    def __enter__(self) -> "Together":
        self.logs.mkdir(parents=True, exist_ok=True)
        try:
            # Those that answer at an address start side by side; the others, which talk to them, after.
            answering = [program for program in self.programs if program.ready_url is not None]
            others = [program for program in self.programs if program.ready_url is None]
            for program in answering:
                self._start(program)
            for program, process in list(self.running):
                self._wait_until_ready(program, process)
            for program in others:
                self._start(program)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *args: object) -> None:
        self.stop()

    def wait(self) -> None:
        """Until Ctrl-C or a stop signal; raises CannotStart if one of the programs ends by itself."""
        asked: list[int] = []

        def stop(number: int, frame: FrameType | None) -> None:
            asked.append(number)

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        while not asked:
            for program, process in self.running:
                if process.poll() is not None:
                    raise CannotStart(f"The {program.name} stopped by itself. {self._last_words(program)}")
            time.sleep(0.2)

    def stop(self) -> None:
        for _, process in reversed(self.running):
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + STOP_WITHIN
        for _, process in self.running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.running = []

    def _start(self, program: Program) -> None:
        with (self.logs / f"{program.name}.log").open("wb") as log:
            # Its own group: Ctrl-C reaches only us, and we stop the others in order.
            process = subprocess.Popen(  # noqa: S603
                program.command,
                cwd=self.cwd,
                env=self.env,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.running.append((program, process))

    def _wait_until_ready(self, program: Program, process: subprocess.Popen[bytes]) -> None:
        if program.ready_url is None:
            return
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise CannotStart(f"The {program.name} did not start. {self._last_words(program)}")
            try:
                with urlopen(program.ready_url, timeout=2) as answer:  # noqa: S310  (our own address)
                    if answer.status == 200:
                        return
            except (URLError, OSError):
                time.sleep(0.1)
        raise CannotStart(f"The {program.name} did not answer within a minute. {self._last_words(program)}")

    def _last_words(self, program: Program) -> str:
        log = self.logs / f"{program.name}.log"
        lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
        said = f" It last said: {lines[-1].strip()}" if lines else ""
        return f"Its log is {log}.{said}"
