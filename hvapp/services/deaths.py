"""A child has died, or a baby before its birth: one person marks it, a second confirms it, and only then does anything
change.

A child's visits that arrive afterwards, or wait for review, say so before anybody approves them; a pregnancy leaves the
tablets. The date stands in the record and in the mark, never on the audit trail.
"""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account, check_keeps_records
from hvapp.domain.contacts import About
from hvapp.domain.deaths import check_date_of_death, check_end_of_pregnancy, check_second_person
from hvapp.domain.errors import Conflict, NotFound
from hvapp.domain.review import check_why
from hvapp.store.audit import write_audit
from hvapp.store.changes import announce
from hvapp.store.children import ChildRow, PregnancyRow, siblings_of
from hvapp.store.deaths import DeathMarkRow, open_marks_of, waiting_marks
from hvapp.store.holding import hold_children, hold_pregnancy, provider_of
from hvapp.store.transaction import transaction


@dataclass(frozen=True)
class DeathMark:
    """`name`: the child's or the mother's; `day`: the child's birth, or when the baby was due. `own`: whoever looks has
    marked it, so somebody else confirms it. Confirmed by nobody: it waits."""

    mark_id: str
    about: About
    record_id: str
    name: str
    day: date | None
    died_on: date
    marked_by: str
    marked_at: datetime
    own: bool
    confirmed_by: str | None
    confirmed_at: datetime | None


def marks_that_wait(session: Session, by: Account) -> list[DeathMark]:
    """Of the provider's children and pregnancies, oldest first; `by`'s own too."""
    check_keeps_records(by)
    return [_mark(row, by) for row in waiting_marks(session, provider_of(session, by))]


def count_to_confirm(session: Session, by: Account) -> int:
    """How many wait for this person."""
    return sum(not mark.own for mark in marks_that_wait(session, by))


def mark_of(session: Session, record_id: str, by: Account) -> DeathMark | None:
    """The mark that waits or was confirmed, for a child or pregnancy whose record `by` may open."""
    found = open_marks_of(session, record_id)
    return _mark(found[0], by) if found else None


def mark_death(session: Session, child_id: str, *, died_on: date, by: Account, now: datetime) -> None:
    """One person's word. Nothing changes for anybody until a second person confirms it."""
    check_keeps_records(by)
    with transaction(session):
        [child] = hold_children(session, by, child_id)
        check_date_of_death(died_on, born=child.person.birth_date, today=now.date())
        _add_mark(session, child, died_on, by, now)


def mark_end(session: Session, pregnancy_id: str, *, ended_on: date, by: Account, now: datetime) -> None:
    """The same of a pregnancy that has ended without a live birth. How it ended is not asked."""
    check_keeps_records(by)
    with transaction(session):
        pregnancy = hold_pregnancy(session, by, pregnancy_id)
        check_end_of_pregnancy(ended_on, edd=pregnancy.edd, today=now.date())
        _add_mark(session, pregnancy, ended_on, by, now)


def confirm_mark(session: Session, mark_id: str, *, by: Account, now: datetime) -> None:
    """The second person's word: the child, or the pregnancy, is off every list from now on.

    Raises NotAllowed for whoever marked it, Conflict where somebody else has dealt with it meanwhile.
    """
    check_keeps_records(by)
    with transaction(session):
        subject, mark = _hold_mark(session, mark_id, by)
        check_second_person(by.id, mark.marked_by_id)
        if mark.confirmed_at is not None:
            raise Conflict("This was confirmed already.", "confirmed")
        mark.confirmed_by_id, mark.confirmed_at = by.id, now
        _write_end(session, subject, mark.died_on)
        _write_audit(session, by, "recorded", mark, now)


def take_back_mark(session: Session, mark_id: str, *, by: Account, now: datetime) -> None:
    """While it waits: nothing had changed yet, so nothing changes. Anybody who may mark may do it."""
    check_keeps_records(by)
    with transaction(session):
        _, mark = _hold_mark(session, mark_id, by)
        if mark.confirmed_at is not None:
            raise Conflict("This was confirmed meanwhile, so it was not taken back. See below.", "confirmed")
        mark.withdrawn_by_id, mark.withdrawn_at = by.id, now
        _write_audit(session, by, "mark_withdrawn", mark, now)


def undo_mark(session: Session, mark_id: str, *, why: str, by: Account, now: datetime) -> None:
    """What was confirmed was a mistake: child or pregnancy is on the lists again. Raises Invalid without a reason."""
    check_keeps_records(by)
    reason = check_why(why)
    with transaction(session):
        subject, mark = _hold_mark(session, mark_id, by)
        if mark.confirmed_at is None:
            raise Conflict("This waits to be confirmed. Take it back instead.", "waits")
        for one in open_marks_of(session, subject.id):
            one.withdrawn_by_id, one.withdrawn_at, one.reason = by.id, now, reason
        _write_end(session, subject, None)
        _write_audit(session, by, "undone", mark, now)


def _add_mark(
    session: Session, subject: ChildRow | PregnancyRow, died_on: date, by: Account, now: datetime
) -> None:
    if _ended(subject) is not None or open_marks_of(session, subject.id):
        raise Conflict("This was recorded already. See how it stands now.", "marked")
    mark = DeathMarkRow(died_on=died_on, marked_by_id=by.id, marked_at=now)
    if isinstance(subject, ChildRow):
        mark.child = subject
    else:
        mark.pregnancy = subject
    session.add(mark)
    session.flush()
    _write_audit(session, by, "marked", mark, now)


def _hold_mark(session: Session, mark_id: str, by: Account) -> tuple[ChildRow | PregnancyRow, DeathMarkRow]:
    """The mark as it is once nobody else can change it."""
    mark = session.get(DeathMarkRow, mark_id)
    if mark is None:
        raise NotFound("There is no such record.")
    subject: ChildRow | PregnancyRow
    if mark.pregnancy_id is not None:
        subject = hold_pregnancy(session, by, mark.pregnancy_id)
    else:
        [subject] = hold_children(session, by, mark.child_id or "")
    session.refresh(mark)
    if mark.withdrawn_at is not None:
        raise Conflict("This was taken back meanwhile, so nothing was changed.", "withdrawn")
    return subject, mark


def _ended(subject: ChildRow | PregnancyRow) -> date | None:
    return subject.person.deceased_on if isinstance(subject, ChildRow) else subject.ended_on


def _write_end(session: Session, subject: ChildRow | PregnancyRow, on: date | None) -> None:
    """On record, and told to the tablets that carry the child or its siblings, or the pregnancy."""
    if isinstance(subject, PregnancyRow):
        subject.ended_on = on
        announce(session, subject.listeners, "pregnancy", subject.id, removed=on is not None)
        return
    subject.person.deceased_on = on
    for one in (subject, *siblings_of(session, subject.id)):
        announce(session, one.listeners, "child", one.id)


def _mark(row: DeathMarkRow, by: Account) -> DeathMark:
    subject = row.subject
    return DeathMark(
        mark_id=row.id,
        about="child" if isinstance(subject, ChildRow) else "pregnancy",
        record_id=subject.id,
        name=subject.name,
        day=subject.person.birth_date if isinstance(subject, ChildRow) else subject.edd,
        died_on=row.died_on,
        marked_by=row.marked_by.name,
        marked_at=row.marked_at,
        own=row.marked_by_id == by.id,
        confirmed_by=row.confirmed_by.name if row.confirmed_by else None,
        confirmed_at=row.confirmed_at,
    )


def _write_audit(session: Session, by: Account, what: str, mark: DeathMarkRow, now: datetime) -> None:
    about = "child" if mark.child_id else "pregnancy"
    stem = {"child": "child_death", "pregnancy": "pregnancy_end"}[about]
    write_audit(
        session,
        at=now,
        account_id=by.id,
        action=f"{stem}_{what}",
        subject_type=about,
        subject_id=mark.subject.id,
        detail=mark.id,
    )
