"""The tablet app on a slow processor: python -m bench.tablet (after hvapp assets)

Chromium with its processor slowed six times, which is about a cheap tablet on this kind of machine. The server is
stopped: everything measured happens offline.

Cold open: a new browser process, from asking for the address to an unlock page that takes typing.
Answer saved: from the press of an answer to its being on disk under strict durability; a third of a second lies
between one and the next press, in which the screen is worked out again.
Chart drawn: from the press on "Growth chart" to the frame in which the lines stand.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import CDPSession, Page, sync_playwright

from bench.report import Report, percentile
from hvapp.app import create_app
from hvapp.commands.database import upgrade
from hvapp.extensions import db
from hvapp.settings import Settings
from tests.support.browser import Browser
from tests.support.servers import Program, free_port, web_server
from tests.support.tablet_page import TabletPage
from tests.support.world import PASSWORD, World, make_world

SLOWER = 6
OPENINGS = 20
ANSWERS = 60
CHARTS = 20
BETWEEN_ANSWERS_MS = 333  # no finger is quicker
SETTLED = 3.0  # seconds after which a cold open has long ended


def main(openings: int = OPENINGS, answers: int = ANSWERS, charts: int = CHARTS) -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder)
        port = free_port()
        world, server = _installation(home, port)
        browser = Browser(playwright, home / "profile")
        address = f"http://localhost:{port}"
        with _running(server):
            page = browser.start()
            TabletPage(page, address).open().set_up(world.amira.email, PASSWORD)
            browser.close()
        opened = [_cold_open(browser, address) for _ in range(openings)]
        saved = _save_answers(browser, address, answers)
        drawn = _draw_charts(browser, address, charts)
    report = Report(f"Tablet offline, processor slowed {SLOWER} times")
    report.promise("cold open to usable, p50", percentile(opened, 0.5), 800, "ms")
    report.promise("cold open to usable, p95", percentile(opened, 0.95), 1200, "ms")
    report.note("cold open to usable", opened, "ms")
    report.promise("one answer saved, p95", percentile(saved, 0.95), 50, "ms")
    report.note("one answer saved", saved, "ms")
    report.promise("growth chart drawn, p95", percentile(drawn, 0.95), 100, "ms")
    report.note("growth chart drawn", drawn, "ms")
    report.end()


def _installation(home: Path, port: int) -> tuple[World, Program]:
    settings = Settings(
        secret_key="bench", database_url=f"sqlite:///{home / 'hvapp.db'}", secure_cookies=False
    )
    app = create_app(settings)
    upgrade(app)
    with app.app_context():
        world = make_world(db.session)
    return world, web_server(home, port)


@contextmanager
def _running(server: Program) -> Iterator[None]:
    server.start()
    try:
        yield
    finally:
        server.stop()


def _slow(page: Page) -> CDPSession:
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    return session


def _cold_open(browser: Browser, address: str) -> float:
    """Milliseconds by the browser's own clock, from the start of the navigation to the app's mark.

    Nothing is asked of the page meanwhile: the driver's own scripts would be slowed six times as well.
    """
    page = browser.start()
    _slow(page)
    page.goto(f"{address}/tablet", wait_until="commit")
    time.sleep(SETTLED)
    usable = page.evaluate("performance.getEntriesByName('usable')[0].startTime")
    page.get_by_label("Passphrase of this tablet").fill("typed")
    browser.close()
    return float(usable)


def _save_answers(browser: Browser, address: str, count: int) -> list[float]:
    page = browser.start()
    tablet = TabletPage(page, address).open()
    tablet.unlock()
    tablet.open_child("Maya Marlow")
    tablet.start_visit()
    tablet.open_section("About this visit")
    tablet.answer("place", "home")
    tablet.saved()
    _slow(page)
    page.wait_for_timeout(500)
    taken = []
    for turn in range(count):
        page.wait_for_timeout(BETWEEN_ANSWERS_MS)
        code = ("gp", "home")[turn % 2]
        taken.append(float(page.evaluate(_PRESS_AND_WAIT, code)))
    browser.close()
    return taken


def _draw_charts(browser: Browser, address: str, count: int) -> list[float]:
    page = browser.start()
    tablet = TabletPage(page, address).open()
    tablet.unlock()
    tablet.open_child("Maya Marlow")
    _slow(page)
    page.wait_for_timeout(500)
    taken = []
    for _ in range(count):
        taken.append(float(page.evaluate(_OPEN_CHART)))
        page.get_by_role("link", name="Back to the record").click()
        page.get_by_role("link", name="Growth chart").wait_for()
    browser.close()
    return taken


# The frame after the one in which the lines were put on the page.
_OPEN_CHART = """() => new Promise((done) => {
    const before = performance.now();
    const watch = new MutationObserver(() => {
        if (!document.querySelector('.app-chart__line')) return;
        watch.disconnect();
        requestAnimationFrame(() => setTimeout(() => done(performance.now() - before)));
    });
    watch.observe(document.getElementById('maincontent'), { childList: true, subtree: true });
    document.querySelector('a[href="#/growth"]').click();
})"""

# The mark says "Saved" once the draft is on disk, never before.
_PRESS_AND_WAIT = """(code) => new Promise((done) => {
    const input = document.querySelector(`[data-field="place"] input[value="${code}"]`);
    const mark = document.querySelector('[data-field="place"] [data-saved]');
    const before = performance.now();
    const watch = new MutationObserver(() => {
        if (!mark.classList.contains('app-field__saved--shown')) return;
        watch.disconnect();
        done(performance.now() - before);
    });
    watch.observe(mark, { attributes: true });
    input.click();
})"""


if __name__ == "__main__":
    started = time.monotonic()
    try:
        main()
    finally:
        print(f"  took {time.monotonic() - started:.0f} s", file=sys.stderr)
