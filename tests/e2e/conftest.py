"""The whole product in miniature for browser tests: server, worker, red book, browsers, all killable."""

import contextlib
import os
import shutil
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from hvapp.app import create_app
from hvapp.commands.database import upgrade
from hvapp.extensions import db
from hvapp.services.database import open_sessions
from hvapp.settings import ROOT, Settings
from tests.support.browser import WINDOWLESS, Browser
from tests.support.servers import Program, free_port, web_server
from tests.support.webkit import WebKit, a_display
from tests.support.world import World, make_world


@dataclass
class Stage:
    """One installation with the small known world in it. `port` is where the server listens when it runs."""

    home: Path
    port: int
    world: World
    server: Program
    programs: list[Program] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def add(self, program: Program) -> Program:
        self.programs.append(program)
        return program.start()


@contextlib.contextmanager
def records(stage: Stage) -> Iterator[Session]:
    """The service's own records, to add families to and to look for what arrived."""
    settings = Settings(secret_key="only for tests", database_url=f"sqlite:///{stage.home / 'hvapp.db'}")
    with open_sessions(settings)() as session:
        yield session
        engine = session.get_bind()
        assert isinstance(engine, Engine)
        engine.dispose()


@pytest.fixture(scope="session")
def home_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[date], tuple[Path, World]]:
    """A home folder with the small known world in its database as it is on that day, to be copied."""

    @cache
    def make(day: date) -> tuple[Path, World]:
        home = tmp_path_factory.mktemp("prepared")
        settings = Settings(
            secret_key="only for tests", database_url=f"sqlite:///{home / 'hvapp.db'}", secure_cookies=False
        )
        (home / "secret.key").write_text(settings.secret_key)
        app = create_app(settings)
        upgrade(app)
        with app.app_context():
            world = make_world(db.session)
            db.session.remove()
            db.engine.dispose()
        return home, world

    return make


@pytest.fixture
def stage(tmp_path: Path, home_of: Callable[[date], tuple[Path, World]]) -> Iterator[Stage]:
    if not (ROOT / "static" / "dist" / "manifest.json").is_file():
        raise AssertionError("the browser files are not built: run ./hv test, or hvapp assets")
    home = tmp_path / "home"
    prepared, world = home_of(datetime.now(UTC).date())
    shutil.copytree(prepared, home)
    port = free_port()
    stage = Stage(home, port, world, web_server(home, port, forked=True))
    stage.server.start()
    yield stage
    for program in [*reversed(stage.programs), stage.server]:
        program.kill()


# A browser test runs on Chromium's engine without its window. With this it runs on the whole of Chromium, and on WebKit
# too, which is what every iPad browser is: the journeys, and what hangs on how an engine keeps, locks and renews. What
# is the app's own logic is the same on all of them.
on_both = pytest.mark.parametrize("web_engine", ["chromium", "webkit"])


@pytest.fixture
def web_engine() -> str:
    return WINDOWLESS


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    with a_display() as number:
        yield number


@pytest.fixture
def new_browser(
    request: pytest.FixtureRequest, web_engine: str, tmp_path: Path
) -> Iterator[Callable[[str], Browser | WebKit]]:
    """A browser with a profile of its own, by name; the same name finds the same profile again."""
    browsers: dict[str, Browser | WebKit] = {}

    def of(name: str) -> Browser | WebKit:
        if name not in browsers:
            profile = tmp_path / "profiles" / name
            if web_engine == "webkit":
                browsers[name] = WebKit(request.getfixturevalue("display"), profile)
            else:
                browsers[name] = Browser(request.getfixturevalue("playwright"), profile, web_engine)
        return browsers[name]

    yield of
    failed = request.node.stash.get(FAILED, False)
    for name, browser in browsers.items():
        if failed:
            print(f"--- What stood on {name!r}:\n{_what_stands(browser)}")
        with contextlib.suppress(Exception):
            browser.kill()


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remembers a failure until its browsers are cleared away, so that they can say how they stood."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


def _what_stands(browser: Browser | WebKit) -> str:
    try:
        return "\n".join(f"{page.evaluate(STANDING)}" for page in browser.pages)
    except Exception as error:  # a browser that hangs is an answer too
        return f"no answer: {error}"


# The address, where the focus is, and every word in sight.
STANDING = """
() => [location.href, `focus: ${document.activeElement?.outerHTML.slice(0, 200)}`, document.body.innerText].join("\\n")
"""


@pytest.fixture
def shots() -> Callable[..., None]:
    """Screenshots of a journey, kept when HVAPP_SCREENSHOTS names a folder."""
    folder = os.environ.get("HVAPP_SCREENSHOTS")

    def take(page, name: str) -> None:
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)

    return take
