"""What a supervisor does with work that could not be filed by itself, and undoing it.

Nothing is ever deleted: every act only says where something belongs, or that nobody needs to look at it any more, and
keeps what it replaced.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account
from hvapp.domain.contacts import is_about_pregnancy, may_be_about_pregnancy
from hvapp.domain.errors import Conflict, NotFound
from hvapp.domain.forms import FormLibrary
from hvapp.domain.lineage import own_visit_id
from hvapp.domain.reconcile import NOT_ITS_OWN, QUARANTINING, Flag
from hvapp.domain.review import FORM_FLAGS, VisitState, check_may_sort, check_why
from hvapp.store.accounts import TeamRow
from hvapp.store.changes import announce
from hvapp.store.children import ChildRow, PregnancyRow
from hvapp.store.filing import hold_filing
from hvapp.store.sorting import (
    Pile,
    SortingActRow,
    forget_judgements,
    item_by_id,
    open_items,
    record_act,
)
from hvapp.store.subjects import ChildAliasRow, PregnancyAliasRow, find_subject, resolve_heads
from hvapp.store.transaction import transaction
from hvapp.store.versions import flag_allocation, let_pass, settle_visit
from hvapp.store.visits import QuarantineRow, RevisionRow, VisitRow, visit_to_change

_OPEN = (VisitState.RECEIVED, VisitState.RETURNED, VisitState.TWO_VERSIONS, VisitState.QUARANTINED)


def file_under_child(
    session: Session, forms: FormLibrary, *, by: Account, visit_id: str, child_id: str, now: datetime
) -> None:
    """Say which child a visit is about. Everything the tablets know under that id is filed with it, now and later."""
    with transaction(session):
        hold_filing(session)
        visit = _visit(session, visit_id, by)
        child = session.get(ChildRow, child_id)
        if child is None or child.merged_into_id is not None or not _same_provider(session, child, visit):
            raise NotFound("There is no such child on record.")
        _check_waits(visit)
        if is_about_pregnancy(visit.contact_type):
            raise Conflict(
                "This visit was made before the birth, so it cannot be filed under a child. Look for the pregnancy, "
                "and file it there."
            )
        ref = visit.revisions[0].child_ref
        # A pregnancy's id never stands for a child: its own visits would no longer be found by it.
        if session.get(PregnancyRow, ref) is None:
            session.merge(ChildAliasRow(ref=ref, child_id=child.id, made_by_id=by.id, made_at=now))
        _file_all(session, forms, visit, child, "filed_under_child", by, now)


def file_under_pregnancy(
    session: Session, forms: FormLibrary, *, by: Account, visit_id: str, pregnancy_id: str, now: datetime
) -> None:
    """Say which pregnancy a visit made before the birth is about. What the tablets know under that id follows here
    too."""
    with transaction(session):
        hold_filing(session)
        visit = _visit(session, visit_id, by)
        pregnancy = session.get(PregnancyRow, pregnancy_id)
        if pregnancy is None or not _same_provider(session, pregnancy, visit):
            raise NotFound("There is no such pregnancy on record.")
        _check_waits(visit)
        if not may_be_about_pregnancy(visit.contact_type):
            raise Conflict(
                "This visit is about a child who has been born, so it cannot be filed under a pregnancy. Look for the "
                "child, and file it there."
            )
        ref = visit.revisions[0].child_ref
        # What stands for a child goes on standing for it.
        if ref not in resolve_heads(session, {ref}):
            session.merge(
                PregnancyAliasRow(ref=ref, pregnancy_id=pregnancy.id, made_by_id=by.id, made_at=now)
            )
        _file_all(session, forms, visit, pregnancy, "filed_under_pregnancy", by, now)


def _check_waits(visit: VisitRow) -> None:
    if visit.subject is not None or visit.state != VisitState.QUARANTINED:
        raise Conflict("Whom this visit is about is known already, so nothing was changed.")


def _file_all(
    session: Session,
    forms: FormLibrary,
    visit: VisitRow,
    subject: ChildRow | PregnancyRow,
    act: str,
    by: Account,
    now: datetime,
) -> None:
    """File the visit, and with it what else came about the same id and can be about such a record."""
    ref = visit.revisions[0].child_ref
    before_birth = isinstance(subject, PregnancyRow)
    filed = _visits_of_ref(session, ref, may_be_about_pregnancy if before_birth else _may_be_about_child)
    before = {"ref": ref, "teams": {one.id: one.team_id for one in filed}}
    for one in filed:
        one.file_under(subject)
        let_pass(session, one.revisions, {Flag.UNKNOWN_CHILD.value})
        flag_allocation(one, subject)
        settle_visit(session, forms, one, now)
        announce(session, one.readers, "visit", one.id)
    _record(session, by, visit, act, None, before, now, team_id=by.team.id)


def _may_be_about_child(contact_type: str) -> bool:
    return not is_about_pregnancy(contact_type)


def file_under_form(
    session: Session, forms: FormLibrary, *, by: Account, visit_id: str, reason: str, now: datetime
) -> None:
    """Send a visit on an unknown or changed form to review, read by the form that is nearest to its own."""
    why = check_why(reason)
    with transaction(session):
        hold_filing(session)
        visit = _visit(session, visit_id, by)
        rows = [row for row in visit.revisions if not row.apart and FORM_FLAGS & set(row.flags)]
        form = (
            forms.nearest(rows[-1].form_id, rows[-1].form_version, rows[-1].body["contact_type"])
            if rows
            else None
        )
        if form is None or visit.state != VisitState.QUARANTINED:
            raise Conflict("There is no form here by which this visit could be read. It is kept as it is.")
        before = {"contact_type": visit.contact_type}
        for row in rows:
            row.read_as = form.key
        let_pass(session, rows, FORM_FLAGS)
        visit.contact_type = form.contact_type
        settle_visit(session, forms, visit, now)
        _record(session, by, visit, "filed_under_form", why, before, now)


def set_visit_aside(session: Session, *, by: Account, visit_id: str, reason: str, now: datetime) -> None:
    """Keep a visit out of the record and the figures: recorded by mistake, or about somebody else."""
    why = check_why(reason)
    with transaction(session):
        visit = _visit(session, visit_id, by)
        if visit.state not in _OPEN or any(one.outcome == "approved" for one in visit.decisions):
            raise Conflict(
                "This visit was approved, so it is on the child’s record and may be in the red book. It was not set "
                "aside. Ask the visitor for a correction instead."
            )
        before = {"state": visit.state}
        visit.state = VisitState.SET_ASIDE.value
        _record(session, by, visit, "visit_set_aside", why, before, now)


def accept_version(
    session: Session, forms: FormLibrary, *, by: Account, item_id: str, reason: str, now: datetime
) -> None:
    """Take what was kept beside a visit for one of its versions after all."""
    why = check_why(reason)
    with transaction(session):
        hold_filing(session)
        item, row, visit = _apart(session, item_id, by)
        before = {"revision_id": row.id, "accepted": row.accepted or []}
        row.apart = False
        let_pass(session, [row], {flag.value for flag in QUARANTINING})
        settle_visit(session, forms, visit, now)
        act = _record(session, by, visit, "version_accepted", why, before, now, item=item)
        item.act_id = act.id


def make_own_visit(
    session: Session, forms: FormLibrary, *, by: Account, item_id: str, reason: str, now: datetime
) -> str:
    """Make what was kept beside a visit a visit of its own, with its later versions; answers the new visit's id."""
    why = check_why(reason)
    with transaction(session):
        hold_filing(session)
        item, row, visit = _apart(session, item_id, by)
        chain = [
            one
            for one in visit.revisions
            if one.apart and one.author_id == row.author_id and one.child_ref == row.child_ref
        ]
        own = VisitRow(
            id=own_visit_id(chain[0].id),
            author_id=row.author_id,
            team_id=by.team.id,
            contact_type=row.body["contact_type"],
            state=VisitState.RECEIVED.value,
            head_revision_id=chain[-1].id,
            occurred_at=chain[-1].occurred_at,
            received_at=now,
        )
        own.file_under(find_subject(session, row.child_ref, own.contact_type))
        session.add(own)
        session.flush()
        for one in chain:
            one.moved_from, one.visit_id, one.apart = visit.id, own.id, False
            one.flags = [flag for flag in one.flags if flag not in NOT_ITS_OWN]
        forget_judgements(session, [one.id for one in chain])
        session.flush()
        session.refresh(own)
        session.expire(visit, ["revisions"])
        settle_visit(session, forms, own, now)
        act = _record(session, by, own, "made_own_visit", why, {"from": visit.id}, now, item=item)
        _close_items(session, [one.id for one in chain], act)
        announce(session, own.readers, "visit", own.id)
        return own.id


def set_items_aside(
    session: Session, *, by: Account, items: Iterable[str] | Pile, reason: str, now: datetime
) -> int:
    """Seen, and nothing more to do about it: single items by id, or a whole pile; answers how many."""
    why = check_why(reason)
    with transaction(session):
        if isinstance(items, Pile):
            _check_pile(session, items, by)
            rows = open_items(session, items)
        else:
            rows = [_item(session, item_id, by) for item_id in items]
        rows = [row for row in rows if row.act_id is None]
        if not rows:
            raise Conflict("This was dealt with already.")
        act = record_act(
            session,
            by_id=by.id,
            team_id=by.team.id,
            subject_type="item",
            subject_id=rows[0].id,
            act="items_set_aside",
            reason=why,
            before={"count": len(rows)},
            now=now,
        )
        for row in rows:
            row.act_id = act.id
        return len(rows)


def _visit(session: Session, visit_id: str, by: Account) -> VisitRow:
    visit = visit_to_change(session, visit_id)
    if visit is None:
        raise NotFound("There is no such visit in your team.")
    check_may_sort(by, author_ids={visit.author_id}, team_id=visit.team_id)
    return visit


def _item(session: Session, item_id: str, by: Account) -> QuarantineRow:
    found = item_by_id(session, item_id)
    if found is None:
        raise NotFound("There is nothing like that to sort out in your team.")
    check_may_sort(by, author_ids={found[1].id}, team_id=found[1].team_id)
    return found[0]


def _apart(session: Session, item_id: str, by: Account) -> tuple[QuarantineRow, RevisionRow, VisitRow]:
    """An item that is a version kept beside its visit, with both."""
    item = _item(session, item_id, by)
    row = session.get(RevisionRow, item.revision_ref) if item.revision_ref else None
    if item.act_id is not None or row is None or not row.apart:
        raise Conflict("This was dealt with already.")
    visit = _visit(session, row.visit_id, by)
    return item, row, visit


def _check_pile(session: Session, pile: Pile, by: Account) -> None:
    rows = open_items(session, pile, limit=1)
    if rows:
        _item(session, rows[0].id, by)


def _visits_of_ref(session: Session, ref: str, fits: Callable[[str], bool]) -> list[VisitRow]:
    ids = session.scalars(
        select(RevisionRow.visit_id)
        .join(VisitRow, VisitRow.id == RevisionRow.visit_id)
        .where(RevisionRow.child_ref == ref, VisitRow.child_id.is_(None), VisitRow.pregnancy_id.is_(None))
        .distinct()
    ).all()
    found = (visit_to_change(session, visit_id) for visit_id in sorted(ids))
    return [visit for visit in found if visit is not None and fits(visit.contact_type)]


def _same_provider(session: Session, subject: ChildRow | PregnancyRow, visit: VisitRow) -> bool:
    teams = {
        team.id: team.provider_id
        for team in session.scalars(select(TeamRow).where(TeamRow.id.in_([subject.team_id, visit.team_id])))
    }
    return teams[subject.team_id] == teams[visit.team_id]


def _close_items(session: Session, revision_ids: list[str], act: SortingActRow) -> None:
    for item in session.scalars(select(QuarantineRow).where(QuarantineRow.revision_ref.in_(revision_ids))):
        item.act_id = act.id


def _record(
    session: Session,
    by: Account,
    visit: VisitRow,
    act: str,
    reason: str | None,
    before: dict[str, Any],
    now: datetime,
    *,
    team_id: str | None = None,
    item: QuarantineRow | None = None,
) -> SortingActRow:
    """Write an act about a visit down and tell its readers."""
    announce(session, visit.readers, "visit", visit.id)
    return record_act(
        session,
        by_id=by.id,
        team_id=team_id or visit.team_id,
        subject_type="visit",
        subject_id=visit.id,
        act=act,
        reason=reason,
        before=before | ({"item_id": item.id} if item else {}),
        now=now,
    )
