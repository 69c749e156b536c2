"""One visit read out for a supervisor, with the child, the record before it and the versions before this one."""

from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account
from hvapp.domain.errors import NotFound
from hvapp.domain.forms import FormDefinition, FormLibrary
from hvapp.domain.forms.answers import is_usable
from hvapp.domain.forms.facts import ChildFacts, build_sealed_facts, recorded_method
from hvapp.domain.forms.logic import look
from hvapp.domain.forms.photos import photos_in
from hvapp.domain.forms.reading import Measured, goes_to_safeguarding, read_changes, read_visit
from hvapp.domain.forms.validate import check
from hvapp.domain.growth import ChartMethod, assess, derived_value
from hvapp.domain.photos import CannotShow, open_photo
from hvapp.domain.review import VisitState, check_reason, happens_once, standing_flags
from hvapp.domain.rules import rule_book
from hvapp.services.visit_readout.detail import (
    Child,
    Decision,
    EarlierVersion,
    OtherVisit,
    Pregnancy,
    SetAside,
    ShownPhoto,
    VisitDetail,
    Withdrawn,
)
from hvapp.store.blobs import arrived, content_of
from hvapp.store.children import (
    ChildRow,
    MeasurementRow,
    children_born_of,
    measurements_of,
    people_around,
)
from hvapp.store.immunisations import immunisations_of
from hvapp.store.outbox import message_of_revision
from hvapp.store.sorting import note_opening, standing_act, was_opened
from hvapp.store.transaction import transaction
from hvapp.store.versions import answered_version
from hvapp.store.visits import (
    DecisionRow,
    RevisionRow,
    VisitRow,
    is_on_record,
    record_before_visit,
    visit_by_id,
    visits_beside,
    was_agreed_to,
)

KIND_WORDS = {"weight": "Weight", "length": "Length", "height": "Height", "ofc": "Head circumference"}


def open_visit(
    session: Session,
    forms: FormLibrary,
    *,
    reviewer: Account,
    visit_id: str,
    now: datetime,
    restricted_reason: str | None = None,
) -> VisitDetail:
    """The visit, for a supervisor of its team. Opening it is written to the audit trail.

    With a reason the restricted answers are there too, and the audit trail has the reason. Raises Invalid for a
    reason that says nothing, NotFound for a visit of another team.
    """
    reason = check_reason(restricted_reason) if restricted_reason is not None else None
    with transaction(session):
        visit = _visit_of_team(session, visit_id, reviewer)
        note_opening(
            session,
            by_id=reviewer.id,
            action="visit_opened",
            subject_type="visit",
            subject_id=visit_id,
            reason=reason,
            now=now,
        )
        return _detail(session, forms, visit, reviewer, restricted_open=reason is not None)


def subject_of_visit(
    session: Session, *, reviewer: Account, visit_id: str
) -> tuple[Child | None, Pregnancy | None]:
    """For the banner of a page about the visit: its child or pregnancy; neither where it is not on record."""
    visit = _visit_of_team(session, visit_id, reviewer)
    return _child(visit), _pregnancy(session, visit)


def answers_to_ask_about(
    session: Session, forms: FormLibrary, *, reviewer: Account, visit_id: str
) -> dict[str, str]:
    """The questions of the visit's form, by field id: those a supervisor may ask something about."""
    visit = _visit_of_team(session, visit_id, reviewer)
    return _labels(_form_of(forms, session.get_one(RevisionRow, visit.head_revision_id)))


def _visit_of_team(session: Session, visit_id: str, reviewer: Account) -> VisitRow:
    visit = visit_by_id(session, visit_id)
    if visit is None or visit.team_id != reviewer.team.id:
        raise NotFound("There is no such visit in your team.")
    return visit


def _detail(
    session: Session, forms: FormLibrary, visit: VisitRow, reviewer: Account, restricted_open: bool
) -> VisitDetail:
    head, last = answered_version(visit), session.get_one(RevisionRow, visit.head_revision_id)
    form = _form_of(forms, head)
    payload = head.body["payload"]
    facts = _child_facts(session, visit)
    state = VisitState(visit.state)
    beside = visits_beside(session, [visit])[visit.id] if happens_once(visit.contact_type) else []
    deceased = visit.child is not None and visit.child.person.deceased_on is not None
    reading = (
        read_visit(
            form,
            payload,
            facts,
            head.sealed_at,
            _names(session, visit),
            restricted_open=restricted_open,
        )
        if form
        else None
    )
    photos, photos_missing = _photos(session, form, payload, restricted_open)
    return VisitDetail(
        visit_id=visit.id,
        rev_id=last.id,
        contact_type=visit.contact_type,
        state=state,
        own=visit.author_id == reviewer.id,
        child=_child(visit),
        pregnancy=_pregnancy(session, visit),
        author_name=visit.author.name,
        occurred_at=head.occurred_at,
        received_at=head.received_at,
        flags=standing_flags(
            {*head.all_flags, *last.flags}, state=state, beside=bool(beside), deceased=deceased
        ),
        reading=reading,
        field_labels=_labels(form),
        raw=payload.get("answers") if form is None and restricted_open else None,
        measurements=_measurements_before(session, visit, recorded_method(payload)),
        earlier=_earlier_versions(visit, head, form, restricted_open),
        decided=_decision(visit, last),
        withdrawal=_withdrawal(visit, last),
        withdrawn_before=tuple(
            _told(one)
            for one in visit.decisions
            if one.outcome in ("kept", "withdrawn") and one.revision_id != last.id
        ),
        red_book_at=visit.in_red_book_at,
        red_book_reason=_red_book_reason(session, visit, head),
        restricted_open=restricted_open,
        beside=tuple(_other(one, reviewer) for one in beside),
        not_recorded=_not_recorded(form, payload, facts, head) if form else (),
        new_level=_new_level(form, payload, facts, visit, head) if form else None,
        photos=photos,
        photos_missing=photos_missing,
        read_as=head.read_as,
        to_be_read=form is not None
        and goes_to_safeguarding(form, payload)
        and not was_opened(session, reviewer.id, "visit", visit.id, since=last.received_at),
        set_aside=_set_aside(session, visit),
    )


def _photos(
    session: Session, form: FormDefinition | None, payload: dict[str, Any], restricted_open: bool
) -> tuple[dict[str, list[ShownPhoto]], int]:
    named = photos_in(form, payload) if form else []
    here = arrived(session, {photo.sha256 for _, photo in named})
    shown: dict[str, list[ShownPhoto]] = {}
    for asked, photo in named:
        restricted = asked.visibility == "X"
        if restricted and not restricted_open:
            continue
        jpeg = None
        if restricted and photo.sha256 in here:
            with suppress(CannotShow):
                jpeg = open_photo(photo, content_of(session, photo.sha256) or b"")
        shown.setdefault(asked.id, []).append(
            ShownPhoto(photo.id, photo.caption, photo.sha256 in here, restricted, jpeg)
        )
    return shown, len({photo.sha256 for _, photo in named} - here)


def _other(visit: VisitRow, reviewer: Account) -> OtherVisit:
    return OtherVisit(
        visit_id=visit.id,
        author_name=visit.author.name,
        occurred_at=visit.occurred_at,
        state=VisitState(visit.state),
        readable=visit.team_id == reviewer.team.id,
    )


def _not_recorded(
    form: FormDefinition, payload: dict[str, Any], child: ChildFacts, head: RevisionRow
) -> tuple[str, ...]:
    facts = build_sealed_facts(child, payload, head.sealed_at, form)
    impossible = {one.field_id for one in check(form, payload, facts).findings if one.level == "hard"}
    return tuple(one.label for one in form.fields if one.measure and one.id in impossible)


def _new_level(
    form: FormDefinition, payload: dict[str, Any], child: ChildFacts, visit: VisitRow, head: RevisionRow
) -> str | None:
    facts = build_sealed_facts(child, payload, head.sealed_at, form)
    answer = look(form, payload.get("answers"), facts).answers.get("need_level")
    asked = form.field("need_level")
    if asked is None or visit.subject is None or asked.visibility == "X" or not is_usable(asked, answer):
        return None
    return answer if isinstance(answer, str) and answer != visit.subject.need_level else None


def _set_aside(session: Session, visit: VisitRow) -> SetAside | None:
    act = standing_act(session, visit.id) if visit.state == VisitState.SET_ASIDE else None
    by = act.account.name if act and act.account else "This service"
    return SetAside(act.id, by, act.at, act.reason or "") if act else None


def _form_of(forms: FormLibrary, revision: RevisionRow) -> FormDefinition | None:
    return forms.find(*revision.form_key)


def _labels(form: FormDefinition | None) -> dict[str, str]:
    return {one.id: one.label for one in form.fields} if form else {}


def _told(row: DecisionRow) -> Decision:
    return Decision(row.outcome, row.reviewer.name, row.decided_at, row.comment)


def _decision(visit: VisitRow, head: RevisionRow) -> Decision | None:
    return next((_told(row) for row in visit.decisions if row.revision_id == head.id), None)


def _withdrawal(visit: VisitRow, last: RevisionRow) -> Withdrawn | None:
    why = last.withdrawal
    if why is None:
        return None
    return Withdrawn(
        reason=why.reason_words,
        words=why.words,
        wrong_child=why.reason == "wrong_child",
        at=last.received_at,
        on_record=is_on_record(visit),
        may_come_back=not was_agreed_to(visit),
    )


def _measurements_before(session: Session, visit: VisitRow, method: ChartMethod | None) -> list[Measured]:
    """What the record already holds, newest first, each with the centile that the visit's method gives it."""
    child = visit.child
    if child is None:
        return []
    rows = [row for row in measurements_of(session, child.id) if row.visit_id != visit.id]
    return [
        Measured(
            label=KIND_WORDS.get(row.kind, row.kind) + (" at birth" if row.at_birth else ""),
            value=f"{_tidy(row)} {'kg' if row.kind == 'weight' else 'cm'}",
            on=row.measured_on,
            derived=_derived(row, child, method or rule_book().growth_method),
        )
        for row in reversed(rows)
    ]


def _tidy(row: MeasurementRow) -> str:
    return f"{row.value:.3f}" if row.kind == "weight" else f"{row.value:.1f}"


def _derived(row: MeasurementRow, child: ChildRow, method: ChartMethod) -> dict[str, str | int | None] | None:
    born, sex = child.person.birth_date, child.person.sex
    if born is None:
        return None
    match row.kind:
        case "weight" | "length" | "height" | "ofc" as kind:
            return derived_value(
                assess(kind, row.value, row.measured_on, born, sex, child.gestation_days, method)
            )
        case _:
            return None


def _earlier_versions(
    visit: VisitRow, head: RevisionRow, form: FormDefinition | None, restricted_open: bool
) -> list[EarlierVersion]:
    """Newest first."""
    labels = _labels(form)
    versions = []
    for row in reversed(visit.revisions):
        if row.id == head.id or row.apart or row.withdrawal:
            continue
        changed, held = (
            read_changes(form, row.body["payload"], head.body["payload"], restricted_open=restricted_open)
            if form
            else ([], 0)
        )
        returned = next(
            (one for one in visit.decisions if one.revision_id == row.id and one.outcome == "returned"), None
        )
        versions.append(
            EarlierVersion(
                rev_id=row.id,
                received_at=row.received_at,
                returned_by=returned.reviewer.name if returned else None,
                returned_comment=returned.comment if returned else None,
                queries=[
                    (labels.get(query["field_id"], query["field_id"]), query["comment"])
                    for query in (returned.queries if returned else [])
                ],
                changed=changed,
                restricted_changes=held,
            )
        )
    return versions


def _red_book_reason(session: Session, visit: VisitRow, head: RevisionRow) -> str | None:
    if visit.state != VisitState.RED_BOOK_FAILED:
        return None
    message = message_of_revision(session, head.id)
    return message.reason if message else None


def _child_facts(session: Session, visit: VisitRow) -> ChildFacts:
    known = measurements_of(session, visit.child_id) if visit.child_id else []
    given = immunisations_of(session, visit.child_id) if visit.child_id else []
    return record_before_visit(visit, known, given) or ChildFacts(birth_date=None, sex="not_known")


def _names(session: Session, visit: VisitRow) -> dict[str, str]:
    """Names behind the ids in answers: the people of the household."""
    people = people_around(session, visit.person_id) if visit.person_id else {}
    return {
        person_id: f"{name} ({role.replace('_', ' ')})" if role else name
        for person_id, (name, role) in people.items()
    }


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
        deceased_on=row.person.deceased_on,
    )


def _pregnancy(session: Session, visit: VisitRow) -> Pregnancy | None:
    row = visit.pregnancy
    if row is None:
        return None
    return Pregnancy(
        id=row.id,
        name=row.name,
        nhs_number=row.mother.nhs_number,
        edd=row.edd,
        births_expected=row.births_expected,
        need_level=row.need_level,
        born=tuple((child.id, child.name) for child in children_born_of(session, row.id)),
    )
