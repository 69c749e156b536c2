"""Visits and their revisions, decisions, and whatever arrived that could not be taken as it was."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    Table,
    Text,
    UniqueConstraint,
    delete,
    false,
    func,
    or_,
    select,
)
from sqlalchemy.orm import (
    Mapped,
    Session,
    joinedload,
    load_only,
    mapped_column,
    relationship,
    selectinload,
)

from hvapp.domain.forms.facts import ChildFacts
from hvapp.domain.review import IN_HAND, NOT_COUNTED, VisitState
from hvapp.domain.withdrawals import Withdrawal, read_withdrawal
from hvapp.store.accounts import AccountRow, Listener
from hvapp.store.base import Base, Id, new_id
from hvapp.store.children import ChildRow, MeasurementRow, PregnancyRow, record_before, record_before_birth
from hvapp.store.database import insert_unless_there
from hvapp.store.immunisations import ImmunisationRow
from hvapp.store.prepared import Adding


class VisitRow(Base):
    """One visit, minted on a tablet. `state` and `head_revision_id` follow from its revisions and decisions.

    It is about a child or, before the birth, about a pregnancy: about neither while nobody here knows whom it names.
    """

    __tablename__ = "visit"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    child_id: Mapped[str | None] = mapped_column(Id, ForeignKey("child.id"), index=True)
    pregnancy_id: Mapped[str | None] = mapped_column(Id, ForeignKey("pregnancy.id"), index=True)
    author_id: Mapped[str] = mapped_column(Id, ForeignKey("account.id"), index=True)
    team_id: Mapped[str] = mapped_column(Id, ForeignKey("team.id"))
    contact_type: Mapped[str]
    state: Mapped[str]
    head_revision_id: Mapped[str] = mapped_column(Id)
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime]
    in_red_book_at: Mapped[datetime | None]
    need_level_before: Mapped[str | None]  # the child's or family's, where approving this visit changed it

    author: Mapped[AccountRow] = relationship()
    child: Mapped[ChildRow | None] = relationship()
    pregnancy: Mapped[PregnancyRow | None] = relationship()
    revisions: Mapped[list["RevisionRow"]] = relationship(
        back_populates="visit", order_by="RevisionRow.receipt_seq"
    )
    decisions: Mapped[list["DecisionRow"]] = relationship(
        back_populates="visit", order_by="DecisionRow.decided_at"
    )

    __table_args__ = (Index(None, "team_id", "state", "received_at"),)

    @property
    def subject(self) -> ChildRow | PregnancyRow | None:
        """Whom the visit is about."""
        return self.child or self.pregnancy

    @property
    def subject_id(self) -> str | None:
        return self.child_id or self.pregnancy_id

    @property
    def person_id(self) -> str | None:
        """The child, or before the birth the mother."""
        return self.pregnancy.mother_id if self.pregnancy else self.child_id

    def file_under(self, subject: ChildRow | PregnancyRow | None) -> None:
        """Say whom the visit is about; their team has it from then on. None: nobody knows, and the team stays."""
        self.child = subject if isinstance(subject, ChildRow) else None
        self.pregnancy = subject if isinstance(subject, PregnancyRow) else None
        self.team_id = subject.team_id if subject else self.team_id

    @property
    def readers(self) -> set[Listener]:
        """Who is told when the visit changes: whoever made it, and whoever looks after its family."""
        made_it: set[Listener] = {self.author_id}
        return made_it | self.subject.listeners if self.subject else made_it

    def is_near(self, reader: AccountRow) -> bool:
        """Whether it is the reader's own visit, or one to a family of the reader's own."""
        return reader.id == self.author_id or (
            self.subject is not None and reader.id == self.subject.named_visitor_id
        )

    def is_shown_to(self, reader: AccountRow) -> bool:
        """Colleagues who share the caseload see it until the record says what came of it."""
        shared = self.state in IN_HAND and not reader.hears_as.isdisjoint(self.readers)
        return shared or self.is_near(reader)


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
    def withdrawal(self) -> Withdrawal | None:
        """Why the visit is withdrawn, where this version says so instead of holding answers."""
        return read_withdrawal(self.body)

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
    photos: Mapped[list[Any] | None]  # the hashes of those it names
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


_WITH_SUBJECT = (
    joinedload(VisitRow.child).joinedload(ChildRow.person),
    joinedload(VisitRow.pregnancy).joinedload(PregnancyRow.mother),
)


def visit_by_id(session: Session, visit_id: str) -> VisitRow | None:
    return session.get(VisitRow, visit_id)


def visit_to_change(session: Session, visit_id: str) -> VisitRow | None:
    """The visit, which nobody else changes until this transaction ends. Its messages change under this lock too."""
    return session.get(VisitRow, visit_id, with_for_update=True, populate_existing=True)


def revision_by_id(session: Session, revision_id: str) -> RevisionRow | None:
    return session.get(RevisionRow, revision_id)


def visits_in_states(session: Session, team_id: str, states: tuple[str, ...]) -> list[VisitRow]:
    """Oldest received first, each with its child, author and decisions."""
    return list(
        session.scalars(
            select(VisitRow)
            .where(VisitRow.team_id == team_id, VisitRow.state.in_(states))
            .order_by(VisitRow.received_at)
            .options(
                joinedload(VisitRow.author),
                *_WITH_SUBJECT,
                selectinload(VisitRow.decisions),
            )
        )
    )


def visits_beside(session: Session, visits: list[VisitRow]) -> dict[str, list[VisitRow]]:
    """For each of these visits the others of the same child or pregnancy and contact that count, oldest first."""
    subjects = {visit.subject_id for visit in visits if visit.subject_id}
    rows = session.scalars(
        select(VisitRow)
        .where(
            or_(VisitRow.child_id.in_(subjects), VisitRow.pregnancy_id.in_(subjects)),
            VisitRow.state.not_in(NOT_COUNTED),
        )
        .order_by(VisitRow.occurred_at)
        .options(joinedload(VisitRow.author))
    ).all()
    of_contact: dict[tuple[str | None, str], list[VisitRow]] = {}
    for row in rows:
        of_contact.setdefault((row.subject_id, row.contact_type), []).append(row)
    return {
        visit.id: [
            row for row in of_contact.get((visit.subject_id, visit.contact_type), ()) if row.id != visit.id
        ]
        for visit in visits
    }


def has_later_approved(session: Session, visit: VisitRow) -> bool:
    """Whether a visit of the same child or pregnancy that took place after this one has been approved."""
    query = (
        select(VisitRow.id)
        .join(DecisionRow, DecisionRow.visit_id == VisitRow.id)
        .where(
            _same_subject(visit),
            VisitRow.id != visit.id,
            VisitRow.occurred_at > visit.occurred_at,
            VisitRow.state.not_in(NOT_COUNTED),
            DecisionRow.outcome == "approved",
        )
        .limit(1)
    )
    return session.scalar(query) is not None


def is_on_record(visit: VisitRow) -> bool:
    """Whether what the visit says is on the child's record: it was approved, and no withdrawal agreed to since."""
    last = [one.outcome for one in visit.decisions if one.outcome in ("approved", "withdrawn")]
    return last[-1:] == ["approved"]


def approved_revision(session: Session, visit: VisitRow) -> RevisionRow | None:
    """The version of a visit that was approved last."""
    approved = [one for one in visit.decisions if one.outcome == "approved"]
    return session.get_one(RevisionRow, approved[-1].revision_id) if approved else None


def was_agreed_to(visit: VisitRow) -> bool:
    """Whether a supervisor has agreed to the withdrawal that the visit stands at."""
    return any(
        (one.outcome, one.revision_id) == ("withdrawn", visit.head_revision_id) for one in visit.decisions
    )


def _same_subject(visit: VisitRow) -> ColumnElement[bool]:
    column = VisitRow.child_id if visit.child_id else VisitRow.pregnancy_id
    return column == visit.subject_id


def approved_beside(session: Session, visit: VisitRow) -> list[VisitRow]:
    """The other visits of the same child or pregnancy that were approved and count, the latest first."""
    query = (
        select(VisitRow)
        .where(
            _same_subject(visit),
            VisitRow.id != visit.id,
            VisitRow.state.not_in(NOT_COUNTED),
            VisitRow.id.in_(select(DecisionRow.visit_id).where(DecisionRow.outcome == "approved")),
        )
        .order_by(VisitRow.occurred_at.desc())
    )
    return list(session.scalars(query))


def latest_withdrawn(session: Session, team_id: str, limit: int) -> list[tuple[VisitRow, RevisionRow]]:
    """The team's withdrawn visits, each with its withdrawal, newest first."""
    query = (
        select(VisitRow, RevisionRow)
        .join(RevisionRow, RevisionRow.id == VisitRow.head_revision_id)
        .where(VisitRow.team_id == team_id, VisitRow.state == VisitState.WITHDRAWN.value)
        .order_by(VisitRow.received_at.desc())
        .limit(limit)
        .options(joinedload(VisitRow.author), *_WITH_SUBJECT)
    )
    return [(visit, head) for visit, head in session.execute(query)]


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
                joinedload(DecisionRow.visit).options(*_WITH_SUBJECT),
            )
        )
    )


def add_quarantined(session: Session, **values: Any) -> None:
    """Keep what cannot be filed; the same body from the same account is kept once."""
    insert_unless_there(session, QuarantineRow, [values])


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


_AWAIT = Adding(cast(Table, UnjudgedRow.__table__), "revision_id", conflict="DO NOTHING")


def await_judgement(session: Session, revision_ids: Iterable[str]) -> None:
    """Have these revisions judged, for the first time or again."""
    _AWAIT.rows(session, [(one,) for one in revision_ids])


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
    """With whom they are about, for saying who reads them."""
    query = select(VisitRow).where(VisitRow.id.in_(ids)).options(*_WITH_SUBJECT)
    return {row.id: row for row in session.scalars(query)}


def record_before_visit(
    visit: VisitRow,
    measurements: Iterable[MeasurementRow],
    immunisations: Iterable[ImmunisationRow] = (),
) -> ChildFacts | None:
    """What the record said of whom the visit is about, less what the visit itself brought to it; None for nobody known.

    `measurements` and `immunisations`: those on the child's record.
    """
    if visit.child is not None:
        return record_before(visit.id, visit.child, measurements, visit.need_level_before, immunisations)
    if visit.pregnancy is not None:
        return record_before_birth(visit.pregnancy, visit.need_level_before)
    return None


def places_of(session: Session, revision_ids: set[str]) -> dict[str, tuple[str, str | None, str | None]]:
    """The visit, the child or pregnancy, and the form that these revisions are filed under now."""
    subject_id = func.coalesce(VisitRow.child_id, VisitRow.pregnancy_id).label("subject_id")
    rows = session.execute(
        select(RevisionRow.id, RevisionRow.visit_id, subject_id, RevisionRow.read_as)
        .join(VisitRow, VisitRow.id == RevisionRow.visit_id)
        .where(RevisionRow.id.in_(revision_ids))
    )
    return {row.id: (row.visit_id, row.subject_id, row.read_as) for row in rows}


@dataclass(frozen=True)
class Verdict:
    """What the rules say of one version; the red alerts by their titles, with nothing of a restricted part, and the
    photos by their hashes."""

    flags: list[str]
    red_alerts: list[str] = field(default_factory=list)
    photos: list[str] = field(default_factory=list)


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
                "photos": verdict.photos,
                "judged_at": now,
            }
            for revision_id, verdict in verdicts.items()
        ],
    )
    session.execute(delete(UnjudgedRow).where(UnjudgedRow.revision_id.in_(verdicts)))
