"""A small installation behind a line that can stand still at any byte, and browsers to kill."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from tests.faults.flat import Flat
from tests.support.browser import Browser


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flat]:
    flat = Flat(tmp_path_factory.mktemp("flat"))
    yield flat
    flat.close()


@pytest.fixture
def new_browser(playwright: Playwright) -> Iterator[Callable[[Path], Browser]]:
    """A browser on a profile folder; all of them are dead when the test is over."""
    made: list[Browser] = []

    def on(profile: Path) -> Browser:
        made.append(Browser(playwright, profile))
        return made[-1]

    yield on
    for browser in made:
        browser.kill()
