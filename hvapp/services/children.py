"""A child's record changes hands, here or to another service, or turns out to be two of one child.

Whatever a tablet still holds of the child is taken in afterwards as before; only where it is filed and who hears of
it changes. Every tablet that has the child, or loses it, is told through the feed.
"""

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account, Role, check_keeps_records
from hvapp.domain.ages import civil_date
from hvapp.domain.errors import Conflict, Invalid, NotFound
from hvapp.domain.moving import check_moving_out
from hvapp.domain.staff_facts import join_facts
from hvapp.store.accounts import AccountRow, Listener, TeamRow
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
from hvapp.store.deaths import move_marks, waits_for_confirmation
from hvapp.store.holding import hold_children, provider_of
from hvapp.store.immunisations import move_immunisations
from hvapp.store.outbox import OPEN_STATES, STUCK_STATES, OutboxRow, next_seq
from hvapp.store.staff_facts import facts_of, write_facts
from hvapp.store.transaction import transaction
from hvapp.store.visits import VisitRow


def move_child(
    session: Session, child_id: str, *, to_id: str, by: Account, now: datetime, from_id: str | None = None
) -> None:
    """Give the child, and the visits on file about it, to another visitor and their team.

    Visits the visitor before still has on their tablet are taken in all the same, and flagged. `from_id`: who is
    thought to have the child, "" for nobody; raises Conflict where it is somebody else by now. None: whoever it is.
    """
    check_keeps_records(by)
    with transaction(session):
        child = _held_as_thought(session, child_id, by, from_id)
        visitor = session.get(AccountRow, to_id)
        if visitor is None or not visitor.active or visitor.role == Role.ADMINISTRATOR:
            raise NotFound("There is no such visitor.")
        if visitor.team.provider_id != provider_of(session, by):
            raise NotFound("There is no such visitor.")
        _give(session, child, visitor, by, now)


def release_child(
    session: Session, child_id: str, *, by: Account, now: datetime, from_id: str | None = None
) -> None:
    """Leave the child to its team, which shares its caseload, until somebody takes it on. `from_id` as for moving.

    Raises Conflict for a team that does not share: no tablet would carry the child.
    """
    check_keeps_records(by)
    with transaction(session):
        child = _held_as_thought(session, child_id, by, from_id)
        team = session.get_one(TeamRow, child.team_id)
        if not team.shares_caseload:
            raise Conflict(
                f"{team.name} does not share its caseload, so no tablet would carry the child. Nothing was changed. "
                "Choose a visitor."
            )
        _give(session, child, None, by, now)


def move_out(
    session: Session,
    child_id: str,
    *,
    to: str,
    on: date,
    confirmed: bool,
    by: Account,
    now: datetime,
    from_id: str | None = None,
) -> None:
    """The child lives elsewhere, and the service there has confirmed that it has the child: nothing is due here now.

    The record stays, with its plans and risks as they are; visits begun before are taken in. Giving the child to a
    visitor takes it back. `from_id` as for moving. Raises Invalid, whose code is the field to mend.
    """
    check_keeps_records(by)
    with transaction(session):
        child = _held_as_thought(session, child_id, by, from_id)
        name = check_moving_out(
            to, on, confirmed=confirmed, born=child.person.birth_date, today=civil_date(now)
        )
        if child.moved_out_on is not None or child.person.deceased_on is not None:
            raise Conflict("The record has changed meanwhile, so nothing was changed. See how it stands now.")
        before, had = child.named_visitor_id, child.listeners
        heard = {visit.id: visit.readers for visit in _visits_of(session, child)}
        child.named_visitor, child.named_visitor_id = None, None
        child.moved_out_on, child.moved_out_to = on, name
        announce(session, had, "child", child.id, removed=True)
        _tell_of_visits(session, child, heard)
        _write_audit(session, by, "child_moved_out", child.id, before, now)


def _held_as_thought(session: Session, child_id: str, by: Account, from_id: str | None) -> ChildRow:
    [child] = hold_children(session, by, child_id)
    if from_id is not None and from_id != (child.named_visitor_id or ""):
        raise Conflict("The child was given to somebody else meanwhile, so nothing was changed. Look again.")
    return child


def _give(session: Session, child: ChildRow, to: AccountRow | None, by: Account, now: datetime) -> None:
    """To a visitor and their team, or to nobody of the team that has it."""
    before = child.named_visitor_id
    had, heard = child.listeners, {visit.id: visit.readers for visit in _visits_of(session, child)}
    child.named_visitor, child.named_visitor_id = to, to.id if to else None
    child.moved_out_on = child.moved_out_to = None
    if to is not None:
        child.team_id = to.team_id
    for visit in _visits_of(session, child):
        visit.team_id = child.team_id
    announce(session, had, "child", child.id, removed=True)
    announce(session, child.listeners, "child", child.id)
    _tell_of_visits(session, child, heard)
    detail = f"{before or 'nobody'} -> {child.named_visitor_id or 'nobody'}"
    _write_audit(session, by, "child_moved", child.id, detail, now)


def merge_children(session: Session, *, keep_id: str, duplicate_id: str, by: Account, now: datetime) -> None:
    """Make one record of two of the same child. The duplicate's row stays, and stands for the other from now on.

    Raises Conflict where the two can hardly be one child: different NHS numbers or dates of birth.
    """
    if keep_id == duplicate_id:
        raise Invalid("These are the same record.")
    check_keeps_records(by)
    with transaction(session):
        keep, duplicate = hold_children(session, by, keep_id, duplicate_id)
        _check_same_child(keep, duplicate)
        _check_no_death_waits(session, keep, duplicate)
        had = duplicate.listeners
        heard = {visit.id: visit.readers for visit in _visits_of(session, duplicate)}
        families = {
            one.id: one for one in (*siblings_of(session, keep.id), *siblings_of(session, duplicate.id))
        }
        _fill_gaps(session, keep, duplicate)
        # A risk to staff or a plan that only the other record knew must not be lost by joining.
        facts = join_facts(facts_of(keep), facts_of(duplicate))
        write_facts(session, keep, facts, by_id=by.id, now=now)
        _move_record(session, keep, duplicate)
        duplicate.merged_into_id, duplicate.named_visitor_id = keep.id, None
        session.flush()
        announce(session, had, "child", duplicate.id, removed=True)
        announce(session, keep.listeners, "child", keep.id)
        for sibling in families.values():
            if sibling.id not in (keep.id, duplicate.id):
                announce(session, sibling.listeners, "child", sibling.id)
        session.expire_all()
        _tell_of_visits(session, keep, heard)
        _write_audit(session, by, "children_merged", keep.id, duplicate.id, now)


def _visits_of(session: Session, child: ChildRow) -> list[VisitRow]:
    return list(session.scalars(select(VisitRow).where(VisitRow.child_id == child.id)))


def _tell_of_visits(session: Session, child: ChildRow, heard: dict[str, set[Listener]]) -> None:
    """Every visit of the child to whoever may read it now; taken off the tablets of those who could until now."""
    for visit in _visits_of(session, child):
        announce(session, heard.get(visit.id, set()), "visit", visit.id, removed=True)
        announce(session, visit.readers, "visit", visit.id)


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


def _check_no_death_waits(session: Session, *records: ChildRow) -> None:
    if any(waits_for_confirmation(session, record.id) for record in records):
        raise Conflict(
            "A colleague has recorded that this child has died, and a second person has yet to confirm it. "
            "The records were not joined and nothing was changed. Have that confirmed or taken back first.",
            "death_waits",
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
    keep.looked_after = keep.looked_after or duplicate.looked_after
    keep.pregnancy_id = keep.pregnancy_id or duplicate.pregnancy_id
    if duplicate.moved_out_on is None:
        keep.moved_out_on = keep.moved_out_to = None
    if keep.gestation_days is None:
        keep.gestation_days = duplicate.gestation_days
    if keep.named_visitor_id is None:
        keep.named_visitor_id, keep.team_id = duplicate.named_visitor_id, duplicate.team_id


def _move_record(session: Session, keep: ChildRow, duplicate: ChildRow) -> None:
    """All that is on file or waits for the red book follows, who recorded a death too; nothing is doubled."""
    for visit in _visits_of(session, duplicate):
        visit.child_id, visit.team_id = keep.id, keep.team_id
    for contact in session.scalars(select(ContactRow).where(ContactRow.subject_id == duplicate.id)):
        contact.subject_id = keep.id
    known = {_measured(row) for row in measurements_of(session, keep.id)}
    for row in measurements_of(session, duplicate.id):
        if row.visit_id is not None or _measured(row) not in known:
            row.child_id = keep.id
    move_immunisations(session, duplicate.id, keep.id)
    _move_carers(session, keep, duplicate)
    move_marks(session, duplicate.id, keep.id)
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
