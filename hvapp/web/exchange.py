"""What every exchange with a tablet has in common: reading its JSON, and what each answer tells it besides."""

import gzip
import zlib
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from flask import current_app, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from hvapp.domain.accounts import Account
from hvapp.domain.canonical import read_json
from hvapp.domain.envelopes import FindKey
from hvapp.domain.errors import Conflict, Invalid, ProtocolTooNew
from hvapp.domain.tablets import UUID, Command, Standing, TabletId
from hvapp.extensions import db
from hvapp.services import devices
from hvapp.services.keys import Keyring
from hvapp.settings import Settings
from hvapp.web.access import signed_in

PROTOCOL = 1


def settings() -> Settings:
    given: Settings = current_app.config["HVAPP"]
    return given


def find_key() -> FindKey:
    """How to open what a tablet sealed."""
    return partial(keyring().find, db.session)


def keyring() -> Keyring:
    kept: Keyring = current_app.extensions["keyring"]
    return kept


def answer(
    members: dict[str, Any], tablet: TabletId | None, standing: Standing | None = None
) -> ResponseReturnValue:
    return jsonify(members | common_members(tablet, standing))


def common_members(tablet: TabletId | None, standing: Standing | None = None) -> dict[str, Any]:
    """What every answer tells a tablet; no commands for an account that does not say on which tablet it is.

    `standing`: what is known of it already, from the transaction that the answer is about.
    """
    now = datetime.now(UTC)
    key = keyring().current(db.session, now)
    standing = standing or devices.standing(db.session, tablet)
    return {
        "server_time": now.isoformat(),
        "epoch": standing.epoch,
        "sealing_key": {"kid": key.kid, "key": key.text},
        "commands": [_command(command, tablet) for command in standing.commands if tablet],
        "lease_days": settings().lease // timedelta(days=1),
    }


def _command(command: Command, tablet: TabletId) -> dict[str, str]:
    mac = command.mac(tablet, settings().upload_key)
    return {"type": command.kind, "id": command.id, "at": command.at, "mac": mac}


def asked_id(given: str, what: str) -> str:
    """An id from an address."""
    if not UUID.fullmatch(given):
        raise Invalid(f"The tablet did not say which {what} it means. Nothing was changed.")
    return given


def sender(given: dict[str, Any]) -> Account:
    """The signed-in account, which must be the one whose tablet is asking."""
    account = signed_in()
    if given.get("account_id") not in (None, account.id):
        raise Conflict(
            f"You are signed in as {account.name}, and this tablet was made ready for someone else. "
            "Its visits are safe. Sign in as the person who recorded them.",
            "other_account",
        )
    return account


def refuse_newer_protocol() -> None:
    """Only where a tablet fetches: what it hands in is taken from every version there has been and will be."""
    version = request.headers.get("HV-Sync", "1")
    if version.isascii() and version.isdigit() and len(version) < 10 and int(version) > PROTOCOL:
        raise ProtocolTooNew(
            "The tablet is newer than the service, so it cannot fetch its caseload yet. Visits are still sent. "
            "Tell your administrator that the service needs updating."
        )


def read_body() -> dict[str, Any]:
    """The JSON object of this request, unpacked if it was compressed, within the size limit either way."""
    raw = request.get_data()
    if request.headers.get("Content-Encoding") == "gzip":
        raw = _unpack(raw, current_app.config["MAX_CONTENT_LENGTH"])
    try:
        given = read_json(raw)
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
