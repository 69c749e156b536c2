"""Children and pregnancies whose record somebody at a desk changes, held against everybody else who would."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account
from hvapp.domain.errors import Conflict, NotFound
from hvapp.store.accounts import TeamRow
from hvapp.store.children import ChildRow, PregnancyRow
from hvapp.store.filing import hold_filing
from hvapp.store.visits import VisitRow


def hold_children(session: Session, by: Account, *child_ids: str) -> list[ChildRow]:
    """These children and their visits, which nobody files or decides meanwhile; locked in the order of all writers.

    Raises NotFound for a child of another provider, Conflict for a record that was joined with another.
    """
    hold_filing(session)
    visits = select(VisitRow.id).where(VisitRow.child_id.in_(child_ids)).order_by(VisitRow.id)
    session.execute(visits.with_for_update())
    held = {child_id: _child(session, child_id, by) for child_id in sorted(child_ids)}
    return [held[child_id] for child_id in child_ids]


def hold_pregnancy(session: Session, by: Account, pregnancy_id: str) -> PregnancyRow:
    """The same of a pregnancy. Whoever holds children too holds them after it."""
    hold_filing(session)
    visits = select(VisitRow.id).where(VisitRow.pregnancy_id == pregnancy_id).order_by(VisitRow.id)
    session.execute(visits.with_for_update())
    pregnancy = session.get(PregnancyRow, pregnancy_id, with_for_update=True, populate_existing=True)
    if pregnancy is None or _provider_of_team(session, pregnancy.team_id) != provider_of(session, by):
        raise NotFound("There is no such pregnancy on record.")
    return pregnancy


def provider_of(session: Session, account: Account) -> str:
    return _provider_of_team(session, account.team.id)


def _child(session: Session, child_id: str, by: Account) -> ChildRow:
    child = session.get(ChildRow, child_id, with_for_update=True, populate_existing=True)
    if child is None or _provider_of_team(session, child.team_id) != provider_of(session, by):
        raise NotFound("There is no such child on record.")
    if child.merged_into_id is not None:
        raise Conflict("This record was joined with another of the same child. Use that one.", "merged")
    return child


def _provider_of_team(session: Session, team_id: str) -> str:
    return session.get_one(TeamRow, team_id).provider_id
