"""The tablet's own token: work comes in by it alone, whatever became of the session, the account or the database."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account
from hvapp.domain.tablets import TabletId
from hvapp.settings import Settings
from hvapp.store.accounts import AccountRow
from hvapp.store.audit import AuditRow
from hvapp.store.devices import DeviceRow
from hvapp.store.visits import RevisionRow, VisitRow
from tests.support.client import Tablet, new_id
from tests.support.world import World


def test_work_is_taken_with_nobody_signed_in(tablet: Tablet, world: World, session: Session) -> None:
    tablet.register()
    tablet.client.post("/api/v1/sign-out", headers={"X-CSRFToken": tablet.token()})
    assert tablet.client.get("/sync/v1/changes").status_code == 401

    [result] = tablet.push(tablet.revision(world))

    assert result["result"] == "stored"
    assert session.scalars(select(RevisionRow.author_id)).one() == world.amira.id


def test_a_token_outlives_the_account_and_reads_nothing(
    tablet: Tablet, world: World, session: Session
) -> None:
    tablet.register()
    session.execute(update(AccountRow).where(AccountRow.id == world.amira.id).values(active=False))
    session.commit()

    assert tablet.push(tablet.revision(world))[0]["result"] == "stored"
    for reading in ("/sync/v1/changes", "/sync/v1/drafts"):
        assert tablet.send("GET", reading).status_code == 401


def test_a_tablet_that_a_restored_database_does_not_know_is_written_down_again(
    tablet: Tablet, world: World, session: Session
) -> None:
    tablet.register()
    session.execute(delete(DeviceRow))
    session.commit()

    assert tablet.push(tablet.revision(world))[0]["result"] == "stored"

    row = session.get_one(DeviceRow, tablet.device_id)
    assert (row.name, row.account_id) == ("Unnamed tablet", world.amira.id)
    assert tablet.register(name="Amira’s tablet")["device_id"] == tablet.device_id
    assert session.get_one(DeviceRow, tablet.device_id, populate_existing=True).name == "Amira’s tablet"


def test_only_this_service_makes_tokens(
    app: Flask, tablet: Tablet, world: World, settings: Settings, session: Session
) -> None:
    tablet.register()
    good = str(tablet.upload_token)
    device, account, mac = good.split(".")
    wrong = {
        "none": None,
        "empty": "Tablet ",
        "another scheme": f"Bearer {good}",
        "no mac": f"Tablet {device}.{account}.",
        "short mac": f"Tablet {good[:-1]}",
        "changed mac": f"Tablet {device}.{account}.{'0' * 64}",
        "another account": f"Tablet {device}.{world.ben.id}.{mac}",
        "another tablet": f"Tablet {new_id()}.{account}.{mac}",
        "letters that are not ASCII": f"Tablet {device}.{account}.{'é' * 64}",
        "another secret": f"Tablet {TabletId(device, account).token(b'x')}",
    }

    for name, header in wrong.items():
        headers = {"Authorization": header} if header else {}
        answer = app.test_client().post("/sync/v1/push", json={"items": []}, headers=headers)
        assert (answer.status_code, answer.json["error"]["code"]) == (401, "unknown_tablet"), name
        assert "safe" in answer.json["error"]["message"]

    nobody = TabletId(new_id(), new_id()).token(settings.upload_key)
    answer = app.test_client().post(
        "/sync/v1/push", json={"items": []}, headers={"Authorization": f"Tablet {nobody}"}
    )
    assert (answer.status_code, answer.json["error"]["code"]) == (401, "unknown_tablet")
    assert session.scalar(select(func.count()).select_from(DeviceRow)) == 1


def test_the_session_of_another_does_not_change_whose_work_it_is(
    tablet: Tablet, tablet_of: Callable[[Account], Tablet], world: World, session: Session
) -> None:
    tablet.register()
    ben = tablet_of(world.ben)
    headers = {"Authorization": f"Tablet {tablet.upload_token}"}
    body = {"items": [tablet.envelope(tablet.revision(world))]}

    answer = ben.client.post("/sync/v1/push", json=body, headers=headers)
    answer.close()

    assert answer.json["results"][0]["result"] == "stored"
    assert session.scalars(select(RevisionRow.author_id)).one() == world.amira.id


def test_a_visit_that_names_another_author_is_kept_and_set_aside(
    tablet: Tablet, world: World, session: Session
) -> None:
    revision = tablet.revision(world, author_id=world.ben.id)

    [result] = tablet.push(revision)

    assert (result["result"], "other_author" in result["flags"]) == ("stored", True)
    assert session.get_one(VisitRow, revision["visit_id"]).state == "quarantined"


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("POST", "/sync/v1/push", {"items": []}),
        ("POST", "/sync/v1/confirm", {"ranges": []}),
        ("POST", "/sync/v1/commands/4d2fead7-f9af-4788-8047-1fe179c131fe/done", {"left": 0}),
    ],
)
def test_every_answer_tells_the_tablet_where_it_stands(
    tablet: Tablet, method: str, url: str, body: dict[str, Any], settings: Settings
) -> None:
    registered = tablet.register()

    told = tablet.send(method, url, body).json

    for common in (registered, told, tablet.pull()):
        assert len(common["epoch"]) == 36 and common["epoch"] == registered["epoch"]
        assert common["sealing_key"] == registered["sealing_key"]
        assert common["commands"] == []
        assert timedelta(days=common["lease_days"]) == settings.lease
        assert common["server_time"].endswith("+00:00")


def test_contact_is_noted_and_registering_is_audited_once(
    tablet: Tablet, world: World, session: Session
) -> None:
    tablet.register(name="One", app_version="0.2.0")
    first = session.get_one(DeviceRow, tablet.device_id).last_contact_at
    tablet.register(name="Two", storage_persisted="yes")
    tablet.push(tablet.revision(world))

    row = session.get_one(DeviceRow, tablet.device_id, populate_existing=True)
    assert (row.name, row.storage_persisted, row.app_version) == ("Two", None, None)
    assert row.last_contact_at > first
    audited = select(func.count()).where(AuditRow.action == "device_registered")
    assert session.scalar(audited) == 1
