"""Families before the birth and with twins, as a tablet with no signal records them."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page
from sqlalchemy import select

from hvapp.domain.forms.facts import ChildFacts
from hvapp.domain.synthetic.filling import fill_in
from hvapp.services.children import move_out
from hvapp.services.deaths import confirm_mark, mark_death, undo_mark
from hvapp.services.review import send_back
from hvapp.store.children import PregnancyRow
from hvapp.store.deaths import open_marks_of
from hvapp.store.visits import RevisionRow
from tests.e2e.conftest import Stage, records
from tests.support.answers import FORMS, LONDON, complete_answers
from tests.support.browser import Browser, violations
from tests.support.expecting import expect
from tests.support.tablet_page import TabletPage
from tests.support.world import PASSWORD, add_pregnancy, add_twin

pytestmark = pytest.mark.browser

NAME = "Rosa Field"
GONE = "A child no longer on your caseload"


def test_an_antenatal_contact_is_recorded_offline_and_arrives(
    stage: Stage, new_browser: Callable[[str], Browser], shots: Callable[[Page, str], None]
) -> None:
    form = FORMS.current("antenatal")
    assert form is not None
    with records(stage) as session:
        pregnancy = session.get_one(PregnancyRow, add_pregnancy(session, stage.world))
        mother_id, edd = pregnancy.mother_id, pregnancy.edd
    tablet = TabletPage(new_browser("tablet").start(), stage.url).open()
    tablet.set_up(stage.world.amira.email, PASSWORD)
    page = tablet.page
    stage.server.stop()

    # The mother stands on the caseload with her due date, and her contact can be started
    tablet.open_child(NAME)
    expect(page.get_by_role("region", name="Who this is about")).to_contain_text("Baby due")
    page.get_by_role("button", name=re.compile("antenatal visit", re.IGNORECASE)).first.click()
    tablet.heading(re.compile("Antenatal visit"))
    started = (datetime.now(UTC) - timedelta(hours=1)).astimezone(LONDON).replace(second=0, microsecond=0)
    given = {"started_at": started.isoformat(), "edd": edd.isoformat()}
    family = ChildFacts(None, "not_known", need_level="universal", edd=edd)
    answers = fill_in(form, family, datetime.now(UTC), given, [mother_id])
    seen: list[str] = []

    def look(section: str) -> None:
        tablet.saved()
        shots(page, f"antenatal-{section}")
        seen.extend(violations(page))

    tablet.record(answers, form, after=look)
    tablet.complete()
    shots(page, "antenatal-completed")
    assert (seen, tablet.trouble) == ([], [])

    # It arrives, and the record goes on counting it as hers
    stage.server.start()
    tablet.expect_sent(NAME)


def test_what_is_the_household_s_is_asked_once_for_twins_and_each_is_named(
    stage: Stage, new_browser: Callable[[str], Browser], shots: Callable[[Page, str], None]
) -> None:
    with records(stage) as session:
        add_twin(session, stage.world)
    tablet = TabletPage(new_browser("tablet").start(), stage.url).open()
    tablet.set_up(stage.world.amira.email, PASSWORD)
    page, who = tablet.page, tablet.page.get_by_role("region", name="Who this is about")

    def start(name: str) -> None:
        tablet.open_child(name)
        page.get_by_role("button", name=re.compile("new birth visit", re.IGNORECASE)).first.click()
        page.get_by_role("button", name=f"Yes, this is {name}").click()
        tablet.heading(re.compile("New birth visit"))

    # Given a visit to the first twin, not finished
    start("Maya Marlow")
    expect(page.get_by_text("is not finished either")).not_to_be_visible()
    tablet.open_section("Home and household")
    tablet.answer("damp_mould", "minor")
    tablet.answer("sleep_surface", "cot")
    tablet.saved()

    # When the second's is begun
    page.get_by_role("link", name="All sections").click()
    page.get_by_role("link", name="Back to the record").click()
    start("Ivy Marlow")

    # Then it says whose it is and that the other is open
    expect(page.get_by_text("This visit is about Ivy Marlow.")).to_be_visible()
    tablet.open_section("Home and household")
    expect(who).to_contain_text("Twin 2 of 2")
    shots(page, "twins-home")
    assert violations(page) == []

    # and offers what is the household's, not what is the first twin's own
    damp = tablet.field("damp_mould")
    expect(damp).to_contain_text("Minor, at the visit to Maya Marlow")
    expect(tablet.field("sleep_surface")).not_to_contain_text("Maya")
    damp.get_by_role("button", name="Use this").click()
    expect(damp.locator('input[value="minor"]')).to_be_checked()
    assert tablet.trouble == []


def test_a_visit_not_finished_when_the_child_died_is_kept_and_closed(
    stage: Stage, new_browser: Callable[[str], Browser], shots: Callable[[Page, str], None]
) -> None:
    world = stage.world
    tablet = TabletPage(new_browser("tablet").start(), stage.url).open()
    tablet.set_up(world.amira.email, PASSWORD)
    page = tablet.page
    tablet.open_child("Maya Marlow")
    tablet.start_visit()
    tablet.open_section("Growth")
    tablet.answer("weight_kg", "3.180")
    tablet.saved("weight_kg")

    # Two people record the death
    with records(stage) as session:
        now = datetime.now(UTC)
        mark_death(session, world.child_id, died_on=now.date(), by=world.sue, now=now)
        (mark,) = open_marks_of(session, world.child_id)
        confirm_mark(session, mark.id, by=world.ada, now=now)
    tablet.open().unlock()
    tablet.go("Sent and waiting")
    page.get_by_role("button", name="Try now").click()

    # The visit asks for nothing any more, and nothing is lost
    tablet.go("Today")
    expect(page.get_by_text("Maya Marlow")).to_have_count(0)
    tablet.open_child("Maya Marlow")
    page.get_by_role("link", name="About the new birth visit").click()
    tablet.heading("New birth visit")
    expect(page.get_by_text("It is kept on this tablet as it was left, and is closed now.")).to_be_visible()
    expect(page.locator("[data-form]")).to_have_count(0)
    shots(page, "families-closed")
    assert violations(page) == []

    # It was a mistake
    with records(stage) as session:
        undo_mark(session, mark.id, why="Recorded for another child", by=world.ada, now=datetime.now(UTC))
    tablet.go("Sent and waiting")
    page.get_by_role("button", name="Try now").click()
    tablet.go("Today")
    row = page.get_by_role("listitem").filter(has_text="Not finished")
    row.get_by_role("link", name="Maya Marlow").first.click()
    tablet.open_section("Growth")
    expect(tablet.field("weight_kg").locator("input").first).to_have_value("3.180")
    assert tablet.trouble == []


def test_a_visit_not_finished_when_the_child_moved_away_is_finished_with_every_answer(
    stage: Stage, new_browser: Callable[[str], Browser]
) -> None:
    world = stage.world
    tablet = TabletPage(new_browser("tablet").start(), stage.url).open()
    tablet.set_up(world.amira.email, PASSWORD)
    page = tablet.page
    tablet.open_child("Maya Marlow")
    tablet.start_visit()
    answers = complete_answers(datetime.now(UTC) - timedelta(hours=1), world)
    tablet.give(answers)
    tablet.saved()

    with records(stage) as session:
        now = datetime.now(UTC)
        given = {"to": "Bradford south", "on": now.date(), "confirmed": True}
        move_out(session, world.child_id, **given, by=world.sue, now=now)
    tablet.open().unlock()
    tablet.go("Sent and waiting")
    page.get_by_role("button", name="Try now").click()

    # The child is on no list any more, and the visit is as it was
    tablet.go("Today")
    row = page.get_by_role("listitem").filter(has_text="Not finished")
    row.get_by_role("link", name=GONE).first.click()
    tablet.complete()
    tablet.expect_sent(GONE)
    assert every_answer_arrived(stage, answers, 1)

    # Nor is anything lost when it is sent back
    with records(stage) as session:
        [revision] = session.scalars(select(RevisionRow))
        send_back(
            session,
            reviewer=world.sue,
            visit_id=revision.visit_id,
            rev_id=revision.id,
            comment="Please say who was there.",
            queries=[],
            now=datetime.now(UTC),
        )
    page.get_by_role("button", name="Try now").click()
    tablet.expect_state(GONE, "Sent back with a question")
    page.get_by_role("listitem").filter(has_text="Sent back").get_by_role("link", name=GONE).click()
    page.get_by_role("button", name="Answer and send again").click()
    tablet.heading(re.compile("^New birth visit"))
    tablet.complete()
    tablet.expect_sent(GONE)
    assert every_answer_arrived(stage, answers, 2)
    assert tablet.trouble == []


def every_answer_arrived(stage: Stage, answers: dict[str, Any], versions: int) -> bool:
    with records(stage) as session:
        revisions = list(session.scalars(select(RevisionRow)))
    assert len(revisions) == versions
    return all(answers.keys() <= one.body["payload"]["answers"].keys() for one in revisions)
