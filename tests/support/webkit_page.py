"""A page in WebKit with the part of Playwright's Page that our journeys use, so that they are written once.

Playwright cannot drive the WebKit that Debian packages; WebDriver can. Searches mean what Playwright's mean
(tests/support/finder.js); acting and expecting wait and try again, as Playwright does.
"""

import re
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from playwright.sync_api import TimeoutError
from selenium.common.exceptions import (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    JavascriptException,
    StaleElementReferenceException,
)
from selenium.common.exceptions import TimeoutException as LoadTimeout
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select

from hvapp.settings import ROOT

FINDER = (Path(__file__).parent / "finder.js").read_text()
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
ACTION_MS = 15_000
POLL_SECONDS = 0.05
START_SECONDS = 30
CONSOLE = re.compile(r"CONSOLE (?:([A-Z]+) )?(LOG|INFO|DEBUG|WARN|ERROR) (.*)$", re.MULTILINE)
# Said of manifest-src on every page; other directives are in force.
UNKNOWN_TO_WEBKIT = "Unrecognized Content-Security-Policy directive 'manifest-src'"

Words = str | re.Pattern[str]
Step = dict[str, Any]

# The page changed between finding an element and touching it: find it again.
NOT_YET = (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    JavascriptException,
    StaleElementReferenceException,
)


class _Finding:
    """What a page and a locator share: ways to look inside."""

    page: "WebKitPage"
    steps: list[Step]

    def _with(self, **step: Any) -> "WebKitLocator":
        return WebKitLocator(self.page, [*self.steps, step])

    def get_by_role(
        self, role: str, *, name: Words | None = None, level: int | None = None, exact: bool = False
    ) -> "WebKitLocator":
        more = {"level": level} if level is not None else {}
        if name is not None:
            more["name"] = _wanted(name, exact)
        return self._with(by="role", role=role, **more)

    def get_by_label(self, text: Words, *, exact: bool = False) -> "WebKitLocator":
        return self._with(by="label", label=_wanted(text, exact))

    def get_by_text(self, text: Words, *, exact: bool = False) -> "WebKitLocator":
        return self._with(by="text", words=_wanted(text, exact))

    def locator(self, selector: str, *, has: "WebKitLocator | None" = None) -> "WebKitLocator":
        kind, _, rest = selector.partition("=")
        found = self._with(by="xpath", xpath=rest) if kind == "xpath" else self._with(by="css", css=selector)
        return found if has is None else found._with(has=has.steps)


class WebKitPage(_Finding):
    """`start_again`: a new window with the same profile, for one that stalls before anything was done in it."""

    def __init__(self, driver: WebDriver, log: Path, start_again: Callable[[], WebDriver]) -> None:
        self.driver = driver
        self._start_again = start_again
        self._address: str | None = None
        self._untouched = True
        self.page = self
        self.steps = []
        self._log = log
        self._read_to = log.stat().st_size
        self._listeners: dict[str, Callable[[Any], None]] = {}
        self.keyboard = SimpleNamespace(type=self._type)

    def on(self, event: str, listener: Callable[[Any], None]) -> None:
        """`pageerror` and `console`, heard whenever the test next looks at the page."""
        self._listeners[event] = listener

    def goto(self, url: str) -> None:
        self._untouched = self._untouched and self._address is None
        self._address = url
        try:
            self.driver.get(url)
        except LoadTimeout:
            self._start_over()

    def reload(self) -> None:
        self.touch()
        self.driver.refresh()

    def touch(self) -> None:
        """Something is being done here: from now on a page that stalls is the product's fault."""
        self._untouched = False

    def evaluate(self, expression: str) -> Any:
        """As in Playwright, an expression or a function."""
        self.touch()
        return self.driver.execute_script(
            f"const given = ({expression}); return typeof given === 'function' ? given() : given"
        )

    def _type(self, text: str) -> None:
        self.touch()
        self.driver.switch_to.active_element.send_keys(text)

    def wait_for_timeout(self, ms: float) -> None:
        time.sleep(ms / 1000)

    def screenshot(self, path: str, **_: Any) -> None:
        self.driver.save_screenshot(path)

    def elements(self, steps: list[Step]) -> list[WebElement]:
        self._hear()
        try:
            return self._find(steps)
        except LoadTimeout:
            self._start_over()
        # Whoever asked has waited long already: what the page shows first is waited for here.
        deadline = time.monotonic() + START_SECONDS
        while not (found := self._find(steps)) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        return found

    def _start_over(self) -> None:
        """Debian's WebKit stalls on the first page of a window once in a while: white, idle, and never done loading.

        It is started again, once, and never after the first touch: from then on a stall is our own.
        """
        if not self._untouched:
            raise
        self.touch()
        warnings.warn(f"WebKit stalled on {self._address} and was started again", stacklevel=3)
        self.driver = self._start_again()
        self.driver.get(self._address or "")

    def _find(self, steps: list[Step]) -> list[WebElement]:
        return list(self.driver.execute_script(f"{FINDER}; return findElements(arguments[0])", steps))

    def violations(self) -> list[str]:
        # In one script, so that a page that comes up meanwhile cannot be without the rule book.
        found = self.driver.execute_async_script(
            f"{AXE.read_text()};"
            "const done = arguments[arguments.length - 1];"
            "axe.run(document, {resultTypes: ['violations']}).then((r) => done(r.violations.map("
            "(v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.target.join(' ')).join(' | ')}`)))"
        )
        return list(found)

    def _hear(self) -> None:
        """WebKit writes the console into the log of its window: `CONSOLE [<source>] <LEVEL> <text>`."""
        with self._log.open(errors="replace") as log:
            log.seek(self._read_to)
            new = log.read()
            self._read_to = log.tell()
        for source, level, text in CONSOLE.findall(new):
            if text.startswith(UNKNOWN_TO_WEBKIT):
                continue
            if source == "JS" and level == "ERROR" and "pageerror" in self._listeners:
                self._listeners["pageerror"](text)
            elif "console" in self._listeners:
                self._listeners["console"](SimpleNamespace(type=level.lower(), text=text))


class WebKitLocator(_Finding):
    def __init__(self, page: WebKitPage, steps: list[Step]) -> None:
        self.page = page
        self.steps = steps

    @property
    def first(self) -> "WebKitLocator":
        return self._with(at=0)

    @property
    def last(self) -> "WebKitLocator":
        return self._with(at=-1)

    def nth(self, index: int) -> "WebKitLocator":
        return self._with(at=index)

    def filter(self, *, has_text: Words) -> "WebKitLocator":
        return self._with(hasText=_wanted(has_text, exact=False))

    def or_(self, other: "WebKitLocator") -> "WebKitLocator":
        return self._with(**{"or": other.steps})

    # Looking

    def all(self) -> list[WebElement]:
        return self.page.elements(self.steps)

    def count(self) -> int:
        return len(self.all())

    def is_visible(self) -> bool:
        return len(self._with(visible=True).all()) > 0

    def get_attribute(self, name: str) -> str | None:
        return self._when_there(lambda element: element.get_dom_attribute(name))

    def evaluate(self, function: str) -> Any:
        """A function of JavaScript, given the element."""
        run = self.page.driver.execute_script
        return self._when_there(lambda element: run(f"return ({function})(arguments[0])", element))

    # Acting

    def click(self, timeout: float = ACTION_MS) -> None:
        self._act(lambda element: element.click(), timeout)

    def check(self) -> None:
        self._act(lambda element: element.is_selected() or element.click(), ACTION_MS)

    def fill(self, text: str) -> None:
        """Type over what is there, key by key."""

        def type_over(element: WebElement) -> None:
            if element.get_dom_attribute("type") == "time":
                self._set_time(element, text)
            else:
                element.send_keys(Keys.CONTROL + "a")
                element.send_keys(text or Keys.BACKSPACE)
                if element.get_property("value") != text:
                    # A page that has only just come up moved the focus to its heading.
                    raise ElementNotInteractableException("the keys went elsewhere")

        self._act(type_over, ACTION_MS)

    def select_option(self, value: str) -> None:
        self._act(lambda element: Select(element).select_by_value(value), ACTION_MS)

    def _set_time(self, element: WebElement, text: str) -> None:
        # WebKitGTK draws a plain box for a time, and every iPad a wheel: what both have in common is the event.
        self.page.driver.execute_script(
            "arguments[0].focus(); arguments[0].value = arguments[1];"
            "arguments[0].dispatchEvent(new Event('input', {bubbles: true}));"
            "arguments[0].dispatchEvent(new Event('change', {bubbles: true}));",
            element,
            text,
        )

    def _act(self, act: Callable[[WebElement], Any], timeout: float) -> None:
        self.page.touch()

        def on_a_ready_one(element: WebElement) -> Any:
            if not element.is_enabled() or not self.is_visible():
                raise ElementNotInteractableException("not visible, or not enabled")
            # WebDriver scrolls no further than the edge, which a bar may cover.
            self.page.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
            return act(element)

        self._when_there(on_a_ready_one, timeout)

    def _when_there(self, use: Callable[[WebElement], Any], timeout: float = ACTION_MS) -> Any:
        deadline = time.monotonic() + timeout / 1000
        while True:
            try:
                found = self.all()
                if len(found) > 1:
                    raise AssertionError(f"{len(found)} elements, where one was meant: {self.steps}")
                if found:
                    return use(found[0])
                problem = "nothing found"
            except NOT_YET as error:
                problem = str(error.msg)
            if time.monotonic() > deadline:
                raise TimeoutError(f"{problem}: {self.steps}")
            time.sleep(POLL_SECONDS)


def _wanted(words: Words, exact: bool) -> dict[str, Any]:
    if isinstance(words, re.Pattern):
        return {"regex": words.pattern, "flags": "i" if words.flags & re.IGNORECASE else ""}
    return {"text": words, "exact": exact}
