"""The day as the visitor plans it, with no signal."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page

from hvapp.services import provider
from hvapp.services.database import open_sessions
from hvapp.settings import Settings
from hvapp.store.children import ChildRow
from hvapp.store.transaction import transaction
from tests.e2e.conftest import Stage
from tests.support.browser import Browser, violations
from tests.support.expecting import expect
from tests.support.tablet_page import TabletPage
from tests.support.world import PASSWORD, add_child, add_pregnancy

pytestmark = pytest.mark.browser

NAME = "Maya Marlow"
OTHER = "Rosa Field"
COLLEAGUES, NOBODYS = "Zara Lowe", "Otis Hale"
SAFEGUARDING = "Acre Valley safeguarding team"
RISK = "Large dog. Ask for it to be shut away."


def act(words: str, name: str) -> re.Pattern[str]:
    """A button of a row, whose name goes on with whom it is about."""
    return re.compile(rf"^{words}\s?: {name}$")


def take_hold(page: Page, planned: Locator, name: str, over: str) -> None:
    """Takes the row of one by its handle, and holds it over the row of another."""
    planned.locator(".app-row", has_text=name).locator(".app-row__handle").hover()
    page.mouse.down()
    # While a row is held, none is drawn anew.
    there = planned.locator(".app-row", has_text=over).bounding_box()
    assert there
    page.mouse.move(there["x"] + 40, there["y"] + 30, steps=4)


def test_a_day_is_planned_offline_with_its_risks_read_before_going_in(
    stage: Stage, new_browser: Callable[[str], Browser], shots: Callable[[Page, str], None]
) -> None:
    settings = Settings(secret_key="only for tests", database_url=f"sqlite:///{stage.home / 'hvapp.db'}")
    with open_sessions(settings)() as session:
        world = stage.world
        add_pregnancy(session, world)
        zara, otis = (
            add_child(session, world, name, world.born - timedelta(days=days), birth_weight="3.400")[0]
            for name, days in ((COLLEAGUES, 10), (NOBODYS, 12))
        )
        with transaction(session):
            child = session.get_one(ChildRow, stage.world.child_id)
            child.staff_risk, child.staff_risk_review_by = RISK, date(2020, 1, 31)
            child.two_person_visit = child.child_protection_plan = True
            session.get_one(ChildRow, zara).named_visitor_id = world.ben.id
            session.get_one(ChildRow, otis).named_visitor_id = None
        provider.change_settings(
            session,
            by=world.ada,
            now=datetime.now(UTC),
            sharing=[world.amira.team.id],
            safeguarding_name=SAFEGUARDING,
            safeguarding_phone="01632 960 900",
            home_vaccination=False,
            growth_method="digital",
        )
        session.get_bind().dispose()  # type: ignore[union-attr]
    tablet = TabletPage(new_browser("tablet").start(), stage.url).open()
    tablet.set_up(stage.world.amira.email, PASSWORD)
    page = tablet.page
    stage.server.stop()
    wide = page.viewport_size
    assert wide is not None
    found: list[str] = []

    # The row says what to know; the address is for whoever opens the record
    tablet.go("Caseload")
    row = page.locator(".app-row", has_text=NAME)
    for words in ("Staff risk", "Two-person visit", "Child protection plan", "Universal", "No contact yet"):
        expect(row).to_contain_text(words)
    expect(row).not_to_contain_text("Acre Road")
    page.get_by_role("button", name="Name", exact=True).click()
    expect(page.locator(".app-row__link").first).to_have_text(OTHER)
    shots(page, "plan-caseload")
    found += violations(page)

    # It opens with one's own; a colleague's and nobody's are a press away and say whose they are
    expect(page.locator(".app-row__link")).to_have_text([OTHER, NAME])
    page.get_by_role("searchbox").fill("Zara")
    expect(
        page.get_by_text("Nobody here matches. Check the spelling, or choose All and Team.")
    ).to_be_visible()
    whose = page.get_by_role("group", name="Whose")
    expect(whose.get_by_role("button")).to_have_text(["Mine (2)", "Team (4)", "Unallocated (1)"])
    page.set_viewport_size({"width": 320, "height": 800})
    page.emulate_media(color_scheme="dark")
    whose.get_by_role("button", name="Team").focus()
    page.keyboard.press("Enter")
    expect(whose.get_by_role("button", name="Team")).to_be_focused()
    expect(page.locator(".app-row", has_text=COLLEAGUES)).to_contain_text("Visitor: Ben Osei")
    page.get_by_role("searchbox").fill("")
    page.get_by_role("button", name="Overdue (2)").click()
    whose.get_by_role("button", name="Unallocated").click()
    expect(page.locator(".app-row")).to_contain_text([NOBODYS])
    expect(page.locator(".app-row")).to_contain_text(["Allocated to nobody"])
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    shots(page, "plan-unallocated")
    found += violations(page)
    page.get_by_role("button", name="All (1)").click()
    whose.get_by_role("button", name="Mine").click()
    page.set_viewport_size(wide)
    page.emulate_media(color_scheme="light")
    tablet.go("Today")
    expect(page.locator("h1")).to_have_text("Today")
    for name in (COLLEAGUES, NOBODYS):
        expect(page.locator(".app-row", has_text=name)).to_have_count(0)

    # Whom to ring about a child is known with no signal, and stands with an alert; a service not given is not offered
    tablet.open_child(NAME)
    ring = page.get_by_role("link", name="01632 960 900")
    expect(ring).to_have_attribute("href", "tel:01632960900")
    expect(page.get_by_text(f"{SAFEGUARDING}, ")).to_be_visible()
    found += violations(page)
    tablet.start_visit()
    tablet.open_section("Safeguarding")
    tablet.answer("bruise_nonmobile", True)
    alert = tablet.field("bruise_nonmobile").locator("[data-alert]")
    expect(alert).to_contain_text(f"Ring: {SAFEGUARDING}, 01632 960 900")
    found += violations(page)
    tablet.open_section("Immunisations")
    expect(tablet.field("imm_decision").get_by_role("radio")).to_have_count(4)
    tablet.check()
    expect(ring.first).to_be_visible()
    found += violations(page)
    page.get_by_role("link", name="Back to the visit").click()
    page.get_by_role("link", name="Back to the record").click()

    # Two are planned, and put in another order
    for name, time in ((OTHER, "10:00"), (NAME, "")):
        tablet.open_child(name)
        page.get_by_text("Record another contact").click()
        expect(page.get_by_role("button", name="Record no access")).to_be_visible()
        page.get_by_role("button", name="Add to today’s plan").click()
        if time:
            page.get_by_label("Time", exact=True).fill(time)
        found += violations(page)
        page.get_by_role("button", name="Save").click()
    tablet.go("Today")
    planned = page.locator("section", has=page.get_by_role("heading", name="Planned visits"))
    expect(planned.locator(".app-row__link")).to_have_text([OTHER, NAME])
    take_hold(page, planned, NAME, OTHER)
    expect(page.locator('[data-region="announce"]')).to_have_text(f"{NAME} is now 1 of 2")
    page.keyboard.press("Escape")
    page.mouse.up()
    expect(page.locator('[data-region="announce"]')).to_have_text(f"{NAME} was not moved")
    expect(planned.locator(".app-row__link")).to_have_text([OTHER, NAME])
    take_hold(page, planned, NAME, OTHER)
    shots(page, "plan-dragged")
    page.mouse.up()
    expect(planned.locator(".app-row__link")).to_have_text([NAME, OTHER])
    planned.get_by_role("button", name="Undo the last change to the plan").click()
    expect(planned.locator(".app-row__link")).to_have_text([OTHER, NAME])
    planned.get_by_role("button", name=act("Move up", NAME)).click()
    expect(planned.locator(".app-row__link")).to_have_text([NAME, OTHER])
    planned.get_by_role("button", name=act("Remove", OTHER)).click()
    expect(planned.locator(".app-row__link")).to_have_text([NAME])
    planned.get_by_role("button", name="Undo the last change to the plan").click()
    expect(planned.locator(".app-row__link")).to_have_text([NAME, OTHER])

    # The risk is read before going in, and once
    planned.get_by_role("button", name=act("Arrived", NAME)).click()
    sheet = page.get_by_role("dialog")
    expect(sheet).to_contain_text("Go in twos. Large dog.")
    expect(sheet).to_contain_text("ask your team whether it still holds")
    shots(page, "plan-risk")
    found += violations(page)
    sheet.get_by_role("button", name="I have read this").click()
    expect(planned.locator(".app-row").first).to_contain_text("There for 0 minutes")

    # It is all there after the tablet was shut
    page.reload()
    tablet.unlock()
    tablet.go("Today")
    expect(planned.locator(".app-row__link")).to_have_text([NAME, OTHER])
    expect(planned.locator(".app-row").last).to_contain_text("10:00, 60 minutes")
    planned.get_by_role("button", name=act("Left", NAME)).click()
    expect(planned.locator(".app-row").first).to_contain_text(re.compile(r"Left \d\d:\d\d"))
    shots(page, "plan-today")
    found += violations(page)
    assert (found, tablet.trouble) == ([], [])
