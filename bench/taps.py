"""How much an ordinary visit asks of a hand: python -m bench.taps (after hvapp assets)

A new birth visit at 768 by 1024, by touch, through the app as it is: nobody is worried about anything. A tap is one
interaction, going to a section too; a field that is typed in is one, and a swipe that brings the next question onto the
screen is one. The promise is about the core questions (★) of the visit, from the child's record to its completion; what
else is required and folded away is counted beside it. So is the time that the app itself needs, with a driver's hands.
"""

import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from bench.report import Report
from bench.tablet import _installation, _running
from hvapp.domain.forms.definition import Section
from tests.support.answers import NEW_BIRTH, complete_answers
from tests.support.browser import TABLET, Browser
from tests.support.hands import TOUCH, ByTouch
from tests.support.servers import free_port
from tests.support.tablet_page import NOW
from tests.support.world import PASSWORD, World

CHILD = "Maya Marlow"
BUDGET = 70


class Counted(ByTouch):
    """Takes what the record offers where that is the answer; a date is one field."""

    def write_date(self, question: Any, value: str) -> None:
        before = len(self.acts)
        super()._fill_date(question, value)
        typed = [act for act in self.acts[before:] if act == "type"]
        self.acts[before:] = [act for act in self.acts[before:] if act != "type"] + typed[:1]

    _fill_date = write_date

    def take(self) -> Counter[str]:
        """What was done since it was last asked."""
        done, self.acts = Counter(self.acts), []
        return done


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home, port = Path(folder), free_port()
        world, server = _installation(home, port)
        browser = Browser(playwright, home / "profile")
        with _running(server):
            tablet = Counted(browser.start(TABLET, **TOUCH), f"http://localhost:{port}")
            tablet.open()
            tablet.set_up(world.amira.email, PASSWORD)
        tablet.open_child(CHILD)
        began = time.monotonic()
        core, folded = _visit(tablet, world)
        took = time.monotonic() - began
        browser.close()
    report = Report("An ordinary new birth visit by touch")
    for place in core:
        done = ", ".join(f"{number} × {act}" for act, number in core[place].items())
        more = f"; folded away: {folded[place].total()}" if folded.get(place) else ""
        print(f"    {place:<28} {core[place].total():4}  {done}{more}")
    total = sum(done.total() for done in core.values())
    rest = sum(done.total() for done in folded.values())
    report.promise("interactions for the core questions", total, BUDGET, "")
    report.figure("interactions for what else is required", rest, "")
    report.figure("time of app and driver", took, "s")
    report.end()


def _visit(tablet: Counted, world: World) -> tuple[dict[str, Counter[str]], dict[str, Counter[str]]]:
    """What was done at each place, for the core questions and for those folded away."""
    answers = complete_answers(datetime.now(UTC) - timedelta(hours=1), world)
    for adult in answers["wellbeing"]:
        # Only where there is a worry.
        for part in ("epds_total", "epds_item10", "phq9_total", "phq9_item9", "gad7_total"):
            adult.pop(part, None)
        # There is nobody else whom it could be about.
        adult.pop("person")
    core: dict[str, Counter[str]] = {}
    folded: dict[str, Counter[str]] = {}
    tablet.take()
    tablet.start_visit()
    core["Starting"] = tablet.take()
    for section in NEW_BIRTH.sections:
        _answer(tablet, section, answers, core=True)
        core[section.title] = tablet.take()
        _answer(tablet, section, answers, core=False)
        folded[section.title] = tablet.take()
        tablet.press(tablet.page.locator('.app-visit__panel [data-action="next"]'))
        core[section.title] += tablet.take()
    tablet.heading("Check and complete")
    tablet.press(tablet.page.get_by_role("button", name="Complete this visit"))
    tablet.page.get_by_role("heading", name="What happens next").wait_for()
    core["Completing"] = tablet.take()
    return core, folded


def _answer(tablet: Counted, section: Section, answers: dict[str, Any], *, core: bool) -> None:
    record = tablet.page.locator(".app-open .app-record button")
    if core and record.count():
        tablet.press(record)
    for one in section.fields:
        if one.id not in answers or one.core is not core or one.prefill is not None:
            continue
        if one.suggest and one.suggest.startswith("child."):
            continue
        question = tablet.field(one.id)
        if one.type == "datetime":
            tablet.answer(one.id, NOW)
        elif one.type == "yes_no_each":
            tablet.press(question.locator("[data-all-yes]"))
        else:
            tablet.answer(one.id, answers[one.id])


if __name__ == "__main__":
    main()
