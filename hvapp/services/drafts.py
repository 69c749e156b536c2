"""Unfinished visits that a tablet can no longer open, kept sealed until their author takes them back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account
from hvapp.domain.envelopes import DRAFT, FindKey
from hvapp.domain.errors import NotFound, UnknownTablet
from hvapp.domain.sealing import CannotOpen, NotARecord, open_box
from hvapp.domain.tablets import TabletId
from hvapp.store.audit import write_audit
from hvapp.store.devices import meet
from hvapp.store.drafts import RescuedDraftRow, drafts_waiting
from hvapp.store.transaction import transaction

log = structlog.get_logger()


@dataclass(frozen=True)
class RescuedDraft:
    """A draft as the tablet sealed it: whatever JSON it uses for one."""

    id: str
    draft: Any


def keep(
    session: Session,
    *,
    tablet: TabletId,
    draft_id: str,
    kid: str,
    box: bytes,
    find_key: FindKey,
    now: datetime,
) -> bool:
    """Keep a sealed draft for the tablet's visitor; a later copy takes the place of an earlier one.

    False when no key of ours opens it, so that the tablet does not count on us. Raises UnknownTablet.
    """
    readable = _open(find_key, kid, box, draft_id, tablet.device_id) is not None
    with transaction(session):
        if meet(session, tablet, now) is None:
            raise UnknownTablet
        if not readable:
            return False
        row = session.get(RescuedDraftRow, (tablet.account_id, draft_id), with_for_update=True)
        if row is None:
            row = RescuedDraftRow(account_id=tablet.account_id, id=draft_id)
            session.add(row)
        elif row.box == box:
            return True
        row.device_id, row.kid, row.box, row.kept_at, row.taken_at = tablet.device_id, kid, box, now, None
        _audit(session, "draft_kept", tablet.account_id, draft_id, now)
    return True


def waiting(session: Session, account: Account, find_key: FindKey) -> list[RescuedDraft]:
    """The drafts that this account has not taken back yet, opened, the oldest first."""
    found = []
    for row in drafts_waiting(session, account.id):
        draft = _open(find_key, row.kid, row.box, row.id, row.device_id)
        if draft is None:
            # It opened when it came, so this database has lost its secret since.
            log.error("draft_locked", draft_id=row.id, kid=row.kid)
        else:
            found.append(RescuedDraft(row.id, draft))
    return found


def take(session: Session, account: Account, draft_id: str, now: datetime) -> None:
    """Note that the draft is on a tablet of its author's again. It stays here and is not offered any more."""
    with transaction(session):
        row = session.get(RescuedDraftRow, (account.id, draft_id), with_for_update=True)
        if row is None:
            raise NotFound("There is no such unfinished visit. Nothing was changed.")
        if row.taken_at is None:
            row.taken_at = now
            _audit(session, "draft_taken", account.id, draft_id, now)


def _open(find_key: FindKey, kid: str, box: bytes, draft_id: str, device_id: str) -> dict[str, Any] | None:
    key = find_key(kid)
    try:
        draft = open_box(key, box, kind=DRAFT, id=draft_id, device_id=device_id) if key else None
    except (CannotOpen, NotARecord):
        return None
    return draft if isinstance(draft, dict) else None


def _audit(session: Session, action: str, account_id: str, draft_id: str, now: datetime) -> None:
    write_audit(
        session, at=now, account_id=account_id, action=action, subject_type="draft", subject_id=draft_id
    )
