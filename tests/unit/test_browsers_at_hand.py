"""The browsers of the browser tests are installed where that is allowed; elsewhere one sentence says how."""

from pathlib import Path

import pytest

from hvapp.commands.processes import CannotStart
from hvapp.commands.test import ensure_browsers

PROGRAMS = ("chromium", "chromium-headless-shell", "WebKitWebDriver", "Xvfb")


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of all the programs there are: none."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("os.geteuid", lambda: 0)
    return tmp_path


def program(folder: Path, name: str, does: str = "") -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{does}\n")
    file.chmod(0o755)


def test_what_is_missing_is_installed_in_one_go(bare_machine: Path) -> None:
    program(bare_machine, "chromium")
    program(bare_machine, "new")
    installs = "; ".join(f"/bin/cp {bare_machine}/new {bare_machine}/{name}" for name in PROGRAMS[1:])
    program(
        bare_machine, "apt-get", f'echo "$@" >> {bare_machine}/asked; [ "$1" = update ] || {{ {installs}; }}'
    )
    said: list[str] = []

    ensure_browsers(said.append)
    ensure_browsers(said.append)

    assert len(said) == 1
    update, install = (bare_machine / "asked").read_text().splitlines()
    assert update.startswith("update")
    assert "chromium-headless-shell webkit2gtk-driver xvfb" in install
    assert "chromium" not in install.split()


def test_one_sentence_says_what_could_not_be_installed(bare_machine: Path) -> None:
    program(bare_machine, "apt-get", "exit 100")

    with pytest.raises(CannotStart) as caught:
        ensure_browsers(lambda words: None)

    assert "The browser tests need chromium, chromium-headless-shell, webkit2gtk-driver, xvfb" in str(
        caught.value
    )
    assert "sudo apt install chromium chromium-headless-shell webkit2gtk-driver xvfb" in str(caught.value)
    assert "\n" not in str(caught.value)
