"""Questions that belong to an age end and begin on the birthday itself, in leap years too, on tablet and server."""

from collections.abc import Iterator
from datetime import date

import pytest

from tests.contract.forms_support import TabletEngine, asked, tablet_engine

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


def asked_on(tablet: TabletEngine, contact: str, born: str, on: str) -> tuple[set[str], set[str]]:
    return asked(tablet, contact, date.fromisoformat(born), date.fromisoformat(on))


@pytest.mark.parametrize(("field", "contact", "born", "before", "birthday"), ENDS)
def test_a_question_is_asked_until_the_birthday(
    tablet: TabletEngine, field: str, contact: str, born: str, before: str, birthday: str
) -> None:
    assert field in asked_on(tablet, contact, born, before)[0]
    assert field not in asked_on(tablet, contact, born, birthday)[0]


@pytest.mark.parametrize(("field", "contact", "born", "before", "birthday"), BEGINS)
def test_a_question_is_asked_from_the_birthday(
    tablet: TabletEngine, field: str, contact: str, born: str, before: str, birthday: str
) -> None:
    assert field not in asked_on(tablet, contact, born, before)[0]
    assert field in asked_on(tablet, contact, born, birthday)[0]


@pytest.mark.parametrize(("field", "contact", "born", "before", "birthday"), REQUIRED_UNTIL)
def test_an_answer_is_needed_until_the_birthday(
    tablet: TabletEngine, field: str, contact: str, born: str, before: str, birthday: str
) -> None:
    assert field in asked_on(tablet, contact, born, before)[1]
    assert field not in asked_on(tablet, contact, born, birthday)[1]


@pytest.mark.parametrize(("field", "contact", "born", "before", "birthday"), REQUIRED_FROM)
def test_an_answer_is_needed_from_the_birthday(
    tablet: TabletEngine, field: str, contact: str, born: str, before: str, birthday: str
) -> None:
    assert field not in asked_on(tablet, contact, born, before)[1]
    assert field in asked_on(tablet, contact, born, birthday)[1]
