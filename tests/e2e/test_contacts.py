"""Every contact, recorded with no signal by one pair of hands: by touch alone, and by keyboard alone."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Page
from sqlalchemy import select

from hvapp.store.visits import RevisionRow, VisitRow
from tests.e2e.conftest import Stage, records
from tests.support.browser import TABLET, Browser
from tests.support.contacts import CONTACTS, Caseload, Contact, add_caseload
from tests.support.expecting import expect
from tests.support.hands import TOUCH, ByKeyboard, ByTouch
from tests.support.looking import Looking
from tests.support.world import PASSWORD

pytestmark = pytest.mark.browser

Hands = ByTouch | ByKeyboard
FORGOTTEN = "place"
"""The answer that every contact is first completed without."""
LANDSCAPE = {"width": 1280, "height": 800}


@pytest.mark.parametrize(
    ("hands", "viewport", "more"),
    [(ByTouch, TABLET, TOUCH), (ByKeyboard, LANDSCAPE, {})],
    ids=["touch", "keyboard"],
)
def test_every_contact_is_recorded_offline_and_arrives_once(
    stage: Stage,
    new_browser: Callable[[str], Browser],
    shots: Callable[[Page, str], None],
    hands: type[Hands],
    viewport: dict[str, int],
    more: dict[str, Any],
) -> None:
    with records(stage) as session:
        caseload = add_caseload(session, stage.world)
    tablet = hands(new_browser("tablet").start(viewport, **more), stage.url)
    tablet.open()
    tablet.set_up(stage.world.amira.email, PASSWORD)
    stage.server.stop()
    looking = Looking(tablet.page)

    for contact in CONTACTS:
        record(tablet, contact, caseload, looking, shots)
    assert looking.found == []
    assert tablet.trouble == []

    stage.server.start()
    tablet.go("Sent and waiting")
    tablet.press(tablet.page.get_by_role("button", name="Try now"))
    with_supervisor = tablet.page.get_by_role("listitem").filter(has_text="With your supervisor")
    expect(with_supervisor).to_have_count(len(CONTACTS), timeout=60_000)
    with records(stage) as session:
        arrived = [(visit.contact_type, len(visit.revisions)) for visit in session.scalars(select(VisitRow))]
        assert sorted(arrived) == sorted((contact.type, 1) for contact in CONTACTS)
        assert len(list(session.scalars(select(RevisionRow)))) == len(CONTACTS)


def record(
    tablet: Hands, contact: Contact, caseload: Caseload, looking: Looking, shots: Callable[[Page, str], None]
) -> None:
    page = tablet.page

    def look(state: str, **otherwise: str) -> None:
        name = f"{contact.type}: {state}"
        shots(page, f"{type(tablet).__name__}-{contact.type}-{state}".replace(" ", "-"))
        if looking.is_new(state):
            looking.at(name)
        if otherwise and isinstance(tablet, ByTouch):
            looking.otherwise(name, **otherwise)

    start(tablet, contact, look)
    answers = caseload.answers(contact, datetime.now(UTC))
    answer(tablet, contact, answers, look)

    # The last button of the last section leads on; what the tablet noticed and what is missing are asked for
    complete = page.get_by_role("button", name="Complete this visit")
    errors = page.locator(".nhsuk-error-summary")
    tablet.heading("Check and complete")
    shown = page.locator("textarea[id^=response-]:visible").evaluate_all(
        "(all) => all.map(({ id }) => id.slice(9))"
    )
    assert set(shown) == contact.alerts
    tablet.press(complete)
    expect(errors).to_be_focused()
    expect(errors.get_by_role("listitem")).to_have_count(1 + len(contact.alerts))
    look("not complete yet", forced_colors="active")

    # and the way there is short
    tablet.press(errors.get_by_role("link").first)
    question = tablet.field(FORGOTTEN)
    expect(question.locator("input:focus")).to_have_count(1)
    look("a missing answer")
    tablet.answer(FORGOTTEN, answers[FORGOTTEN])
    tablet.check()
    for alert in sorted(contact.alerts):
        tablet.write(page.locator(f"#response-{alert}"), "Agreed")
    tablet.press(complete)
    expect(page.get_by_role("heading", name="What happens next")).to_be_visible()
    look("completed")
    tablet.press(page.get_by_role("button", name="Go to today"))
    tablet.heading("Today")


def start(tablet: Hands, contact: Contact, look: Callable[..., None]) -> None:
    page = tablet.page
    tablet.open_child(contact.name)
    words = "Record no access" if contact.type == "no_access" else f"Start {contact.form.title}"
    button = page.get_by_role("button", name=words)
    if not button.is_visible():
        tablet.press(page.locator("summary").filter(has_text="Record another contact"))
    tablet.press(button)
    sure = page.get_by_role("button", name=f"Yes, this is {contact.name}")
    heading = page.get_by_role(
        "heading", level=1, name=re.compile(re.escape(contact.form.title), re.IGNORECASE)
    )
    expect(sure.or_(heading).first).to_be_visible()
    if sure.is_visible():
        look("is it the right child")
        tablet.press(sure)
    expect(heading).to_be_visible()


def answer(tablet: Hands, contact: Contact, answers: dict[str, Any], look: Callable[..., None]) -> None:
    """Section after section, from the first; all but one answer."""
    page = tablet.page
    for section in contact.form.sections:
        expect(page.get_by_role("heading", level=2, name=section.title, exact=True)).to_be_visible()
        own = {one.id for one in section.fields}
        for field_id, value in answers.items():
            if field_id not in own or field_id == FORGOTTEN:
                continue
            if contact.odd and contact.odd[0] == field_id:
                finding = tablet.field(field_id).locator("[data-finding]").first
                tablet.answer(field_id, contact.odd[1])
                tablet.leave()
                expect(finding).to_be_visible()
                look("an answer that cannot be", color_scheme="dark")
                tablet.answer(field_id, value)
                expect(finding).to_be_hidden()
            else:
                tablet.answer(field_id, value)
        tablet.leave()
        look(section.id)
        tablet.press(page.locator('.app-visit__panel [data-action="next"]'))
