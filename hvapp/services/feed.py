"""Looking after the change feed: forgetting what no tablet needs any more, and telling tablets of a restore."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from hvapp.store.audit import write_audit
from hvapp.store.changes import begin_epoch, purge_removals
from hvapp.store.transaction import transaction

REMOVALS_KEPT = timedelta(days=400)
"""A tablet away for longer than this fetches its caseload afresh; its own work is not touched by that."""


def tidy(session: Session, now: datetime) -> int:
    """Forget what left caseloads long ago; answers how many entries. Harmless to repeat."""
    with transaction(session):
        return purge_removals(session, now - REMOVALS_KEPT)


def renew_epoch(session: Session, now: datetime) -> str:
    """After the database went back in time: every tablet fetches afresh and offers again what it still holds."""
    with transaction(session):
        epoch = begin_epoch(session)
        write_audit(
            session,
            at=now,
            account_id=None,
            action="feed_epoch_renewed",
            subject_type="feed",
            subject_id=epoch,
        )
    return epoch
