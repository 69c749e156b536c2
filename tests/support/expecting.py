"""`expect` for pages of either engine."""

import re
import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect as expect_in_chromium
from selenium.webdriver.remote.webelement import WebElement

from tests.support.webkit_page import NOT_YET, POLL_SECONDS, WebKitLocator, Words

# Long enough for a machine that drives two browsers at once; what is there sooner is seen sooner.
EXPECT_MS = 15_000
expect_in_chromium.set_options(timeout=EXPECT_MS)


def expect(actual: Any) -> Any:
    return WebKitExpectation(actual) if isinstance(actual, WebKitLocator) else expect_in_chromium(actual)


class WebKitExpectation:
    """The assertions of Playwright's `expect` that our journeys use."""

    def __init__(self, locator: WebKitLocator) -> None:
        self.locator = locator

    def to_be_visible(self, timeout: float = EXPECT_MS) -> None:
        self._until(lambda: self._one() is not None and self.locator.is_visible(), "visible", timeout)

    def not_to_be_visible(self, timeout: float = EXPECT_MS) -> None:
        self._until(lambda: not self.locator.is_visible(), "not visible", timeout)

    def to_have_count(self, count: int, timeout: float = EXPECT_MS) -> None:
        self._until(lambda: self.locator.count() == count, f"{count} of them", timeout)

    def not_to_have_count(self, count: int, timeout: float = EXPECT_MS) -> None:
        self._until(lambda: self.locator.count() != count, f"not {count} of them", timeout)

    def to_contain_text(self, words: Words, timeout: float = EXPECT_MS) -> None:
        self._until(lambda: self._contains(words), f"to contain {words!r}", timeout)

    def not_to_contain_text(self, words: Words, timeout: float = EXPECT_MS) -> None:
        self._until(lambda: not self._contains(words), f"not to contain {words!r}", timeout)

    def to_have_value(self, value: str, timeout: float = EXPECT_MS) -> None:
        self._until(lambda: self._property("value") == value, f"the value {value!r}", timeout)

    def to_be_checked(self, timeout: float = EXPECT_MS) -> None:
        self._until(lambda: self._property("checked") is True, "checked", timeout)

    def to_be_focused(self, timeout: float = EXPECT_MS) -> None:
        active = self.locator.page.driver.switch_to
        self._until(lambda: self._one() == active.active_element, "focused", timeout)

    def _one(self) -> WebElement | None:
        found = self.locator.all()
        if len(found) > 1:
            raise AssertionError(f"{len(found)} elements, where one was meant: {self.locator.steps}")
        return found[0] if found else None

    def _contains(self, words: Words) -> bool:
        text = " ".join(str(self._property("textContent")).split())
        return bool(words.search(text)) if isinstance(words, re.Pattern) else words in text

    def _property(self, name: str) -> Any:
        element = self._one()
        return None if element is None else element.get_property(name)

    def _until(self, holds: Callable[[], bool], what: str, timeout: float) -> None:
        deadline = time.monotonic() + timeout / 1000
        while True:
            try:
                if holds():
                    return
            except NOT_YET:
                pass
            if time.monotonic() > deadline:
                texts = [element.text for element in self.locator.all()]
                raise AssertionError(f"expected {what}: {self.locator.steps}\nfound: {texts}")
            time.sleep(POLL_SECONDS)
