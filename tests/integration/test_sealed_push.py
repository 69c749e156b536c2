"""Sealed items: opened by the service alone, as what they were sealed as, and answered one by one."""

import base64
import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hvapp.domain import sealing
from hvapp.domain.accounts import Account
from hvapp.store.keys import SealingKeyRow
from hvapp.store.visits import QuarantineRow, RevisionRow
from tests.support.client import Tablet, new_id
from tests.support.world import World


def count(session: Session, row: type) -> int:
    return session.scalar(select(func.count()).select_from(row)) or 0


def altered(box: str) -> str:
    raw = bytearray(base64.b64decode(box))
    raw[-1] ^= 1
    return base64.b64encode(bytes(raw)).decode()


def test_what_travels_holds_nothing_readable(tablet: Tablet, world: World) -> None:
    revision = tablet.revision(world)

    travels = base64.b64decode(tablet.envelope(revision)["box"])

    for readable in (revision["rev_id"], world.child_id, "new_birth", "answers"):
        assert readable.encode() not in travels
        assert zlib.compress(readable.encode()) not in travels


UNOPENED: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "a key that is not ours": lambda one: one | {"kid": "0" * 16},
    "a key that is no key": lambda one: one | {"kid": ""},
    "one bit turned": lambda one: one | {"box": altered(one["box"])},
    "cut short": lambda one: one | {"box": one["box"][:40]},
    "nothing at all": lambda one: one | {"box": ""},
    "the box of another item": lambda one: one | {"rev_id": new_id()},
}


@pytest.mark.parametrize("change", UNOPENED.values(), ids=UNOPENED)
def test_what_no_key_opens_is_kept_once_and_may_be_sealed_again(
    tablet: Tablet, world: World, session: Session, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    revision = tablet.revision(world)
    bad, good = change(tablet.envelope(revision)), tablet.envelope(tablet.revision(world))

    refused, stored = tablet.push_sealed(bad, good)
    tablet.push_sealed(bad)

    assert (refused["result"], stored["result"]) == ("rejected:key", "stored")
    assert refused["rev_id"] == bad["rev_id"] and refused["receipt"] is None
    assert "tablet keeps the visit" in refused["message"]
    kept = session.scalars(select(QuarantineRow)).one()
    assert (kept.reason, json.loads(kept.body)) == ("key", bad)
    assert tablet.push(revision)[0]["result"] == "stored"


def test_a_box_is_good_on_its_own_tablet_only(
    tablet: Tablet, tablet_of: Callable[[Account], Tablet], world: World, session: Session
) -> None:
    envelope = tablet.envelope(tablet.revision(world))

    [result] = tablet_of(world.ben).push_sealed(envelope)

    assert result["result"] == "rejected:key"
    assert count(session, RevisionRow) == 0


def test_a_draft_is_not_taken_for_a_visit(tablet: Tablet, world: World) -> None:
    revision = tablet.revision(world)
    box = tablet.seal("draft", revision["rev_id"], json.dumps(revision).encode())

    [result] = tablet.push_sealed({"rev_id": revision["rev_id"], "device_seq": 1} | box)

    assert result["result"] == "rejected:key"


MISFITS: dict[str, dict[str, Any]] = {
    "another number": {"device_seq": 999},
    "no number": {"device_seq": None},
    "a number that is text": {"device_seq": "1"},
    "no id": {"rev_id": None},
    "an id that is none": {"rev_id": "../x"},
    "a key that is a list": {"kid": ["x"]},
    "a box that is not base64": {"box": "!!!"},
    "a box with line breaks": {"box": "AAAA\nAAAA"},
    "half a character": {"kid": "\ud800", "box": "\udfff"},
}


@pytest.mark.parametrize("change", MISFITS.values(), ids=MISFITS)
def test_an_envelope_that_does_not_fit_is_kept_and_told_so(
    tablet: Tablet, world: World, session: Session, change: dict[str, Any]
) -> None:
    envelope = tablet.envelope(tablet.revision(world)) | change

    refused, stored = tablet.push_sealed(envelope, tablet.envelope(tablet.revision(world)))

    assert (refused["result"], stored["result"]) == ("rejected:malformed", "stored")
    assert count(session, QuarantineRow) == count(session, RevisionRow) == 1


@pytest.mark.parametrize(
    "plain",
    [b"", b"{not json", b"\xff\xfe", b'{"a": ' + b"[" * 100_000, b'"' + b"x" * sealing.MAX_INFLATED + b'"'],
    ids=["nothing", "no JSON", "no text", "no bottom", "too long"],
)
def test_a_box_with_no_record_in_it_is_kept_as_it_came(
    tablet: Tablet, session: Session, plain: bytes
) -> None:
    envelope = tablet.envelope_of_bytes(plain, rev_id=new_id(), device_seq=1)

    [result] = tablet.push_sealed(envelope)

    assert (result["result"], result["rev_id"]) == ("rejected:malformed", envelope["rev_id"])
    assert json.loads(session.scalars(select(QuarantineRow)).one().body) == envelope


def test_a_box_that_inflates_without_end_costs_no_more_than_the_limit(
    tablet: Tablet, session: Session
) -> None:
    plain = b'"' + b"0" * (64 * 1024 * 1024) + b'"'

    [result] = tablet.push_sealed(tablet.envelope_of_bytes(plain, rev_id=new_id(), device_seq=1))

    assert result["result"] == "rejected:malformed"


def test_an_item_on_another_tablets_account_is_malformed_not_filed(
    tablet: Tablet, world: World, session: Session
) -> None:
    [result] = tablet.push(tablet.revision(world, device_id=new_id()))

    assert result["result"] == "rejected:malformed"
    assert "envelope names" in result["message"]
    assert count(session, RevisionRow) == 0


def test_numbers_beyond_what_a_column_holds_are_refused_by_name(tablet: Tablet, world: World) -> None:
    refused, stored = tablet.push(tablet.revision(world, device_seq=2**31), tablet.revision(world))

    assert (refused["result"], stored["result"]) == ("rejected:malformed", "stored")
    assert "device_seq" in refused["message"]


def test_private_keys_are_not_stored_in_the_clear(tablet: Tablet, session: Session) -> None:
    tablet.register()

    row = session.scalars(select(SealingKeyRow)).one()

    assert base64.b64decode(tablet.sealing_key["key"]) == row.public_key
    with pytest.raises(sealing.CannotOpen):
        sealing.unlock_private_key(row.private_key, row.kid, b"x" * 32)
