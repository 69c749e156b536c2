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
    "py": [("pytest", ["pytest", "-q", "-m", "not browser"])],
    "browser": [("pytest, browser", ["pytest", "-q", "-m", "browser"])],
}


def run(*, only: str | None, pytest_args: list[str], say: build.Say) -> int:
    """Exit status: 0 when everything passed."""
    if only is not None and only not in PARTS:
        raise CannotStart(f"There is no part called “{only}”. The parts are: {', '.join(PARTS)}.")
    settings = Settings.from_env()
    build.ensure_node(say)
    build.ensure_packages(settings.root, say, for_tests=True)
    build.build_if_needed(create_app(settings), settings, say)
    if only in (None, "browser", "py"):
        ensure_chromium(say)
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


def ensure_chromium(say: build.Say) -> None:
    """Browser tests use the system's Chromium; install it where that is allowed."""
    if shutil.which("chromium"):
        return
    if sys.platform == "linux" and os.geteuid() == 0 and shutil.which("apt-get"):
        say("Installing Chromium for the browser tests")
        for command in (
            ["apt-get", "update", "-qq"],
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"],
        ):
            subprocess.run(command, check=False, stdout=subprocess.DEVNULL)  # noqa: S603
    if shutil.which("chromium") is None:
        raise CannotStart("The browser tests need Chromium. On Debian: sudo apt install chromium")
