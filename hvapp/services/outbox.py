"""The red-book outbox from both ends: what the sync worker claims and settles, what supervisors look after."""

import hashlib
import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from hvapp.domain.accounts import ROLE_NAMES, Account, Role
from hvapp.domain.errors import Conflict, NotFound
from hvapp.domain.forms import FormLibrary
from hvapp.domain.forms.answers import read_instant
from hvapp.domain.forms.facts import recorded_method
from hvapp.domain.redbook import (
    NOT_AGREED,
    ApprovedRecord,
    MessageKind,
    Outcome,
    RecordAuthor,
    RecordChild,
    RecordOrganisation,
    given_up,
    next_attempt_at,
    should_give_up,
)
from hvapp.domain.review import AFTER_APPROVAL, VisitState
from hvapp.store.audit import write_audit
from hvapp.store.changes import announce
from hvapp.store.outbox import (
    STUCK_STATES,
    OutboxRow,
    due_message,
    is_anything_due,
    message_to_change,
    newer_waits,
    state_of_message,
    unsent_messages,
)
from hvapp.store.transaction import transaction


@dataclass(frozen=True)
class Envelope:
    """A claimed message: what to send, and the approved record to build it from if nothing is frozen yet.

    It is the claimer's until `lease_until`, and no other claim of it ends at that moment.
    """

    message_id: str
    visit_id: str
    revision_id: str
    child_id: str
    destination: str
    kind: MessageKind
    seq: int
    attempts: int
    lease_until: datetime
    payload: bytes | None
    record: ApprovedRecord


def claim_next(
    session: Session, forms: FormLibrary, *, now: datetime, lease_seconds: int, worker_id: str
) -> Envelope | None:
    """Take the next message for `lease_seconds`; None when nothing is due.

    One message of a child is under way at a time, oldest first. A worker that dies loses its lease and the
    message is taken again, with the same bytes.
    """
    if not is_anything_due(session, now):
        session.rollback()
        return None
    with transaction(session):
        row = due_message(session, now)
        if row is None:
            return None
        record = _approved_record(row, forms)
        if isinstance(record, Outcome):
            _settle(session, row, record, now)
            return None
        row.state = "sending"
        row.worker_id = worker_id
        row.lease_until = lease_until = now + timedelta(seconds=lease_seconds)
        row.attempts += 1
        return Envelope(
            message_id=row.id,
            visit_id=row.visit_id,
            revision_id=row.revision_id,
            child_id=row.child_id,
            destination=row.destination,
            kind=_kind(row),
            seq=row.seq,
            attempts=row.attempts,
            lease_until=lease_until,
            payload=row.payload,
            record=record,
        )


def freeze(session: Session, message_id: str, payload: bytes, content_type: str) -> None:
    """Keep the bytes of a message for good: a resend after a doubtful answer must be the very same.

    Raises Conflict if other bytes were frozen before.
    """
    digest = hashlib.sha256(payload).hexdigest()
    with transaction(session):
        row = _message(session, message_id)
        if row.payload is None:
            row.payload, row.payload_sha256, row.content_type = payload, digest, content_type
        elif row.payload_sha256 != digest:
            raise Conflict("This message was already built, with other content.", "frozen")


def settle(session: Session, claim: Envelope, outcome: Outcome, now: datetime) -> Outcome | None:
    """Write down what became of an attempt; answers the outcome, which is a dead letter after a day of retries.

    None when the lease ran out and the message is in other hands, or settled: what they say counts.
    """
    with transaction(session):
        row = _message(session, claim.message_id)
        if row.state != "sending" or row.lease_until != claim.lease_until:
            return None
        return _settle(session, row, outcome, now)


def _settle(session: Session, row: OutboxRow, outcome: Outcome, now: datetime) -> Outcome:
    if outcome.kind == "retry" and should_give_up(row.created_at, now):
        outcome = given_up(outcome)
    row.state = "not_shared" if outcome.reason_code == NOT_AGREED else outcome.kind
    row.reason_code = outcome.reason_code
    row.reason = outcome.detail
    row.reference = outcome.reference
    row.lease_until = None
    row.settled_at = now
    visit = row.visit
    if outcome.kind != "sent" and newer_waits(session, row):
        row.state = "superseded"
    elif outcome.kind == "retry":
        row.next_at = next_attempt_at(
            row.attempts,
            now,
            random.Random(),  # noqa: S311  (jitter, not a secret)
            outcome.retry_after_seconds,
        )
    elif row.kind == "delete":
        if outcome.kind == "sent":
            visit.in_red_book_at = None
        announce(session, visit.readers, "visit", visit.id)
    elif row.revision_id == _approved_revision(row):
        # An amendment may have arrived meanwhile; its review decides what the visit shows.
        if visit.state in AFTER_APPROVAL:
            visit.state = state_of_message(row.state).value
        if outcome.kind == "sent":
            visit.in_red_book_at = now
        announce(session, visit.readers, "visit", visit.id)
    write_audit(
        session,
        at=now,
        account_id=None,
        action=f"red_book_{outcome.kind}",
        subject_type="visit",
        subject_id=row.visit_id,
        detail=outcome.reason_code,
    )
    return outcome


@dataclass(frozen=True)
class WaitingMessage:
    """A line on the supervisor's red-book page."""

    message_id: str
    visit_id: str
    child_name: str
    contact_type: str
    state: str
    attempts: int
    approved_at: datetime
    next_at: datetime | None
    tried_at: datetime | None
    reason: str | None
    withdrawn: bool

    @property
    def stuck(self) -> bool:
        return self.state in STUCK_STATES


def list_waiting(session: Session, supervisor: Account) -> list[WaitingMessage]:
    """What this team's children are waiting for, stuck messages first."""
    return [
        WaitingMessage(
            message_id=row.id,
            visit_id=row.visit_id,
            child_name=row.visit.child.person.name if row.visit.child else "",
            contact_type=row.visit.contact_type,
            state=row.state,
            attempts=row.attempts,
            approved_at=row.created_at,
            next_at=None if row.state in STUCK_STATES else row.next_at,
            tried_at=row.settled_at,
            reason=row.reason,
            withdrawn=row.kind == "delete",
        )
        for row in unsent_messages(session, supervisor.team.id)
    ]


def send_again(session: Session, message_id: str, *, by: Account, now: datetime) -> None:
    """Put a stuck message back in the queue. Bytes that were refused are built afresh; nobody has stored them."""
    with transaction(session):
        row = _message(session, message_id)
        if row.visit.team_id != by.team.id:
            raise NotFound("There is no such message.")
        if row.state not in STUCK_STATES:
            raise Conflict("This message is already on its way.")
        row.payload = row.payload_sha256 = row.content_type = None
        row.state = "pending"
        row.attempts = 0
        row.created_at = now
        row.next_at = now
        if row.visit.state == VisitState.RED_BOOK_FAILED:
            row.visit.state = VisitState.APPROVED.value
            announce(session, row.visit.readers, "visit", row.visit_id)
        write_audit(
            session,
            at=now,
            account_id=by.id,
            action="red_book_send_again",
            subject_type="visit",
            subject_id=row.visit_id,
        )


def _message(session: Session, message_id: str) -> OutboxRow:
    row = message_to_change(session, message_id)
    if row is None:
        raise NotFound("There is no such message.")
    return row


def _kind(row: OutboxRow) -> MessageKind:
    return "update" if row.kind == "update" else "delete" if row.kind == "delete" else "new"


def _approved_revision(row: OutboxRow) -> str | None:
    approved = [decision for decision in row.visit.decisions if decision.outcome == "approved"]
    return approved[-1].revision_id if approved else None


def _approved_record(row: OutboxRow, forms: FormLibrary) -> ApprovedRecord | Outcome:
    """The record behind a message, or why there can be none: one such message must not stop the others.

    What is withdrawn is the version that was approved last.
    """
    visit = row.visit
    wanted = _approved_revision(row) if row.kind == "delete" else row.revision_id
    revision = next(one for one in visit.revisions if one.id == wanted)
    form = forms.find(*revision.form_key)
    if form is None:
        return Outcome(
            "dead", "form_unknown", "This service no longer has the form that the visit was recorded on."
        )
    child = visit.child
    person = child.person if child else None
    if child is None or person is None or person.birth_date is None:
        return Outcome(
            "dead", "child_incomplete", "The child’s record has no date of birth. Add it, then send again."
        )
    author = visit.author
    decision = next(decision for decision in visit.decisions if decision.revision_id == revision.id)
    payload = revision.body["payload"]
    answers = payload.get("answers", {})
    return ApprovedRecord(
        visit_id=visit.id,
        revision_id=row.revision_id,
        contact_type=visit.contact_type,
        encounter_code=form.encounter_type,
        occurred_at=revision.occurred_at,
        ended_at=read_instant(answers.get("ended_at")),
        place=_text(answers.get("place")),
        mode=_text(answers.get("mode")),
        child=RecordChild(
            given_name=person.given_name,
            family_name=person.family_name,
            sex=person.sex,
            birth_date=person.birth_date,
            nhs_number=person.nhs_number,
            gestation_days=child.gestation_days,
        ),
        author=RecordAuthor(author.name, ROLE_NAMES[Role(author.role)]),
        organisation=RecordOrganisation(author.team.provider.name, author.team.provider.ods_code),
        approved_at=decision.decided_at,
        form=form.definition,
        answers=answers,
        derived=payload.get("derived", {}),
        growth_method=recorded_method(payload),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
