"""The tablet app as a visitor's hands use it: by labels, roles and the questions of the form."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from playwright.sync_api import Locator, Page

from hvapp.domain.forms import FormDefinition
from hvapp.domain.forms.definition import Section
from hvapp.settings import ROOT
from tests.support.answers import NEW_BIRTH
from tests.support.expecting import expect

GIVE = (ROOT / "tests" / "support" / "give.js").read_text()

PASSPHRASE = "three quiet blue herons"

NOW = "now"
"""As an answer: what stands beside a date and fills it in, "Now" or "Today", is pressed."""


class TabletPage:
    def __init__(self, page: Page, base_url: str) -> None:
        self.page = page
        self.base_url = base_url
        self.trouble: list[str] = []
        page.on("pageerror", lambda error: self.trouble.append(str(error)))
        page.on("console", self._listen)

    def _listen(self, message: Any) -> None:
        # A refused connection is what these tests are about; anything else the console calls an error is not.
        if message.type == "error" and not re.search(r"Failed to load resource|net::ERR", message.text):
            self.trouble.append(message.text)

    def open(self) -> "TabletPage":
        self.page.goto(f"{self.base_url}/tablet")
        return self

    # What a hand does. Here as the browser's driver would; by touch and by keyboard alone in tests/support/hands.py.

    def press(self, target: Locator) -> None:
        target.click()

    def choose(self, control: Locator) -> None:
        """A radio button or a checkbox."""
        control.locator("xpath=following-sibling::label[1]").click()
        expect(control).to_be_checked()

    def write(self, box: Locator, text: str) -> None:
        box.fill(text)

    def pick(self, choice: Locator, value: str) -> None:
        """From a list that opens."""
        choice.select_option(value)

    def heading(self, text: str | re.Pattern[str]) -> None:
        expect(self.page.get_by_role("heading", level=1, name=text)).to_be_visible()

    def set_up(self, email: str, password: str, passphrase: str = PASSPHRASE) -> None:
        self.sign_in_for_set_up(email, password)
        self.choose_passphrase(passphrase)
        self.heading("This tablet is ready")
        expect(self.page.get_by_text("The app opens with no signal")).to_be_visible()
        self.page.get_by_role("button", name="Go to today").click()
        self.heading("Today")

    def sign_in_for_set_up(self, email: str, password: str) -> None:
        self.heading("Set up this tablet")
        self.page.get_by_label("Email address").fill(email)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.get_by_role("button", name="Sign in").click()

    def choose_passphrase(self, passphrase: str) -> None:
        self.heading("Choose a passphrase for this tablet")
        self.page.get_by_label("Passphrase", exact=True).fill(passphrase)
        self.page.get_by_label("Passphrase again").fill(passphrase)
        self.page.get_by_role("button", name="Make this tablet ready").click()

    def unlock(self, passphrase: str = PASSPHRASE) -> None:
        self.heading("Unlock")
        self.page.get_by_label("Passphrase of this tablet").fill(passphrase)
        self.page.get_by_role("button", name="Unlock").click()
        expect(self.page.get_by_role("heading", level=1, name="Unlock")).to_have_count(0)

    def lock(self) -> Locator:
        """Lock by hand; the sheet that then covers the screen."""
        self.page.get_by_role("button", name="Lock", exact=True).first.click()
        sheet = self.page.get_by_role("dialog")
        expect(sheet.get_by_role("heading", name="Locked")).to_be_visible()
        return sheet

    def unlock_sheet(self, passphrase: str = PASSPHRASE) -> None:
        sheet = self.page.get_by_role("dialog")
        sheet.get_by_label("Passphrase of this tablet").fill(passphrase)
        sheet.get_by_role("button", name="Unlock").click()
        expect(sheet).not_to_be_visible()

    def set_pin(self, pin: str, passphrase: str = PASSPHRASE) -> None:
        self.go("This tablet")
        self.page.get_by_role("link", name=re.compile("PIN after locking")).click()
        self.heading("PIN for this tablet")
        self.page.get_by_label("New PIN", exact=True).fill(pin)
        self.page.get_by_label("New PIN again").fill(pin)
        self.page.get_by_label("Passphrase of this tablet").fill(passphrase)
        self.page.get_by_role("button", name="Save PIN").click()

    def go(self, place: str) -> None:
        self.press(self.page.get_by_role("navigation", name="Main").get_by_role("link", name=place))
        self.heading(place)

    def open_child(self, name: str) -> None:
        self.go("Caseload")
        self.write(self.page.get_by_label("Find a child"), name)
        self.press(self.page.get_by_role("link", name=name).first)
        expect(self.page.get_by_role("region", name="Who this is about")).to_contain_text(name)

    def put_off_signing_in(self) -> None:
        """The tablet asks to sign in again once it reaches the service; recording can go on first."""
        self.page.get_by_role("button", name="Not now, keep recording").click()

    def sign_in_again(self, password: str) -> None:
        """When the tablet asks for it, to fetch changes."""
        sheet = self.page.get_by_role("dialog")
        sheet.get_by_label("Password", exact=True).fill(password)
        sheet.get_by_role("button", name="Sign in").click()
        expect(sheet).not_to_be_visible()

    def start_visit(self) -> None:
        self.press(self.page.get_by_role("button", name=re.compile("new birth visit", re.IGNORECASE)).first)
        self.heading(re.compile("New birth visit"))

    # Answering

    def open_section(self, title: str) -> None:
        sections = self.page.get_by_role("navigation", name="Sections of this visit")
        way_there = self.page.get_by_role("link", name="All sections")
        expect(sections.or_(way_there).first).to_be_visible()  # a visit may still be opening
        if not sections.is_visible():
            self.press(way_there)
        self.press(sections.get_by_role("link", name=title))

    def field(self, field_id: str) -> Locator:
        return self.page.locator(f'[data-field="{field_id}"]')

    def answer(self, field_id: str, value: Any) -> None:
        """Give one answer the way a finger would."""
        field = self.field(field_id)
        expect(field).to_have_count(1)  # the end of a long section comes a moment after its beginning
        more = self.page.locator("details[data-more]:not([open])", has=field)
        if not field.is_visible() and more.count():
            self.press(more.locator("summary"))
        if isinstance(value, dict) and "not_done" in value:
            self.press(field.locator("[data-say-undone]"))
            self.choose(field.locator(f'[data-undone] input[value="{value["not_done"]}"]'))
        elif field.get_attribute("data-type") == "list":
            for at, row in enumerate(value):
                if field.locator("[data-row]").count() <= at:
                    self.press(field.locator("[data-add]"))
                place = field.locator("[data-row]").nth(at)
                for part_id, each in row.items():
                    self._give(place.locator(f'[data-part="{part_id}"]'), each)
        else:
            self._give(field, value)

    def _give(self, field: Locator, value: Any) -> None:
        kind = field.get_attribute("data-type")
        if value == NOW:
            self.press(field.locator("[data-now]"))
        elif kind == "yes_no":
            self.choose(field.locator(f'input[type="radio"][value="{_yes_no(value)}"]'))
        elif kind == "yes_no_each":
            for code, each in value.items():
                part = field.locator(f'[data-each="{code}"]')
                self.choose(part.locator(f'input[type="radio"][value="{_yes_no(each)}"]'))
        elif kind == "choice" and field.locator("select").count():
            self.pick(field.locator("select"), value)
        elif kind in ("choice", "person"):
            self.choose(field.locator(f'input[type="radio"][value="{value}"]'))
        elif kind in ("choices", "people"):
            for code in value:
                self.choose(field.locator(f'input[type="checkbox"][value="{code}"]'))
        elif kind in ("date", "datetime", "month"):
            self._fill_date(field, str(value))
        else:
            self.write(field.locator("input, textarea").first, str(value))
            self._leave_question()

    def _leave_question(self) -> None:
        """As a finger that goes on to something else: what was typed is judged when its question is left."""
        self.page.evaluate("document.activeElement.blur()")

    def _fill_date(self, field: Locator, value: str) -> None:
        parts = {"year": value[0:4], "month": value[5:7], "day": value[8:10], "time": value[11:16]}
        for name, part in parts.items():
            box = field.locator(f'input[id$="-{name}"]')
            if part and box.count():
                self.write(box, str(int(part)) if name in ("day", "month") else part)
        self._leave_question()

    def record(
        self,
        answers: dict[str, Any],
        form: FormDefinition = NEW_BIRTH,
        after: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Every answer given, section by section, in the order of the form; then what is done after each section."""
        for section, given in _by_section(answers, form):
            self.open_section(section.title)
            for one, value in given:
                self.answer(one, value)
            after(section.id)

    def give(self, answers: dict[str, Any], form: FormDefinition = NEW_BIRTH) -> None:
        """The same by script, in a fifth of the time: for a test that begins with a visit and is not about it."""
        for section, given in _by_section(answers, form):
            self.open_section(section.title)
            self.page.evaluate(f"({GIVE})({json.dumps(given)})")

    def saved(self, field_id: str | None = None) -> None:
        """Something is on the disk; or this answer is, which is what counts before a kill."""
        if field_id:
            expect(self.field(field_id).locator("[data-saved]")).to_be_visible()
        else:
            expect(self.page.get_by_role("status").filter(has_text="Saved")).not_to_have_count(0)

    def check(self) -> None:
        if self.page.get_by_role("link", name="All sections").is_visible():
            self.press(self.page.get_by_role("link", name="All sections"))
        self.press(self.page.get_by_role("button", name="Check and complete"))
        self.heading("Check and complete")

    def expect_sent(self, name: str) -> None:
        """The visit reaches the service by itself."""
        self.go("Sent and waiting")
        self.expect_state(name, "With your supervisor")

    def complete(self) -> None:
        self.check()
        self.press(self.page.get_by_role("button", name="Complete this visit"))
        expect(self.page.get_by_role("heading", name="What happens next")).to_be_visible()

    def expect_state(self, name: str, words: str | re.Pattern[str], timeout: float = 30_000) -> None:
        """On the page of everything sent and waiting, the child's visit has this state."""
        row = self.page.get_by_role("listitem").filter(has_text=name)
        expect(row.first).to_contain_text(words, timeout=timeout)


def _by_section(
    answers: dict[str, Any], form: FormDefinition
) -> Iterator[tuple[Section, list[tuple[str, Any]]]]:
    """What is answered, in the order of the form; only sections in which something is."""
    for section in form.sections:
        given = [(one.id, answers[one.id]) for one in section.fields if one.id in answers and not one.fixed]
        if given:
            yield section, given


def _yes_no(value: bool) -> str:
    return "yes" if value else "no"
