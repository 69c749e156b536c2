"""A visit recorded with no signal reaches the red book: once, whatever happens on the way."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Stage
from tests.integration.sekmet import start_sekmet
from tests.support.answers import complete_answers
from tests.support.browser import DESK, Browser, violations
from tests.support.servers import DoublingProxy, free_port, sync_worker
from tests.support.tablet_page import TabletPage
from tests.support.world import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.redbook]

NAME = "Maya Marlow"

# What the form fills in itself, or knows already.
GIVEN = ("contact_type",)


@pytest.fixture
def red_book(tmp_path: Path) -> Iterator[str]:
    with start_sekmet(tmp_path, free_port()) as url:
        yield url


@pytest.fixture(params=["once", "twice"])
def doubled(request: pytest.FixtureRequest) -> bool:
    """Whether every request of every program is sent twice."""
    return bool(request.param == "twice")


def test_a_visit_recorded_offline_reaches_the_red_book(
    stage: Stage,
    new_browser: Callable[[str], Browser],
    red_book: str,
    doubled: bool,
    shots: Callable[[Page, str], None],
) -> None:
    proxies = _double_everything(stage, red_book) if doubled else None
    address = proxies.tablet_url if proxies else stage.url
    red_book_address = proxies.red_book_url if proxies else red_book
    browser = new_browser("tablet")

    # Given a tablet that was made ready
    page = browser.start()
    tablet = TabletPage(page, address).open()
    tablet.heading("Set up this tablet")
    _look(page, shots, "01-sign-in")
    tablet.sign_in_for_set_up(stage.world.amira.email, PASSWORD)
    tablet.heading("Choose a passphrase for this tablet")
    _look(page, shots, "02-passphrase")
    tablet.choose_passphrase("three quiet blue herons")
    tablet.heading("This tablet is ready")
    expect(page.get_by_text("1 child and no pregnancies").or_(page.get_by_text("1 child"))).to_be_visible()
    expect(page.get_by_text("The app opens with no signal")).to_be_visible()
    _look(page, shots, "03-ready")
    page.get_by_role("button", name="Go to today").click()
    tablet.heading("Today")
    _look(page, shots, "04-today")

    # and no server
    stage.server.stop()

    # When a new birth visit is recorded
    tablet.open_child(NAME)
    _look(page, shots, "05-child")
    tablet.start_visit()
    _look(page, shots, "06-visit")
    _record(tablet, stage, shots)
    tablet.complete()
    _look(page, shots, "09-completed")
    assert tablet.trouble == []

    # and the battery dies, and the app is opened again, still with no server
    browser.kill()
    page = browser.start()
    tablet = TabletPage(page, address).open()
    tablet.heading("Unlock")
    _look(page, shots, "10-unlock")
    tablet.unlock()

    # Then the visit is there, waiting
    tablet.go("Sent and waiting")
    tablet.expect_state(NAME, "Waiting to be sent")
    _look(page, shots, "11-waiting")

    # When the server is back
    stage.server.start()
    stage.add(sync_worker(stage.home, red_book_address))
    page.get_by_role("button", name="Try now").click()
    _sign_in_again_if_asked(page)

    # Then it is received
    tablet.expect_state(NAME, "With your supervisor")
    _look(page, shots, "12-received")

    # When the supervisor approves it
    desk = new_browser("desk").start(DESK)
    _approve(desk, address, stage, shots)

    # Then the red book has it, once
    found = _wait_for_red_book(page, tablet, red_book, stage.world.nhs_number)
    _look(page, shots, "15-in-the-red-book")
    assert found == {"Patient": 1, "Encounter": 1, "Observation": len(EXPECTED), "QuestionnaireResponse": 1}
    assert _observed(red_book, stage.world.nhs_number) == EXPECTED
    assert tablet.trouble == []
    if proxies:
        assert proxies.doubled() > 20
        proxies.stop()


EXPECTED = {"body weight", "length", "head", "birth weight"}


class _Proxies:
    def __init__(self, tablet: DoublingProxy, red_book: DoublingProxy, red_book_path: str) -> None:
        self.all = (tablet, red_book)
        self.tablet_url = f"http://localhost:{tablet.port}"
        self.red_book_url = f"http://127.0.0.1:{red_book.port}{red_book_path}"

    def doubled(self) -> int:
        return sum(proxy.doubled for proxy in self.all)

    def stop(self) -> None:
        for proxy in self.all:
            proxy.stop()


def _double_everything(stage: Stage, red_book: str) -> _Proxies:
    port = int(red_book.split(":")[2].split("/")[0])
    return _Proxies(DoublingProxy(stage.port), DoublingProxy(port), "/fhir")


def _look(page: Page, shots: Callable[[Page, str], None], name: str) -> None:
    """axe finds nothing, and there is a picture for those who want one."""
    shots(page, name)
    assert violations(page) == [], name


def _record(tablet: TabletPage, stage: Stage, shots: Callable[[Page, str], None]) -> None:
    answers = complete_answers(datetime.now(UTC) - timedelta(hours=1), stage.world)
    page = tablet.page
    sections = {
        "About this visit": "contact_type started_at practitioner_type place mode identity_checked child_seen present "
        "seen_alone interpreter",
        "Birth and screening": "birth_weight_kg gestation_weeks gestation_days births_in_pregnancy birth_order "
        "vitamin_k hearing_outcome bloodspot_taken bloodspot_results",
        "Growth": "weight_kg measure_conditions ofc_cm length_cm measure_position",
        "Feeding": "feeding_status feed_concern first_feed nappies_wet nappies_dirty vitamin_d healthy_start",
        "Plan and consent": "child_voice need_level advice actions next_due summary_parent share_consent ended_at",
    }
    assert {name for names in sections.values() for name in names.split()} == set(answers)
    for title, names in sections.items():
        tablet.open_section(title)
        for name in names.split():
            if name not in GIVEN:
                tablet.answer(name, answers[name])
        tablet.saved()
        if title == "Growth":
            expect(tablet.field("weight_kg")).to_contain_text("centile")
            expect(tablet.field("weight_kg")).to_contain_text("37 weeks and 2 days")
        _look(page, shots, f"07-{title.split()[0].lower()}")


def _sign_in_again_if_asked(page: Page) -> None:
    """The cookie of the sign-in outlives the browser or it does not; both are ordinary."""
    sheet = page.get_by_role("dialog")
    expect(sheet.or_(page.get_by_text("With your supervisor")).first).to_be_visible()
    if sheet.is_visible():
        sheet.get_by_label("Password").fill(PASSWORD)
        sheet.get_by_role("button", name="Sign in").click()


def _approve(page: Page, address: str, stage: Stage, shots: Callable[[Page, str], None]) -> None:
    page.goto(f"{address}/")
    page.get_by_label("Email address").fill(stage.world.sue.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    _look(page, shots, "13-desk-sign-in")
    page.get_by_role("button", name="Sign in").click()
    _look(page, shots, "13-queue")
    page.get_by_role("link", name=NAME).click()
    expect(page.get_by_text("3.18").first).to_be_visible()
    _look(page, shots, "14-review")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("approved").first).to_be_visible()
    _look(page, shots, "14-approved")


def _wait_for_red_book(page: Page, tablet: TabletPage, red_book: str, nhs_number: str) -> dict[str, int]:
    for _ in range(30):
        page.get_by_role("button", name="Try now").click()
        page.wait_for_timeout(1000)
        if page.get_by_role("listitem").filter(has_text=NAME).filter(has_text="In the red book").count():
            break
    tablet.expect_state(NAME, "In the red book", timeout=5_000)
    patient = _search(red_book, f"Patient?identifier={_identifier(nhs_number)}")
    ids = [entry["resource"]["id"] for entry in patient]
    counts = {"Patient": len(patient)}
    for kind in ("Encounter", "Observation", "QuestionnaireResponse"):
        counts[kind] = sum(len(_search(red_book, f"{kind}?subject=Patient/{one}")) for one in ids)
    return counts


def _observed(red_book: str, nhs_number: str) -> set[str]:
    """The observations of the child, in our words, by their SNOMED code."""
    words = {
        "27113001": "body weight",
        "248334005": "length",
        "363812007": "head",
        "364589006": "birth weight",
    }
    [patient] = _search(red_book, f"Patient?identifier={_identifier(nhs_number)}")
    found = _search(red_book, f"Observation?subject=Patient/{patient['resource']['id']}")
    codes = [{one["code"] for one in entry["resource"]["code"]["coding"]} & set(words) for entry in found]
    return {words[code] for each in codes for code in each}


def _identifier(nhs_number: str) -> str:
    return quote(f"https://fhir.nhs.uk/Id/nhs-number|{nhs_number}", safe="")


def _search(red_book: str, query: str) -> list[dict]:
    with urlopen(f"{red_book}/{query}&_count=200") as answer:
        return list(json.load(answer).get("entry", []))
