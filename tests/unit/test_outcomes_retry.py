"""When a message is tried again, and when that ends."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvapp.domain.redbook import Outcome, given_up, next_attempt_at, should_give_up

NOW = datetime(2026, 5, 16, 14, 2, tzinfo=UTC)


class Highest:
    def uniform(self, a: float, b: float) -> float:
        return b


class Lowest:
    def uniform(self, a: float, b: float) -> float:
        return a


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(0, 5), (1, 5), (2, 10), (3, 20), (7, 320), (8, 640), (9, 900), (10, 900), (5000, 900)],
)
def test_the_wait_doubles_up_to_a_quarter_of_an_hour(attempts: int, seconds: int) -> None:
    assert next_attempt_at(attempts, NOW, Highest()) - NOW == timedelta(seconds=seconds)


def test_the_jitter_is_full_but_never_an_instant_retry() -> None:
    assert next_attempt_at(9, NOW, Lowest()) - NOW == timedelta(seconds=1)


@pytest.mark.parametrize(
    ("asked", "kept"), [(None, 0), (0, 0), (-5, 0), (120, 120), (3600, 3600), (86400, 3600)]
)
def test_a_wait_the_red_book_asked_for_is_kept_up_to_an_hour(asked: int | None, kept: int) -> None:
    assert next_attempt_at(1, NOW, Lowest(), asked) - NOW == timedelta(seconds=kept + 1)


@given(st.integers(1, 10_000), st.integers(0, 2**32), st.none() | st.integers(0, 10_000))
def test_the_next_attempt_is_always_soon_and_never_now(attempts: int, seed: int, asked: int | None) -> None:
    wait = next_attempt_at(attempts, NOW, random.Random(seed), asked) - NOW
    assert timedelta(seconds=1) <= wait <= timedelta(hours=1, minutes=15)


def test_it_ends_after_a_day() -> None:
    assert not should_give_up(NOW, NOW + timedelta(hours=23, minutes=59))
    assert should_give_up(NOW, NOW + timedelta(hours=24))


def test_a_dead_letter_says_what_happened_last() -> None:
    last = Outcome("retry", "unreachable", "The red book could not be reached.", http_status=None)
    dead = given_up(last)
    assert (dead.kind, dead.reason_code) == ("dead", "gave_up")
    assert dead.detail.endswith("The last attempt: The red book could not be reached.")
