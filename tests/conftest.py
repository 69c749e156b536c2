"""What every test may count on: no network but loopback, no skip that nobody sees, and a small known world."""

import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from hvapp.app import create_app
from hvapp.extensions import db
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
def session(app: Flask) -> Iterator[Session]:
    with app.app_context():
        yield db.session  # type: ignore[misc]


@pytest.fixture
def world(app: Flask) -> World:
    with app.app_context():
        return make_world(db.session)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def tablet(app: Flask, world: World) -> Tablet:
    """Amira's tablet, signed in."""
    return Tablet(app.test_client()).sign_in(world.amira)
