"""Opening a form on a slow processor: python -m bench.opening (after hvapp assets)

Chromium with its processor slowed six times, offline. Every contact's form, opened for the first time after unlocking:
from the press on "Start" to a visit that is drawn and takes answers.
"""

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from bench.report import Report, percentile
from bench.tablet import SLOWER, _installation, _running, _slow
from tests.support.browser import Browser
from tests.support.servers import free_port
from tests.support.tablet_page import TabletPage
from tests.support.world import PASSWORD

SESSIONS = 4
CHILD = "Maya Marlow"
SETTLED_MS = 3_000  # after unlocking, by which time nothing is being fetched ahead any more


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder)
        port = free_port()
        world, server = _installation(home, port)
        address = f"http://localhost:{port}"
        ready = Browser(playwright, home / "ready")
        with _running(server):
            TabletPage(ready.start(), address).open().set_up(world.amira.email, PASSWORD)
            ready.close()
        taken: dict[str, list[float]] = {}
        for session in range(SESSIONS):
            # A draft opens again instead of beginning, so each session has a tablet without any.
            profile = shutil.copytree(home / "ready", home / f"profile-{session}")
            browser = Browser(playwright, profile)
            for form, time in _session(browser.start(), address).items():
                taken.setdefault(form, []).append(time)
            browser.close()
    report = Report(f"Opening a form offline, processor slowed {SLOWER} times")
    every = [time for times in taken.values() for time in times]
    report.promise("any form, p95", percentile(every, 0.95), 300, "ms")
    for form, times in taken.items():
        report.note(form, times, "ms")
    report.end()


def _session(page: Page, address: str) -> dict[str, float]:
    """Milliseconds by what its button says."""
    tablet = TabletPage(page, address).open()
    tablet.unlock()
    tablet.open_child(CHILD)
    page.wait_for_timeout(SETTLED_MS)
    buttons: list[str] = page.evaluate(_BUTTONS)
    _slow(page)
    taken = {}
    for button in buttons:
        taken[button] = float(page.evaluate(_PRESS_AND_WAIT, button))
        page.evaluate("document.querySelector('main [data-action=\"leave\"]').click()")
        page.get_by_role("heading", name=f"Record of {CHILD}").wait_for()
        page.wait_for_timeout(1_000)
    return taken


_BUTTONS = """[...document.querySelectorAll("main button")]
    .map((button) => button.textContent.trim()).filter((words) => /^(Start|Record no)/.test(words))"""

_PRESS_AND_WAIT = """(words) => new Promise((done) => {
    const button = [...document.querySelectorAll("main button")].find((one) => one.textContent.trim() === words);
    const before = performance.now();
    const watch = new MutationObserver(() => {
        const drawn = ["[data-form]", '[data-slot="tasks"] a'].every((part) => document.querySelector(`main ${part}`));
        if (!drawn) return;
        watch.disconnect();
        requestAnimationFrame(() => setTimeout(() => done(performance.now() - before)));
    });
    watch.observe(document.body, { childList: true, subtree: true });
    button.click();
})"""


if __name__ == "__main__":
    main()
