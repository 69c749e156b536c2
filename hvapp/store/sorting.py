"""What supervisors did with work that could not be filed by itself, so that it can be read back and undone."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Text, delete, func, select
from sqlalchemy.orm import Mapped, Session, defer, joinedload, mapped_column, relationship

from hvapp.store.accounts import AccountRow
from hvapp.store.audit import AuditRow, write_audit
from hvapp.store.base import Base, Id, new_id
from hvapp.store.visits import JudgementRow, QuarantineRow, await_judgement

_RESTRICTED = "restricted_opened"


class SortingActRow(Base):
    """What a supervisor did with something that needed sorting out, with all it takes to undo it.

    `subject_type`: visit, or item for what is in quarantine. `before`: what the act replaced.
    """

    __tablename__ = "sorting_act"
    __table_args__ = (Index(None, "team_id", "at"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    team_id: Mapped[str] = mapped_column(Id, ForeignKey("team.id"))
    subject_type: Mapped[str]
    subject_id: Mapped[str] = mapped_column(Id, index=True)
    act: Mapped[str]
    reason: Mapped[str | None] = mapped_column(Text)
    before: Mapped[dict[str, Any]]
    account_id: Mapped[str | None] = mapped_column(Id, ForeignKey("account.id"))  # None: the service itself
    at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
    undone_by_id: Mapped[str | None] = mapped_column(Id, ForeignKey("account.id"))

    account: Mapped[AccountRow | None] = relationship(foreign_keys=[account_id])


@dataclass(frozen=True)
class Pile:
    """What one tablet of one person left for one reason: a faulty tablet may leave thousands, and it is one line."""

    reason: str
    device_id: str | None
    sender_id: str
    sender_name: str
    count: int
    latest: datetime


def record_act(
    session: Session,
    *,
    by_id: str | None,
    team_id: str,
    subject_type: str,
    subject_id: str,
    act: str,
    reason: str | None,
    before: dict[str, Any],
    now: datetime,
) -> SortingActRow:
    """Write an act down, and on the audit trail."""
    row = SortingActRow(
        id=new_id(),
        team_id=team_id,
        subject_type=subject_type,
        subject_id=subject_id,
        act=act,
        reason=reason,
        before=before,
        account_id=by_id,
        at=now,
    )
    session.add(row)
    write_audit(
        session,
        at=now,
        account_id=by_id,
        action=f"sorted_{act}",
        subject_type=subject_type,
        subject_id=subject_id,
        detail=reason,
    )
    session.flush()
    return row


def act_to_undo(session: Session, act_id: str) -> SortingActRow | None:
    return session.get(SortingActRow, act_id, with_for_update=True, populate_existing=True)


def standing_act(session: Session, subject_id: str) -> SortingActRow | None:
    """The last thing done with this visit or item that was not undone."""
    return session.scalars(
        select(SortingActRow)
        .where(SortingActRow.subject_id == subject_id, SortingActRow.undone_at.is_(None))
        .order_by(SortingActRow.at.desc())
        .limit(1)
    ).one_or_none()


def latest_acts(session: Session, team_id: str, limit: int) -> list[SortingActRow]:
    """Newest first, with who did it."""
    return list(
        session.scalars(
            select(SortingActRow)
            .where(SortingActRow.team_id == team_id)
            .order_by(SortingActRow.at.desc())
            .limit(limit)
            .options(joinedload(SortingActRow.account))
        )
    )


def open_piles(session: Session, team_id: str) -> list[Pile]:
    """What the people of a team sent, could not be filed and nobody has dealt with; newest first."""
    count, latest = func.count(QuarantineRow.id), func.max(QuarantineRow.received_at)
    rows = session.execute(
        select(
            QuarantineRow.reason,
            QuarantineRow.device_id,
            QuarantineRow.account_id,
            AccountRow.name,
            count.label("count"),
            latest.label("latest"),
        )
        .join(AccountRow, AccountRow.id == QuarantineRow.account_id)
        .where(AccountRow.team_id == team_id, QuarantineRow.act_id.is_(None))
        .group_by(QuarantineRow.reason, QuarantineRow.device_id, QuarantineRow.account_id, AccountRow.name)
        .order_by(latest.desc())
    )
    return [Pile(*row) for row in rows]


def count_unfiled_of_switched_off(session: Session) -> dict[str, int]:
    """How much could not be filed and nobody has dealt with, by account, of those that are switched off."""
    rows = session.execute(
        select(QuarantineRow.account_id, func.count())
        .join(AccountRow, AccountRow.id == QuarantineRow.account_id)
        .where(AccountRow.active.is_(False), QuarantineRow.act_id.is_(None))
        .group_by(QuarantineRow.account_id)
    )
    return dict(iter(rows))


def open_items(
    session: Session, pile: Pile, *, limit: int | None = None, offset: int = 0
) -> list[QuarantineRow]:
    """The items of a pile, newest first, without their bodies: those may be gigabytes."""
    same_tablet = (
        QuarantineRow.device_id.is_(None)
        if pile.device_id is None
        else QuarantineRow.device_id == pile.device_id
    )
    return list(
        session.scalars(
            select(QuarantineRow)
            .where(
                QuarantineRow.account_id == pile.sender_id,
                QuarantineRow.reason == pile.reason,
                same_tablet,
                QuarantineRow.act_id.is_(None),
            )
            .order_by(QuarantineRow.received_at.desc(), QuarantineRow.id)
            .limit(limit)
            .offset(offset)
            .options(defer(QuarantineRow.body))
        )
    )


def item_by_id(session: Session, item_id: str) -> tuple[QuarantineRow, AccountRow] | None:
    """An item without its body, and who sent it. The body comes when it is asked for."""
    row = session.execute(
        select(QuarantineRow, AccountRow)
        .join(AccountRow, AccountRow.id == QuarantineRow.account_id)
        .where(QuarantineRow.id == item_id)
        .options(defer(QuarantineRow.body))
    ).one_or_none()
    return (row[0], row[1]) if row else None


def items_of_act(session: Session, act_id: str) -> list[QuarantineRow]:
    return list(
        session.scalars(
            select(QuarantineRow).where(QuarantineRow.act_id == act_id).options(defer(QuarantineRow.body))
        )
    )


def note_opening(
    session: Session,
    *,
    by_id: str,
    action: str,
    subject_type: str,
    subject_id: str,
    reason: str | None,
    now: datetime,
) -> None:
    """Write on the audit trail that somebody reads this; with a reason, that they read what is restricted in it."""
    write_audit(
        session,
        at=now,
        account_id=by_id,
        action=action if reason is None else _RESTRICTED,
        subject_type=subject_type,
        subject_id=subject_id,
        detail=reason,
    )


def was_opened(
    session: Session, account_id: str, subject_type: str, subject_id: str, *, since: datetime
) -> bool:
    """Whether this person has opened what is restricted there, by the audit trail."""
    query = select(AuditRow.id).where(
        AuditRow.subject_id == subject_id,
        AuditRow.subject_type == subject_type,
        AuditRow.action == _RESTRICTED,
        AuditRow.account_id == account_id,
        AuditRow.at >= since,
    )
    return session.scalar(query.limit(1)) is not None


def forget_judgements(session: Session, revision_ids: Iterable[str]) -> None:
    """Have these versions judged again, now that more is known of what they are about."""
    ids = list(revision_ids)
    session.execute(delete(JudgementRow).where(JudgementRow.revision_id.in_(ids)))
    await_judgement(session, ids)
