"""Noting that somebody carried a tablet's outbox here by hand. Taking it in is the same as for a push."""

from datetime import datetime

from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account
from hvapp.domain.tablets import TabletId
from hvapp.store.audit import write_audit
from hvapp.store.transaction import transaction


def note_import(
    session: Session, tablet: TabletId, *, by: Account, visits: int, drafts: int, now: datetime
) -> None:
    """Who brought it, for which tablet, and how much was in it; asked for before any of it is taken in."""
    with transaction(session):
        write_audit(
            session,
            at=now,
            account_id=by.id,
            action="outbox_imported",
            subject_type="device",
            subject_id=tablet.device_id,
            detail=f"visits={visits} drafts={drafts}",
        )
