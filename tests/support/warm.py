"""Our own programs, forked from one that has already read their code and the forms.

What runs is the program itself, in a process of its own with its own session, environment and log, and it can be
killed like any other. Only the two seconds of reading are done once for all of a run's programs.
"""

import atexit
import json
import os
import runpy
import select
import signal
import subprocess
import sys
import tempfile
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from flask import Flask
from jinja2 import FileSystemBytecodeCache

from hvapp.settings import ROOT


class Forked:
    """As much of Popen as our tests use."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._ended = False
        try:
            self._handle = os.pidfd_open(pid)
        except ProcessLookupError:
            self._ended = True

    def poll(self) -> int | None:
        """None while it runs; how it ended is not known here."""
        return 0 if self._has_ended(0) else None

    def wait(self, timeout: float | None = None) -> int:
        if not self._has_ended(timeout):
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return 0

    def _has_ended(self, seconds: float | None) -> bool:
        if not self._ended and select.select([self._handle], [], [], seconds)[0]:
            os.close(self._handle)
            self._ended = True
        return self._ended


def fork(module_and_arguments: list[str], *, cwd: Path, env: dict[str, str], log: Path) -> Forked:
    """As `python -m module arguments`, in a session of its own, its output added to the log."""
    mother = _mother()
    order = {"argv": module_and_arguments, "cwd": str(cwd), "env": env, "log": str(log)}
    mother.stdin.write(json.dumps(order) + "\n")
    mother.stdin.flush()
    return Forked(int(mother.stdout.readline()))


@cache
def _mother() -> Any:
    mother = subprocess.Popen(
        [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def end() -> None:
        mother.communicate()

    atexit.register(end)
    return mother


# The other end


def _read_the_code() -> None:
    for name in ("gunicorn.app.wsgiapp", "gunicorn.workers.gthread", "rcpchgrowth", "sync.worker"):
        import_module(name)
    app = import_module("hvapp.app")
    app.load_forms = cache(app.load_forms)
    app.load_forms(ROOT / "hvapp" / "forms")
    templates = FileSystemBytecodeCache(tempfile.mkdtemp(prefix="hvapp-templates-"))
    Flask.jinja_options = {"bytecode_cache": templates}


def _give_birth() -> list[str] | None:
    """In each child, what it is to run; None when no more are wanted."""
    # Nobody waits for the children here, and none stays behind as a shadow of itself.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _settle(order)
            return list(order["argv"])
        print(pid, flush=True)
    return None


def _settle(order: dict[str, Any]) -> None:
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    nothing = os.open(os.devnull, os.O_RDONLY)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.close(nothing)
    os.close(log)


if __name__ == "__main__":
    _read_the_code()
    wanted = _give_birth()
    if wanted is not None:
        sys.argv = wanted
        runpy.run_module(wanted[0], run_name="__main__", alter_sys=True)
