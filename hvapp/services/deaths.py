"""A child has died: one person marks it, a second confirms it, and only then does anything change.

The visits that arrive afterwards, or wait for review, say so before anybody approves them. The date of death stands in
the record and in the mark, never on the audit trail.
"""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account, check_keeps_records
from hvapp.domain.deaths import check_date_of_death, check_second_person
from hvapp.domain.errors import Conflict, NotFound
from hvapp.domain.review import check_why
from hvapp.store.audit import write_audit
from hvapp.store.changes import announce
from hvapp.store.children import ChildRow, siblings_of
from hvapp.store.deaths import DeathMarkRow, open_marks_of, waiting_marks
from hvapp.store.holding import hold_children, provider_of
from hvapp.store.transaction import transaction


@dataclass(frozen=True)
class DeathMark:
    """`own`: whoever looks has marked it, so somebody else confirms it. Confirmed by nobody: it waits."""

    mark_id: str
    child_id: str
    child_name: str
    birth_date: date | None
    died_on: date
    marked_by: str
    marked_at: datetime
    own: bool
    confirmed_by: str | None
    confirmed_at: datetime | None


def marks_that_wait(session: Session, by: Account) -> list[DeathMark]:
    """Of the provider's children, oldest first; `by`'s own too."""
    check_keeps_records(by)
    return [_mark(row, by) for row in waiting_marks(session, provider_of(session, by))]


def count_to_confirm(session: Session, by: Account) -> int:
    """How many wait for this person."""
    return sum(not mark.own for mark in marks_that_wait(session, by))


def mark_of_child(session: Session, child_id: str, by: Account) -> DeathMark | None:
    """The mark that waits or was confirmed, for a child whose record `by` may open."""
    found = open_marks_of(session, child_id)
    return _mark(found[0], by) if found else None


def mark_death(session: Session, child_id: str, *, died_on: date, by: Account, now: datetime) -> None:
    """One person's word. Nothing changes for anybody until a second person confirms it."""
    check_keeps_records(by)
    with transaction(session):
        [child] = hold_children(session, by, child_id)
        check_date_of_death(died_on, born=child.person.birth_date, today=now.date())
        if child.person.deceased_on is not None or open_marks_of(session, child.id):
            raise Conflict("This was recorded already. See how it stands now.", "marked")
        mark = DeathMarkRow(child_id=child.id, died_on=died_on, marked_by_id=by.id, marked_at=now)
        session.add(mark)
        session.flush()
        _write_audit(session, by, "child_death_marked", mark, now)


def confirm_death(session: Session, mark_id: str, *, by: Account, now: datetime) -> None:
    """The second person's word: the child is off every list from now on.

    Raises NotAllowed for whoever marked it, Conflict where somebody else has dealt with it meanwhile.
    """
    check_keeps_records(by)
    with transaction(session):
        child, mark = _hold_mark(session, mark_id, by)
        check_second_person(by.id, mark.marked_by_id)
        if mark.confirmed_at is not None:
            raise Conflict("This was confirmed already.", "confirmed")
        mark.confirmed_by_id, mark.confirmed_at = by.id, now
        child.person.deceased_on = mark.died_on
        _tell(session, child)
        _write_audit(session, by, "child_death_recorded", mark, now)


def take_back_mark(session: Session, mark_id: str, *, by: Account, now: datetime) -> None:
    """While it waits: nothing had changed yet, so nothing changes. Anybody who may mark may do it."""
    check_keeps_records(by)
    with transaction(session):
        _, mark = _hold_mark(session, mark_id, by)
        if mark.confirmed_at is not None:
            raise Conflict("This was confirmed meanwhile, so it was not taken back. See below.", "confirmed")
        mark.withdrawn_by_id, mark.withdrawn_at = by.id, now
        _write_audit(session, by, "child_death_mark_withdrawn", mark, now)


def undo_death(session: Session, mark_id: str, *, why: str, by: Account, now: datetime) -> None:
    """What was confirmed was a mistake: the child is on the lists again. Raises Invalid without a reason."""
    check_keeps_records(by)
    reason = check_why(why)
    with transaction(session):
        child, mark = _hold_mark(session, mark_id, by)
        if mark.confirmed_at is None:
            raise Conflict("This waits to be confirmed. Take it back instead.", "waits")
        for one in open_marks_of(session, child.id):
            one.withdrawn_by_id, one.withdrawn_at, one.reason = by.id, now, reason
        child.person.deceased_on = None
        _tell(session, child)
        _write_audit(session, by, "child_death_undone", mark, now)


def _hold_mark(session: Session, mark_id: str, by: Account) -> tuple[ChildRow, DeathMarkRow]:
    """The mark as it is once nobody else can change it."""
    mark = session.get(DeathMarkRow, mark_id)
    if mark is None:
        raise NotFound("There is no such child on record.")
    [child] = hold_children(session, by, mark.child_id)
    session.refresh(mark)
    if mark.withdrawn_at is not None:
        raise Conflict("This was taken back meanwhile, so nothing was changed.", "withdrawn")
    return child, mark


def _tell(session: Session, child: ChildRow) -> None:
    """The tablets that carry the child, and those that carry its siblings."""
    for one in (child, *siblings_of(session, child.id)):
        announce(session, one.listeners, "child", one.id)


def _mark(row: DeathMarkRow, by: Account) -> DeathMark:
    return DeathMark(
        mark_id=row.id,
        child_id=row.child_id,
        child_name=row.child.person.name,
        birth_date=row.child.person.birth_date,
        died_on=row.died_on,
        marked_by=row.marked_by.name,
        marked_at=row.marked_at,
        own=row.marked_by_id == by.id,
        confirmed_by=row.confirmed_by.name if row.confirmed_by else None,
        confirmed_at=row.confirmed_at,
    )


def _write_audit(session: Session, by: Account, action: str, mark: DeathMarkRow, now: datetime) -> None:
    write_audit(
        session,
        at=now,
        account_id=by.id,
        action=action,
        subject_type="child",
        subject_id=mark.child_id,
        detail=mark.id,
    )
