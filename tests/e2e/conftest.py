"""The whole product in miniature for browser tests: server, worker, red book, browsers, all killable."""

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hvapp.app import create_app
from hvapp.commands.database import upgrade
from hvapp.extensions import db
from hvapp.settings import ROOT, Settings
from tests.support.browser import Browser
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


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    if not (ROOT / "static" / "dist" / "manifest.json").is_file():
        raise AssertionError("the browser files are not built: run ./hv test, or hvapp assets")
    home = tmp_path / "home"
    home.mkdir()
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
    port = free_port()
    stage = Stage(home, port, world, web_server(home, port))
    stage.server.start()
    yield stage
    for program in [*reversed(stage.programs), stage.server]:
        program.stop()


# A browser test runs on Chromium, and with this on WebKit too, which is what every iPad browser is.
on_both = pytest.mark.parametrize("web_engine", ["chromium", "webkit"])


@pytest.fixture
def web_engine() -> str:
    return "chromium"


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
                browsers[name] = Browser(request.getfixturevalue("playwright"), profile)
        return browsers[name]

    yield of
    for browser in browsers.values():
        with contextlib.suppress(Exception):
            browser.kill()


@pytest.fixture
def shots() -> Callable[..., None]:
    """Screenshots of a journey, kept when HVAPP_SCREENSHOTS names a folder."""
    folder = os.environ.get("HVAPP_SCREENSHOTS")

    def take(page, name: str) -> None:
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)

    return take
