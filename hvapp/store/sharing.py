"""A team's caseload told to tablets that begin to carry the whole of it, or no longer do."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from hvapp.domain.review import IN_HAND
from hvapp.store.changes import announce
from hvapp.store.children import ChildRow, PersonRow, PregnancyRow
from hvapp.store.visits import VisitRow


def tell_caseload(session: Session, team_id: str, account_ids: Iterable[str], *, removed: bool) -> None:
    """Tell these accounts of every family of the team, and every visit to one in hand, that is not theirs by itself.

    The youngest come first, so that a tablet that loses its signal half way has the most urgent families. Only for
    whoever holds filing: a visit filed meanwhile would be missed.
    """
    told = set(account_ids)
    children = (
        select(ChildRow.id, ChildRow.named_visitor_id)
        .join(PersonRow, PersonRow.id == ChildRow.id)
        .where(
            ChildRow.team_id == team_id, ChildRow.merged_into_id.is_(None), ChildRow.moved_out_on.is_(None)
        )
        .order_by(PersonRow.birth_date.desc(), ChildRow.id)
    )
    pregnancies = select(PregnancyRow.id, PregnancyRow.named_visitor_id).where(
        PregnancyRow.team_id == team_id, PregnancyRow.ended_on.is_(None)
    )
    about_child = (
        select(VisitRow.id, ChildRow.named_visitor_id, VisitRow.author_id)
        .join(ChildRow, ChildRow.id == VisitRow.child_id)
        .where(ChildRow.team_id == team_id, VisitRow.state.in_(IN_HAND))
    )
    about_pregnancy = (
        select(VisitRow.id, PregnancyRow.named_visitor_id, VisitRow.author_id)
        .join(PregnancyRow, PregnancyRow.id == VisitRow.pregnancy_id)
        .where(PregnancyRow.team_id == team_id, VisitRow.state.in_(IN_HAND))
    )
    found = {
        "child": [*session.execute(children)],
        "pregnancy": [*session.execute(pregnancies)],
        "visit": [*session.execute(about_child), *session.execute(about_pregnancy)],
    }
    for record_type, rows in found.items():
        for record_id, *theirs_anyway in rows:
            announce(session, sorted(told.difference(theirs_anyway)), record_type, record_id, removed)
