"""Settling a visit that was changed on two tablets: the answers side by side, and the version a supervisor makes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account
from hvapp.domain.errors import Conflict, Invalid, NotAllowed, NotFound
from hvapp.domain.forms import FormDefinition, FormLibrary
from hvapp.domain.forms.readout import effective_visibility
from hvapp.domain.forms.validate import overridden
from hvapp.domain.forms.wording import plain_value
from hvapp.domain.merge import MISSING, Merged
from hvapp.domain.merge import Conflict as Differing
from hvapp.domain.review import VisitState, check_may_sort, check_reason
from hvapp.store.audit import write_audit
from hvapp.store.changes import announce
from hvapp.store.children import people_around
from hvapp.store.devices import DeviceRow
from hvapp.store.filing import hold_filing
from hvapp.store.sorting import note_opening, record_act, was_opened
from hvapp.store.transaction import transaction
from hvapp.store.versions import Standing, add_version, settle_visit, standing_of
from hvapp.store.visits import RevisionRow, VisitRow, visit_by_id, visit_to_change


@dataclass(frozen=True)
class Side:
    """One of the values to choose from, "" for no answer, and the versions that say so."""

    words: str
    said_by: tuple["VersionLine", ...]


@dataclass(frozen=True)
class Question:
    """One answer that differs. `name` names it in the form; `sides` is empty while a restricted one is closed."""

    name: str
    label: str
    restricted: bool
    before: str
    sides: tuple[Side, ...]


@dataclass(frozen=True)
class VersionLine:
    author_name: str
    tablet_name: str
    sealed_at: datetime
    received_at: datetime


@dataclass(frozen=True)
class TwoVersions:
    """What the settle page shows. `heads` names the versions it is about, for telling whether another has come."""

    visit_id: str
    contact_type: str
    occurred_at: datetime
    author_name: str
    own: bool
    heads: str
    versions: tuple[VersionLine, ...]
    questions: tuple[Question, ...]
    put_together: int
    restricted_open: bool

    @property
    def closed(self) -> int:
        return sum(one.restricted for one in self.questions) if not self.restricted_open else 0


def open_versions(
    session: Session,
    forms: FormLibrary,
    *,
    by: Account,
    visit_id: str,
    now: datetime,
    restricted_reason: str | None = None,
) -> TwoVersions:
    """The differing answers of a visit, for a supervisor of its team. Opening is written to the audit trail."""
    reason = check_reason(restricted_reason) if restricted_reason is not None else None
    with transaction(session):
        visit = _visit(session, visit_id, by)
        note_opening(
            session,
            by_id=by.id,
            action="versions_opened",
            subject_type="versions",
            subject_id=visit_id,
            reason=reason,
            now=now,
        )
        return _read(session, forms, visit, by, restricted_open=reason is not None)


def settle(
    session: Session,
    forms: FormLibrary,
    *,
    by: Account,
    visit_id: str,
    heads: str,
    chosen: Mapping[str, str],
    now: datetime,
) -> None:
    """Make the settled version: everything that agrees, and for each question the side with the chosen number.

    Raises Conflict when another version has arrived since the page was shown, Invalid where a choice is missing,
    NotAllowed where one is between restricted answers that this supervisor has not opened; the last is audited.
    """
    with transaction(session):
        hold_filing(session)
        visit = visit_to_change(session, visit_id)
        if visit is None:
            raise NotFound("There is no such visit in your team.")
        standing = standing_of(visit)
        check_may_sort(by, author_ids={head.author_id for head in standing.heads}, team_id=visit.team_id)
        if _names(standing) != heads or visit.state != VisitState.TWO_VERSIONS or standing.merged is None:
            raise Conflict(
                "Something about this visit has changed while you were choosing, so nothing was settled. "
                "Both versions are safe. Look at the answers below and choose again."
            )
        form = _form(forms, standing)
        unseen = _has_unseen(session, visit, standing, form, by)
        if unseen:
            write_audit(
                session,
                at=now,
                account_id=by.id,
                action="settling_refused",
                subject_type="visit",
                subject_id=visit.id,
                detail="restricted answers not opened",
            )
        else:
            choices = _choices(_in_form_order(standing.merged.conflicts, form), chosen)
            merged = standing.merged.settled(choices)
            _settle(session, forms, visit, standing, merged, by, now)
    if unseen:
        raise NotAllowed(
            "Nothing was settled: an answer that differs is restricted, and you have not opened it as it is now. "
            "Open the restricted parts, then choose."
        )


def _choices(conflicts: list[Differing], chosen: Mapping[str, str]) -> dict[tuple[str, str], Any]:
    values = {}
    for conflict in conflicts:
        number = chosen.get(_name(conflict), "")
        if not number.isdecimal() or int(number) >= len(conflict.candidates):
            raise Invalid("Choose which answer is right.", _name(conflict))
        values[conflict.part, conflict.key] = conflict.candidates[int(number)].value
    return values


def _settle(
    session: Session,
    forms: FormLibrary,
    visit: VisitRow,
    standing: Standing,
    merged: Merged,
    by: Account,
    now: datetime,
) -> None:
    row = add_version(session, forms, visit, standing.heads, merged, now, settled_by_id=by.id)
    settle_visit(session, forms, visit, now)
    record_act(
        session,
        by_id=by.id,
        team_id=visit.team_id,
        subject_type="visit",
        subject_id=visit.id,
        act="settled",
        reason=None,
        before={"heads": [head.id for head in standing.heads], "revision_id": row.id},
        now=now,
    )
    announce(session, visit.readers, "visit", visit.id)


def _has_unseen(
    session: Session, visit: VisitRow, standing: Standing, form: FormDefinition | None, by: Account
) -> bool:
    """Whether a restricted answer differs that this supervisor has not opened since the last version came."""
    conflicts = standing.merged.conflicts if standing.merged else ()
    if not any(_restricted(conflict, form) for conflict in conflicts):
        return False
    latest = max(head.received_at for head in standing.heads)
    return not was_opened(session, by.id, "versions", visit.id, since=latest)


def _visit(session: Session, visit_id: str, by: Account) -> VisitRow:
    visit = visit_by_id(session, visit_id)
    if visit is None or visit.team_id != by.team.id:
        raise NotFound("There is no such visit in your team.")
    if visit.state != VisitState.TWO_VERSIONS:
        raise Conflict("There is nothing to choose between in this visit any more.", "settled")
    return visit


def _read(
    session: Session, forms: FormLibrary, visit: VisitRow, by: Account, restricted_open: bool
) -> TwoVersions:
    standing = standing_of(visit)
    if standing.merged is None:
        raise Conflict("There is nothing to choose between in this visit any more.", "settled")
    form = _form(forms, standing)
    lines = {
        row.id: VersionLine(row.author.name, _tablet(session, row), row.sealed_at, row.received_at)
        for row in visit.revisions
    }
    names = _people(session, visit)
    questions = [
        _question(conflict, form, names, lines, restricted_open)
        for conflict in _in_form_order(standing.merged.conflicts, form)
    ]
    return TwoVersions(
        visit_id=visit.id,
        contact_type=visit.contact_type,
        occurred_at=visit.occurred_at,
        author_name=visit.author.name,
        own=any(head.author_id == by.id for head in standing.heads),
        heads=_names(standing),
        versions=tuple(lines[head.id] for head in standing.heads),
        questions=tuple(questions),
        put_together=len(standing.merged.answers),
        restricted_open=restricted_open,
    )


def _question(
    conflict: Differing,
    form: FormDefinition | None,
    names: dict[str, str],
    lines: dict[str, VersionLine],
    restricted_open: bool,
) -> Question:
    restricted = _restricted(conflict, form)
    sides = tuple(
        Side(
            _words(conflict, candidate.value, form, names),
            tuple(lines[one] for one in candidate.versions),
        )
        for candidate in conflict.candidates
    )
    closed = restricted and not restricted_open
    return Question(
        name=_name(conflict),
        label=_label(conflict, form),
        restricted=restricted,
        before="" if closed else _words(conflict, conflict.base, form, names),
        sides=() if closed else sides,
    )


def _form(forms: FormLibrary, standing: Standing) -> FormDefinition | None:
    return forms.find(*standing.heads[-1].form_key)


def _names(standing: Standing) -> str:
    return " ".join(head.id for head in standing.heads)


def _name(conflict: Differing) -> str:
    return f"{conflict.part}-{conflict.key}"


def _in_form_order(conflicts: tuple[Differing, ...], form: FormDefinition | None) -> list[Differing]:
    order = {one.id: number for number, one in enumerate(form.fields)} if form else {}
    return sorted(conflicts, key=lambda one: (one.part, order.get(one.key, len(order)), one.key))


def _label(conflict: Differing, form: FormDefinition | None) -> str:
    if conflict.part == "alert_responses":
        rule = next((rule for rule in form.alerts if rule.id == conflict.key), None) if form else None
        return f"What was done about: {rule.title}" if rule else "What was done about an alert"
    asked = form.field(conflict.key) if form else None
    return asked.label if asked else conflict.key.replace("_", " ").capitalize()


def _restricted(conflict: Differing, form: FormDefinition | None) -> bool:
    """Whether any of the values is; without the form to say so, all are."""
    if form is None:
        return True
    if conflict.part == "alert_responses":
        rule = next((rule for rule in form.alerts if rule.id == conflict.key), None)
        fields = [form.field(one) for one in rule.fields] if rule else [None]
        return any(one is None or one.visibility == "X" for one in fields)
    asked = form.field(conflict.key)
    values = [conflict.base, *(one.value for one in conflict.candidates)]
    return asked is None or any(
        effective_visibility(asked, None if value is MISSING else value) == "X" for value in values
    )


def _words(conflict: Differing, value: Any, form: FormDefinition | None, names: dict[str, str]) -> str:
    if value is MISSING:
        return ""
    asked = form.field(conflict.key) if form and conflict.part == "answers" else None
    why = overridden(value) if conflict.part == "alert_responses" else None
    if why is not None:
        return f"Does not apply: {why}"
    return plain_value(asked, value, names) if asked else str(value)


def _tablet(session: Session, row: RevisionRow) -> str:
    if row.settled_by is not None:
        return f"settled by {row.settled_by.name}"
    device = session.get(DeviceRow, row.device_id)
    return device.name if device else "a tablet this service does not know"


def _people(session: Session, visit: VisitRow) -> dict[str, str]:
    people = people_around(session, visit.person_id) if visit.person_id else {}
    return {person_id: name for person_id, (name, _) in people.items()}
