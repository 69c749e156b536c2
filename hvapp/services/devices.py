"""Tablets that visitors have made ready."""

from datetime import datetime

from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account
from hvapp.domain.errors import Conflict
from hvapp.store.audit import write_audit
from hvapp.store.devices import DeviceRow
from hvapp.store.transaction import transaction


def register(
    session: Session,
    *,
    device_id: str,
    account: Account,
    name: str,
    storage_persisted: bool | None,
    now: datetime,
) -> None:
    """Note a tablet, or that it was heard from again. Repeating it changes nothing else."""
    with transaction(session):
        row = session.get(DeviceRow, device_id)
        if row is None:
            session.add(
                DeviceRow(
                    id=device_id,
                    account_id=account.id,
                    name=name,
                    storage_persisted=storage_persisted,
                    registered_at=now,
                    last_contact_at=now,
                )
            )
            write_audit(
                session,
                at=now,
                account_id=account.id,
                action="device_registered",
                subject_type="device",
                subject_id=device_id,
            )
        elif row.account_id != account.id:
            raise Conflict(
                "This tablet was made ready by someone else. Sign in as that person, or make the tablet ready again.",
                "other_account",
            )
        else:
            row.name = name
            row.storage_persisted = storage_persisted
            row.last_contact_at = now
