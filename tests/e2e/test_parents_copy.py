"""At the end of a visit, with no signal, the family gets its copy: looked at, printed, in other languages, shown."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page

from tests.e2e.conftest import Stage
from tests.support.answers import complete_answers
from tests.support.browser import Browser, violations
from tests.support.expecting import expect
from tests.support.tablet_page import TabletPage
from tests.support.world import PASSWORD

pytestmark = pytest.mark.browser

NewBrowser = Callable[[str], Browser]
Shots = Callable[[Page, str], None]

NAME = "Maya Marlow"
NOTE = "Maya is growing well. Keep feeding as you are."
FOR_PROFESSIONALS = "Settled, looks to her mother’s voice."


def expect_whole(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == []


def pages_of(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf))


def ready(stage: Stage, new_browser: NewBrowser) -> TabletPage:
    tablet = TabletPage(new_browser("tablet").start(), stage.url).open()
    tablet.set_up(stage.world.amira.email, PASSWORD)
    stage.server.stop()
    tablet.open_child(NAME)
    tablet.start_visit()
    return tablet


def test_an_open_visit_is_shown_to_the_parent_and_printed(
    stage: Stage, new_browser: NewBrowser, shots: Shots
) -> None:
    # Given a visit with a few answers, some for the parents and one that is not, and no signal
    tablet = ready(stage, new_browser)
    page = tablet.page
    tablet.open_section("Growth")
    tablet.answer("weight_kg", "3.180")
    tablet.open_section("Plan and consent")
    tablet.answer("child_voice", FOR_PROFESSIONALS)
    tablet.answer("actions", "Weigh again in two weeks at clinic.")
    tablet.answer("summary_parent", NOTE)
    page.get_by_role("link", name="All sections").click()

    # When it is shown to the parent, the tablet shows their copy and nothing else
    page.get_by_role("button", name="Show to parent").click()
    tablet.heading("Your copy of this visit")
    copy = page.get_by_role("article")
    for words in [
        NOTE,
        "Weigh again in two weeks",
        "3.180 kg",
        "centile line",
        "Put your baby on their back",
    ]:
        expect(copy).to_contain_text(words)
    expect(copy).to_contain_text("6 to 8 week review")
    expect(copy.get_by_role("img", name=re.compile("^Weight chart"))).to_be_visible()
    expect(page.get_by_role("main")).not_to_contain_text(FOR_PROFESSIONALS)
    around = [
        page.get_by_role("banner"),
        page.get_by_role("navigation", name="Main"),
        page.get_by_role("region", name="Who this is about"),
    ]
    for hidden in around:
        expect(hidden).to_be_hidden()
    shots(page, "copy-01-english")
    expect_whole(page)

    # and a swipe back leads nowhere
    page.go_back()
    tablet.heading("Your copy of this visit")
    expect(page.get_by_role("button", name="Stop showing")).to_be_visible()

    # It prints on A4, alone
    page.emulate_media(media="print")
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
    expect(copy).to_be_visible()
    assert 1 <= pages_of(page.pdf(format="A4", prefer_css_page_size=True)) <= 2
    shots(page, "copy-02-paper")
    page.emulate_media(media="screen")

    # In Welsh and in Urdu the fixed phrases change; what was written does not, and says so
    page.get_by_role("button", name="Cymraeg").click()
    tablet.heading("Eich copi chi o’r ymweliad hwn")
    expect(page.get_by_text("Nid yw’r cyfieithiad hwn wedi’i wirio gan gyfieithydd")).to_be_visible()
    shots(page, "copy-03-welsh")
    expect_whole(page)
    page.get_by_role("button", name="اردو").click()
    tablet.heading("اس ملاقات کی آپ کی کاپی")
    expect(copy).to_have_attribute("dir", "rtl")
    expect(copy.locator("bdi[lang=en]").filter(has_text=NOTE)).to_have_css("direction", "ltr")
    expect(page.get_by_text("This translation has not been checked by a translator")).to_be_visible()
    expect(copy.get_by_text("لکھنے والے کے اپنے الفاظ میں").first).to_be_visible()
    shots(page, "copy-04-urdu")
    page.set_viewport_size({"width": 320, "height": 640})
    shots(page, "copy-05-small")
    expect_whole(page)
    page.set_viewport_size({"width": 768, "height": 1024})

    # One button leads back to the visit
    page.get_by_role("button", name="Stop showing").click()
    tablet.heading(re.compile("New birth visit"))
    expect(page.get_by_role("banner")).to_be_visible()
    assert tablet.trouble == []


def test_a_completed_visit_keeps_its_copy_at_hand(
    stage: Stage, new_browser: NewBrowser, shots: Shots
) -> None:
    tablet = ready(stage, new_browser)
    page = tablet.page
    tablet.give(complete_answers(datetime.now(UTC) - timedelta(hours=1), stage.world))
    tablet.complete()

    # At the end of the visit, with what to look at before it is handed over
    page.get_by_role("button", name="Parent’s copy").click()
    tablet.heading("Your copy of this visit")
    expect(page.get_by_role("article")).to_contain_text(NOTE)
    expect(page.get_by_text("Read it through before you hand it over")).to_be_visible()
    shots(page, "copy-06-completed")
    expect_whole(page)

    # From the record, and from the list of what was sent
    page.get_by_role("link", name="Back", exact=True).click()
    page.get_by_role("button", name="Show to parent").click()
    expect(page.get_by_role("article")).to_contain_text(NOTE)
    page.get_by_role("button", name="Stop showing").click()
    tablet.go("Sent and waiting")
    page.get_by_role("button", name=re.compile("^Parent’s copy")).click()
    tablet.heading("Your copy of this visit")
    assert tablet.trouble == []
