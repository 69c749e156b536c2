"""Prepared statements say and find what SQLAlchemy's own would, and go wrong as they do; on both engines."""

from datetime import UTC, datetime, timedelta, timezone
from typing import cast

import pytest
from sqlalchemy import Table, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hvapp.store.accounts import ProviderRow
from hvapp.store.audit import AuditRow, write_audits
from hvapp.store.base import new_id
from hvapp.store.prepared import MANY, Adding, Prepared, among, without_waiting
from hvapp.store.transaction import transaction

_audit = cast(Table, AuditRow.__table__)
_OF_SUBJECTS = Prepared(
    select(_audit.c.subject_id, _audit.c.at, _audit.c.account_id)
    .where(among(_audit.c.subject_id, "subjects"))
    .order_by(_audit.c.subject_id)
)
_ADD = Adding(cast(Table, ProviderRow.__table__), "id", "name", "ods_code")
_ADD_ONCE = Adding(cast(Table, ProviderRow.__table__), "id", "name", "ods_code", conflict="DO NOTHING")

NOON = datetime(2026, 7, 1, 12, tzinfo=timezone(timedelta(hours=1)))
AWKWARD = ["a,b", 'a"b', "a{b}", "a\\b", "", "null", "ä’"]


def noted(session: Session, *subjects: str) -> None:
    with transaction(session):
        write_audits(
            session,
            [
                {
                    "at": NOON,
                    "account_id": None,
                    "action": "noted",
                    "subject_type": "thing",
                    "subject_id": subject,
                    "detail": None,
                }
                for subject in subjects
            ],
        )


@pytest.mark.parametrize("wanted", [[], ["a,b"], AWKWARD], ids=["none", "one", "all"])
def test_any_number_of_texts_finds_the_rows_that_have_one_of_them(
    session: Session, wanted: list[str]
) -> None:
    noted(session, *AWKWARD, "another")

    found = _OF_SUBJECTS.rows(session, subjects=wanted)

    assert sorted(row[0] for row in found) == sorted(wanted)


def test_values_come_back_as_any_other_statement_gives_them(session: Session) -> None:
    noted(session, "one")

    [(_, at, account_id)] = _OF_SUBJECTS.rows(session, subjects=["one"])

    assert (at, at.tzinfo, account_id) == (NOON, UTC, None)
    assert session.scalar(select(AuditRow.at).where(AuditRow.subject_id == "one")) == at


def test_rows_by_the_hundred_arrive_as_they_are(session: Session) -> None:
    subjects = [f"{text}\t\n\\N.{number}" for number in range(MANY) for text in AWKWARD]

    noted(session, *subjects)

    rows = session.execute(select(AuditRow.subject_id, AuditRow.at, AuditRow.detail)).all()
    assert sorted(row.subject_id for row in rows) == sorted(subjects)
    assert {(row.at, row.detail) for row in rows} == {(NOON, None)}


def test_answers_wait_until_they_are_wanted(session: Session) -> None:
    noted(session, "one", "two")

    with transaction(session):
        with without_waiting(session):
            one, two = (_OF_SUBJECTS.asked(session, subjects=[subject]) for subject in ("one", "two"))
            noted_meanwhile = _OF_SUBJECTS.rows(session, subjects=["two", "one"])
        assert [[row[0] for row in rows] for rows in (two(), one(), noted_meanwhile)] == [
            ["two"],
            ["one"],
            ["one", "two"],
        ]


@pytest.mark.parametrize("number", [1, 3, MANY])
def test_a_row_that_is_there_already_is_an_error_that_tells_no_values(session: Session, number: int) -> None:
    row = (new_id(), "Private name", "P1")

    with (
        pytest.raises(IntegrityError) as caught,
        transaction(session),
        without_waiting(session, rows=number),
    ):
        _ADD.rows(session, [row])
        _ADD.rows(session, [row] * number)

    assert "Private name" not in str(caught.value)
    assert session.get(ProviderRow, row[0]) is None


def test_a_row_that_is_there_already_may_be_left_as_it_is(session: Session) -> None:
    row = (new_id(), "First", "F1")

    with transaction(session):
        _ADD_ONCE.rows(session, [row])
        others = [(new_id(), "Other", f"T{number}") for number in range(2 * MANY)]
        _ADD_ONCE.rows(session, [(row[0], "Second", "S1"), *others])

    assert session.get_one(ProviderRow, row[0]).name == "First"
    assert session.scalar(select(func.count()).where(ProviderRow.name == "Other")) == 2 * MANY
