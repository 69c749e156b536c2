"""What everybody should be able to see and use, whatever the screen shows: axe, 400 % zoom, dark and forced colours."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page, ViewportSize

from tests.support.browser import AXE

ZOOMED: ViewportSize = {"width": 320, "height": 640}
"""A tablet of 1280 px at 400 %."""


class Looking:
    """Looks at one page again and again; axe is read once. `found`: what is wrong, and in which state."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.found: list[str] = []
        # Trusted Types and the content policy hold for the page; the rule book is injected from outside it.
        self.session = page.context.new_cdp_session(page)
        self.session.send("Page.enable")
        self.world: int | None = None
        self.seen: set[str] = set()

    def is_new(self, state: str) -> bool:
        """Whether the state, or a question, an alert or a message of its kind in the open section, is a new sight."""
        shown = {state, *self.page.evaluate(_SHOWN)}
        new = not shown <= self.seen
        self.seen |= shown
        return new

    def at(self, state: str, *rules: str) -> None:
        """By every rule of axe, WCAG 2.2 AA and best practice, or by these."""
        only = {"runOnly": list(rules)} if rules else {}
        asked = json.dumps({"resultTypes": ["violations"], **only})
        self._note(state, json.loads(self._run(_AXE.replace("OPTIONS", asked))))

    def otherwise(self, state: str, **media: Any) -> None:
        """The same state in the dark or in forced colours, and at 400 %."""
        with self._as_if(media):
            self.at(f"{state}, {media}", "color-contrast", "link-in-text-block")
        size = self.page.viewport_size
        assert size is not None
        self.page.set_viewport_size(ZOOMED)
        self._note(f"{state}, 400 %", self.page.evaluate(_CUT, ZOOMED["width"]))
        self.page.set_viewport_size(size)

    @contextmanager
    def _as_if(self, media: dict[str, Any]) -> Iterator[None]:
        self.page.emulate_media(**media)
        yield
        self.page.emulate_media(**dict.fromkeys(media, "null"))

    def _note(self, state: str, found: list[str]) -> None:
        self.found += [f"{state}: {one}" for one in found]

    def _run(self, expression: str) -> str:
        if self.world is None:
            tree = self.session.send("Page.getFrameTree")
            frame = {"frameId": tree["frameTree"]["frame"]["id"], "worldName": "axe"}
            self.world = self.session.send("Page.createIsolatedWorld", frame)["executionContextId"]
            self.session.send("Runtime.evaluate", {"expression": AXE.read_text(), "contextId": self.world})
        answer = self.session.send(
            "Runtime.evaluate",
            {
                "expression": expression,
                "contextId": self.world,
                "awaitPromise": True,
                "returnByValue": True,
            },
        )
        assert "exceptionDetails" not in answer, f"axe could not run: {answer['exceptionDetails']}"
        return str(answer["result"]["value"])


# Once what has changed is drawn.
_AXE = """new Promise((done) => requestAnimationFrame(() => setTimeout(done, 20)))
  .then(() => axe.run(document, OPTIONS))
  .then(({ violations }) => JSON.stringify(violations.map(({ id, help, nodes }) =>
    `${id}: ${help}: ${nodes.map(({ target }) => target.join(" ")).join(" | ")}`)))"""

_SHOWN = """() => [...document.querySelectorAll(".app-open *")].filter((one) => one.getClientRects().length)
  .filter((one) => one.matches("[data-field], [data-part], [data-alert], [data-finding]"))
  .map(({ dataset }) => JSON.stringify({ ...dataset, said: "said" in dataset }))"""

# What is wider than the screen, or cut off by the box that it stands in.
_CUT = """(width) => {
  const apart = ".nhsuk-u-visually-hidden, .nhsuk-skip-link, .app-table-scroll, [aria-hidden='true'] *";
  const whole = document.documentElement.scrollWidth;
  const found = whole > width ? [`the page is ${whole} px wide`] : [];
  for (const one of document.querySelectorAll("body *")) {
    if (!one.getClientRects().length || one.closest(apart)) continue;
    const words = `${one.tagName} ${one.className}: ${one.textContent.trim().replace(/\\s+/g, " ").slice(0, 60)}`;
    const { left, right } = one.getBoundingClientRect();
    if (left < -1 || right > width + 1) found.push(`${Math.round(left)} to ${Math.round(right)} px: ${words}`);
    const typed = one.matches("input, select, textarea");
    const clips = getComputedStyle(one).overflowX !== "visible";
    if (clips && !typed && one.scrollWidth > one.clientWidth + 1) found.push(`cut: ${words}`);
  }
  return found;
}"""
