"""Signing in and out by page, and the pages that say what went wrong."""

import pytest
from flask import Flask

from tests.support.desk import Desk
from tests.support.world import PASSWORD, World


@pytest.fixture
def desk(app: Flask, world: World) -> Desk:
    return Desk(app.test_client())


def test_the_page_asks_for_address_and_password_only(desk: Desk) -> None:
    page = desk.get("/sign-in")

    page.has("Sign in", "Email address", "Password")
    assert 'autocomplete="username"' in page.html
    assert 'autocomplete="current-password"' in page.html
    assert "autofocus" not in page.html
    assert page.title == "Sign in – Home visits"


@pytest.mark.parametrize(
    ("name", "home"), [("amira", "/tablet"), ("sue", "/review"), ("ada", "/admin/accounts")]
)
def test_everybody_lands_where_their_work_is(desk: Desk, world: World, name: str, home: str) -> None:
    page = desk.post("/sign-in", email=getattr(world, name).email, password=PASSWORD)

    assert page.response.location == home
    assert desk.get("/").response.location == home


def test_signing_in_leads_on_to_the_page_that_was_asked_for(desk: Desk, world: World) -> None:
    asked = desk.get("/red-book?x=1")
    assert asked.response.location == "/sign-in?next=/red-book?x%3D1"

    page = desk.post(asked.response.location, email=world.sue.email, password=PASSWORD)

    assert page.response.location == "/red-book?x=1"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "evil"])
def test_it_never_leads_to_another_site(desk: Desk, world: World, elsewhere: str) -> None:
    page = desk.post(f"/sign-in?next={elsewhere}", email=world.sue.email, password=PASSWORD)

    assert page.response.location == "/review"


@pytest.mark.parametrize(
    ("email", "password", "words", "fields"),
    [
        ("", "", "Enter your email address.", ["#email", "#password"]),
        ("sue@test.example", "", "Enter your password.", ["#password"]),
        ("sue@test.example", "wrong", "The email address or password is not right.", []),
        ("nobody@test.example", PASSWORD, "The email address or password is not right.", []),
    ],
)
def test_what_is_wrong_is_said_without_saying_which(
    desk: Desk, email: str, password: str, words: str, fields: list[str]
) -> None:
    page = desk.post("/sign-in", email=email, password=password)

    assert page.status_code == 422
    page.has("There is a problem", words)
    assert page.title.startswith("Error: ")
    assert [address for address in page.addresses if address in ("#email", "#password")] == fields
    if email:
        assert f'value="{email}"' in page.html
    assert f'value="{password or PASSWORD}"' not in page.html


def test_too_many_wrong_passwords_ask_to_wait(desk: Desk, world: World) -> None:
    for _ in range(5):
        desk.post("/sign-in", email=world.sue.email, password="wrong")

    page = desk.post("/sign-in", email=world.sue.email, password=PASSWORD)

    assert page.status_code == 422
    page.has("After 5 wrong passwords, wait 5 minutes first.")


def test_signing_out_ends_the_session(desk: Desk, world: World) -> None:
    desk.sign_in(world.sue)
    desk.get("/review").has("Sue Park, North", "Sign out")

    assert desk.post("/sign-out").response.location == "/sign-in"
    assert desk.get("/review").status_code == 302
    assert desk.get("/sign-out").status_code == 405


def test_the_header_offers_what_the_role_has(desk: Desk, world: World) -> None:
    desk.sign_in(world.sue)
    supervisor = desk.get("/review").addresses
    assert {"/review", "/red-book"} <= set(supervisor)
    assert not {"/admin/accounts", "/tablet"} & set(supervisor)

    desk.post("/sign-out")
    desk.sign_in(world.ada)
    administrator = desk.get("/admin/accounts").addresses
    assert not {"/review", "/red-book", "/tablet"} & set(administrator)


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [("/nowhere", 404, "There is no such page"), ("/sign-out", 405, "That cannot be done here")],
)
def test_errors_are_plain_words_with_a_way_on(desk: Desk, address: str, status: int, words: str) -> None:
    page = desk.get(address)

    assert page.status_code == status
    page.has(words, "Go to the start page")


def test_a_page_of_another_role_says_what_to_do(desk: Desk, world: World) -> None:
    page = desk.sign_in(world.sue).get("/admin/accounts")

    assert page.status_code == 403
    page.has("You cannot do that", "If you need it, ask your administrator.")


def test_tablets_are_answered_in_json(desk: Desk) -> None:
    answer = desk.client.get("/sync/v1/changes")

    assert (answer.status_code, answer.json["error"]["code"]) == (401, "signed_out")
