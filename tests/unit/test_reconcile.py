"""Every case of the reconcile table, on both sides of each limit."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hvapp.domain.reconcile import FLAG_WORDS, Flag, Known, reconcile, stays_apart
from hvapp.domain.submissions import Submission
from hvapp.domain.withdrawals import Withdrawal

NOW = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)
KNOWN = Known(
    child_known=True,
    allocated=True,
    form_known=True,
    form_hash="h",
    visit_author_id=None,
)


def submission(**changes: Any) -> Submission:
    plain = Submission(
        rev_id="r2",
        visit_id="v",
        parent_rev=None,
        base_rev=None,
        form_id="f",
        form_version=1,
        definition_hash="h",
        child_id="c",
        contact_type="new_birth",
        device_id="d",
        device_seq=1,
        occurred_at=NOW - timedelta(hours=1),
        sealed_at=NOW,
        clock_offset_ms=0,
        payload={},
        author_id=None,
        sha256="",
        intact=True,
        body={},
    )
    return replace(plain, **changes)


def flags(known: Known = KNOWN, **changes: Any) -> list[Flag]:
    return reconcile(submission(**changes), known, author_id="amira", now=NOW)


def test_an_ordinary_visit_has_no_flags() -> None:
    assert flags() == []


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"child_known": False, "allocated": False}, Flag.UNKNOWN_CHILD),
        ({"allocated": False}, Flag.NOT_ALLOCATED),
        ({"form_known": False, "form_hash": None}, Flag.UNKNOWN_FORM),
        ({"form_hash": "other"}, Flag.FORM_CHANGED),
        ({"visit_author_id": "ben"}, Flag.OTHER_AUTHOR),
        ({"other_child": True}, Flag.OTHER_CHILD),
        ({"child_merged": True}, Flag.CHILD_MERGED),
        ({"child_deceased": True}, Flag.CHILD_DECEASED),
        ({"form_contact_type": "two_year"}, Flag.FORM_CHANGED),
        ({"newest_form_version": 2}, Flag.OLD_FORM),
        ({"device_revoked": True}, Flag.REVOKED_TABLET),
    ],
)
def test_what_the_server_knows(known: dict[str, Any], expected: Flag) -> None:
    assert flags(replace(KNOWN, **known)) == [expected]


def test_a_version_whose_beginning_is_on_file_is_clean() -> None:
    assert flags(replace(KNOWN, parent_known=True), parent_rev="r1") == []


def test_what_is_not_known_of_a_child_is_not_said() -> None:
    """Nobody is allocated to a child that is not on record; saying so would only hide the reason."""
    assert flags(replace(KNOWN, child_known=False, allocated=False)) == [Flag.UNKNOWN_CHILD]


@pytest.mark.parametrize(
    ("found", "quarantined", "is_ancestor", "apart"),
    [
        ([], False, False, False),
        ([Flag.NOT_ALLOCATED, Flag.CHILD_DECEASED], False, False, False),
        ([Flag.UNKNOWN_FORM], False, False, True),
        ([Flag.UNKNOWN_FORM], True, False, False),
        ([Flag.UNKNOWN_FORM], False, True, False),
        ([Flag.OTHER_AUTHOR], True, False, True),
        ([Flag.OTHER_AUTHOR], False, True, True),
        ([Flag.OTHER_CHILD], True, True, True),
    ],
)
def test_what_stays_beside_its_visit(
    found: list[Flag], quarantined: bool, is_ancestor: bool, apart: bool
) -> None:
    assert stays_apart(found, visit_quarantined=quarantined, is_ancestor=is_ancestor) is apart


def test_a_version_whose_parent_has_not_arrived_is_an_orphan() -> None:
    assert flags(parent_rev="r1") == [Flag.ORPHAN]


@pytest.mark.parametrize(("ahead", "flagged"), [(5 * 60, False), (5 * 60 + 1, True)])
def test_five_minutes_of_future_are_a_clock_more_is_a_flag(ahead: int, flagged: bool) -> None:
    found = flags(occurred_at=NOW + timedelta(seconds=ahead), sealed_at=NOW + timedelta(seconds=ahead))
    assert (Flag.FUTURE_DATED in found) is flagged


@pytest.mark.parametrize(("hours", "flagged"), [(24, False), (24.001, True)])
def test_late_is_more_than_a_day(hours: float, flagged: bool) -> None:
    assert (Flag.LATE_ENTRY in flags(occurred_at=NOW - timedelta(hours=hours))) is flagged


@pytest.mark.parametrize(
    ("offset", "flagged"), [(300_000, False), (-300_001, True), (300_001, True), (None, False)]
)
def test_a_clock_is_off_by_more_than_five_minutes(offset: int | None, flagged: bool) -> None:
    assert (Flag.CLOCK_OFF in flags(clock_offset_ms=offset)) is flagged


def test_every_flag_has_words() -> None:
    assert set(FLAG_WORDS) == set(Flag)


def test_a_withdrawal_has_no_answers_for_a_form_to_explain() -> None:
    unknown = replace(KNOWN, form_known=False, form_hash=None, parent_known=True)
    assert flags(unknown, parent_rev="r1", withdrawal=Withdrawal("twice", "")) == []
