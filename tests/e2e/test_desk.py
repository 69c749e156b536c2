"""The desk pages in a real browser: usable by everyone, at every width, with and without scripts."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask
from playwright.sync_api import Page, Playwright, expect

from hvapp.app import create_app
from hvapp.domain.review import Query
from hvapp.extensions import db
from hvapp.services import review
from hvapp.settings import Settings
from tests.e2e.conftest import Stage
from tests.support.browser import ARGS, DESK, TABLET, Browser, chromium_path, violations
from tests.support.client import Tablet, new_id, seal
from tests.support.reviewing import approve
from tests.support.world import PASSWORD

pytestmark = pytest.mark.browser

ZOOMED = {"width": 320, "height": 256}  # 1280 x 1024 at 400 %


@pytest.fixture
def visits(stage: Stage) -> dict[str, str]:
    """Visit ids by what is special about them."""
    app = create_app(
        Settings(
            secret_key="only for tests",
            database_url=f"sqlite:///{stage.home / 'hvapp.db'}",
            secure_cookies=False,
        )
    )
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


def sign_in(page: Page, stage: Stage, name: str) -> None:
    page.goto(f"{stage.url}/sign-in")
    page.get_by_label("Email address").fill(f"{name}@test.example")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "sign-in" not in url)


def look(page: Page, take: Callable[[Page, str], None], name: str) -> None:
    """No violation, nothing wider than the window."""
    take(page, name)
    assert violations(page) == [], name
    beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert beyond <= 0, f"{name} is {beyond} px wider than the window"


@pytest.mark.parametrize("window", [DESK, TABLET, ZOOMED], ids=["desk", "tablet", "zoomed"])
def test_every_page_and_state_is_accessible(
    stage: Stage,
    visits: dict[str, str],
    new_browser: Callable[[str], Browser],
    shots: Callable[[Page, str], None],
    window: dict[str, int],
) -> None:
    page = new_browser("desk").start(window)
    trouble: list[str] = []
    page.on("console", lambda message: trouble.append(message.text) if "Refused to" in message.text else None)
    page.on("pageerror", lambda error: trouble.append(str(error)))
    size = str(window["width"])

    page.goto(f"{stage.url}/sign-in")
    page.get_by_role("button", name="Sign in").click()
    look(page, shots, f"desk-sign-in-{size}")
    sign_in(page, stage, "sue")
    look(page, shots, f"desk-queue-{size}")
    for what in ("red", "returned", "odd"):
        page.goto(f"{stage.url}/review/{visits[what]}")
        look(page, shots, f"desk-visit-{what}-{size}")
    page.goto(f"{stage.url}/review/{visits['red']}")
    page.get_by_text("Send back with a question").click()
    page.get_by_role("button", name="Send back", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Say what you would like the visitor to look at.")
    look(page, shots, f"desk-visit-error-{size}")
    page.get_by_label("Why you need to read them").fill("Checking the referral")
    page.get_by_role("button", name="Open the restricted parts").click()
    expect(page.get_by_text("Domestic abuse service")).to_be_visible()
    look(page, shots, f"desk-visit-open-{size}")
    page.goto(f"{stage.url}/red-book")
    look(page, shots, f"desk-red-book-{size}")
    page.goto(f"{stage.url}/admin/accounts")
    look(page, shots, f"desk-not-allowed-{size}")
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, stage, "ada")
    look(page, shots, f"desk-accounts-{size}")
    page.goto(f"{stage.url}/admin/accounts/new")
    page.get_by_role("button", name="Add the account").click()
    look(page, shots, f"desk-new-account-{size}")
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
    browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGS)
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
