"""Filing what could not be filed when it came, once it can be: a form published since, a child added since."""

from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account
from hvapp.domain.forms import FormLibrary
from hvapp.domain.reconcile import QUARANTINING, Flag
from hvapp.domain.review import FORM_FLAGS, VisitState
from hvapp.store.accounts import AccountRow
from hvapp.store.changes import announce
from hvapp.store.filing import hold_filing
from hvapp.store.sorting import forget_judgements, record_act
from hvapp.store.subjects import find_subject, resolve_heads
from hvapp.store.transaction import transaction
from hvapp.store.versions import flag_allocation, settle_visit
from hvapp.store.visits import QuarantineRow, RevisionRow, VisitRow, visit_to_change


def recheck(session: Session, forms: FormLibrary, supervisor: Account, now: datetime) -> int:
    """Look again at what waits in the supervisor's team; answers how many visits were filed.

    Harmless to repeat; done before the lists are shown.
    """
    if not _waiting(session, forms, supervisor.team.id):
        session.rollback()
        return 0
    with transaction(session):
        hold_filing(session)
        filed = 0
        for visit_id in _waiting(session, forms, supervisor.team.id):
            visit = visit_to_change(session, visit_id)
            if visit is not None:
                filed += _refile(session, forms, visit, now)
        return filed


def _waiting(session: Session, forms: FormLibrary, team_id: str) -> list[str]:
    """Visits that hold a version whose reason for standing out no longer holds."""
    quarantined = _versions().where(
        VisitRow.team_id == team_id, VisitRow.state == VisitState.QUARANTINED.value
    )
    apart = (
        _versions()
        .join(QuarantineRow, QuarantineRow.revision_ref == RevisionRow.id)
        .join(AccountRow, AccountRow.id == QuarantineRow.account_id)
        .where(
            AccountRow.team_id == team_id,
            QuarantineRow.act_id.is_(None),
            QuarantineRow.reason.in_([flag.value for flag in QUARANTINING]),
            RevisionRow.apart,
        )
    )
    rows = [*session.execute(quarantined), *session.execute(apart)]
    subjects = resolve_heads(session, {row.child_ref for row in rows})
    found = set()
    for row in rows:
        still = set(row.flags) - set(row.accepted or ())
        form_known = _form_matches(forms, row.form_id, row.form_version, row.hash, row.contact_type)
        subject = subjects.get(row.child_ref)
        known = subject is not None and subject.fits(row.contact_type)
        if (form_known and FORM_FLAGS & still) or (known and Flag.UNKNOWN_CHILD in still):
            found.add(row.visit_id)
    return sorted(found)


def _versions() -> Select[tuple[str, str, str, int, list[str], list[str] | None, str, str]]:
    """What it takes to tell, without the answers."""
    return select(
        RevisionRow.visit_id,
        RevisionRow.child_ref,
        RevisionRow.form_id,
        RevisionRow.form_version,
        RevisionRow.flags,
        RevisionRow.accepted,
        RevisionRow.body["definition_hash"].as_string().label("hash"),
        RevisionRow.body["contact_type"].as_string().label("contact_type"),
    ).join(VisitRow, VisitRow.id == RevisionRow.visit_id)


def _refile(session: Session, forms: FormLibrary, visit: VisitRow, now: datetime) -> int:
    changed = []
    for row in visit.revisions:
        over: set[str] = set()
        body = row.body
        if _form_matches(forms, row.form_id, row.form_version, body["definition_hash"], body["contact_type"]):
            over |= FORM_FLAGS
        subject = find_subject(session, row.child_ref, body["contact_type"])
        if subject is not None:
            over.add(Flag.UNKNOWN_CHILD.value)
            if visit.subject is None and not row.apart:
                visit.file_under(subject)
        if over & set(row.flags):
            row.flags = [flag for flag in row.flags if flag not in over]
            if QUARANTINING.isdisjoint(row.flags):
                row.apart = False
            changed.append(row.id)
    if not changed:
        return 0
    if visit.subject is not None:
        flag_allocation(visit, visit.subject)
    forget_judgements(session, changed)
    items = session.scalars(
        select(QuarantineRow).where(QuarantineRow.revision_ref.in_(changed), QuarantineRow.act_id.is_(None))
    ).all()
    settle_visit(session, forms, visit, now)
    act = record_act(
        session,
        by_id=None,
        team_id=visit.team_id,
        subject_type="visit",
        subject_id=visit.id,
        act="filed_by_itself",
        reason=None,
        before={"revisions": changed},
        now=now,
    )
    filed = {row.id for row in visit.revisions if not row.apart}
    for item in items:
        if item.revision_ref in filed:
            item.act_id = act.id
    announce(session, visit.readers, "visit", visit.id)
    return 1


def _form_matches(forms: FormLibrary, form_id: str, version: int, digest: str, contact_type: str) -> bool:
    form = forms.find(form_id, version)
    return form is not None and form.hash == digest and form.contact_type == contact_type
