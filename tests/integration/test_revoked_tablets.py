"""A tablet that is lost: it shows nothing any more, it is told to wipe itself, and its work still comes in."""

import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account
from hvapp.domain.errors import Invalid, NotFound
from hvapp.services import devices
from hvapp.store.audit import AuditRow
from hvapp.store.devices import DeviceRow, TabletCommandRow
from tests.support.client import Tablet, new_id
from tests.support.desk import Desk
from tests.support.world import World


@pytest.fixture
def lost(tablet: Tablet, world: World, session: Session) -> Tablet:
    """Amira's tablet, revoked by Sue."""
    tablet.register(name="Amira’s tablet")
    revoke(session, tablet, world.sue)
    return tablet


def revoke(session: Session, tablet: Tablet, by: Account, reason: str = "Left on the bus") -> None:
    devices.revoke(session, tablet.device_id, by=by, reason=reason, now=datetime.now(UTC))


def get(tablet: Tablet, url: str = "/sync/v1/changes", **query: Any) -> Any:
    return tablet.client.get(url, query_string=query)


def actions(session: Session, tablet: Tablet) -> list[str]:
    session.rollback()
    found = select(AuditRow.action).where(AuditRow.subject_id == tablet.device_id).order_by(AuditRow.at)
    return list(session.scalars(found))


def test_it_fetches_nothing_and_is_told_why_and_what_to_do(lost: Tablet) -> None:
    answer = get(lost, device_id=lost.device_id)

    assert (answer.status_code, answer.json["error"]["code"]) == (403, "tablet_revoked")
    assert "still sent" in answer.json["error"]["message"]
    [command] = answer.json["commands"]
    assert command["type"] == "wipe"
    key = str(lost.upload_token).rpartition(".")[2].encode()
    text = f"wipe|{lost.device_id}|{command['id']}|{command['at']}"
    assert command["mac"] == hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def test_its_session_opens_nothing_even_if_it_does_not_say_which_tablet_it_is(lost: Tablet) -> None:
    for url in ("/sync/v1/changes", "/sync/v1/drafts"):
        assert get(lost, url).status_code == 403
        assert get(lost, url, device_id=new_id()).status_code == 403
    assert lost.post(f"/sync/v1/drafts/{new_id()}/taken", {}).status_code == 403


def test_a_supervisors_session_on_it_opens_no_page(
    app: Flask, tablet_of: Callable[[Account], Tablet], world: World, session: Session
) -> None:
    tablet = tablet_of(world.sue)
    tablet.register()
    assert tablet.client.get("/review").status_code == 200
    revoke(session, tablet, world.sue)

    assert tablet.client.get("/review").status_code == 403
    assert Desk(app.test_client()).sign_in(world.sue).get("/review").status_code == 200


def test_the_visitors_other_tablet_goes_on(
    lost: Tablet, tablet_of: Callable[[Account], Tablet], world: World
) -> None:
    other = tablet_of(world.amira)
    other.register()

    answer = get(other, device_id=other.device_id)

    assert (answer.status_code, answer.json["commands"]) == (200, [])


def test_its_work_is_taken_and_a_person_sees_where_it_came_from(lost: Tablet, world: World) -> None:
    answer = lost.send("POST", "/sync/v1/push", {"items": [lost.envelope(lost.revision(world))]})

    [result] = answer.json["results"]
    assert (result["result"], "revoked_tablet" in result["flags"]) == ("stored", True)
    assert [command["type"] for command in answer.json["commands"]] == ["wipe"]


def test_signing_in_on_it_again_brings_the_command_and_no_records(
    lost: Tablet, app: Flask, world: World
) -> None:
    again = Tablet(app.test_client()).sign_in(world.amira)
    again.device_id = lost.device_id

    told = again.register()

    assert [command["type"] for command in told["commands"]] == ["wipe"]
    assert get(again, device_id=again.device_id).status_code == 403


def test_a_finished_wipe_is_noted_once_and_what_is_left_as_last_reported(
    lost: Tablet, world: World, session: Session
) -> None:
    command_id = session.scalars(select(TabletCommandRow.id)).one()
    url = f"/sync/v1/commands/{command_id}/done"

    first = lost.send("POST", url, {"device_id": lost.device_id, "left": 2})
    wiped_at = session.get_one(DeviceRow, lost.device_id, populate_existing=True).wiped_at
    [line] = devices.tablets_of_team(session, world.sue)
    assert line.unsent == 2
    again = lost.send("POST", url, {"left": 0})

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json["commands"] == []
    assert wiped_at is not None
    assert session.get_one(DeviceRow, lost.device_id, populate_existing=True).wiped_at == wiped_at
    assert actions(session, lost) == ["device_registered", "device_revoked", "device_wiped"]
    [line] = devices.tablets_of_team(session, world.sue)
    assert (line.unsent, line.wiped_at, line.revoke_reason) == (0, wiped_at, "Left on the bus")


def test_a_command_that_was_lost_with_a_restored_backup_counts_as_obeyed(
    lost: Tablet, session: Session
) -> None:
    session.execute(delete(TabletCommandRow))
    session.commit()

    assert lost.send("POST", f"/sync/v1/commands/{new_id()}/done", {"left": 0}).status_code == 200

    assert session.get_one(DeviceRow, lost.device_id, populate_existing=True).wiped_at is not None


def test_nobody_finishes_another_tablets_command(
    lost: Tablet, tablet_of: Callable[[Account], Tablet], world: World, session: Session
) -> None:
    command_id = session.scalars(select(TabletCommandRow.id)).one()

    answer = tablet_of(world.ben).send("POST", f"/sync/v1/commands/{command_id}/done", {"left": 0})

    assert answer.status_code == 404
    assert session.get_one(DeviceRow, lost.device_id, populate_existing=True).wiped_at is None


def test_another_teams_supervisor_revokes_nothing(tablet: Tablet, world: World, session: Session) -> None:
    tablet.register()

    with pytest.raises(NotFound):
        revoke(session, tablet, world.olu)

    assert get(tablet, device_id=tablet.device_id).status_code == 200
    assert devices.tablets_of_team(session, world.olu) == []


def test_revoking_asks_for_a_reason_and_twice_is_once(tablet: Tablet, world: World, session: Session) -> None:
    tablet.register()
    with pytest.raises(Invalid):
        revoke(session, tablet, world.sue, reason=" ")

    revoke(session, tablet, world.sue)
    revoke(session, tablet, world.sue, reason="Again")

    assert len(session.scalars(select(TabletCommandRow)).all()) == 1
    assert actions(session, tablet) == ["device_registered", "device_revoked"]


def test_the_teams_tablets_are_listed_the_latest_first(
    tablet: Tablet, tablet_of: Callable[[Account], Tablet], world: World, session: Session
) -> None:
    tablet.register(name="One", storage_persisted=False)
    ben = tablet_of(world.ben)
    ben.register(name="Two")

    two, one = devices.tablets_of_team(session, world.sue)

    assert (one.name, one.visitor_name, one.storage_persisted) == ("One", "Amira Khan", False)
    assert (two.name, two.visitor_name, two.storage_persisted) == ("Two", "Ben Osei", True)
    assert (two.revoked_at, two.wiped_at, two.unsent) == (None, None, None)
    assert two.last_contact_at >= one.last_contact_at >= one.registered_at
