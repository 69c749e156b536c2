"""Taking back what a supervisor did in sorting something out, as long as nobody has gone on from it."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account
from hvapp.domain.errors import Conflict, NotFound
from hvapp.domain.forms import FormLibrary
from hvapp.domain.reconcile import Flag, in_order
from hvapp.domain.review import FORM_FLAGS, UNDOABLE, VisitState, check_may_sort
from hvapp.store.audit import write_audit
from hvapp.store.changes import announce
from hvapp.store.filing import hold_filing
from hvapp.store.sorting import SortingActRow, act_to_undo, items_of_act
from hvapp.store.subjects import ChildAliasRow, PregnancyAliasRow
from hvapp.store.transaction import transaction
from hvapp.store.versions import no_longer_pass, settle_visit
from hvapp.store.visits import RevisionRow, VisitRow, visit_to_change


def undo(session: Session, forms: FormLibrary, *, by: Account, act_id: str, now: datetime) -> None:
    """Take an act back. Raises Conflict where others have gone on from it."""
    with transaction(session):
        hold_filing(session)
        act = act_to_undo(session, act_id)
        if act is None or act.team_id != by.team.id or act.act not in UNDOABLE:
            raise NotFound("There is nothing like that to take back in your team.")
        if act.undone_at is not None:
            raise Conflict("This was taken back already.")
        act.undone_at, act.undone_by_id = now, by.id
        _UNDO[act.act](session, forms, act, by, now)
        _audit_undo(session, act, by, now)


_ALIASES = {"filed_under_child": ChildAliasRow, "filed_under_pregnancy": PregnancyAliasRow}


def _undo_filing(
    session: Session, forms: FormLibrary, act: SortingActRow, by: Account, now: datetime
) -> None:
    """What came about the same id since, and was filed by that word alone, waits again too."""
    ref, teams = act.before["ref"], act.before["teams"]
    alias = session.get(_ALIASES[act.act], ref)
    since = select(RevisionRow.visit_id).where(RevisionRow.child_ref == ref) if alias else None
    later = set(session.scalars(since)) if since is not None else set()
    for visit_id in sorted({*teams, *later}):
        visit = visit_to_change(session, visit_id)
        if visit is None or visit.revisions[0].child_ref != ref or visit.subject is None:
            continue
        _check_undecided(visit)
        announce(session, visit.readers, "visit", visit.id, removed=True)
        visit.file_under(None)
        visit.team_id = teams.get(visit.id, visit.author.team_id)
        no_longer_pass(session, visit.revisions, {Flag.UNKNOWN_CHILD.value})
        for row in visit.revisions:
            if not row.apart:
                row.flags = in_order({*row.flags, Flag.UNKNOWN_CHILD.value} - {Flag.CHILD_MERGED.value})
        announce(session, visit.readers, "visit", visit.id)
        if visit.state != VisitState.SET_ASIDE:
            settle_visit(session, forms, visit, now)
    if alias is not None:
        session.delete(alias)


def _undo_form(session: Session, forms: FormLibrary, act: SortingActRow, by: Account, now: datetime) -> None:
    visit = _visit_of_act(session, act, by)
    for row in visit.revisions:
        row.read_as = None
    visit.contact_type = act.before["contact_type"]
    no_longer_pass(session, visit.revisions, FORM_FLAGS)
    settle_visit(session, forms, visit, now)
    announce(session, visit.readers, "visit", visit.id)


def _undo_aside(session: Session, forms: FormLibrary, act: SortingActRow, by: Account, now: datetime) -> None:
    visit = _visit_of_act(session, act, by)
    if visit.state == VisitState.SET_ASIDE:
        settle_visit(session, forms, visit, now)
        announce(session, visit.readers, "visit", visit.id)


def _undo_version(
    session: Session, forms: FormLibrary, act: SortingActRow, by: Account, now: datetime
) -> None:
    visit = _visit_of_act(session, act, by)
    row = session.get_one(RevisionRow, act.before["revision_id"])
    followed = any(
        row.id in (one.parent_id, *(one.merged_from or ())) and (one.settled_by_id or one.merged_from is None)
        for one in visit.revisions
    )
    if followed:
        raise Conflict("A later version was made from this one, so it was not taken out again.")
    row.apart, row.accepted = True, act.before["accepted"]
    settle_visit(session, forms, visit, now)
    announce(session, visit.readers, "visit", visit.id)
    _reopen_items(session, act)


def _undo_items(session: Session, forms: FormLibrary, act: SortingActRow, by: Account, now: datetime) -> None:
    _reopen_items(session, act)


_UNDO: dict[str, Callable[[Session, FormLibrary, SortingActRow, Account, datetime], None]] = {
    "filed_under_child": _undo_filing,
    "filed_under_pregnancy": _undo_filing,
    "filed_under_form": _undo_form,
    "visit_set_aside": _undo_aside,
    "version_accepted": _undo_version,
    "items_set_aside": _undo_items,
}


def _visit_of_act(session: Session, act: SortingActRow, by: Account) -> VisitRow:
    visit = visit_to_change(session, act.subject_id)
    if visit is None:
        raise NotFound("There is no such visit in your team.")
    check_may_sort(by, author_ids={visit.author_id}, team_id=by.team.id)
    _check_undecided(visit)
    return visit


def _check_undecided(visit: VisitRow) -> None:
    if any(one.outcome == "approved" for one in visit.decisions):
        raise Conflict("The visit was approved since, so this was not taken back.")


def _reopen_items(session: Session, act: SortingActRow) -> None:
    for item in items_of_act(session, act.id):
        item.act_id = None


def _audit_undo(session: Session, act: SortingActRow, by: Account, now: datetime) -> None:
    write_audit(
        session,
        at=now,
        account_id=by.id,
        action=f"undone_{act.act}",
        subject_type=act.subject_type,
        subject_id=act.subject_id,
        detail=act.id,
    )
