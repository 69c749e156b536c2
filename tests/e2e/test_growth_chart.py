"""The growth chart: from the record and from a visit, with no signal, by keyboard, in every light, small, printed."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Stage
from tests.support.browser import Browser, violations
from tests.support.tablet_page import TabletPage
from tests.support.world import PASSWORD

pytestmark = pytest.mark.browser

NAME = "Maya Marlow"
NewBrowser = Callable[[str], Browser]
Shots = Callable[[Page, str], None]
CENTILES = ["0.4th", "2nd", "9th", "25th", "50th", "75th", "91st", "98th", "99.6th"]


def change_child(
    stage: Stage, measurements: list[tuple[str, str, int]], birth_weight: str = "3.010", **person: Any
) -> None:
    """Rewrites the one child of the small world: what was measured when (days from birth), and who it is."""
    with closing(sqlite3.connect(stage.home / "hvapp.db")) as db, db:
        for column, value in person.items():
            table = "child" if column == "gestation_days" else "person"
            db.execute(f"update {table} set {column} = ? where id = ?", (str(value), stage.world.child_id))
        born = person.get("birth_date", stage.world.born)
        db.execute("update measurement set measured_on = ?, value = ?", (str(born), birth_weight))
        for index, (kind, value, days) in enumerate(measurements):
            db.execute(
                "insert into measurement (id, child_id, kind, value, measured_on, at_birth, recorded_at)"
                " select ?, child_id, ?, ?, ?, 0, recorded_at from measurement limit 1",
                (f"00000000-0000-7000-8000-{index:012d}", kind, value, str(born + timedelta(days=days))),
            )


def ready(stage: Stage, browser: Browser, **more: Any) -> TabletPage:
    tablet = TabletPage(browser.start(**more), stage.url).open()
    tablet.set_up(stage.world.amira.email, PASSWORD)
    return tablet


def open_chart(tablet: TabletPage) -> None:
    tablet.open_child(NAME)
    tablet.page.get_by_role("link", name="Growth chart").click()
    tablet.heading("Growth chart")
    expect(tablet.page.get_by_role("img", name=re.compile(" chart, from "))).to_be_visible()


def expect_whole(page: Page) -> None:
    """Nothing is wider than the screen, and axe has nothing to say."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == []


def test_a_preterm_baby_with_no_signal(stage: Stage, new_browser: NewBrowser, shots: Shots) -> None:
    # Given a girl born at 31 weeks and 6 days, weighed often, and no signal
    born = stage.world.born - timedelta(days=230)
    weights = [
        ("weight", "1.720", 7),
        ("weight", "2.310", 30),
        ("weight", "4.400", 90),
        ("weight", "7.1", 220),
    ]
    heads = [("ofc", "29.5", 7), ("ofc", "42.5", 220), ("length", "64.2", 220)]
    change_child(stage, weights + heads, birth_weight="1.620", birth_date=born, gestation_days=31 * 7 + 6)
    tablet = ready(stage, new_browser("tablet"))
    page = tablet.page
    stage.server.stop()

    # When the chart is opened, the nine lines stand there in three parts, and each point at both ages
    open_chart(tablet)
    chart = page.get_by_role("img", name=re.compile("^Weight chart, from 29 weeks of gestation"))
    expect(chart).to_have_accessible_name(
        re.compile(r"5 measurements, the last 7\.1 kg on .*centile\. All are in")
    )
    for name in CENTILES:
        expect(chart.get_by_text(name, exact=True)).to_have_count(1)
    expect(chart.locator(".app-chart__line")).to_have_count(9 * 2)
    expect(chart.locator(".app-chart__line--dashed")).to_have_count(5 * 2)
    expect(chart.locator(".app-chart__dot")).to_have_count(5)
    expect(chart.locator(".app-chart__cross")).to_have_count(5)
    expect(page.get_by_text("Corrected for 31 weeks and 6 days (digital method)")).to_be_visible()
    expect(page.get_by_text("from UK 1990 to WHO")).to_be_visible()

    # and the same as a table, newest first
    rows = page.get_by_role("region", name="Measurements on this chart").get_by_role("row")
    expect(rows).to_have_count(6)
    expect(rows.nth(1)).to_contain_text("7.1 kg")
    expect(rows.nth(1)).to_contain_text(re.compile(r"7 months.*23 weeks and 2 days.*centile.*[−+]\d\.\d\d"))
    expect(rows.nth(5)).to_contain_text(re.compile(r"1\.62 kg.*At birth.*31 weeks and 6 days gestation"))
    shots(page, "chart-01-around-the-points")
    expect_whole(page)

    # By keyboard: shorter, later, the whole
    page.get_by_role("button", name="Zoom in").focus()
    page.keyboard.press("Enter")
    expect(chart).to_have_count(0)
    page.keyboard.press("0")
    expect(page.get_by_role("img")).to_have_accessible_name(
        re.compile("^Weight chart, from 29 weeks of gestation to 5 years")
    )
    expect(page.get_by_role("img").locator(".app-chart__line")).to_have_count(9 * 4)
    shots(page, "chart-02-whole")
    expect_whole(page)

    # One age only, and not joined
    page.get_by_role("button", name="Corrected age").press("Enter")
    expect(page.get_by_role("button", name="Corrected age")).to_be_focused()
    expect(page.locator(".app-chart__dot")).to_have_count(0)
    page.get_by_role("button", name="Join the measurements").click()
    expect(page.locator(".app-chart__joined")).to_have_count(0)

    # The others: head, length; no body mass index under two years
    page.get_by_role("button", name="Length and height").click()
    expect(page.get_by_role("img")).to_have_accessible_name(re.compile("1 measurement, the last 64.2 cm"))
    page.get_by_role("button", name="Head circumference").click()
    expect(page.get_by_role("img")).to_have_accessible_name(re.compile("2 measurements, the last 42.5 cm"))
    expect(page.get_by_role("button", name="BMI")).to_have_count(0)
    page.get_by_role("button", name="Both ages").click()
    shots(page, "chart-03-head")

    # In the dark, in the colours of the system, on a small screen
    page.get_by_role("button", name="Weight", exact=True).click()
    page.emulate_media(color_scheme="dark")
    shots(page, "chart-04-dark")
    expect_whole(page)
    page.emulate_media(color_scheme="light", forced_colors="active")
    shots(page, "chart-05-forced-colours")
    page.emulate_media(forced_colors="none")
    page.set_viewport_size({"width": 320, "height": 640})
    expect(page.locator("svg.app-chart")).to_have_attribute("viewBox", re.compile(r"^0 0 2\d\d(\.\d+)? "))
    shots(page, "chart-06-small")
    expect_whole(page)

    # On paper: whose it is, and nothing of what the banner says about the family
    page.set_viewport_size({"width": 768, "height": 1024})
    page.emulate_media(media="print")
    expect(page.get_by_text(f"{NAME}, born ", exact=False)).to_be_visible()
    expect(page.get_by_role("region", name="Who this is about")).to_be_hidden()
    expect(page.get_by_role("button", name="Zoom in")).to_be_hidden()
    shots(page, "chart-07-paper")
    page.emulate_media(media="screen")

    page.get_by_role("link", name="Back to the record").click()
    expect(page.get_by_role("heading", name="What is due")).to_be_visible()
    assert tablet.trouble == []


def test_from_a_measurement_of_the_visit(stage: Stage, new_browser: NewBrowser, shots: Shots) -> None:
    tablet = ready(stage, new_browser("tablet"))
    page = tablet.page
    tablet.open_child(NAME)
    tablet.start_visit()
    tablet.open_section("Growth")
    tablet.answer("weight_kg", "3.180")
    stage.server.stop()

    tablet.field("weight_kg").get_by_role("link", name="Growth chart").click()
    tablet.heading("Growth chart")
    rows = page.get_by_role("region", name="Measurements on this chart").get_by_role("row")
    expect(rows.nth(1)).to_contain_text(re.compile(r"this visit.*3\.18 kg"))
    expect(page.locator(".app-chart__dot")).to_have_count(2)
    expect(page.get_by_text("A loss of more than 10% of the birth weight")).to_be_visible()
    shots(page, "chart-08-from-a-visit")
    expect_whole(page)

    page.get_by_role("link", name="Back to the visit").click()
    expect(tablet.field("weight_kg").locator("input").first).to_have_value("3.180")
    assert tablet.trouble == []


def test_a_child_of_three_has_a_body_mass_index(stage: Stage, new_browser: NewBrowser, shots: Shots) -> None:
    measured = [
        ("weight", "12.4", 740),
        ("height", "86.0", 740),
        ("weight", "14.3", 1100),
        ("height", "95.5", 1100),
    ]
    change_child(stage, measured, birth_date=stage.world.born - timedelta(days=1100), gestation_days=280)
    tablet = ready(stage, new_browser("tablet"))
    page = tablet.page
    open_chart(tablet)
    page.get_by_role("button", name="BMI").click()
    expect(page.get_by_role("img")).to_have_accessible_name(
        re.compile(r"2 measurements, the last 15\.7 kg/m²")
    )
    expect(page.get_by_role("button", name="Both ages")).to_have_count(0)
    page.get_by_role("button", name="Length and height").click()
    expect(page.get_by_role("cell", name="The same")).to_have_count(2)
    page.get_by_role("button", name="Whole chart").click()
    expect(page.get_by_text("at 2 years from measuring lying to measuring standing")).to_be_visible()
    shots(page, "chart-09-height-steps-at-two")
    expect_whole(page)
    assert tablet.trouble == []


def test_with_no_sex_recorded_there_are_points_and_no_lines(
    stage: Stage, new_browser: NewBrowser, shots: Shots
) -> None:
    change_child(stage, [("weight", "3.2", 10)], sex="not_known")
    tablet = ready(stage, new_browser("tablet"))
    page = tablet.page
    open_chart(tablet)
    expect(page.get_by_text("No reference: the charts need the child’s sex")).to_be_visible()
    expect(page.locator(".app-chart__line")).to_have_count(0)
    expect(page.locator(".app-chart__cross")).to_have_count(2)
    rows = page.get_by_role("region", name="Measurements on this chart").get_by_role("row")
    expect(rows.nth(1)).to_contain_text("No reference: The charts need the child's sex")
    shots(page, "chart-10-no-sex")
    expect_whole(page)
    assert tablet.trouble == []
