"""Boxes that only this service can open: what a tablet seals, and the keys that open it.

HPKE (RFC 9180), base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. A box is the encapsulated key
followed by the ciphertext; what it is and where it comes from is bound in through `info`, so a box cannot be passed
off as another. Inside is JSON, compressed (raw deflate), because what is sealed no longer compresses.
"""

import base64
import binascii
import hashlib
import os
import zlib
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from hvapp.domain.canonical import read_json

MAX_INFLATED = 1024 * 1024
"""Bytes of JSON in one box. A long visit has some 20,000."""

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_RAW_DEFLATE = -15
_NONCE_BYTES = 12


class CannotOpen(Exception):
    """The box was not sealed to this key, or not as what it is said to be, or was changed on the way."""


class NotARecord(Exception):
    """The box opens, and what is inside is not JSON within the limits."""


@dataclass(frozen=True)
class PublicKey:
    """What tablets seal to. `kid` names it."""

    kid: str
    raw: bytes

    @property
    def text(self) -> str:
        return base64.b64encode(self.raw).decode()


def new_private_key() -> X25519PrivateKey:
    return X25519PrivateKey.generate()


def public_key_of(private_key: X25519PrivateKey) -> PublicKey:
    raw = private_key.public_key().public_bytes_raw()
    return PublicKey(hashlib.sha256(raw).hexdigest()[:16], raw)


def lock_private_key(private_key: X25519PrivateKey, kid: str, wrapping_key: bytes) -> bytes:
    """The private key as it is stored: readable only with the installation's secret."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(wrapping_key).encrypt(nonce, private_key.private_bytes_raw(), kid.encode())


def unlock_private_key(stored: bytes, kid: str, wrapping_key: bytes) -> X25519PrivateKey:
    """Raises CannotOpen when it was stored under another secret."""
    try:
        raw = AESGCM(wrapping_key).decrypt(stored[:_NONCE_BYTES], stored[_NONCE_BYTES:], kid.encode())
    except InvalidTag:
        raise CannotOpen from None
    return X25519PrivateKey.from_private_bytes(raw)


def seal(public_key: bytes, *, kind: str, id: str, device_id: str, plain: bytes) -> bytes:
    """A box as a tablet makes it; `plain` is JSON, not yet compressed."""
    deflate = zlib.compressobj(wbits=_RAW_DEFLATE)
    packed = deflate.compress(plain) + deflate.flush()
    key = X25519PublicKey.from_public_bytes(public_key)
    return _SUITE.encrypt(packed, key, info=_info(kind, id, device_id))


def open_box(private_key: X25519PrivateKey, box: bytes, *, kind: str, id: str, device_id: str) -> Any:
    """The JSON value inside. Raises CannotOpen or NotARecord."""
    try:
        packed = _SUITE.decrypt(box, private_key, info=_info(kind, id, device_id))
    except (InvalidTag, ValueError):
        raise CannotOpen from None
    try:
        return read_json(_inflate(packed))
    except (ValueError, RecursionError):
        raise NotARecord from None


def read_box(text: str) -> bytes | None:
    """The bytes of a box as it travels, in standard base64; None when it is not that."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _inflate(packed: bytes) -> bytes:
    inflate = zlib.decompressobj(wbits=_RAW_DEFLATE)
    try:
        plain = inflate.decompress(packed, MAX_INFLATED + 1)
    except zlib.error:
        raise NotARecord from None
    if len(plain) > MAX_INFLATED or not inflate.eof:
        raise NotARecord
    return plain


def _info(kind: str, id: str, device_id: str) -> bytes:
    return f"hvapp HV-Sync 1|{kind}|{id}|{device_id}".encode()
