"""What is kept for people who may not come back for it, so that somebody else sees that it is there."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account, Role
from hvapp.store.accounts import accounts_of_team
from hvapp.store.drafts import count_drafts_waiting
from hvapp.store.sorting import count_unfiled_of_switched_off

SOON = timedelta(days=7)
"""How long an unfinished visit may wait before anybody but its author is told."""


@dataclass(frozen=True)
class LeftBehind:
    """What waits for one person. `unfiled`: items that could not be filed; `drafts`: unfinished visits kept sealed."""

    name: str
    team_name: str
    active: bool
    unfiled: int
    drafts: int


def left_behind(session: Session, viewer: Account, now: datetime) -> list[LeftBehind]:
    """By name, for the viewer's team, or for all teams where the viewer is an administrator.

    Of an account that is switched off everything counts; of another, unfinished visits that it has not come back for.
    """
    team_id = None if viewer.role is Role.ADMINISTRATOR else viewer.team.id
    unfiled = count_unfiled_of_switched_off(session)
    drafts, old_drafts = count_drafts_waiting(session, now), count_drafts_waiting(session, now - SOON)
    lines = [
        LeftBehind(
            row.name,
            row.team.name,
            row.active,
            unfiled.get(row.id, 0),
            (old_drafts if row.active else drafts).get(row.id, 0),
        )
        for row in accounts_of_team(session, team_id, {*unfiled, *drafts})
    ]
    return [line for line in lines if line.unfiled or line.drafts]
