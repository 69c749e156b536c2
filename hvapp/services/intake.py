"""Taking in what tablets send: each item answered on its own, the batch committed once.

What is known is read once for the whole batch, every item is decided in memory, and the rows are written in
bulk. Checking the answers against the form comes later (services.judging): a receipt must not wait for it.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account
from hvapp.domain.forms import FormLibrary
from hvapp.domain.reconcile import QUARANTINING, Known, reconcile
from hvapp.domain.review import VisitState, state_after_revision
from hvapp.domain.submissions import ItemResult, Malformed, Receipt, Result, Submission
from hvapp.store.audit import write_audits
from hvapp.store.changes import announce
from hvapp.store.children import ChildRow, children_by_ids
from hvapp.store.transaction import transaction
from hvapp.store.visits import (
    Lineage,
    QuarantineRow,
    VisitHead,
    add_revisions,
    add_visits,
    lineage_of,
    move_visits,
    next_receipt_numbers,
    quarantine_by_body,
    receipts_of,
    visit_heads,
)


@dataclass(frozen=True)
class Sender:
    """On whose behalf a batch is taken in, and with what."""

    author: Account
    forms: FormLibrary
    receipt_key: bytes
    now: datetime


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
    sender = Sender(author, forms, receipt_key, now)
    entries = [(item, _read(item)) for item in items]
    with transaction(session):
        first = next_receipt_numbers(session, len(entries))
        try:
            with session.begin_nested():
                return _take(session, sender, entries, first)
        except IntegrityError:
            # Another connection stored one of these a moment ago: one by one, each in its own savepoint.
            return [_take_alone(session, sender, entry, first + index) for index, entry in enumerate(entries)]


Entry = tuple[Any, Submission | Malformed]


def _read(item: Any) -> Submission | Malformed:
    try:
        return Submission.from_json(item)
    except Malformed as error:
        return error


def _take_alone(session: Session, sender: Sender, entry: Entry, seq: int) -> ItemResult:
    try:
        with session.begin_nested():
            return _take(session, sender, [entry], seq)[0]
    except IntegrityError:
        # It was the one; now that it is on file it is a duplicate like any other.
        return _take(session, sender, [entry], seq)[0]


def _take(session: Session, sender: Sender, entries: list[Entry], first: int) -> list[ItemResult]:
    desk = _Desk.open(session, sender, [entry for _, entry in entries if isinstance(entry, Submission)])
    results = [
        _keep_malformed(session, sender, item, entry)
        if isinstance(entry, Malformed)
        else desk.take(session, entry, first + index)
        for index, (item, entry) in enumerate(entries)
    ]
    desk.write(session)
    return results


@dataclass
class _Desk:
    """One batch being filed: what is on record about its visits, kept up to date item by item, then written."""

    sender: Sender
    receipts: dict[str, tuple[str, int, datetime, list[str]]]
    visits: dict[str, VisitHead]
    lineage: dict[str, list[Lineage]]
    children: dict[str, ChildRow]
    new_revisions: list[dict[str, Any]] = field(default_factory=list)
    new_visits: dict[str, VisitHead] = field(default_factory=dict)
    moved_visits: dict[str, VisitHead] = field(default_factory=dict)

    @classmethod
    def open(cls, session: Session, sender: Sender, submissions: list[Submission]) -> "_Desk":
        visit_ids = {one.visit_id for one in submissions}
        return cls(
            sender=sender,
            receipts=receipts_of(session, {one.rev_id for one in submissions}),
            visits=visit_heads(session, visit_ids),
            lineage=lineage_of(session, visit_ids),
            children=children_by_ids(session, {one.child_id for one in submissions}),
        )

    def take(self, session: Session, submission: Submission, seq: int) -> ItemResult:
        if not submission.intact:
            return _keep_altered(session, self.sender, submission)
        before = self.receipts.get(submission.rev_id)
        if before is not None and before[0] != submission.sha256:
            return _keep_altered(session, self.sender, submission)
        if before is None:
            flags = self._file(session, submission, seq)
            before = (submission.sha256, seq, self.sender.now, flags)
            self.receipts[submission.rev_id] = before
            return self._result(submission, before, Result.STORED, "Received.")
        return self._result(submission, before, Result.DUPLICATE, "Received before.")

    def write(self, session: Session) -> None:
        sender = self.sender
        add_visits(session, list(self.new_visits.values()))
        move_visits(session, list(self.moved_visits.values()))
        add_revisions(session, self.new_revisions)
        for visit_id in {row["visit_id"] for row in self.new_revisions}:
            head = self.visits[visit_id]
            child = self.children.get(head.child_id or "")
            announce(session, [head.author_id, child.named_visitor_id if child else None], "visit", visit_id)
        write_audits(
            session,
            [
                {
                    "at": sender.now,
                    "account_id": sender.author.id,
                    "action": "revision_received",
                    "subject_type": "visit",
                    "subject_id": row["visit_id"],
                    "detail": row["id"],
                }
                for row in self.new_revisions
            ],
        )

    def _file(self, session: Session, submission: Submission, seq: int) -> list[str]:
        """Decide where a new revision belongs; answers its flags."""
        author, now = self.sender.author, self.sender.now
        visit = self.visits.get(submission.visit_id)
        earlier = self.lineage.setdefault(submission.visit_id, [])
        # Sent out of order: a version already on file was made from this one, so it is history, not news.
        is_ancestor = any(one.parent_id == submission.rev_id for one in earlier)
        flags = reconcile(
            submission, self._known(submission, visit, earlier, is_ancestor), author_id=author.id, now=now
        )
        quarantine = not QUARANTINING.isdisjoint(flags)
        if visit is None:
            self._begin_visit(submission, quarantine)
        elif not is_ancestor and (not quarantine or visit.state == VisitState.QUARANTINED):
            visit.state = state_after_revision(VisitState(visit.state), quarantine=quarantine).value
            visit.head_revision_id = submission.rev_id
            visit.occurred_at = submission.occurred_at
            visit.received_at = now
            if visit.id not in self.new_visits:
                self.moved_visits[visit.id] = visit
        elif quarantine and not is_ancestor:
            # On file with its visit, but nothing there points to it: without this nobody would see it.
            why = next(flag for flag in flags if flag in QUARANTINING)
            _quarantine(session, self.sender, submission.body, None, why.value)
        earlier.append(Lineage(submission.rev_id, submission.parent_rev, submission.child_id))
        values = [flag.value for flag in flags]
        self.new_revisions.append(_row(submission, author, values, seq, now))
        return values

    def _known(
        self, submission: Submission, visit: VisitHead | None, earlier: list[Lineage], is_ancestor: bool
    ) -> Known:
        child = self.children.get(submission.child_id)
        form = self.sender.forms.find(submission.form_id, submission.form_version)
        return Known(
            child_known=child is not None,
            allocated=child is not None and child.named_visitor_id == self.sender.author.id,
            form_known=form is not None,
            form_hash=form.hash if form else None,
            visit_author_id=visit.author_id if visit else None,
            visit_child_ref=earlier[0].child_ref if earlier else None,
            head_rev=None if is_ancestor or visit is None else visit.head_revision_id,
            form_contact_type=form.contact_type if form else None,
            parent_known=any(one.revision_id == submission.parent_rev for one in earlier),
        )

    def _begin_visit(self, submission: Submission, quarantine: bool) -> None:
        child = self.children.get(submission.child_id)
        author = self.sender.author
        visit = VisitHead(
            id=submission.visit_id,
            child_id=child.id if child else None,
            author_id=author.id,
            team_id=child.team_id if child else author.team.id,
            contact_type=submission.contact_type,
            state=state_after_revision(None, quarantine=quarantine).value,
            head_revision_id=submission.rev_id,
            occurred_at=submission.occurred_at,
            received_at=self.sender.now,
        )
        self.visits[visit.id] = self.new_visits[visit.id] = visit

    def _result(
        self,
        submission: Submission,
        kept: tuple[str, int, datetime, list[str]],
        result: Result,
        message: str,
    ) -> ItemResult:
        digest, seq, received_at, flags = kept
        receipt = Receipt.sign(
            self.sender.receipt_key,
            rev_id=submission.rev_id,
            sha256=digest,
            seq=seq,
            received_at=received_at,
        )
        return ItemResult(submission.rev_id, result, message, tuple(flags), receipt)


def _row(
    submission: Submission, author: Account, flags: list[str], seq: int, now: datetime
) -> dict[str, Any]:
    return {
        "id": submission.rev_id,
        "visit_id": submission.visit_id,
        "parent_id": submission.parent_rev,
        "author_id": author.id,
        "device_id": submission.device_id,
        "device_seq": submission.device_seq,
        "child_ref": submission.child_id,
        "form_id": submission.form_id,
        "form_version": submission.form_version,
        "sha256": submission.sha256,
        "body": submission.body,
        "flags": flags,
        "occurred_at": submission.occurred_at,
        "received_at": now,
        "receipt_seq": seq,
    }


def _keep_malformed(session: Session, sender: Sender, item: Any, error: Malformed) -> ItemResult:
    _quarantine(session, sender, item, error.rev_id, "malformed")
    return ItemResult(
        error.rev_id,
        Result.REJECTED_MALFORMED,
        f"{error.message} The service keeps a copy for your supervisor; the tablet keeps the visit.",
    )


def _keep_altered(session: Session, sender: Sender, submission: Submission) -> ItemResult:
    _quarantine(session, sender, submission.body, submission.rev_id, "hash")
    return ItemResult(
        submission.rev_id,
        Result.REJECTED_HASH,
        "The visit arrived changed from how it was completed. The service keeps a copy for your supervisor; "
        "the tablet keeps the visit.",
    )


def _quarantine(session: Session, sender: Sender, item: Any, rev_id: str | None, reason: str) -> None:
    """Keep the item as it came; the same one sent again is kept once."""
    body = json.dumps(item, ensure_ascii=True, sort_keys=True)
    digest = sha256(body.encode()).hexdigest()
    if quarantine_by_body(session, sender.author.id, digest) is None:
        session.add(
            QuarantineRow(
                account_id=sender.author.id,
                revision_ref=rev_id,
                reason=reason,
                body=body,
                body_sha256=digest,
                received_at=sender.now,
            )
        )
        session.flush()
