"""Accounts: listed, added with a password shown once, switched off and on."""

import re

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from hvapp.store.accounts import AccountRow
from hvapp.store.audit import AuditRow
from tests.support.desk import Desk
from tests.support.world import World


@pytest.fixture
def desk(app: Flask, world: World) -> Desk:
    return Desk(app.test_client()).sign_in(world.ada)


def person(world: World, **changes: str) -> dict[str, str]:
    return {
        "name": "Grace Iwu",
        "email": "Grace@Test.example",
        "role": "health_visitor",
        "job": "scphn",
        "team_id": world.amira.team.id,
    } | changes


def test_accounts_are_listed_with_what_they_may_do(desk: Desk) -> None:
    desk.get("/admin/accounts").has(
        "Amira Khan",
        "amira@test.example",
        "Health visitor",
        "Supervisor",
        "North",
        "South",
        "Never",
        "This is you",
    )


def test_a_new_account_can_sign_in_with_the_password_shown_once(
    app: Flask, desk: Desk, world: World, session: Session
) -> None:
    page = desk.post("/admin/accounts/new", **person(world))

    assert page.status_code == 200
    page.has("Grace Iwu can sign in", "It is not shown again")
    assert page.response.headers["Cache-Control"] == "no-store"
    [password] = re.findall(r"<code>([a-z-]+)</code>", page.html)
    assert len(password) >= 20
    account = session.scalars(select(AccountRow).where(AccountRow.email == "grace@test.example")).one()
    assert password not in account.password_hash
    assert password not in desk.get("/admin/accounts").html
    answer = Desk(app.test_client()).post("/sign-in", email="grace@test.example", password=password)
    assert answer.response.location == "/tablet"


def test_no_two_first_passwords_are_alike(desk: Desk, world: World) -> None:
    pages = [desk.post("/admin/accounts/new", **person(world, email=f"{n}@test.example")) for n in range(3)]

    assert len({re.findall(r"<code>([a-z-]+)</code>", page.html)[0] for page in pages}) == 3


@pytest.mark.parametrize(
    ("changes", "words", "field"),
    [
        ({"name": " "}, "Enter the person’s full name.", "name"),
        ({"email": ""}, "Enter an email address", "email"),
        ({"email": "grace"}, "Enter an email address", "email"),
        ({"email": "amira@test.example"}, "already an account with this email address", "email"),
        ({"role": ""}, "Choose what the person does here.", "role"),
        ({"job": ""}, "Choose the person’s job.", "job"),
        ({"job": "wizard"}, "Choose the person’s job.", "job"),
        ({"job": "none"}, "Choose the job that the person’s visits are recorded under.", "job"),
        ({"team_id": ""}, "Choose a team.", "team_id"),
        ({"team_id": "elsewhere"}, "Choose a team.", "team_id"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field_and_on_top(
    desk: Desk, world: World, session: Session, changes: dict[str, str], words: str, field: str
) -> None:
    page = desk.post("/admin/accounts/new", **person(world, **changes))

    assert page.status_code == 422
    page.has("There is a problem", words)
    assert page.text.count(words) == 2
    assert f"#{field}" in page.addresses
    assert page.title.startswith("Error: Add an account")
    assert "<code>" not in page.html
    assert session.scalars(select(AccountRow).where(AccountRow.name == "Grace Iwu")).all() == []


def test_an_administrator_need_not_be_a_practitioner(desk: Desk, world: World) -> None:
    page = desk.post("/admin/accounts/new", **person(world, role="administrator", job="none"))

    assert page.status_code == 200


def test_switching_off_signs_the_person_out_and_on_lets_them_back(
    app: Flask, desk: Desk, world: World, session: Session
) -> None:
    sue = Desk(app.test_client()).sign_in(world.sue)

    done = desk.post(f"/admin/accounts/{world.sue.id}/active")

    desk.follow(done).has("The account is switched off", "Visits on their tablet are kept", "Off")
    assert sue.get("/review").status_code == 302
    desk.follow(desk.post(f"/admin/accounts/{world.sue.id}/active", active="1")).has("switched on")
    Desk(app.test_client()).sign_in(world.sue)
    actions = session.scalars(select(AuditRow.action).where(AuditRow.subject_id == world.sue.id)).all()
    assert {"account_off", "account_on"} <= set(actions)


def test_nobody_switches_off_their_own_account(desk: Desk, world: World) -> None:
    done = desk.post(f"/admin/accounts/{world.ada.id}/active")

    desk.follow(done).has("There is a problem", "You cannot switch off your own account")


def test_an_account_that_is_not_there_is_told_plainly(desk: Desk) -> None:
    desk.follow(desk.post("/admin/accounts/0190a7c2-0000-7000-8000-000000000000/active")).has(
        "There is no such account"
    )
