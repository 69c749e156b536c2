"""Service settings: set by an administrator, told to every tablet, and what was recorded keeps its growth method."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from hvapp.domain.ages import civil_date
from hvapp.domain.growth import assess, derived_value
from hvapp.store.accounts import AccountRow, ProviderRow, TeamRow
from hvapp.store.audit import AuditRow
from hvapp.store.children import PersonRow
from tests.support.client import Tablet, seal
from tests.support.desk import Desk
from tests.support.world import World

PAGE = "/admin/service"
GIVEN = {
    "safeguarding_name": "Acre Valley safeguarding team",
    "safeguarding_phone": "01632 960 900",
    "home_vaccination": "yes",
    "growth_method": "paper",
}


@pytest.fixture
def desk(app: Flask, world: World) -> Desk:
    return Desk(app.test_client()).sign_in(world.ada)


def test_until_they_are_set_the_page_and_the_tablets_say_so(desk: Desk, tablet: Tablet) -> None:
    desk.get(PAGE).has("No safeguarding phone number is set", "Not changed yet")
    assert tablet.pull()["service"] == {
        "safeguarding_name": "",
        "safeguarding_phone": "",
        "home_vaccination": False,
        "growth_method": "digital",
    }


def test_a_change_reaches_every_tablet_of_the_provider_and_the_audit_trail(
    app: Flask,
    desk: Desk,
    tablet: Tablet,
    tablet_of: Callable[..., Tablet],
    world: World,
    session: Session,
) -> None:
    other = TeamRow(provider=ProviderRow(name="Elsewhere", ods_code="Y1Y"), name="Far", phone="")
    session.add(other)
    session.flush()
    session.get_one(AccountRow, world.ben.id).team_id = other.id
    session.commit()
    cursor = tablet.pull()["cursor"]

    saved = desk.post(PAGE, **GIVEN)

    page = desk.follow(saved)
    page.has("Saved. Tablets have it when they next have a connection.", "Last changed by Ada Quill,")
    assert 'value="01632 960 900"' in page.html
    told = GIVEN | {"home_vaccination": True}
    assert tablet.pull(cursor)["service"] == told
    assert tablet_of(world.olu).pull()["service"] == told
    assert tablet_of(world.ben).pull()["service"]["safeguarding_phone"] == ""
    [entry] = session.scalars(select(AuditRow).where(AuditRow.action == "service_settings_changed"))
    assert (entry.account_id, entry.subject_type) == (world.ada.id, "provider")
    assert "growth_method: 'digital' to 'paper'" in (entry.detail or "")
    assert "home_vaccination: False to True" in (entry.detail or "")

    desk.follow(desk.post(PAGE, **GIVEN)).has("Nothing was different, so nothing was changed.")
    assert len(session.scalars(select(AuditRow).where(AuditRow.action == entry.action)).all()) == 1


@pytest.mark.parametrize(
    ("changes", "words", "field"),
    [
        ({"safeguarding_name": "  "}, "Enter what the safeguarding team is called", "safeguarding_name"),
        ({"safeguarding_name": "x" * 101}, "must be 100 characters or fewer", "safeguarding_name"),
        ({"safeguarding_phone": ""}, "Enter the safeguarding team’s phone number", "safeguarding_phone"),
        ({"safeguarding_phone": "ring Sue"}, "Enter the safeguarding team’s phone", "safeguarding_phone"),
        ({"safeguarding_phone": "99"}, "Enter the safeguarding team’s phone", "safeguarding_phone"),
        ({"safeguarding_phone": "1" * 16}, "Enter the safeguarding team’s phone", "safeguarding_phone"),
        ({"growth_method": ""}, "Choose how growth is corrected for gestation", "growth_method"),
        ({"growth_method": "other"}, "Choose how growth is corrected", "growth_method"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    desk: Desk, tablet: Tablet, changes: dict[str, str], words: str, field: str
) -> None:
    page = desk.post(PAGE, **GIVEN | changes)

    assert page.status_code == 422
    page.has("There is a problem", words)
    assert f"#{field}" in page.addresses
    assert page.title.startswith("Error: Service settings")
    kept = next(name for name in ("safeguarding_phone", "safeguarding_name") if name not in changes)
    assert f'value="{GIVEN[kept]}"' in page.html
    assert tablet.pull()["service"]["safeguarding_phone"] == ""


@pytest.mark.parametrize("number", ["2222", "+44 (1632) 960-001", "01632 960 001"])
def test_numbers_as_they_are_written(desk: Desk, tablet: Tablet, number: str) -> None:
    desk.post(PAGE, **GIVEN | {"safeguarding_phone": number})

    assert tablet.pull()["service"]["safeguarding_phone"] == number


@pytest.mark.parametrize(("said", "flags"), [("paper", []), ("digital", ["growth_differs"])])
def test_a_visit_is_rechecked_by_the_method_it_was_recorded_with(
    desk: Desk,
    tablet: Tablet,
    world: World,
    app: Flask,
    session: Session,
    judge: Callable[[], int],
    said: str,
    flags: list[str],
) -> None:
    """Whatever the service has chosen since. At 37 weeks paper charts correct nothing."""
    desk.post(PAGE, **GIVEN | {"growth_method": "digital"})
    born = world.born - timedelta(days=10)
    session.get_one(PersonRow, world.child_id).birth_date = born
    session.commit()
    revision = tablet.revision(world)
    on = civil_date(datetime.fromisoformat(revision["occurred_at"]))
    shown = assess("weight", Decimal("3.180"), on, born, "female", 261, "paper")
    revision["payload"]["derived"] = {"weight_kg": derived_value(shown)}
    revision["payload"]["context"] |= {"growth_method": said}
    sent = seal(revision)
    tablet.push(sent)
    assert judge() == 1

    ours = [one for one in tablet.visit(sent["visit_id"])["flags"] if one == "growth_differs"]
    assert ours == flags
    words = (
        "Age as on paper charts (paper method)" if said == "paper" else "Age corrected for gestation (digital"
    )
    Desk(app.test_client()).sign_in(world.sue).get(f"/review/{sent['visit_id']}").has(words)
