"""Tablets that visitors have made ready: what is known of them, what they are told, and taking their right away."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account, Role
from hvapp.domain.errors import Conflict, Invalid, NotFound, TabletRevoked, UnknownTablet
from hvapp.domain.tablets import Standing, TabletId
from hvapp.store.audit import write_audit
from hvapp.store.changes import ensure_epoch, feed_state
from hvapp.store.devices import (
    DeviceRow,
    TabletCommandRow,
    add_device,
    device_in_team,
    devices_of_team,
    meet,
    open_commands,
    take_back_commands,
)
from hvapp.store.transaction import transaction

WIPE = "wipe"


@dataclass(frozen=True)
class TabletLine:
    """A tablet as a supervisor sees it. What is still unsent on it nobody but the tablet can know."""

    device_id: str
    name: str
    visitor_name: str
    team_name: str
    registered_at: datetime
    last_contact_at: datetime
    storage_persisted: bool | None  # None: its browser did not say
    clock_offset_ms: int | None  # what to add to its clock to get ours; None: it has not said
    revoked_at: datetime | None
    revoke_reason: str | None
    wiped_at: datetime | None
    unsent: int | None  # what it still holds, by its last report after clearing itself; None: unknown


def register(
    session: Session,
    *,
    device_id: str,
    account: Account,
    name: str,
    storage_persisted: bool | None,
    app_version: str | None,
    now: datetime,
) -> None:
    """Note a tablet, or that it was heard from again. Repeating it changes nothing else."""
    with transaction(session):
        ensure_epoch(session)
        if session.get(DeviceRow, device_id) is None:
            tablet = TabletId(device_id, account.id)
            add_device(session, tablet, name=name, storage_persisted=None, now=now)
        row = session.get_one(DeviceRow, device_id, with_for_update=True)
        if row.account_id != account.id:
            raise Conflict(
                "This tablet was made ready by someone else. Sign in as that person, or make the tablet ready again.",
                "other_account",
            )
        row.name = name
        row.storage_persisted = storage_persisted
        row.app_version = app_version
        row.last_contact_at = now


def standing(session: Session, tablet: TabletId | None) -> Standing:
    """What to tell this tablet; None: an account that did not say on which tablet it is."""
    commands = open_commands(session, tablet) if tablet else []
    return Standing(feed_state(session).epoch, tuple(commands))


def refuse_revoked(session: Session, device_id: str) -> None:
    """Raises TabletRevoked for a tablet that may no longer show anything."""
    row = session.get(DeviceRow, device_id)
    if row is not None and row.revoked_at is not None:
        raise TabletRevoked


def hear_from(session: Session, tablet: TabletId, now: datetime) -> None:
    """Note that a tablet was in touch. Raises UnknownTablet when there is no such account."""
    with transaction(session):
        if meet(session, tablet, now) is None:
            raise UnknownTablet


def revoke(session: Session, device_id: str, *, by: Account, reason: str, now: datetime) -> None:
    """Take a tablet's right to the caseload away and have it wiped at its next contact. Repeating it does nothing.

    What is still on it is taken in whenever it arrives. Raises NotFound for a tablet of another team, except for
    administrators, who look after all of them.
    """
    if not reason.strip():
        raise Invalid("Say why the tablet is revoked, for example “lost on the bus”.")
    with transaction(session):
        row = _tablet(session, device_id, by)
        if row.revoked_at is not None:
            return
        row.revoked_at, row.revoked_by_id, row.revoke_reason = now, by.id, reason.strip()
        session.add(TabletCommandRow(device_id=device_id, kind=WIPE, issued_at=now))
        write_audit(
            session,
            at=now,
            account_id=by.id,
            action="device_revoked",
            subject_type="device",
            subject_id=device_id,
        )


def take_back(session: Session, device_id: str, *, by: Account, now: datetime) -> None:
    """Undo revoking a tablet, as long as it has not been carried out; one that is not revoked stays as it is."""
    with transaction(session):
        row = _tablet(session, device_id, by)
        if row.wiped_at is not None:
            raise Conflict(
                "The tablet has already cleared itself, so this cannot be undone. Its visitor can make it ready again."
            )
        if row.revoked_at is None:
            return
        row.revoked_at = row.revoked_by_id = row.revoke_reason = None
        take_back_commands(session, device_id)
        write_audit(
            session,
            at=now,
            account_id=by.id,
            action="device_revoking_undone",
            subject_type="device",
            subject_id=device_id,
        )


def _tablet(session: Session, device_id: str, by: Account) -> DeviceRow:
    row = device_in_team(session, device_id, _reach(by))
    if row is None:
        raise NotFound("There is no such tablet in your team.")
    return row


def _reach(account: Account) -> str | None:
    """The team whose tablets the account looks after; None for all of them."""
    return None if account.role is Role.ADMINISTRATOR else account.team.id


def finish_command(session: Session, tablet: TabletId, command_id: str, *, left: int, now: datetime) -> None:
    """Note that a tablet has cleared itself, and how many items it still holds because it could not send them.

    It reports again when it has sent some of those; the last report counts. A command that the database does not know
    was lost with a restored backup: the tablet obeyed it all the same.
    """
    with transaction(session):
        if meet(session, tablet, now) is None:
            raise UnknownTablet
        row = session.get(TabletCommandRow, command_id)
        if row is None:
            row = TabletCommandRow(id=command_id, device_id=tablet.device_id, kind=WIPE, issued_at=now)
            session.add(row)
        if row.device_id != tablet.device_id:
            raise NotFound("There is no such command for this tablet.")
        row.left = left
        if row.done_at is not None:
            return
        row.done_at = now
        session.get_one(DeviceRow, tablet.device_id).wiped_at = now
        write_audit(
            session,
            at=now,
            account_id=tablet.account_id,
            action="device_wiped",
            subject_type="device",
            subject_id=tablet.device_id,
            detail=f"left={left}",
        )


def tablets_of_team(session: Session, account: Account) -> list[TabletLine]:
    """The tablets of the account's team, or all of them for an administrator, the one heard from last coming first."""
    return [
        TabletLine(
            device_id=row.id,
            name=row.name,
            visitor_name=visitor.name,
            team_name=visitor.team.name,
            registered_at=row.registered_at,
            last_contact_at=row.last_contact_at,
            storage_persisted=row.storage_persisted,
            clock_offset_ms=row.clock_offset_ms,
            revoked_at=row.revoked_at,
            revoke_reason=row.revoke_reason,
            wiped_at=row.wiped_at,
            unsent=left,
        )
        for row, visitor, left in devices_of_team(session, _reach(account))
    ]


def find_tablet(session: Session, account: Account, device_id: str) -> TabletLine:
    """One of them. Raises NotFound."""
    found = [line for line in tablets_of_team(session, account) if line.device_id == device_id]
    if not found:
        raise NotFound("There is no such tablet in your team.")
    return found[0]
