"""Questions that belong to an age end and begin on the birthday itself, in leap years too, on tablet and server."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from tests.contract.forms_support import TabletEngine, server_answer, tablet_engine
from tests.support.answers import FORMS

# The question, the contact it stands in, the birth, the last day before the change and the day of it.
ENDS = [
    ("sleep_space_seen", "one_year", "2025-03-10", "2026-03-09", "2026-03-10"),
    ("sleep_space_seen", "one_year", "2023-03-01", "2024-02-29", "2024-03-01"),  # 366 days
    ("sleep_space_seen", "one_year", "2024-02-29", "2025-02-27", "2025-02-28"),
    ("bruise_nonmobile", "two_year", "2023-03-01", "2024-08-31", "2024-09-01"),
    ("length_cm", "two_year", "2024-05-10", "2026-05-09", "2026-05-10"),
    ("length_cm", "two_year", "2022-03-01", "2024-02-29", "2024-03-01"),  # 731 days
]
BEGINS = [
    ("height_cm", "two_year", "2022-03-01", "2024-02-29", "2024-03-01"),
    ("elim_result", "two_year", "2024-08-31", "2026-02-27", "2026-02-28"),
    ("dentist", "six_month", "2025-08-31", "2026-02-27", "2026-02-28"),
]
REQUIRED_FROM = [("dentist", "one_year", "2025-05-31", "2026-02-27", "2026-02-28")]
REQUIRED_UNTIL = [
    ("skin_marks", "movement_in", "2023-03-01", "2024-02-29", "2024-03-01"),
    ("crying_coping", "six_month", "2025-08-31", "2026-02-27", "2026-02-28"),
    ("feed_concern", "six_month", "2025-08-31", "2026-02-27", "2026-02-28"),
]


@pytest.fixture(scope="module")
def tablet() -> Iterator[TabletEngine]:
    with tablet_engine() as engine:
        yield engine


def asked(tablet: TabletEngine, contact: str, born: str, on: str) -> tuple[set[str], set[str]]:
    """The questions shown on this day, and those that must be answered."""
    form = FORMS.current(contact)
    assert form is not None
    child = {"birth_date": born, "sex": "male", "gestation_days": 280, "measurements": []}
    now = f"{date.fromisoformat(on)}T10:00:00+00:00"
    payload: dict[str, Any] = {"answers": {"started_at": now}}
    server = server_answer(form, child, now, payload, {})
    assert tablet.answer(form, child, now, payload, {}) == server
    return server["visible"], {field for field, *_ in server["findings"]}


@pytest.mark.parametrize(("field", "contact", "born", "before", "birthday"), ENDS)
def test_a_question_is_asked_until_the_birthday(
    tablet: TabletEngine, field: str, contact: str, born: str, before: str, birthday: str
) -> None:
    assert field in asked(tablet, contact, born, before)[0]
    assert field not in asked(tablet, contact, born, birthday)[0]


@pytest.mark.parametrize(("field", "contact", "born", "before", "birthday"), BEGINS)
def test_a_question_is_asked_from_the_birthday(
    tablet: TabletEngine, field: str, contact: str, born: str, before: str, birthday: str
) -> None:
    assert field not in asked(tablet, contact, born, before)[0]
    assert field in asked(tablet, contact, born, birthday)[0]


@pytest.mark.parametrize(("field", "contact", "born", "before", "birthday"), REQUIRED_UNTIL)
def test_an_answer_is_needed_until_the_birthday(
    tablet: TabletEngine, field: str, contact: str, born: str, before: str, birthday: str
) -> None:
    assert field in asked(tablet, contact, born, before)[1]
    assert field not in asked(tablet, contact, born, birthday)[1]


@pytest.mark.parametrize(("field", "contact", "born", "before", "birthday"), REQUIRED_FROM)
def test_an_answer_is_needed_from_the_birthday(
    tablet: TabletEngine, field: str, contact: str, born: str, before: str, birthday: str
) -> None:
    assert field not in asked(tablet, contact, born, before)[1]
    assert field in asked(tablet, contact, born, birthday)[1]
