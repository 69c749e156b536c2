"""A large caseload on the tablet: python -m bench.caseload (after hvapp assets)

First download: what travels for 500 children, as the tablet asks for it and compressed as the server sends it.
Unlock to list: from the press on Unlock to the first rows of the list of 2,000 children, the processor slowed six
times. The key from the passphrase is part of it: 600,000 rounds of PBKDF2, which the slowing does not touch.
Search: from a letter typed to the list that answers it, on the same 2,000 children, as fast as the machine is.
"""

import gzip
import tempfile
from contextlib import suppress
from pathlib import Path

import requests
from playwright.sync_api import Page, TimeoutError, expect, sync_playwright

from bench.report import Report, percentile
from bench.world import PASSWORD, load_caseload
from hvapp.app import create_app
from hvapp.commands.database import upgrade
from hvapp.extensions import db
from hvapp.settings import Settings
from tests.support.browser import Browser
from tests.support.servers import Program, free_port, web_server
from tests.support.tablet_page import PASSPHRASE, TabletPage

SLOWER = 6
UNLOCKINGS = 10
WORDS = ("ahmed", "ls6", "o'neil", "maya", "9990", "brown", "zz", "khan")


def main() -> None:
    report = Report("A large caseload")
    with tempfile.TemporaryDirectory() as folder:
        email, server = _installation(Path(folder), 500)
        with server:
            report.promise("first download of 500 children", _downloaded(server.url, email) / 1024, 300, "KB")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        email, server = _installation(Path(folder), 2000)
        browser = Browser(playwright, Path(folder) / "profile")
        with server:
            page = browser.start()
            tablet = TabletPage(page, server.url).open()
            page.context.set_default_timeout(120_000)
            expect.set_options(timeout=120_000)
            tablet.set_up(email, PASSWORD)
            browser.close()
        opened = [_unlock_to_list(browser, server.url) for _ in range(UNLOCKINGS)]
        searched = _search(browser, server.url)
    report.promise("unlock to list of 2,000 children, p50", percentile(opened, 0.5), 1500, "ms")
    report.note("unlock to list", opened, "ms")
    report.promise("search among 2,000 children, p95", percentile(searched, 0.95), 30, "ms")
    report.note("search", searched, "ms")
    report.end()


class _Served:
    """A server that runs inside `with`."""

    def __init__(self, program: Program, url: str) -> None:
        self.program = program
        self.url = url

    def __enter__(self) -> "_Served":
        self.program.start()
        return self

    def __exit__(self, *args: object) -> None:
        self.program.stop()


def _installation(home: Path, children: int) -> tuple[str, _Served]:
    settings = Settings(
        secret_key="bench", database_url=f"sqlite:///{home / 'hvapp.db'}", secure_cookies=False
    )
    app = create_app(settings)
    upgrade(app)
    with app.app_context():
        visitor, theirs = load_caseload(db.session, children)
        db.session.remove()
        db.engine.dispose()
    assert len(theirs) == children
    port = free_port()
    return visitor.email, _Served(
        web_server(home, port, HVAPP_SECRET_KEY="bench"), f"http://localhost:{port}"
    )


def _downloaded(url: str, email: str) -> int:
    """Bytes of bodies on the wire, headers not counted."""
    tablet = requests.Session()
    token = tablet.get(f"{url}/api/v1/session").json()["csrf_token"]
    answer = tablet.post(
        f"{url}/api/v1/sign-in",
        json={"email": email, "password": PASSWORD},
        headers={"X-CSRFToken": token},
    )
    answer.raise_for_status()
    total, cursor = 0, ""
    while True:
        answer = tablet.get(
            f"{url}/sync/v1/changes", params={"cursor": cursor, "limit": 100}, stream=True, timeout=60
        )
        answer.raise_for_status()
        raw = answer.raw.read(decode_content=False)
        total += len(raw)
        answer._content = _decoded(answer, raw)
        page = answer.json()
        cursor = page["cursor"]
        if not page["more"]:
            return total


def _decoded(answer: requests.Response, raw: bytes) -> bytes:
    return gzip.decompress(raw) if answer.headers.get("Content-Encoding") == "gzip" else raw


def _unlock_to_list(browser: Browser, url: str) -> float:
    page = _locked_on_caseload(browser, url)
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.get_by_label("Passphrase of this tablet").fill(PASSPHRASE)
    taken = page.evaluate(_UNLOCK_AND_WAIT)
    browser.close()
    return float(taken)


def _locked_on_caseload(browser: Browser, url: str) -> Page:
    page = browser.start()
    page.goto(f"{url}/tablet#/caseload")
    page.get_by_label("Passphrase of this tablet").wait_for()
    page.wait_for_timeout(1000)
    return page


# Two frames after the rows stand in the page, they have been drawn.
_UNLOCK_AND_WAIT = """() => new Promise((done) => {
    const before = performance.now();
    const shown = () => document.querySelectorAll(".app-rows--long > li").length > 0;
    const drawn = () => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - before)));
    const watch = new MutationObserver(() => {
        if (!shown()) return;
        watch.disconnect();
        drawn();
    });
    watch.observe(document.body, { childList: true, subtree: true });
    document.querySelector('form button[type="submit"]').click();
})"""


def _search(browser: Browser, url: str) -> list[float]:
    page = _locked_on_caseload(browser, url)
    TabletPage(page, url).unlock()
    with suppress(TimeoutError):
        page.get_by_role("button", name="Not now, keep recording").click(timeout=2_000)
    page.get_by_label("Find a child").wait_for()
    page.wait_for_timeout(1500)
    taken = [page.evaluate(_TYPE_AND_WAIT, word[: end + 1]) for word in WORDS for end in range(len(word))]
    browser.close()
    return [float(one) for one in taken]


_TYPE_AND_WAIT = """(text) => new Promise((done) => {
    const input = document.querySelector("#caseload-search");
    const before = performance.now();
    input.value = text;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - before)));
})"""


if __name__ == "__main__":
    main()
