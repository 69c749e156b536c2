"""The tablet's JSON: HV-Sync 1."""

import gzip
import re
import zlib
from datetime import UTC, datetime
from functools import partial
from typing import Any

from flask import Blueprint, Flask, current_app, json, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from hvapp.domain.accounts import Account, Role
from hvapp.domain.errors import Conflict, Invalid
from hvapp.domain.forms import FormLibrary
from hvapp.domain.submissions import ItemResult
from hvapp.extensions import db
from hvapp.services import caseload, devices, intake, judging
from hvapp.settings import Settings
from hvapp.web.access import roles, signed_in
from hvapp.web.errors import log_fault

bp = Blueprint("api", __name__, url_prefix="/sync/v1")

VISITORS = (Role.HEALTH_VISITOR, Role.SUPERVISOR)
MAX_PAGE = 500

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@bp.put("/devices/<device_id>")
@roles(*VISITORS)
def register_device(device_id: str) -> ResponseReturnValue:
    given = _body()
    name = given.get("name")
    persisted = given.get("storage_persisted")
    if not _UUID.fullmatch(device_id) or not isinstance(name, str) or not 0 < len(name) <= 100:
        raise Invalid("The tablet did not say which tablet it is.")
    account = _sender(given)
    devices.register(
        db.session,
        device_id=device_id,
        account=account,
        name=name,
        storage_persisted=persisted if isinstance(persisted, bool) else None,
        now=datetime.now(UTC),
    )
    return jsonify({"device_id": device_id, "server_time": _now()})


@bp.get("/changes")
@roles(*VISITORS)
def changes() -> ResponseReturnValue:
    limit = min(max(request.args.get("limit", 100, type=int), 1), MAX_PAGE)
    cursor = request.args.get("cursor", "")
    page = caseload.changes_page(db.session, _sender(request.args.to_dict()), cursor=cursor, limit=limit)
    return jsonify(
        {
            "items": page.items,
            "cursor": page.cursor,
            "more": page.more,
            "remaining": page.remaining,
            "server_time": _now(),
        }
    )


@bp.post("/push")
@roles(*VISITORS)
def push() -> ResponseReturnValue:
    given = _body()
    items = given.get("items")
    settings: Settings = current_app.config["HVAPP"]
    if not isinstance(items, list):
        raise Invalid("The tablet sent no list of visits. Nothing was changed; they are still on the tablet.")
    if len(items) > settings.max_batch_items:
        raise RequestEntityTooLarge
    forms: FormLibrary = current_app.extensions["forms"]
    results = intake.receive_batch(
        db.session,
        author=_sender(given),
        items=items,
        forms=forms,
        receipt_key=settings.receipt_key,
        now=datetime.now(UTC),
    )
    response = jsonify({"results": [_result(result) for result in results], "server_time": _now()})
    # The tablet has its receipt; only then is the content looked at.
    response.call_on_close(partial(_judge, current_app._get_current_object(), forms))  # type: ignore[attr-defined]
    return response


def _judge(app: Flask, forms: FormLibrary) -> None:
    """Nobody waits for this: what fails here is done again before a queue is shown."""
    with app.app_context():
        try:
            judging.judge_new(db.session, forms, datetime.now(UTC))
        except Exception as error:
            log_fault(error)


def _sender(given: dict[str, Any]) -> Account:
    """The signed-in account, which must be the one whose work the tablet is sending."""
    account = signed_in()
    if given.get("account_id") not in (None, account.id):
        raise Conflict(
            f"You are signed in as {account.name}, and these visits are someone else’s. "
            "They are safe. Sign in as the person who recorded them.",
            "other_account",
        )
    return account


def _body() -> dict[str, Any]:
    """The JSON object of this request, unpacked if it was compressed, within the size limit either way."""
    raw = request.get_data()
    if request.headers.get("Content-Encoding") == "gzip":
        raw = _unpack(raw, current_app.config["MAX_CONTENT_LENGTH"])
    try:
        given = json.loads(raw)
    except (ValueError, RecursionError):
        raise Invalid(
            "The service could not read what the tablet sent. Nothing was changed; your visits are still on it.",
            "malformed_json",
        ) from None
    if not isinstance(given, dict):
        raise Invalid("The service could not read what the tablet sent.", "malformed_json")
    return given


def _unpack(raw: bytes, limit: int) -> bytes:
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        body = unpacker.decompress(raw, limit + 1)
    except (zlib.error, gzip.BadGzipFile):
        raise Invalid("The service could not unpack what the tablet sent.", "malformed_json") from None
    if len(body) > limit:
        raise RequestEntityTooLarge
    return body


def _result(result: ItemResult) -> dict[str, Any]:
    receipt = result.receipt
    return {
        "rev_id": result.rev_id,
        "result": result.result.value,
        "message": result.message,
        "flags": list(result.flags),
        "receipt": receipt
        and {"seq": receipt.seq, "received_at": receipt.received_at.isoformat(), "mac": receipt.mac},
    }


def _now() -> str:
    return datetime.now(UTC).isoformat()
