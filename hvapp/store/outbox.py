"""Messages on their way to the red book."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, Select, UniqueConstraint, func, or_, select
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column, relationship

from hvapp.domain.redbook import AGREEMENT_REASONS
from hvapp.domain.review import VisitState
from hvapp.store.base import Base, Id, new_id
from hvapp.store.visits import RevisionRow, VisitRow, visit_to_change

RED_BOOK = "fhir_r4"
OPEN_STATES = ("pending", "sending", "retry")
STUCK_STATES = ("dead", "paused")

_VISIT_STATES = {
    "sent": VisitState.IN_RED_BOOK,
    "not_shared": VisitState.NOT_SHARED,
    "dead": VisitState.RED_BOOK_FAILED,
    "paused": VisitState.RED_BOOK_FAILED,
}


class OutboxRow(Base):
    """One approved revision for one destination. The bytes are frozen once and resent unchanged.

    `kind` is new, update, or delete: then the revision is the withdrawal that was agreed to.
    """

    __tablename__ = "outbox"
    __table_args__ = (UniqueConstraint("revision_id", "destination"), UniqueConstraint("child_id", "seq"))

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    child_id: Mapped[str] = mapped_column(Id, ForeignKey("child.id"))
    visit_id: Mapped[str] = mapped_column(Id, ForeignKey("visit.id"), index=True)
    revision_id: Mapped[str] = mapped_column(Id, ForeignKey("revision.id"))
    destination: Mapped[str]
    kind: Mapped[str]
    seq: Mapped[int]
    state: Mapped[str] = mapped_column(index=True)
    payload: Mapped[bytes | None] = mapped_column(LargeBinary)
    payload_sha256: Mapped[str | None]
    content_type: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    next_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    worker_id: Mapped[str | None]
    reason_code: Mapped[str | None]
    reason: Mapped[str | None]
    reference: Mapped[str | None]
    settled_at: Mapped[datetime | None]

    visit: Mapped[VisitRow] = relationship()
    revision: Mapped[RevisionRow] = relationship()


def state_of_message(state: str) -> VisitState:
    """Where an approved visit stands by its message to the red book."""
    return _VISIT_STATES.get(state, VisitState.APPROVED)


def next_seq(session: Session, child_id: str) -> int:
    """The next number in a child's line of messages. The caller has locked the child."""
    highest = session.scalar(select(func.max(OutboxRow.seq)).where(OutboxRow.child_id == child_id))
    return (highest or 0) + 1


def is_anything_due(session: Session, now: datetime) -> bool:
    """Whether a worker should try to claim. Looking locks nothing, so idle workers disturb nobody."""
    return session.scalar(_due(now).with_only_columns(OutboxRow.id).limit(1)) is not None


def due_message(session: Session, now: datetime) -> OutboxRow | None:
    """The oldest message that may be sent now: the first unsent one of its child, and not in another's hands.

    It and its visit are locked, and one that somebody else holds is passed over: workers never wait for each other.
    """
    query = _due(now).limit(1).with_for_update(skip_locked=True, of=[OutboxRow, VisitRow])
    return session.scalars(query).one_or_none()


def _due(now: datetime) -> Select[OutboxRow]:
    earlier, of_earlier = aliased(OutboxRow), aliased(VisitRow)
    blocked = (
        select(earlier.id)
        .join(of_earlier, of_earlier.id == earlier.visit_id)
        .where(
            of_earlier.state != VisitState.WITHDRAWAL.value,
            earlier.child_id == OutboxRow.child_id,
            earlier.seq < OutboxRow.seq,
            earlier.state.in_(OPEN_STATES + STUCK_STATES),
            ~((earlier.state == "paused") & earlier.reason_code.in_(AGREEMENT_REASONS)),
        )
        .exists()
    )
    return (
        select(OutboxRow)
        .join(VisitRow, VisitRow.id == OutboxRow.visit_id)
        .where(
            or_(
                OutboxRow.state.in_(("pending", "retry")) & (OutboxRow.next_at <= now),
                (OutboxRow.state == "sending") & (OutboxRow.lease_until <= now),
            ),
            # Its author says that it should not be there: not before a person has decided.
            VisitRow.state != VisitState.WITHDRAWAL.value,
            ~blocked,
        )
        .order_by(OutboxRow.next_at)
    )


def message_to_change(session: Session, message_id: str) -> OutboxRow | None:
    """The message, locked with its visit: the visit first, as everywhere."""
    visit_id = session.scalar(select(OutboxRow.visit_id).where(OutboxRow.id == message_id))
    if visit_id is None or visit_to_change(session, visit_id) is None:
        return None
    return session.get(OutboxRow, message_id, with_for_update=True, populate_existing=True)


def message_of_revision(session: Session, revision_id: str) -> OutboxRow | None:
    return session.scalars(select(OutboxRow).where(OutboxRow.revision_id == revision_id)).one_or_none()


def supersede_unsent(session: Session, visit_id: str) -> bool:
    """A newer version takes the place of what has not arrived, stuck or not; one on its way is left to settle.

    Answers whether there was an earlier message at all: even one that failed may have arrived in part.
    """
    earlier = session.scalars(select(OutboxRow).where(OutboxRow.visit_id == visit_id)).all()
    for row in earlier:
        if row.state in ("pending", "retry", *STUCK_STATES):
            row.state = "superseded"
    return bool(earlier)


def may_have_arrived(session: Session, visit_id: str) -> bool:
    """Whether the red book may hold something of this visit: anything that was built to be sent, or is being."""
    rows = session.scalars(
        select(OutboxRow).where(OutboxRow.visit_id == visit_id, OutboxRow.kind != "delete")
    )
    return any(
        # What was given up and is to be sent again has no bytes until it is built anew.
        row.payload is not None or row.state == "sending" or row.reason_code == "gave_up"
        for row in rows
    )


def newer_waits(session: Session, row: OutboxRow) -> bool:
    """Whether a newer version of the same visit is in line behind this message."""
    query = select(OutboxRow.id).where(OutboxRow.visit_id == row.visit_id, OutboxRow.seq > row.seq).limit(1)
    return session.scalar(query) is not None


def unsent_messages(session: Session, team_id: str) -> list[OutboxRow]:
    """Everything of this team not yet in the red book, stuck ones first."""
    rows = session.scalars(
        select(OutboxRow)
        .join(VisitRow, VisitRow.id == OutboxRow.visit_id)
        .where(VisitRow.team_id == team_id, OutboxRow.state.in_(OPEN_STATES + STUCK_STATES))
        .order_by(OutboxRow.created_at)
    )
    return sorted(rows, key=lambda row: row.state not in STUCK_STATES)
