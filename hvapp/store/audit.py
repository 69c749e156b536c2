"""Who did what to which record. Added to, never changed; holds ids, never patient data."""

from datetime import datetime
from operator import itemgetter
from typing import Any, cast

from sqlalchemy import ForeignKey, Table, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from hvapp.store.base import Base, Id, new_id
from hvapp.store.prepared import Adding


class AuditRow(Base):
    __tablename__ = "audit"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    at: Mapped[datetime] = mapped_column(index=True)
    account_id: Mapped[str | None] = mapped_column(Id, ForeignKey("account.id"))
    action: Mapped[str]
    subject_type: Mapped[str]
    subject_id: Mapped[str] = mapped_column(index=True)
    detail: Mapped[str | None]


_ENTRY = ("at", "account_id", "action", "subject_type", "subject_id", "detail")
_in_order = itemgetter(*_ENTRY)
_WRITE = Adding(cast(Table, AuditRow.__table__), "id", *_ENTRY)


def write_audits(session: Session, entries: list[dict[str, Any]]) -> None:
    """Many entries at once; each has the members that write_audit takes."""
    _WRITE.rows(session, [(new_id(), *_in_order(entry)) for entry in entries])


def write_audit(
    session: Session,
    *,
    at: datetime,
    account_id: str | None,
    action: str,
    subject_type: str,
    subject_id: str,
    detail: str | None = None,
) -> None:
    session.add(
        AuditRow(
            at=at,
            account_id=account_id,
            action=action,
            subject_type=subject_type,
            subject_id=subject_id,
            detail=detail,
        )
    )


def latest_audit(session: Session, subject_id: str, action: str) -> AuditRow | None:
    """The last time this was done to the subject."""
    return session.scalars(
        select(AuditRow)
        .where(AuditRow.subject_id == subject_id, AuditRow.action == action)
        .order_by(AuditRow.at.desc())
        .limit(1)
    ).one_or_none()
