"""Locks that close at once and open on what was left; and what ends by itself: a lease, a tablet, a version."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page

from hvapp.app import create_app
from hvapp.extensions import db
from hvapp.services.devices import revoke
from hvapp.settings import Settings
from hvapp.store.devices import DeviceRow
from tests.e2e.conftest import Stage, on_both
from tests.support.answers import complete_answers
from tests.support.browser import Browser, violations
from tests.support.expecting import expect
from tests.support.servers import Proxy
from tests.support.tablet_page import TabletPage
from tests.support.world import PASSWORD

pytestmark = pytest.mark.browser

NAME = "Maya Marlow"
PIN = "284917"
NewBrowser = Callable[[str], Browser]
Shots = Callable[[Page, str], None]


def ready_tablet(stage: Stage, browser: Browser, address: str | None = None) -> TabletPage:
    tablet = TabletPage(browser.start(), address or stage.url).open()
    tablet.set_up(stage.world.amira.email, PASSWORD)
    return tablet


def complete_visit(tablet: TabletPage, stage: Stage) -> None:
    tablet.open_child(NAME)
    tablet.start_visit()
    tablet.give(complete_answers(datetime.now(UTC) - timedelta(hours=1), stage.world))
    tablet.complete()


def half_an_answer(tablet: TabletPage) -> dict[str, Any]:
    """Stops in the middle of a word, with a section unfolded, further down the page. Answers what can be seen."""
    tablet.open_child(NAME)
    tablet.start_visit()
    tablet.open_section("Plan and consent")
    more = tablet.page.locator("section.app-open details[data-more]")
    if more.count():
        more.first.locator("summary").click()
    box = tablet.field("actions").locator("textarea")
    box.fill("Weigh again in two weeks")
    box.evaluate("(area) => area.setSelectionRange(6, 11)")
    tablet.page.evaluate("window.scrollTo(0, 250)")
    tablet.saved()
    return as_it_is(tablet)


def as_it_is(tablet: TabletPage) -> dict[str, Any]:
    """What eye and finger find: the very same boxes, caret, scroll, unfolded parts."""
    return dict(
        tablet.page.evaluate(
            """() => {
                const area = document.querySelector('[data-field="actions"] textarea');
                area.dataset.same ??= crypto.randomUUID();
                return {
                    box: area.dataset.same, words: area.value, caret: [area.selectionStart, area.selectionEnd],
                    here: document.activeElement === area, scroll: Math.round(scrollY),
                    unfolded: [...document.querySelectorAll("section.app-open details")].map((one) => one.open),
                };
            }"""
        )
    )


@on_both
def test_a_locked_form_is_found_exactly_as_it_was_left(
    stage: Stage, new_browser: NewBrowser, shots: Shots
) -> None:
    tablet = ready_tablet(stage, new_browser("tablet"))
    page = tablet.page
    tablet.set_pin(PIN)
    stage.server.stop()
    before = half_an_answer(tablet)
    assert before["here"]
    assert before["scroll"] > 0

    # With the PIN; the way the tablet locks itself, without a finger that scrolls up to the button
    page.evaluate("document.querySelector('[data-action=lock]').click()")
    sheet = page.get_by_role("dialog")
    expect(sheet.get_by_role("heading", name="Locked")).to_be_visible()
    shots(page, "lock-01-pin")
    assert violations(page) == []
    expect(tablet.field("actions").locator("textarea")).not_to_be_visible()
    # A swipe back takes nothing down
    page.evaluate("history.back()")
    page.wait_for_timeout(200)
    sheet.get_by_label("PIN").fill(PIN)
    sheet.get_by_role("button", name="Unlock").click()
    expect(sheet).not_to_be_visible()
    assert as_it_is(tablet) == before

    # With the passphrase
    sheet = tablet.lock()
    sheet.get_by_role("button", name="Use the passphrase").click()
    assert violations(page) == []
    tablet.unlock_sheet()
    # A finger had to go up to the button; the caret had not
    assert as_it_is(tablet) == before | {"scroll": 0}

    # And writing goes on
    page.keyboard.type("often")
    expect(tablet.field("actions").locator("textarea")).to_have_value("Weigh often in two weeks")
    assert tablet.trouble == []


def test_five_wrong_pins_leave_the_passphrase(stage: Stage, new_browser: NewBrowser, shots: Shots) -> None:
    tablet = ready_tablet(stage, new_browser("tablet"))
    page = tablet.page
    tablet.go("This tablet")
    page.get_by_role("link", name=re.compile("PIN after locking")).click()
    shots(page, "pin-01-set")
    assert violations(page) == []
    # A weak one is refused
    for label in ("New PIN", "New PIN again"):
        page.get_by_label(label, exact=True).fill("123456")
    page.get_by_label("Passphrase of this tablet").fill("three quiet blue herons")
    page.get_by_role("button", name="Save PIN").click()
    expect(page.get_by_role("alert")).to_contain_text("too easy to guess")
    tablet.set_pin(PIN)
    expect(page.get_by_role("status").filter(has_text="The PIN is set").first).to_be_visible()

    sheet = tablet.lock()
    for left in ("4 more tries", "3 more tries", "2 more tries", "1 more try"):
        sheet.get_by_label("PIN").fill("111222")
        sheet.get_by_role("button", name="Unlock").click()
        expect(sheet.get_by_role("alert")).to_contain_text(left)
    shots(page, "pin-02-one-left")
    assert violations(page) == []
    sheet.get_by_label("PIN").fill("111222")
    sheet.get_by_role("button", name="Unlock").click()

    expect(sheet.get_by_role("alert")).to_contain_text("What you saved is safe")
    expect(sheet.get_by_label("PIN")).to_have_count(0)
    shots(page, "pin-03-spent")
    assert violations(page) == []
    tablet.unlock_sheet()
    tablet.heading("This tablet")

    # The right passphrase brings the PIN back
    sheet = tablet.lock()
    sheet.get_by_label("PIN").fill(PIN)
    sheet.get_by_role("button", name="Unlock").click()
    expect(sheet).not_to_be_visible()


def test_two_visitors_on_one_tablet_see_nothing_of_each_other(
    stage: Stage, new_browser: NewBrowser, shots: Shots
) -> None:
    tablet = ready_tablet(stage, new_browser("tablet"))
    page = tablet.page
    stage.server.stop()
    complete_visit(tablet, stage)
    sheet = tablet.lock()
    sheet.get_by_role("button", name="I am someone else").click()

    # Ben sets up for himself, and sees of Amira no more than her name
    tablet.heading("Unlock")
    page.get_by_role("button", name="Set up this tablet for someone else").click()
    stage.server.start()
    tablet.set_up(stage.world.ben.email, PASSWORD, "many small green frogs")
    for place in ("Today", "Caseload", "Sent and waiting", "This tablet"):
        tablet.go(place)
        expect(page.locator("body")).not_to_contain_text("Marlow")
        expect(page.locator("body")).not_to_contain_text("Amira")

    # Amira's visit went up all the same, under her name
    page.reload()
    tablet.heading("Unlock")
    expect(page.get_by_text(re.compile("^Everything sent"))).to_be_visible(timeout=30_000)
    shots(page, "two-visitors-unlock")
    assert violations(page) == []
    page.get_by_label("Amira Khan").check()
    page.get_by_label("Passphrase of this tablet").fill("many small green frogs")
    page.get_by_role("button", name="Unlock").click()
    expect(page.get_by_role("alert")).to_contain_text("passphrase is not right")
    tablet.unlock()
    tablet.put_off_signing_in()
    tablet.go("Sent and waiting")
    tablet.expect_state(NAME, "With your supervisor")
    assert tablet.trouble == []


def test_a_lease_that_ran_out_takes_the_caseload_and_nothing_else(
    stage: Stage, new_browser: NewBrowser, shots: Shots
) -> None:
    browser = new_browser("tablet")
    tablet = ready_tablet(stage, browser)
    stage.server.stop()
    complete_visit(tablet, stage)
    browser.close()

    # Eight days later, still with no connection
    tablet = TabletPage(browser.start(), stage.url)
    page = tablet.page
    page.clock.set_fixed_time(datetime.now(UTC) + timedelta(days=8))
    tablet.open()
    tablet.unlock()
    told = page.get_by_role("region", name="About this tablet")
    expect(told).to_contain_text("Families’ details were removed")
    expect(told).to_contain_text("Your 1 visit is safe. Connect to fetch them again.")
    shots(page, "lease-01-today")
    assert violations(page) == []
    tablet.go("Caseload")
    expect(page.get_by_text(NAME)).to_have_count(0)
    assert violations(page) == []
    tablet.go("Sent and waiting")
    expect(page.get_by_role("listitem").filter(has_text="Waiting to be sent")).to_have_count(1)
    shots(page, "lease-02-waiting")

    # With a connection the visit goes up and the families come back
    stage.server.start()
    page.get_by_role("button", name="Try now").click()
    tablet.expect_state(NAME, "With your supervisor")
    expect(told).not_to_contain_text("Families’ details were removed")
    # and the tablet's clock is told to be wrong
    expect(told).to_contain_text("clock is 8 days ahead")
    shots(page, "lease-03-clock")
    assert violations(page) == []
    tablet.go("Caseload")
    expect(page.get_by_text(NAME).first).to_be_visible()


def test_a_revoked_tablet_sends_what_it_has_and_keeps_nothing(
    stage: Stage, new_browser: NewBrowser, shots: Shots
) -> None:
    tablet = ready_tablet(stage, new_browser("tablet"))
    page = tablet.page
    stage.server.stop()
    complete_visit(tablet, stage)
    take_out_of_use(stage)
    stage.server.start()
    page.evaluate("window.dispatchEvent(new Event('online'))")

    tablet.heading("Set up this tablet")
    expect(page.get_by_text("taken out of use by a supervisor")).to_be_visible()
    expect(page.locator("body")).not_to_contain_text("Marlow")
    shots(page, "revoked")
    assert violations(page) == []
    desk = new_browser("desk").start()
    desk.goto(f"{stage.url}/")
    desk.get_by_label("Email address").fill(stage.world.sue.email)
    desk.get_by_label("Password", exact=True).fill(PASSWORD)
    desk.get_by_role("button", name="Sign in").click()
    expect(desk.get_by_role("link", name=NAME)).to_be_visible()

    # And nothing opens it again
    page.reload()
    tablet.heading("Set up this tablet")
    assert tablet.trouble == []


def take_out_of_use(stage: Stage) -> None:
    settings = Settings(
        secret_key=(stage.home / "secret.key").read_text(),
        database_url=f"sqlite:///{stage.home / 'hvapp.db'}",
        secure_cookies=False,
    )
    with create_app(settings).app_context():
        [device] = db.session.scalars(db.select(DeviceRow))
        device_id = device.id
        db.session.rollback()
        revoke(db.session(), device_id, by=stage.world.sue, reason="Lost on the bus", now=datetime.now(UTC))
        db.session.remove()
        db.engine.dispose()


@on_both
def test_a_new_version_waits_until_no_form_is_open(
    stage: Stage, new_browser: NewBrowser, shots: Shots
) -> None:
    network = NewVersion(stage.port)
    tablet = ready_tablet(stage, new_browser("tablet"), f"http://localhost:{network.port}")
    page = tablet.page
    offer = page.get_by_role("region", name="New version")
    tablet.open_child(NAME)
    tablet.start_visit()
    tablet.open_section("Growth")

    # When a new version arrives while a visit is being written
    network.newer = True
    page.evaluate("navigator.serviceWorker.getRegistration().then((known) => known.update())")
    for _ in range(100):
        if page.evaluate("navigator.serviceWorker.getRegistration().then((known) => Boolean(known.waiting))"):
            break
        page.wait_for_timeout(100)
    else:
        raise AssertionError("the new version did not arrive")
    page.wait_for_timeout(500)
    expect(offer).not_to_be_visible()

    # Then it is offered only after
    page.get_by_role("link", name="All sections").click()
    expect(offer).not_to_be_visible()
    page.get_by_role("link", name="Back to the record, this visit stays saved").click()
    expect(offer).to_be_visible()
    shots(page, "new-version")
    assert violations(page) == []
    offer.get_by_role("button", name="Start it now").click()
    tablet.heading("Unlock")
    tablet.unlock()
    network.stop()


class NewVersion(Proxy):
    """Serves another worker script once told to: to the browser, a new version of the app."""

    newer = False
    whole = True

    def changed(self, path: str, content: bytes) -> bytes:
        return content + b"\n// newer\n" if self.newer and path == "/sw.js" else content


def test_a_tablet_without_space_says_what_is_safe(
    stage: Stage, new_browser: NewBrowser, shots: Shots
) -> None:
    browser = new_browser("tablet")
    tablet = ready_tablet(stage, browser)
    tablet.open_child(NAME)
    tablet.start_visit()
    tablet.open_section("Plan and consent")
    tablet.answer("actions", "Weigh again")
    tablet.saved("actions")
    expect(tablet.page.get_by_role("region", name="About this tablet")).not_to_be_visible()
    used = tablet.page.evaluate("navigator.storage.estimate().then(({ usage }) => usage)")
    browser.close()

    # Before it hurts: what is set aside is enough for the visit that is open
    tablet, _ = with_space(stage, browser, used)
    page = tablet.page
    go_on(tablet)
    tablet.answer("actions", "Weigh again at clinic")
    tablet.saved("actions")
    tablet.open_section("Feeding")
    told = page.get_by_role("region", name="About this tablet")
    expect(told).to_contain_text("This tablet is nearly full. Everything recorded so far is safe.")
    expect(told).to_contain_text("Finish and complete the visit that is open")
    shots(page, "space-01-nearly-full")
    assert violations(page) == []
    browser.close()

    # When nothing at all can be written
    tablet, disk = with_space(stage, browser, 1)
    page = tablet.page
    go_on(tablet)
    expect(tablet.field("actions").locator("textarea")).to_have_value("Weigh again at clinic")
    tablet.answer("actions", "Weigh again at clinic in two weeks")
    expect(page.get_by_text("no space left").first).to_be_visible()
    expect(page.get_by_text("Everything before it is safe").first).to_be_visible()
    shots(page, "space-02-full")
    assert violations(page) == []
    # Locking needs no space either, and what is not saved yet is not lost
    tablet.lock()
    tablet.unlock_sheet()
    expect(page.get_by_text("no space left").first).to_be_visible()

    # With space again it is saved by itself; the browser looks at the space anew every half minute
    disk.send("Storage.overrideQuotaForOrigin", {"origin": stage.url})
    expect(page.get_by_text("no space left")).to_have_count(0, timeout=45_000)
    tablet.saved()


def with_space(stage: Stage, browser: Browser, allowed: int) -> tuple[TabletPage, CDPSession]:
    """The tablet opened anew with this many bytes allowed, used ones included, and unlocked."""
    page = browser.start()
    disk = page.context.new_cdp_session(page)
    disk.send("Storage.overrideQuotaForOrigin", {"origin": stage.url, "quotaSize": allowed})
    tablet = TabletPage(page, stage.url).open()
    tablet.unlock()
    return tablet, disk


def go_on(tablet: TabletPage) -> None:
    tablet.go("Today")
    row = tablet.page.get_by_role("listitem").filter(has_text="Not finished")
    row.get_by_role("link", name=NAME).first.click()
    tablet.heading("New birth visit")
    tablet.open_section("Plan and consent")
