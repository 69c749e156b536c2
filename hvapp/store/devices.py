"""Tablets that have been made ready."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from hvapp.store.base import Base, Id


class DeviceRow(Base):
    """One visitor's use of one tablet; its id is made on the tablet."""

    __tablename__ = "device"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    account_id: Mapped[str] = mapped_column(Id, ForeignKey("account.id"), index=True)
    name: Mapped[str]
    storage_persisted: Mapped[bool | None]
    registered_at: Mapped[datetime]
    last_contact_at: Mapped[datetime]
