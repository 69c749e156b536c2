"""Who recorded that a child has died, or that a pregnancy has ended without a live birth, and who confirmed it.

Rows are added and completed, never removed.
"""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Text, func, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from hvapp.store.accounts import AccountRow, TeamRow
from hvapp.store.base import Base, Id, new_id
from hvapp.store.children import ChildRow, PregnancyRow


class DeathMarkRow(Base):
    """One person's word of a death, which counts once a second person has confirmed it.

    It is about a child, or before the birth about a pregnancy; `died_on` is then the day that it ended. `reason`: why
    it was withdrawn after it was confirmed.
    """

    __tablename__ = "death_mark"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    child_id: Mapped[str | None] = mapped_column(Id, ForeignKey("child.id"), index=True)
    pregnancy_id: Mapped[str | None] = mapped_column(Id, ForeignKey("pregnancy.id"), index=True)
    died_on: Mapped[date]
    marked_by_id: Mapped[str] = mapped_column(Id, ForeignKey("account.id"))
    marked_at: Mapped[datetime]
    confirmed_by_id: Mapped[str | None] = mapped_column(Id, ForeignKey("account.id"))
    confirmed_at: Mapped[datetime | None]
    withdrawn_by_id: Mapped[str | None] = mapped_column(Id, ForeignKey("account.id"))
    withdrawn_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(Text)

    child: Mapped[ChildRow | None] = relationship()
    pregnancy: Mapped[PregnancyRow | None] = relationship()
    marked_by: Mapped[AccountRow] = relationship(foreign_keys=[marked_by_id])
    confirmed_by: Mapped[AccountRow | None] = relationship(foreign_keys=[confirmed_by_id])

    @property
    def subject(self) -> ChildRow | PregnancyRow:
        """Whom it is about."""
        found = self.child or self.pregnancy
        assert found is not None
        return found


_OPEN = DeathMarkRow.withdrawn_at.is_(None)


def waiting_marks(session: Session, provider_id: str) -> list[DeathMarkRow]:
    """What a second person of the provider has to confirm or take back; oldest first."""
    return list(
        session.scalars(
            select(DeathMarkRow)
            .outerjoin(ChildRow, ChildRow.id == DeathMarkRow.child_id)
            .outerjoin(PregnancyRow, PregnancyRow.id == DeathMarkRow.pregnancy_id)
            .join(TeamRow, TeamRow.id == func.coalesce(ChildRow.team_id, PregnancyRow.team_id))
            .where(TeamRow.provider_id == provider_id, _OPEN, DeathMarkRow.confirmed_at.is_(None))
            .order_by(DeathMarkRow.marked_at)
        )
    )


def open_marks_of(session: Session, record_id: str) -> list[DeathMarkRow]:
    """Of a child or a pregnancy: the one that waits, or those that were confirmed: two, where two records were joined.

    Newest first.
    """
    about = or_(DeathMarkRow.child_id == record_id, DeathMarkRow.pregnancy_id == record_id)
    return list(
        session.scalars(select(DeathMarkRow).where(about, _OPEN).order_by(DeathMarkRow.marked_at.desc()))
    )


def waits_for_confirmation(session: Session, record_id: str) -> bool:
    return any(mark.confirmed_at is None for mark in open_marks_of(session, record_id))


def move_marks(session: Session, from_child_id: str, to_child_id: str) -> None:
    session.execute(
        update(DeathMarkRow).where(DeathMarkRow.child_id == from_child_id).values(child_id=to_child_id)
    )
