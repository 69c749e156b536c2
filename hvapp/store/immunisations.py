"""Vaccinations on a child's record: told of at an approved visit, given at one, or known from before this product."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import ForeignKey, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from hvapp.store.base import Base, Id, new_id


class ImmunisationRow(Base):
    """`vaccine` is the schedule's name for it: see `hvapp/rules/immunisations.v1.yaml`."""

    __tablename__ = "immunisation"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    child_id: Mapped[str] = mapped_column(Id, ForeignKey("child.id"), index=True)
    vaccine: Mapped[str]
    given_on: Mapped[date]
    visit_id: Mapped[str | None] = mapped_column(Id, ForeignKey("visit.id"), index=True)


def immunisations_of(session: Session, child_id: str) -> list[ImmunisationRow]:
    """Oldest first."""
    query = select(ImmunisationRow).where(ImmunisationRow.child_id == child_id)
    return list(session.scalars(query.order_by(ImmunisationRow.given_on, ImmunisationRow.vaccine)))


def immunisations_by_child(session: Session, child_ids: set[str]) -> dict[str, list[ImmunisationRow]]:
    """What is on record for each of these children."""
    found: dict[str, list[ImmunisationRow]] = {}
    for row in session.scalars(select(ImmunisationRow).where(ImmunisationRow.child_id.in_(child_ids))):
        found.setdefault(row.child_id, []).append(row)
    return found


def write_immunisations(
    session: Session, visit_id: str, child_id: str, told: Iterable[tuple[str, date]]
) -> None:
    """What a visit brought to the record in place of what it brought before; each vaccination stands there once."""
    session.execute(delete(ImmunisationRow).where(ImmunisationRow.visit_id == visit_id))
    known = {(row.vaccine, row.given_on) for row in immunisations_of(session, child_id)}
    for vaccine, given_on in sorted(set(told) - known):
        session.add(ImmunisationRow(child_id=child_id, vaccine=vaccine, given_on=given_on, visit_id=visit_id))


def move_immunisations(session: Session, from_id: str, to_id: str) -> None:
    """The record of one child becomes part of another's; what both have stays behind, unless a visit brought it."""
    known = {(row.vaccine, row.given_on) for row in immunisations_of(session, to_id)}
    for row in immunisations_of(session, from_id):
        if row.visit_id is not None or (row.vaccine, row.given_on) not in known:
            row.child_id = to_id
