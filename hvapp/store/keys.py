"""The service's key pairs, to which tablets seal what they send."""

from datetime import datetime

from sqlalchemy import LargeBinary, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from hvapp.store.base import Base

Kid = String(16)


class SealingKeyRow(Base):
    """One X25519 key pair. `private_key` is itself encrypted under the installation's secret."""

    __tablename__ = "sealing_key"

    kid: Mapped[str] = mapped_column(Kid, primary_key=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    private_key: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]


def keys_in_use(session: Session) -> list[SealingKeyRow]:
    """Those that tablets may seal to, the newest first."""
    return list(
        session.scalars(
            select(SealingKeyRow)
            .where(SealingKeyRow.retired_at.is_(None))
            .order_by(SealingKeyRow.created_at.desc(), SealingKeyRow.kid)
        )
    )


def retire_all(session: Session, now: datetime) -> None:
    session.execute(update(SealingKeyRow).where(SealingKeyRow.retired_at.is_(None)).values(retired_at=now))
