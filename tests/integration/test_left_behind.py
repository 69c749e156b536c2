"""What waits for people who may not come back is counted where supervisors and administrators look."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.orm import Session

from hvapp.store.accounts import AccountRow
from hvapp.store.drafts import RescuedDraftRow
from tests.support.client import Tablet, new_id
from tests.support.desk import Desk
from tests.support.world import World

PAGES = ("/tablets", "/sort")
TITLE = "Waiting for people who may not come back"


@pytest.fixture
def desk(app: Flask, world: World) -> Desk:
    return Desk(app.test_client()).sign_in(world.sue)


def switch_off(session: Session, world: World) -> None:
    session.execute(update(AccountRow).where(AccountRow.id == world.amira.id).values(active=False))
    session.commit()


def keep_draft(tablet: Tablet, session: Session, *, days_ago: int = 0) -> str:
    draft_id = new_id()
    answer = tablet.send(
        "PUT",
        f"/sync/v1/drafts/{draft_id}",
        tablet.seal("draft", draft_id, json.dumps({"answers": {"child_voice": "CANARY"}}).encode()),
    )
    assert answer.json["result"] == "kept"
    session.execute(update(RescuedDraftRow).values(kept_at=datetime.now(UTC) - timedelta(days=days_ago)))
    session.commit()
    return draft_id


@pytest.mark.parametrize("url", PAGES)
def test_with_nothing_left_behind_nothing_is_said(
    desk: Desk, tablet: Tablet, session: Session, url: str
) -> None:
    tablet.push({"what": "nonsense"})
    keep_draft(tablet, session, days_ago=6)

    assert TITLE not in desk.get(url).text


@pytest.mark.parametrize("url", PAGES)
def test_items_and_drafts_of_an_account_that_is_switched_off(
    desk: Desk, tablet: Tablet, world: World, session: Session, url: str
) -> None:
    tablet.push({"what": "nonsense"}, {"what": "more of it"})
    keep_draft(tablet, session)
    switch_off(session, world)

    page = desk.get(url)

    page.has(
        TITLE,
        "Amira Khan Account switched off",
        "2 items could not be filed",
        "1 unfinished visit is kept sealed",
        "switch the account on again",
        "connect the tablet",
    )
    assert "CANARY" not in page.html


@pytest.mark.parametrize("url", PAGES)
def test_a_draft_that_its_author_has_not_come_back_for_in_a_week(
    desk: Desk, tablet: Tablet, session: Session, url: str
) -> None:
    draft_id = keep_draft(tablet, session, days_ago=8)

    page = desk.get(url)
    page.has(TITLE, "Amira Khan", "1 unfinished visit is kept sealed", "sign in on a tablet")
    assert "Account switched off" not in page.text

    assert tablet.post(f"/sync/v1/drafts/{draft_id}/taken", {}).status_code == 200
    assert TITLE not in desk.get(url).text


def test_what_a_supervisor_has_dealt_with_is_not_counted(
    desk: Desk, tablet: Tablet, world: World, session: Session
) -> None:
    tablet.push({"what": "nonsense"})
    switch_off(session, world)
    [pile] = [one for one in desk.get("/sort").addresses if one.startswith("/sort/pile")]
    fields = dict(part.partition("=")[::2] for part in pile.partition("?")[2].split("&"))

    desk.post("/sort/pile", why="Spoke to her", **fields)

    assert TITLE not in desk.get("/tablets").text


def test_another_team_does_not_see_it_and_an_administrator_sees_all(
    app: Flask, tablet: Tablet, world: World, session: Session
) -> None:
    keep_draft(tablet, session, days_ago=8)

    for url in PAGES:
        assert TITLE not in Desk(app.test_client()).sign_in(world.olu).get(url).text
    Desk(app.test_client()).sign_in(world.ada).get("/tablets").has(TITLE, "Amira Khan", "North")
