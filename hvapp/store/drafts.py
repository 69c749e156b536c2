"""Copies of unfinished visits, sent by tablets whose own copy can no longer be opened."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, exists, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from hvapp.store.base import Base, Id
from hvapp.store.keys import Kid
from hvapp.store.visits import RevisionRow


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


# A draft keeps its id when it is completed. A tablet that could not tell us that it had taken it back may have
# completed it since, and forgotten it a month after we confirmed it: offered again, it would be recorded twice.
_WAITS = (
    RescuedDraftRow.taken_at.is_(None),
    ~exists().where(
        RevisionRow.id == RescuedDraftRow.id, RevisionRow.author_id == RescuedDraftRow.account_id
    ),
)


def count_drafts_waiting(session: Session, kept_before: datetime) -> dict[str, int]:
    """How many nobody has taken back or completed, by account; those kept since then left out."""
    rows = session.execute(
        select(RescuedDraftRow.account_id, func.count())
        .where(*_WAITS, RescuedDraftRow.kept_at <= kept_before)
        .group_by(RescuedDraftRow.account_id)
    )
    return dict(iter(rows))


def drafts_waiting(session: Session, account_id: str) -> list[RescuedDraftRow]:
    """Those that nobody has taken back or completed, the oldest first."""
    return list(
        session.scalars(
            select(RescuedDraftRow)
            .where(*_WAITS, RescuedDraftRow.account_id == account_id)
            .order_by(RescuedDraftRow.kept_at)
        )
    )
