"""Who did what to which record. Added to, never changed; holds ids, never patient data."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from hvapp.store.base import Base, Id, new_id


class AuditRow(Base):
    __tablename__ = "audit"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    at: Mapped[datetime] = mapped_column(index=True)
    account_id: Mapped[str | None] = mapped_column(Id, ForeignKey("account.id"))
    action: Mapped[str]
    subject_type: Mapped[str]
    subject_id: Mapped[str] = mapped_column(index=True)
    detail: Mapped[str | None]


def write_audits(session: Session, entries: list[dict[str, Any]]) -> None:
    """Many entries at once; each has the members that write_audit takes."""
    if entries:
        session.execute(insert(AuditRow), entries)


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
