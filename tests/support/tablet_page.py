"""The tablet app as a visitor's hands use it: by labels, roles and the questions of the form."""

import contextlib
import re
from typing import Any

from playwright.sync_api import Locator, Page, TimeoutError

from tests.support.expecting import expect

PASSPHRASE = "three quiet blue herons"
# Of a new birth visit.
SECTIONS = ("About this visit", "Birth and screening", "Growth", "Feeding", "Plan and consent")


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
        self.page.get_by_role("navigation", name="Main").get_by_role("link", name=place).click()
        self.heading(place)

    def open_child(self, name: str) -> None:
        self.go("Caseload")
        self.page.get_by_label("Find a child").fill(name)
        self.page.get_by_role("link", name=name).or_(self.page.get_by_role("button", name=name)).first.click()
        expect(self.page.get_by_role("region", name="Who this is about")).to_contain_text(name)

    def put_off_signing_in(self) -> None:
        """The tablet may ask to sign in again once it reaches the service; recording can go on first."""
        with contextlib.suppress(TimeoutError):
            self.page.get_by_role("button", name="Not now, keep recording").click(timeout=3_000)

    def start_visit(self) -> None:
        self.page.get_by_role("button", name=re.compile("new birth visit", re.IGNORECASE)).first.click()
        self.heading(re.compile("New birth visit"))

    # Answering

    def open_section(self, title: str) -> None:
        sections = self.page.get_by_role("navigation", name="Sections of this visit")
        if not sections.is_visible():
            self.page.get_by_role("link", name="All sections").click()
        sections.get_by_role("link", name=title).click()

    def field(self, field_id: str) -> Locator:
        return self.page.locator(f'[data-field="{field_id}"]')

    def answer(self, field_id: str, value: Any) -> None:
        """Give one answer the way a finger would."""
        field = self.field(field_id)
        more = self.page.locator("details[data-more]:not([open])", has=field)
        if not field.is_visible() and more.count():
            more.locator("summary").click()
        kind = field.get_attribute("data-type")
        if kind == "yes_no":
            self._press(field.locator(f'input[type="radio"][value="{_yes_no(value)}"]'))
        elif kind == "yes_no_each":
            for code, each in value.items():
                part = field.locator(f'[data-each="{code}"]')
                self._press(part.locator(f'input[type="radio"][value="{_yes_no(each)}"]'))
        elif kind == "choice" and field.locator("select").count():
            field.locator("select").select_option(value)
        elif kind == "choice":
            self._press(field.locator(f'input[type="radio"][value="{value}"]'))
        elif kind in ("choices", "people"):
            for code in value:
                self._press(field.locator(f'input[type="checkbox"][value="{code}"]'))
        elif kind in ("date", "datetime", "month"):
            self._fill_date(field, str(value))
        else:
            field.locator("input, textarea").first.fill(str(value))
            self._leave_question()

    def _leave_question(self) -> None:
        """As a finger that goes on to something else: what was typed is judged when its question is left."""
        self.page.evaluate("document.activeElement.blur()")

    def _press(self, control: Locator) -> None:
        control.locator("xpath=following-sibling::label[1]").click()
        expect(control).to_be_checked()

    def _fill_date(self, field: Locator, value: str) -> None:
        parts = {"year": value[0:4], "month": value[5:7], "day": value[8:10], "time": value[11:16]}
        for name, part in parts.items():
            box = field.locator(f'input[id$="-{name}"]')
            if part and box.count():
                box.fill(str(int(part)) if name in ("day", "month") else part)
        self._leave_question()

    def record(self, answers: dict[str, Any], sections: tuple[str, ...] = SECTIONS) -> None:
        """Every answer given, section by section, in the order of the form."""
        for title in sections:
            self.open_section(title)
            for field_id, value in answers.items():
                if field_id != "contact_type" and self.in_section(title, field_id):
                    self.answer(field_id, value)

    def saved(self) -> None:
        expect(self.page.get_by_role("status").filter(has_text="Saved")).not_to_have_count(0)

    def in_section(self, title: str, field_id: str) -> bool:
        """Whether a question stands in this section of the form, asked just now or not."""
        section = self.page.locator("section[data-section]", has=self.page.get_by_role("heading", name=title))
        return section.locator(f'[data-field="{field_id}"]').count() > 0

    def check(self) -> None:
        if self.page.get_by_role("link", name="All sections").is_visible():
            self.page.get_by_role("link", name="All sections").click()
        self.page.get_by_role("button", name="Check and complete").click()
        self.heading("Check and complete")

    def expect_sent(self, name: str) -> None:
        """The visit reaches the service by itself."""
        self.go("Sent and waiting")
        self.expect_state(name, "With your supervisor")

    def complete(self) -> None:
        self.check()
        self.page.get_by_role("button", name="Complete this visit").click()
        expect(self.page.get_by_role("heading", name="What happens next")).to_be_visible()

    def expect_state(self, name: str, words: str | re.Pattern[str], timeout: float = 30_000) -> None:
        """On the page of everything sent and waiting, the child's visit has this state."""
        row = self.page.get_by_role("listitem").filter(has_text=name)
        expect(row.first).to_contain_text(words, timeout=timeout)


def _yes_no(value: bool) -> str:
    return "yes" if value else "no"
