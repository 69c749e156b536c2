"""Reaching for what is not one's own: other people's records, other people's sessions, what caches and errors keep."""

import json
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from hvapp.app import create_app
from hvapp.domain.errors import Invalid
from hvapp.domain.tablets import TabletId
from hvapp.extensions import db
from hvapp.settings import Settings
from hvapp.store.accounts import AccountRow
from hvapp.store.audit import AuditRow
from hvapp.store.changes import announce
from hvapp.store.children import ChildRow
from hvapp.store.transaction import transaction
from hvapp.web.access import public
from tests.support.client import Tablet, new_id
from tests.support.desk import Desk
from tests.support.reviewing import approve
from tests.support.world import PASSWORD, World

A_TABLET = "4d2fead7-f9af-4788-8047-1fe179c131fe"


@pytest.fixture
def live(settings: Settings, app: Flask, world: World) -> Iterator[Flask]:
    """The application as it runs, with its handler for faults, on the same database."""
    live = create_app(settings)
    yield live
    with live.app_context():
        db.session.remove()
        db.engine.dispose()


def send(
    client: FlaskClient, url: str, raw: bytes, method: str = "POST", kind: str = "application/json"
) -> TestResponse:
    token = client.get("/api/v1/session").json["csrf_token"]
    return client.open(url, method=method, data=raw, content_type=kind, headers={"X-CSRFToken": token})


class TestOtherPeoplesRecords:
    def test_recording_a_visit_does_not_put_the_family_on_ones_tablet(
        self, tablet_of: Callable[..., Tablet], world: World, session: Session
    ) -> None:
        """Any visit is taken in. It must not be a way to read the record of any child whose id one has."""
        ben = tablet_of(world.ben)
        visit = ben.revision(world)
        ben.push(visit)
        approve(session, world, visit)

        items = ben.pull()["items"]

        assert [(item["type"], item["body"]["state"]) for item in items] == [("visit", "approved")]
        assert "Marlow" not in json.dumps(items)

    def test_a_child_that_has_left_the_caseload_does_not_come_back_with_an_old_visit(
        self, tablet: Tablet, world: World, session: Session
    ) -> None:
        visit = tablet.revision(world)
        tablet.push(visit)
        with transaction(session):
            session.get_one(ChildRow, world.child_id).named_visitor_id = world.ben.id
            announce(session, [world.amira.id], "child", world.child_id, removed=True)
            announce(session, [world.ben.id], "child", world.child_id)
        approve(session, world, visit)

        bodies = {item["type"]: item["body"] for item in tablet.pull()["items"]}

        assert bodies["child"] is None
        assert bodies["visit"]["state"] == "approved"

    def test_the_feed_itself_keeps_to_the_caseload(
        self, tablet_of: Callable[..., Tablet], tablet: Tablet, world: World, session: Session
    ) -> None:
        """Also when something announces to the wrong account."""
        visit = tablet.revision(world)
        tablet.push(visit)
        with transaction(session):
            announce(session, [world.ben.id], "child", world.child_id)
            announce(session, [world.ben.id], "visit", visit["visit_id"])

        assert [item["body"] for item in tablet_of(world.ben).pull()["items"]] == [None, None]

    @pytest.mark.parametrize("how", ["", "/approve", "/return", "/restricted"])
    def test_another_teams_visit_cannot_be_told_from_none(
        self, app: Flask, tablet: Tablet, world: World, session: Session, how: str
    ) -> None:
        visit = tablet.revision(world)
        tablet.push(visit)
        olu = Desk(app.test_client()).sign_in(world.olu)
        form = {"rev_id": visit["rev_id"], "comment": "x", "reason": "x"}

        def ask(visit_id: str) -> Any:
            url = f"/review/{visit_id}{how}"
            return olu.post(url, **form) if how else olu.get(url)

        theirs, nobodys = ask(visit["visit_id"]), ask(new_id())

        assert (theirs.status_code, theirs.text) == (nobodys.status_code, nobodys.text)
        assert theirs.status_code == 404
        assert session.scalars(select(AuditRow.action).where(AuditRow.account_id == world.olu.id)).all() == [
            "signed_in"
        ]

    def test_a_supervisor_who_changes_team_leaves_the_old_one_at_once(
        self, app: Flask, tablet: Tablet, world: World, session: Session
    ) -> None:
        visit = tablet.revision(world)
        tablet.push(visit)
        desk = Desk(app.test_client()).sign_in(world.sue)
        session.get_one(AccountRow, world.sue.id).team_id = world.olu.team.id
        session.commit()

        assert "Marlow" not in desk.get("/review").text
        assert desk.get(f"/review/{visit['visit_id']}").status_code == 404
        assert desk.post(f"/review/{visit['visit_id']}/approve", rev_id=visit["rev_id"]).status_code == 404

    def test_somebody_elses_tablet_stays_theirs(
        self, tablet_of: Callable[..., Tablet], world: World, session: Session
    ) -> None:
        device = new_id()
        amira, ben = tablet_of(world.amira).client, tablet_of(world.ben).client
        assert send(amira, f"/sync/v1/devices/{device}", b'{"name": "A"}', "PUT").status_code == 200

        taken = send(ben, f"/sync/v1/devices/{device}", b'{"name": "B"}', "PUT")

        assert (taken.status_code, taken.json["error"]["code"]) == (409, "other_account")
        named = session.execute(text("select name, account_id from device")).all()
        assert named == [("A", world.amira.id)]

    def test_a_tablet_whose_account_was_switched_off_hands_in_its_work_and_fetches_nothing(
        self, tablet: Tablet, world: World, session: Session
    ) -> None:
        tablet.register()
        session.get_one(AccountRow, world.amira.id).active = False
        session.commit()

        assert tablet.push(tablet.revision(world))[0]["result"] == "stored"
        pulled = tablet.client.get("/sync/v1/changes")

        assert pulled.status_code == 401
        assert "safe on this tablet" in pulled.json["error"]["message"]

    def test_a_visitor_made_administrator_gives_up_the_caseload(
        self, tablet: Tablet, world: World, session: Session
    ) -> None:
        session.get_one(AccountRow, world.amira.id).role = "administrator"
        session.commit()

        assert tablet.client.get("/sync/v1/changes").status_code == 403


class TestSigningIn:
    def test_wrong_passwords_never_tell_whether_an_address_exists(self, app: Flask, world: World) -> None:
        def told(email: str) -> list[tuple[int, str]]:
            client = app.test_client()
            body = json.dumps({"email": email, "password": "not this one"}).encode()
            answers = [send(client, "/api/v1/sign-in", body) for _ in range(8)]
            return [(answer.status_code, answer.text) for answer in answers]

        assert told(world.sue.email) == told("nobody@test.example")

    def test_a_locked_account_stays_locked_for_the_right_password_and_says_how_long(
        self, app: Flask, world: World
    ) -> None:
        desk = Desk(app.test_client())
        for _ in range(5):
            desk.post("/sign-in", email=world.sue.email, password="wrong")

        page = desk.post("/sign-in", email=world.sue.email, password=PASSWORD)

        assert page.status_code == 422
        page.has("After 5 wrong passwords", "wait 5 minutes")

    def test_nobody_can_lock_somebody_out_of_work_under_way(self, app: Flask, world: World) -> None:
        at_work, elsewhere = Desk(app.test_client()).sign_in(world.sue), Desk(app.test_client())
        for _ in range(7):
            elsewhere.post("/sign-in", email=world.sue.email, password="wrong")

        assert at_work.get("/review").status_code == 200

    def test_an_account_switched_off_is_told_what_a_stranger_is(
        self, app: Flask, world: World, session: Session
    ) -> None:
        session.get_one(AccountRow, world.sue.id).active = False
        session.commit()
        desk = Desk(app.test_client())

        off = desk.post("/sign-in", email=world.sue.email, password=PASSWORD)
        stranger = desk.post("/sign-in", email="nobody@test.example", password=PASSWORD)

        assert off.text == stranger.text

    def test_a_session_from_before_signing_in_is_worth_nothing_after_it(
        self, app: Flask, world: World
    ) -> None:
        """Nobody can plant a session or a token and use it once its owner has signed in."""
        planted = app.test_client()
        token = planted.get("/api/v1/session").json["csrf_token"]
        cookie = planted.get_cookie("session")
        assert cookie is not None
        victim = app.test_client()
        victim.set_cookie("session", cookie.value)
        form = {"email": world.sue.email, "password": PASSWORD, "csrf_token": token}
        assert victim.post("/sign-in", data=form).status_code == 302

        assert planted.get("/review").status_code == 302
        assert victim.post("/sign-out", headers={"X-CSRFToken": token}).status_code == 403

    def test_signing_somebody_in_from_elsewhere_needs_their_token(self, app: Flask, world: World) -> None:
        client = app.test_client()
        given = {"email": world.sue.email, "password": PASSWORD}

        assert client.post("/sign-in", data=given).status_code == 403
        assert client.post("/api/v1/sign-in", json=given).status_code == 403
        assert client.post("/api/v1/sign-in", data=json.dumps(given)).status_code == 403

    @pytest.mark.parametrize(
        "elsewhere",
        [
            "/\t/evil.example",
            "/\\evil.example",
            "//evil.example",
            "\\\\evil.example",
            "/\r\nSet-Cookie: a=b",
            "/review\nX: y",
            "https:evil.example",
            "javascript:alert(1)",
            " //evil.example",
        ],
    )
    def test_no_address_leads_away_or_into_the_headers(
        self, live: Flask, world: World, elsewhere: str
    ) -> None:
        client = live.test_client()
        token = client.get("/api/v1/session").json["csrf_token"]
        form = {"email": world.sue.email, "password": PASSWORD, "csrf_token": token}

        answer = client.post("/sign-in", query_string={"next": elsewhere}, data=form)

        assert (answer.status_code, answer.location) == (302, "/review")
        assert "X" not in answer.headers


HALF_A_CHARACTER = b'"\\ud800"'


@pytest.mark.parametrize(
    ("method", "url", "raw"),
    [
        ("POST", "/api/v1/sign-in", b'{"email": "\\ud800", "password": "x"}'),
        ("POST", "/api/v1/sign-in", b'{"email": "a@b", "password": "\\ud800"}'),
        ("POST", "/api/v1/sign-in", b"[" * 100_000),
        ("POST", "/api/v1/sign-in", b'{"email": {"$ne": 1}, "password": [1]}'),
        ("POST", "/api/v1/sign-in", b'{"a":' + b"9" * 5000 + b"}"),
        ("POST", "/api/v1/sign-in", b"\xff\xfe"),
        ("POST", "/api/v1/sign-in", b""),
        ("PUT", f"/sync/v1/devices/{A_TABLET}", b'{"name": "\\ud800"}'),
        ("PUT", f"/sync/v1/devices/{A_TABLET}", b'{"name": 1e999}'),
        ("PUT", f"/sync/v1/devices/{A_TABLET}%0A", b'{"name": "x"}'),
        ("PUT", "/sync/v1/devices/..%2f..%2fetc", b'{"name": "x"}'),
        ("POST", "/sync/v1/push", b'{"items": {"length": 1}}'),
        ("POST", "/sync/v1/push", b'{"items": null}'),
        ("POST", "/sync/v1/push", b"\x1f\x8b\x08"),
        ("POST", "/sync/v1/confirm", b'{"ranges": {"from": 1}}'),
        ("POST", "/sync/v1/confirm", b'{"ranges": [{"from": 1, "to": 2, "digest": "\\ud800"}]}'),
        ("POST", "/sync/v1/confirm", b'{"ranges": [{"from": -1, "to": 1e9, "digest": null}]}'),
        ("PUT", f"/sync/v1/drafts/{A_TABLET}", b'{"kid": "0123456789abcdef", "box": "\\ud800"}'),
        ("PUT", f"/sync/v1/drafts/{A_TABLET}", b'{"kid": ["x"], "box": ""}'),
        ("PUT", f"/sync/v1/drafts/{A_TABLET}%0A", b'{"kid": "0123456789abcdef", "box": ""}'),
        ("POST", f"/sync/v1/drafts/{A_TABLET}/taken", b""),
        ("POST", f"/sync/v1/commands/{A_TABLET}/done", b'{"left": true}'),
        ("POST", f"/sync/v1/commands/{A_TABLET}/done", b'{"left": 9223372036854775808}'),
        ("POST", f"/sync/v1/commands/{A_TABLET}%0A/done", b'{"left": 0}'),
        ("GET", "/sync/v1/changes?cursor=EPOCH." + "9" * 5000, b""),
        ("GET", "/sync/v1/changes?cursor=EPOCH.%C2%B2", b""),
        ("GET", "/sync/v1/changes?cursor=EPOCH.%D9%A3", b""),
        ("GET", "/sync/v1/changes?cursor=%ED%A0%80", b""),
        ("GET", "/sync/v1/changes?cursor=%27%20OR%201%3D1%20--", b""),
    ],
)
def test_junk_is_refused_in_words_and_never_a_fault(
    live: Flask, world: World, settings: Settings, method: str, url: str, raw: bytes
) -> None:
    client = live.test_client()
    # Whatever lets a request in is right, so that what refuses is the junk.
    client.environ_base["HTTP_AUTHORIZATION"] = (
        f"Tablet {TabletId(A_TABLET, world.amira.id).token(settings.upload_key)}"
    )
    Desk(client).sign_in(world.amira)
    epoch = client.get("/sync/v1/changes").json["cursor"].partition(".")[0]

    answer = send(client, url.replace("EPOCH", epoch), raw, method)

    assert 400 <= answer.status_code < 500
    assert answer.json["error"]["message"].endswith(".")


class TestCachesAndErrors:
    def test_no_cache_keeps_any_answer_but_built_files(
        self, live: Flask, world: World, tablet: Tablet
    ) -> None:
        """Pages name who is signed in, carry tokens and give back what was typed: errors and redirects too."""
        visit = tablet.revision(world)
        tablet.push(visit)
        page = f"/review/{visit['visit_id']}"
        anybody, sue = live.test_client(), live.test_client()
        Desk(sue).sign_in(world.sue)
        typed = {"comment": "What the mother said"}
        answers = {
            "sign in": anybody.get("/sign-in"),
            "signed out": anybody.get("/review"),
            "start": sue.get("/"),
            "nothing there": sue.get("/nowhere"),
            "another role": sue.get("/admin/accounts"),
            "another method": sue.delete("/review"),
            "another slash": sue.get("//review"),
            "no token": sue.post(f"{page}/return", data=typed),
            "too large": sue.post("/sign-in", data={"comment": "x" * 5_000_000}),
            "visit": sue.get(page),
            "visit again": sue.get(f"{page}/approve"),
            "tablet": sue.get("/sync/v1/changes"),
            "no such call": sue.get("/api/v1/none"),
            "typed after signing out": send(
                anybody,
                f"{page}/return",
                b"comment=What+the+mother+said",
                kind="application/x-www-form-urlencoded",
            ),
        }

        kept = {name: answer.status_code for name, answer in answers.items() if not never_kept(answer)}

        assert kept == {}
        assert "What the mother said" in answers["typed after signing out"].text

    @pytest.mark.parametrize("address", ["/broken", "/api/broken"])
    def test_a_fault_is_as_closed_as_any_answer(self, live: Flask, address: str) -> None:
        def broken() -> str:
            raise RuntimeError("CANARY")

        live.add_url_rule(address, "broken", public(broken))

        answer = live.test_client().get(address)

        assert answer.status_code == 500
        assert "CANARY" not in answer.text
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert never_kept(answer)

    @pytest.mark.parametrize("address", ["/review", "/", "/sign-in", "/nowhere", "/admin/accounts"])
    def test_pages_still_answer_in_words_when_the_database_is_gone(
        self, live: Flask, world: World, caplog: pytest.LogCaptureFixture, address: str
    ) -> None:
        client = live.test_client()
        Desk(client).sign_in(world.sue)
        with live.app_context():
            db.session.execute(text("alter table account rename to gone"))
            db.session.commit()

        answer = client.get(address)

        assert answer.status_code in (500, 503)
        assert "Nothing" in answer.text and "lost" in answer.text
        assert "Content-Security-Policy" in answer.headers
        assert never_kept(answer)
        assert world.sue.id not in caplog.text

    def test_an_error_of_the_database_never_quotes_what_was_to_be_stored(
        self, live: Flask, session: Session
    ) -> None:
        with live.app_context():
            for one in (db.session, session):
                with pytest.raises(Exception, match=r"no such table|does not exist") as caught:
                    one.execute(text("insert into gone values (:answer)"), {"answer": "CANARY"})
                assert "CANARY" not in str(caught.value)
                one.rollback()


def never_kept(answer: TestResponse) -> bool:
    return answer.headers.get("Cache-Control") == "no-store"


class TestTheSecret:
    def home(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setenv("HVAPP_HOME", str(tmp_path / "home"))
        monkeypatch.delenv("HVAPP_SECRET_KEY", raising=False)
        return tmp_path / "home"

    def test_nobody_else_on_the_machine_can_read_it_or_the_records(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        home = self.home(tmp_path, monkeypatch)

        Settings.from_env()

        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        assert stat.S_IMODE((home / "secret.key").stat().st_mode) == 0o600

    def test_an_empty_secret_is_never_used(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A full disk at the first start leaves an empty file; everybody knows that key."""
        home = self.home(tmp_path, monkeypatch)
        home.mkdir()
        (home / "secret.key").touch()

        with pytest.raises(Invalid, match=r"secret\.key is empty"):
            Settings.from_env()

    def test_two_first_starts_at_once_agree_on_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in range(20):
            monkeypatch.setenv("HVAPP_HOME", str(tmp_path / str(number)))
            with ThreadPoolExecutor(4) as pool:
                secrets = {one.secret_key for one in pool.map(lambda _: Settings.from_env(), range(4))}
            assert len(secrets) == 1
            assert len(secrets.pop()) == 64
