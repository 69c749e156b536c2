"""Photos coming up from tablets, piece by piece, and being opened for a supervisor."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account
from hvapp.domain.errors import NotFound, UnknownTablet
from hvapp.domain.forms import FormLibrary
from hvapp.domain.forms.photos import photos_in
from hvapp.domain.photos import CannotShow, Span, open_photo
from hvapp.domain.tablets import TabletId
from hvapp.store.audit import write_audit
from hvapp.store.blobs import add_piece, begin_anew, blob_to_change, content_of, is_whole
from hvapp.store.devices import meet
from hvapp.store.transaction import transaction
from hvapp.store.versions import answered_version
from hvapp.store.visits import visit_by_id

_GONE = "There is no such photo to show. Go back to the visit."


@dataclass(frozen=True)
class Progress:
    """How much of a box is here, from its start. `rejected`: it came with another hash and is dropped."""

    held: int
    complete: bool
    rejected: bool = False


def take_piece(
    session: Session, *, tablet: TabletId, sha256: str, span: Span, data: bytes, now: datetime
) -> Progress:
    """Add a piece that goes on from what is here; any other changes nothing, and the answer says where to go on.

    Raises UnknownTablet.
    """
    with transaction(session):
        if meet(session, tablet, now) is None:
            raise UnknownTablet
        blob = blob_to_change(
            session, tablet.account_id, sha256, device_id=tablet.device_id, total=span.total, now=now
        )
        if blob.arrived_at is not None:
            return Progress(blob.held, complete=True)
        if blob.total != span.total:
            begin_anew(session, blob, span.total)
        if data and span.first == blob.held:
            add_piece(session, blob, data)
        if blob.held < blob.total:
            return Progress(blob.held, complete=False)
        if not is_whole(session, blob):
            begin_anew(session, blob, span.total)
            return Progress(0, complete=False, rejected=True)
        blob.arrived_at = now
        write_audit(
            session,
            at=now,
            account_id=tablet.account_id,
            action="photo_arrived",
            subject_type="photo",
            subject_id=sha256,
            detail=tablet.device_id,
        )
        return Progress(blob.held, complete=True)


def show_photo(
    session: Session,
    forms: FormLibrary,
    *,
    reviewer: Account,
    visit_id: str,
    photo_id: str,
    now: datetime,
) -> bytes:
    """The JPEG, for a supervisor of the visit's team. Opening it is written to the audit trail.

    Raises NotFound for what is not of the visit's present version, not here, or restricted: a restricted photo is
    shown only within the page that was opened with a reason.
    """
    with transaction(session):
        visit = visit_by_id(session, visit_id)
        if visit is None or visit.team_id != reviewer.team.id:
            raise NotFound("There is no such visit in your team.")
        head = answered_version(visit)
        form = forms.find(*head.form_key)
        named = photos_in(form, head.body["payload"]) if form else []
        found = next((one for asked, one in named if one.id == photo_id and asked.visibility != "X"), None)
        box = content_of(session, found.sha256) if found else None
        if found is None or box is None:
            raise NotFound(_GONE)
        write_audit(
            session,
            at=now,
            account_id=reviewer.id,
            action="photo_opened",
            subject_type="visit",
            subject_id=visit_id,
            detail=photo_id,
        )
    try:
        return open_photo(found, box)
    except CannotShow:
        raise NotFound(
            "This photo cannot be opened. It is kept as it came. Ask the visitor what it showed."
        ) from None
