"""What every test may count on: no network but loopback, no skip that nobody sees, and a small known world."""

import os
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from hvapp.app import create_app
from hvapp.domain.accounts import Account
from hvapp.extensions import db
from hvapp.services.database import open_sessions
from hvapp.settings import Settings
from hvapp.store import schema
from tests.support.client import Tablet
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


_skipped: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped:
        _skipped.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test is a failed one."""
    if _skipped and os.environ.get("CI"):
        print("\nSkipped, which CI does not accept:", *_skipped, sep="\n  ")
        session.exitstatus = 1


@pytest.fixture
def settings(tmp_path: Any) -> Settings:
    return Settings(
        secret_key="only for tests",
        database_url=f"sqlite:///{tmp_path / 'test.db'}",
        secure_cookies=False,
    )


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    app = create_app(settings, testing=True)
    with app.app_context():
        schema.metadata.create_all(db.engine)
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def session(app: Flask, settings: Settings) -> Iterator[Session]:
    """A session of the test's own: an application context left open would leak one request into the next."""
    with open_sessions(settings)() as session:
        yield session
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
def tablet(tablet_of: Callable[[Account], Tablet], world: World) -> Tablet:
    """Amira's tablet, signed in."""
    return tablet_of(world.amira)
