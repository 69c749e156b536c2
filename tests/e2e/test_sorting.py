"""The pages for sorting out in a real browser: usable by everyone, at every width, in the dark, without scripts."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Playwright, expect

from tests.e2e.conftest import Stage
from tests.e2e.desk import ZOOMED, app_of, look, sign_in, watch
from tests.support.browser import ARGS, DESK, WINDOWLESS, Browser, path_of
from tests.support.client import Tablet, new_id, with_answers

pytestmark = pytest.mark.browser


@pytest.fixture
def waiting(stage: Stage) -> dict[str, str]:
    """One of everything that needs sorting out; the ids of the visits by what is wrong with them."""
    app = app_of(stage)
    world = stage.world
    tablet = Tablet(app.test_client()).sign_in(world.amira)
    ben = Tablet(app.test_client()).sign_in(world.ben)
    first = tablet.revision(world)
    link: dict[str, Any] = {
        "visit_id": first["visit_id"],
        "parent_rev": first["rev_id"],
        "payload": first["payload"],
    }
    left = with_answers(tablet.revision(world, **link), weight_kg="3.200", seen_alone=False)
    right = with_answers(
        tablet.revision(world, **link), weight_kg="3.300", seen_alone={"not_done": "declined"}
    )
    child, form = tablet.revision(world, child_id=new_id()), tablet.revision(world, form_version=99)
    whole = tablet.revision(world)
    tablet.push(first, left, right, child, form, whole, {"what": "nonsense " * 40})
    tablet.push(with_answers(whole, weight_kg="4.180"))
    ben.push(ben.revision(world, **link))
    return {
        name: one["visit_id"]
        for name, one in (("two", first), ("child", child), ("form", form), ("whole", whole))
    }


def test_every_page_and_state_is_accessible(
    stage: Stage,
    waiting: dict[str, str],
    new_browser: Callable[[str], Browser],
    shots: Callable[[Page, str], None],
) -> None:
    page = new_browser("desk").start(ZOOMED)
    trouble = watch(page)
    sign_in(page, stage, "sue")
    look(page, shots, "sorting-queue")
    page.get_by_role("link", name="To sort out:").click()
    look(page, shots, "sorting-index")

    # A child nobody knows
    page.goto(f"{stage.url}/sort/visits/{waiting['child']}")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("alert")).to_contain_text("Enter a name")
    look(page, shots, "sorting-search-empty")
    page.get_by_label("Name or NHS number").fill("Marlow")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("button", name="File it here")).to_be_visible()
    look(page, shots, "sorting-search")
    page.get_by_role("button", name="File it here").click()
    expect(page.get_by_text("Filed under the child you chose")).to_be_visible()

    # A form nobody knows
    page.goto(f"{stage.url}/sort/visits/{waiting['form']}")
    page.get_by_role("button", name="Send it to review").click()
    look(page, shots, "sorting-form")

    # Two versions
    page.goto(f"{stage.url}/sort/visits/{waiting['two']}/versions")
    look(page, shots, "sorting-versions")
    page.get_by_label("Why you need to read it").fill("To choose between them")
    page.get_by_role("button", name="Open the restricted parts").click()
    page.get_by_role("button", name="Keep these answers").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose which answer is right.")
    look(page, shots, "sorting-versions-error")

    # What could not be filed
    for words in ("It could not be read as a visit", "It arrived changed", "begun by another visitor"):
        page.goto(f"{stage.url}/sort?show=items")
        page.get_by_role("link", name=words).click()
        look(page, shots, f"sorting-pile-{words[-5:].strip()}")
        page.get_by_role("link", name="Received").first.click()
        look(page, shots, f"sorting-item-{words[-5:].strip()}")
        page.get_by_label("Why you need to read it").fill("To see what it is")
        page.get_by_role("button", name="Open it").click()
        look(page, shots, f"sorting-item-open-{words[-5:].strip()}")

    # A second visit for the same contact
    page.goto(f"{stage.url}/review/{waiting['whole']}")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was decided yet")
    look(page, shots, "sorting-look-first")
    assert trouble == []


def test_a_supervisor_settles_two_versions_and_decides_without_scripts(
    stage: Stage, waiting: dict[str, str], playwright: Playwright
) -> None:
    browser = playwright.chromium.launch(executable_path=path_of(WINDOWLESS), args=ARGS)
    page = browser.new_context(java_script_enabled=False, viewport=DESK).new_page()  # type: ignore[arg-type]
    sign_in(page, stage, "sue")
    page.goto(f"{stage.url}/sort")
    page.get_by_role("link", name="Maya Marlow, New birth visit").first.click()

    page.get_by_label("Why you need to read it").fill("To choose between them")
    page.get_by_role("button", name="Open the restricted parts").click()
    page.get_by_role("group", name="Weight").get_by_label("3.300 kg").check()
    page.get_by_role("group", name="Parent seen alone").get_by_label("No", exact=True).check()
    page.get_by_role("button", name="Keep these answers").click()
    expect(page.get_by_text("Settled. Read the visit as it is now, and decide.")).to_be_visible()
    for box in page.get_by_label("Both took place").all():
        box.check()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Maya Marlow: approved.")).to_be_visible()
    browser.close()


def test_setting_aside_and_taking_it_back(
    stage: Stage, waiting: dict[str, str], new_browser: Callable[[str], Browser]
) -> None:
    page = new_browser("desk").start(DESK)
    sign_in(page, stage, "sue")
    page.goto(f"{stage.url}/review/{waiting['whole']}")

    page.get_by_role("link", name="Set this visit aside").click()
    page.get_by_label("Why it should not count").fill("Recorded twice")
    page.get_by_role("button", name="Set aside").click()
    expect(page.get_by_text("Set aside. The visit is kept")).to_be_visible()
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_text("Taken back. It waits again where it was before.")).to_be_visible()
    page.goto(f"{stage.url}/review/{waiting['whole']}")
    expect(page.get_by_role("button", name="Approve")).to_be_visible()
