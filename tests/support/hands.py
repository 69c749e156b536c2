"""The tablet app by touch alone and by keyboard alone: nothing is clicked, filled in or focused by script."""

from playwright.sync_api import ElementHandle, Locator, Page

from tests.support.expecting import expect
from tests.support.tablet_page import TabletPage

TOUCH = {"has_touch": True, "is_mobile": True}
"""What a browser is started with to be touched."""

SMALLEST = 44
"""Pixels of every target, both ways; links that stand in a sentence are as high as their line."""


class ByTouch(TabletPage):
    """Taps at a place on the screen, which has to be the thing itself; what is further down is swiped to.

    `acts`: everything done, in words: taps, swipes, and fields typed in. The lists and clocks that the system opens
    over the page are not the page's: a choice of theirs counts as two taps.
    """

    def __init__(self, page: Page, base_url: str) -> None:
        super().__init__(page, base_url)
        self.acts: list[str] = []

    def press(self, target: Locator) -> None:
        self._tap(target, "tap")

    def choose(self, control: Locator) -> None:
        self._tap(control.locator("xpath=following-sibling::label[1]"), "tap")
        expect(control).to_be_checked()

    def write(self, box: Locator, text: str) -> None:
        self._tap(box, "type")
        expect(box).to_be_focused()
        if written := box.input_value():
            self.page.keyboard.press("End")
            for _ in written:
                self.page.keyboard.press("Backspace")
        self.page.keyboard.insert_text(text)

    def pick(self, choice: Locator, value: str) -> None:
        """On the drawing above the list, where there is one."""
        place = choice.locator(f'xpath=ancestor::*[@data-control][1]//*[@data-place="{value}"]')
        if place.count():
            self._tap(place.first, "tap")
            expect(choice).to_have_value(value)
        else:
            self.acts += ["tap", "tap"]
            choice.select_option(value)

    def leave(self) -> None:
        """A tap beside everything."""
        self._tap(self.page.locator("section.app-open h2").first, "tap", smallest=0)

    def _leave_question(self) -> None:
        """The next tap does."""

    def _tap(self, target: Locator, act: str, smallest: int = SMALLEST) -> None:
        target.wait_for()
        spot = target.evaluate(_SPOT)
        self.acts += ["swipe"] * round(spot["swipes"]) + [act]
        assert spot["on"], f"a finger cannot get at {spot['name']}: {spot['over']} lies over it"
        if not spot["inline"]:
            assert spot["width"] >= smallest, f"{spot['name']} is {spot['width']} px wide"
            assert spot["height"] >= smallest, f"{spot['name']} is {spot['height']} px high"
        self.page.touchscreen.tap(spot["x"], spot["y"])


class ByKeyboard(TabletPage):
    """Tab and Shift+Tab to get there, arrows within a group of radio buttons, Space, Enter and letters.

    Every stop on the way is looked at: it can be seen, nothing lies over it, it shows that it has the focus, it comes
    after the one before it on the page too, and the next Tab leaves it.
    """

    FURTHEST = 150
    """Stops after which a thing counts as out of reach."""

    def __init__(self, page: Page, base_url: str) -> None:
        super().__init__(page, base_url)
        page.add_init_script(_LOOK_OUT)

    def press(self, target: Locator) -> None:
        self.to(target)
        self.page.keyboard.press("Enter")

    def choose(self, control: Locator) -> None:
        self.to(control)
        place = control.evaluate(_PLACE)
        if place["to"] == place["at"]:
            self.page.keyboard.press("Space")
        for _ in range(abs(place["to"] - place["at"])):
            self.page.keyboard.press("ArrowDown" if place["to"] > place["at"] else "ArrowUp")
        expect(control).to_be_checked()

    def write(self, box: Locator, text: str) -> None:
        self.to(box)
        if box.get_attribute("type") == "time":
            text = text.replace(":", "")
        elif box.input_value():
            self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def pick(self, choice: Locator, value: str) -> None:
        self.to(choice)
        self.page.keyboard.type(choice.locator(f'option[value="{value}"]').inner_text())
        expect(choice).to_have_value(value)

    def leave(self) -> None:
        """On to what comes after the answer."""
        for _ in range(20):
            self.page.keyboard.press("Tab")
            if not self.page.evaluate("document.activeElement.closest('[data-control], [data-undone]')"):
                return
        raise AssertionError("Tab does not lead out of the question")

    def _leave_question(self) -> None:
        """The next Tab does."""

    def to(self, target: Locator) -> None:
        target.wait_for()
        thing: ElementHandle = target.element_handle()  # type: ignore[assignment]
        # As many times as it should take, without looking up, and then one at a time.
        self._tab(thing.evaluate("(target) => hands.stopsTo(target)"))
        for _ in range(self.FURTHEST):
            stop = thing.evaluate("(target) => hands.at(target)")
            assert stop["faults"] == [], f"on the way to {stop['wanted']}: {stop['faults']}"
            if stop["there"]:
                return
            self._tab(stop["way"])
        raise AssertionError(f"Tab does not lead to {stop['wanted']}: {stop['trail']}")

    def _tab(self, stops: int) -> None:
        if stops < 0:
            self.page.keyboard.down("Shift")
        for _ in range(abs(stops)):
            self.page.keyboard.down("Tab")
        self.page.keyboard.up("Tab")
        if stops < 0:
            self.page.keyboard.up("Shift")


_WORDS = """
  const words = (one) => (one?.labels?.[0] ?? one)?.textContent?.trim().replace(/\\s+/g, " ").slice(0, 60)
    || one?.id || one?.tagName;
"""

# Where a finger taps, once the thing is on the screen, in pixels; how many swipes brought it there.
_SPOT = (
    """async (element) => {"""
    + _WORDS
    + """
  // What is noticed about the last answer stands under it a moment later: nobody is that quick with the next one.
  const mark = window.answered?.querySelector("[data-saved]");
  const seen = () => !mark || mark.checkVisibility({ visibilityProperty: true });
  for (let turn = 0; turn < 60 && !seen(); turn++) await new Promise(requestAnimationFrame);
  const question = element.matches("label") && element.closest("[data-field]");
  window.answered = question && question.dataset.type !== "fixed" ? question : null;
  // Nor aims at what is still moving, as when a section has only just come up.
  const place = () => JSON.stringify(element.getBoundingClientRect());
  for (let turn = 0, still = 0, was = place(); turn < 60 && still < 2; turn++) {
    await new Promise(requestAnimationFrame);
    still = place() === was ? still + 1 : 0;
    was = place();
  }
  const spot = () => {
    const box = element.getClientRects()[0] ?? element.getBoundingClientRect();
    const x = box.left + box.width / 2, y = box.top + box.height / 2;
    const hit = document.elementFromPoint(x, y);
    return { x, y, width: Math.round(box.width), height: Math.round(box.height), over: words(hit),
      on: hit !== null && (element === hit || element.contains(hit)) };
  };
  const before = scrollY;
  let found = spot(), swipes = 0;
  if (!found.on) {
    // As far as it takes to see it, a screen at a time; whoever swipes then has what follows on the screen too.
    element.scrollIntoView({ block: "nearest" });
    swipes = Math.ceil(Math.abs(scrollY - before) / innerHeight) || 1;
    (element.closest("[data-part], [data-field], [data-alert]") ?? element).scrollIntoView({ block: "start" });
    found = spot();
  }
  if (!found.on) {
    element.scrollIntoView({ block: "center" });
    found = spot();
  }
  return { ...found, swipes, name: words(element), inline: getComputedStyle(element).display === "inline" };
}"""
)

# Which of its group has the focus, and which is wanted; a checkbox is a group of its own.
_PLACE = """(control) => {
  if (control.type !== "radio") return { at: 0, to: 0 };
  const group = [...document.getElementsByName(control.name)].filter((one) => one.getClientRects().length);
  return { at: group.indexOf(document.activeElement), to: group.indexOf(control) };
}"""

# Looks at where the focus is before each Tab, and when it is asked for.
_LOOK_OUT = (
    """(() => {"""
    + _WORDS
    + """
  let last = null, forward = true, faults = [], trail = [];
  const face = (one) => (/^(radio|checkbox|file)$/.test(one.type) && one.labels[0]) || one;
  const paint = (one) => [[one], [face(one)], [face(one), "::before"]].map(([it, part]) => {
    const style = getComputedStyle(it, part);
    return [style.boxShadow, style.outline, style.backgroundColor, style.border].join();
  }).join();
  const reach = (one) => {
    const box = face(one).getBoundingClientRect();
    return { top: box.top + scrollY, bottom: box.bottom + scrollY };
  };
  const isStop = (one) => one !== document.body && one.tabIndex >= 0;

  function seen(at) {
    const box = face(at).getBoundingClientRect();
    const [top, bottom] = [Math.max(box.top, 0), Math.min(box.bottom, innerHeight)];
    const [left, right] = [Math.max(box.left, 0), Math.min(box.right, innerWidth)];
    if (box.width < 1 || box.height < 1) return "cannot be seen";
    if (bottom <= top || right <= left) return "is off the screen";
    const hit = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    const own = hit && [at, face(at)].some((one) => one === hit || one.contains(hit));
    return own || getComputedStyle(at).display === "inline" ? null : `is covered by ${words(hit)}`;
  }

  function look() {
    const at = document.activeElement;
    const part = at.closest("section.app-open, dialog, .app-visit__sections");
    const turns = last?.at === at ? last.turns + 1 : 0;
    if (isStop(at)) {
      const wrong = seen(at);
      if (wrong) faults.push(`${words(at)} has the focus and ${wrong}`);
      if (at.tabIndex > 0) faults.push(`${words(at)} jumps the queue`);
      // A box for the time has stops of its own.
      if (turns > 5) faults.push(`${words(at)} does not let the focus go`);
    }
    if (last?.at.isConnected && last.at !== at && isStop(last.at)) {
      // The browser's own button in a box for the time shows the focus itself.
      if (last.at.type !== "time" && paint(last.at) === last.paint)
        faults.push(`${words(last.at)} does not show that it has the focus`);
      // What stands in the corner of a question comes after its answer.
      const corner = [at, last.at].some((one) => one.closest(".app-field__foot"));
      const [here, there] = forward ? [reach(at), reach(last.at)] : [reach(last.at), reach(at)];
      if (part && part === last.part && !corner && isStop(at) && here.bottom <= there.top)
        faults.push(`the focus goes up from ${words(last.at)} to ${words(at)}`);
    }
    last = { at, part, turns, paint: isStop(at) ? paint(at) : "" };
    trail = [...trail, words(at)].slice(-9);
  }

  addEventListener("keydown", ({ key, shiftKey }) => {
    if (key === "Tab") {
      look();
      forward = !shiftKey;
    } else if (key !== "Shift") last = null;
  }, true);

  const before = (one, other) => one.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_PRECEDING;
  const ahead = (target) => !before(document.activeElement, target);
  const grouped = (one, other) => one.type === "radio" && other.type === "radio" && one.name === other.name;
  const arrived = (target) => document.activeElement === target || grouped(document.activeElement, target);

  window.hands = {
    stopsTo(target) {
      const at = document.activeElement;
      if (arrived(target)) return 0;
      const all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")]
        .filter((one) => !one.disabled && one.tabIndex >= 0 && one.getClientRects().length)
        .filter((one, here, others) => !grouped(one, others[here - 1] ?? {}));
      const after = (one) => before(one, at);
      const place = all.findIndex((one) => one === target || grouped(one, target));
      const here = at === document.body ? -1 : all.findIndex((one) => one === at || grouped(one, at) || after(one));
      const isOn = here >= 0 && (all[here] === at || grouped(all[here], at));
      return place < 0 || here < 0 ? 0 : place - here + (isOn || place < here ? 0 : 1);
    },
    at(target) {
      const there = arrived(target);
      const way = ahead(target) ? 1 : -1;
      if (there) look();
      return { there, way, wanted: words(target), faults, trail };
    },
  };
})()"""
)
