"""Debian's Chromium, with a profile that outlives the process, and a way to kill it like a dead battery."""

import contextlib
import json
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, Playwright, ViewportSize

from hvapp.settings import ROOT
from tests.support.webkit_page import WebKitPage

ARGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
TABLET: ViewportSize = {"width": 768, "height": 1024}
DESK: ViewportSize = {"width": 1280, "height": 800}
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"


# The whole browser, and the same engine without the window that nobody sees, which costs half as much again.
WHOLE = "chromium"
WINDOWLESS = "chromium-headless-shell"


def path_of(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise AssertionError(f"{program} is missing. ./hv test installs it, or: sudo apt install {program}")
    return path


class Browser:
    """One Chromium with one profile folder."""

    def __init__(self, playwright: Playwright, profile: Path, program: str = WHOLE) -> None:
        self.playwright = playwright
        self.profile = profile
        self.program = program
        self.context: BrowserContext | None = None
        self.killed = False

    def start(self, viewport: dict[str, int] = TABLET, **more: Any) -> Page:
        self.context = self.playwright.chromium.launch_persistent_context(
            str(self.profile),
            executable_path=path_of(self.program),
            args=ARGS,
            viewport=viewport,  # type: ignore[arg-type]
            locale="en-GB",
            timezone_id="Europe/London",
            **more,
        )
        self.context.set_default_timeout(15_000)
        if self.killed:
            # Chromium writes cookies down every half minute. A kill before that signs the tablet out, and here every
            # kill does, so that what a test sees does not hang on how fast the machine is.
            self.context.clear_cookies()
            self.killed = False
        return self.context.pages[0] if self.context.pages else self.context.new_page()

    @property
    def pages(self) -> list[Page]:
        return self.context.pages if self.context else []

    def kill(self) -> None:
        """SIGKILL to every process of this profile: no page hears of it."""
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                command = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if f"--user-data-dir={self.profile}".encode() in command:
                try:
                    os.kill(int(entry.name), signal.SIGKILL)
                except ProcessLookupError:
                    continue
        if self.context is not None:
            with contextlib.suppress(Exception):  # the other end is dead, as intended
                self.context.close()
            self.context = None
        self.killed = True

    def close(self) -> None:
        if self.context is not None:
            self.context.close()
            self.context = None


@contextmanager
def a_browser(playwright: Playwright, profile: Path) -> Iterator[Browser]:
    browser = Browser(playwright, profile)
    try:
        yield browser
    finally:
        browser.kill()


def violations(page: Page | WebKitPage) -> list[str]:
    """What axe finds on the page as it is now: rule, and where. WCAG 2.2 AA and best practice."""
    if isinstance(page, WebKitPage):
        return page.violations()
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))")
    # Trusted Types and the content policy hold for the page; the rule book is injected from outside it.
    session = page.context.new_cdp_session(page)
    session.send("Page.enable")
    tree = session.send("Page.getFrameTree")
    world = session.send(
        "Page.createIsolatedWorld", {"frameId": tree["frameTree"]["frame"]["id"], "worldName": "axe"}
    )
    context = world["executionContextId"]
    session.send("Runtime.evaluate", {"expression": AXE.read_text(), "contextId": context})
    answer = session.send(
        "Runtime.evaluate",
        {
            "expression": "axe.run(document, {resultTypes: ['violations']}).then((r) => JSON.stringify("
            "r.violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.target.join(' ')).join(' | ')}`)))",
            "contextId": context,
            "awaitPromise": True,
            "returnByValue": True,
        },
    )
    session.detach()
    if "exceptionDetails" in answer:
        raise AssertionError(f"axe could not run: {answer['exceptionDetails']}")
    return list(json.loads(answer["result"]["value"]))
