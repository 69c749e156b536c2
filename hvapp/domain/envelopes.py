"""Opening what a tablet sealed. Reads only; what became of each item is decided by whoever files it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from hvapp.domain.canonical import is_too_deep
from hvapp.domain.sealing import CannotOpen, NotARecord, open_box, read_box
from hvapp.domain.submissions import Malformed, Submission
from hvapp.domain.tablets import UUID

FindKey = Callable[[str], X25519PrivateKey | None]
"""The private key with this kid, if there is one."""

REVISION = "revision"
DRAFT = "draft"


@dataclass(frozen=True)
class Unopened:
    """A sealed revision that no key of ours opens."""

    rev_id: str


@dataclass(frozen=True)
class Opened:
    """One item: `kept` is what is set aside if it cannot be filed, the content where it could be read."""

    kept: Any
    found: Submission | Malformed | Unopened


def read_plain(item: Any) -> Opened:
    """An item that is not sealed: made on this machine."""
    try:
        return Opened(item, Submission.from_json(item))
    except Malformed as error:
        return Opened(item, error)


def open_envelope(item: Any, device_id: str, find_key: FindKey) -> Opened:
    """The revision that this tablet sealed."""
    try:
        rev_id, seq, kid, box = _read_envelope(item)
    except Malformed as error:
        return Opened(item, error)
    key = find_key(kid)
    if key is None:
        return Opened(item, Unopened(rev_id))
    try:
        content = open_box(key, box, kind=REVISION, id=rev_id, device_id=device_id)
    except CannotOpen:
        return Opened(item, Unopened(rev_id))
    except NotARecord:
        return Opened(item, Malformed("What was sealed in the item is not a record.", rev_id))
    opened = read_plain(content)
    one = opened.found
    if isinstance(one, Malformed):
        # What is nested too deeply to be read is too deep to be written out again.
        return Opened(item if is_too_deep(content) else content, Malformed(one.message, rev_id))
    if isinstance(one, Submission) and (one.rev_id, one.device_seq, one.device_id) != (
        rev_id,
        seq,
        device_id,
    ):
        return Opened(content, Malformed("The item is not the one that its envelope names.", rev_id))
    return opened


def _read_envelope(item: Any) -> tuple[str, int, str, bytes]:
    if not isinstance(item, dict):
        raise Malformed("The item is not an envelope.")
    rev_id, seq, kid, text = (item.get(name) for name in ("rev_id", "device_seq", "kid", "box"))
    if not isinstance(rev_id, str) or not UUID.fullmatch(rev_id):
        raise Malformed("The envelope’s “rev_id” is missing or not of the right kind.")
    if not isinstance(seq, int) or isinstance(seq, bool):
        raise Malformed("The envelope’s “device_seq” is missing or not of the right kind.", rev_id)
    if not isinstance(kid, str) or not kid.isascii():
        raise Malformed("The envelope’s “kid” is missing or not of the right kind.", rev_id)
    box = read_box(text) if isinstance(text, str) else None
    if box is None:
        raise Malformed("The envelope’s “box” is missing or not of the right kind.", rev_id)
    return rev_id, seq, kid, box
