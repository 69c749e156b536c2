"""Every check of the project, in one command."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from hvapp import build
from hvapp.app import create_app
from hvapp.commands.processes import CannotStart
from hvapp.settings import Settings

# One more than can compute at once: a browser test waits a third of its time.
WORKERS = min(4, (os.cpu_count() or 1) + 1)
SIDE_BY_SIDE = [f"-n={WORKERS}", "--no-loadscope-reorder"]

PARTS: dict[str, list[tuple[str, list[str]]]] = {
    "lint": [
        ("ruff", ["ruff", "check", "."]),
        ("ruff format", ["ruff", "format", "--check", "."]),
        ("biome", ["npm", "run", "--silent", "lint"]),
    ],
    "types": [
        ("mypy", ["mypy"]),
        ("tsc", ["npm", "run", "--silent", "types"]),
        ("import contracts", ["lint-imports"]),
    ],
    "js": [("node --test", ["npm", "test", "--silent"])],
    "py": [("pytest", ["pytest", "-q", "-m", "not browser", *SIDE_BY_SIDE])],
    "browser": [("pytest, browser", ["pytest", "-q", "-m", "browser", *SIDE_BY_SIDE])],
}

# Everything at once: all of pytest's tests in one run, and the rest beside it.
BESIDE = [*PARTS["lint"], *PARTS["types"], *PARTS["js"]]
PYTEST = [("pytest", ["pytest", "-q", *SIDE_BY_SIDE])]

# What the tests write, they write in memory where there is as much to spare.
MEMORY = Path("/dev/shm")  # noqa: S108
MEMORY_BYTES = 4 * 2**30

# What browser tests start, how it shows that it is here, and the Debian packages it comes in.
_WEBKIT_BINDINGS = "import gi; gi.require_version('WebKit2', '4.1')"
BROWSERS: list[tuple[list[str], list[str]]] = [
    (["chromium", "--version"], ["chromium"]),
    (["chromium-headless-shell", "--version"], ["chromium-headless-shell"]),
    (["WebKitWebDriver", "--help"], ["webkit2gtk-driver"]),
    (["Xvfb", "-help"], ["xvfb"]),
    (["/usr/bin/python3", "-c", _WEBKIT_BINDINGS], ["python3-gi", "gir1.2-webkit2-4.1"]),
]


def run(*, only: str | None, pytest_args: list[str], say: build.Say) -> int:
    """Exit status: 0 when everything passed."""
    if only is not None and only not in PARTS:
        raise CannotStart(f"There is no part called “{only}”. The parts are: {', '.join(PARTS)}.")
    settings = Settings.from_env()
    build.ensure_node(say)
    build.ensure_packages(settings.root, say, for_tests=True)
    build.build_if_needed(create_app(settings), settings, say)
    if only in (None, "browser", "py"):
        ensure_browsers(say)
    with quick_folder() as folder:
        env = os.environ | ({"TMPDIR": folder} if folder else {})
        # The tests start our programs hundreds of times: compiled once is enough.
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        if pytest_args:
            command = ["pytest", *pytest_args]
            return subprocess.run(command, cwd=settings.root, env=env, check=False).returncode  # noqa: S603
        if only:
            failed = _run_checks(PARTS[only], settings.root, env)
        else:
            with ThreadPoolExecutor() as pool:
                beside = pool.submit(_run_checks, BESIDE, settings.root, env, aside=True)
                failed = _run_checks(PYTEST, settings.root, env) + beside.result()
    print(f"\n{'Failed: ' + ', '.join(failed) if failed else 'Everything passed.'}", flush=True)
    return 1 if failed else 0


def _run_checks(
    checks: list[tuple[str, list[str]]], root: Path, env: dict[str, str], *, aside: bool = False
) -> list[str]:
    """The names of those that failed. `aside` keeps what a check says until it is done, to be told in one piece."""
    failed = []
    said = subprocess.PIPE if aside else None
    for name, command in checks:
        if not aside:
            print(f"\n== {name}", flush=True)
        started = time.monotonic()
        done = subprocess.run(  # noqa: S603
            command, cwd=root, env=env, check=False, stdout=said, stderr=subprocess.STDOUT, text=True
        )
        ended = f"== {name}: {'ok' if done.returncode == 0 else 'FAILED'}, {time.monotonic() - started:.0f} s"
        print(f"\n== {name}\n{done.stdout}{ended}" if aside else ended, flush=True)
        if done.returncode != 0:
            failed.append(name)
    return failed


@contextmanager
def quick_folder() -> Iterator[str | None]:
    """A folder in memory for databases and browsers' profiles, if there is room: most of a test's time went to disk."""
    try:
        room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= MEMORY_BYTES
        folder = tempfile.mkdtemp(prefix="hvapp-test-", dir=MEMORY) if room else None
    except OSError:
        folder = None
    if folder is not None:
        # PostgreSQL runs as somebody else where we are root, and has to get in.
        Path(folder).chmod(0o711)
    try:
        yield folder
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def ensure_browsers(say: build.Say) -> None:
    """Browser tests use the system's own Chromium and WebKit; install what is missing where that is allowed."""
    missing = _missing_packages()
    if missing and sys.platform == "linux" and os.geteuid() == 0 and shutil.which("apt-get"):
        say(f"Installing {', '.join(missing)} for the browser tests")
        for command in (
            ["apt-get", "update", "-qq"],
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing],
        ):
            subprocess.run(  # noqa: S603
                command,
                env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
                check=False,
                stdout=subprocess.DEVNULL,
            )
        missing = _missing_packages()
    if missing:
        raise CannotStart(
            f"The browser tests need {', '.join(missing)}. On Debian: sudo apt install {' '.join(missing)}"
        )


def _missing_packages() -> list[str]:
    return [package for sign, packages in BROWSERS if not _works(sign) for package in packages]


def _works(command: list[str]) -> bool:
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, check=False, capture_output=True).returncode == 0  # noqa: S603
