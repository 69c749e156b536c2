"""The pages on which two people record that a child has died, or a pregnancy has ended, in a real browser."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from hvapp.extensions import db
from tests.e2e.conftest import Stage
from tests.e2e.desk import ZOOMED, app_of, look, sign_in, watch
from tests.support.browser import Browser
from tests.support.world import add_pregnancy

pytestmark = pytest.mark.browser


def test_two_people_record_it_and_one_takes_it_back_at_every_width(
    stage: Stage,
    new_browser: Callable[[str], Browser],
    shots: Callable[[Page, str], None],
) -> None:
    page = new_browser("desk").start(ZOOMED)
    trouble = watch(page)

    # One records it
    sign_in(page, stage, "sue")
    page.goto(f"{stage.url}/children/{stage.world.child_id}")
    look(page, shots, "deaths-record")
    page.get_by_role("link", name="Record that the child has died").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_contain_text("Enter the date of death")
    look(page, shots, "deaths-date")
    today = datetime.now(UTC).date()
    for label, value in (("Day", today.day), ("Month", today.month), ("Year", today.year)):
        page.get_by_label(label, exact=True).fill(str(value))
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Has Maya Marlow died?")).to_be_visible()
    look(page, shots, "deaths-check")
    page.get_by_role("button", name="Yes, record it").click()
    expect(page.get_by_role("heading", name="Waiting for a second person")).to_be_visible()
    look(page, shots, "deaths-own")
    page.get_by_role("button", name="Sign out").click()

    # Another confirms it
    sign_in(page, stage, "ada")
    look(page, shots, "deaths-notice")
    page.get_by_role("link", name="To confirm: 1").click()
    look(page, shots, "deaths-list")
    page.get_by_role("link", name="Maya Marlow, born").click()
    look(page, shots, "deaths-confirm")
    page.get_by_role("button", name="Confirm that Maya Marlow has died").click()
    expect(page.get_by_text("No contact is due for the child any more.")).to_be_visible()
    look(page, shots, "deaths-confirmed")

    # It was a mistake
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_role("alert")).to_contain_text("Say why")
    look(page, shots, "deaths-undo")
    page.get_by_label("Why").fill("Recorded for another child")
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_text("The child is on the lists again")).to_be_visible()
    assert trouble == []


def test_a_pregnancy_that_has_ended_at_every_width(
    stage: Stage,
    new_browser: Callable[[str], Browser],
    shots: Callable[[Page, str], None],
) -> None:
    with app_of(stage).app_context():
        pregnancy_id = add_pregnancy(db.session, stage.world)
    page = new_browser("desk").start(ZOOMED)
    trouble = watch(page)

    # One records it
    sign_in(page, stage, "sue")
    page.goto(f"{stage.url}/pregnancies/{pregnancy_id}")
    look(page, shots, "ends-record")
    page.get_by_role("link", name="Record that it has ended").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_contain_text("Enter the day it ended")
    look(page, shots, "ends-date")
    today = datetime.now(UTC).date()
    for label, value in (("Day", today.day), ("Month", today.month), ("Year", today.year)):
        page.get_by_label(label, exact=True).fill(str(value))
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Has Rosa Field’s pregnancy ended?")).to_be_visible()
    look(page, shots, "ends-check")
    page.get_by_role("button", name="Yes, record it").click()
    expect(page.get_by_role("heading", name="Waiting for a second person")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()

    # Another confirms it
    sign_in(page, stage, "ada")
    page.get_by_role("link", name="To confirm: 1").click()
    look(page, shots, "ends-list")
    page.get_by_role("link", name="Rosa Field’s pregnancy, baby due").click()
    look(page, shots, "ends-confirm")
    page.get_by_role("button", name="Confirm that Rosa Field’s pregnancy has ended").click()
    expect(page.get_by_text("No contact is due in this pregnancy any more.")).to_be_visible()
    look(page, shots, "ends-confirmed")
    assert trouble == []
