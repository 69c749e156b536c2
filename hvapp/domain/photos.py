"""Photos of a visit: how an answer names them, how their pieces come up, and how one is opened.

A tablet encrypts each photo once, under a key of its own, as soon as it is taken. The key stands in the answer, so it
is sealed wherever the answer is: in the draft, in its spare copy and in the revision. What travels beside, and is kept
in the database, is the box: a nonce of 12 bytes and the ciphertext of AES-256-GCM, bound to the photo's id. Sealing a
visit therefore does nothing to its photos, and a visit that has to be sealed again names the same boxes.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hvapp.domain.errors import Invalid
from hvapp.domain.tablets import UUID

MOST_PHOTOS = 4
LONGEST_CAPTION = 200
MOST_BYTES = 8 * 1024 * 1024
"""Of one box. A photo of 1600 pixels has some 400,000."""
MOST_PIECE_BYTES = 256 * 1024

JPEG = "image/jpeg"

_SHA256 = re.compile(r"[0-9a-f]{64}")
_RANGE = re.compile(r"bytes (?:\*|([0-9]{1,8})-([0-9]{1,8}))/([0-9]{1,8})")
_NONCE_BYTES = 12
_KEY_BYTES = 32
_JPEG_START = b"\xff\xd8\xff"


class CannotShow(Exception):
    """The box is not this photo's, or what is in it is no photo."""


@dataclass(frozen=True)
class Photo:
    """One photo as an answer names it. `sha256` and `bytes` are the box's; `key` opens it, in base64."""

    id: str
    sha256: str
    bytes: int
    key: str
    caption: str


@dataclass(frozen=True)
class Span:
    """Where a piece belongs in a box of `total` bytes: from `first`, `length` bytes. Nothing, where it only asks."""

    first: int
    length: int
    total: int


def read_photo(value: Any) -> Photo | None:
    """The photo that this part of an answer names; None when it names none."""
    if not isinstance(value, Mapping) or value.get("type") != JPEG:
        return None
    id, sha256, key, caption = (value.get(name) for name in ("id", "sha256", "key", "caption"))
    size = value.get("bytes")
    texts = all(isinstance(one, str) for one in (id, sha256, key, caption))
    if not texts or not isinstance(size, int) or isinstance(size, bool) or not 0 < size <= MOST_BYTES:
        return None
    photo = Photo(str(id), str(sha256), size, str(key), str(caption))
    known = UUID.fullmatch(photo.id) and _SHA256.fullmatch(photo.sha256)
    return photo if known and 0 < len(photo.key) <= 64 else None


def read_span(header: str | None, body_bytes: int) -> Span:
    """From a Content-Range: `bytes 0-99/250` for a piece, `bytes */250` to ask how far it has come. Raises Invalid."""
    found = _RANGE.fullmatch(header or "")
    if found is None:
        raise Invalid("The tablet did not say which piece of the photo it sends. It is still on the tablet.")
    first, last, total = found[1], found[2], int(found[3])
    if total > MOST_BYTES:
        raise Invalid(
            f"A photo can have at most {MOST_BYTES // 1024 // 1024} MB, and this one is larger, so it was not taken. "
            "It is still on the tablet.",
            "photo_too_large",
        )
    span = Span(int(first), int(last) - int(first) + 1, total) if first else Span(0, 0, total)
    if (
        total == 0
        or span.length != body_bytes
        or span.first + span.length > total
        or (first and body_bytes <= 0)
    ):
        raise Invalid("The piece of the photo did not arrive whole. It is still on the tablet.")
    return span


def open_photo(photo: Photo, box: bytes) -> bytes:
    """The JPEG inside. Raises CannotShow."""
    try:
        key = base64.b64decode(photo.key, validate=True)
        if len(key) != _KEY_BYTES:
            raise CannotShow
        plain = AESGCM(key).decrypt(box[:_NONCE_BYTES], box[_NONCE_BYTES:], _bound_to(photo.id))
    except (binascii.Error, InvalidTag, ValueError):
        raise CannotShow from None
    if not plain.startswith(_JPEG_START):
        raise CannotShow
    return plain


def seal_photo(id: str, key: bytes, nonce: bytes, plain: bytes) -> bytes:
    """A box as a tablet makes it."""
    return nonce + AESGCM(key).encrypt(nonce, plain, _bound_to(id))


def missing_words(number: int) -> str:
    """ "1 photo has not arrived yet. …" """
    them = "It is" if number == 1 else "They are"
    have = "1 photo has" if number == 1 else f"{number} photos have"
    return f"{have} not arrived yet. {them} sent when the tablet next has a connection."


def _bound_to(id: str) -> bytes:
    return f"hvapp photo|{id}".encode()
