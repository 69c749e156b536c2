"""What every browser test of the desk pages does: set up the records, sign in, watch and look."""

from collections.abc import Callable
from typing import Literal

from flask import Flask
from playwright.sync_api import Page, ViewportSize

from hvapp.app import create_app
from hvapp.settings import Settings
from tests.e2e.conftest import Stage
from tests.support.browser import DESK, TABLET
from tests.support.looking import Looking
from tests.support.world import PASSWORD

ZOOMED: ViewportSize = {"width": 320, "height": 256}  # 1280 x 1024 at 400 %


def app_of(stage: Stage) -> Flask:
    """The application in front of the stage's database, for setting up records beside the server."""
    return create_app(
        Settings(
            secret_key="only for tests",
            database_url=f"sqlite:///{stage.home / 'hvapp.db'}",
            secure_cookies=False,
        )
    )


def sign_in(page: Page, stage: Stage, name: str) -> None:
    page.goto(f"{stage.url}/sign-in")
    page.get_by_label("Email address").fill(f"{name}@test.example")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "sign-in" not in url)


def watch(page: Page) -> list[str]:
    """What goes wrong on the page from now on: scripts that fail, and what the content policy refuses."""
    trouble: list[str] = []
    page.on("console", lambda message: trouble.append(message.text) if "Refused to" in message.text else None)
    page.on("pageerror", lambda error: trouble.append(str(error)))
    return trouble


# How a page is looked at: the window, whether in the dark, and the rules that could come out differently there.
VIEWS: dict[str, tuple[ViewportSize, Literal["light", "dark"], tuple[str, ...]]] = {
    "desk": (DESK, "light", ()),
    "tablet": (TABLET, "light", ("target-size", "scrollable-region-focusable")),
    "dark": (DESK, "dark", ("color-contrast", "link-in-text-block")),
    "zoomed": (ZOOMED, "light", ()),
}


def look(page: Page, take: Callable[[Page, str], None], name: str) -> None:
    """At every width and in the dark: no violation, nothing wider than the window."""
    size = page.viewport_size
    assert size is not None
    looking = Looking(page)
    for view, (window, scheme, rules) in VIEWS.items():
        page.set_viewport_size(window)
        page.emulate_media(color_scheme=scheme)
        take(page, f"{name}-{view}")
        looking.at(f"{name}, {view}", *rules)
        beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert beyond <= 0, f"{name}, {view}: {beyond} px wider than the window"
    assert looking.found == [], looking.found
    page.set_viewport_size(size)
    page.emulate_media(color_scheme="light")
