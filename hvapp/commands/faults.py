"""A campaign of faults against the real parts, as a command. The campaign itself lives with the tests."""

import subprocess
import sys

from hvapp import build
from hvapp.commands.processes import CannotStart
from hvapp.settings import Settings


def run(*, visits: int, seed: str, to_the_end: bool, postgresql: bool, say: build.Say) -> int:
    """Exit status: 0 when nothing was found, 1 when something was."""
    if visits < 1:
        raise CannotStart("A campaign needs at least one visit.")
    settings = Settings.from_env()
    build.ensure_node(say)
    build.ensure_packages(settings.root, say, for_tests=True)
    command = [sys.executable, "-m", "tests.faults", f"--visits={visits}", f"--seed={seed}"]
    command += ["--to-the-end"] if to_the_end else []
    command += ["--postgresql"] if postgresql else []
    return subprocess.run(command, cwd=settings.root, check=False).returncode  # noqa: S603
