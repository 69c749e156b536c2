"""What waits for a supervisor to sort out, and what is known of each: read only, and never more than asked for."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account
from hvapp.domain.contacts import is_about_pregnancy
from hvapp.domain.errors import Invalid, NotFound
from hvapp.domain.forms import FormDefinition, FormLibrary
from hvapp.domain.forms.answers import same
from hvapp.domain.forms.wording import plain_value
from hvapp.domain.nhs_number import normalise_nhs_number
from hvapp.domain.reconcile import NOT_ITS_OWN, QUARANTINING, Flag
from hvapp.domain.review import UNDOABLE, VisitState, check_reason
from hvapp.store.accounts import AccountRow, TeamRow
from hvapp.store.children import search_children
from hvapp.store.devices import DeviceRow
from hvapp.store.sorting import (
    Pile,
    item_by_id,
    latest_acts,
    note_opening,
    open_items,
    open_piles,
    standing_act,
)
from hvapp.store.transaction import transaction
from hvapp.store.visits import (
    QuarantineRow,
    RevisionRow,
    VisitRow,
    heads_of,
    visit_by_id,
    visits_in_states,
)

WAITING = (VisitState.TWO_VERSIONS, VisitState.QUARANTINED)
PAGE = 50
MOST_SHOWN = 100_000
"""Characters of an unreadable item that a page shows; more is no use to a reader."""


@dataclass(frozen=True)
class VisitLine:
    visit_id: str
    child_name: str
    contact_type: str
    author_name: str
    own: bool
    received_at: datetime
    state: VisitState
    flags: tuple[Flag, ...]


@dataclass(frozen=True)
class PileLine:
    """A pile, and what its tablet is called."""

    pile: Pile
    tablet_name: str
    own: bool


@dataclass(frozen=True)
class ActLine:
    act_id: str
    act: str
    visit_id: str | None
    by: str
    at: datetime
    reason: str | None
    undone: bool
    undoable: bool


@dataclass(frozen=True)
class ToSort:
    two_versions: list[VisitLine]
    visits: list[VisitLine]
    piles: list[PileLine]
    acts: list[ActLine]


@dataclass(frozen=True)
class ItemLine:
    item_id: str
    received_at: datetime


@dataclass(frozen=True)
class Answer:
    """One answer as it came; `held` is what the version on file says, "" where there is none."""

    label: str
    value: str
    held: str
    differs: bool


@dataclass(frozen=True)
class Item:
    """Something that could not be filed. `answers` and `text` are None until opened with a reason.

    `visit_id`: the visit it was sent as, where that is on file. `held`: a version with its number is on file.
    """

    item_id: str
    reason: str
    sender_name: str
    tablet_name: str
    own: bool
    received_at: datetime
    visit_id: str | None
    held: bool
    apart: bool
    not_its_own: bool
    dealt_with: ActLine | None
    answers: list[Answer] | None
    text: str | None


@dataclass(frozen=True)
class FoundChild:
    child_id: str
    name: str
    birth_date: date | None
    nhs_number: str | None
    visitor_name: str | None


def count_to_sort(session: Session, supervisor: Account) -> int:
    """How many lines the page has: a pile is one."""
    team_id = supervisor.team.id
    return len(visits_in_states(session, team_id, WAITING)) + len(open_piles(session, team_id))


def to_sort(session: Session, supervisor: Account) -> ToSort:
    """Everything that waits in the supervisor's team, and what was done last."""
    team_id = supervisor.team.id
    visits = visits_in_states(session, team_id, WAITING)
    heads = heads_of(session, visits)
    lines = [_line(visit, heads.get(visit.id), supervisor) for visit in visits]
    return ToSort(
        two_versions=[line for line in lines if line.state is VisitState.TWO_VERSIONS],
        visits=[line for line in lines if line.state is VisitState.QUARANTINED],
        piles=[_pile_line(session, pile, supervisor) for pile in open_piles(session, team_id)],
        acts=[_act_line(act) for act in latest_acts(session, team_id, 20)],
    )


def find_pile(
    session: Session, supervisor: Account, *, reason: str, device_id: str | None, sender_id: str
) -> PileLine:
    """Raises NotFound when nothing of it is left."""
    for pile in open_piles(session, supervisor.team.id):
        if (pile.reason, pile.device_id, pile.sender_id) == (reason, device_id, sender_id):
            return _pile_line(session, pile, supervisor)
    raise NotFound("Nothing of this waits any more.")


def items_of(session: Session, pile: Pile, page: int) -> list[ItemLine]:
    """One page of a pile, newest first; pages count from 0."""
    rows = open_items(session, pile, limit=PAGE, offset=page * PAGE)
    return [ItemLine(row.id, row.received_at) for row in rows]


def open_item(
    session: Session,
    forms: FormLibrary,
    *,
    by: Account,
    item_id: str,
    now: datetime,
    restricted_reason: str | None = None,
) -> Item:
    """One item. What is in it counts as restricted, since nothing says which parts are: it takes a reason to read."""
    reason = check_reason(restricted_reason) if restricted_reason is not None else None
    with transaction(session):
        found = item_by_id(session, item_id)
        if found is None or found[1].team_id != by.team.id:
            raise NotFound("There is nothing like that to sort out in your team.")
        note_opening(
            session,
            by_id=by.id,
            action="item_opened",
            subject_type="item",
            subject_id=item_id,
            reason=reason,
            now=now,
        )
        return _item(session, forms, *found, by=by, opened=reason is not None)


def find_children(session: Session, by: Account, text: str, born: date | None) -> list[FoundChild]:
    """Children of the supervisor’s provider, by name, NHS number or birth date. Raises Invalid for nothing at all."""
    words = text.split()
    number = normalise_nhs_number(text)
    if not words and born is None:
        raise Invalid("Enter a name, an NHS number or a date of birth.", "search_empty")
    team = session.get_one(TeamRow, by.team.id)
    rows = search_children(
        session, team.provider_id, words=[] if number else words, nhs_number=number, born=born, limit=20
    )
    return [
        FoundChild(
            child_id=row.id,
            name=row.person.name,
            birth_date=row.person.birth_date,
            nhs_number=row.person.nhs_number,
            visitor_name=row.named_visitor.name if row.named_visitor else None,
        )
        for row in rows
    ]


def form_for(session: Session, forms: FormLibrary, visit_id: str) -> str | None:
    """The title of the form by which a visit on an unknown one would be read; None where there is none."""
    visit = visit_by_id(session, visit_id)
    if visit is None:
        return None
    head = session.get_one(RevisionRow, visit.head_revision_id)
    form = forms.nearest(head.form_id, head.form_version, head.body["contact_type"])
    return f"{form.title}, version {form.version}" if form else None


def _line(visit: VisitRow, head: RevisionRow | None, supervisor: Account) -> VisitLine:
    flags = [Flag(flag) for flag in head.flags] if head else []
    return VisitLine(
        visit_id=visit.id,
        child_name=visit.subject.name if visit.subject else _not_on_record(visit),
        contact_type=visit.contact_type,
        author_name=visit.author.name,
        own=visit.author_id == supervisor.id,
        received_at=visit.received_at,
        state=VisitState(visit.state),
        flags=tuple(flag for flag in flags if flag in QUARANTINING),
    )


def _not_on_record(visit: VisitRow) -> str:
    return f"{'Pregnancy' if is_about_pregnancy(visit.contact_type) else 'Child'} not on record"


def _pile_line(session: Session, pile: Pile, supervisor: Account) -> PileLine:
    return PileLine(pile, _tablet_name(session, pile.device_id), own=pile.sender_id == supervisor.id)


def _tablet_name(session: Session, device_id: str | None) -> str:
    device = session.get(DeviceRow, device_id) if device_id else None
    return device.name if device else "A tablet this service does not know"


def _act_line(act: Any) -> ActLine:
    return ActLine(
        act_id=act.id,
        act=act.act,
        visit_id=act.subject_id if act.subject_type == "visit" else None,
        by=act.account.name if act.account else "The service, by itself",
        at=act.at,
        reason=act.reason,
        undone=act.undone_at is not None,
        undoable=act.undone_at is None and act.act in UNDOABLE,
    )


def _item(
    session: Session,
    forms: FormLibrary,
    item: QuarantineRow,
    sender: AccountRow,
    *,
    by: Account,
    opened: bool,
) -> Item:
    on_file = session.get(RevisionRow, item.revision_ref) if item.revision_ref else None
    act = standing_act(session, item.id) if item.act_id else None
    body = json.loads(item.body) if opened else None
    answers = _answers(forms, body, on_file) if opened else None
    text = json.dumps(body, ensure_ascii=False, indent=2)[:MOST_SHOWN] if opened and not answers else None
    return Item(
        item_id=item.id,
        reason=item.reason,
        sender_name=sender.name,
        tablet_name=_tablet_name(session, item.device_id),
        own=sender.id == by.id,
        received_at=item.received_at,
        visit_id=on_file.visit_id if on_file else None,
        held=on_file is not None and not on_file.apart,
        apart=on_file is not None and on_file.apart and item.act_id is None,
        not_its_own=item.reason in NOT_ITS_OWN,
        dealt_with=_act_line(act) if act else None,
        answers=answers,
        text=text,
    )


def _answers(forms: FormLibrary, body: Any, on_file: RevisionRow | None) -> list[Answer] | None:
    """What an item says, beside the version on file with the same number; None where it has no answers to set out."""
    given = _given(body)
    if given is None:
        return None
    held = _given(on_file.body) if on_file is not None and on_file.body != body else None
    form = _form(forms, body)
    order = {one.id: number for number, one in enumerate(form.fields)} if form else {}
    names = sorted({*given, *(held or {})}, key=lambda name: (order.get(name, len(order)), name))
    return [
        Answer(
            label=_label(form, name),
            value=_words(form, name, given.get(name)),
            held=_words(form, name, held.get(name)) if held is not None else "",
            differs=held is not None and not same(given.get(name), held.get(name)),
        )
        for name in names
    ]


def _given(body: Any) -> dict[str, Any] | None:
    payload = body.get("payload") if isinstance(body, dict) else None
    answers = payload.get("answers") if isinstance(payload, dict) else None
    return answers if isinstance(answers, dict) and answers else None


def _form(forms: FormLibrary, body: dict[str, Any]) -> FormDefinition | None:
    form_id, version = body.get("form_id"), body.get("form_version")
    return forms.find(form_id, version) if isinstance(form_id, str) and isinstance(version, int) else None


def _label(form: FormDefinition | None, name: str) -> str:
    asked = form.field(name) if form else None
    return asked.label if asked else name.replace("_", " ").capitalize()


def _words(form: FormDefinition | None, name: str, value: Any) -> str:
    asked = form.field(name) if form else None
    if asked is not None:
        return plain_value(asked, value)
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
