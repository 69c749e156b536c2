"""The tablet's JSON: HV-Sync 1. openapi.yaml, which lies beside this file, describes every call.

Work comes up by the tablet's own token, with nobody signed in; records go down to a signed-in account only.
"""

import re
from datetime import UTC, datetime
from typing import Any, TypeGuard

from flask import Blueprint, current_app, request, session
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from hvapp.domain.accounts import Role
from hvapp.domain.errors import Invalid, TabletRevoked
from hvapp.domain.forms import FormLibrary
from hvapp.domain.photos import MOST_PIECE_BYTES, read_span
from hvapp.domain.sealing import read_box
from hvapp.domain.submissions import ItemResult
from hvapp.domain.tablets import UUID, TabletId
from hvapp.extensions import db
from hvapp.services import caseload, confirming, devices, drafts, intake, photos, provider
from hvapp.web.access import TABLET, bind_session_to, roles, signed_in, tablet
from hvapp.web.errors import STATUS
from hvapp.web.exchange import (
    answer,
    asked_id,
    common_members,
    find_key,
    read_body,
    refuse_newer_protocol,
    sender,
    settings,
)
from hvapp.web.tablet_auth import this_tablet

bp = Blueprint("api", __name__, url_prefix="/sync/v1")

VISITORS = (Role.HEALTH_VISITOR, Role.SUPERVISOR)
MAX_PAGE = 500
MAX_RANGES = 200
MAX_INTEGER = 2**31 - 1

_KID = re.compile(r"[0-9a-f]{16}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@bp.put("/devices/<device_id>")
@roles(*VISITORS)
def register_device(device_id: str) -> ResponseReturnValue:
    given = read_body()
    name = given.get("name")
    persisted = given.get("storage_persisted")
    version = given.get("app_version")
    if not isinstance(name, str) or not 0 < len(name) <= 100:
        raise Invalid("The tablet did not say what it is called. Nothing was changed.")
    account = sender(given)
    one = TabletId(asked_id(device_id, "tablet"), account.id)
    devices.register(
        db.session,
        device_id=device_id,
        account=account,
        name=name,
        storage_persisted=persisted if isinstance(persisted, bool) else None,
        app_version=version[:40] if isinstance(version, str) else None,
        now=datetime.now(UTC),
    )
    bind_session_to(device_id)
    return answer({"device_id": device_id, "token": one.token(settings().upload_key)}, one)


@bp.get("/changes")
@roles(*VISITORS)
def changes() -> ResponseReturnValue:
    refuse_newer_protocol()
    account = sender(request.args.to_dict())
    limit = min(max(request.args.get("limit", 100, type=int), 1), MAX_PAGE)
    one = _asking_tablet()
    if one is not None:
        devices.refuse_revoked(db.session, one.device_id)
    page = caseload.changes_page(db.session, account, cursor=request.args.get("cursor", ""), limit=limit)
    return answer(
        {
            "items": page.items,
            "cursor": page.cursor,
            "more": page.more,
            "remaining": page.remaining,
            "service": provider.service_settings(db.session, account).for_tablet(),
        },
        one,
    )


@bp.post("/push")
@tablet
def push() -> ResponseReturnValue:
    items = read_body().get("items")
    if not isinstance(items, list):
        raise Invalid("The tablet sent no list of visits. Nothing was changed; they are still on the tablet.")
    if len(items) > settings().max_batch_items:
        raise RequestEntityTooLarge
    forms: FormLibrary = current_app.extensions["forms"]
    one = this_tablet()
    taken = intake.receive_sealed(
        db.session,
        tablet=one,
        items=items,
        find_key=find_key(),
        forms=forms,
        receipt_key=settings().receipt_key,
        now=datetime.now(UTC),
    )
    return answer({"results": [_result(result) for result in taken.results]}, one, taken.standing)


@bp.post("/confirm")
@tablet
def confirm() -> ResponseReturnValue:
    asked = read_body().get("ranges")
    if not isinstance(asked, list):
        raise Invalid("The tablet did not say which visits to look for. Nothing was changed.")
    if len(asked) > MAX_RANGES:
        raise RequestEntityTooLarge
    ranges = [_range(one) for one in asked]
    one = this_tablet()
    devices.hear_from(db.session, one, datetime.now(UTC))
    held = confirming.held(db.session, one, ranges)
    return answer(
        {
            "ranges": [
                {"from": given.first, "to": given.last, "held": known}
                for given, known in zip(ranges, held, strict=True)
            ]
        },
        one,
    )


@bp.put("/drafts/<draft_id>")
@tablet
def keep_draft(draft_id: str) -> ResponseReturnValue:
    given = read_body()
    kid, text = given.get("kid"), given.get("box")
    box = read_box(text) if isinstance(text, str) else None
    if box is None or not isinstance(kid, str) or not _KID.fullmatch(kid):
        raise Invalid("The unfinished visit did not arrive whole. It is still on the tablet.")
    one = this_tablet()
    kept = drafts.keep(
        db.session,
        tablet=one,
        draft_id=asked_id(draft_id, "unfinished visit"),
        kid=kid,
        box=box,
        find_key=find_key(),
        now=datetime.now(UTC),
    )
    return answer({"result": "kept" if kept else "rejected:key"}, one)


@bp.put("/blob/<sha256>")
@tablet
def take_piece(sha256: str) -> ResponseReturnValue:
    """One piece of a photo's box; without a body, only the question how much of it is here."""
    if not _DIGEST.fullmatch(sha256):
        raise Invalid("The tablet did not say which photo it means. Nothing was changed.")
    data = request.get_data()
    if len(data) > MOST_PIECE_BYTES:
        raise RequestEntityTooLarge
    one = this_tablet()
    taken = photos.take_piece(
        db.session,
        tablet=one,
        sha256=sha256,
        span=read_span(request.headers.get("Content-Range"), len(data)),
        data=data,
        now=datetime.now(UTC),
    )
    result = "complete" if taken.complete else "rejected:hash" if taken.rejected else "more"
    return answer({"result": result, "held": taken.held}, one)


@bp.get("/drafts")
@roles(*VISITORS)
def rescued_drafts() -> ResponseReturnValue:
    waiting = drafts.waiting(db.session, sender(request.args.to_dict()), find_key())
    return answer({"drafts": [{"id": one.id, "draft": one.draft} for one in waiting]}, _asking_tablet())


@bp.post("/drafts/<draft_id>/taken")
@roles(*VISITORS)
def draft_taken(draft_id: str) -> ResponseReturnValue:
    drafts.take(db.session, signed_in(), asked_id(draft_id, "unfinished visit"), datetime.now(UTC))
    return answer({"result": "taken"}, _asking_tablet())


@bp.post("/commands/<command_id>/done")
@tablet
def command_done(command_id: str) -> ResponseReturnValue:
    left = read_body().get("left")
    if not _is_count(left):
        raise Invalid("The tablet did not say how much it could not send. Nothing was changed.")
    one = this_tablet()
    devices.finish_command(db.session, one, asked_id(command_id, "command"), left=left, now=datetime.now(UTC))
    return answer({"result": "done"}, one)


@bp.errorhandler(TabletRevoked)
def handle_revoked(error: TabletRevoked) -> ResponseReturnValue:
    """A refusal that also tells the tablet what it is to do."""
    body = {"error": {"code": error.code, "message": error.message}}
    return body | common_members(_asking_tablet()), STATUS[TabletRevoked]


def _asking_tablet() -> TabletId | None:
    """The tablet that a signed-in account says it is on, or began its session on."""
    device_id = request.args.get("device_id") or session.get(TABLET, "")
    return TabletId(device_id, signed_in().id) if UUID.fullmatch(device_id) else None


def _range(given: Any) -> confirming.Range:
    if isinstance(given, dict):
        first, last, digest = given.get("from"), given.get("to"), given.get("digest")
        if _is_count(first) and _is_count(last) and isinstance(digest, str) and _DIGEST.fullmatch(digest):
            return confirming.Range(first, last, digest)
    raise Invalid("The tablet did not say which visits to look for. Nothing was changed.")


def _is_count(given: Any) -> TypeGuard[int]:
    return isinstance(given, int) and not isinstance(given, bool) and 0 <= given <= MAX_INTEGER


def _result(result: ItemResult) -> dict[str, Any]:
    receipt = result.receipt
    return {
        "rev_id": result.rev_id,
        "result": result.result.value,
        "message": result.message,
        "flags": list(result.flags),
        "receipt": receipt
        and {"seq": receipt.seq, "received_at": receipt.received_at.isoformat(), "mac": receipt.mac},
        "child_id": result.child_id,
    }
