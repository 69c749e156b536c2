"""Who recorded that a child has died, and who confirmed it. Rows are added and completed, never removed."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Text, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from hvapp.store.accounts import AccountRow, TeamRow
from hvapp.store.base import Base, Id, new_id
from hvapp.store.children import ChildRow


class DeathMarkRow(Base):
    """One person's word that a child has died, which counts once a second person has confirmed it.

    `reason`: why it was withdrawn after it was confirmed.
    """

    __tablename__ = "death_mark"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    child_id: Mapped[str] = mapped_column(Id, ForeignKey("child.id"), index=True)
    died_on: Mapped[date]
    marked_by_id: Mapped[str] = mapped_column(Id, ForeignKey("account.id"))
    marked_at: Mapped[datetime]
    confirmed_by_id: Mapped[str | None] = mapped_column(Id, ForeignKey("account.id"))
    confirmed_at: Mapped[datetime | None]
    withdrawn_by_id: Mapped[str | None] = mapped_column(Id, ForeignKey("account.id"))
    withdrawn_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(Text)

    child: Mapped[ChildRow] = relationship()
    marked_by: Mapped[AccountRow] = relationship(foreign_keys=[marked_by_id])
    confirmed_by: Mapped[AccountRow | None] = relationship(foreign_keys=[confirmed_by_id])


_OPEN = DeathMarkRow.withdrawn_at.is_(None)
_WAITING = _OPEN & DeathMarkRow.confirmed_at.is_(None)


def waiting_marks(session: Session, provider_id: str) -> list[DeathMarkRow]:
    """What a second person of the provider has to confirm or take back; oldest first."""
    return list(
        session.scalars(
            select(DeathMarkRow)
            .join(ChildRow, ChildRow.id == DeathMarkRow.child_id)
            .join(TeamRow, TeamRow.id == ChildRow.team_id)
            .where(TeamRow.provider_id == provider_id, _WAITING)
            .order_by(DeathMarkRow.marked_at)
        )
    )


def waiting_mark_of(session: Session, child_id: str) -> DeathMarkRow | None:
    return session.scalars(select(DeathMarkRow).where(DeathMarkRow.child_id == child_id, _WAITING)).first()


def open_marks_of(session: Session, child_id: str) -> list[DeathMarkRow]:
    """The one that waits, or those that were confirmed: two, where two records were joined. Newest first."""
    return list(
        session.scalars(
            select(DeathMarkRow)
            .where(DeathMarkRow.child_id == child_id, _OPEN)
            .order_by(DeathMarkRow.marked_at.desc())
        )
    )


def move_marks(session: Session, from_child_id: str, to_child_id: str) -> None:
    session.execute(
        update(DeathMarkRow).where(DeathMarkRow.child_id == from_child_id).values(child_id=to_child_id)
    )
