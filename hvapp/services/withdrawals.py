"""What supervisors do about a visit that its author has withdrawn: agree, or keep it.

Agreeing takes off the child's record what the visit had put there, and has the red book told. Keeping sets the
withdrawal apart, and the visit is again what it was before.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account
from hvapp.domain.errors import NotFound
from hvapp.domain.forms import FormLibrary
from hvapp.domain.forms.answers import is_usable
from hvapp.domain.forms.facts import build_sealed_facts
from hvapp.domain.forms.logic import look
from hvapp.domain.review import VisitState, check_may_decide, check_why
from hvapp.store.children import ChildRow, lock_child, measurements_of, take_back_visit
from hvapp.store.decisions import announce_record, record_decision
from hvapp.store.filing import hold_filing
from hvapp.store.immunisations import write_immunisations
from hvapp.store.kept import take_back_kept
from hvapp.store.outbox import RED_BOOK, OutboxRow, may_have_arrived, next_seq, supersede_unsent
from hvapp.store.transaction import transaction
from hvapp.store.versions import settle_visit, standing_of
from hvapp.store.visits import (
    RevisionRow,
    VisitRow,
    approved_beside,
    approved_revision,
    is_on_record,
    latest_withdrawn,
    record_before_visit,
    visit_to_change,
    was_agreed_to,
)


@dataclass(frozen=True)
class WithdrawnLine:
    """A line on the queue page, for knowing of it."""

    visit_id: str
    child_name: str
    contact_type: str
    author_name: str
    occurred_at: datetime
    withdrawn_at: datetime
    reason: str
    wrong_child: bool
    still_in_red_book: bool


def lately_withdrawn(session: Session, supervisor: Account, limit: int = 20) -> list[WithdrawnLine]:
    """The team's visits that were withdrawn, newest first."""
    return [_line(visit, head) for visit, head in latest_withdrawn(session, supervisor.team.id, limit)]


def agree(
    session: Session, forms: FormLibrary, *, reviewer: Account, visit_id: str, rev_id: str, now: datetime
) -> None:
    """The visit no longer counts. `rev_id`: the withdrawal that the reviewer read.

    Raises a DomainError where this reviewer may not, or something has changed meanwhile.
    """
    with transaction(session):
        visit = _visit_asked_about(session, visit_id, reviewer, rev_id)
        approved = approved_revision(session, visit) if is_on_record(visit) else None
        record_decision(session, visit, reviewer, rev_id, "withdrawn", now)
        visit.state = VisitState.WITHDRAWN.value
        if approved is not None:
            if visit.child is not None:
                lock_child(session, visit.child.id)
                _correct_red_book(session, visit, visit.child, rev_id, now)
            _take_off_record(session, forms, visit, approved)


def keep(
    session: Session,
    forms: FormLibrary,
    *,
    reviewer: Account,
    visit_id: str,
    rev_id: str,
    reason: str,
    now: datetime,
) -> None:
    """The visit stands, against its author's word; `reason` says why, and the author reads it.

    Raises Conflict where it was taken off the record already: then it has to be recorded anew.
    """
    why = check_why(reason)
    with transaction(session):
        hold_filing(session)
        visit = _visit_asked_about(session, visit_id, reviewer, rev_id, keeping=True)
        for head in standing_of(visit).withdrawals:
            head.apart = True
        record_decision(session, visit, reviewer, rev_id, "kept", now, comment=why)
        settle_visit(session, forms, visit, now)


def _visit_asked_about(
    session: Session, visit_id: str, reviewer: Account, rev_id: str, *, keeping: bool = False
) -> VisitRow:
    visit = visit_to_change(session, visit_id)
    if visit is None or visit.team_id != reviewer.team.id:
        raise NotFound("There is no such visit in your team.")
    state = VisitState(visit.state)
    may_come_back = state is VisitState.WITHDRAWN and not was_agreed_to(visit)
    check_may_decide(
        reviewer,
        author_id=visit.author_id,
        team_id=visit.team_id,
        state=state,
        head_rev=visit.head_revision_id,
        seen_rev=rev_id,
        on=VisitState.WITHDRAWN if keeping and may_come_back else VisitState.WITHDRAWAL,
    )
    return visit


def _take_off_record(session: Session, forms: FormLibrary, visit: VisitRow, approved: RevisionRow) -> None:
    subject, said = visit.subject, _level(session, forms, visit, approved)
    take_back_visit(session, visit.id)
    take_back_kept(session, visit.id)
    if visit.child_id is not None:
        write_immunisations(session, visit.id, visit.child_id, ())
    if subject is not None and said is not None and said == subject.need_level:
        others = approved_beside(session, visit)
        levels = (_level(session, forms, one, approved_revision(session, one)) for one in others)
        subject.need_level = next(filter(None, levels), None) or visit.need_level_before or said
    visit.need_level_before = None
    announce_record(session, visit)


def _level(session: Session, forms: FormLibrary, visit: VisitRow, approved: RevisionRow | None) -> str | None:
    """The level of need that an approved visit found, if it says one."""
    form = forms.find(*approved.form_key) if approved else None
    asked = form.field("need_level") if form else None
    measured = measurements_of(session, visit.child_id) if visit.child_id else []
    before = record_before_visit(visit, measured)
    if approved is None or form is None or asked is None or before is None:
        return None
    payload = approved.body["payload"]
    facts = build_sealed_facts(before, payload, approved.sealed_at, form)
    answer = look(form, payload.get("answers"), facts).answers.get("need_level")
    return str(answer) if is_usable(asked, answer) else None


def _correct_red_book(session: Session, visit: VisitRow, child: ChildRow, rev_id: str, now: datetime) -> None:
    """What is not on its way yet stays here; what may have arrived is taken back by a message of its own."""
    arrived = may_have_arrived(session, visit.id)
    supersede_unsent(session, visit.id)
    if arrived:
        session.add(
            OutboxRow(
                child_id=child.id,
                visit_id=visit.id,
                revision_id=rev_id,
                destination=RED_BOOK,
                kind="delete",
                seq=next_seq(session, child.id),
                state="pending",
                created_at=now,
                next_at=now,
            )
        )


def _line(visit: VisitRow, head: RevisionRow) -> WithdrawnLine:
    why = head.withdrawal
    return WithdrawnLine(
        visit_id=visit.id,
        child_name=visit.subject.name if visit.subject else "Child not on record",
        contact_type=visit.contact_type,
        author_name=visit.author.name,
        occurred_at=visit.occurred_at,
        withdrawn_at=head.received_at,
        reason=why.reason_words if why else "",
        wrong_child=why is not None and why.reason == "wrong_child",
        still_in_red_book=visit.in_red_book_at is not None,
    )
