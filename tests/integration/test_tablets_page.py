"""Tablets at the desk: which there are and what is wrong with them, taking one's right away, and taking in its file."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account
from hvapp.domain.tablets import TabletId
from hvapp.services import devices
from hvapp.store.audit import AuditRow
from hvapp.store.devices import DeviceRow, TabletCommandRow
from hvapp.store.drafts import RescuedDraftRow
from hvapp.store.visits import RevisionRow
from tests.support.client import Tablet, new_id
from tests.support.desk import Desk, Page
from tests.support.world import World


@pytest.fixture
def desk(app: Flask, world: World) -> Desk:
    return Desk(app.test_client()).sign_in(world.sue)


@pytest.fixture
def ready(tablet: Tablet) -> Tablet:
    """Amira's tablet, made ready."""
    tablet.register(name="Blue cover")
    return tablet


@pytest.fixture
def change(session: Session, ready: Tablet) -> Callable[..., None]:
    def write(**values: Any) -> None:
        session.execute(update(DeviceRow).where(DeviceRow.id == ready.device_id).values(**values))
        session.commit()

    return write


def outbox_file(tablet: Tablet, *revisions: Any, **changes: Any) -> bytes:
    """What the tablet saves when it is asked for its unsent visits."""
    content = {
        "format": "hvapp-outbox-1",
        "authorization": tablet.upload_token,
        "device_id": tablet.device_id,
        "items": [tablet.envelope(one) for one in revisions],
        "drafts": [],
    }
    return json.dumps(content | changes).encode()


def upload(desk: Desk, content: bytes) -> Page:
    return desk.post("/tablets/import", file=(io.BytesIO(content), "visits.json"))


def count(session: Session, row: type) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(row)) or 0


class TestList:
    def test_without_tablets_it_says_what_would_be_there(self, desk: Desk) -> None:
        desk.get("/tablets").has("No tablet has been made ready yet", "A tablet that cannot send")

    def test_each_tablet_has_its_visitor_and_when_it_was_last_in_touch(
        self, desk: Desk, ready: Tablet
    ) -> None:
        page = desk.get("/tablets")
        page.has("Blue cover", "Amira Khan", "In order", "Revoke Blue cover of Amira Khan")
        assert "Tablets" in page.title

    @pytest.mark.parametrize(
        ("values", "words"),
        [
            (
                {"last_contact_at": datetime.now(UTC) - timedelta(days=9, hours=1)},
                "Not heard from for 9 days",
            ),
            ({"storage_persisted": False}, "Its browser may delete what it stores"),
            ({"clock_offset_ms": 3 * 3_600_000}, "Its clock is 3 hours slow"),
            ({"clock_offset_ms": -12 * 60_000}, "Its clock is 12 minutes fast"),
            ({"clock_offset_ms": 3 * 24 * 3_600_000}, "Its clock is 3 days slow"),
        ],
    )
    def test_what_is_wrong_is_said_in_words(
        self, desk: Desk, change: Callable[..., None], values: dict[str, Any], words: str
    ) -> None:
        change(**values)
        page = desk.get("/tablets")
        page.has(words)
        assert "In order" not in page.text

    def test_a_clock_that_is_nearly_right_is_right(self, desk: Desk, change: Callable[..., None]) -> None:
        change(clock_offset_ms=200_000)
        desk.get("/tablets").has("In order")

    def test_a_tablet_tells_of_its_clock_with_what_it_sends(
        self, desk: Desk, ready: Tablet, world: World
    ) -> None:
        ready.push(ready.revision(world, clock_offset_ms=7_200_000))
        desk.get("/tablets").has("Its clock is 2 hours slow")

    def test_column_headings_sort(
        self, desk: Desk, ready: Tablet, tablet_of: Callable[[Account], Tablet], world: World
    ) -> None:
        tablet_of(world.sue).register(name="Amber cover")
        by_tablet, by_visitor = desk.get("/tablets?sort=tablet"), desk.get("/tablets?sort=visitor")
        assert by_tablet.text.index("Amber cover") < by_tablet.text.index("Blue cover")
        assert by_visitor.text.index("Blue cover") < by_visitor.text.index("Amber cover")
        assert desk.get("/tablets?sort=nonsense").status_code == 200

    def test_a_supervisor_sees_the_own_team_and_an_administrator_all(
        self, app: Flask, ready: Tablet, world: World
    ) -> None:
        olu = Desk(app.test_client()).sign_in(world.olu)
        assert "Blue cover" not in olu.get("/tablets").text
        assert olu.get(f"/tablets/{ready.device_id}/revoke").status_code == 404
        ada = Desk(app.test_client()).sign_in(world.ada)
        ada.get("/tablets").has("Blue cover", world.amira.team.name)

    def test_a_visitor_has_no_such_page(self, app: Flask, world: World) -> None:
        assert Desk(app.test_client()).sign_in(world.amira).get("/tablets").status_code == 403


class TestRevoking:
    def test_it_says_what_will_happen_before_it_does(
        self, desk: Desk, ready: Tablet, session: Session
    ) -> None:
        desk.get(f"/tablets/{ready.device_id}/revoke").has(
            "Revoke “Blue cover” of Amira Khan?",
            "At its next contact it sends the visits that are still on it, and then clears itself.",
            "You can undo this until the tablet has cleared itself.",
        )
        assert count(session, TabletCommandRow) == 0

    def test_a_revoked_tablet_is_listed_with_the_reason(
        self, desk: Desk, ready: Tablet, session: Session
    ) -> None:
        done = desk.post(f"/tablets/{ready.device_id}/revoke", reason="Lost on the bus")
        desk.follow(done).has(
            "The tablet “Blue cover” is revoked.",
            "Revoked: will be cleared at its next contact",
            "Lost on the bus",
        )
        desk.follow(desk.get(f"/tablets/{ready.device_id}/revoke")).has("is revoked already")
        assert count(session, TabletCommandRow) == 1

    @pytest.mark.parametrize(
        ("reason", "words"), [("  ", "Say why the tablet is revoked"), ("x" * 201, "Keep the reason to 200")]
    )
    def test_a_reason_is_asked_for(self, desk: Desk, ready: Tablet, reason: str, words: str) -> None:
        page = desk.post(f"/tablets/{ready.device_id}/revoke", reason=reason)
        assert page.status_code == 422
        page.has("There is a problem", words)

    def test_an_administrator_revokes_any_tablet(self, app: Flask, ready: Tablet, world: World) -> None:
        ada = Desk(app.test_client()).sign_in(world.ada)
        ada.follow(ada.post(f"/tablets/{ready.device_id}/revoke", reason="Sold")).has("is revoked.")

    def test_it_can_be_undone_until_it_has_been_carried_out(
        self, desk: Desk, ready: Tablet, session: Session
    ) -> None:
        desk.post(f"/tablets/{ready.device_id}/revoke", reason="Lost")
        desk.follow(desk.post(f"/tablets/{ready.device_id}/take-back")).has(
            "is no longer revoked and goes on as before", "In order"
        )
        assert ready.register()["commands"] == []
        assert ready.client.get("/sync/v1/changes").status_code == 200
        actions = session.scalars(select(AuditRow.action).where(AuditRow.subject_id == ready.device_id))
        assert {"device_revoked", "device_revoking_undone"} <= set(actions)

    def test_it_cannot_be_undone_once_the_tablet_has_cleared_itself(
        self, desk: Desk, ready: Tablet, session: Session
    ) -> None:
        desk.post(f"/tablets/{ready.device_id}/revoke", reason="Lost")
        [command] = ready.register()["commands"]
        ready.send("POST", f"/sync/v1/commands/{command['id']}/done", {"left": 2})

        desk.get("/tablets").has(
            "Cleared", "2 visits are still on it and could not be sent", "Nothing left to do"
        )
        back = desk.post(f"/tablets/{ready.device_id}/take-back")
        desk.follow(back).has("has already cleared itself")
        assert session.get_one(DeviceRow, ready.device_id).revoked_at is not None

    @pytest.mark.parametrize("address", ["revoke", "take-back"])
    def test_another_teams_tablet_is_nobodys_to_change(
        self, app: Flask, ready: Tablet, world: World, session: Session, address: str
    ) -> None:
        olu = Desk(app.test_client()).sign_in(world.olu)
        assert olu.post(f"/tablets/{ready.device_id}/{address}", reason="Mine").status_code == 404
        assert session.get_one(DeviceRow, ready.device_id).revoked_at is None


class TestImport:
    def test_each_item_is_taken_in_as_a_push_would_be(
        self, desk: Desk, ready: Tablet, world: World, session: Session
    ) -> None:
        before, fresh = ready.revision(world), ready.revision(world)
        ready.push(before)
        broken = {"rev_id": new_id(), "device_seq": 7}
        foreign = ready.envelope(ready.revision(world)) | {"kid": "0" * 16}
        items = [ready.envelope(before), ready.envelope(fresh), broken, foreign]

        page = upload(desk, outbox_file(ready, items=items))

        assert page.status_code == 200
        page.has(
            "Visit 1: Received before",
            "Visit 2: Received",
            "Visit 3: Kept to be sorted out: it could not be read as a visit",
            "Visit 4: Kept, but it could not be opened",
        )
        assert "Maya" not in page.text
        assert session.get(RevisionRow, fresh["rev_id"]) is not None
        assert ready.push(fresh)[0]["result"] == "duplicate"

    def test_who_brought_it_is_on_the_audit_trail(
        self, desk: Desk, ready: Tablet, world: World, session: Session
    ) -> None:
        upload(desk, outbox_file(ready, ready.revision(world)))
        row = session.scalars(select(AuditRow).where(AuditRow.action == "outbox_imported")).one()
        assert (row.account_id, row.subject_id) == (world.sue.id, ready.device_id)
        assert row.detail == "visits=1 drafts=0"

    def test_unfinished_visits_are_kept_for_their_author(
        self, desk: Desk, ready: Tablet, session: Session
    ) -> None:
        draft_id = new_id()
        good = {"id": draft_id} | ready.seal("draft", draft_id, json.dumps({"answers": {}}).encode())
        page = upload(desk, outbox_file(ready, drafts=[good, good | {"id": new_id()}, "nonsense"]))
        page.has(
            "Unfinished visit 1: Kept for its author",
            "Unfinished visit 2: Could not be opened",
            "Unfinished visit 3: Could not be opened",
        )
        assert session.scalars(select(RescuedDraftRow.id)).all() == [draft_id]

    def test_a_file_of_a_revoked_tablet_is_taken_in(
        self, desk: Desk, ready: Tablet, world: World, session: Session
    ) -> None:
        devices.revoke(session, ready.device_id, by=world.sue, reason="Lost", now=datetime.now(UTC))
        upload(desk, outbox_file(ready, ready.revision(world))).has("Visit 1: Received")

    def test_an_administrator_may_and_sees_no_more(self, app: Flask, ready: Tablet, world: World) -> None:
        ada = Desk(app.test_client()).sign_in(world.ada)
        page = upload(ada, outbox_file(ready, ready.revision(world)))
        page.has("Visit 1: Received")
        assert "Maya" not in page.text

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"format": "hvapp-outbox-2"}, "This is not a file that a tablet made."),
            ({"authorization": None}, "The tablet had never been in touch with this service"),
            ({"authorization": "x.y.z"}, "The file was changed after a tablet made it, or comes from"),
            ({"authorization": 3}, "The file was changed after a tablet made it, or comes from"),
            (
                {"device_id": "4d2fead7-f9af-4788-8047-1fe179c131fe"},
                "The file was changed after a tablet made it",
            ),
            ({"items": "none"}, "The file is not whole."),
            ({"drafts": None}, "The file is not whole."),
            ({"items": [{}] * 5001}, "The file holds more than 5,000 visits."),
            ({"items": []}, "There are no visits in the file"),
        ],
        ids=str,
    )
    def test_what_is_wrong_with_a_file_is_said_in_one_sentence(
        self, desk: Desk, ready: Tablet, world: World, session: Session, changes: dict[str, Any], words: str
    ) -> None:
        page = upload(desk, outbox_file(ready, ready.revision(world), **changes))
        assert page.status_code == 422
        page.has("There is a problem", words)
        assert count(session, RevisionRow) == 0

    @pytest.mark.parametrize(
        "content", [b"{}", b"\xff\xfe", b"[]", b"[" * 100_000, b"<html></html>"], ids=lambda one: one[:6]
    )
    def test_what_is_no_file_of_ours(self, desk: Desk, content: bytes) -> None:
        page = upload(desk, content)
        assert page.status_code == 422
        page.has("This is not a file that a tablet made.")

    def test_no_file(self, desk: Desk) -> None:
        page = desk.post("/tablets/import")
        assert page.status_code == 422
        page.has("Choose the file that the tablet saved.")

    def test_a_file_beyond_all_measure(self, desk: Desk) -> None:
        # Written out by hand: the test client would leave a temporary file of such a size open.
        part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="visits.json"\r\n\r\n'
        body = part + b" " * (4 * 1024 * 1024) + b"\r\n--x--\r\n"
        page = Page(
            desk.client.post("/tablets/import", data=body, content_type="multipart/form-data; boundary=x")
        )
        assert page.status_code == 413
        page.has("The file is larger than 4 MB, so nothing was taken in.")

    def test_an_account_that_is_not_here(self, app: Flask, desk: Desk, ready: Tablet, world: World) -> None:
        token = TabletId(ready.device_id, new_id()).token(app.config["HVAPP"].upload_key)
        page = upload(desk, outbox_file(ready, ready.revision(world), authorization=token))
        assert page.status_code == 422
        page.has("The file comes from an account that this service does not have.")
