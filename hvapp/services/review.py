"""What supervisors do: read the queue, read a visit, approve it or send it back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account
from hvapp.domain.errors import NotFound
from hvapp.domain.facts import ChildFacts, Measured, build_facts
from hvapp.domain.forms import FormDefinition, FormLibrary
from hvapp.domain.readout import ReadSection, differences, read_out
from hvapp.domain.reconcile import FLAG_WEIGHT, Flag
from hvapp.domain.review import AWAITING_REVIEW, Query, VisitState, check_may_decide, check_return
from hvapp.domain.validate import Alert, Finding, check
from hvapp.store.audit import write_audit
from hvapp.store.changes import announce
from hvapp.store.children import (
    ContactRow,
    MeasurementRow,
    household_of,
    measurements_of,
    relationships_to,
)
from hvapp.store.outbox import OutboxRow, next_seq, sent_before
from hvapp.store.transaction import transaction
from hvapp.store.visits import (
    DecisionRow,
    RevisionRow,
    VisitRow,
    revision_by_id,
    visit_by_id,
    visits_in_states,
)

RED_BOOK = "fhir_r4"

MEASURED_FIELDS = {"weight_kg": "weight", "length_cm": "length", "height_cm": "height", "ofc_cm": "ofc"}
BIRTH_FIELDS = {"birth_weight_kg": "weight", "birth_ofc_cm": "ofc"}


@dataclass(frozen=True)
class QueueLine:
    visit_id: str
    child_name: str
    contact_type: str
    author_name: str
    own: bool
    occurred_at: datetime
    received_at: datetime
    state: VisitState
    flags: tuple[Flag, ...]
    amended: bool

    @property
    def weight(self) -> int:
        return sum(FLAG_WEIGHT.get(flag, 0) for flag in self.flags)


@dataclass(frozen=True)
class Child:
    """The banner."""

    id: str
    name: str
    birth_date: Any
    nhs_number: str | None
    sex: str
    gestation_days: int | None
    births_in_pregnancy: int
    birth_order: int
    need_level: str


@dataclass(frozen=True)
class EarlierVersion:
    rev_id: str
    author_name: str
    received_at: datetime
    returned_comment: str | None
    changed: list[Any]


@dataclass(frozen=True)
class VisitDetail:
    """Everything the review page shows. `sections` is None when the form is unknown; `raw` then has the answers."""

    visit_id: str
    rev_id: str
    contact_type: str
    form_title: str
    state: VisitState
    own: bool
    child: Child | None
    author_name: str
    occurred_at: datetime
    received_at: datetime
    flags: tuple[Flag, ...]
    alerts: list[Alert]
    alert_responses: dict[str, str]
    findings: list[Finding]
    sections: list[ReadSection] | None
    field_labels: dict[str, str]
    raw: dict[str, Any]
    measurements: list[MeasurementRow]
    earlier: list[EarlierVersion]
    decided: DecisionRow | None
    red_book_at: datetime | None
    red_book_reason: str | None


def queue(session: Session, reviewer: Account) -> list[QueueLine]:
    """Visits of the reviewer's team that wait for a decision: worst first, then the longest waiting."""
    lines = [
        _line(session, visit, reviewer)
        for visit in visits_in_states(session, reviewer.team.id, AWAITING_REVIEW)
    ]
    return sorted(lines, key=lambda line: (line.own, -line.weight, line.received_at))


def recently_decided(session: Session, reviewer: Account, limit: int = 20) -> list[QueueLine]:
    """Newest first."""
    states = (VisitState.RETURNED, VisitState.APPROVED, VisitState.IN_RED_BOOK, VisitState.RED_BOOK_FAILED)
    visits = visits_in_states(session, reviewer.team.id, states)
    return [_line(session, visit, reviewer) for visit in reversed(visits[-limit:])]


def next_in_queue(session: Session, reviewer: Account) -> str | None:
    return next((line.visit_id for line in queue(session, reviewer) if not line.own), None)


def open_visit(
    session: Session, forms: FormLibrary, *, reviewer: Account, visit_id: str, now: datetime
) -> VisitDetail:
    """The visit read out field by field. Opening a record is written to the audit trail."""
    with transaction(session):
        visit = _visit_of_team(session, visit_id, reviewer)
        write_audit(
            session,
            at=now,
            account_id=reviewer.id,
            action="visit_opened",
            subject_type="visit",
            subject_id=visit_id,
        )
        return _detail(session, forms, visit, reviewer)


def approve(session: Session, *, reviewer: Account, visit_id: str, rev_id: str, now: datetime) -> None:
    """Approve the revision the reviewer read; its red-book message is queued in the same transaction."""
    with transaction(session):
        visit = _visit_of_team(session, visit_id, reviewer)
        _check(visit, reviewer, rev_id)
        revision = session.get_one(RevisionRow, rev_id)
        _decide(session, visit, reviewer, rev_id, "approved", None, [], now)
        visit.state = VisitState.APPROVED.value
        if visit.child_id is None:
            raise NotFound("The child of this visit is not on record.")
        session.add(
            OutboxRow(
                child_id=visit.child_id,
                visit_id=visit.id,
                revision_id=rev_id,
                destination=RED_BOOK,
                kind="update" if sent_before(session, visit.id) else "new",
                seq=next_seq(session, visit.child_id),
                state="pending",
                created_at=now,
                next_at=now,
            )
        )
        _write_to_record(session, visit, revision, now)


def send_back(
    session: Session,
    *,
    reviewer: Account,
    visit_id: str,
    rev_id: str,
    comment: str,
    queries: list[Query],
    now: datetime,
) -> None:
    """Return the visit to its author with a comment and, where useful, a question on single answers."""
    text = check_return(comment)
    with transaction(session):
        visit = _visit_of_team(session, visit_id, reviewer)
        _check(visit, reviewer, rev_id)
        _decide(session, visit, reviewer, rev_id, "returned", text, queries, now)
        visit.state = VisitState.RETURNED.value


def _check(visit: VisitRow, reviewer: Account, rev_id: str) -> None:
    check_may_decide(
        reviewer,
        author_id=visit.author_id,
        team_id=visit.team_id,
        state=VisitState(visit.state),
        head_rev=visit.head_revision_id,
        seen_rev=rev_id,
    )


def _decide(
    session: Session,
    visit: VisitRow,
    reviewer: Account,
    rev_id: str,
    outcome: str,
    comment: str | None,
    queries: list[Query],
    now: datetime,
) -> None:
    session.add(
        DecisionRow(
            visit_id=visit.id,
            revision_id=rev_id,
            reviewer_id=reviewer.id,
            outcome=outcome,
            comment=comment,
            queries=[query.as_json() for query in queries],
            decided_at=now,
        )
    )
    write_audit(
        session,
        at=now,
        account_id=reviewer.id,
        action=f"visit_{outcome}",
        subject_type="visit",
        subject_id=visit.id,
        detail=rev_id,
    )
    announce(
        session,
        [visit.author_id, visit.child.named_visitor_id if visit.child else None],
        "visit",
        visit.id,
    )


def _write_to_record(session: Session, visit: VisitRow, revision: RevisionRow, now: datetime) -> None:
    """The approved visit becomes a contact and measurements on the child's record; an amendment replaces them."""
    child = visit.child
    if child is None:
        return
    for old in session.query(ContactRow).filter_by(visit_id=visit.id):
        session.delete(old)
    for measurement in session.query(MeasurementRow).filter_by(visit_id=visit.id):
        session.delete(measurement)
    session.flush()
    answers = revision.body["payload"].get("answers", {})
    session.add(
        ContactRow(
            subject_id=child.id,
            contact_type=visit.contact_type,
            occurred_on=revision.occurred_at.date(),
            mode=answers.get("mode") or "not recorded",
            practitioner=visit.author.name,
            visit_id=visit.id,
        )
    )
    born = child.person.birth_date
    for fields, at_birth in ((MEASURED_FIELDS, False), (BIRTH_FIELDS, True)):
        for field_id, kind in fields.items():
            value = answers.get(field_id)
            if not isinstance(value, str) or (at_birth and born is None):
                continue
            session.add(
                MeasurementRow(
                    child_id=child.id,
                    kind=kind,
                    value=value,
                    measured_on=born if at_birth else revision.occurred_at.date(),
                    at_birth=at_birth,
                    visit_id=visit.id,
                    recorded_at=now,
                )
            )
    announce(session, [child.named_visitor_id, visit.author_id], "child", child.id)


def _visit_of_team(session: Session, visit_id: str, reviewer: Account) -> VisitRow:
    visit = visit_by_id(session, visit_id)
    if visit is None or visit.team_id != reviewer.team.id:
        raise NotFound("There is no such visit in your team.")
    return visit


def _line(session: Session, visit: VisitRow, reviewer: Account) -> QueueLine:
    head = revision_by_id(session, visit.head_revision_id)
    return QueueLine(
        visit_id=visit.id,
        child_name=visit.child.person.name if visit.child else "Child not on record",
        contact_type=visit.contact_type,
        author_name=visit.author.name,
        own=visit.author_id == reviewer.id,
        occurred_at=visit.occurred_at,
        received_at=visit.received_at,
        state=VisitState(visit.state),
        flags=tuple(Flag(flag) for flag in head.flags) if head else (),
        amended=head is not None and head.parent_id is not None,
    )


def _detail(session: Session, forms: FormLibrary, visit: VisitRow, reviewer: Account) -> VisitDetail:
    head = session.get_one(RevisionRow, visit.head_revision_id)
    payload = head.body["payload"]
    form = forms.get(head.form_id, head.form_version)
    facts = _facts(session, visit, payload, head)
    findings = check(form, payload, facts) if form else None
    message = session.query(OutboxRow).filter_by(revision_id=head.id).one_or_none()
    return VisitDetail(
        visit_id=visit.id,
        rev_id=head.id,
        contact_type=visit.contact_type,
        form_title=form.title if form else head.form_id,
        state=VisitState(visit.state),
        own=visit.author_id == reviewer.id,
        child=_child(visit),
        author_name=visit.author.name,
        occurred_at=head.occurred_at,
        received_at=head.received_at,
        flags=tuple(Flag(flag) for flag in head.flags),
        alerts=findings.alerts if findings else [],
        alert_responses=payload.get("alert_responses", {}),
        findings=findings.findings if findings else [],
        sections=read_out(form, payload, facts, _names(session, visit)) if form else None,
        field_labels=form.labels() if form else {},
        raw=payload.get("answers", {}),
        measurements=measurements_of(session, visit.child_id) if visit.child_id else [],
        earlier=[_earlier(visit, row, head, form) for row in reversed(visit.revisions) if row.id != head.id],
        decided=next((d for d in visit.decisions if d.revision_id == head.id), None),
        red_book_at=visit.in_red_book_at,
        red_book_reason=message.reason if message and visit.state == VisitState.RED_BOOK_FAILED else None,
    )


def _facts(session: Session, visit: VisitRow, payload: dict[str, Any], head: RevisionRow) -> dict[str, Any]:
    child = visit.child
    facts = ChildFacts(
        birth_date=child.person.birth_date if child else None,
        sex=child.person.sex if child else "not_known",
        gestation_days=child.gestation_days if child else None,
        measurements=tuple(
            Measured(row.kind, row.value, row.measured_on, row.at_birth)
            for row in (measurements_of(session, child.id) if child else [])
            if row.visit_id != visit.id
        ),
    )
    sealed_at = datetime.fromisoformat(head.body["sealed_at"])
    return build_facts(facts, payload.get("answers", {}), sealed_at)


def _names(session: Session, visit: VisitRow) -> dict[str, str]:
    """Names behind the ids in answers: the people of the household."""
    if visit.child is None:
        return {}
    household = household_of(session, visit.child.id)
    people = {member.person.id: member.person.name for member in household.members} if household else {}
    for relationship in relationships_to(session, visit.child.id):
        people[relationship.person_id] = f"{relationship.person.name} ({relationship.role.replace('_', ' ')})"
    return people


def _earlier(
    visit: VisitRow, row: RevisionRow, head: RevisionRow, form: FormDefinition | None
) -> EarlierVersion:
    returned = next((d for d in visit.decisions if d.revision_id == row.id and d.outcome == "returned"), None)
    return EarlierVersion(
        rev_id=row.id,
        author_name=visit.author.name,
        received_at=row.received_at,
        returned_comment=returned.comment if returned else None,
        changed=differences(form, row.body["payload"], head.body["payload"]) if form else [],
    )


def _child(visit: VisitRow) -> Child | None:
    row = visit.child
    if row is None:
        return None
    return Child(
        id=row.id,
        name=row.person.name,
        birth_date=row.person.birth_date,
        nhs_number=row.person.nhs_number,
        sex=row.person.sex,
        gestation_days=row.gestation_days,
        births_in_pregnancy=row.births_in_pregnancy,
        birth_order=row.birth_order,
        need_level=row.need_level,
    )
