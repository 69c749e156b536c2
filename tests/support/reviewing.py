"""What a supervisor does with a visit or a child, in one line."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hvapp.services import deaths, review
from hvapp.store.visits import VisitRow
from tests.support.client import FORMS
from tests.support.world import World


def approve(session: Session, world: World, sent: dict[str, Any], **changes: Any) -> None:
    """Sue approves this revision now, having looked at whatever else is on file; `changes` say otherwise."""
    beside = select(VisitRow.id).where(VisitRow.id != sent["visit_id"], VisitRow.child_id == sent["child_id"])
    given = {
        "seen": {*session.scalars(beside), "deceased"},
        "reviewer": world.sue,
        "visit_id": sent["visit_id"],
        "rev_id": sent["rev_id"],
        "now": datetime.now(UTC),
    }
    review.approve(session, FORMS, **(given | changes))


def record_death(session: Session, world: World) -> str:
    """Sue marks that Maya died today, and Ada confirms it; answers the mark's id."""
    now = datetime.now(UTC)
    deaths.mark_death(session, world.child_id, died_on=now.date(), by=world.sue, now=now)
    [mark] = deaths.marks_that_wait(session, world.ada)
    deaths.confirm_mark(session, mark.mark_id, by=world.ada, now=now)
    return mark.mark_id
