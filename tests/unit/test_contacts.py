"""What is due next. The cases are shared with tests/js/contacts.test.js."""

import json
from datetime import date
from pathlib import Path

import pytest

from hvapp.domain.contacts import contact_rules, contact_rules_data, next_contact

CONTRACT = Path(__file__).parents[1] / "contract"
CASES = json.loads((CONTRACT / "contacts.json").read_text())["next_contact"]
CONTACT_TYPES = {
    "antenatal",
    "new_birth",
    "six_eight_week",
    "three_four_month",
    "six_month",
    "one_year",
    "two_year",
    "targeted",
    "movement_in",
    "no_access",
}


def day(text):
    return None if text is None else date.fromisoformat(text)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["why"])
def test_next_contact(case):
    due = next_contact(
        day(case.get("birth")),
        day(case.get("edd")),
        set(case["done"]),
        day(case["today"]),
        planned=case.get("planned", ()),
    )
    if case["type"] is None:
        assert due is None
        return
    assert due is not None
    found = (due.contact_type, due.state, due.days_left, due.text)
    assert found == (case["type"], case["state"], case["days_left"], case["text"])
    for key, value in (("opens", due.opens_on), ("target_end", due.target_end), ("limit", due.limit_on)):
        assert value == day(case.get(key, value.isoformat()))


def test_every_contact_type_has_words_and_five_are_for_every_family():
    rules = contact_rules()
    assert {contact.contact_type for contact in rules.contacts} == CONTACT_TYPES
    universal = [contact.contact_type for contact in rules.contacts if contact.universal]
    assert universal == ["antenatal", "new_birth", "six_eight_week", "one_year", "two_year"]
    assert rules.title("new_birth") == "New birth visit"


def test_every_limit_names_its_source_and_says_whether_it_is_confirmed():
    limits = [
        entry[key]
        for entry in contact_rules_data()["contacts"]
        for key in ("opens", "target_end", "limit", "lapses", "after_notice")
        if key in entry
    ]
    assert len(limits) == 23
    for limit in limits:
        assert limit["source"]
        assert isinstance(limit["confirmed"], bool)


def test_windows_open_in_order_and_close_after_they_open():
    """A contact gives way when the next opens, so the order in the file has to be the order in life."""
    for counts_from in ("edd", "birth"):
        windows = [
            c.window for c in contact_rules().contacts if c.window and c.window.counts_from == counts_from
        ]
        opens = [window.opens.after(date(2026, 1, 1)) for window in windows]
        assert opens == sorted(opens)
        for window in windows:
            start = date(2026, 1, 1)
            assert window.opens.after(start) < window.target_end.after(start) <= window.limit.after(start)


def test_a_contact_that_rests_on_an_unconfirmed_limit_says_so():
    antenatal = next_contact(None, date(2026, 8, 1), set(), date(2026, 6, 1))
    new_birth = next_contact(date(2026, 4, 19), None, set(), date(2026, 4, 25))
    assert antenatal is not None
    assert new_birth is not None
    assert (antenatal.confirmed, new_birth.confirmed) == (False, True)


def test_the_rules_the_tablet_is_tested_with_are_the_published_ones():
    """Node has no YAML reader, so the browser's tests read this JSON copy."""
    assert json.loads((CONTRACT / "contacts_rules.v1.json").read_text()) == contact_rules_data()
