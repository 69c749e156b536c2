"""The file in which a tablet hands over its outbox when it cannot send it: carried to the service by a person.

Everything in it is sealed, so the file can be read by nobody on its way, and by the one who carries it least of all.
"""

import json
from dataclasses import dataclass
from typing import Any

from hvapp.domain.errors import Invalid
from hvapp.domain.sealing import read_box
from hvapp.domain.tablets import UUID, TabletId, read_token

FORMAT = "hvapp-outbox-1"
MOST_ITEMS = 5000

_NOTHING_TAKEN = "Nothing was taken in."


@dataclass(frozen=True)
class SealedDraft:
    """An unfinished visit; `box` is None where it did not arrive whole."""

    id: str
    kid: str
    box: bytes | None


@dataclass(frozen=True)
class OutboxFile:
    """Whose outbox it is, the sealed visits as the tablet would push them, and its unfinished visits."""

    tablet: TabletId
    items: list[Any]
    drafts: list[SealedDraft]


def read_outbox_file(content: bytes, upload_key: bytes) -> OutboxFile:
    """Raises Invalid with one sentence that says what is wrong with the file."""
    try:
        given = json.loads(content)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict) or given.get("format") != FORMAT:
        raise Invalid(
            f"This is not a file that a tablet made. {_NOTHING_TAKEN} "
            "On the tablet, open “This tablet”, save the file again and choose that one."
        )
    token = given.get("authorization")
    if token is None:
        raise Invalid(
            f"The tablet had never been in touch with this service, so the file does not say who made it. "
            f"{_NOTHING_TAKEN} Have its visitor sign in on the tablet; the visits are still on it."
        )
    tablet = read_token(token, upload_key) if isinstance(token, str) else None
    if tablet is None or given.get("device_id", tablet.device_id) != tablet.device_id:
        raise Invalid(
            f"The file was changed after a tablet made it, or comes from another service. {_NOTHING_TAKEN} "
            "Save the file on the tablet again."
        )
    items, drafts = given.get("items"), given.get("drafts", [])
    if not isinstance(items, list) or not isinstance(drafts, list):
        raise Invalid(f"The file is not whole. {_NOTHING_TAKEN} Save the file on the tablet again.")
    if len(items) + len(drafts) > MOST_ITEMS:
        raise Invalid(
            f"The file holds more than {MOST_ITEMS:,} visits. {_NOTHING_TAKEN} Ask for technical help."
        )
    if not items and not drafts:
        raise Invalid("There are no visits in the file: the tablet had nothing left to hand over.")
    return OutboxFile(tablet, items, [_draft(one) for one in drafts])


def _draft(given: Any) -> SealedDraft:
    one = given if isinstance(given, dict) else {}
    id, kid, text = one.get("id"), one.get("kid"), one.get("box")
    known = isinstance(id, str) and UUID.fullmatch(id) is not None and isinstance(kid, str) and kid.isascii()
    box = read_box(text) if known and isinstance(text, str) else None
    return SealedDraft(str(id) if known else "", str(kid) if known else "", box)
