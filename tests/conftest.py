"""What every test may count on: no network but loopback, no skip that nobody sees, and a small known world."""

import gc
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from playwright.sync_api import Playwright, sync_playwright
from sqlalchemy.orm import Session

from hvapp.app import create_app
from hvapp.domain.accounts import Account
from hvapp.domain.forms import load_forms
from hvapp.extensions import db
from hvapp.services.database import open_sessions
from hvapp.services.judging import judge_new
from hvapp.services.keys import Keyring
from hvapp.settings import Settings
from tests.scheduling import FileScheduling, place
from tests.support.client import Tablet
from tests.support.engines import ENGINES, Databases
from tests.support.world import World, make_world


@pytest.fixture(autouse=True, scope="session")
def only_loopback() -> Iterator[None]:
    """A test that reaches for the network is a mistake: say where it went."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else "localhost"
        if host not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test tried to reach {host}")
        real(self, address)

    socket.socket.connect = connect  # type: ignore[method-assign]
    yield
    socket.socket.connect = real  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """What drives Chromium: one for the whole run, because two cannot stand side by side."""
    with sync_playwright() as running:
        yield running


_skipped: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped:
        _skipped.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test is a failed one."""
    if _skipped and os.environ.get("CI"):
        print("\nSkipped, which CI does not accept:", *_skipped, sep="\n  ")
        session.exitstatus = 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=place)


def pytest_collection_finish() -> None:
    """What was imported stays: the collector of garbage need not look through it again and again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FileScheduling:
    return FileScheduling(config, log)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that uses a database runs on both engines, unless it is marked as being about one of them."""
    if "engine" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("engine")
        metafunc.parametrize("engine", marker.args if marker else ENGINES, scope="module", indirect=True)


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest) -> str:
    """The name of the engine that the test runs on."""
    return str(request.param)


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    databases = Databases(tmp_path_factory.mktemp("databases"))
    yield databases
    databases.close()


@pytest.fixture(scope="session", autouse=True)
def forms_read_once() -> Iterator[None]:
    """Every application of the tests has the same forms, and reading them is most of what making one takes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hvapp.app.load_forms", cache(load_forms))
        yield


class CompiledTemplates(BytecodeCache):
    """Templates in the form that Jinja compiles them to, for as long as the tests run."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


@pytest.fixture(scope="session", autouse=True)
def templates_compiled_once() -> Iterator[None]:
    """Every application of the tests has the same templates, and compiling them is half of what a page takes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "jinja_options", {"bytecode_cache": CompiledTemplates()})
        yield


@pytest.fixture
def settings(engine: str, databases: Databases) -> Iterator[Settings]:
    with databases.fresh(engine) as url:
        yield Settings(secret_key="only for tests", database_url=url, secure_cookies=False)


@pytest.fixture(scope="session")
def applications() -> dict[str, Flask]:
    return {}


@pytest.fixture
def app(settings: Settings, applications: dict[str, Flask]) -> Iterator[Flask]:
    """One for each address of a database, as it was when it was made: making one is most of what a short test takes."""
    address = settings.database_url
    if address not in applications:
        applications[address] = create_app(settings, testing=True)
    app = applications[address]
    with _as_made(app, settings):
        yield app


@pytest.fixture
def own_app(settings: Settings) -> Iterator[Flask]:
    """An application that nobody else uses, for a test that adds pages to it."""
    app = create_app(settings, testing=True)
    with _as_made(app, settings):
        yield app


@contextmanager
def _as_made(app: Flask, settings: Settings) -> Iterator[None]:
    app.extensions["keyring"] = Keyring(settings.keys_key)
    config, extensions = dict(app.config), dict(app.extensions)
    yield
    for now, before in ((app.config, config), (app.extensions, extensions)):
        now.clear()
        now.update(before)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def session(app: Flask, settings: Settings) -> Iterator[Session]:
    """A session of the test's own: an application context left open would leak one request into the next."""
    with open_sessions(settings)() as session:
        yield session
    # Only now: a connection still in use would be left open, and nobody would close it.
    session.get_bind().dispose()  # type: ignore[union-attr]


@pytest.fixture
def world(session: Session) -> World:
    return make_world(session)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def tablet_of(app: Flask, session: Session) -> Callable[[Account], Tablet]:
    """A signed-in tablet of anyone; what the test read before a request is read afresh after it."""
    return lambda account: Tablet(app.test_client(), session.rollback).sign_in(account)


@pytest.fixture
def judge(app: Flask, session: Session) -> Callable[[], int]:
    """Have everything judged that came in, as the worker does soon after; answers how many versions it was."""

    def judge() -> int:
        session.rollback()
        judged = judge_new(session, app.extensions["forms"], datetime.now(UTC))
        session.rollback()
        return judged

    return judge


@pytest.fixture
def tablet(tablet_of: Callable[[Account], Tablet], world: World) -> Tablet:
    """Amira's tablet, signed in."""
    return tablet_of(world.amira)
