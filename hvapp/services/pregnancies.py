"""Pregnancies at the desk: finding one, what tells it from others, and what becomes of it once a baby is born."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account, check_keeps_records
from hvapp.domain.ages import format_date
from hvapp.domain.errors import Conflict, Invalid, NotFound
from hvapp.domain.nhs_number import normalise_nhs_number
from hvapp.domain.staff_facts import join_facts
from hvapp.store.accounts import TeamRow
from hvapp.store.audit import write_audit
from hvapp.store.changes import announce
from hvapp.store.children import ChildRow, PregnancyRow, children_born_of, search_pregnancies
from hvapp.store.deaths import open_marks_of
from hvapp.store.holding import hold_children, hold_pregnancy, provider_of
from hvapp.store.staff_facts import facts_of, write_facts
from hvapp.store.transaction import transaction
from hvapp.store.visits import VisitRow

# A baby is born between 22 and 44 weeks: the limits of the forms' question about it.
EARLIEST, LATEST = timedelta(weeks=22 - 40), timedelta(weeks=44 - 40)


@dataclass(frozen=True)
class FoundPregnancy:
    """`born`: the names of the children born of it since."""

    pregnancy_id: str
    name: str
    edd: date
    nhs_number: str | None
    visitor_name: str | None
    born: tuple[str, ...]


@dataclass(frozen=True)
class PregnancyRecord:
    """`born`: id and name of the children born of it since. `ended_on`: None while it goes on."""

    pregnancy_id: str
    name: str
    birth_date: date | None
    nhs_number: str | None
    edd: date
    births_expected: int
    ended_on: date | None
    visitor_name: str | None
    team_name: str
    born: tuple[tuple[str, str], ...]


def find_pregnancies(session: Session, by: Account, text: str, due: date | None) -> list[FoundPregnancy]:
    """Pregnancies of the supervisor’s provider, by the mother’s name or NHS number, or the due date. Raises Invalid for
    nothing at all."""
    words = text.split()
    number = normalise_nhs_number(text)
    if not words and due is None:
        raise Invalid("Enter the mother’s name, her NHS number or the due date.", "search_empty")
    rows = search_pregnancies(
        session,
        provider_of(session, by),
        words=[] if number else words,
        nhs_number=number,
        due=due,
        limit=20,
    )
    return [
        FoundPregnancy(
            pregnancy_id=row.id,
            name=row.name,
            edd=row.edd,
            nhs_number=row.mother.nhs_number,
            visitor_name=row.named_visitor.name if row.named_visitor else None,
            born=tuple(child.name for child in children_born_of(session, row.id)),
        )
        for row in rows
    ]


def open_pregnancy(session: Session, pregnancy_id: str, *, by: Account, now: datetime) -> PregnancyRecord:
    """A pregnancy of the provider's. Opening is written to the audit trail. Raises NotFound."""
    with transaction(session):
        row = session.get(PregnancyRow, pregnancy_id)
        team = session.get_one(TeamRow, row.team_id) if row else None
        if row is None or team is None or team.provider_id != provider_of(session, by):
            raise NotFound("There is no such pregnancy on record.")
        _write_audit(session, by, "pregnancy_opened", row.id, None, now)
        return PregnancyRecord(
            pregnancy_id=row.id,
            name=row.name,
            birth_date=row.mother.birth_date,
            nhs_number=row.mother.nhs_number,
            edd=row.edd,
            births_expected=row.births_expected,
            ended_on=row.ended_on,
            visitor_name=row.named_visitor.name if row.named_visitor else None,
            team_name=team.name,
            born=tuple((child.id, child.name) for child in children_born_of(session, row.id)),
        )


def join_birth(session: Session, pregnancy_id: str, *, child_id: str, by: Account, now: datetime) -> None:
    """Say that this child was born of this pregnancy.

    The pregnancy's contacts stand on the child's record from then on, what staff have to know before they go in is the
    child's, beside what was known of the child already, and the pregnancy leaves the visitor's tablet. Further children
    born of it may follow. Raises Conflict where the child can hardly have been born of it.
    """
    check_keeps_records(by)
    with transaction(session):
        pregnancy = hold_pregnancy(session, by, pregnancy_id)
        _check_not_lost(session, pregnancy)
        [child] = hold_children(session, by, child_id)
        born_on = _check_born_of(child, pregnancy)
        twins = children_born_of(session, pregnancy.id)
        child.pregnancy_id = pregnancy.id
        pregnancy.ended_on = pregnancy.ended_on or born_on
        if child.named_visitor_id is None and child.team_id == pregnancy.team_id:
            _take_on(session, child, pregnancy)
        child.language = child.language or pregnancy.language
        child.interpreter = child.interpreter or pregnancy.interpreter
        facts = join_facts(facts_of(child), facts_of(pregnancy))
        write_facts(session, child, facts, by_id=by.id, now=now)
        announce(session, pregnancy.listeners, "pregnancy", pregnancy.id, removed=True)
        for one in (child, *twins):
            announce(session, one.listeners, "child", one.id)
        _write_audit(session, by, "pregnancy_joined", pregnancy.id, child.id, now)


def part_birth(session: Session, pregnancy_id: str, *, child_id: str, by: Account, now: datetime) -> None:
    """Take back that this child was born of this pregnancy, which goes on where no other was.

    What staff have to know stays on both: nobody can tell any more what of it was the child's before. Raises Conflict
    where the child does not stand with the pregnancy.
    """
    check_keeps_records(by)
    with transaction(session):
        pregnancy = hold_pregnancy(session, by, pregnancy_id)
        [child] = hold_children(session, by, child_id)
        if child.pregnancy_id != pregnancy.id:
            raise Conflict("This child does not stand with the pregnancy any more, so nothing was changed.")
        child.pregnancy_id = None
        session.flush()
        others = children_born_of(session, pregnancy.id)
        if not others:
            pregnancy.ended_on = None
            announce(session, pregnancy.listeners, "pregnancy", pregnancy.id)
        for one in (child, *others):
            announce(session, one.listeners, "child", one.id)
        _write_audit(session, by, "pregnancy_parted", pregnancy.id, child.id, now)


def _take_on(session: Session, child: ChildRow, pregnancy: PregnancyRow) -> None:
    """Nobody had the child yet: whoever looked after the pregnancy does."""
    child.named_visitor, child.named_visitor_id = pregnancy.named_visitor, pregnancy.named_visitor_id
    for visit in session.scalars(select(VisitRow).where(VisitRow.child_id == child.id)):
        announce(session, visit.readers, "visit", visit.id)


def _check_not_lost(session: Session, pregnancy: PregnancyRow) -> None:
    if open_marks_of(session, pregnancy.id):
        raise Conflict(
            "It is recorded that this pregnancy has ended without a live birth, so nothing was changed. Have that "
            "taken back first.",
            "lost",
        )


def _check_born_of(child: ChildRow, pregnancy: PregnancyRow) -> date:
    if child.pregnancy_id == pregnancy.id:
        raise Conflict("This child stands with the pregnancy already.")
    if child.pregnancy_id is not None:
        raise Conflict(
            "This child stands with another pregnancy, so nothing was changed. Check whether it is the right child."
        )
    born_on = child.person.birth_date
    if born_on is None:
        raise Conflict("This child’s date of birth is not on record, so nothing was changed. Add it first.")
    if not pregnancy.edd + EARLIEST <= born_on <= pregnancy.edd + LATEST:
        raise Conflict(
            f"A baby due {format_date(pregnancy.edd)} cannot have been born {format_date(born_on)}, so nothing was "
            "changed. Check whether it is the right child."
        )
    return born_on


def _write_audit(
    session: Session, by: Account, action: str, pregnancy_id: str, detail: str | None, now: datetime
) -> None:
    write_audit(
        session,
        at=now,
        account_id=by.id,
        action=action,
        subject_type="pregnancy",
        subject_id=pregnancy_id,
        detail=detail,
    )
