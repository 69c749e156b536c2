"""Telling a tablet whether what it believes delivered is here, so that it may let go of its own copy."""

import hashlib
from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from sqlalchemy.orm import Session

from hvapp.domain.tablets import TabletId
from hvapp.store.visits import sealed_between


@dataclass(frozen=True)
class Range:
    """A tablet's revisions by its own numbers, both ends included, and its digest of them."""

    first: int
    last: int
    digest: str


def digest_of(revisions: list[tuple[int, str, str]]) -> str:
    """SHA-256 of a line `<device_seq> <rev_id> <sha256>` for each revision, in the order of the numbers."""
    lines = "".join(f"{seq} {rev_id} {sha256}\n" for seq, rev_id, sha256 in revisions)
    return hashlib.sha256(lines.encode()).hexdigest()


def held(session: Session, tablet: TabletId, ranges: list[Range]) -> list[bool]:
    """For each range, whether exactly those revisions of this tablet are on file."""
    if not ranges:
        return []
    found = sealed_between(
        session,
        tablet.device_id,
        tablet.account_id,
        min(one.first for one in ranges),
        max(one.last for one in ranges),
    )
    numbers = [number for number, _, _ in found]
    return [
        digest_of(found[bisect_left(numbers, one.first) : bisect_right(numbers, one.last)]) == one.digest
        for one in ranges
    ]
