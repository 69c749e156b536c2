"""The pages on which a child changes hands or two records become one, in a real browser."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from hvapp.extensions import db
from hvapp.store.children import ChildRow, PersonRow
from hvapp.store.transaction import transaction
from tests.e2e.conftest import Stage
from tests.e2e.desk import ZOOMED, app_of, look, sign_in, watch
from tests.support.browser import Browser
from tests.support.world import add_pregnancy

pytestmark = pytest.mark.browser


@pytest.fixture
def second_record(stage: Stage) -> None:
    """Another record of Maya's, on Ben's caseload, and Rosa Field's pregnancy."""
    app, world = app_of(stage), stage.world
    with app.app_context():
        add_pregnancy(db.session, world, edd=world.born)
    with app.app_context(), transaction(db.session):
        person = PersonRow(given_name="Baby", family_name="Marlow", sex="female", birth_date=world.born)
        db.session.add(person)
        db.session.flush()
        db.session.add(
            ChildRow(
                id=person.id,
                births_in_pregnancy=1,
                birth_order=1,
                team_id=world.ben.team.id,
                named_visitor_id=world.ben.id,
                need_level="universal",
            )
        )


def test_a_child_is_joined_and_moved_at_every_width(
    stage: Stage,
    second_record: None,
    new_browser: Callable[[str], Browser],
    shots: Callable[[Page, str], None],
) -> None:
    page = new_browser("desk").start(ZOOMED)
    trouble = watch(page)
    sign_in(page, stage, "sue")

    # Finding the child
    page.goto(f"{stage.url}/children")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("alert")).to_contain_text("Enter a name")
    look(page, shots, "children-search-error")
    page.get_by_label("Name or NHS number").fill("Marlow")
    page.get_by_role("button", name="Search").click()
    look(page, shots, "children-found")
    page.get_by_role("link", name="Open Maya Marlow").click()
    look(page, shots, "children-record")

    # What to know before going in
    page.get_by_role("link", name="Read or change it").click()
    look(page, shots, "children-facts-closed")
    page.get_by_label("Why you need to read or change them").fill("Strategy meeting")
    page.get_by_role("button", name="Open", exact=True).click()
    two = page.get_by_role("group", name="Two people have to go")
    two.get_by_label("Yes").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Say why two people go")
    look(page, shots, "children-facts-error")
    two.get_by_label("No").check()
    page.get_by_label("Child in need plan").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved. The visitor’s tablet has it")).to_be_visible()

    # Joining
    page.get_by_label("Name or NHS number").fill("Marlow")
    page.get_by_role("button", name="Search").click()
    look(page, shots, "children-others")
    page.get_by_role("button", name="Compare with Baby Marlow").click()
    page.get_by_role("button", name="They are the same child").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose which record is kept.")
    look(page, shots, "children-join")
    page.get_by_label("First record: Maya Marlow").check()
    page.get_by_role("button", name="They are the same child").click()
    expect(page.get_by_text("Joined. This is the one record of the child now.")).to_be_visible()

    # Moving
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose another visitor for the child.")
    look(page, shots, "children-move-error")
    page.get_by_label("New visitor").select_option("Ben Osei, North")
    page.get_by_role("button", name="Continue").click()
    look(page, shots, "children-move")
    page.get_by_role("button", name="Move the child").click()
    expect(page.get_by_text("Moved. The child is on the new visitor’s tablet")).to_be_visible()
    look(page, shots, "children-moved")

    # A pregnancy, and the child that was born
    page.get_by_role("link", name="Children", exact=True).first.click()
    page.get_by_role("link", name="Find a pregnancy").click()
    page.get_by_label("Mother’s name or NHS number").fill("Rosa")
    page.get_by_role("button", name="Search").click()
    look(page, shots, "pregnancies-found")
    page.get_by_role("link", name="Open Rosa Field").click()
    look(page, shots, "pregnancy-record")
    page.get_by_role("link", name="Read or change it").click()
    expect(page.get_by_role("heading", name="before they visit Rosa Field")).to_be_visible()
    page.get_by_role("link", name="The record").click()
    page.get_by_label("Name or NHS number").fill("Marlow")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("button", name="Choose Maya Marlow").click()
    look(page, shots, "pregnancy-born-check")
    page.get_by_role("button", name="Yes, this child was born").click()
    expect(page.get_by_text("What staff have to know is on the child’s record now.")).to_be_visible()
    page.get_by_role("link", name="See the pregnancy").click()
    look(page, shots, "pregnancy-born")

    # Moved out of the area
    page.get_by_role("link", name="Maya Marlow").click()
    page.get_by_role("link", name="Record that the child has moved out").click()
    today = datetime.now(UTC).date()
    for label, value in (("Day", today.day), ("Month", today.month), ("Year", today.year)):
        page.get_by_label(label, exact=True).fill(str(value))
    page.get_by_label("Service that looks after the child now").fill("Bradford south")
    page.get_by_role("button", name="Record it").click()
    expect(page.get_by_role("alert")).to_contain_text("Until the new service has confirmed")
    look(page, shots, "children-moving-out")
    page.get_by_label("The new service has confirmed").check()
    page.get_by_role("button", name="Record it").click()
    expect(page.get_by_text("no contact is due for the child here")).to_be_visible()
    look(page, shots, "children-moved-out")
    assert trouble == []
