"""The feed from which tablets learn what changed: who must hear of which record, in commit order.

One row for each (account, record): a later change moves the row to the end. Numbers are taken by the last
statements before the commit, from one counter row whose lock makes number order the order of commits, so a
reader that has seen number 42 can never later miss a smaller one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from sqlalchemy import ForeignKey, Index, Table, bindparam, delete, func, insert, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from hvapp.store.base import Base, Id, new_id
from hvapp.store.database import insert_unless_there

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
    account_ids: Iterable[str | None],
    record_type: str,
    record_id: str,
    removed: bool = False,
) -> None:
    """Tell these accounts, when the transaction commits, that a record changed (or left their caseload)."""
    pending: dict[tuple[str, str, str], bool] = session.info.setdefault(_PENDING, {})
    for account_id in account_ids:
        if account_id is not None:
            key = (account_id, record_type, record_id)
            pending.pop(key, None)
            pending[key] = removed


def number(session: Session) -> None:
    """Give every announced change its number. The last thing a transaction does before its commit."""
    pending: dict[tuple[str, str, str], bool] = session.info.pop(_PENDING, {})
    if not pending:
        return
    session.flush()
    first = _take_numbers(session, len(pending))
    now = datetime.now(UTC)
    keys = [
        {"account": account_id, "type": record_type, "record": record_id}
        for account_id, record_type, record_id in pending
    ]
    table = cast(Table, ChangeRow.__table__)
    session.connection().execute(
        delete(table).where(
            table.c.account_id == bindparam("account"),
            table.c.record_type == bindparam("type"),
            table.c.record_id == bindparam("record"),
        ),
        keys,
    )
    session.execute(
        insert(ChangeRow),
        [
            {
                "account_id": key[0],
                "record_type": key[1],
                "record_id": key[2],
                "seq": seq,
                "removed": removed,
                "changed_at": now,
            }
            for seq, (key, removed) in enumerate(pending.items(), start=first)
        ],
    )


def _take_numbers(session: Session, count: int) -> int:
    """Take `count` numbers and keep everybody else from taking any until the commit; answers the first."""
    take = (
        update(ChangeCounterRow)
        .values(value=ChangeCounterRow.value + count)
        .returning(ChangeCounterRow.value)
    )
    last = session.execute(take).scalar_one_or_none()
    if last is None:
        insert_unless_there(session, ChangeCounterRow, [{"id": 1, "epoch": new_id(), "value": 0}])
        last = session.execute(take).scalar_one()
    return last - count + 1


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
    row = session.get(ChangeCounterRow, 1, populate_existing=True)
    return FeedState(row.epoch, row.value, row.purged_through) if row else FeedState("", 0, 0)


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
