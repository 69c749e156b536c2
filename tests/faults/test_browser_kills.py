"""A real Chromium killed at chosen moments: the tab or the whole browser, with the line stopped at an exact byte.

One tablet records one visit; its profile on disk and the server's records are kept, and put back for every kill.
"""

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from playwright.sync_api import Error, Page

from tests.faults.flat import Flat, on_disk, wait_until
from tests.faults.new_version import INSTALL_NEWER, TAKE_OVER, kept_notices, newer_worker
from tests.faults.old_tablet import FILL_VERSION_1
from tests.faults.search import find_words
from tests.support.answers import complete_answers
from tests.support.browser import Browser
from tests.support.tablet_page import TabletPage
from tests.support.world import PASSWORD

pytestmark = pytest.mark.browser

NAME = "Maya Marlow"
PASSPHRASE = "zealous qxvanilla heron"
# Words that stand in free text, in a name, and in the passphrase.
CANARIES = ["wqkestrelone", "wqkestreltwo", "wqkestrelthree", "Marlow", "qxvanilla"]

NewBrowser = Callable[[Path], Browser]


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tablet") / "profile"


@pytest.fixture(scope="module")
def written(flat: Flat, profile: Path, playwright: Any) -> Flat:
    """A tablet with every answer of a visit given and nothing completed, kept under “written”."""
    browser = Browser(playwright, profile)
    try:
        tablet = TabletPage(browser.start(), flat.url).open()
        tablet.set_up(flat.world.amira.email, PASSWORD, PASSPHRASE)
        flat.server.stop()
        tablet.open_child(NAME)
        tablet.start_visit()
        answers = complete_answers(datetime.now(UTC) - timedelta(hours=1), flat.world)
        answers |= {
            "child_voice": f"Settled {CANARIES[0]}.",
            "actions": f"Weigh again {CANARIES[1]}.",
            "summary_parent": f"Growing well {CANARIES[2]}.",
        }
        tablet.give(answers)
        # The last answer is given when its question is left.
        tablet.check()
        tablet.saved()
    finally:
        browser.kill()
    flat.keep("written", profile)
    return flat


@pytest.fixture(scope="module")
def waiting(written: Flat, profile: Path, playwright: Any) -> Flat:
    """The same tablet with the visit completed, of which the server has not heard, kept under “waiting”."""
    flat, browser = written, Browser(playwright, profile)
    flat.put_back("written", profile)
    try:
        tablet = open_written_visit(flat, browser)
        tablet.complete()
        assert [one["state"] for one in on_disk(tablet.page)["outbox"]] == ["sealed"]
    finally:
        browser.kill()
    flat.keep("waiting", profile)
    return flat


def open_written_visit(flat: Flat, browser: Browser) -> TabletPage:
    tablet = TabletPage(start(flat, browser), flat.url)
    tablet.unlock(PASSPHRASE)
    tablet.go("Today")
    unfinished = tablet.page.get_by_role("listitem").filter(has_text="Not finished")
    unfinished.get_by_role("link", name=NAME).first.click()
    tablet.heading("New birth visit")
    return tablet


def start(flat: Flat, browser: Browser) -> Page:
    """The app, opened as by a finger. Locked, it sends what waits all the same."""
    return TabletPage(browser.start(), flat.url).open().page


def expect_delivered_once(flat: Flat, page: Page, sha256: str) -> None:
    """The server has that visit exactly once, and the tablet knows that it is kept there."""

    def confirmed() -> bool:
        return [one["state"] for one in on_disk(page)["outbox"]] == ["confirmed"]

    wait_until(confirmed, f"the visit is not confirmed: {on_disk(page)}, server: {flat.revisions()}")
    assert [row["sha256"] for row in flat.revisions()] == [sha256]
    assert on_disk(page)["drafts"] == []


# Where the line stands still, and what dies there.
KILLS = [
    ("/sync/v1/push", "hold_request", 0.5, "browser"),
    ("/sync/v1/push", "hold_answer", 0.01, "server"),
    ("/sync/v1/push", "hold_answer", 0.5, "tab"),
    ("/sync/v1/confirm", "hold_answer", 0.01, "browser"),
]


@pytest.mark.parametrize(
    ("path", "kind", "part", "victim"),
    KILLS,
    ids=[f"{victim} at {part:.0%} of {kind[5:]} {path[9:]}" for path, kind, part, victim in KILLS],
)
def test_a_kill_on_the_line_neither_loses_nor_doubles_a_visit(
    waiting: Flat, profile: Path, new_browser: NewBrowser, path: str, kind: str, part: float, victim: str
) -> None:
    flat, browser = waiting, new_browser(profile)
    flat.put_back("waiting", profile)
    flat.server.start()
    hold = flat.gate.stop_next(path, kind, part)
    page = start(flat, browser)
    sha256 = on_disk(page)["outbox"][0]["sha256"]
    wait_until(hold.reached.is_set, f"nothing was sent to {path}")

    if victim == "server":
        flat.server.kill()
        hold.release(cut=True)
        # What it was about to acknowledge is in its database already.
        assert [row["sha256"] for row in flat.revisions()] == [sha256]
        flat.server.start()
        page.evaluate("window.dispatchEvent(new Event('online'))")
    elif victim == "tab":
        page.context.new_page()
        page.close()
        hold.release(cut=True)
        page = TabletPage(page.context.pages[0], flat.url).open().page
    else:
        browser.kill()
        hold.release(cut=True)
        page = start(flat, browser)

    expect_delivered_once(flat, page, sha256)


def test_of_two_tabs_one_dies_with_the_lock_and_the_other_sends(
    waiting: Flat, profile: Path, new_browser: NewBrowser
) -> None:
    flat, browser = waiting, new_browser(profile)
    flat.put_back("waiting", profile)
    flat.server.start()
    hold = flat.gate.stop_next("/sync/v1/push", "hold_request", 0.5)
    first = start(flat, browser)
    sha256 = on_disk(first)["outbox"][0]["sha256"]
    wait_until(hold.reached.is_set, "nothing was sent")
    second = TabletPage(first.context.new_page(), flat.url).open().page
    second.bring_to_front()

    # The renderer crashes, as under memory pressure; the page cannot answer any more.
    with suppress(Error):
        first.goto("chrome://crash", timeout=5_000)
    hold.release(cut=True)

    expect_delivered_once(flat, second, sha256)


@pytest.mark.parametrize("draw", [1, 2])
def test_killed_while_completing_a_visit_is_a_draft_or_complete_and_never_both(
    written: Flat, profile: Path, new_browser: NewBrowser, draw: int
) -> None:
    flat, browser = written, new_browser(profile)
    flat.put_back("written", profile)
    tablet = open_written_visit(flat, browser)
    [draft] = on_disk(tablet.page)["drafts"]
    tablet.check()
    tablet.page.evaluate(
        """() => [...document.querySelectorAll("button")]
             .find((one) => one.textContent.includes("Complete this visit")).click()"""
    )
    time.sleep(Random(draw).random() * 0.08)
    browser.kill()

    page = start(flat, browser)
    disk = on_disk(page)
    assert [*disk["drafts"], *(one["id"] for one in disk["outbox"])] == [draft]
    if disk["outbox"]:
        flat.server.start()
        page.evaluate("window.dispatchEvent(new Event('online'))")
        expect_delivered_once(flat, page, disk["outbox"][0]["sha256"])


def test_the_app_is_whole_after_a_kill_in_the_middle_of_its_installation(
    waiting: Flat, new_browser: NewBrowser, tmp_path: Path
) -> None:
    flat, profile = waiting, tmp_path / "new"
    flat.put_back("waiting", tmp_path / "unused")
    flat.server.start()
    browser = new_browser(profile)
    hold = flat.gate.stop_next("/static/dist/growth/", "hold_answer", 0.5)
    page = browser.start()
    page.goto(f"{flat.url}/tablet")
    wait_until(hold.reached.is_set, "the worker fetched nothing")
    browser.kill()
    hold.release(cut=True)

    page = start(flat, browser)
    page.wait_for_function("async () => (await navigator.serviceWorker.ready) && true")
    flat.server.stop()
    browser.kill()

    tablet = TabletPage(start(flat, browser), flat.url)
    tablet.heading("Set up this tablet")


@pytest.mark.parametrize("moment", ["while it waits", "while it takes over", "when it has taken over"])
def test_killed_while_a_new_version_comes_the_app_opens_with_no_signal(
    written: Flat, profile: Path, new_browser: NewBrowser, moment: str
) -> None:
    """The new version does without a file that the old one kept, so taking over has something to take away."""
    flat, browser = written, new_browser(profile)
    flat.put_back("written", profile)
    flat.server.start()
    page = start(flat, browser)
    [draft] = on_disk(page)["drafts"]
    assert kept_notices(page)
    flat.gate.newer_worker = newer_worker()
    page.evaluate(INSTALL_NEWER)
    hold = flat.gate.stop_next("/healthz?taking-over", "hold_request", 0.5)
    if moment != "while it waits":
        page.evaluate(TAKE_OVER)
        wait_until(hold.reached.is_set, "the new version did not begin to take over")
    if moment == "when it has taken over":
        hold.release()
        page.wait_for_function(
            "async () => (await navigator.serviceWorker.getRegistration()).active.state === 'activated'"
        )
    browser.kill()
    hold.release(cut=True)
    flat.server.stop()

    tablet = open_written_visit(flat, browser)
    assert on_disk(tablet.page)["drafts"] == [draft]
    if moment == "when it has taken over":
        assert not kept_notices(tablet.page)


def test_a_database_of_the_first_version_survives_kills_during_its_upgrade(
    waiting: Flat, new_browser: NewBrowser, tmp_path: Path
) -> None:
    """Version 1 kept one completed visit; after two kills in the upgrade it unlocks, and the visit arrives."""
    flat, browser, random = waiting, new_browser(tmp_path / "old"), Random("upgrade")
    flat.put_back("waiting", tmp_path / "unused")
    flat.server.start()
    page = browser.start()
    page.goto(f"{flat.url}/healthz")
    account = {"id": flat.world.amira.id, "name": flat.world.amira.name, "role": "health_visitor"}
    sha256 = page.evaluate(
        FILL_VERSION_1, {"account": account, "passphrase": PASSPHRASE, "child": flat.world.child_id}
    )
    for _ in range(2):
        page.goto(f"{flat.url}/tablet", wait_until="commit")
        time.sleep(random.random() * 0.3)
        browser.kill()
        page = browser.start()

    tablet = TabletPage(page, flat.url).open()
    tablet.unlock(PASSPHRASE)
    dialog = page.get_by_label("Password", exact=True)
    dialog.fill(PASSWORD)
    email = page.get_by_label("Email address")
    if email.count() and email.is_visible() and not email.input_value():
        email.fill(flat.world.amira.email)
    page.get_by_role("button", name="Sign in").click()
    expect_delivered_once(flat, page, sha256)


def test_nothing_a_visitor_wrote_or_read_is_on_the_disk_in_clear(
    waiting: Flat, profile: Path, new_browser: NewBrowser
) -> None:
    """Every file of the profile, after the browser was killed with a form open and a visit waiting."""
    flat, browser = waiting, new_browser(profile)
    flat.put_back("waiting", profile)
    tablet = TabletPage(start(flat, browser), flat.url)
    tablet.unlock(PASSPHRASE)
    tablet.open_child(NAME)
    browser.kill()

    assert find_words(profile, CANARIES) == {}
    # The search does find what is there: the visitor's own name stands on the unlock screen.
    assert find_words(profile, [flat.world.amira.name]) != {}


def test_the_search_finds_what_an_app_lays_open(flat: Flat, new_browser: NewBrowser, tmp_path: Path) -> None:
    """The same search, on a page that keeps a word in each of the ways that ours must not."""
    if flat.server.process is None:
        flat.server.start()
    profile = tmp_path / "open"
    page = new_browser(profile).start()
    page.goto(f"{flat.url}/healthz")
    page.evaluate(
        """async () => {
          localStorage.setItem("note", "wqlocalstorage");
          const cache = await caches.open("notes");
          await cache.put("/note", new Response("wqcachestorage"));
          await new Promise((done, fail) => {
            const asked = indexedDB.open("notes", 1);
            asked.onupgradeneeded = () => asked.result.createObjectStore("notes");
            asked.onerror = () => fail(asked.error);
            asked.onsuccess = () => {
              const writing = asked.result.transaction("notes", "readwrite", { durability: "strict" });
              writing.objectStore("notes").put("wqindexeddb", 1);
              writing.oncomplete = done;
            };
          });
        }"""
    )
    page.context.close()

    words = ["wqlocalstorage", "wqcachestorage", "wqindexeddb"]
    assert sorted(find_words(profile, words)) == sorted(words)
    shutil.rmtree(profile)
