"""The desk at which what arrived is filed: each item decided in memory, then all of them written in bulk."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy.orm import Session

from hvapp.domain.accounts import Author
from hvapp.domain.envelopes import Opened, Unopened
from hvapp.domain.forms import FormLibrary
from hvapp.domain.reconcile import QUARANTINING, Known, reconcile, stays_apart
from hvapp.domain.review import VisitState, state_of_versions
from hvapp.domain.submissions import ItemResult, Malformed, Receipt, Result, Submission
from hvapp.store.accounts import Colleagues, Listener
from hvapp.store.audit import write_audits
from hvapp.store.changes import announce
from hvapp.store.filing import (
    Kept,
    Lineage,
    VisitHead,
    add_revisions,
    add_visits,
    ask_kept_revisions,
    ask_visit_heads,
    lineage_of,
    move_visits,
    moved_visits_of,
    note_newest_receipt,
)
from hvapp.store.prepared import without_waiting
from hvapp.store.subjects import SubjectHead, ask_heads, resolve_heads
from hvapp.store.versions import settle_visit
from hvapp.store.visits import VisitRow, add_quarantined

OpenDesk = Callable[[], "Desk"]

# Where the present version is not simply the last one.
_OF_SEVERAL = (VisitState.TWO_VERSIONS, VisitState.WITHDRAWAL, VisitState.WITHDRAWN)


@dataclass(frozen=True)
class Sender:
    """On whose behalf a batch is taken in, and with what."""

    author: Author
    forms: FormLibrary
    receipt_key: bytes
    now: datetime
    device_revoked: bool = False
    device_id: str | None = None

    @property
    def hears_as(self) -> set[Listener]:
        return {self.author.id, Colleagues(self.author.team_id)}


@dataclass
class Desk:
    """What arrived being filed: what is on record about its visits, kept up to date item by item, then written."""

    kept: dict[str, Kept]
    visits: dict[str, VisitHead]
    lineage: dict[str, list[Lineage]]
    subjects: dict[str, SubjectHead]  # children and pregnancies, by every id they are known under
    moved: dict[str, str]  # versions a supervisor has made another visit of, and that visit
    new_revisions: list[dict[str, Any]] = field(default_factory=list)
    new_visits: dict[str, VisitHead] = field(default_factory=dict)
    moved_visits: dict[str, VisitHead] = field(default_factory=dict)
    # Visits whose versions do not simply follow one another.
    tangled: dict[str, Sender] = field(default_factory=dict)

    @classmethod
    def ask(cls, session: Session, items: list[Opened]) -> OpenDesk:
        """The desk with what is on record about these, to be opened once that is here."""
        submissions = [one.found for one in items if isinstance(one.found, Submission)]
        refs = {one.child_id for one in submissions}
        moved = moved_visits_of(session, {one.parent_rev for one in submissions if one.parent_rev})
        heads = ask_visit_heads(session, {one.visit_id for one in submissions} | set(moved.values()))
        kept = ask_kept_revisions(session, {one.rev_id for one in submissions})
        subjects = ask_heads(session, refs)

        def opened() -> Desk:
            visits = heads()
            lineage = lineage_of(session, visits)
            others = {id for visit in visits.values() for id in (visit.child_id, visit.pregnancy_id) if id}
            others |= {one.child_ref for versions in lineage.values() for one in versions}
            others -= refs
            found = subjects() | (resolve_heads(session, others) if others else {})
            return cls(kept=kept(), visits=visits, lineage=lineage, subjects=found, moved=moved)

        return opened

    def take(self, session: Session, sender: Sender, one: Opened, seq: int) -> ItemResult:
        """Decide about the next item; `seq` is its receipt's number, should it get one."""
        match one.found:
            case Malformed() as error:
                return _keep_malformed(session, sender, one.kept, error)
            case Unopened() as unopened:
                return _keep_unopened(session, sender, one.kept, unopened)
            case Submission() as submission:
                return self._take_submission(session, sender, submission, seq)

    def _take_submission(
        self, session: Session, sender: Sender, submission: Submission, seq: int
    ) -> ItemResult:
        if not submission.intact:
            return _keep_altered(session, sender, submission)
        kept = self.kept.get(submission.rev_id)
        if kept is not None and kept.sha256 != submission.sha256:
            return _keep_altered(session, sender, submission)
        if kept is not None:
            return self._result(sender, submission, kept, Result.DUPLICATE, "Received before.")
        flags = self._file(session, sender, submission, seq)
        self.kept[submission.rev_id] = kept = Kept(submission.sha256, seq, sender.now, flags)
        return self._result(sender, submission, kept, Result.STORED, "Received.")

    def write(self, session: Session, newest_receipt: int | None) -> None:
        """Put everything decided on record; `newest_receipt` is noted, unless that was done before."""
        move_visits(session, self.moved_visits.values())
        with without_waiting(session, len(self.new_revisions)):
            if newest_receipt is not None:
                note_newest_receipt(session, newest_receipt)
            add_visits(session, self.new_visits.values())
            add_revisions(session, self.new_revisions)
            write_audits(session, [_received(row) for row in self.new_revisions])
        self._untangle(session)
        for visit_id in {row["visit_id"] for row in self.new_revisions}:
            head = self.visits[visit_id]
            subject = self.subjects.get(head.child_id or head.pregnancy_id or "")
            announce(session, [head.author_id, *(subject.listeners if subject else ())], "visit", visit_id)

    def told(self, result: ItemResult) -> ItemResult:
        """The result with what was only seen once the whole batch was filed."""
        if result.rev_id not in self.kept or result.receipt is None:
            return result
        return replace(result, flags=tuple(self.kept[result.rev_id].flags))

    def _file(self, session: Session, sender: Sender, submission: Submission, seq: int) -> list[str]:
        """Decide where a new revision belongs; answers its flags."""
        author, now = sender.author, sender.now
        visit_id = self.moved.get(submission.parent_rev or "", submission.visit_id)
        visit = self.visits.get(visit_id)
        earlier = self.lineage.setdefault(visit_id, [])
        flags = reconcile(
            submission, self._known(sender, submission, visit, earlier), author_id=author.id, now=now
        )
        apart = visit is not None and stays_apart(
            flags,
            visit_quarantined=visit.state == VisitState.QUARANTINED,
            # Sent out of order: a version already on file was made from this one.
            is_ancestor=any(submission.rev_id in one.parents for one in earlier),
        )
        if visit is None:
            self._begin_visit(sender, submission, visit_id, state_of_versions(flags, in_conflict=False))
        elif apart:
            # On file with its visit, but nothing there points to it: without this nobody would see it.
            why = next(flag for flag in flags if flag in QUARANTINING)
            _quarantine(session, sender, submission.body, submission.rev_id, why.value)
        elif submission.parent_rev == visit.head_revision_id and visit.state not in _OF_SEVERAL:
            self._follow(sender, visit, submission, state_of_versions(flags, in_conflict=False))
        else:
            self.tangled[visit_id] = sender
        if submission.withdrawal is not None and not apart:
            self.tangled[visit_id] = sender
        parents = (submission.parent_rev,) if submission.parent_rev else ()
        earlier.append(Lineage(submission.rev_id, parents, submission.child_id, author.id, apart))
        values = [flag.value for flag in flags]
        row = _row(submission, author, values, seq, now)
        row |= {"visit_id": visit_id, "apart": apart, "moved_from": None}
        if visit_id != submission.visit_id:
            self.moved[submission.rev_id] = visit_id
            row["moved_from"] = submission.visit_id
        self.new_revisions.append(row)
        return values

    def _known(
        self, sender: Sender, submission: Submission, visit: VisitHead | None, earlier: list[Lineage]
    ) -> Known:
        child = self._subject(submission)
        form = sender.forms.find(submission.form_id, submission.form_version)
        newest = sender.forms.current(form.contact_type) if form else None
        versions = [one for one in earlier if not one.apart]
        # Whoever has a version in the visit already, by a supervisor's word, is no stranger to it.
        stranger = all(one.author_id != sender.author.id for one in versions)
        return Known(
            child_known=child is not None,
            allocated=child is not None and not sender.hears_as.isdisjoint(child.listeners),
            child_merged=child is not None and child.id != submission.child_id,
            child_deceased=child is not None and child.deceased,
            form_known=form is not None,
            form_hash=form.hash if form else None,
            form_contact_type=form.contact_type if form else None,
            newest_form_version=newest.version if newest and form and newest.id == form.id else 0,
            visit_author_id=visit.author_id if visit and stranger else None,
            other_child=bool(versions)
            and self._child_id(versions[0].child_ref) != self._child_id(submission.child_id),
            parent_known=any(one.revision_id == submission.parent_rev for one in versions),
            device_revoked=sender.device_revoked,
        )

    def _child_id(self, ref: str) -> str:
        """Who a child is now, for comparing: the id itself, where nobody knows it."""
        child = self.subjects.get(ref)
        return child.id if child else ref

    def _subject(self, submission: Submission) -> SubjectHead | None:
        """Whom it is about; nobody, where the id is a child's and the contact antenatal, or the other way about."""
        found = self.subjects.get(submission.child_id)
        return found if found and found.fits(submission.contact_type) else None

    def _begin_visit(self, sender: Sender, submission: Submission, visit_id: str, state: VisitState) -> None:
        subject = self._subject(submission)
        author = sender.author
        child_id, pregnancy_id = _filed_under(subject)
        visit = VisitHead(
            id=visit_id,
            child_id=child_id,
            pregnancy_id=pregnancy_id,
            author_id=author.id,
            team_id=subject.team_id if subject else author.team_id,
            contact_type=submission.contact_type,
            state=state.value,
            head_revision_id=submission.rev_id,
            occurred_at=submission.occurred_at,
            received_at=sender.now,
        )
        self.visits[visit.id] = self.new_visits[visit.id] = visit

    def _follow(self, sender: Sender, visit: VisitHead, submission: Submission, state: VisitState) -> None:
        """The ordinary case: a version made from the present one takes its place."""
        subject = self._subject(submission)
        if visit.child_id is None and visit.pregnancy_id is None and subject is not None:
            visit.child_id, visit.pregnancy_id = _filed_under(subject)
            visit.team_id = subject.team_id
        visit.state = state.value
        visit.head_revision_id = submission.rev_id
        visit.occurred_at = submission.occurred_at
        visit.received_at = sender.now
        if visit.id not in self.new_visits:
            self.moved_visits[visit.id] = visit

    def _untangle(self, session: Session) -> None:
        """Work out what is the present version where that is not simply the last one."""
        for visit_id, sender in sorted(self.tangled.items()):
            arrived = {row["id"] for row in self.new_revisions if row["visit_id"] == visit_id}
            visit = session.get_one(VisitRow, visit_id, populate_existing=True)
            settle_visit(session, sender.forms, visit, sender.now, arrived)
            for revision in visit.revisions:
                if revision.id in arrived:
                    self.kept[revision.id].flags[:] = revision.flags

    def _result(
        self,
        sender: Sender,
        submission: Submission,
        kept: Kept,
        result: Result,
        message: str,
    ) -> ItemResult:
        receipt = Receipt.sign(
            sender.receipt_key,
            rev_id=submission.rev_id,
            sha256=kept.sha256,
            seq=kept.seq,
            received_at=kept.received_at,
        )
        child = self.subjects.get(submission.child_id)
        resolved = child.id if child and child.id != submission.child_id else None
        return ItemResult(submission.rev_id, result, message, tuple(kept.flags), receipt, resolved)


def _filed_under(subject: SubjectHead | None) -> tuple[str | None, str | None]:
    """The child and the pregnancy of a visit: one of them, or neither while nobody here is meant."""
    if subject is None:
        return None, None
    return (None, subject.id) if subject.is_pregnancy else (subject.id, None)


def _row(submission: Submission, author: Author, flags: list[str], seq: int, now: datetime) -> dict[str, Any]:
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


def _received(row: dict[str, Any]) -> dict[str, Any]:
    """The audit entry of a revision."""
    return {
        "at": row["received_at"],
        "account_id": row["author_id"],
        "action": "revision_received",
        "subject_type": "visit",
        "subject_id": row["visit_id"],
        "detail": row["id"],
    }


def _keep_malformed(session: Session, sender: Sender, item: Any, error: Malformed) -> ItemResult:
    _quarantine(session, sender, item, error.rev_id, "malformed")
    return ItemResult(
        error.rev_id,
        Result.REJECTED_MALFORMED,
        f"{error.message} The service keeps a copy for your supervisor; the tablet keeps the visit.",
    )


def _keep_unopened(session: Session, sender: Sender, item: Any, unopened: Unopened) -> ItemResult:
    _quarantine(session, sender, item, unopened.rev_id, "key")
    return ItemResult(
        unopened.rev_id,
        Result.REJECTED_KEY,
        "The service could not open the visit, so it has not been received. The tablet keeps the visit and seals "
        "it again when it is next unlocked.",
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
    add_quarantined(
        session,
        account_id=sender.author.id,
        revision_ref=rev_id,
        reason=reason,
        body=body,
        body_sha256=sha256(body.encode()).hexdigest(),
        received_at=sender.now,
        device_id=sender.device_id or _device_of(item),
    )


def _device_of(item: Any) -> str | None:
    """The tablet an item says it is from, where it can be read: a faulty one is found by it."""
    device_id = item.get("device_id") if isinstance(item, dict) else None
    return device_id if isinstance(device_id, str) and len(device_id) == 36 else None
