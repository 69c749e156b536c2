"""A session ends on the server: by signing out, by switching the account off, and when its time is over."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from hvapp.services import accounts
from hvapp.settings import Settings
from hvapp.store.accounts import SessionRow
from tests.support.desk import Desk
from tests.support.world import World


@pytest.fixture
def desk(app: Flask, world: World) -> Desk:
    return Desk(app.test_client()).sign_in(world.sue)


def copy_of(app: Flask, client: FlaskClient) -> Desk:
    """Another browser with the same cookie, as if it had been copied."""
    cookie = client.get_cookie("session")
    assert cookie is not None
    thief = app.test_client()
    thief.set_cookie("session", cookie.value)
    return Desk(thief)


def signed_in(desk: Desk) -> bool:
    return desk.client.get("/api/v1/session").json["account"] is not None


@pytest.mark.parametrize("address", ["/sign-out", "/api/v1/sign-out"])
def test_a_copied_cookie_opens_nothing_after_signing_out(app: Flask, desk: Desk, address: str) -> None:
    copied = copy_of(app, desk.client)
    assert copied.get("/review").status_code == 200

    token = desk.client.get("/api/v1/session").json["csrf_token"]
    assert desk.client.post(address, headers={"X-CSRFToken": token}).status_code in (200, 302)

    assert copied.get("/review").response.location == "/sign-in?next=/review"
    assert not signed_in(copied)


def test_signing_out_ends_this_browser_only(app: Flask, desk: Desk, world: World) -> None:
    other = Desk(app.test_client()).sign_in(world.sue)
    desk.post("/sign-out")
    assert not signed_in(desk)
    assert signed_in(other)


def test_signing_in_again_ends_the_session_before(app: Flask, desk: Desk, world: World) -> None:
    before = copy_of(app, desk.client)
    desk.sign_in(world.sue)
    assert signed_in(desk)
    assert not signed_in(before)


def test_an_account_switched_off_and_on_again_has_to_sign_in(
    desk: Desk, world: World, session: Session
) -> None:
    now = datetime.now(UTC)
    accounts.set_active(session, world.sue.id, active=False, by=world.ada, now=now)
    assert not signed_in(desk)
    accounts.set_active(session, world.sue.id, active=True, by=world.ada, now=now)
    assert not signed_in(desk)
    assert signed_in(desk.sign_in(world.sue))


@pytest.fixture
def begun(session: Session, settings: Settings) -> Callable[[timedelta], None]:
    """Let every session have begun so much of its lifetime ago."""

    def move(left: timedelta) -> None:
        started = datetime.now(UTC) - settings.session_lifetime + left
        session.execute(update(SessionRow).values(started_at=started))
        session.commit()

    return move


def test_a_session_ends_when_its_time_is_over_however_much_it_is_used(
    desk: Desk, begun: Callable[[timedelta], None]
) -> None:
    begun(timedelta(minutes=1))
    for _ in range(3):
        assert desk.get("/review").status_code == 200
    begun(timedelta(seconds=-1))
    assert desk.get("/review").response.location == "/sign-in?next=/review"


def test_using_a_session_neither_writes_nor_sends_the_cookie_again(
    desk: Desk, session: Session, settings: Settings
) -> None:
    def rows() -> list[tuple[str, datetime, datetime | None]]:
        session.rollback()
        return [(row.id, row.started_at, row.ended_at) for row in session.scalars(select(SessionRow))]

    desk.get("/review")
    before = rows()
    assert "Set-Cookie" not in desk.get("/review").response.headers
    assert rows() == before


def test_sessions_that_are_over_are_forgotten_at_the_next_sign_in(
    desk: Desk, session: Session, world: World, begun: Callable[[timedelta], None]
) -> None:
    begun(timedelta(hours=-1))
    desk.sign_in(world.sue)
    assert session.scalar(select(func.count()).select_from(SessionRow)) == 1
