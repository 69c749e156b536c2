"""Visits and their revisions, decisions, and whatever arrived that could not be taken as it was."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint, delete, false, insert, select, update
from sqlalchemy.orm import (
    Mapped,
    Session,
    joinedload,
    load_only,
    mapped_column,
    relationship,
    selectinload,
)

from hvapp.domain.review import VisitState
from hvapp.store.accounts import AccountRow
from hvapp.store.base import Base, Id, new_id
from hvapp.store.children import ChildRow
from hvapp.store.database import insert_unless_there


class VisitRow(Base):
    """One visit, minted on a tablet. `state` and `head_revision_id` follow from its revisions and decisions."""

    __tablename__ = "visit"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    child_id: Mapped[str | None] = mapped_column(
        Id, ForeignKey("child.id"), index=True
    )  # None: not known here
    author_id: Mapped[str] = mapped_column(Id, ForeignKey("account.id"), index=True)
    team_id: Mapped[str] = mapped_column(Id, ForeignKey("team.id"))
    contact_type: Mapped[str]
    state: Mapped[str]
    head_revision_id: Mapped[str] = mapped_column(Id)
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime]
    in_red_book_at: Mapped[datetime | None]
    need_level_before: Mapped[str | None]  # the child's, where approving this visit changed it

    author: Mapped[AccountRow] = relationship()
    child: Mapped[ChildRow | None] = relationship()
    revisions: Mapped[list["RevisionRow"]] = relationship(
        back_populates="visit", order_by="RevisionRow.receipt_seq"
    )
    decisions: Mapped[list["DecisionRow"]] = relationship(
        back_populates="visit", order_by="DecisionRow.decided_at"
    )

    __table_args__ = (Index(None, "team_id", "state", "received_at"),)

    @property
    def readers(self) -> set[str]:
        """Accounts whose tablets show the visit: whoever made it, and whoever looks after its child."""
        named_visitor_id = self.child.named_visitor_id if self.child else None
        return {self.author_id, named_visitor_id or self.author_id}


class RevisionRow(Base):
    """What a tablet sent, whole and unchanged. `body` is the revision as sealed; `sha256` its hash.

    The server makes some too. `merged_from`: the versions it was made from besides its parent; `settled_by`: who chose
    where they differed (nobody, where they did not). `apart`: on file with its visit, but not one of its versions
    until a supervisor says so. `accepted`: flags that a supervisor has looked into and let pass. `read_as`: the key of
    the form it is read by, where its own is not known. `moved_from`: the visit it was sent as, if it is now another.
    """

    __tablename__ = "revision"
    __table_args__ = (UniqueConstraint("receipt_seq"), Index(None, "device_id", "device_seq"))

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    visit_id: Mapped[str] = mapped_column(Id, ForeignKey("visit.id"), index=True)
    parent_id: Mapped[str | None] = mapped_column(Id)
    author_id: Mapped[str] = mapped_column(Id, ForeignKey("account.id"))
    device_id: Mapped[str] = mapped_column(Id)
    device_seq: Mapped[int]
    child_ref: Mapped[str] = mapped_column(Id)
    form_id: Mapped[str]
    form_version: Mapped[int]
    sha256: Mapped[str]
    body: Mapped[dict[str, Any]]
    flags: Mapped[list[Any]]
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime]
    receipt_seq: Mapped[int]
    merged_from: Mapped[list[Any] | None]
    settled_by_id: Mapped[str | None] = mapped_column(Id, ForeignKey("account.id"))
    apart: Mapped[bool] = mapped_column(default=False, server_default=false())
    accepted: Mapped[list[Any] | None]
    read_as: Mapped[str | None]
    moved_from: Mapped[str | None] = mapped_column(Id)

    visit: Mapped[VisitRow] = relationship(back_populates="revisions")
    author: Mapped[AccountRow] = relationship(foreign_keys=[author_id])
    settled_by: Mapped[AccountRow | None] = relationship(foreign_keys=[settled_by_id])
    judgement: Mapped["JudgementRow | None"] = relationship(lazy="joined", viewonly=True)

    @property
    def sealed_at(self) -> datetime:
        """When it was completed, by the tablet's clock."""
        return datetime.fromisoformat(self.body["sealed_at"])

    @property
    def form_key(self) -> tuple[str, int]:
        """The form and version it is read by."""
        if self.read_as is None:
            return self.form_id, self.form_version
        form_id, _, version = self.read_as.rpartition(".v")
        return form_id, int(version)

    @property
    def all_flags(self) -> list[str]:
        """What was seen on receipt, and what the form's rules say of the answers once they have been run."""
        return [*self.flags, *(self.judgement.flags if self.judgement else [])]


class JudgementRow(Base):
    """What the server makes of a revision's content. Worked out after the receipt is given, and kept apart."""

    __tablename__ = "judgement"

    revision_id: Mapped[str] = mapped_column(Id, ForeignKey("revision.id"), primary_key=True)
    flags: Mapped[list[Any]]
    red_alerts: Mapped[list[Any] | None]  # their titles, with nothing of a restricted part
    judged_at: Mapped[datetime]


class UnjudgedRow(Base):
    """A revision that waits for judgement: looking for those without one would take longer with every visit on file."""

    __tablename__ = "unjudged"

    revision_id: Mapped[str] = mapped_column(Id, ForeignKey("revision.id"), primary_key=True)


class ReceiptCounterRow(Base):
    """Numbers receipts in the order of commits."""

    __tablename__ = "receipt_counter"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    value: Mapped[int]


class DecisionRow(Base):
    """What a supervisor decided about one revision. `outcome`: approved or returned."""

    __tablename__ = "decision"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    visit_id: Mapped[str] = mapped_column(Id, ForeignKey("visit.id"), index=True)
    revision_id: Mapped[str] = mapped_column(Id, ForeignKey("revision.id"), unique=True)
    reviewer_id: Mapped[str] = mapped_column(Id, ForeignKey("account.id"))
    outcome: Mapped[str]
    comment: Mapped[str | None] = mapped_column(Text)
    queries: Mapped[list[Any]]
    decided_at: Mapped[datetime]

    visit: Mapped[VisitRow] = relationship(back_populates="decisions")
    reviewer: Mapped[AccountRow] = relationship()


class QuarantineRow(Base):
    """Something a tablet sent that cannot be filed. Kept whole for a person to look at."""

    __tablename__ = "quarantine"
    __table_args__ = (UniqueConstraint("account_id", "body_sha256"), Index(None, "act_id", "reason"))

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(Id, ForeignKey("account.id"))
    revision_ref: Mapped[str | None] = mapped_column(Id, index=True)
    reason: Mapped[str]
    body: Mapped[str] = mapped_column(Text)
    body_sha256: Mapped[str]
    received_at: Mapped[datetime]
    device_id: Mapped[str | None] = mapped_column(Id)
    act_id: Mapped[str | None] = mapped_column(Id, ForeignKey("sorting_act.id"))  # None: open


def visit_by_id(session: Session, visit_id: str) -> VisitRow | None:
    return session.get(VisitRow, visit_id)


def visit_to_change(session: Session, visit_id: str) -> VisitRow | None:
    """The visit, which nobody else changes until this transaction ends. Its messages change under this lock too."""
    return session.get(VisitRow, visit_id, with_for_update=True, populate_existing=True)


def revision_by_id(session: Session, revision_id: str) -> RevisionRow | None:
    return session.get(RevisionRow, revision_id)


def next_receipt_numbers(session: Session, count: int) -> int:
    """Take `count` receipt numbers, and keep other pushes waiting until the commit; answers the first."""
    take = (
        update(ReceiptCounterRow)
        .values(value=ReceiptCounterRow.value + count)
        .returning(ReceiptCounterRow.value)
    )
    last = session.execute(take).scalar_one_or_none()
    if last is None:
        insert_unless_there(session, ReceiptCounterRow, [{"id": 1, "value": 0}])
        last = session.execute(take).scalar_one()
    return last - count + 1


def visits_in_states(session: Session, team_id: str, states: tuple[str, ...]) -> list[VisitRow]:
    """Oldest received first, each with its child, author and decisions."""
    return list(
        session.scalars(
            select(VisitRow)
            .where(VisitRow.team_id == team_id, VisitRow.state.in_(states))
            .order_by(VisitRow.received_at)
            .options(
                joinedload(VisitRow.author),
                joinedload(VisitRow.child).joinedload(ChildRow.person),
                selectinload(VisitRow.decisions),
            )
        )
    )


def visits_beside(session: Session, visits: list[VisitRow]) -> dict[str, list[VisitRow]]:
    """For each of these visits the others of the same child and contact that were not set aside, oldest first."""
    child_ids = {visit.child_id for visit in visits if visit.child_id}
    rows = session.scalars(
        select(VisitRow)
        .where(VisitRow.child_id.in_(child_ids), VisitRow.state != VisitState.SET_ASIDE.value)
        .order_by(VisitRow.occurred_at)
        .options(joinedload(VisitRow.author))
    ).all()
    of_contact: dict[tuple[str | None, str], list[VisitRow]] = {}
    for row in rows:
        of_contact.setdefault((row.child_id, row.contact_type), []).append(row)
    return {
        visit.id: [
            row for row in of_contact.get((visit.child_id, visit.contact_type), ()) if row.id != visit.id
        ]
        for visit in visits
    }


def has_later_approved(session: Session, visit: VisitRow) -> bool:
    """Whether a visit of the same child that took place after this one has been approved."""
    query = (
        select(VisitRow.id)
        .join(DecisionRow, DecisionRow.visit_id == VisitRow.id)
        .where(
            VisitRow.child_id == visit.child_id,
            VisitRow.id != visit.id,
            VisitRow.occurred_at > visit.occurred_at,
            DecisionRow.outcome == "approved",
        )
        .limit(1)
    )
    return session.scalar(query) is not None


def heads_of(session: Session, visits: list[VisitRow]) -> dict[str, RevisionRow]:
    """The head revision of each visit, by visit id, without its body."""
    rows = session.scalars(
        select(RevisionRow)
        .where(RevisionRow.id.in_([visit.head_revision_id for visit in visits]))
        .options(
            load_only(
                RevisionRow.visit_id,
                RevisionRow.parent_id,
                RevisionRow.flags,
                RevisionRow.device_id,
                RevisionRow.received_at,
            )
        )
    )
    return {row.visit_id: row for row in rows}


def latest_decisions(
    session: Session, team_id: str, states: tuple[str, ...], limit: int
) -> list[DecisionRow]:
    """What was decided on the present version of the team's visits in these states, newest first."""
    return list(
        session.scalars(
            select(DecisionRow)
            .join(VisitRow, VisitRow.head_revision_id == DecisionRow.revision_id)
            .where(VisitRow.team_id == team_id, VisitRow.state.in_(states))
            .order_by(DecisionRow.decided_at.desc())
            .limit(limit)
            .options(
                joinedload(DecisionRow.reviewer),
                joinedload(DecisionRow.visit).joinedload(VisitRow.author),
                joinedload(DecisionRow.visit).joinedload(VisitRow.child).joinedload(ChildRow.person),
            )
        )
    )


def add_quarantined(session: Session, **values: Any) -> None:
    """Keep what cannot be filed; the same body from the same account is kept once."""
    insert_unless_there(session, QuarantineRow, [values])


@dataclass
class VisitHead:
    """The part of a visit that new revisions move."""

    id: str
    child_id: str | None
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


def receipts_of(session: Session, ids: set[str]) -> dict[str, tuple[str, int, datetime, list[str]]]:
    """Hash, receipt number, time and flags of those of these revisions that are on file."""
    query = select(
        RevisionRow.id,
        RevisionRow.sha256,
        RevisionRow.receipt_seq,
        RevisionRow.received_at,
        RevisionRow.flags,
    ).where(RevisionRow.id.in_(ids))
    return {
        row.id: (row.sha256, row.receipt_seq, row.received_at, row.flags) for row in session.execute(query)
    }


def sealed_between(
    session: Session, device_id: str, account_id: str, first: int, last: int
) -> list[tuple[int, str, str]]:
    """Number, id and hash of a tablet's revisions, both ends included, in the order of its numbers."""
    rows = session.execute(
        select(RevisionRow.device_seq, RevisionRow.id, RevisionRow.sha256)
        .where(
            RevisionRow.device_id == device_id,
            RevisionRow.author_id == account_id,
            RevisionRow.device_seq.between(first, last),
        )
        .order_by(RevisionRow.device_seq, RevisionRow.id)
    )
    return [(seq, rev_id, sha256) for seq, rev_id, sha256 in rows]


def visit_heads(session: Session, ids: set[str]) -> dict[str, VisitHead]:
    """Those of these visits that are on file, locked against other writers where the engine locks rows."""
    names = [one.name for one in fields(VisitHead)]
    query = select(*(getattr(VisitRow, name) for name in names)).where(VisitRow.id.in_(ids)).with_for_update()
    return {row.id: VisitHead(*row) for row in session.execute(query)}


def lineage_of(session: Session, visit_ids: set[str]) -> dict[str, list[Lineage]]:
    """Their revisions in the order received."""
    rows = session.execute(
        select(
            RevisionRow.visit_id,
            RevisionRow.id,
            RevisionRow.parent_id,
            RevisionRow.merged_from,
            RevisionRow.settled_by_id,
            RevisionRow.child_ref,
            RevisionRow.author_id,
            RevisionRow.apart,
        )
        .where(RevisionRow.visit_id.in_(visit_ids))
        .order_by(RevisionRow.receipt_seq)
    )
    found: dict[str, list[Lineage]] = {}
    for row in rows:
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


def moved_visits_of(session: Session, revision_ids: set[str]) -> dict[str, str]:
    """Where those of these revisions are filed that a supervisor has made another visit of, by the revision's id."""
    if not revision_ids:
        return {}
    query = select(RevisionRow.id, RevisionRow.visit_id).where(
        RevisionRow.id.in_(revision_ids), RevisionRow.moved_from.is_not(None)
    )
    return {row.id: row.visit_id for row in session.execute(query)}


def add_visits(session: Session, visits: list[VisitHead]) -> None:
    if visits:
        session.execute(insert(VisitRow), [asdict(visit) for visit in visits])


def move_visits(session: Session, visits: list[VisitHead]) -> None:
    if visits:
        moving = ("id", "child_id", "team_id", "state", "head_revision_id", "occurred_at", "received_at")
        session.execute(
            update(VisitRow), [{name: getattr(visit, name) for name in moving} for visit in visits]
        )


def add_revisions(session: Session, rows: list[dict[str, Any]]) -> None:
    """Raises IntegrityError if one of them is on file already."""
    if rows:
        session.execute(insert(RevisionRow), rows)
        await_judgement(session, [row["id"] for row in rows])


def await_judgement(session: Session, revision_ids: Iterable[str]) -> None:
    """Have these revisions judged, for the first time or again."""
    insert_unless_there(session, UnjudgedRow, [{"revision_id": one} for one in revision_ids])


def unjudged(session: Session, limit: int) -> list[RevisionRow]:
    """Revisions whose content nobody has judged, oldest first."""
    return list(
        session.scalars(
            select(RevisionRow)
            .join(UnjudgedRow, UnjudgedRow.revision_id == RevisionRow.id)
            .order_by(RevisionRow.receipt_seq)
            .limit(limit)
        )
    )


def visits_by_ids(session: Session, ids: set[str]) -> dict[str, VisitRow]:
    """With their children, for saying who reads them."""
    query = select(VisitRow).where(VisitRow.id.in_(ids)).options(joinedload(VisitRow.child))
    return {row.id: row for row in session.scalars(query)}


def places_of(session: Session, revision_ids: set[str]) -> dict[str, tuple[str, str | None, str | None]]:
    """The visit, the child and the form that these revisions are filed under now."""
    rows = session.execute(
        select(RevisionRow.id, RevisionRow.visit_id, VisitRow.child_id, RevisionRow.read_as)
        .join(VisitRow, VisitRow.id == RevisionRow.visit_id)
        .where(RevisionRow.id.in_(revision_ids))
    )
    return {row.id: (row.visit_id, row.child_id, row.read_as) for row in rows}


@dataclass(frozen=True)
class Verdict:
    """What the rules say of one version; the red alerts by their titles, with nothing of a restricted part."""

    flags: list[str]
    red_alerts: list[str] = field(default_factory=list)


def add_judgements(session: Session, verdicts: dict[str, Verdict], now: datetime) -> None:
    """Write verdicts down; one that is there already stays."""
    insert_unless_there(
        session,
        JudgementRow,
        [
            {
                "revision_id": revision_id,
                "flags": verdict.flags,
                "red_alerts": verdict.red_alerts,
                "judged_at": now,
            }
            for revision_id, verdict in verdicts.items()
        ],
    )
    session.execute(delete(UnjudgedRow).where(UnjudgedRow.revision_id.in_(verdicts)))
