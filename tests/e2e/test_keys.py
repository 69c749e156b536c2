"""Keys that are forgotten, changed or taken from the tablet's own lock: nothing recorded is lost by any of it."""

import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.e2e.conftest import Stage, on_both
from tests.faults.flat import wait_until
from tests.support.answers import complete_answers
from tests.support.browser import Browser, violations
from tests.support.expecting import expect
from tests.support.tablet_page import TabletPage
from tests.support.world import PASSWORD

pytestmark = pytest.mark.browser

NAME = "Maya Marlow"
NewBrowser = Callable[[str], Browser]
Shots = Callable[[Page, str], None]


def ready_tablet(stage: Stage, browser: Browser) -> TabletPage:
    tablet = TabletPage(browser.start(), stage.url).open()
    tablet.set_up(stage.world.amira.email, PASSWORD)
    return tablet


def complete_visit(tablet: TabletPage, stage: Stage) -> None:
    tablet.open_child(NAME)
    tablet.start_visit()
    tablet.give(complete_answers(datetime.now(UTC) - timedelta(hours=1), stage.world))
    tablet.complete()


def bodies_on_the_server(stage: Stage) -> list[dict[str, Any]]:
    """What the service has opened and kept, as it is on its disk."""
    with closing(sqlite3.connect(stage.home / "hvapp.db")) as db:
        return [json.loads(body) for (body,) in db.execute("select body from revision")]


def test_a_forgotten_passphrase_loses_nothing(stage: Stage, new_browser: NewBrowser, shots: Shots) -> None:
    browser = new_browser("tablet")
    tablet = ready_tablet(stage, browser)

    # Given a visit completed with no signal, and a battery that dies
    stage.server.stop()
    complete_visit(tablet, stage)
    browser.kill()

    # When the passphrase is forgotten, still with no signal
    tablet = TabletPage(browser.start(), stage.url).open()
    page = tablet.page
    tablet.heading("Unlock")
    expect(page.get_by_text("1 visit waiting to be sent")).to_be_visible()
    page.get_by_text("Forgotten it?").click()
    expect(page.get_by_text("Your unsent visits are safe and will still be sent.")).to_be_visible()
    shots(page, "forgotten-01-unlock")
    assert violations(page) == []
    page.get_by_role("button", name="Start again with a new passphrase").click()
    tablet.heading("Start again with a new passphrase")
    page.get_by_label("Email address").fill(stage.world.amira.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in and go on").click()
    expect(page.get_by_role("alert")).to_contain_text("Everything recorded stays safe on this tablet")
    shots(page, "forgotten-02-no-connection")
    assert violations(page) == []
    assert bodies_on_the_server(stage) == []

    # Then the visit goes up by itself when the service is back: locked, and nobody signed in
    page.context.clear_cookies()
    page.get_by_role("button", name="Back to unlock").click()
    stage.server.start()
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.get_by_text(re.compile("^Everything sent"))).to_be_visible(timeout=30_000)
    shots(page, "forgotten-03-sent-while-locked")
    assert violations(page) == []

    # and the service has opened it
    [body] = bodies_on_the_server(stage)
    assert body["payload"]["answers"]["weight_kg"] == "3.180"

    # When she starts again, families' details are fetched, and the old passphrase opens nothing
    start_again(tablet, stage)
    expect(page.get_by_text("Everything you recorded before was sent.")).to_be_visible()
    shots(page, "forgotten-04-ready")
    assert violations(page) == []
    page.get_by_role("button", name="Go to today").click()
    tablet.go("Sent and waiting")
    tablet.expect_state(NAME, "With your supervisor")
    page.reload()
    page.get_by_label("Passphrase of this tablet").fill("three quiet blue herons")
    page.get_by_role("button", name="Unlock").click()
    expect(page.get_by_role("alert")).to_contain_text("passphrase is not right")
    tablet.unlock("four new grey geese")
    tablet.heading("Sent and waiting")
    assert tablet.trouble == []


# Whether every unfinished visit on the tablet's disk has a copy as new as itself.
COPIED = """
() => new Promise((done, fail) => {
  const asked = indexedDB.open("hvapp");
  asked.onerror = () => fail(asked.error);
  asked.onsuccess = () => {
    const rows = asked.result.transaction("drafts").objectStore("drafts").getAll();
    rows.onsuccess = () => {
      asked.result.close();
      done(rows.result.length > 0 && rows.result.every(({ n, rescue }) => rescue?.n === n));
    };
  };
})
"""


@on_both
def test_an_unfinished_visit_comes_back_to_who_forgot_the_passphrase(
    stage: Stage, new_browser: NewBrowser, shots: Shots
) -> None:
    browser = new_browser("tablet")
    tablet = ready_tablet(stage, browser)
    stage.server.stop()
    tablet.open_child(NAME)
    tablet.start_visit()
    tablet.open_section("Growth")
    tablet.answer("weight_kg", "3.180")
    tablet.saved("weight_kg")
    # The copy for this day is made when the visit has been left alone for a few seconds, or on leaving it
    wait_until(lambda: tablet.page.evaluate(COPIED), "no copy was made of the unfinished visit")
    browser.kill()

    stage.server.start()
    tablet = TabletPage(browser.start(), stage.url).open()
    start_again(tablet, stage)
    page = tablet.page
    expect(page.get_by_text("1 unfinished visit is back")).to_be_visible()
    shots(page, "forgotten-05-unfinished-is-back")
    page.get_by_role("button", name="Go to today").click()
    row = page.get_by_role("listitem").filter(has_text="Not finished")
    row.get_by_role("link", name=NAME).first.click()
    tablet.heading("New birth visit")
    tablet.open_section("Growth")
    expect(tablet.field("weight_kg").locator("input").first).to_have_value("3.180")

    # Once: another unlocking finds it taken
    tablet.open()
    tablet.unlock("four new grey geese")
    tablet.heading("Today")
    expect(page.get_by_role("listitem").filter(has_text=re.compile("New birth visit, "))).to_have_count(1)
    assert tablet.trouble == []


def test_an_old_passphrase_that_is_remembered_brings_back_the_last_answers(
    stage: Stage, new_browser: NewBrowser, shots: Shots
) -> None:
    browser = new_browser("tablet")
    tablet = ready_tablet(stage, browser)

    # Given an unfinished visit, and a battery that dies before there is a copy of it
    tablet.open_child(NAME)
    tablet.start_visit()
    tablet.open_section("Growth")
    tablet.answer("weight_kg", "3.180")
    tablet.saved("weight_kg")
    browser.kill()

    # When its visitor starts again, it is kept
    tablet = TabletPage(browser.start(), stage.url).open()
    start_again(tablet, stage)
    page = tablet.page
    page.get_by_role("button", name="Go to today").click()
    tablet.go("This tablet")
    page.get_by_role("link", name=re.compile("I remember it.*Old passphrase")).click()
    tablet.heading("Old passphrase")
    shots(page, "remembered-01")
    assert violations(page) == []
    page.get_by_label("Old passphrase").fill("not the old passphrase")
    page.get_by_role("button", name="Bring it back").click()
    expect(page.get_by_role("alert")).to_contain_text("passphrase is not right")
    page.get_by_label("Old passphrase").fill("three quiet blue herons")
    page.get_by_role("button", name="Bring it back").click()

    # Then the old passphrase brings back the very last answer
    tablet.heading("This tablet")
    told = page.get_by_role("status").filter(has_text="What only the old passphrase opened is back")
    expect(told.first).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("Old passphrase"))).to_have_count(0)
    tablet.go("Today")
    row = page.get_by_role("listitem").filter(has_text="Not finished")
    row.get_by_role("link", name=NAME).first.click()
    tablet.heading("New birth visit")
    tablet.open_section("Growth")
    expect(tablet.field("weight_kg").locator("input").first).to_have_value("3.180")
    assert tablet.trouble == []


def start_again(tablet: TabletPage, stage: Stage) -> None:
    page = tablet.page
    tablet.heading("Unlock")
    page.get_by_text("Forgotten it?").click()
    page.get_by_role("button", name="Start again with a new passphrase").click()
    page.get_by_label("Email address").fill(stage.world.amira.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in and go on").click()
    tablet.choose_passphrase("four new grey geese")
    tablet.heading("This tablet is ready")


def test_starting_again_is_for_the_one_who_forgot(stage: Stage, new_browser: NewBrowser) -> None:
    tablet = ready_tablet(stage, new_browser("tablet"))
    page = tablet.page
    page.reload()
    tablet.heading("Unlock")
    page.get_by_text("Forgotten it?").click()
    page.get_by_role("button", name="Start again with a new passphrase").click()
    page.get_by_label("Email address").fill(stage.world.ben.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in and go on").click()

    expect(page.get_by_role("alert")).to_contain_text("Sign in as Amira Khan to start again")
    page.get_by_role("button", name="Back to unlock").click()
    tablet.unlock()
    tablet.heading("Today")


def test_the_tablets_own_lock_opens_the_app_with_no_signal(
    stage: Stage, new_browser: NewBrowser, shots: Shots
) -> None:
    tablet = ready_tablet(stage, new_browser("tablet"))
    page = tablet.page
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    device.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "ctap2Version": "ctap2_1",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "hasPrf": True,
                "automaticPresenceSimulation": True,
            }
        },
    )

    # Given a passkey, made with the passphrase
    tablet.go("This tablet")
    page.get_by_role("link", name=re.compile("Fingerprint or face")).click()
    tablet.heading("Fingerprint or face")
    shots(page, "passkey-01-add")
    page.get_by_label("Passphrase of this tablet").fill("not the passphrase")
    page.get_by_role("button", name="Use fingerprint or face").click()
    expect(page.get_by_role("alert")).to_contain_text("passphrase is not right")
    page.get_by_label("Passphrase of this tablet").fill("three quiet blue herons")
    page.get_by_role("button", name="Use fingerprint or face").click()
    tablet.heading("This tablet")
    expect(
        page.get_by_role("status").filter(has_text="Fingerprint or face unlocks this tablet")
    ).to_have_count(2)

    # When the app is opened with no service
    stage.server.stop()
    page.reload()
    tablet.heading("Unlock")
    shots(page, "passkey-02-unlock")
    page.get_by_role("button", name="Use this tablet’s fingerprint or face").click()

    # Then it opens, the caseload with it
    tablet.heading("This tablet")
    tablet.go("Caseload")
    expect(page.get_by_text(NAME).first).to_be_visible()

    # and the same over a locked screen
    sheet = tablet.lock()
    sheet.get_by_role("button", name="Use this tablet’s fingerprint or face").click()
    expect(sheet).not_to_be_visible()
    tablet.heading("Caseload")

    # axe last: with its own session goes the virtual authenticator
    tablet.lock()
    expect(sheet.get_by_role("button", name="Use this tablet’s fingerprint or face")).to_be_visible()
    assert violations(page) == []
    tablet.unlock_sheet()

    # When it is taken away again, only the passphrase is left
    tablet.go("This tablet")
    page.get_by_role("link", name=re.compile("Fingerprint or face")).click()
    tablet.heading("Fingerprint or face")
    assert violations(page) == []
    page.get_by_role("button", name="Stop using fingerprint or face").click()
    tablet.heading("This tablet")
    page.reload()
    tablet.heading("Unlock")
    expect(page.get_by_role("button", name="Use this tablet’s fingerprint or face")).to_be_hidden()
    tablet.unlock()
    assert tablet.trouble == []


def test_the_passphrase_can_be_changed(stage: Stage, new_browser: NewBrowser, shots: Shots) -> None:
    tablet = ready_tablet(stage, new_browser("tablet"))
    page = tablet.page
    tablet.go("This tablet")
    page.get_by_role("link", name=re.compile("Change.*Passphrase")).click()
    tablet.heading("Change the passphrase")
    shots(page, "passphrase-change")
    assert violations(page) == []
    page.get_by_label("Present passphrase").fill("three quiet blue herons")
    page.get_by_label("New passphrase", exact=True).fill("short")
    page.get_by_label("New passphrase again").fill("short")
    page.get_by_role("button", name="Change the passphrase").click()
    expect(page.get_by_role("alert")).to_contain_text("at least 12 characters")
    for label in ("New passphrase", "New passphrase again"):
        page.get_by_label(label, exact=True).fill("five loud red robins")
    page.get_by_role("button", name="Change the passphrase").click()
    tablet.heading("This tablet")

    sheet = tablet.lock()
    sheet.get_by_label("Passphrase of this tablet").fill("three quiet blue herons")
    sheet.get_by_role("button", name="Unlock").click()
    expect(sheet.get_by_role("alert")).to_contain_text("passphrase is not right")
    assert violations(page) == []
    tablet.unlock_sheet("five loud red robins")
    tablet.heading("This tablet")


def test_a_copy_of_unsent_visits_is_sealed_and_names_nobody(stage: Stage, new_browser: NewBrowser) -> None:
    tablet = ready_tablet(stage, new_browser("tablet"))
    stage.server.stop()
    complete_visit(tablet, stage)
    tablet.go("This tablet")
    assert violations(tablet.page) == []
    with tablet.page.expect_download() as saving:
        tablet.page.get_by_role("button", name="Save a copy of unsent visits").click()
    copy = saving.value

    assert re.fullmatch(r"home-visits-unsent-\d{4}-\d\d-\d\d\.json", copy.suggested_filename)
    text = copy.path().read_text()
    held = json.loads(text)
    assert held["format"] == "hvapp-outbox-1"
    assert len(held["items"]) == 1
    assert set(held["items"][0]) == {"rev_id", "device_seq", "kid", "box"}
    for word in ("Marlow", "Maya", "Amira", "3.180", "Weigh again"):
        assert word not in text
    expect(tablet.page.get_by_role("status").filter(has_text=copy.suggested_filename)).to_be_visible()
