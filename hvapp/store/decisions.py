"""Writing down what a supervisor decided about a visit."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account
from hvapp.domain.review import Query
from hvapp.store.audit import write_audit
from hvapp.store.changes import announce
from hvapp.store.children import children_born_of
from hvapp.store.visits import DecisionRow, VisitRow


def record_decision(
    session: Session,
    visit: VisitRow,
    reviewer: Account,
    rev_id: str,
    outcome: str,
    now: datetime,
    *,
    comment: str | None = None,
    queries: Iterable[Query] = (),
) -> None:
    """With the visit, on the audit trail, and to the tablets of those who read the visit."""
    session.add(
        DecisionRow(
            visit_id=visit.id,
            revision_id=rev_id,
            reviewer_id=reviewer.id,
            outcome=outcome,
            comment=comment,
            queries=[query.as_json() for query in queries],
            decided_at=now,
        )
    )
    write_audit(
        session,
        at=now,
        account_id=reviewer.id,
        action=f"visit_{outcome}",
        subject_type="visit",
        subject_id=visit.id,
        detail=rev_id,
    )
    announce(session, visit.readers, "visit", visit.id)


def announce_record(session: Session, visit: VisitRow) -> None:
    """Tell the tablets of those who look after the family what a decision changed on record.

    Whoever made the visit for a colleague has no more of the family's record than before.
    """
    if visit.child is not None:
        announce(session, visit.child.listeners, "child", visit.child.id)
    if visit.pregnancy is not None:
        announce(session, visit.pregnancy.listeners, "pregnancy", visit.pregnancy.id)
        # Its contacts stand on the record of each child born of it.
        for child in children_born_of(session, visit.pregnancy.id):
            announce(session, child.listeners, "child", child.id)
