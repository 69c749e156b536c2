"""Every check of the project, in one command."""

import os
import shutil
import subprocess
import sys
import time

from hvapp import build
from hvapp.app import create_app
from hvapp.commands.processes import CannotStart
from hvapp.settings import Settings

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
    # Side by side, each file whole: what a file sets up once is set up once.
    "py": [
        ("pytest", ["pytest", "-q", "-m", "not browser", "-n=auto", "--maxprocesses=4", "--dist=loadfile"])
    ],
    "browser": [("pytest, browser", ["pytest", "-q", "-m", "browser"])],
}

# What browser tests start, how it shows that it is here, and the Debian packages it comes in.
_WEBKIT_BINDINGS = "import gi; gi.require_version('WebKit2', '4.1')"
BROWSERS: list[tuple[list[str], list[str]]] = [
    (["chromium", "--version"], ["chromium"]),
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
    if pytest_args:
        return subprocess.run(["pytest", *pytest_args], cwd=settings.root, check=False).returncode  # noqa: S603, S607
    failed = []
    for part in [only] if only else PARTS:
        for name, command in PARTS[part]:
            print(f"\n== {name}", flush=True)
            started = time.monotonic()
            done = subprocess.run(command, cwd=settings.root, check=False)  # noqa: S603
            print(
                f"== {name}: {'ok' if done.returncode == 0 else 'FAILED'}, {time.monotonic() - started:.0f} s"
            )
            if done.returncode != 0:
                failed.append(name)
    print(f"\n{'Failed: ' + ', '.join(failed) if failed else 'Everything passed.'}", flush=True)
    return 1 if failed else 0


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
