"""The feed from which tablets learn what changed: who must hear of which record, in commit order.

One row for each (account, record): a later change moves the row to the end. Numbers are taken by the last
statements before the commit, from one counter row whose lock makes number order the order of commits, so a
reader that has seen number 42 can never later miss a smaller one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from sqlalchemy import ForeignKey, Index, Table, bindparam, delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from hvapp.store.accounts import Colleagues, Listener, ask_sharing_members
from hvapp.store.base import Base, Id, new_id
from hvapp.store.database import insert_unless_there
from hvapp.store.prepared import Adding, Prepared, without_waiting

_PENDING = "hvapp_changes"


class ChangeCounterRow(Base):
    __tablename__ = "change_counter"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    epoch: Mapped[str] = mapped_column(Id)
    value: Mapped[int]
    purged_through: Mapped[int] = mapped_column(default=0, server_default="0")


class ChangeRow(Base):
    __tablename__ = "change"
    __table_args__ = (Index(None, "account_id", "seq", unique=True),)

    account_id: Mapped[str] = mapped_column(Id, ForeignKey("account.id"), primary_key=True)
    record_type: Mapped[str] = mapped_column(primary_key=True)
    record_id: Mapped[str] = mapped_column(Id, primary_key=True)
    seq: Mapped[int]
    removed: Mapped[bool]
    changed_at: Mapped[datetime | None]


@dataclass(frozen=True)
class FeedState:
    """The feed's identity, its newest number, and the number through which removals have been forgotten.

    Before the first change: an empty epoch.
    """

    epoch: str
    high_water: int
    purged_through: int


@dataclass(frozen=True)
class Change:
    seq: int
    record_type: str
    record_id: str
    removed: bool


def announce(
    session: Session,
    listeners: Iterable[Listener | None],
    record_type: str,
    record_id: str,
    removed: bool = False,
) -> None:
    """Tell these, when the transaction commits, that a record changed (or left their caseload).

    Of what one account is told of the same record twice, the last holds.
    """
    pending: _Pending = session.info.setdefault(_PENDING, {})
    for listener in listeners:
        if listener is not None:
            key = (listener, record_type, record_id)
            pending.pop(key, None)
            pending[key] = removed


_Pending = dict[tuple[Listener, str, str], bool]

_change, _counter = cast(Table, ChangeRow.__table__), cast(Table, ChangeCounterRow.__table__)
_TAKE = Prepared(
    update(_counter)
    .where(_counter.c.id == 1)
    .values(value=_counter.c.value + bindparam("count"))
    .returning(_counter.c.value)
)
_FEED_STATE = Prepared(
    select(_counter.c.epoch, _counter.c.value, _counter.c.purged_through).where(_counter.c.id == 1)
)
EPOCH = select(_counter.c.epoch).where(_counter.c.id == 1).scalar_subquery()
"""The feed's identity, to be asked for with something else; none before the first change."""
_WRITE = Adding(
    _change,
    "account_id",
    "record_type",
    "record_id",
    "seq",
    "removed",
    "changed_at",
    conflict="(account_id, record_type, record_id) DO UPDATE"
    " SET seq = excluded.seq, removed = excluded.removed, changed_at = excluded.changed_at",
)


@dataclass(frozen=True)
class Numbered:
    """Changes with their numbers, still to be written: `more` is how many of these are still to be taken."""

    more: int
    rows: list[tuple[str, str, str, int, bool, datetime]]


def number(session: Session) -> Numbered | None:
    """Give every announced change its number; nobody else takes any until the commit. None if there are no changes."""
    pending: _Pending = session.info.pop(_PENDING, {})
    if not pending:
        return None
    teams = {one.team_id for one, *_ in pending if isinstance(one, Colleagues)}
    # Who shares is only known once the counter is held.
    count = 0 if teams else len(pending)
    with without_waiting(session):
        taking = _TAKE.asked(session, count=count)
        # Asked only now that nobody else can number: a team that has begun to share a moment ago has told of all that
        # was numbered before, and what is numbered after it has to go to everybody.
        sharing = ask_sharing_members(session, teams)
    if not (taken := taking()):
        ensure_epoch(session)
        taken = _TAKE.rows(session, count=count)
    [[last]] = taken
    told = _by_account(pending, sharing())
    now = datetime.now(UTC)
    first = last - count + 1
    rows = [(*key, seq, removed, now) for seq, (key, removed) in enumerate(told.items(), start=first)]
    return Numbered(len(rows) - count, rows)


def write(session: Session, numbered: Numbered | None) -> None:
    """The last thing a transaction does before its commit."""
    if numbered is not None:
        if numbered.more:
            _TAKE.asked(session, count=numbered.more)
        _WRITE.rows(session, numbered.rows)


def _by_account(pending: _Pending, members: dict[str, list[str]]) -> dict[tuple[str, str, str], bool]:
    found: dict[tuple[str, str, str], bool] = {}
    for (listener, record_type, record_id), removed in pending.items():
        accounts = members.get(listener.team_id, []) if isinstance(listener, Colleagues) else [listener]
        for account_id in accounts:
            key = (account_id, record_type, record_id)
            found.pop(key, None)
            found[key] = removed
    return found


def forget(session: Session) -> None:
    """Drop what was announced in a transaction that failed."""
    session.info.pop(_PENDING, None)


def ensure_epoch(session: Session) -> None:
    """Give a new feed its identity before the first change; inside a transaction."""
    if session.get(ChangeCounterRow, 1) is None:
        insert_unless_there(
            session, ChangeCounterRow, [{"id": 1, "epoch": new_id(), "value": 0, "purged_through": 0}]
        )


def begin_epoch(session: Session) -> str:
    """A new identity: every cursor given so far is refused from now on. Inside a transaction."""
    ensure_epoch(session)
    epoch = new_id()
    session.execute(update(ChangeCounterRow).values(epoch=epoch))
    return epoch


def feed_state(session: Session) -> FeedState:
    return next((FeedState(*row) for row in _FEED_STATE.rows(session)), FeedState("", 0, 0))


def purge_removals(session: Session, before: datetime) -> int:
    """Forget what left caseloads before this time; inside a transaction. Answers how many it was."""
    old = (ChangeRow.removed.is_(True), ChangeRow.changed_at < before)
    newest = session.scalar(select(func.max(ChangeRow.seq)).where(*old))
    if newest is None:
        return 0
    session.execute(
        update(ChangeCounterRow).where(ChangeCounterRow.purged_through < newest).values(purged_through=newest)
    )
    purged = session.execute(delete(ChangeRow).where(*old).returning(ChangeRow.seq)).all()
    return len(purged)


def changes_after(session: Session, account_id: str, seq: int, limit: int) -> list[Change]:
    rows = session.scalars(
        select(ChangeRow)
        .where(ChangeRow.account_id == account_id, ChangeRow.seq > seq)
        .order_by(ChangeRow.seq)
        .limit(limit)
        .execution_options(populate_existing=True)
    )
    return [Change(row.seq, row.record_type, row.record_id, row.removed) for row in rows]


def count_after(session: Session, account_id: str, seq: int) -> int:
    query = select(func.count()).where(ChangeRow.account_id == account_id, ChangeRow.seq > seq)
    return session.scalar(query) or 0
