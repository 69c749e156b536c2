"""Tablets that have been made ready, and what the server asks of them."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from hvapp.store.base import Base, Id, new_id


class DeviceRow(Base):
    """One visitor's use of one tablet; its id is made on the tablet."""

    __tablename__ = "device"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    account_id: Mapped[str] = mapped_column(Id, ForeignKey("account.id"), index=True)
    name: Mapped[str]
    storage_persisted: Mapped[bool | None]
    registered_at: Mapped[datetime]
    last_contact_at: Mapped[datetime]
    clock_offset_ms: Mapped[int | None] = mapped_column(BigInteger)
    app_version: Mapped[str | None]
    revoked_at: Mapped[datetime | None]
    revoked_by_id: Mapped[str | None] = mapped_column(Id, ForeignKey("account.id"))
    revoke_reason: Mapped[str | None]
    wiped_at: Mapped[datetime | None]


class TabletCommandRow(Base):
    """Something a tablet is to do; asked again at every contact until the tablet says that it is done.

    `kind`: wipe. `left`: how many items the tablet had to destroy without having delivered them.
    """

    __tablename__ = "tablet_command"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    device_id: Mapped[str] = mapped_column(Id, ForeignKey("device.id"), index=True)
    kind: Mapped[str]
    issued_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    left: Mapped[int | None]
