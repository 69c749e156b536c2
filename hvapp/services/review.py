"""What supervisors do: look through the queue, approve a visit or send it back."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account
from hvapp.domain.ages import civil_date
from hvapp.domain.errors import NotFound
from hvapp.domain.forms import FormDefinition, FormLibrary
from hvapp.domain.forms.answers import is_usable, read_decimal
from hvapp.domain.forms.facts import ChildFacts, build_sealed_facts
from hvapp.domain.forms.logic import look
from hvapp.domain.forms.photos import photos_in
from hvapp.domain.forms.reading import goes_to_safeguarding
from hvapp.domain.forms.rule_facts import vaccinations
from hvapp.domain.forms.validate import check
from hvapp.domain.reconcile import FLAG_WEIGHT, Flag
from hvapp.domain.redbook import red_book_agreed
from hvapp.domain.review import (
    AWAITING_REVIEW,
    DECEASED,
    DECIDED,
    Query,
    VisitState,
    check_may_decide,
    check_photos,
    check_queries,
    check_read,
    check_return,
    check_seen,
    happens_once,
    standing_flags,
)
from hvapp.store.audit import write_audit
from hvapp.store.blobs import arrived
from hvapp.store.children import (
    ChildRow,
    ContactRow,
    MeasurementRow,
    PregnancyRow,
    lock_child,
    measurements_of,
    take_back_visit,
)
from hvapp.store.decisions import announce_record, record_decision
from hvapp.store.immunisations import immunisations_of, write_immunisations
from hvapp.store.kept import keep_answers, keep_wellbeing, take_back_kept
from hvapp.store.outbox import RED_BOOK, OutboxRow, next_seq, supersede_unsent
from hvapp.store.sorting import was_opened
from hvapp.store.transaction import transaction
from hvapp.store.visits import (
    DecisionRow,
    RevisionRow,
    VisitRow,
    has_later_approved,
    heads_of,
    latest_decisions,
    record_before_visit,
    visit_by_id,
    visit_to_change,
    visits_beside,
    visits_in_states,
)


@dataclass(frozen=True)
class QueueLine:
    """A visit that waits for a supervisor. `child_name` is the mother's before the birth, when there is a due date
    instead of a `child_birth_date`; neither where the child is not on record."""

    visit_id: str
    child_name: str
    child_birth_date: date | None
    edd: date | None
    need_level: str | None
    contact_type: str
    author_name: str
    own: bool
    occurred_at: datetime
    received_at: datetime
    state: VisitState
    flags: tuple[Flag, ...]
    red_alerts: tuple[str, ...]
    amended: bool
    returned_before: bool
    photos_missing: int

    @property
    def urgency(self) -> tuple[bool, int, datetime]:
        """Sorts the worst first, then the longest waiting; one's own visits, which others decide, last."""
        weight = sum(FLAG_WEIGHT.get(flag, 0) for flag in self.flags)
        return self.own, -weight, self.received_at


@dataclass(frozen=True)
class DecidedLine:
    visit_id: str
    child_name: str
    contact_type: str
    author_name: str
    occurred_at: datetime
    state: VisitState
    decided_at: datetime
    decided_by: str
    in_red_book_at: datetime | None


def queue(session: Session, reviewer: Account) -> list[QueueLine]:
    """Visits of the reviewer's team that wait for a decision: worst first, then the longest waiting."""
    visits = visits_in_states(session, reviewer.team.id, AWAITING_REVIEW)
    heads = heads_of(session, visits)
    beside = visits_beside(session, [visit for visit in visits if happens_once(visit.contact_type)])
    here = arrived(session, {sha256 for head in heads.values() for sha256 in _photos_named(head)})
    lines = [
        _line(visit, heads.get(visit.id), reviewer, bool(beside.get(visit.id)), here) for visit in visits
    ]
    return sorted(lines, key=lambda line: line.urgency)


def recently_decided(session: Session, reviewer: Account, limit: int = 20) -> list[DecidedLine]:
    """Newest decision first."""
    return [
        _decided_line(decision) for decision in latest_decisions(session, reviewer.team.id, DECIDED, limit)
    ]


def find_decided(session: Session, reviewer: Account, visit_id: str) -> DecidedLine | None:
    """The line of one visit, for saying what was just decided; None if it is not of the reviewer's team."""
    visit = visit_by_id(session, visit_id)
    if visit is None or visit.team_id != reviewer.team.id:
        return None
    return next((_decided_line(one) for one in reversed(visit.decisions)), None)


def next_in_queue(session: Session, reviewer: Account) -> str | None:
    """The visit to read next: never one's own, nor one that cannot be decided yet."""
    return next(
        (
            line.visit_id
            for line in queue(session, reviewer)
            if not line.own
            and line.state in (VisitState.RECEIVED, VisitState.WITHDRAWAL)
            and not line.photos_missing
        ),
        None,
    )


def approve(
    session: Session,
    forms: FormLibrary,
    *,
    reviewer: Account,
    visit_id: str,
    rev_id: str,
    now: datetime,
    seen: Collection[str] = (),
    without_photos: str = "",
) -> None:
    """Approve the revision the reviewer read; its red-book message is queued in the same transaction, if it is for it.

    `seen`: what the reviewer says to have looked at, other visits for the same contact by their ids.
    `without_photos`: why the reviewer goes on though photos have not arrived. Raises Invalid while something is missing
    in either, and while the reviewer has not opened the restricted parts of a visit of the safeguarding queue; NotFound
    for a visit whose child or form this service no longer has. What is about a pregnancy never goes to a red book: it
    is the mother's, and no child's yet.
    """
    with transaction(session):
        visit = _visit_to_decide(session, visit_id, reviewer, rev_id)
        revision = session.get_one(RevisionRow, rev_id)
        form = forms.get(*revision.form_key)
        child, subject = visit.child, visit.subject
        if subject is None:
            raise NotFound("The child of this visit is not on record.")
        if child is not None:
            lock_child(session, child.id)
        check_read(
            needed=goes_to_safeguarding(form, revision.body["payload"]),
            opened=was_opened(session, reviewer.id, "visit", visit.id, since=revision.received_at),
        )
        check_seen(_to_look_at(session, visit), seen)
        named = {photo.sha256 for _, photo in photos_in(form, revision.body["payload"])}
        note = check_photos(len(named - arrived(session, named)), without_photos)
        record_decision(session, visit, reviewer, rev_id, "approved", now, comment=note)
        if note is not None:
            write_audit(
                session,
                at=now,
                account_id=reviewer.id,
                action="approved_without_photos",
                subject_type="visit",
                subject_id=visit.id,
                detail=note,
            )
        if child is None or form.encounter_type is None:
            visit.state = VisitState.NOT_SHARED.value
        else:
            _queue_for_red_book(session, visit, child, revision, now)
        _write_to_record(session, form, visit, subject, revision, now)


def _queue_for_red_book(
    session: Session, visit: VisitRow, child: ChildRow, revision: RevisionRow, now: datetime
) -> None:
    kind = "update" if supersede_unsent(session, visit.id) else "new"
    # A family that refused waits for nothing: nobody is told in between that the red book is next.
    refused = kind == "new" and red_book_agreed(revision.body["payload"].get("answers") or {}) is False
    visit.state = (VisitState.NOT_SHARED if refused else VisitState.APPROVED).value
    session.add(
        OutboxRow(
            child_id=child.id,
            visit_id=visit.id,
            revision_id=revision.id,
            destination=RED_BOOK,
            kind=kind,
            seq=next_seq(session, child.id),
            state="pending",
            created_at=now,
            next_at=now,
        )
    )


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
    text = check_return(comment, len(queries))
    check_queries(queries)
    with transaction(session):
        visit = _visit_to_decide(session, visit_id, reviewer, rev_id)
        record_decision(session, visit, reviewer, rev_id, "returned", now, comment=text, queries=queries)
        visit.state = VisitState.RETURNED.value


def _to_look_at(session: Session, visit: VisitRow) -> set[str]:
    beside = visits_beside(session, [visit])[visit.id] if happens_once(visit.contact_type) else []
    died = {DECEASED} if visit.child and visit.child.person.deceased_on is not None else set()
    return {other.id for other in beside} | died


def _visit_to_decide(session: Session, visit_id: str, reviewer: Account, rev_id: str) -> VisitRow:
    visit = visit_to_change(session, visit_id)
    if visit is None or visit.team_id != reviewer.team.id:
        raise NotFound("There is no such visit in your team.")
    check_may_decide(
        reviewer,
        author_id=visit.author_id,
        team_id=visit.team_id,
        state=VisitState(visit.state),
        head_rev=visit.head_revision_id,
        seen_rev=rev_id,
    )
    return visit


def _write_to_record(
    session: Session,
    form: FormDefinition,
    visit: VisitRow,
    subject: ChildRow | PregnancyRow,
    revision: RevisionRow,
    now: datetime,
) -> None:
    """The approved visit becomes a contact and measurements on the record; an amendment replaces them.

    Only answers to questions that were shown: a tablet keeps an answer that a later one hid, and nobody read it.
    """
    known = measurements_of(session, visit.child_id) if visit.child_id else []
    given = immunisations_of(session, visit.child_id) if visit.child_id else []
    before = record_before_visit(visit, known, given)
    if before is None:
        raise NotFound("The child of this visit is not on record.")
    payload = revision.body["payload"]
    facts = build_sealed_facts(before, payload, revision.sealed_at, form)
    answers = look(form, payload.get("answers"), facts).answers
    take_back_visit(session, visit.id)
    take_back_kept(session, visit.id)
    visited_on = civil_date(revision.occurred_at)
    keep_answers(session, visit.id, visited_on, _to_offer_again(form, answers))
    keep_wellbeing(session, visit.id, visited_on, _about_people(form, answers))
    session.add(
        ContactRow(
            subject_id=subject.id,
            contact_type=visit.contact_type,
            occurred_on=visited_on,
            mode=answers.get("mode", "not recorded"),
            practitioner=visit.author.name,
            visit_id=visit.id,
        )
    )
    _write_need_level(session, form, visit, subject, answers)
    if visit.child_id:
        write_immunisations(session, visit.id, subject.id, _vaccinations(form, answers, visited_on))
    for kind, value, measured_on, at_birth in _measured(form, payload, facts, before, visited_on):
        session.add(
            MeasurementRow(
                child_id=subject.id,
                kind=kind,
                value=value,
                measured_on=measured_on,
                at_birth=at_birth,
                visit_id=visit.id,
                recorded_at=now,
            )
        )
    announce_record(session, visit)


def _measured(
    form: FormDefinition, payload: Mapping[str, Any], facts: Mapping[str, Any], before: ChildFacts, on: date
) -> Iterator[tuple[str, Decimal, date, bool]]:
    """Kind, value, day and whether at birth, of each measurement that is possible and not on record yet."""
    answers = look(form, payload.get("answers"), facts).answers
    # Kept in the visit, where it can be corrected; on the record it would stand beside what was measured.
    impossible = {one.field_id for one in check(form, payload, facts).findings if one.level == "hard"}
    at_birth_known = {(one.kind, one.value) for one in before.measurements if one.at_birth}
    for field in form.fields:
        value, measure = read_decimal(answers.get(field.id)), field.measure
        if measure is None or value is None or field.id in impossible:
            continue
        measured_on = before.birth_date if measure.at_birth else on
        if measured_on is None or (measure.at_birth and (measure.kind, value) in at_birth_known):
            continue
        yield measure.kind, value, measured_on, measure.at_birth


def _vaccinations(form: FormDefinition, answers: Mapping[str, Any], on: date) -> list[tuple[str, date]]:
    lists = [(form.field(field_id), answers.get(field_id)) for field_id in ("imm_history", "given")]
    told = {field.id: value for field, value in lists if field is not None and is_usable(field, value)}
    return vaccinations(told, on)


def _to_offer_again(form: FormDefinition, answers: Mapping[str, Any]) -> dict[str, Any]:
    return {one.id: answers[one.id] for one in form.fields if one.is_offered_again and one.id in answers}


def _about_people(form: FormDefinition, answers: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The rows of restricted lists that are each about one person, with that person."""
    told = []
    for one in form.fields:
        person = next((part.id for part in one.fields if part.type == "person"), None)
        if person is None or one.visibility != "X":
            continue
        for row in answers.get(one.id, ()):
            if isinstance(row.get(person), str):
                told.append((row[person], {key: value for key, value in row.items() if key != person}))
    return told


def _write_need_level(
    session: Session,
    form: FormDefinition,
    visit: VisitRow,
    subject: ChildRow | PregnancyRow,
    answers: Mapping[str, Any],
) -> None:
    """The level the visit found, unless a later visit has had its say; an amendment without one takes it back."""
    asked, answer = form.field("need_level"), answers.get("need_level")
    level = answer if asked is not None and is_usable(asked, answer) else visit.need_level_before
    if level is None or level == subject.need_level or has_later_approved(session, visit):
        return
    visit.need_level_before = visit.need_level_before or subject.need_level
    subject.need_level = level


def _photos_named(head: RevisionRow) -> list[str]:
    return (head.judgement.photos if head.judgement else None) or []


def _line(
    visit: VisitRow, head: RevisionRow | None, reviewer: Account, beside: bool, here: set[str]
) -> QueueLine:
    child, subject, state = visit.child, visit.subject, VisitState(visit.state)
    deceased = child is not None and child.person.deceased_on is not None
    judged = head.judgement if head else None
    return QueueLine(
        visit_id=visit.id,
        child_name=subject.name if subject else "Child not on record",
        child_birth_date=child.person.birth_date if child else None,
        edd=visit.pregnancy.edd if visit.pregnancy else None,
        need_level=subject.need_level if subject else None,
        contact_type=visit.contact_type,
        author_name=visit.author.name,
        own=visit.author_id == reviewer.id,
        occurred_at=visit.occurred_at,
        received_at=visit.received_at,
        state=state,
        flags=standing_flags(head.all_flags if head else (), state=state, beside=beside, deceased=deceased),
        red_alerts=tuple(judged.red_alerts or ()) if judged else (),
        amended=head is not None and head.parent_id is not None,
        returned_before=any(decision.outcome == "returned" for decision in visit.decisions),
        photos_missing=len(set(_photos_named(head)) - here) if head else 0,
    )


def _decided_line(decision: DecisionRow) -> DecidedLine:
    visit = decision.visit
    return DecidedLine(
        visit_id=visit.id,
        child_name=visit.subject.name if visit.subject else "Child not on record",
        contact_type=visit.contact_type,
        author_name=visit.author.name,
        occurred_at=visit.occurred_at,
        state=VisitState(visit.state),
        decided_at=decision.decided_at,
        decided_by=decision.reviewer.name,
        in_red_book_at=visit.in_red_book_at,
    )
