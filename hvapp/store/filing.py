"""What filing an arriving revision has to know, and how it is written.

Every push does this, so nothing here loads a row as an object, and what every push asks is prepared.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter, itemgetter
from typing import Any, cast

from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.orm import Session

from hvapp.store.database import insert_unless_there
from hvapp.store.prepared import Adding, Prepared, among, without_waiting
from hvapp.store.visits import ReceiptCounterRow, RevisionRow, VisitRow, await_judgement

_visit, _revision = cast(Table, VisitRow.__table__), cast(Table, RevisionRow.__table__)
_counter = cast(Table, ReceiptCounterRow.__table__)


@dataclass
class VisitHead:
    """The part of a visit that new revisions move."""

    id: str
    child_id: str | None
    pregnancy_id: str | None
    author_id: str
    team_id: str
    contact_type: str
    state: str
    head_revision_id: str
    occurred_at: datetime
    received_at: datetime


@dataclass(frozen=True)
class Lineage:
    """Where a revision stands among the others of its visit."""

    revision_id: str
    parents: tuple[str, ...]
    child_ref: str
    author_id: str
    apart: bool
    passing: bool = False  # the server put it together, and nobody has chosen anything


@dataclass(frozen=True)
class Kept:
    """A revision on file, as its receipt says. `flags` may still grow while its batch is filed."""

    sha256: str
    seq: int
    received_at: datetime
    flags: list[str]


_HOLD = Prepared(select(_counter.c.value).with_for_update())
_SET_RECEIPTS = Prepared(update(_counter).values(value=bindparam("newest")))
_TAKE_RECEIPTS = Prepared(
    update(_counter).values(value=_counter.c.value + bindparam("count")).returning(_counter.c.value)
)
_KEPT = Prepared(
    select(
        _revision.c.id,
        _revision.c.sha256,
        _revision.c.receipt_seq,
        _revision.c.received_at,
        _revision.c.flags,
    ).where(among(_revision.c.id, "ids"))
)
_HEAD = [one.name for one in fields(VisitHead)]
_values = attrgetter(*_HEAD)
_MOVING = ("child_id", "pregnancy_id", "team_id", "state", "head_revision_id", "occurred_at", "received_at")
_HEADS = Prepared(
    select(*(_visit.c[name] for name in _HEAD))
    .where(among(_visit.c.id, "ids"))
    .order_by(_visit.c.id)
    .with_for_update()
)
_LINEAGE = (
    select(
        _revision.c.visit_id,
        _revision.c.id,
        _revision.c.parent_id,
        _revision.c.merged_from,
        _revision.c.settled_by_id,
        _revision.c.child_ref,
        _revision.c.author_id,
        _revision.c.apart,
    )
    .where(_revision.c.visit_id.in_(bindparam("ids", expanding=True)))
    .order_by(_revision.c.receipt_seq)
)
_MOVED = Prepared(
    select(_revision.c.id, _revision.c.visit_id).where(
        among(_revision.c.id, "ids"), _revision.c.moved_from.is_not(None)
    )
)
_REVISION = (
    "id",
    "visit_id",
    "parent_id",
    "author_id",
    "device_id",
    "device_seq",
    "child_ref",
    "form_id",
    "form_version",
    "sha256",
    "body",
    "flags",
    "occurred_at",
    "received_at",
    "receipt_seq",
    "apart",
    "moved_from",
)
_in_order = itemgetter(*_REVISION)
_ADD_VISITS, _ADD_REVISIONS = Adding(_visit, *_HEAD), Adding(_revision, *_REVISION)
_MOVE_VISITS = (
    update(_visit)
    .where(_visit.c.id == bindparam("visit"))
    .values({name: bindparam(f"new_{name}", type_=_visit.c[name].type) for name in _MOVING})
)


def hold_filing(session: Session) -> int:
    """Keep pushes waiting until the commit, as they keep each other: nothing is filed meanwhile.

    Taken before any other lock by pushes, and by whoever changes where visits belong or adds versions (see
    hvapp.store.database). Answers the newest receipt number.
    """
    with without_waiting(session):  # for the beginning of the transaction, which goes there with it
        asked = _HOLD.asked(session)
    if not (held := asked()):
        insert_unless_there(session, ReceiptCounterRow, [{"id": 1, "value": 0}])
        held = _HOLD.rows(session)
    [[newest]] = held
    return int(newest)


def note_newest_receipt(session: Session, newest: int) -> None:
    """What is the newest receipt number now. Only for whoever holds filing, and knows what it was before."""
    _SET_RECEIPTS.rows(session, newest=newest)


def next_receipt_numbers(session: Session, count: int) -> int:
    """Take `count` receipt numbers, and keep other pushes waiting until the commit; answers the first."""
    if not (taken := _TAKE_RECEIPTS.rows(session, count=count)):
        hold_filing(session)
        taken = _TAKE_RECEIPTS.rows(session, count=count)
    [[last]] = taken
    first: int = last - count + 1
    return first


def ask_kept_revisions(session: Session, ids: Iterable[str]) -> Callable[[], dict[str, Kept]]:
    """Those of these revisions that are on file."""
    rows = _KEPT.asked(session, ids=sorted(ids))
    return lambda: {revision_id: Kept(*rest) for revision_id, *rest in rows()}


def ask_visit_heads(session: Session, ids: Iterable[str]) -> Callable[[], dict[str, VisitHead]]:
    """Those of these visits that are on file, locked against other writers where the engine locks rows."""
    rows = _HEADS.asked(session, ids=sorted(ids))
    return lambda: {row[0]: VisitHead(*row) for row in rows()}


def lineage_of(session: Session, visit_ids: Iterable[str]) -> dict[str, list[Lineage]]:
    """The revisions of these visits in the order received."""
    wanted = sorted(visit_ids)
    found: dict[str, list[Lineage]] = {}
    for row in session.execute(_LINEAGE, {"ids": wanted}) if wanted else ():
        line = Lineage(
            revision_id=row.id,
            parents=tuple(filter(None, (row.parent_id, *(row.merged_from or ())))),
            child_ref=row.child_ref,
            author_id=row.author_id,
            apart=row.apart,
            passing=row.merged_from is not None and row.settled_by_id is None,
        )
        found.setdefault(row.visit_id, []).append(line)
    return found


def moved_visits_of(session: Session, revision_ids: Iterable[str]) -> dict[str, str]:
    """Where those of these revisions are filed that a supervisor has made another visit of, by the revision's id."""
    wanted = sorted(revision_ids)
    return dict(_MOVED.rows(session, ids=wanted)) if wanted else {}


def add_visits(session: Session, visits: Iterable[VisitHead]) -> None:
    _ADD_VISITS.rows(session, [_values(visit) for visit in visits])


def move_visits(session: Session, visits: Iterable[VisitHead]) -> None:
    rows = [
        {"visit": visit.id} | {f"new_{name}": getattr(visit, name) for name in _MOVING} for visit in visits
    ]
    if rows:
        session.connection().execute(_MOVE_VISITS, rows)


def add_revisions(session: Session, rows: list[dict[str, Any]]) -> None:
    """Raises IntegrityError if one of them is on file already."""
    if rows:
        _ADD_REVISIONS.rows(session, [_in_order(row) for row in rows])
        await_judgement(session, [row["id"] for row in rows])
