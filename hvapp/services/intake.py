"""Taking in what tablets send: each item judged on its own, the batch committed once."""

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from hvapp.domain.accounts import Account
from hvapp.domain.facts import ChildFacts, Measurement, build_facts
from hvapp.domain.forms import FormDefinition, FormLibrary
from hvapp.domain.reconcile import QUARANTINING, Flag, Known, reconcile
from hvapp.domain.review import VisitState, state_after_revision
from hvapp.domain.submissions import ItemResult, Malformed, Receipt, Result, Submission
from hvapp.domain.validate import check
from hvapp.store.audit import write_audit
from hvapp.store.changes import announce
from hvapp.store.children import ChildRow, MeasurementRow
from hvapp.store.transaction import transaction
from hvapp.store.visits import (
    QuarantineRow,
    RevisionRow,
    VisitRow,
    next_receipt_numbers,
    quarantine_by_body,
    revision_by_id,
)

# Two implementations of the same formula agree far closer than this; more means another formula or another child.
GROWTH_TOLERANCE_SDS = 1e-6


@dataclass(frozen=True)
class Judged:
    """A readable item with what its own content says about it, before anything is written."""

    submission: Submission
    flags: tuple[Flag, ...]


def receive_batch(
    session: Session,
    *,
    author: Account,
    items: list[Any],
    forms: FormLibrary,
    receipt_key: bytes,
    now: datetime,
) -> list[ItemResult]:
    """One result for each item, in order. Everything accepted is on disk when this returns."""
    readable: list[Judged | Malformed] = []
    children = _children_named(session, items)
    for item in items:
        try:
            submission = Submission.from_json(item)
            readable.append(Judged(submission, _judge_content(submission, children, forms, now)))
        except Malformed as error:
            readable.append(error)
    with transaction(session):
        first = next_receipt_numbers(session, len(items))
        return [
            _keep_malformed(session, author, items[index], entry, now)
            if isinstance(entry, Malformed)
            else _take_one(session, author, entry, forms, receipt_key, first + index, now)
            for index, entry in enumerate(readable)
        ]


def _take_one(
    session: Session,
    author: Account,
    judged: Judged,
    forms: FormLibrary,
    receipt_key: bytes,
    seq: int,
    now: datetime,
) -> ItemResult:
    submission = judged.submission
    if not submission.intact:
        return _keep_altered(session, author, submission, now)
    existing = revision_by_id(session, submission.rev_id)
    if existing is None:
        try:
            with session.begin_nested():
                row = _store(session, author, judged, forms, seq, now)
            return _stored(row, receipt_key)
        except IntegrityError:
            # The same revision came in on another connection a moment ago.
            existing = revision_by_id(session, submission.rev_id)
            if existing is None:
                raise
    if existing.sha256 != submission.sha256:
        return _keep_altered(session, author, submission, now)
    return ItemResult(
        existing.id,
        Result.DUPLICATE,
        "Received before.",
        tuple(existing.flags),
        _receipt(existing, receipt_key),
    )


def _store(
    session: Session, author: Account, judged: Judged, forms: FormLibrary, seq: int, now: datetime
) -> RevisionRow:
    submission = judged.submission
    child = session.get(ChildRow, submission.child_id)
    form = forms.find(submission.form_id, submission.form_version)
    visit = session.get(VisitRow, submission.visit_id)
    earlier = list(visit.revisions) if visit else []
    is_ancestor = any(row.parent_id == submission.rev_id for row in earlier)
    known = Known(
        child_known=child is not None,
        allocated=child is not None and child.named_visitor_id == author.id,
        form_known=form is not None,
        form_hash=form.hash if form else None,
        visit_author_id=visit.author_id if visit else None,
        visit_child_ref=earlier[0].child_ref if earlier else None,
        head_rev=None if is_ancestor or visit is None else visit.head_revision_id,
        parent_known=any(row.id == submission.parent_rev for row in earlier),
    )
    flags = [*reconcile(submission, known, author_id=author.id, now=now), *judged.flags]
    quarantine = not QUARANTINING.isdisjoint(flags)
    if visit is None:
        visit = VisitRow(
            id=submission.visit_id,
            child_id=child.id if child else None,
            author_id=author.id,
            team_id=child.team_id if child else author.team.id,
            contact_type=submission.contact_type,
            state=state_after_revision(None, quarantine=quarantine).value,
            head_revision_id=submission.rev_id,
            occurred_at=submission.occurred_at,
            received_at=now,
        )
        session.add(visit)
    elif not is_ancestor and not (quarantine and visit.state != VisitState.QUARANTINED):
        visit.state = state_after_revision(VisitState(visit.state), quarantine=quarantine).value
        visit.head_revision_id = submission.rev_id
        visit.occurred_at = submission.occurred_at
        visit.received_at = now
    row = RevisionRow(
        id=submission.rev_id,
        visit_id=submission.visit_id,
        parent_id=submission.parent_rev,
        author_id=author.id,
        device_id=submission.device_id,
        device_seq=submission.device_seq,
        child_ref=submission.child_id,
        form_id=submission.form_id,
        form_version=submission.form_version,
        sha256=submission.sha256,
        body=submission.body,
        flags=[flag.value for flag in flags],
        occurred_at=submission.occurred_at,
        received_at=now,
        receipt_seq=seq,
    )
    session.add(row)
    session.flush()
    announce(session, [author.id, child.named_visitor_id if child else None], "visit", visit.id)
    write_audit(
        session,
        at=now,
        account_id=author.id,
        action="revision_received",
        subject_type="visit",
        subject_id=visit.id,
        detail=row.id,
    )
    return row


def _children_named(session: Session, items: list[Any]) -> dict[str, ChildFacts]:
    """What the server knows of the children these items name, for checking their content."""
    ids = {
        item["child_id"] for item in items if isinstance(item, dict) and isinstance(item.get("child_id"), str)
    }
    if not ids:
        return {}
    measured: dict[str, list[Measurement]] = {}
    for row in session.scalars(
        select(MeasurementRow).where(MeasurementRow.child_id.in_(ids)).order_by(MeasurementRow.measured_on)
    ):
        measured.setdefault(row.child_id, []).append(
            Measurement(row.kind, row.value, row.measured_on, row.at_birth)
        )
    rows = session.scalars(select(ChildRow).where(ChildRow.id.in_(ids)).options(joinedload(ChildRow.person)))
    return {row.id: _child_facts(row, measured.get(row.id, [])) for row in rows}


def _child_facts(row: ChildRow, measured: list[Measurement]) -> ChildFacts:
    birth_weights = [one.value for one in measured if one.kind == "weight" and one.at_birth]
    return ChildFacts(
        birth_date=row.person.birth_date,
        sex=row.person.sex,
        gestation_days=row.gestation_days,
        birth_weight_kg=birth_weights[-1] if birth_weights else None,
        measurements=tuple(measured),
        need_level=row.need_level,
    )


def _judge_content(
    submission: Submission, children: dict[str, ChildFacts], forms: FormLibrary, now: datetime
) -> tuple[Flag, ...]:
    form = forms.find(submission.form_id, submission.form_version)
    child = children.get(submission.child_id)
    if form is None or child is None:
        return ()
    return content_flags(form, submission.payload, child, submission.sealed_at)


def content_flags(
    form: FormDefinition, payload: dict[str, Any], child: ChildFacts, sealed_at: datetime
) -> tuple[Flag, ...]:
    """What the form's own rules, run again here, say about the answers."""
    answers = payload.get("answers")
    facts = build_facts(child, answers, sealed_at, form)
    findings = check(form, payload, facts)
    flags = []
    if findings.findings:
        flags.append(Flag.INVALID_ANSWERS)
    if _growth_differs(payload, facts):
        flags.append(Flag.GROWTH_DIFFERS)
    levels = {alert.level for alert in findings.alerts}
    flags += [
        flag for level, flag in (("red", Flag.RED_ALERT), ("amber", Flag.AMBER_ALERT)) if level in levels
    ]
    return tuple(flags)


def _growth_differs(payload: dict[str, Any], facts: dict[str, Any]) -> bool:
    derived = payload.get("derived")
    if not isinstance(derived, dict):
        return False
    for field_id, shown in derived.items():
        sent = shown.get("sds") if isinstance(shown, dict) else None
        ours = facts.get(f"sds.{field_id}")
        if sent is None and ours is None:
            continue
        try:
            if sent is None or ours is None or abs(Decimal(sent) - Decimal(str(ours))) > GROWTH_TOLERANCE_SDS:
                return True
        except (InvalidOperation, TypeError, ValueError):
            return True
    return False


def _keep_malformed(
    session: Session, author: Account, item: Any, error: Malformed, now: datetime
) -> ItemResult:
    _quarantine(session, author, item, error.rev_id, "malformed", now)
    return ItemResult(
        error.rev_id,
        Result.REJECTED_MALFORMED,
        f"{error.message} The service keeps a copy for your supervisor; the tablet keeps the visit.",
    )


def _keep_altered(session: Session, author: Account, submission: Submission, now: datetime) -> ItemResult:
    _quarantine(session, author, submission.body, submission.rev_id, "hash", now)
    return ItemResult(
        submission.rev_id,
        Result.REJECTED_HASH,
        "The visit arrived changed from how it was completed. The service keeps a copy for your supervisor; "
        "the tablet keeps the visit.",
    )


def _quarantine(
    session: Session, author: Account, item: Any, rev_id: str | None, reason: str, now: datetime
) -> None:
    """Keep the item as it came; the same one sent again is kept once."""
    body = json.dumps(item, ensure_ascii=True, sort_keys=True)
    digest = sha256(body.encode()).hexdigest()
    if quarantine_by_body(session, author.id, digest) is None:
        session.add(
            QuarantineRow(
                account_id=author.id,
                revision_ref=rev_id,
                reason=reason,
                body=body,
                body_sha256=digest,
                received_at=now,
            )
        )
        session.flush()


def _receipt(row: RevisionRow, key: bytes) -> Receipt:
    return Receipt.sign(
        key, rev_id=row.id, sha256=row.sha256, seq=row.receipt_seq, received_at=row.received_at
    )


def _stored(row: RevisionRow, key: bytes) -> ItemResult:
    return ItemResult(row.id, Result.STORED, "Received.", tuple(row.flags), _receipt(row, key))
