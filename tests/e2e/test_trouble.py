"""What goes wrong in a kitchen: each time the tablet says what happened, and nothing is lost."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page

from tests.e2e.conftest import Stage, on_both
from tests.faults.flat import wait_until
from tests.support.answers import LONDON, complete_answers
from tests.support.browser import DESK, WHOLE, Browser, violations
from tests.support.expecting import expect
from tests.support.proxy import PASS, ByteProxy, Fault, Heard, refusal
from tests.support.servers import Proxy
from tests.support.tablet_page import TabletPage
from tests.support.world import PASSWORD

pytestmark = pytest.mark.browser

NAME = "Maya Marlow"
NewBrowser = Callable[[str], Browser]


def ready_tablet(stage: Stage, browser: Browser, address: str | None = None) -> TabletPage:
    tablet = TabletPage(browser.start(), address or stage.url).open()
    tablet.set_up(stage.world.amira.email, PASSWORD)
    return tablet


def begin_visit(tablet: TabletPage) -> None:
    tablet.open_child(NAME)
    tablet.start_visit()


def give_everything(tablet: TabletPage, stage: Stage) -> None:
    """Every answer of an ordinary visit."""
    tablet.give(complete_answers(datetime.now(UTC) - timedelta(hours=1), stage.world))


@pytest.mark.parametrize("web_engine", [WHOLE])
def test_the_app_can_be_installed(stage: Stage, new_browser: NewBrowser) -> None:
    tablet = ready_tablet(stage, new_browser("tablet"))
    session = tablet.page.context.new_cdp_session(tablet.page)

    assert session.send("Page.getInstallabilityErrors")["installabilityErrors"] == []
    manifest = session.send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert manifest["url"].endswith("/manifest.webmanifest")


def test_a_wrong_passphrase_opens_nothing_and_loses_nothing(stage: Stage, new_browser: NewBrowser) -> None:
    tablet = ready_tablet(stage, new_browser("tablet"))
    page = tablet.page
    page.get_by_role("button", name="Lock").click()
    page.get_by_label("Passphrase of this tablet").fill("not the passphrase")
    page.get_by_role("button", name="Unlock").click()

    expect(page.get_by_role("alert").or_(page.locator(".nhsuk-error-summary")).first).to_contain_text(
        re.compile("passphrase", re.IGNORECASE)
    )
    assert violations(page) == []
    tablet.page.get_by_label("Passphrase of this tablet").fill("three quiet blue herons")
    page.get_by_role("button", name="Unlock").click()
    tablet.go("Caseload")
    expect(page.get_by_text(NAME).first).to_be_visible()


TIMES_TRIED = """performance.getEntriesByType("resource")
    .filter(({ name, responseEnd }) => responseEnd && name.endsWith("/api/v1/session")).length"""


@on_both
def test_a_power_cut_between_two_answers_keeps_the_first(stage: Stage, new_browser: NewBrowser) -> None:
    browser = new_browser("tablet")
    tablet = ready_tablet(stage, browser)
    begin_visit(tablet)
    tablet.open_section("Growth")
    tablet.answer("weight_kg", "3.180")
    tablet.saved("weight_kg")

    browser.kill()
    tablet = TabletPage(browser.start(), stage.url).open()
    tablet.unlock()
    tablet.put_off_signing_in()

    # What was put off is not asked again by the next try
    tried = int(tablet.page.evaluate(TIMES_TRIED))
    tablet.page.evaluate("dispatchEvent(new Event('online'))")
    wait_until(lambda: int(tablet.page.evaluate(TIMES_TRIED)) > tried, "it did not try again")
    tablet.go("Today")
    tablet.page.get_by_role("listitem").filter(has_text="Not finished").get_by_role(
        "link", name=NAME
    ).first.click()
    tablet.heading("New birth visit")
    tablet.open_section("Growth")

    expect(tablet.field("weight_kg").locator("input").first).to_have_value("3.180")


def test_locking_keeps_the_open_form_as_it_was(stage: Stage, new_browser: NewBrowser) -> None:
    tablet = ready_tablet(stage, new_browser("tablet"))
    begin_visit(tablet)
    tablet.open_section("Plan and consent")
    box = tablet.field("actions").locator("textarea")
    box.fill("Weigh again in two we")

    tablet.page.get_by_role("button", name="Lock").click()
    expect(tablet.page.get_by_label("Passphrase of this tablet")).to_be_visible()
    expect(box).not_to_be_visible()
    tablet.page.get_by_label("Passphrase of this tablet").fill("three quiet blue herons")
    tablet.page.get_by_role("button", name="Unlock").click()

    expect(box).to_be_visible()
    expect(box).to_have_value("Weigh again in two we")


def test_what_cannot_be_is_refused_and_what_is_odd_is_asked_again(
    stage: Stage, new_browser: NewBrowser
) -> None:
    tablet = ready_tablet(stage, new_browser("tablet"))
    begin_visit(tablet)
    give_everything(tablet, stage)

    # A visit dated in the future
    tablet.open_section("About this visit")
    tomorrow = (datetime.now(LONDON) + timedelta(days=1)).replace(second=0, microsecond=0)
    tablet.answer("started_at", tomorrow.isoformat())
    expect(tablet.field("started_at")).to_contain_text(re.compile("future", re.IGNORECASE))
    # An impossible weight
    tablet.open_section("Growth")
    tablet.answer("weight_kg", "49")
    expect(tablet.field("weight_kg")).to_contain_text("not possible")
    expect(tablet.field("weight_kg")).to_contain_text("decimal point")
    assert violations(tablet.page) == []

    tablet.check()
    page = tablet.page
    page.get_by_role("button", name="Complete this visit").click()
    summary = page.locator(".nhsuk-error-summary")
    expect(summary).to_be_visible()
    expect(summary).to_contain_text("future")
    expect(summary).to_contain_text("not possible")
    assert violations(page) == []
    summary.get_by_role("link", name=re.compile("not possible")).click()
    expect(tablet.field("weight_kg").locator("input").first).to_be_focused()

    # An odd weight is asked again, and may be confirmed
    tablet.answer("weight_kg", "5.900")
    expect(tablet.field("weight_kg").get_by_role("button", name=re.compile("Yes, .*right"))).to_be_visible()
    tablet.field("weight_kg").get_by_role("button", name=re.compile("Yes, .*right")).click()
    started = (datetime.now(LONDON) - timedelta(hours=1)).replace(second=0, microsecond=0)
    tablet.open_section("About this visit")
    tablet.answer("started_at", started.isoformat())

    # What the tablet noticed asks for a plan before the visit is complete
    tablet.check()
    page.get_by_role("button", name="Complete this visit").click()
    expect(summary).to_contain_text("say what you plan")
    page.get_by_label("What is the plan?").fill("Weigh again tomorrow on other scales.")
    assert violations(page) == []
    page.get_by_role("button", name="Complete this visit").click()
    expect(page.get_by_role("heading", name="What happens next")).to_be_visible()
    assert tablet.trouble == []


def test_somebody_elses_sign_in_page_is_no_connection(stage: Stage, new_browser: NewBrowser) -> None:
    network = Proxy(stage.port)
    tablet = ready_tablet(stage, new_browser("tablet"), f"http://localhost:{network.port}")
    begin_visit(tablet)
    give_everything(tablet, stage)

    network.portal = True
    tablet.complete()
    tablet.go("Sent and waiting")
    tablet.page.get_by_role("button", name="Try now").click()
    expect(tablet.page.get_by_text("could not reach the service")).to_be_visible()
    tablet.expect_state(NAME, "Waiting to be sent")

    # The shell is not replaced by the portal's page either
    tablet.page.reload()
    tablet.unlock()
    tablet.go("Sent and waiting")
    network.portal = False
    tablet.page.get_by_role("button", name="Try now").click()
    tablet.expect_state(NAME, "With your supervisor")
    network.stop()


def test_a_visit_that_could_not_be_taken_is_offered_again_by_hand(
    stage: Stage, new_browser: NewBrowser
) -> None:
    # Given something on the way for which even one visit is too much
    def narrow(heard: Heard) -> Fault:
        return refusal(413) if heard.path == "/sync/v1/push" else PASS

    line = ByteProxy(stage.port, policy=narrow)
    tablet = ready_tablet(stage, new_browser("tablet"), f"http://localhost:{line.port}")
    begin_visit(tablet)
    give_everything(tablet, stage)
    tablet.complete()
    tablet.go("Sent and waiting")
    tablet.expect_state(NAME, "Could not be taken")
    expect(tablet.page.get_by_text("too large for the service to take. It is safe")).to_be_visible()
    assert violations(tablet.page) == []

    # When the way is free again, and its visitor asks for it
    line.policy = lambda heard: PASS
    tablet.page.get_by_role("button", name=re.compile("^Offer it again")).click()

    # Then it goes
    tablet.expect_state(NAME, "With your supervisor")
    assert line.seen["413"] > 0
    line.stop()


def test_an_expired_session_asks_over_the_open_form(stage: Stage, new_browser: NewBrowser) -> None:
    tablet = ready_tablet(stage, new_browser("tablet"))
    begin_visit(tablet)
    tablet.open_section("Plan and consent")
    box = tablet.field("actions").locator("textarea")
    box.fill("Weigh again in two we")

    # When every session has come to an end on the server, and the tablet next talks to it
    stage.server.stop()
    (stage.home / "secret.key").write_text("another secret, so that no cookie is known")
    stage.server.start()
    tablet.page.evaluate("window.dispatchEvent(new Event('online'))")
    sheet = tablet.page.get_by_role("dialog")
    # never under typing fingers, so a little later
    expect(sheet).to_contain_text("signed out", timeout=60_000)
    assert violations(tablet.page) == []
    sheet.get_by_label("Password", exact=True).fill(PASSWORD)
    sheet.get_by_role("button", name="Sign in").click()

    # Then the form is there, exactly as left
    expect(sheet).not_to_be_visible()
    expect(box).to_be_visible()
    expect(box).to_have_value("Weigh again in two we")


@on_both
def test_the_app_opens_again_and_again_while_it_is_busy_fetching(
    stage: Stage, new_browser: NewBrowser
) -> None:
    # WebKit keeps a page that is left, with its hold of the database, and the next page waited for it without end
    tablet = ready_tablet(stage, new_browser("tablet"))
    for _ in range(8):
        tablet.open()
        tablet.unlock()
        tablet.heading("Today")
    # WebKit's console calls a request that leaving cut off an error of access control.
    assert [words for words in tablet.trouble if "access control checks" not in words] == []


@on_both
def test_a_visit_sent_back_is_answered_and_sent_again(stage: Stage, new_browser: NewBrowser) -> None:
    tablet = ready_tablet(stage, new_browser("tablet"))
    begin_visit(tablet)
    give_everything(tablet, stage)
    tablet.complete()
    tablet.expect_sent(NAME)

    # When the supervisor sends it back with a question
    desk = new_browser("desk").start(DESK)
    sign_in_at_desk(desk, stage)
    desk.get_by_role("link", name=NAME).click()
    desk.get_by_text("Send back with a question").click()
    desk.get_by_role("textbox", name=re.compile("comment|look at", re.IGNORECASE)).first.fill(
        "Is the weight right?"
    )
    desk.get_by_role("button", name="Send back").click()
    expect(desk.get_by_text(re.compile("sent back", re.IGNORECASE)).first).to_be_visible()

    # Then the visitor sees it, changes the answer and sends it again
    tablet.page.get_by_role("button", name="Try now").click()
    tablet.expect_state(NAME, "Sent back with a question")
    tablet.page.get_by_role("listitem").filter(has_text="Sent back").get_by_role("link", name=NAME).click()
    expect(tablet.page.get_by_text("Is the weight right?").first).to_be_visible()
    assert violations(tablet.page) == []
    tablet.page.get_by_role("button", name="Answer and send again").click()
    tablet.heading(re.compile("^New birth visit"))
    tablet.open_section("Growth")
    tablet.answer("weight_kg", "3.240")
    tablet.complete()
    tablet.expect_sent(NAME)

    # And the supervisor sees what changed, on the one visit there is
    desk.goto(f"{stage.url}/review")
    expect(desk.get_by_role("link", name=NAME)).to_have_count(1)
    desk.get_by_role("link", name=NAME).click()
    expect(desk.get_by_text("3.240").first).to_be_visible()
    expect(desk.get_by_text("3.180").first).to_be_visible()
    assert violations(desk) == []


def sign_in_at_desk(page: Page, stage: Stage) -> None:
    page.goto(f"{stage.url}/")
    page.get_by_label("Email address").fill(stage.world.sue.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
