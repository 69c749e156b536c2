"""A visit recorded against the wrong child: withdrawn with no signal, thought better of, withdrawn, and agreed to."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask
from playwright.sync_api import Page

from hvapp.extensions import db
from hvapp.services import review
from tests.e2e.conftest import Stage
from tests.e2e.desk import app_of, look, sign_in, watch
from tests.support.browser import DESK, Browser
from tests.support.client import Tablet
from tests.support.expecting import expect
from tests.support.tablet_page import TabletPage
from tests.support.world import PASSWORD

pytestmark = pytest.mark.browser

NAME = "Maya Marlow"


def approve_a_visit(app: Flask, stage: Stage) -> None:
    """Recorded by Amira on a tablet that she has no more, and approved."""
    tablet = Tablet(app.test_client()).sign_in(stage.world.amira)
    visit = tablet.revision(stage.world)
    tablet.push(visit)
    with app.app_context():
        review.approve(
            db.session,
            app.extensions["forms"],
            reviewer=stage.world.sue,
            visit_id=visit["visit_id"],
            rev_id=visit["rev_id"],
            now=datetime.now(UTC),
        )


def test_a_visit_of_the_wrong_child_is_withdrawn(
    stage: Stage, new_browser: Callable[[str], Browser], shots: Callable[[Page, str], None]
) -> None:
    # Given an approved visit, and a tablet that has heard of it
    approve_a_visit(app_of(stage), stage)
    browser = new_browser("tablet")
    tablet = TabletPage(browser.start(), stage.url).open()
    tablet.set_up(stage.world.amira.email, PASSWORD)
    tablet.go("Sent and waiting")
    tablet.expect_state(NAME, "Approved")

    # When its author withdraws it with no signal
    stage.server.stop()
    page = tablet.page
    press(page, "Withdraw")
    tablet.heading("Withdraw the new birth visit")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert").or_(page.locator(".nhsuk-error-summary")).first).to_contain_text(
        "Choose why the visit is withdrawn"
    )
    withdraw(page, shots)

    # Then it waits, and can be undone
    tablet.expect_state(NAME, "Withdrawal waiting to be sent")
    look(page, shots, "withdrawal-waiting")
    press(page, "Undo")
    tablet.expect_state(NAME, "Approved")

    # When it is withdrawn once more, and the battery dies
    press(page, "Withdraw")
    withdraw(page, shots)
    tablet.expect_state(NAME, "Withdrawal waiting to be sent")
    assert tablet.trouble == []
    browser.kill()
    tablet = TabletPage(browser.start(), stage.url).open()
    tablet.unlock()
    tablet.go("Sent and waiting")
    tablet.expect_state(NAME, "Withdrawal waiting to be sent")

    # Then it is with the supervisor as soon as there is a connection
    stage.server.start()
    tablet.page.evaluate("window.dispatchEvent(new Event('online'))")
    tablet.expect_state(NAME, "Withdrawal with your supervisor")
    tablet.sign_in_again(PASSWORD)

    # who reads why, and agrees
    desk = new_browser("desk").start(DESK)
    trouble = watch(desk)
    sign_in(desk, stage, "sue")
    desk.goto(f"{stage.url}/review")
    look(desk, shots, "withdrawal-queue")
    desk.get_by_role("link", name=NAME).first.click()
    expect(desk.get_by_text("Amira Khan withdrew this visit")).to_be_visible()
    expect(desk.get_by_text("It was her cousin")).to_be_visible()
    look(desk, shots, "withdrawal-read")
    desk.get_by_role("button", name="Agree: the visit does not count").click()
    expect(desk.get_by_text(f"{NAME}: withdrawn.")).to_be_visible()
    expect(desk.get_by_role("heading", name="Withdrawn by visitors")).to_be_visible()
    look(desk, shots, "withdrawal-agreed")
    assert trouble == []

    # and the tablet says so, and offers the contact again
    tablet.page.get_by_role("button", name="Try now").click()
    tablet.expect_state(NAME, "Withdrawn")
    expect(tablet.page.get_by_text("It is kept, and counts as not made.")).to_be_visible()
    tablet.open_child(NAME)
    expect(tablet.page.get_by_role("button", name="Start new birth visit")).to_be_visible()
    assert tablet.trouble == []


def press(page: Page, words: str) -> None:
    page.get_by_role("listitem").filter(has_text=NAME).get_by_role("button", name=words).first.click()


def withdraw(page: Page, shots: Callable[[Page, str], None]) -> None:
    page.get_by_label("It was recorded against the wrong child").check()
    page.get_by_label("What your supervisor should know").fill("It was her cousin")
    look(page, shots, "withdraw")
    page.get_by_role("button", name="Continue").click()
    sheet = page.get_by_role("dialog")
    expect(sheet).to_contain_text(f"new birth visit of {NAME}")
    look(page, shots, "withdraw-sheet")
    sheet.get_by_role("button", name="Withdraw it").click()
