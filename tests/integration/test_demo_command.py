"""Starting the product: what is in the way is said in one clear sentence, and nothing is built twice."""

import errno
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections import namedtuple
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from hvapp import build
from hvapp.app import create_app
from hvapp.cli import main
from hvapp.commands import demo
from hvapp.commands.processes import CannotStart, Program, Together
from hvapp.settings import ROOT, Settings
from tests.support.servers import free_port

Usage = namedtuple("Usage", "total used free")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here reads or writes what a developer's own demo keeps."""
    monkeypatch.setenv("HVAPP_HOME", str(tmp_path))


def said(*arguments: str) -> str:
    """What the command says when it cannot start; a traceback is not a sentence."""
    result = CliRunner().invoke(main, list(arguments))
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit), result.exception
    return result.output


@pytest.mark.parametrize("taken", [0, 1])
def test_a_port_in_use_is_said_with_the_way_out(taken: int) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        output = said("demo", "--port", str(port - taken))
    assert (
        f"Port {port} is in use by another program. Stop that program, or choose another with --port"
        in output
    )


def test_too_little_disk_is_said_before_anything_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**9, 10**9, 10**6))
    port = free_port()
    assert "There is less than 300 MB of free disk space. Free some and start again." in said(
        "demo", "--port", str(port)
    )


def full_file() -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def full_database() -> None:
    raise OperationalError("INSERT", {}, Exception("database or disk is full"))


@pytest.mark.parametrize("trouble", [full_file, full_database])
def test_a_disk_that_fills_up_on_the_way_is_said(
    monkeypatch: pytest.MonkeyPatch, trouble: Callable[[], None]
) -> None:
    monkeypatch.setattr(demo, "run", lambda **given: trouble())
    assert said("demo") == (
        "Error: The disk is full. What was saved before is safe. Free some space and start again.\n"
    )


def test_a_folder_of_somebody_elses_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**given: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "/srv/hvapp/hvapp.db")

    monkeypatch.setattr(demo, "run", refuse)
    assert "This user may not read or write /srv/hvapp/hvapp.db. Start as the user" in said("demo")


@pytest.mark.parametrize(
    "words", ["ENOSPC: no space left on device, write", "OSError: No space left on device"]
)
def test_a_disk_that_fills_up_while_bundling_is_said(words: str) -> None:
    with pytest.raises(build.BuildFailed, match=r"^The disk is full\. Free some space and start again\."):
        build._run([sys.executable, "-c", f"raise SystemExit({words!r})"])


def test_a_disk_that_is_full_for_the_database_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite's own word for it, from a real database that may not grow."""
    engine = create_engine(f"sqlite:///{tmp_path / 'small.db'}")

    def fill(**given: object) -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 2")
            connection.exec_driver_sql("CREATE TABLE a (b)")
            connection.exec_driver_sql("INSERT INTO a VALUES (zeroblob(1000000))")

    monkeypatch.setattr(demo, "run", fill)
    assert said("demo").startswith("Error: The disk is full.")
    engine.dispose()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of everything that the browser files are made from."""
    copy = tmp_path / "checkout"
    for place in build.SOURCES:
        source = ROOT / place
        (copy / place).parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(
                source, copy / place, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True
            )
        else:
            shutil.copy(source, copy / place)
    shutil.copy(ROOT / "package.json", copy)
    (copy / "node_modules").symlink_to(ROOT / "node_modules")
    return copy


def test_browser_files_are_built_once_and_again_only_after_a_change(checkout: Path) -> None:
    """However they came to be built: `hvapp assets` counts too."""
    build.ensure_node(print)
    here = replace(Settings.from_env(), root=checkout)
    app = create_app(here, testing=True)
    told: list[str] = []
    build.build(app, here, told.append)
    assert told
    told.clear()
    build.build_if_needed(app, here, told.append)
    assert told == []

    with (checkout / "static/src/main.js").open("a") as source:
        source.write("this is not a script")
    with pytest.raises(build.BuildFailed, match="Expected"):
        build.build_if_needed(app, here, told.append)
    # A build that failed is tried again, not taken for done.
    with pytest.raises(build.BuildFailed):
        build.build_if_needed(app, here, told.append)


def test_programs_that_answer_start_side_by_side_and_the_others_after(tmp_path: Path) -> None:
    first, second = free_port(), free_port()
    # Each of the two answers only once it has seen the other one running.
    serve = """
import http.server, pathlib, sys, time
mine, other = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
mine.touch()
while not other.exists():
    time.sleep(0.02)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[3])), http.server.SimpleHTTPRequestHandler).serve_forever()
"""
    follow = f"import urllib.request; urllib.request.urlopen('http://127.0.0.1:{second}/'); input()"

    def server(name: str, other: str, port: int) -> Program:
        command = [sys.executable, "-c", serve, str(tmp_path / name), str(tmp_path / other), str(port)]
        return Program(name, command, f"http://127.0.0.1:{port}/")

    programs = [
        Program("follower", [sys.executable, "-c", follow]),
        server("one", "two", first),
        server("two", "one", second),
    ]
    with Together(programs, cwd=tmp_path, env=os.environ, logs=tmp_path / "logs") as together:
        assert [program.name for program, _ in together.running] == ["one", "two", "follower"]
        processes = [process for _, process in together.running]
    assert all(process.poll() is not None for process in processes)


def test_a_program_that_does_not_start_is_said_with_its_last_words(tmp_path: Path) -> None:
    broken = Program(
        "web", [sys.executable, "-c", "raise SystemExit('no such table')"], "http://127.0.0.1:9/"
    )
    with (
        pytest.raises(CannotStart, match=r"The web did not start\. .*It last said: no such table"),
        Together([broken], cwd=tmp_path, env=os.environ, logs=tmp_path / "logs"),
    ):
        pass


PYTHON_WITH_PIP = """#!/bin/sh
# Stands in for a Python: makes an environment of itself, whose pip fails with the words of $PIP_SAYS.
case "$1 $2" in
    "-c "*) exit 0 ;;
    "-m venv") [ -z "${NO_VENV:-}" ] || exit 1; mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
    "-m pip") printf '%s\n' "$PIP_SAYS"; exit 1 ;;
esac
"""
DF = """#!/bin/sh
printf 'Filesystem 1048576-blocks Used Available\n/dev/sda 9999 1 %s\n' "${FREE_MB:-9000}"
"""


@pytest.fixture
def first_start() -> Iterator[Callable[..., str]]:
    """`./hv demo` in a fresh checkout on a machine where something is wrong; answers what it says last."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in ("hv", "setup.cfg", "pyproject.toml", "constraints.txt"):
            shutil.copy(ROOT / file, folder)
        for script, text in (("tools/df", DF), ("tools/python", PYTHON_WITH_PIP)):
            (folder / script).parent.mkdir(exist_ok=True)
            (folder / script).write_text(text)
            (folder / script).chmod(0o755)

        def start(mode: int = 0o755, **environment: str) -> str:
            folder.chmod(mode)
            done = subprocess.run(
                ["./hv", "demo"],
                cwd=folder,
                env={
                    "PATH": f"{folder / 'tools'}:{os.environ['PATH']}",
                    "HV_PYTHON": str(folder / "tools/python"),
                    **environment,
                },
                capture_output=True,
                text=True,
                check=False,
                # Root may write anywhere: somebody else starts it.
                user=65534 if os.geteuid() == 0 and mode != 0o755 else None,
            )
            folder.chmod(0o755)
            assert done.returncode == 1
            return done.stderr.splitlines()[-1]

        yield start


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        (
            {"FREE_MB": "120"},
            "about 2 GB of free disk space is needed here, and there are 120 MB. Free some space and start again.",
        ),
        (
            {"PIP_SAYS": "error: command 'gcc' failed: No such file or directory"},
            "a package had to be compiled and there is no C compiler. On Debian 12: apt install gcc python3-dev",
        ),
        (
            {"PIP_SAYS": "ERROR: [Errno 28] No space left on device"},
            "the disk is full. Free some space and start again.",
        ),
        (
            {"PIP_SAYS": "ERROR: no route to host"},
            "packages could not be installed. Check the network connection; the full log is .venv/install.log",
        ),
        (
            {"NO_VENV": "1"},
            "could not make a virtual environment. On Debian 12: apt install python3-venv",
        ),
    ],
)
def test_what_a_first_start_lacks_is_said_in_one_sentence(
    first_start: Callable[..., str], environment: dict[str, str], sentence: str
) -> None:
    assert first_start(**environment) == f"hv: {sentence}"


def test_a_checkout_of_somebody_elses_is_said(first_start: Callable[..., str]) -> None:
    last = first_start(mode=0o555)
    assert "may not write in" in last
    assert last.endswith(
        "Start as the user that the folder belongs to, or clone it into a folder of your own."
    )
