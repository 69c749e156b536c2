"""What a supervisor does with a visit, in one line."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from hvapp.services import review
from tests.support.client import FORMS
from tests.support.world import World


def approve(session: Session, world: World, sent: dict[str, Any], **changes: Any) -> None:
    """Sue approves this revision now; `changes` say otherwise."""
    given = {
        "reviewer": world.sue,
        "visit_id": sent["visit_id"],
        "rev_id": sent["rev_id"],
        "now": datetime.now(UTC),
    }
    review.approve(session, FORMS, **(given | changes))
