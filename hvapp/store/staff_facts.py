"""What staff have to know before they go in, as it stands on the row of a child or a pregnancy."""

from dataclasses import asdict
from datetime import datetime
from typing import cast

from sqlalchemy.orm import Session

from hvapp.domain.staff_facts import Plan, StaffFacts
from hvapp.store.audit import write_audit
from hvapp.store.children import ChildRow, PregnancyRow


def facts_of(row: ChildRow | PregnancyRow) -> StaffFacts:
    """A plan known from before there were dates has none."""
    plan = row.plan or ("child_protection" if row.child_protection_plan else None)
    return StaffFacts(
        two_person_visit=row.two_person_visit,
        two_person_reason=row.two_person_reason,
        staff_risk=row.staff_risk,
        staff_risk_review_by=row.staff_risk_review_by,
        plan=cast(Plan | None, plan),
        plan_from=row.plan_from,
        plan_to=row.plan_to,
    )


def write_facts(
    session: Session, row: ChildRow | PregnancyRow, facts: StaffFacts, *, by_id: str, now: datetime
) -> bool:
    """Set them; answers whether anything changed. The audit trail names what did, never how: it holds nothing about a
    family."""
    was, is_now = asdict(facts_of(row)), asdict(facts)
    changed = [name for name in is_now if was[name] != is_now[name]]
    if not changed:
        return False
    for name, value in is_now.items():
        setattr(row, name, value)
    row.child_protection_plan = facts.has_plan("child_protection")
    row.child_in_need_plan = facts.has_plan("child_in_need")
    write_audit(
        session,
        at=now,
        account_id=by_id,
        action="staff_facts_changed",
        subject_type=row.__tablename__,
        subject_id=row.id,
        detail=", ".join(changed),
    )
    return True
