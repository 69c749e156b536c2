"""What the desk shows of a child's record while it is moved or joined: enough to tell one child from another."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account, Role
from hvapp.domain.errors import NotFound
from hvapp.store.accounts import AccountRow, TeamRow, accounts_of_provider
from hvapp.store.audit import write_audit
from hvapp.store.children import ChildRow
from hvapp.store.transaction import transaction


@dataclass(frozen=True)
class ChildRecord:
    """`joined_into`: the record that stands for this one since the two were joined. `pregnancy_id`: of which the child
    was born, where that is on record. `moved_out_to`: the service that has the child since `moved_out_on`."""

    child_id: str
    name: str
    birth_date: date | None
    nhs_number: str | None
    sex: str
    visitor_id: str | None
    visitor_name: str | None
    team_name: str
    team_shares: bool
    deceased_on: date | None
    joined_into: str | None
    pregnancy_id: str | None
    moved_out_on: date | None
    moved_out_to: str | None


@dataclass(frozen=True)
class Visitor:
    id: str
    name: str
    team_name: str


def open_record(session: Session, child_id: str, *, by: Account, now: datetime) -> ChildRecord:
    """One of them."""
    [found] = open_records(session, [child_id], by=by, now=now)
    return found


def open_records(session: Session, child_ids: list[str], *, by: Account, now: datetime) -> list[ChildRecord]:
    """These records of the provider's, in this order. Opening is written to the audit trail. Raises NotFound."""
    with transaction(session):
        records = [_record(session, child_id, by) for child_id in child_ids]
        for child_id in child_ids:
            write_audit(
                session,
                at=now,
                account_id=by.id,
                action="child_opened",
                subject_type="child",
                subject_id=child_id,
            )
        return records


def visitors(session: Session, by: Account) -> list[Visitor]:
    """To whom a child can be given: the provider's visitors and supervisors whose accounts are on; by name."""
    provider_id = session.get_one(TeamRow, by.team.id).provider_id
    return [
        Visitor(row.id, row.name, row.team.name)
        for row in accounts_of_provider(session, provider_id)
        if row.role != Role.ADMINISTRATOR
    ]


def _record(session: Session, child_id: str, by: Account) -> ChildRecord:
    row = session.get(ChildRow, child_id)
    team = session.get_one(TeamRow, row.team_id) if row else None
    if row is None or team is None or team.provider_id != session.get_one(TeamRow, by.team.id).provider_id:
        raise NotFound("There is no such child on record.")
    visitor: AccountRow | None = row.named_visitor
    return ChildRecord(
        child_id=row.id,
        name=row.person.name,
        birth_date=row.person.birth_date,
        nhs_number=row.person.nhs_number,
        sex=row.person.sex,
        visitor_id=row.named_visitor_id,
        visitor_name=visitor.name if visitor else None,
        team_name=team.name,
        team_shares=team.shares_caseload,
        deceased_on=row.person.deceased_on,
        joined_into=row.merged_into_id,
        pregnancy_id=row.pregnancy_id,
        moved_out_on=row.moved_out_on,
        moved_out_to=row.moved_out_to,
    )
