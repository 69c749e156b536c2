"""A visit recorded with no signal reaches the red book: once, whatever happens on the way."""

import contextlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page, TimeoutError

from tests.e2e.conftest import Stage
from tests.integration.sekmet import start_sekmet
from tests.support.answers import complete_answers
from tests.support.browser import DESK, Browser, violations
from tests.support.expecting import expect
from tests.support.servers import Proxy, free_port, sync_worker
from tests.support.tablet_page import TabletPage
from tests.support.world import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.redbook]

NAME = "Maya Marlow"


@pytest.fixture
def red_book(tmp_path: Path) -> Iterator[str]:
    with start_sekmet(tmp_path, free_port()) as url:
        yield url


# Whether every request of every program is sent twice, and on which engine.
@pytest.mark.parametrize(
    ("web_engine", "doubled"),
    [("chromium", False), ("chromium", True), ("webkit", False)],
    ids=["once", "twice", "webkit"],
)
def test_a_visit_recorded_offline_reaches_the_red_book(
    stage: Stage,
    new_browser: Callable[[str], Browser],
    red_book: str,
    doubled: bool,
    shots: Callable[[Page, str], None],
) -> None:
    look = Look(shots)
    proxies = _double_everything(stage, red_book) if doubled else None
    address = proxies.tablet_url if proxies else stage.url
    red_book_address = proxies.red_book_url if proxies else red_book
    browser = new_browser("tablet")

    # Given a tablet that was made ready
    page = browser.start()
    tablet = TabletPage(page, address).open()
    tablet.heading("Set up this tablet")
    look(page, "01-sign-in")
    tablet.sign_in_for_set_up(stage.world.amira.email, PASSWORD)
    tablet.heading("Choose a passphrase for this tablet")
    look(page, "02-passphrase")
    tablet.choose_passphrase("three quiet blue herons")
    tablet.heading("This tablet is ready")
    expect(page.get_by_text("1 child and no pregnancies").or_(page.get_by_text("1 child"))).to_be_visible()
    expect(page.get_by_text("The app opens with no signal")).to_be_visible()
    look(page, "03-ready")
    page.get_by_role("button", name="Go to today").click()
    tablet.heading("Today")
    look(page, "04-today")

    # and no server
    stage.server.stop()

    # When a new birth visit is recorded
    tablet.open_child(NAME)
    look(page, "05-child")
    tablet.start_visit()
    look(page, "06-visit")
    _record(tablet, stage, look)
    tablet.complete()
    look(page, "09-completed")
    assert tablet.trouble == []

    # and the battery dies, and the app is opened again, still with no server
    browser.kill()
    page = browser.start()
    tablet = TabletPage(page, address).open()
    tablet.heading("Unlock")
    look(page, "10-unlock")
    tablet.unlock()

    # Then the visit is there, waiting
    tablet.go("Sent and waiting")
    tablet.expect_state(NAME, "Waiting to be sent")
    look(page, "11-waiting")

    # When the server is back
    stage.server.start()
    stage.add(sync_worker(stage.home, red_book_address))
    _try_now(page)

    # Then it is received, whether anybody is signed in or not
    tablet.expect_state(NAME, "With your supervisor")
    look(page, "12-received")

    # When the supervisor approves it
    desk = new_browser("desk").start(DESK)
    _approve(desk, address, stage, look)

    # Then the red book has it, once
    found = _wait_for_red_book(page, tablet, red_book, stage.world.nhs_number)
    look(page, "15-in-the-red-book")
    assert found == {"Patient": 1, "Encounter": 1, "QuestionnaireResponse": 1}
    assert _observed(red_book, stage.world.nhs_number) == OBSERVED
    assert tablet.trouble == []
    assert look.found == []
    if proxies:
        assert proxies.doubled() > 20
        proxies.stop()


# By SNOMED CT code: each of the four measurements, with its centile and its SDS.
OBSERVED = Counter(
    {
        "weight": 1,
        "length": 1,
        "head": 1,
        "birth weight": 1,
        "weight centile": 2,
        "weight SDS": 2,
        "length centile": 1,
        "length SDS": 1,
        "head centile": 1,
        "head SDS": 1,
    }
)
WORDS = {
    "27113001": "weight",
    "248334005": "length",
    "363812007": "head",
    "364589006": "birth weight",
    "1153592008": "weight centile",
    "1153593003": "weight SDS",
    "1153591001": "length centile",
    "1153590000": "length SDS",
    "1153595005": "head centile",
    "1153594009": "head SDS",
}


class _Proxies:
    def __init__(self, tablet: Proxy, red_book: Proxy, red_book_path: str) -> None:
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
    return _Proxies(Proxy(stage.port, twice=True), Proxy(port, twice=True), "/fhir")


class Look:
    """What axe finds along the way, told all at once at the end; and pictures for those who want them."""

    def __init__(self, shots: Callable[[Page, str], None]) -> None:
        self.shots = shots
        self.found: list[str] = []

    def __call__(self, page: Page, name: str) -> None:
        self.shots(page, name)
        self.found += [f"{name}: {one}" for one in violations(page)]


def _record(tablet: TabletPage, stage: Stage, look: Look) -> None:
    answers = complete_answers(datetime.now(UTC) - timedelta(hours=1), stage.world)

    def after(section: str) -> None:
        tablet.saved()
        if section == "growth":
            expect(tablet.field("weight_kg")).to_contain_text("centile")
            expect(tablet.field("weight_kg")).to_contain_text("37 weeks and 2 days")
        look(tablet.page, f"07-{section}")

    tablet.record(answers, after=after)


def _try_now(page: Page) -> None:
    """By hand, unless the tablet was quicker and is already asking for something else."""
    with contextlib.suppress(TimeoutError):
        page.get_by_role("button", name="Try now").click(timeout=2_000)


def _sign_in_again_if_asked(page: Page) -> None:
    """To fetch changes. The cookie of the sign-in outlives the browser or it does not; both are ordinary."""
    sheet = page.get_by_role("dialog")
    if sheet.is_visible():
        sheet.get_by_label("Password", exact=True).fill(PASSWORD)
        sheet.get_by_role("button", name="Sign in").click()
        expect(sheet).not_to_be_visible()


def _approve(page: Page, address: str, stage: Stage, look: Look) -> None:
    page.goto(f"{address}/")
    page.get_by_label("Email address").fill(stage.world.sue.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    look(page, "13-desk-sign-in")
    page.get_by_role("button", name="Sign in").click()
    look(page, "13-queue")
    page.get_by_role("link", name=NAME).click()
    expect(page.get_by_text("3.18").first).to_be_visible()
    look(page, "14-review")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("approved").first).to_be_visible()
    look(page, "14-approved")


def _wait_for_red_book(page: Page, tablet: TabletPage, red_book: str, nhs_number: str) -> dict[str, int]:
    for _ in range(30):
        _sign_in_again_if_asked(page)
        _try_now(page)
        page.wait_for_timeout(1000)
        if page.get_by_role("listitem").filter(has_text=NAME).filter(has_text="In the red book").count():
            break
    tablet.expect_state(NAME, "In the red book", timeout=5_000)
    patient = _search(red_book, f"Patient?identifier={_identifier(nhs_number)}")
    ids = [entry["resource"]["id"] for entry in patient]
    counts = {"Patient": len(patient)}
    for kind in ("Encounter", "QuestionnaireResponse"):
        counts[kind] = sum(len(_search(red_book, f"{kind}?subject=Patient/{one}")) for one in ids)
    return counts


def _observed(red_book: str, nhs_number: str) -> Counter[str]:
    """The observations of the child in our words, by their SNOMED code."""
    [patient] = _search(red_book, f"Patient?identifier={_identifier(nhs_number)}")
    found = _search(red_book, f"Observation?subject=Patient/{patient['resource']['id']}")
    codes = [coding["code"] for entry in found for coding in entry["resource"]["code"]["coding"]]
    return Counter(WORDS[code] for code in codes if code in WORDS)


def _identifier(nhs_number: str) -> str:
    return quote(f"https://fhir.nhs.uk/Id/nhs-number|{nhs_number}", safe="")


def _search(red_book: str, query: str) -> list[dict]:
    with urlopen(f"{red_book}/{query}&_count=100") as answer:
        entries = json.load(answer).get("entry", [])
    return [entry for entry in entries if entry["resource"]["resourceType"] == query.split("?")[0]]
