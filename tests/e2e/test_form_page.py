"""The form under a finger: what is typed is kept, judged when it is left, and never asked for twice."""

import json
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Playwright, expect

from hvapp.settings import ROOT
from tests.contract.forms_support import REFERENCE, RULES
from tests.support.answers import FORMS
from tests.support.browser import ARGS, TABLET, WINDOWLESS, path_of, violations
from tests.support.fragments import render_fragment

pytestmark = pytest.mark.browser

NEW_BIRTH, ONE_YEAR = "new_birth_visit", "one_year_review"
BORN = date.today() - timedelta(days=12)  # noqa: DTZ011 - the page uses the machine's day too
CHILD = {
    "birth_date": BORN.isoformat(),
    "sex": "female",
    "gestation_days": 262,
    "need_level": "universal",
    "births_in_pregnancy": 1,
    "birth_order": 1,
    "measurements": [{"kind": "weight", "value": "3.450", "on": BORN.isoformat(), "at_birth": True}],
}
PAGE = """<!DOCTYPE html><html lang="en-GB"><head><meta charset="utf-8"><title>Form</title>
<meta http-equiv="Content-Security-Policy" content="require-trusted-types-for 'script'; trusted-types 'none'">
<link rel="icon" href="data:,"><link rel="stylesheet" href="/app.css">
<style>.app-visit [data-section] {{ display: block }}</style></head>
<body class="js-enabled nhsuk-frontend-supported"><main class="nhsuk-width-container"><h1>Visit</h1>
<div class="app-visit">{fragment}</div></main><script type="application/json" id="given">{given}</script>
<script type="module" src="/tests/e2e/form_page.js"></script></body></html>"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page, its style sheet and the modules as they are in the source."""
    built = tmp_path_factory.mktemp("built")
    subprocess.run(
        ["node", "static/build/build.mjs", "--out", str(built)], cwd=ROOT, check=True, capture_output=True
    )
    css = next(built.glob("app-*.css")).read_bytes()
    forms = {form_id: FORMS.get(form_id, 1) for form_id in (NEW_BIRTH, ONE_YEAR)}
    fragments = {form_id: render_fragment(form) for form_id, form in forms.items()}

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(ROOT))

        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            if path == "/":
                given = json.dumps(
                    {
                        "child": CHILD,
                        "reference": REFERENCE,
                        "rules": RULES | {"growth_method": "digital"},
                        "answers": json.loads(ANSWERS["given"]),
                    }
                )
                page = PAGE.format(fragment=fragments[query], given=given.replace("<", "\\u003c"))
                self.send("text/html", page.encode())
            elif path == "/app.css":
                self.send("text/css", css)
            elif path == "/definition.json":
                self.send("application/json", json.dumps(forms[query].definition).encode())
            else:
                super().do_GET()

        def send(self, kind: str, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


ANSWERS: dict[str, str] = {}
"""Answers to begin with."""


@pytest.fixture(scope="module")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=path_of(WINDOWLESS), args=ARGS)
    yield browser
    browser.close()


@pytest.fixture
def open_form(chromium: Browser, site: str) -> Iterator[Callable[..., Page]]:
    context = chromium.new_context(
        viewport=TABLET, locale="en-GB", timezone_id="Europe/London", has_touch=True
    )  # type: ignore[arg-type]
    context.set_default_timeout(10_000)
    problems: list[str] = []

    def opened(answers: dict[str, Any] | None = None, form_id: str = NEW_BIRTH) -> Page:
        ANSWERS["given"] = json.dumps(answers)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{site}?{form_id}")
        page.wait_for_selector("body[data-ready]")
        for more in page.locator("details[data-more]").all():
            if more.is_visible():
                more.locator("summary").click()
        return page

    yield opened
    context.close()
    assert problems == []


def question(page: Page, field_id: str) -> Locator:
    return page.locator(f'[data-field="{field_id}"]')


def choose(page: Page, field_id: str, label: str) -> None:
    question(page, field_id).get_by_label(label, exact=True).locator(
        "xpath=following-sibling::label[1]"
    ).click()


def type_in(page: Page, field_id: str, text: str) -> Locator:
    box = question(page, field_id).locator("[data-control] input, [data-control] textarea").first
    box.fill(text)
    return box


def error(page: Page, field_id: str) -> Locator:
    return question(page, field_id).locator("[data-finding]").first


def answers(page: Page) -> dict[str, Any]:
    given: dict[str, Any] = page.evaluate("bound.answers()")
    return given


def test_a_number_is_judged_when_it_is_left(open_form: Callable[..., Page]) -> None:
    page = open_form()
    box = type_in(page, "weight_kg", "49")
    expect(error(page, "weight_kg")).to_be_hidden()
    box.press("Tab")
    expect(error(page, "weight_kg")).to_contain_text(
        "Weight 49 kg is not possible for a baby of 12 days. Check the decimal point."
    )
    expect(box).to_have_accessible_description(
        re.compile(r"^On Class III scales.*Error:\s+Weight 49 kg is not possible")
    )
    type_in(page, "weight_kg", "3,49")
    expect(error(page, "weight_kg")).to_be_hidden()
    assert answers(page)["weight_kg"] == "3.49"


def test_an_unusual_number_is_confirmed_with_one_tap(open_form: Callable[..., Page]) -> None:
    page = open_form()
    type_in(page, "weight_kg", "6.2").press("Tab")
    page.get_by_role("button", name="Yes, 6.2 kg is right").click()
    expect(error(page, "weight_kg")).to_be_hidden()
    assert page.evaluate("bound.state().confirmed") == {"weight_kg": "6.2"}
    type_in(page, "weight_kg", "6.3").press("Tab")
    expect(page.get_by_role("button", name="Yes, 6.3 kg is right")).to_be_visible()
    assert page.evaluate("bound.state().confirmed") == {}


def test_every_answer_is_passed_on_once(open_form: Callable[..., Page]) -> None:
    page = open_form()
    type_in(page, "nappies_wet", "6").press("Tab")
    choose(page, "vitamin_k", "By mouth")
    type_in(page, "actions", "Weigh again").press("Tab")
    assert page.evaluate("changes") == [["nappies_wet", 6], ["vitamin_k", "oral"], ["actions", "Weigh again"]]


def test_a_message_never_moves_the_page_from_under_a_press(open_form: Callable[..., Page]) -> None:
    """Leaving the weight shows an alert above the button that is being pressed; the press still counts."""
    page = open_form()
    type_in(page, "weight_kg", "2.900")
    expect(page.get_by_text("Weight loss of more than 10%")).to_be_hidden()
    choose(page, "measure_conditions", "A nappy")
    assert answers(page)["measure_conditions"] == "nappy"
    expect(page.get_by_text("Weight loss of more than 10%")).to_be_visible()


def test_an_alert_does_not_push_off_the_screen_what_somebody_has_gone_on_to(
    open_form: Callable[..., Page],
) -> None:
    page = open_form()
    page.evaluate("document.documentElement.style.overflowAnchor = 'none'")  # as in Safari, which has none
    family = question(page, "interpreter").locator("input[value=family_member]").element_handle()
    page.evaluate(
        """(family) => {
          const inputs = [...document.querySelectorAll("[data-field] input:not([hidden])")];
          const later = inputs.filter((one) => one.getClientRects().length)
            .find((one) => family.compareDocumentPosition(one) & 4 && one.name !== family.name);
          scrollBy(0, later.getBoundingClientRect().bottom - innerHeight);
          family.click();
          later.focus({ preventScroll: true });
        }""",
        family,
    )
    expect(question(page, "interpreter").locator("[data-alert]")).to_be_visible()
    expect(page.locator(":focus")).to_be_in_viewport(ratio=1)


def test_a_number_half_typed_raises_no_alarm_about_another_question(open_form: Callable[..., Page]) -> None:
    """A six on the way to 60 is below the cut-off; what would be said of it stands under the first total."""
    page = open_form(form_id=ONE_YEAR)
    question(page, "asq_interval").locator("select").select_option("12")
    type_in(page, "asq_communication", "60").press("Tab")
    box = question(page, "asq_gross_motor").locator("input").first
    below = page.get_by_text("Below the cut-off: gross motor")
    box.press_sequentially("6")
    page.evaluate("redraw()")
    expect(below).to_have_count(0)
    box.press_sequentially("0")
    box.press("Tab")
    expect(below).to_have_count(0)
    type_in(page, "asq_gross_motor", "6").press("Tab")
    expect(below).to_be_visible()


def test_a_red_alert_takes_what_was_done(open_form: Callable[..., Page]) -> None:
    page = open_form()
    type_in(page, "weight_kg", "2.900").press("Tab")
    page.evaluate("strict = true; redraw()")
    alert = question(page, "weight_kg").locator('[data-alert="weight_loss"]')
    expect(alert).to_contain_text("Act today")
    expect(alert).to_contain_text("Weight is 15.9% below birth weight.")
    expect(alert).to_contain_text("say what you did, or why nothing was needed")
    alert.get_by_label("What did you do, or why was nothing needed?").fill("Seen by the GP today")
    expect(alert.locator("[data-alert-finding]")).to_be_hidden()
    assert page.evaluate("bound.state().alertResponses") == {"weight_loss": "Seen by the GP today"}

    # Or it does not apply, which asks why
    alert.get_by_text("This does not apply here").click()
    why = alert.get_by_label("Why does it not apply?")
    why.fill("")
    expect(alert).to_contain_text("say why it does not apply")
    why.fill("Weighed on other scales at birth")
    expect(alert.locator("[data-alert-finding]")).to_be_hidden()
    overridden = {"weight_loss": {"not_applicable": "Weighed on other scales at birth"}}
    assert page.evaluate("bound.state().alertResponses") == overridden
    alert.get_by_text("This does not apply here").click()
    expect(alert.get_by_label("What did you do, or why was nothing needed?")).to_be_visible()


def test_not_done_takes_a_reason_and_can_be_undone(open_form: Callable[..., Page]) -> None:
    page = open_form({"ofc_cm": "35.2"})
    ofc = question(page, "ofc_cm")
    ofc.get_by_role("button", name="Not done").click()
    expect(error(page, "ofc_cm")).to_be_hidden()
    ofc.locator("label", has_text="Another reason").click()
    ofc.get_by_label("In a few words").fill("Tape broken")
    ofc.get_by_label("In a few words").press("Tab")
    assert answers(page)["ofc_cm"] == {"not_done": "other", "detail": "Tape broken"}
    ofc.get_by_role("button", name="Undo, answer it after all").click()
    assert answers(page)["ofc_cm"] == "35.2"
    expect(ofc.locator("[data-control] input")).to_have_value("35.2")


def test_not_done_comes_back_as_it_was_left(open_form: Callable[..., Page]) -> None:
    page = open_form({"ofc_cm": {"not_done": "other", "detail": "Tape broken"}})
    ofc = question(page, "ofc_cm")
    expect(ofc.get_by_label("Another reason")).to_be_checked()
    expect(ofc.get_by_label("In a few words")).to_have_value("Tape broken")
    expect(ofc.locator("[data-control]")).to_be_hidden()


def test_what_is_hidden_keeps_its_answer(open_form: Callable[..., Page]) -> None:
    page = open_form()
    choose(page, "interpreter", "By phone")
    question(page, "language").locator("select").select_option("pl")
    choose(page, "interpreter", "Not needed")
    expect(question(page, "language")).to_be_hidden()
    assert answers(page)["language"] == "pl"
    choose(page, "interpreter", "In person")
    expect(question(page, "language").locator("select")).to_have_value("pl")


def test_none_stands_alone(open_form: Callable[..., Page]) -> None:
    page = open_form()
    choose(page, "feed_concern", "Latch")
    choose(page, "feed_concern", "None")
    assert answers(page)["feed_concern"] == ["none"]
    choose(page, "feed_concern", "Pain")
    assert answers(page)["feed_concern"] == ["pain"]


def test_dates_offer_today_and_keep_half_a_date(open_form: Callable[..., Page]) -> None:
    page = open_form({"next_due": "2026-05-"})
    due = question(page, "next_due")
    expect(due.get_by_label("Month")).to_have_value("5")
    expect(due.get_by_label("Year")).to_have_value("2026")
    expect(error(page, "next_due")).to_contain_text(
        "The day of the next contact must be a real date, such as 3 May 2026."
    )
    due.get_by_role("button", name="Today").click()
    assert answers(page)["next_due"] == page.evaluate("new Date().toLocaleDateString('sv')")
    expect(error(page, "next_due")).to_be_hidden()


def test_the_record_s_value_is_taken_with_one_tap(open_form: Callable[..., Page]) -> None:
    page = open_form()
    weeks = question(page, "gestation_weeks")
    expect(weeks).to_contain_text("Recorded before: 37 weeks")
    assert "gestation_weeks" not in answers(page)
    weeks.get_by_role("button", name="Use this").click()
    assert answers(page)["gestation_weeks"] == 37


def test_rows_are_added_removed_and_brought_back(open_form: Callable[..., Page]) -> None:
    page = open_form()
    referrals = question(page, "referrals")
    add = referrals.get_by_role("button", name="Add referral")
    add.click()
    first = referrals.get_by_role("group", name="Referral 1")
    first.get_by_label("Service", exact=True).select_option("audiology")
    first.get_by_label("Reason").fill("No clear response")
    add.click()
    referrals.get_by_role("group", name="Referral 2").get_by_label("Service", exact=True).select_option("gp")
    first.get_by_role("button", name="Remove").click()
    assert answers(page)["referrals"] == [{"service": "gp"}]
    expect(referrals).to_contain_text("Referral 1 removed.")
    referrals.get_by_role("button", name="Undo", exact=True).click()
    assert [row["service"] for row in answers(page)["referrals"]] == ["audiology", "gp"]
    page.evaluate("strict = true; redraw()")
    part = referrals.get_by_role("group", name="Referral 2").locator('[data-part="reason"]')
    expect(part).to_contain_text("Referral 2: enter the reason.")
    page.evaluate("bound.focusField('referrals', 1, 'reason')")
    expect(part.locator("input")).to_be_focused()


def test_more_says_how_much_it_holds(open_form: Callable[..., Page]) -> None:
    page = open_form()
    summary = page.locator('[data-section="growth"] summary')
    expect(summary).to_have_text("More (3), 2 to answer")
    type_in(page, "ofc_cm", "35.1").press("Tab")
    expect(summary).to_have_text("More (2), 1 filled")


def test_a_whole_visit_comes_back_as_it_was_given(open_form: Callable[..., Page]) -> None:
    given = {
        "started_at": "2026-05-03T10:05:00+01:00",
        "mode": "face_to_face",
        "identity_checked": True,
        "seen_alone": False,
        "present": ["p1"],
        "interpreter": "phone",
        "language": "ur",
        "gestation_weeks": 37,
        "weight_kg": "3.450",
        "feed_concern": ["latch", "pain"],
        "bf_stopped": "2026-04",
        "share_consent": {"gp": True, "chis": False},
        "actions": "Two\nlines",
        "referrals": [{"service": "gp", "consent": False}],
        "nappies_wet": "about six",
        "next_due": "2026-06-12",
    }
    page = open_form(given)
    for field_id in given:
        page.evaluate("id => bound.take(bound.questions.get(id))", field_id)
    assert answers(page) == given
    assert page.evaluate("changes") == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_with_everything_open_and_everything_wrong(
    open_form: Callable[..., Page], scheme: Any
) -> None:
    page = open_form()
    page.emulate_media(color_scheme=scheme)
    type_in(page, "weight_kg", "2.900").press("Tab")
    type_in(page, "summary_parent", "Rang the police").press("Tab")
    choose(page, "interpreter", "Family member interpreted")
    question(page, "length_cm").get_by_role("button", name="Not done").click()
    question(page, "referrals").get_by_role("button", name="Add referral").click()
    page.evaluate("strict = true; redraw()")
    assert violations(page) == []


def test_everything_to_tap_is_large_enough(open_form: Callable[..., Page]) -> None:
    page = open_form()
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, textarea, summary")]
          .filter((one) => one.getClientRects().length)
          .filter((one) => { const box = one.getBoundingClientRect(); return box.width < 44 || box.height < 44 })
          .map((one) => one.outerHTML)"""
    )
    assert small == []
