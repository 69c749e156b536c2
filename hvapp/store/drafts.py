"""Copies of unfinished visits, sent by tablets whose own copy can no longer be opened."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from hvapp.store.base import Base, Id
from hvapp.store.keys import Kid


class RescuedDraftRow(Base):
    """One unfinished visit, sealed as it came: it is opened only to give it back to its author."""

    __tablename__ = "rescued_draft"

    account_id: Mapped[str] = mapped_column(Id, ForeignKey("account.id"), primary_key=True)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    device_id: Mapped[str] = mapped_column(Id)
    kid: Mapped[str] = mapped_column(Kid)
    box: Mapped[bytes] = mapped_column(LargeBinary)
    kept_at: Mapped[datetime]
    taken_at: Mapped[datetime | None]


def count_drafts_waiting(session: Session, kept_before: datetime) -> dict[str, int]:
    """How many nobody has taken back, by account; those kept since then left out."""
    rows = session.execute(
        select(RescuedDraftRow.account_id, func.count())
        .where(RescuedDraftRow.taken_at.is_(None), RescuedDraftRow.kept_at <= kept_before)
        .group_by(RescuedDraftRow.account_id)
    )
    return dict(iter(rows))


def drafts_waiting(session: Session, account_id: str) -> list[RescuedDraftRow]:
    """Those that nobody has taken back, the oldest first."""
    return list(
        session.scalars(
            select(RescuedDraftRow)
            .where(RescuedDraftRow.account_id == account_id, RescuedDraftRow.taken_at.is_(None))
            .order_by(RescuedDraftRow.kept_at)
        )
    )
