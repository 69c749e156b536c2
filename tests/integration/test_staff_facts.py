"""What staff have to know before they go in: read for a reason, set by a supervisor, known to the visitor's tablet."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from hvapp.services import children
from hvapp.store.audit import AuditRow
from hvapp.store.children import ChildRow
from tests.support.client import Tablet
from tests.support.desk import Desk, Page
from tests.support.staff_facts import REASON, TODAY, given
from tests.support.world import World, add_record


@pytest.fixture
def desk(app: Flask, world: World) -> Desk:
    return Desk(app.test_client()).sign_in(world.sue)


def address(world: World) -> str:
    return f"/children/{world.child_id}/staff-facts"


def opened(desk: Desk, world: World) -> Page:
    return desk.post(f"{address(world)}/open", reason=REASON)


def told(tablet: Tablet, cursor: str = "") -> dict:
    [item] = [one for one in tablet.pull(cursor)["items"] if one["type"] == "child"]
    return dict(item["body"])


def test_a_supervisor_sets_them_and_the_tablet_hears_of_it(
    desk: Desk, tablet: Tablet, world: World, session: Session
) -> None:
    cursor = tablet.pull()["cursor"]
    desk.get(f"/children/{world.child_id}").has("What staff have to know", "Read or change it")
    page = opened(desk, world)
    page.has("Two people have to go", "Child protection plan")

    saved = desk.post(address(world), **given(page))

    desk.follow(saved).has("Saved. The visitor’s tablet has it when it next has a connection.")
    body = told(tablet, cursor)
    assert (body["two_person_visit"], body["two_person_reason"]) == (True, "Threats to a colleague in May")
    assert body["staff_risk_review_by"] == (TODAY + timedelta(days=60)).isoformat()
    assert (body["child_protection_plan"], body["child_in_need_plan"]) == (True, False)
    assert (TODAY - timedelta(days=7)).isoformat() not in str(body)
    entries = {
        one.action: one
        for one in session.scalars(select(AuditRow).where(AuditRow.subject_id == world.child_id))
    }
    assert entries["restricted_opened"].detail == REASON
    changed = entries["staff_facts_changed"]
    assert changed.account_id == world.sue.id
    assert changed.detail == "two_person_visit, two_person_reason, staff_risk_review_by, plan, plan_from"

    # The plan goes on under another name, and ends
    page = opened(desk, world)
    desk.post(address(world), **given(page, plan="child_in_need", plan_from=TODAY))
    body = told(tablet, cursor)
    assert (body["child_protection_plan"], body["child_in_need_plan"]) == (False, True)
    page = opened(desk, world)
    desk.post(address(world), **given(page, plan="child_in_need", plan_from=TODAY, plan_to=TODAY))
    body = told(tablet, cursor)
    assert (body["child_protection_plan"], body["child_in_need_plan"]) == (False, False)
    assert f'value="{TODAY.year}"' in opened(desk, world).html


def test_they_are_closed_until_there_is_a_reason_and_open_to_no_one_else(
    app: Flask, desk: Desk, world: World, session: Session
) -> None:
    child = session.get_one(ChildRow, world.child_id)
    child.staff_risk, child.plan_from, child.child_protection_plan = "Knife in the hall.", TODAY, True
    session.commit()

    closed = desk.get(address(world))
    closed.has("Why you need to read or change them")
    assert "Knife" not in closed.html
    refused = desk.post(f"{address(world)}/open", reason=" ")
    assert refused.status_code == 422 and "Knife" not in refused.html
    page = opened(desk, world)
    assert "Knife in the hall." in page.html
    assert page.response.headers["Cache-Control"] == "no-store"
    # Known from before there were dates, it is a child protection plan
    assert 'value="child_protection" checked' in page.html
    for other in (world.ada, world.amira):
        assert Desk(app.test_client()).sign_in(other).get(address(world)).status_code == 403


@pytest.mark.parametrize(
    ("changes", "words", "field"),
    [
        ({"two_person_reason": " "}, "Say why two people go", "two_person_reason"),
        ({"two_person_reason": "x" * 301}, "Use at most 300 characters", "two_person_reason"),
        ({"two_person_visit": "no"}, "Choose yes, or clear why two people go", "two_person_visit"),
        ({"review_by": None}, "Enter the day by which this is to be looked at again", "review_by-day"),
        ({"review_by": TODAY - timedelta(days=1)}, "must be within a year", "review_by-day"),
        ({"review_by": TODAY + timedelta(days=367)}, "must be within a year", "review_by-day"),
        ({"review_by-day": "32"}, "Enter the day to look at it again as a real date", "review_by-day"),
        ({"two_person_visit": "no", "two_person_reason": ""}, "nothing to look at again", "review_by-day"),
        ({"plan": "none"}, "Choose which plan the dates are about", "plan"),
        ({"plan": "other"}, "Choose which plan there is", "plan"),
        ({"plan_from": TODAY + timedelta(days=1)}, "cannot begin in the future", "plan_from-day"),
        ({"plan_to": TODAY + timedelta(days=1)}, "once it has ended", "plan_to-day"),
        ({"plan_to": TODAY - timedelta(days=8)}, "cannot end before it began", "plan_to-day"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    desk: Desk, tablet: Tablet, world: World, changes: dict, words: str, field: str
) -> None:
    page = desk.post(address(world), **given(opened(desk, world), **changes))

    assert page.status_code == 422
    page.has("There is a problem", words)
    assert f"#{field}" in page.addresses
    if "two_person_reason" not in changes:
        assert 'value="Threats to a colleague in May"' in page.html
    assert told(tablet)["two_person_visit"] is False


def test_what_a_colleague_changed_meanwhile_is_not_undone(desk: Desk, tablet: Tablet, world: World) -> None:
    before = opened(desk, world)
    desk.post(address(world), **given(before))

    late = desk.post(address(world), **given(before, two_person_reason="Something else"))

    assert late.status_code == 409
    late.has("Somebody else has changed this meanwhile, so nothing was changed.")
    assert 'value="Something else"' in late.html
    assert told(tablet)["two_person_reason"] == "Threats to a colleague in May"


def test_joining_records_loses_no_warning(tablet: Tablet, world: World, session: Session) -> None:
    duplicate = add_record(
        session,
        world,
        None,
        "Maya",
        two_person_visit=True,
        two_person_reason="Threats in May",
        staff_risk="Large dog.",
        plan="child_protection",
        child_protection_plan=True,
        plan_from=TODAY,
    )
    session.commit()

    children.merge_children(
        session, keep_id=world.child_id, duplicate_id=duplicate, by=world.sue, now=datetime.now(UTC)
    )

    body = told(tablet)
    assert body["two_person_visit"] and body["child_protection_plan"]
    assert (body["two_person_reason"], body["staff_risk"]) == ("Threats in May", "Large dog.")
