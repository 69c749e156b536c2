"""Visits for the demonstration, taken in and decided through the same services as real ones."""

from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account, Author
from hvapp.domain.errors import NotFound
from hvapp.domain.forms import FormLibrary
from hvapp.domain.submissions import Result
from hvapp.domain.synthetic import Population
from hvapp.domain.synthetic.answers import question_of, sealed_revision
from hvapp.domain.synthetic.model import RecordedVisit, VisitStep
from hvapp.services.accounts import find_account
from hvapp.services.intake import receive_plain
from hvapp.services.judging import judge_new
from hvapp.services.review import approve, send_back


def record_visits(
    session: Session, population: Population, *, forms: FormLibrary, receipt_key: bytes
) -> None:
    """Play every step of every visit at its own time, oldest first. The population must have been loaded.

    Approved visits are left for the sync worker to send.
    """
    steps = sorted(
        ((step, visit) for visit in population.visits for step in visit.steps),
        key=lambda pair: pair[0].at,
    )
    for step, visit in steps:
        _play(session, population, visit, step, forms, receipt_key)


def _play(
    session: Session,
    population: Population,
    visit: RecordedVisit,
    step: VisitStep,
    forms: FormLibrary,
    receipt_key: bytes,
) -> None:
    if step.kind == "sent":
        form = forms.current("new_birth")
        if form is None:
            raise NotFound("There is no form for new birth visits.", "unknown_form")
        account = _account(session, visit.author_id)
        results = receive_plain(
            session,
            author=Author(account.id, account.team.id),
            items=[sealed_revision(population, visit, step, form)],
            forms=forms,
            receipt_key=receipt_key,
            now=step.at,
        )
        if results[0].result is not Result.STORED:
            raise ValueError(f"a demonstration visit was not taken in: {results[0].message}")
        judge_new(session, forms, step.at)
        return
    reviewer = _account(session, visit.reviewer_id)
    if step.kind == "approved":
        approve(
            session, forms, reviewer=reviewer, visit_id=visit.visit_id, rev_id=step.revision_id, now=step.at
        )
        return
    comment, queries = question_of(visit)
    send_back(
        session,
        reviewer=reviewer,
        visit_id=visit.visit_id,
        rev_id=step.revision_id,
        comment=comment,
        queries=queries,
        now=step.at,
    )


def _account(session: Session, account_id: str) -> Account:
    account = find_account(session, account_id)
    if account is None:
        raise NotFound("The demonstration's people were not loaded.")
    return account
