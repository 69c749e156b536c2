"""Who may see what, on every route there is, and the headers that go with it."""

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from hvapp.domain.accounts import Role
from hvapp.settings import Settings
from hvapp.store.accounts import AccountRow
from hvapp.store.outbox import OutboxRow
from hvapp.web.access import EVERYONE, TABLET, declared_access
from hvapp.web.assets import Assets
from tests.support.client import Tablet
from tests.support.desk import Desk
from tests.support.world import World

PRIVATE_PAGES = {
    "/review": Role.SUPERVISOR,
    "/sort": Role.SUPERVISOR,
    "/red-book": Role.SUPERVISOR,
    "/children": Role.SUPERVISOR,
    "/pregnancies": Role.SUPERVISOR,
    "/admin/accounts": Role.ADMINISTRATOR,
    "/admin/accounts/new": Role.ADMINISTRATOR,
    "/admin/service": Role.ADMINISTRATOR,
}


def routes(app: Flask) -> list[tuple[str, str, str]]:
    """(endpoint, method, an address) of every route; ids in addresses are of nothing."""
    found = []
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            given = {
                name: "restricted" if name == "action" else "0190a7c2-0000-7000-8000-000000000000"
                for name in rule.arguments
            }
            _, address = rule.build(given, append_unknown=False)
            found += [(rule.endpoint, method, address) for method in rule.methods - {"HEAD", "OPTIONS"}]
    return sorted(found)


def test_every_route_says_who_may_call_it(app: Flask) -> None:
    with app.app_context():
        silent = [
            rule.endpoint for rule in app.url_map.iter_rules() if declared_access(rule.endpoint) is None
        ]

    assert silent == []


def test_a_view_without_a_declaration_answers_nobody(own_app: Flask, world: World) -> None:
    own_app.add_url_rule("/forgotten", "forgotten", lambda: "here")

    assert Desk(own_app.test_client()).sign_in(world.sue).get("/forgotten").status_code == 403


def test_public_routes_are_few_and_known(app: Flask) -> None:
    with app.app_context():
        public = {
            rule.endpoint for rule in app.url_map.iter_rules() if declared_access(rule.endpoint) == EVERYONE
        }

    assert public == {
        "static",
        "auth.home",
        "auth.sign_in",
        "auth.api_session",
        "auth.api_sign_in",
        "auth.api_sign_out",
        "pwa.tablet",
        "pwa.worker",
        "pwa.manifest",
        "pwa.health",
        "openapi.document",
    }


def test_routes_for_a_tablets_own_token_are_few_and_known(app: Flask) -> None:
    """They hand work in and hear what to do. A route that reads records must never be among them."""
    with app.app_context():
        found = {
            rule.endpoint for rule in app.url_map.iter_rules() if declared_access(rule.endpoint) == TABLET
        }

    assert found == {"api.push", "api.confirm", "api.keep_draft", "api.command_done", "api.take_piece"}


def test_a_tablets_own_token_opens_no_other_route(app: Flask, tablet: Tablet) -> None:
    tablet.register()
    for endpoint, method, address in routes(app):
        with app.app_context():
            if declared_access(endpoint) in (EVERYONE, TABLET):
                continue
        answer = tablet.send(method, address)
        assert answer.status_code in (302, 401, 403), (endpoint, method)


def test_nobody_signed_in_is_sent_to_sign_in_or_told_so(app: Flask) -> None:
    # The token is right, so that what refuses is the missing account.
    for endpoint, method, address in routes(app):
        with app.app_context():
            if declared_access(endpoint) == EVERYONE:
                continue
        client = app.test_client()
        token = client.get("/api/v1/session").json["csrf_token"]
        answer = client.open(address, method=method, headers={"X-CSRFToken": token})
        if address.startswith("/sync/") or (method != "GET" and endpoint != "auth.sign_out"):
            assert answer.status_code == 401, (endpoint, method)
        else:
            assert answer.status_code == 302, (endpoint, method)
            assert answer.location.startswith("/sign-in"), endpoint


@pytest.mark.parametrize("name", ["amira", "sue", "ada"])
def test_every_role_is_kept_out_of_what_is_not_its_own(app: Flask, world: World, name: str) -> None:
    account = getattr(world, name)
    client = app.test_client()
    Desk(client).sign_in(account)
    for endpoint, method, address in routes(app):
        with app.app_context():
            allowed = declared_access(endpoint)
        if allowed in (EVERYONE, TABLET) or account.role in allowed:
            continue
        token = client.get("/api/v1/session").json["csrf_token"]
        answer = client.open(address, method=method, headers={"X-CSRFToken": token})
        assert answer.status_code == 403, (endpoint, method)
        assert "does not open this page" in answer.text


@pytest.mark.parametrize(("address", "role"), PRIVATE_PAGES.items())
def test_private_pages_open_for_their_role_and_stay_out_of_caches(
    app: Flask, world: World, address: str, role: Role
) -> None:
    account = world.sue if role is Role.SUPERVISOR else world.ada
    page = Desk(app.test_client()).sign_in(account).get(address)

    assert page.status_code == 200
    assert page.response.headers["Cache-Control"] == "no-store"


def test_a_role_taken_away_counts_at_once(app: Flask, world: World, session: Session) -> None:
    desk = Desk(app.test_client()).sign_in(world.sue)
    session.get_one(AccountRow, world.sue.id).role = "health_visitor"
    session.commit()

    assert desk.get("/review").status_code == 403


def test_an_account_switched_off_is_out_at_once(app: Flask, world: World, session: Session) -> None:
    desk = Desk(app.test_client()).sign_in(world.sue)
    session.get_one(AccountRow, world.sue.id).active = False
    session.commit()

    page = desk.get("/review")
    assert (page.status_code, page.response.location) == (302, "/sign-in?next=/review")


def test_the_content_policy_allows_only_our_own_scripts(client: FlaskClient) -> None:
    policy = client.get("/sign-in").headers["Content-Security-Policy"]

    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    assert directives["default-src"] == "'none'"
    assert re.fullmatch(r"'self' 'sha256-[A-Za-z0-9+/=]+'", directives["script-src"])
    assert directives["style-src"] == "'self'"
    assert directives["frame-ancestors"] == "'none'"
    assert directives["form-action"] == "'self'"
    assert directives["require-trusted-types-for"] == "'script'"
    assert directives["trusted-types"] == "hvapp"
    assert "unsafe" not in policy


def test_the_one_inline_script_is_the_one_the_policy_names(client: FlaskClient) -> None:
    from base64 import b64encode
    from hashlib import sha256

    answer = client.get("/sign-in")
    scripts = re.findall(r"<script(?![^>]*src=)[^>]*>(.*?)</script>", answer.text, re.DOTALL)
    hashes = [b64encode(sha256(script.encode()).digest()).decode() for script in scripts]

    assert len(hashes) == 1
    assert f"'sha256-{hashes[0]}'" in answer.headers["Content-Security-Policy"]
    assert "style=" not in answer.text
    assert " on" not in re.sub(r"<script.*?</script>", "", re.sub(r">[^<]*<", "><", answer.text))


def test_the_tablets_own_files_say_what_they_are_once(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "sw.js").write_text("")
    assets = app.extensions["assets"] = Assets(tmp_path)
    for name in ("tablet.html", "icons/nhsuk-icon-192.png", "icons/nhsuk-icon-512.png"):
        assets.add(name, "")
    client = app.test_client()

    types = []
    for url in ("/sw.js", "/tablet", "/manifest.webmanifest"):
        with client.get(url) as answer:
            types.append(answer.headers["Content-Type"])

    assert types == [
        "text/javascript; charset=utf-8",
        "text/html; charset=utf-8",
        "application/manifest+json",
    ]


def test_pages_are_not_linked_to_another_manifest(client: FlaskClient) -> None:
    assert 'rel="manifest"' not in client.get("/sign-in").text


def test_every_answer_carries_the_isolating_headers(client: FlaskClient) -> None:
    for address in ("/sign-in", "/nowhere", "/review", "/api/v1/session", "/healthz"):
        headers = client.get(address).headers
        assert headers["X-Content-Type-Options"] == "nosniff", address
        assert headers["Referrer-Policy"] == "no-referrer", address
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", address
        assert "Content-Security-Policy" in headers, address


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(
    settings: Settings, app: Flask, world: World
) -> None:
    app.config["SESSION_COOKIE_SECURE"] = True
    client = app.test_client()
    token = client.get("/api/v1/session", base_url="https://localhost").json["csrf_token"]
    answer = client.post(
        "/sign-in",
        data={"email": world.sue.email, "password": "a long enough password", "csrf_token": token},
        base_url="https://localhost",
    )

    [cookie] = answer.headers.getlist("Set-Cookie")
    assert {"Secure", "HttpOnly", "SameSite=Lax"} <= {part.strip() for part in cookie.split(";")}


def test_cookies_are_secure_unless_somebody_says_otherwise() -> None:
    assert Settings(secret_key="x", database_url="sqlite://").secure_cookies


@pytest.mark.parametrize("token", [None, "", "made up"])
def test_a_form_without_its_token_changes_nothing_and_says_so(
    app: Flask, world: World, tablet: Tablet, session: Session, token: str | None
) -> None:
    visit = tablet.revision(world)
    tablet.push(visit)
    client = app.test_client()
    Desk(client).sign_in(world.sue)
    data = {"rev_id": visit["rev_id"]} | ({} if token is None else {"csrf_token": token})

    answer = client.post(f"/review/{visit['visit_id']}/approve", data=data)

    assert answer.status_code == 403
    assert "open for too long, so nothing was changed" in answer.text
    assert session.scalars(select(OutboxRow)).all() == []


def test_every_post_route_asks_for_a_token(app: Flask, world: World) -> None:
    client = app.test_client()
    Desk(client).sign_in(world.sue)
    for endpoint, method, address in routes(app):
        if method == "GET":
            continue
        with app.app_context():
            allowed = declared_access(endpoint)
        if allowed != EVERYONE and Role.SUPERVISOR not in allowed:
            continue
        answer = client.open(address, method=method)
        assert answer.status_code == 403, (endpoint, method)


def test_no_address_on_any_page_names_a_child(app: Flask, world: World, tablet: Tablet) -> None:
    visit = tablet.revision(world)
    tablet.push(visit)
    desk = Desk(app.test_client()).sign_in(world.sue)
    pages = [desk.get("/review"), desk.get(f"/review/{visit['visit_id']}")]
    pages.append(desk.post(f"/review/{visit['visit_id']}/restricted", reason="Reading the whole visit"))
    desk.post(f"/review/{visit['visit_id']}/approve", rev_id=visit["rev_id"])
    pages += [desk.get("/review"), desk.get("/red-book"), desk.get(f"/review/{visit['visit_id']}")]

    for page in pages:
        assert page.status_code == 200
        assert not re.search(r"Maya|Marlow", page.title)
        for address in page.addresses:
            assert not re.search(r"Maya|Marlow|9990000018|Reading", address), address
            # Not in the middle of a random id, where ten figures may stand together.
            assert not re.search(r"(?<!\w)\d{3} ?\d{3} ?\d{4}(?!\w)", address.replace("-", " x ")), address


def test_an_error_page_tells_nothing_of_the_inside(own_app: Flask, settings: Settings) -> None:
    from hvapp.web import errors

    own_app.register_error_handler(Exception, errors.handle_fault)
    own_app.add_url_rule("/broken", "broken", lambda: 1 / 0)
    own_app.view_functions["broken"].hvapp_access = EVERYONE  # type: ignore[attr-defined]

    answer = own_app.test_client().get("/broken")

    assert answer.status_code == 500
    assert "Nothing that was saved is lost" in answer.text
    assert "division" not in answer.text
