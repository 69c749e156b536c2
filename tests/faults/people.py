"""The small district of a campaign: visitors, one supervisor, and children whose names may be nowhere in clear."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from argon2 import PasswordHasher
from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account
from hvapp.services.accounts import account_of
from hvapp.store.accounts import AccountRow, ProviderRow, TeamRow
from hvapp.store.base import new_id
from hvapp.store.changes import announce
from hvapp.store.children import ChildRow, PersonRow
from hvapp.store.transaction import transaction

PASSWORD = "a long enough password"
# Cheap to verify: how long a sign-in takes is not what a campaign is about.
_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


@dataclass(frozen=True)
class District:
    visitors: list[Account]
    supervisor: Account
    administrator: Account
    children: list[str]


def settle(session: Session, *, visitors: int, children: int, canary: str, random: Random) -> District:
    """Write the district down: every child has a named visitor, and the canary is part of its name."""
    now = datetime.now(UTC)
    born = now.date() - timedelta(days=12)
    with transaction(session):
        team = TeamRow(
            provider=ProviderRow(name="Acre Valley Community Health", ods_code="X9Z"),
            name="North",
            phone="01632 960001",
        )
        roles = [("supervisor", "sue"), ("administrator", "ada")]
        roles += [("health_visitor", f"visitor{number}") for number in range(1, visitors + 1)]
        rows = [
            AccountRow(
                email=f"{name}@test.example",
                name=f"{name.title()} Park",
                role=role,
                job="scphn",
                team=team,
                password_hash=_HASH,
                created_at=now,
            )
            for role, name in roles
        ]
        session.add_all(rows)
        session.flush()
        workers = rows[2:]
        ids = [new_id() for _ in range(children)]
        session.add_all(
            PersonRow(
                id=child_id,
                given_name=f"{canary}{number}",
                family_name="Marlow",
                sex="female",
                birth_date=born,
            )
            for number, child_id in enumerate(ids)
        )
        session.flush()
        for child_id in ids:
            named = random.choice(workers)
            session.add(
                ChildRow(
                    id=child_id,
                    gestation_days=261,
                    births_in_pregnancy=1,
                    birth_order=1,
                    team_id=team.id,
                    named_visitor_id=named.id,
                    need_level="universal",
                )
            )
            announce(session, [named.id], "child", child_id)
        session.flush()
        people = [account_of(row) for row in rows]
    return District(people[2:], people[0], people[1], ids)


def change_need(session: Session, child_id: str, level: str) -> None:
    """Something about a child that its named visitor's tablets must hear of."""
    with transaction(session):
        child = session.get_one(ChildRow, child_id)
        child.need_level = level
        announce(session, [child.named_visitor_id], "child", child_id)
