"""A child's record changes hands, turns out to be two of one child, or ends.

Whatever a tablet still holds of the child is taken in afterwards as before; only where it is filed and who hears of
it changes. Every tablet that has the child, or loses it, is told through the feed.
"""

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account, Role
from hvapp.domain.errors import Conflict, Invalid, NotAllowed, NotFound
from hvapp.store.accounts import AccountRow, TeamRow
from hvapp.store.audit import write_audit
from hvapp.store.changes import announce
from hvapp.store.children import (
    ChildRow,
    ContactRow,
    MeasurementRow,
    RelationshipRow,
    measurements_of,
    siblings_of,
)
from hvapp.store.outbox import OPEN_STATES, STUCK_STATES, OutboxRow, next_seq
from hvapp.store.transaction import transaction
from hvapp.store.visits import VisitRow


def move_child(session: Session, child_id: str, *, to_id: str, by: Account, now: datetime) -> None:
    """Give the child, and the visits on file about it, to another visitor and their team.

    Visits the visitor before still has on their tablet are taken in all the same, and flagged.
    """
    with transaction(session):
        child = _child(session, child_id, by)
        visitor = session.get(AccountRow, to_id)
        if visitor is None or not visitor.active or visitor.role == Role.ADMINISTRATOR:
            raise NotFound("There is no such visitor.")
        if visitor.team.provider_id != _provider_of(session, by):
            raise NotFound("There is no such visitor.")
        before = child.named_visitor_id
        heard = {visit.id: visit.readers for visit in _visits_of(session, child)}
        child.named_visitor_id, child.team_id = visitor.id, visitor.team_id
        child.named_visitor = visitor
        for visit in _visits_of(session, child):
            visit.team_id = visitor.team_id
        if before != visitor.id:
            announce(session, [before], "child", child.id, removed=True)
        announce(session, [visitor.id], "child", child.id)
        _tell_of_visits(session, child, heard)
        _write_audit(session, by, "child_moved", child.id, f"{before or 'nobody'} -> {visitor.id}", now)


def merge_children(session: Session, *, keep_id: str, duplicate_id: str, by: Account, now: datetime) -> None:
    """Make one record of two of the same child. The duplicate's row stays, and stands for the other from now on.

    Raises Conflict where the two can hardly be one child: different NHS numbers or dates of birth.
    """
    if keep_id == duplicate_id:
        raise Invalid("These are the same record.")
    with transaction(session):
        keep, duplicate = _child(session, keep_id, by), _child(session, duplicate_id, by)
        _check_same_child(keep, duplicate)
        before = duplicate.named_visitor_id
        heard = {visit.id: visit.readers for visit in _visits_of(session, duplicate)}
        families = {
            one.id: one for one in (*siblings_of(session, keep.id), *siblings_of(session, duplicate.id))
        }
        _fill_gaps(session, keep, duplicate)
        _move_record(session, keep, duplicate)
        duplicate.merged_into_id, duplicate.named_visitor_id = keep.id, None
        session.flush()
        announce(session, [before], "child", duplicate.id, removed=True)
        announce(session, [keep.named_visitor_id], "child", keep.id)
        for sibling in families.values():
            if sibling.id not in (keep.id, duplicate.id):
                announce(session, [sibling.named_visitor_id], "child", sibling.id)
        session.expire_all()
        _tell_of_visits(session, keep, heard)
        _write_audit(session, by, "children_merged", keep.id, duplicate.id, now)


def record_death(session: Session, child_id: str, *, on: date, by: Account, now: datetime) -> None:
    """The child has died. Visits that arrive afterwards, or wait for review, say so before anybody approves them."""
    with transaction(session):
        child = _child(session, child_id, by)
        if on > now.date() or (child.person.birth_date is not None and on < child.person.birth_date):
            raise Invalid("The date of death is not between the date of birth and today.", "wrong_date")
        child.person.deceased_on = on
        announce(session, [child.named_visitor_id], "child", child.id)
        for sibling in siblings_of(session, child.id):
            announce(session, [sibling.named_visitor_id], "child", sibling.id)
        _write_audit(session, by, "child_death_recorded", child.id, None, now)


def _child(session: Session, child_id: str, by: Account) -> ChildRow:
    if by.role is Role.HEALTH_VISITOR:
        raise NotAllowed("Only a supervisor or an administrator can change whose record this is.")
    child = session.get(ChildRow, child_id, with_for_update=True, populate_existing=True)
    if child is None or _provider_of_team(session, child.team_id) != _provider_of(session, by):
        raise NotFound("There is no such child on record.")
    if child.merged_into_id is not None:
        raise Conflict("This record was joined with another of the same child. Use that one.", "merged")
    return child


def _provider_of(session: Session, account: Account) -> str:
    return _provider_of_team(session, account.team.id)


def _provider_of_team(session: Session, team_id: str) -> str:
    return session.get_one(TeamRow, team_id).provider_id


def _visits_of(session: Session, child: ChildRow) -> list[VisitRow]:
    return list(session.scalars(select(VisitRow).where(VisitRow.child_id == child.id)))


def _tell_of_visits(session: Session, child: ChildRow, heard: dict[str, set[str]]) -> None:
    """Every visit of the child to whoever may read it now; taken off the tablets of those who could until now."""
    for visit in _visits_of(session, child):
        readers = visit.readers
        announce(session, heard.get(visit.id, set()) - readers, "visit", visit.id, removed=True)
        announce(session, readers, "visit", visit.id)


def _check_same_child(keep: ChildRow, duplicate: ChildRow) -> None:
    one, other = keep.person, duplicate.person
    if one.nhs_number and other.nhs_number and one.nhs_number != other.nhs_number:
        raise Conflict(
            "These records have different NHS numbers, so they were not joined and nothing was changed. "
            "Find out first which number is right.",
            "different_children",
        )
    if one.birth_date and other.birth_date and one.birth_date != other.birth_date:
        raise Conflict(
            "These records have different dates of birth, so they were not joined and nothing was changed. "
            "Correct the wrong one first.",
            "different_children",
        )


def _fill_gaps(session: Session, keep: ChildRow, duplicate: ChildRow) -> None:
    """What only the duplicate knew."""
    one, other = keep.person, duplicate.person
    number = one.nhs_number or other.nhs_number
    other.nhs_number = None
    session.flush()  # a number stands in one record only, at every moment
    one.nhs_number = number
    one.birth_date = one.birth_date or other.birth_date
    one.deceased_on = one.deceased_on or other.deceased_on
    if keep.gestation_days is None:
        keep.gestation_days = duplicate.gestation_days
    if keep.named_visitor_id is None:
        keep.named_visitor_id, keep.team_id = duplicate.named_visitor_id, duplicate.team_id


def _move_record(session: Session, keep: ChildRow, duplicate: ChildRow) -> None:
    """Visits, contacts, measurements, carers and what still waits for the red book follow; nothing is doubled."""
    for visit in _visits_of(session, duplicate):
        visit.child_id, visit.team_id = keep.id, keep.team_id
    for contact in session.scalars(select(ContactRow).where(ContactRow.subject_id == duplicate.id)):
        contact.subject_id = keep.id
    known = {_measured(row) for row in measurements_of(session, keep.id)}
    for row in measurements_of(session, duplicate.id):
        if row.visit_id is not None or _measured(row) not in known:
            row.child_id = keep.id
    _move_carers(session, keep, duplicate)
    waiting = session.scalars(
        select(OutboxRow)
        .where(OutboxRow.child_id == duplicate.id, OutboxRow.state.in_(OPEN_STATES + STUCK_STATES))
        .order_by(OutboxRow.seq)
    ).all()
    for message in waiting:
        message.seq, message.child_id = next_seq(session, keep.id), keep.id
        session.flush()


def _measured(row: MeasurementRow) -> tuple[object, ...]:
    return row.kind, row.value, row.measured_on, row.at_birth


def _move_carers(session: Session, keep: ChildRow, duplicate: ChildRow) -> None:
    """People the kept record does not have yet; the same person twice in one role would be one too many."""
    of_keep = session.scalars(select(RelationshipRow).where(RelationshipRow.child_id == keep.id))
    known = {(row.person_id, row.role) for row in of_keep}
    for row in session.scalars(select(RelationshipRow).where(RelationshipRow.child_id == duplicate.id)):
        if (row.person_id, row.role) not in known:
            row.child_id = keep.id


def _write_audit(
    session: Session, by: Account, action: str, child_id: str, detail: str | None, now: datetime
) -> None:
    write_audit(
        session,
        at=now,
        account_id=by.id,
        action=action,
        subject_type="child",
        subject_id=child_id,
        detail=detail,
    )
