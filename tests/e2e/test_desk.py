"""The desk pages in a real browser: usable by everyone, at every width, with and without scripts."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask
from playwright.sync_api import Page, Playwright, expect

from hvapp.domain.review import Query
from hvapp.extensions import db
from hvapp.services import review
from tests.e2e.conftest import Stage
from tests.e2e.desk import ZOOMED, app_of, look, sign_in, watch
from tests.support.browser import ARGS, DESK, WINDOWLESS, Browser, path_of
from tests.support.client import Tablet, new_id, seal
from tests.support.reviewing import approve

pytestmark = pytest.mark.browser


@pytest.fixture
def visits(stage: Stage) -> dict[str, str]:
    """Visit ids by what is special about them."""
    app = app_of(stage)
    tablet = Tablet(app.test_client()).sign_in(stage.world.amira)
    red = tablet.revision(stage.world)
    red["payload"]["answers"]["weight_kg"] = "2.580"
    red["payload"]["answers"]["referrals"] = [{"service": "domestic_abuse", "reason": "Told the visitor"}]
    returned = tablet.revision(stage.world)
    odd = tablet.revision(stage.world, child_id=new_id())
    approved = tablet.revision(stage.world)
    tablet.push(seal(red), returned, odd, approved, {"what": "nonsense"})
    _decide(app, stage, returned, approved)
    newer = tablet.revision(stage.world, visit_id=returned["visit_id"], parent_rev=returned["rev_id"])
    newer["payload"]["answers"]["weight_kg"] = "3.150"
    tablet.push(seal(newer))
    return {"red": red["visit_id"], "returned": returned["visit_id"], "odd": odd["visit_id"]}


def _decide(app: Flask, stage: Stage, returned: dict, approved: dict) -> None:
    with app.app_context():
        now = datetime.now(UTC)
        review.send_back(
            db.session,
            reviewer=stage.world.sue,
            visit_id=returned["visit_id"],
            rev_id=returned["rev_id"],
            comment="Is the weight right?",
            queries=[Query("weight_kg", "Bare?")],
            now=now,
        )
        approve(db.session, stage.world, approved, now=now)


def test_every_page_and_state_is_accessible(
    stage: Stage,
    visits: dict[str, str],
    new_browser: Callable[[str], Browser],
    shots: Callable[[Page, str], None],
) -> None:
    page = new_browser("desk").start(ZOOMED)
    trouble = watch(page)

    page.goto(f"{stage.url}/sign-in")
    page.get_by_role("button", name="Sign in").click()
    look(page, shots, "desk-sign-in")
    sign_in(page, stage, "sue")
    look(page, shots, "desk-queue")
    for what in ("red", "returned", "odd"):
        page.goto(f"{stage.url}/review/{visits[what]}")
        look(page, shots, f"desk-visit-{what}")
    page.goto(f"{stage.url}/review/{visits['red']}")
    page.get_by_text("Send back with a question").click()
    page.get_by_role("button", name="Send back", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Say what you would like the visitor to look at.")
    look(page, shots, "desk-visit-error")
    page.get_by_label("Why you need to read them").fill("Checking the referral")
    page.get_by_role("button", name="Open the restricted parts").click()
    expect(page.get_by_text("Domestic abuse service")).to_be_visible()
    look(page, shots, "desk-visit-open")
    page.goto(f"{stage.url}/red-book")
    look(page, shots, "desk-red-book")
    page.goto(f"{stage.url}/admin/accounts")
    look(page, shots, "desk-not-allowed")
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, stage, "ada")
    look(page, shots, "desk-accounts")
    page.goto(f"{stage.url}/admin/accounts/new")
    page.get_by_role("button", name="Add the account").click()
    look(page, shots, "desk-new-account")
    page.goto(f"{stage.url}/admin/service")
    look(page, shots, "desk-service")
    page.get_by_label("Phone number").fill("ring Sue")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Enter what the safeguarding team is called")
    look(page, shots, "desk-service-error")
    assert trouble == []


def test_a_supervisor_works_with_the_keyboard_and_asks_about_an_answer(
    stage: Stage, visits: dict[str, str], new_browser: Callable[[str], Browser]
) -> None:
    page = new_browser("desk").start(DESK)
    sign_in(page, stage, "sue")

    # Single keys do nothing until they are turned on
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Maya Marlow").first).not_to_be_focused()
    page.get_by_text("Keyboard shortcuts").click()
    page.get_by_label("Use single-key shortcuts on this computer").check()
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Maya Marlow").first).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/review/{visits['red']}")

    page.get_by_role("link", name="Ask about Weight", exact=True).click()
    question = page.get_by_role("group", name="Question 1")
    expect(question.get_by_label("About which answer")).to_have_value("weight_kg")
    expect(question.get_by_label("Your question")).to_be_focused()
    page.keyboard.type("Was she weighed bare? j")
    page.locator("h1").click()
    page.keyboard.press("r")
    page.keyboard.type("One question below.")
    page.get_by_role("button", name="Send back", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("sent back to Amira Khan")


def test_everything_can_be_done_without_scripts(
    stage: Stage, visits: dict[str, str], playwright: Playwright
) -> None:
    browser = playwright.chromium.launch(executable_path=path_of(WINDOWLESS), args=ARGS)
    page = browser.new_context(java_script_enabled=False, viewport=DESK).new_page()  # type: ignore[arg-type]
    sign_in(page, stage, "sue")
    page.goto(f"{stage.url}/review/{visits['red']}")

    page.get_by_text("Send back with a question").click()
    page.get_by_label("What you would like Amira Khan to look at").fill("See below.")
    third = page.get_by_role("group", name="Question 3")
    third.get_by_label("About which answer").select_option("weight_kg")
    third.get_by_label("Your question").fill("Bare?")
    page.get_by_role("button", name="Send back", exact=True).click()
    expect(page.get_by_text("Maya Marlow: sent back to Amira Khan.")).to_be_visible()
    for box in page.get_by_label("Both took place").all():
        box.check()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Maya Marlow: approved.")).to_be_visible()
    browser.close()
