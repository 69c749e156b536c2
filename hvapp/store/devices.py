"""Tablets that have been made ready, and what the server asks of them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, cast

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Table,
    bindparam,
    delete,
    exists,
    func,
    select,
    true,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from hvapp.domain.tablets import UNNAMED, Command, Standing, TabletId
from hvapp.store.accounts import AccountRow
from hvapp.store.audit import write_audit
from hvapp.store.base import Base, Id, new_id
from hvapp.store.changes import EPOCH
from hvapp.store.database import insert_unless_there
from hvapp.store.prepared import Prepared, Row, among


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
    """Who a tablet's work belongs to, whether the tablet has been revoked, and what it is to be told."""

    team_id: str
    revoked: bool
    standing: Standing


class _Known(NamedTuple):
    """A tablet on file, as _DEVICES finds it."""

    id: str
    revoked: bool
    clock_offset_ms: int | None
    to_do: bool


_device, _command = cast(Table, DeviceRow.__table__), cast(Table, TabletCommandRow.__table__)
_account = cast(Table, AccountRow.__table__)
_ACCOUNTS = Prepared(select(_account.c.id, _account.c.team_id, EPOCH).where(among(_account.c.id, "accounts")))
_DEVICES = Prepared(
    select(
        _device.c.id,
        _device.c.revoked_at.is_not(None),
        _device.c.clock_offset_ms,
        exists().where(_command.c.device_id == _device.c.id, _command.c.done_at.is_(None)),
    ).where(among(_device.c.id, "devices"))
)
_HEARD = Prepared(
    update(_device)
    .where(among(_device.c.id, "devices"))
    .values(last_contact_at=bindparam("now", type_=_device.c.last_contact_at.type))
)
_CLOCK = (
    update(_device)
    .where(_device.c.id == bindparam("device"))
    .values(clock_offset_ms=bindparam("offset", type_=_device.c.clock_offset_ms.type))
)
_OPEN_COMMANDS = (
    select(_command.c.id, _command.c.kind, _command.c.issued_at)
    .join(_device, _device.c.id == _command.c.device_id)
    .where(
        _device.c.id == bindparam("device"),
        _device.c.account_id == bindparam("account"),
        _command.c.done_at.is_(None),
    )
    .order_by(_command.c.issued_at)
)


def meet(session: Session, tablet: TabletId, now: datetime) -> Met | None:
    """Note that a tablet was heard from; inside a transaction. None when there is no such account."""
    return ask_to_meet(session, {tablet: None}, now)().get(tablet)


def ask_to_meet(
    session: Session, clocks: dict[TabletId, int | None], now: datetime
) -> Callable[[], dict[TabletId, Met]]:
    """Note that these tablets were heard from, and how far off each clock was where it said so; in a transaction.

    A tablet whose account does not exist is left out. One that the database does not know, because it was restored
    from a backup, is written down again.
    """
    accounts = _ACCOUNTS.asked(session, accounts=sorted({one.account_id for one in clocks}))
    ids = sorted(one.device_id for one in clocks)
    devices = _DEVICES.asked(session, devices=ids)
    _HEARD.asked(session, devices=ids, now=now)
    return lambda: _met(session, clocks, accounts(), devices(), now)


def _met(
    session: Session,
    clocks: dict[TabletId, int | None],
    accounts: list[Row],
    devices: list[Row],
    now: datetime,
) -> dict[TabletId, Met]:
    teams = {account_id: (team_id, epoch or "") for account_id, team_id, epoch in accounts}
    known = {row[0]: _Known(*row) for row in devices}
    found: dict[TabletId, Met] = {}
    for tablet, offset in clocks.items():
        if tablet.account_id not in teams:
            continue
        device = known.get(tablet.device_id)
        if device is None:
            add_device(session, tablet, name=UNNAMED, storage_persisted=None, now=now)
        elif offset is not None and offset != device.clock_offset_ms:
            session.connection().execute(_CLOCK, {"device": device.id, "offset": offset})
        commands = open_commands(session, tablet) if device is not None and device.to_do else ()
        team_id, epoch = teams[tablet.account_id]
        found[tablet] = Met(
            team_id,
            revoked=device is not None and device.revoked,
            standing=Standing(epoch, tuple(commands)),
        )
    return found


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
    asked = {"device": tablet.device_id, "account": tablet.account_id}
    return [Command(*row) for row in session.execute(_OPEN_COMMANDS, asked)]
