"""The server's key pairs, to which tablets seal what they send."""

from datetime import datetime

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

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
