"""Civil dates and ages. The cases are shared with tests/js/dates.test.js."""

import json
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvapp.domain import ages

CASES = json.loads((Path(__file__).parents[1] / "contract" / "ages.json").read_text())
DATES = st.dates(date(2000, 1, 1), date(2099, 12, 31))


def cases(name):
    return pytest.mark.parametrize("case", CASES[name], ids=lambda case: case.get("why") or str(case))


@cases("age_text")
def test_age_is_said_as_on_a_banner(case):
    assert ages.age_text(date.fromisoformat(case["birth"]), date.fromisoformat(case["on"])) == case["text"]


@cases("add_months")
def test_calendar_months_end_on_a_day_that_exists(case):
    end = ages.add_months(date.fromisoformat(case["start"]), case["months"])
    assert end.isoformat() == case["end"]


@cases("months_between")
def test_only_completed_months_count(case):
    start, end = date.fromisoformat(case["start"]), date.fromisoformat(case["end"])
    assert ages.months_between(start, end) == case["months"]


@cases("format_date")
def test_dates_are_written_the_nhs_way(case):
    day, today = date.fromisoformat(case["date"]), date.fromisoformat(case["today"])
    assert (ages.format_date(day), ages.format_near_date(day, today)) == (case["full"], case["near"])


@cases("corrected")
def test_corrected_age_counts_from_the_due_date(case):
    birth, on, gestation = (
        date.fromisoformat(case["birth"]),
        date.fromisoformat(case["on"]),
        case["gestation_days"],
    )
    assert ages.corrected_age_text(birth, gestation, on) == case["text"]
    if gestation is not None:
        assert ages.corrected_age_days(birth, gestation, on) == case["days"]


@cases("civil_date")
def test_the_date_of_an_instant_is_the_one_on_the_wall_in_england(case):
    assert ages.civil_date(datetime.fromisoformat(case["instant"])).isoformat() == case["date"]


def test_an_instant_without_an_offset_has_no_date():
    with pytest.raises(ValueError, match="offset"):
        ages.civil_date(datetime(2026, 5, 3, 10, 0))  # noqa: DTZ001


@given(DATES, st.integers(-240, 240))
def test_adding_months_and_counting_them_agree(start, months):
    assert ages.months_between(start, ages.add_months(start, months)) == months
