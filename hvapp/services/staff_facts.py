"""What staff have to know before they go in: a supervisor reads it for a reason, and sets it.

Before the birth it is the pregnancy's; the children born of it take it over (hvapp.services.pregnancies).
"""

from datetime import datetime

from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account, Role
from hvapp.domain.ages import civil_date
from hvapp.domain.contacts import About
from hvapp.domain.errors import Conflict, NotAllowed
from hvapp.domain.review import check_reason
from hvapp.domain.staff_facts import StaffFacts, check_staff_facts
from hvapp.store.changes import announce
from hvapp.store.children import ChildRow, PregnancyRow
from hvapp.store.holding import hold_children, hold_pregnancy
from hvapp.store.sorting import note_opening
from hvapp.store.staff_facts import facts_of, write_facts
from hvapp.store.transaction import transaction


def open_facts(
    session: Session, about: About, record_id: str, *, by: Account, reason: str, now: datetime
) -> StaffFacts:
    """The facts, dates of a plan included; who read them and why is on the audit trail.

    Raises Invalid for a reason that says nothing, NotFound for a record of another provider, Conflict for one that
    another stands for.
    """
    _check_supervises(by)
    why = check_reason(reason)
    with transaction(session):
        row = _hold(session, about, record_id, by)
        note_opening(
            session,
            by_id=by.id,
            action="staff_facts_opened",
            subject_type=about,
            subject_id=row.id,
            reason=why,
            now=now,
        )
        return facts_of(row)


def change_facts(
    session: Session,
    about: About,
    record_id: str,
    facts: StaffFacts,
    *,
    seen: str,
    by: Account,
    now: datetime,
) -> bool:
    """Set the facts and tell the tablets that carry the record; answers whether anything changed.

    `seen`: the digest of the facts that were on the page. Raises Conflict where they are others by now, and Invalid,
    whose code is the field to mend.
    """
    _check_supervises(by)
    facts = check_staff_facts(facts, civil_date(now))
    with transaction(session):
        row = _hold(session, about, record_id, by)
        if facts_of(row).digest != seen:
            raise Conflict(
                "Somebody else has changed this meanwhile, so nothing was changed. Open it again and look."
            )
        changed = write_facts(session, row, facts, by_id=by.id, now=now)
        if changed:
            announce(session, row.listeners, about, row.id)
        return changed


def _check_supervises(by: Account) -> None:
    if by.role is not Role.SUPERVISOR:
        raise NotAllowed("Only a supervisor can set what staff have to know before they go in.")


def _hold(session: Session, about: About, record_id: str, by: Account) -> ChildRow | PregnancyRow:
    if about == "child":
        [child] = hold_children(session, by, record_id)
        return child
    pregnancy = hold_pregnancy(session, by, record_id)
    if pregnancy.ended_on is not None:
        raise Conflict(
            "This pregnancy has ended, so nothing was changed. What staff have to know is on the record of each child "
            "born of it."
        )
    return pregnancy
