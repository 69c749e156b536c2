"""Tablets that have been made ready, and what the server asks of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, delete, func, select, true, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from hvapp.domain.tablets import UNNAMED, Command, TabletId
from hvapp.store.accounts import AccountRow
from hvapp.store.audit import write_audit
from hvapp.store.base import Base, Id, new_id
from hvapp.store.database import insert_unless_there


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

    `kind`: wipe. `left`: how many items the tablet has kept because it could not deliver them, by its last report.
    """

    __tablename__ = "tablet_command"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    device_id: Mapped[str] = mapped_column(Id, ForeignKey("device.id"), index=True)
    kind: Mapped[str]
    issued_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    left: Mapped[int | None]


@dataclass(frozen=True)
class Met:
    """Who a tablet's work belongs to, and whether the tablet has been revoked."""

    team_id: str
    revoked: bool


def meet(session: Session, tablet: TabletId, now: datetime, clock_offset_ms: int | None = None) -> Met | None:
    """Note that a tablet was heard from, and its clock; inside a transaction. None when there is no such account.

    A tablet that the database does not know, because it was restored from a backup, is written down again.
    """
    found = session.execute(
        select(AccountRow.team_id, DeviceRow.id, DeviceRow.revoked_at)
        .outerjoin(DeviceRow, DeviceRow.id == tablet.device_id)
        .where(AccountRow.id == tablet.account_id)
    ).one_or_none()
    if found is None:
        return None
    team_id, _, revoked_at = found
    known: str | None = found[1]  # an outer join
    if known is None:
        add_device(session, tablet, name=UNNAMED, storage_persisted=None, now=now)
    else:
        heard: dict[str, Any] = {"last_contact_at": now}
        if clock_offset_ms is not None:
            heard["clock_offset_ms"] = clock_offset_ms
        session.execute(update(DeviceRow).where(DeviceRow.id == known).values(heard))
    return Met(team_id, revoked_at is not None)


def add_device(
    session: Session, tablet: TabletId, *, name: str, storage_persisted: bool | None, now: datetime
) -> None:
    """Write a tablet down, unless another connection has done so a moment ago."""
    row = {
        "id": tablet.device_id,
        "account_id": tablet.account_id,
        "name": name,
        "storage_persisted": storage_persisted,
        "registered_at": now,
        "last_contact_at": now,
    }
    insert_unless_there(session, DeviceRow, [row])
    write_audit(
        session,
        at=now,
        account_id=tablet.account_id,
        action="device_registered",
        subject_type="device",
        subject_id=tablet.device_id,
    )


def devices_of_team(session: Session, team_id: str | None) -> list[tuple[DeviceRow, AccountRow, int | None]]:
    """The team's tablets, or everybody's, the one heard from last coming first: each with its visitor and what it
    still holds although it was cleared."""
    left = (
        select(func.sum(TabletCommandRow.left))
        .where(TabletCommandRow.device_id == DeviceRow.id)
        .scalar_subquery()
    )
    rows = session.execute(
        select(DeviceRow, AccountRow, left)
        .join(AccountRow, AccountRow.id == DeviceRow.account_id)
        .where(true() if team_id is None else AccountRow.team_id == team_id)
        .order_by(DeviceRow.last_contact_at.desc())
    )
    return [(row, visitor, lost) for row, visitor, lost in rows]


def device_in_team(session: Session, device_id: str, team_id: str | None) -> DeviceRow | None:
    """The tablet, locked against other writers where the engine locks rows, if its visitor is of this team or any
    will do."""
    return session.scalars(
        select(DeviceRow)
        .join(AccountRow, AccountRow.id == DeviceRow.account_id)
        .where(DeviceRow.id == device_id, true() if team_id is None else AccountRow.team_id == team_id)
        .with_for_update(of=DeviceRow)
    ).one_or_none()


def take_back_commands(session: Session, device_id: str) -> None:
    """Ask no more for what the tablet has not done yet."""
    session.execute(
        delete(TabletCommandRow).where(
            TabletCommandRow.device_id == device_id, TabletCommandRow.done_at.is_(None)
        )
    )


def open_commands(session: Session, tablet: TabletId) -> list[Command]:
    """What the tablet is still to do, oldest first."""
    rows = session.execute(
        select(TabletCommandRow.id, TabletCommandRow.kind, TabletCommandRow.issued_at)
        .join(DeviceRow, DeviceRow.id == TabletCommandRow.device_id)
        .where(
            DeviceRow.id == tablet.device_id,
            DeviceRow.account_id == tablet.account_id,
            TabletCommandRow.done_at.is_(None),
        )
        .order_by(TabletCommandRow.issued_at)
    )
    return [Command(*row) for row in rows]
