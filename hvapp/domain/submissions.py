"""A revision of a visit as a tablet sends it, and what the server answers to each."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from hvapp.domain.canonical import sha256_hex
from hvapp.domain.tablets import UUID
from hvapp.domain.withdrawals import Withdrawal, read_withdrawal

_CODE = re.compile(r"[a-z0-9_]{1,60}")
_HASH = re.compile(r"[0-9a-f]{64}")

# What a tablet's clock can show; beyond, there are instants that cannot even be put into England's time.
_YEARS = range(1900, 2200)

_PAYLOAD_PARTS = ("answers", "confirmed", "alert_responses", "derived", "context")


class Result(StrEnum):
    """What became of one item of a batch. Stored and duplicate are safe to tick off on the tablet."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    REJECTED_HASH = "rejected:hash"
    REJECTED_MALFORMED = "rejected:malformed"
    REJECTED_KEY = "rejected:key"


class Malformed(Exception):
    """An item that is not a revision at all; `rev_id` where one could be read."""

    def __init__(self, message: str, rev_id: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.rev_id = rev_id


@dataclass(frozen=True)
class Submission:
    rev_id: str
    visit_id: str
    parent_rev: str | None
    base_rev: str | None
    form_id: str
    form_version: int
    definition_hash: str
    child_id: str
    contact_type: str
    device_id: str
    device_seq: int
    occurred_at: datetime
    sealed_at: datetime
    clock_offset_ms: int | None
    payload: dict[str, Any]
    author_id: str | None
    sha256: str
    intact: bool  # whether the content still has the hash it was sealed with
    body: dict[str, Any]
    withdrawal: Withdrawal | None = None

    @classmethod
    def from_json(cls, item: Any) -> "Submission":
        """Read one item of a batch. Raises Malformed, naming the part that is wrong, never its content."""
        if not isinstance(item, dict):
            raise Malformed("The item is not a record.")
        rev_id = item.get("rev_id")
        reader = _Reader(item, rev_id if isinstance(rev_id, str) and UUID.fullmatch(rev_id) else None)
        try:
            # The costly part of reading: done once, for the kinds of values and for the hash.
            digest = sha256_hex({key: value for key, value in item.items() if key != "sha256"})
        except (TypeError, UnicodeEncodeError):
            raise Malformed(
                "The item holds a value of a kind that records do not have.", reader.rev_id
            ) from None
        return cls(
            rev_id=reader.id("rev_id"),
            visit_id=reader.id("visit_id"),
            parent_rev=reader.optional_id("parent_rev"),
            base_rev=reader.optional_id("base_rev"),
            form_id=reader.code("form_id"),
            form_version=reader.integer("form_version"),
            definition_hash=reader.text("definition_hash", 64),
            child_id=reader.id("child_id"),
            contact_type=reader.code("contact_type"),
            device_id=reader.id("device_id"),
            device_seq=reader.integer("device_seq"),
            occurred_at=reader.instant("occurred_at"),
            sealed_at=reader.instant("sealed_at"),
            clock_offset_ms=reader.optional_integer("clock_offset_ms"),
            payload=reader.payload(),
            withdrawal=reader.withdrawal(),
            author_id=reader.optional_id("author_id"),
            sha256=(sealed_as := reader.hash("sha256")),
            intact=sealed_as == digest,
            body=item,
        )


class _Reader:
    def __init__(self, item: dict[str, Any], rev_id: str | None) -> None:
        self.item = item
        self.rev_id = rev_id

    def fail(self, name: str) -> Malformed:
        return Malformed(f"The item's “{name}” is missing or not of the right kind.", self.rev_id)

    def id(self, name: str) -> str:
        value = self.item.get(name)
        if isinstance(value, str) and UUID.fullmatch(value):
            return value
        raise self.fail(name)

    def optional_id(self, name: str) -> str | None:
        return None if self.item.get(name) is None else self.id(name)

    def code(self, name: str) -> str:
        value = self.item.get(name)
        if isinstance(value, str) and _CODE.fullmatch(value):
            return value
        raise self.fail(name)

    def text(self, name: str, limit: int) -> str:
        value = self.item.get(name)
        if isinstance(value, str) and 0 < len(value) <= limit:
            return value
        raise self.fail(name)

    def hash(self, name: str) -> str:
        value = self.item.get(name)
        if isinstance(value, str) and _HASH.fullmatch(value):
            return value
        raise self.fail(name)

    def integer(self, name: str) -> int:
        value = self.item.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31:
            return value
        raise self.fail(name)

    def optional_integer(self, name: str) -> int | None:
        value = self.item.get(name)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53:
            return value
        raise self.fail(name)

    def instant(self, name: str) -> datetime:
        value = self.item.get(name)
        if isinstance(value, str):
            try:
                parsed = datetime.fromisoformat(value)
                if parsed.tzinfo is not None and parsed.year in _YEARS:
                    return parsed.astimezone(UTC)
            except (ValueError, OverflowError):
                pass
        raise self.fail(name)

    def withdrawal(self) -> Withdrawal | None:
        try:
            return read_withdrawal(self.item)
        except ValueError:
            raise self.fail("withdrawal") from None

    def payload(self) -> dict[str, Any]:
        """The payload; each of its parts is an object where it is there at all."""
        value = self.item.get("payload")
        if not isinstance(value, dict):
            raise self.fail("payload")
        for part in _PAYLOAD_PARTS:
            if not isinstance(value.get(part, {}), dict):
                raise self.fail(f"payload.{part}")
        return value


@dataclass(frozen=True)
class Receipt:
    """Proof that the server holds a revision: its number, the time, and a code only the server can make."""

    seq: int
    received_at: datetime
    mac: str

    @classmethod
    def sign(cls, key: bytes, *, rev_id: str, sha256: str, seq: int, received_at: datetime) -> "Receipt":
        text = f"{rev_id}|{sha256}|{seq}|{received_at.astimezone(UTC).isoformat()}"
        return cls(seq, received_at, hmac.new(key, text.encode(), hashlib.sha256).hexdigest())


@dataclass(frozen=True)
class ItemResult:
    rev_id: str | None
    result: Result
    message: str
    flags: tuple[str, ...] = ()
    receipt: Receipt | None = None
    child_id: str | None = None  # the child it was filed under, where that is not the one it names
