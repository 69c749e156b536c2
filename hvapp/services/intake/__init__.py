"""Taking in what tablets send: each item answered on its own, the batch committed once.

What is known is read once for the whole batch, every item is decided in memory, and the rows are written in
bulk (services.intake.desk). Checking the answers against the form comes later (services.judging): a receipt must not
wait for it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hvapp.domain.accounts import Author
from hvapp.domain.envelopes import FindKey, Opened, open_envelope, read_plain
from hvapp.domain.errors import UnknownTablet
from hvapp.domain.forms import FormLibrary
from hvapp.domain.submissions import ItemResult, Submission
from hvapp.domain.tablets import Standing, TabletId
from hvapp.services.intake.desk import Desk, OpenDesk, Sender
from hvapp.store.devices import Met, ask_to_meet
from hvapp.store.filing import hold_filing, note_newest_receipt
from hvapp.store.prepared import without_waiting
from hvapp.store.together import Jobs, Line
from hvapp.store.transaction import transaction

Entry = tuple[Sender, Opened]
Take = Callable[[Session, list[Entry], int, OpenDesk], list[ItemResult]]


@dataclass(frozen=True)
class Taken:
    """What became of each envelope, in order, and what the tablet is to be told besides."""

    results: list[ItemResult]
    standing: Standing


def receive_sealed(
    session: Session,
    *,
    tablet: TabletId,
    items: list[Any],
    find_key: FindKey,
    forms: FormLibrary,
    receipt_key: bytes,
    now: datetime,
) -> Taken:
    """Take in a tablet's envelopes. Everything accepted is on disk when this returns.

    Raises UnknownTablet when there is no such account here.
    """
    # Opening costs time that no other writer should wait for.
    opened = [open_envelope(item, tablet.device_id, find_key) for item in items]
    batch = _Batch(tablet, opened, forms, receipt_key, now)
    _line_of(session).do(session, batch)
    if batch.taken is None:
        raise UnknownTablet
    return batch.taken


@dataclass
class _Batch:
    """What one request brought. `taken` is None until it is filed, and stays so where the tablet is not known."""

    tablet: TabletId
    opened: list[Opened]
    forms: FormLibrary
    receipt_key: bytes
    now: datetime
    taken: Taken | None = None

    def sender(self, met: Met) -> Sender:
        author = Author(self.tablet.account_id, met.team_id)
        return Sender(author, self.forms, self.receipt_key, self.now, met.revoked, self.tablet.device_id)


_lines: dict[int, Line[_Batch]] = {}


def _line_of(session: Session) -> Line[_Batch]:
    """The line of those who write to this database."""
    return _lines.setdefault(id(session.get_bind()), Line(_receive))


def _receive(session: Session, jobs: Jobs[_Batch]) -> None:
    try:
        _receive_with(session, jobs, _take)
    except IntegrityError:
        # Something is on file that was not there a moment ago: slowly now, each item in its own savepoint.
        _receive_with(session, jobs, _take_each)


def _receive_with(session: Session, jobs: Jobs[_Batch], take: Take) -> None:
    with transaction(session) as session:
        newest = hold_filing(session)
        batches = jobs()
        with without_waiting(session):
            meeting = _ask_to_meet(session, batches)
            desk = Desk.ask(session, [one for batch in batches for one in batch.opened])
        met = meeting()
        known = [batch for batch in batches if batch.tablet in met]
        senders = [(batch.sender(met[batch.tablet]), batch.opened) for batch in known]
        entries = [(sender, one) for sender, opened in senders for one in opened]
        results = iter(take(session, entries, newest + 1, desk))
        filed = [(batch, [next(results) for _ in batch.opened]) for batch in known]
    for batch, own in filed:
        batch.taken = Taken(own, met[batch.tablet].standing)


def _ask_to_meet(session: Session, batches: list[_Batch]) -> Callable[[], dict[TabletId, Met]]:
    clocks: dict[TabletId, int | None] = {}
    for batch in batches:
        offset = _newest_clock(batch.opened)
        clocks[batch.tablet] = clocks.get(batch.tablet) if offset is None else offset
    return ask_to_meet(session, clocks, max(batch.now for batch in batches))


def _newest_clock(opened: list[Opened]) -> int | None:
    """How far the tablet's clock was off when it sealed the last of these; None when it did not know."""
    read = [one.found for one in opened if isinstance(one.found, Submission)]
    return max(read, key=lambda one: one.device_seq).clock_offset_ms if read else None


def receive_plain(
    session: Session,
    *,
    author: Author,
    items: list[Any],
    forms: FormLibrary,
    receipt_key: bytes,
    now: datetime,
) -> list[ItemResult]:
    """The same for revisions made on this machine, which nobody had to seal."""
    sender = Sender(author, forms, receipt_key, now)
    with transaction(session) as session:
        newest = hold_filing(session)
        entries = [(sender, read_plain(item)) for item in items]
        return _take(session, entries, newest + 1, Desk.ask(session, [one for _, one in entries]))


def _take(session: Session, entries: list[Entry], first: int, open_desk: OpenDesk) -> list[ItemResult]:
    return _take_at(open_desk(), session, entries, first, newest=first + len(entries) - 1)


def _take_each(session: Session, entries: list[Entry], first: int, _desk: OpenDesk) -> list[ItemResult]:
    # What the server makes itself meanwhile is numbered after all of them.
    note_newest_receipt(session, first + len(entries) - 1)
    return [_take_alone(session, entry, first + index) for index, entry in enumerate(entries)]


def _take_alone(session: Session, entry: Entry, seq: int) -> ItemResult:
    try:
        with session.begin_nested():
            return _take_at(Desk.ask(session, [entry[1]])(), session, [entry], seq)[0]
    except IntegrityError:
        # It was the one; now that it is on file it is a duplicate like any other.
        return _take_at(Desk.ask(session, [entry[1]])(), session, [entry], seq)[0]


def _take_at(
    desk: Desk, session: Session, entries: list[Entry], first: int, newest: int | None = None
) -> list[ItemResult]:
    """`newest`: the receipt number to note, unless that was done before."""
    results = [desk.take(session, sender, one, first + index) for index, (sender, one) in enumerate(entries)]
    desk.write(session, newest)
    return [desk.told(result) for result in results]
