"""A small known world: two teams, five accounts, one family with a baby of twelve days."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account
from hvapp.services.accounts import account_of
from hvapp.store.accounts import AccountRow, ProviderRow, TeamRow
from hvapp.store.changes import announce
from hvapp.store.children import (
    ChildRow,
    HouseholdMemberRow,
    HouseholdRow,
    MeasurementRow,
    PersonRow,
    RelationshipRow,
)
from hvapp.store.transaction import transaction

PASSWORD = "a long enough password"
# Cheap to verify; the product's own cost is tested where it matters.
_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)

AGE_DAYS = 12


@dataclass
class World:
    amira: Account
    ben: Account
    sue: Account
    olu: Account
    ada: Account
    child_id: str
    mother_id: str
    born: date
    nhs_number: str = "9990000018"


def make_world(session: Session, now: datetime | None = None) -> World:
    """Amira and Ben visit for North team; Sue supervises North, Olu supervises South; Ada administers."""
    now = now or datetime.now(UTC)
    born = now.date() - timedelta(days=AGE_DAYS)
    with transaction(session):
        provider = ProviderRow(name="Acre Valley Community Health", ods_code="X9Z")
        north = TeamRow(provider=provider, name="North", phone="01632 960001")
        south = TeamRow(provider=provider, name="South", phone="01632 960002")
        rows = {
            name: AccountRow(
                email=f"{name}@test.example",
                name=full,
                role=role,
                job="scphn",
                team=team,
                password_hash=_HASH,
                created_at=now,
            )
            for name, full, role, team in (
                ("amira", "Amira Khan", "health_visitor", north),
                ("ben", "Ben Osei", "health_visitor", north),
                ("sue", "Sue Park", "supervisor", north),
                ("olu", "Olu Bright", "supervisor", south),
                ("ada", "Ada Quill", "administrator", north),
            )
        }
        session.add_all(rows.values())
        session.flush()
        home = HouseholdRow(address_lines="12 Acre Road\nLeeds", area="Headingley", postcode="LS6 9ZZ")
        mother = PersonRow(
            given_name="Nadia", family_name="Marlow", sex="female", birth_date=date(1994, 5, 2)
        )
        baby = PersonRow(
            given_name="Maya",
            family_name="Marlow",
            sex="female",
            birth_date=born,
            nhs_number=World.nhs_number,
        )
        session.add_all([home, mother, baby])
        session.flush()
        child = ChildRow(
            id=baby.id,
            gestation_days=37 * 7 + 2,
            births_in_pregnancy=1,
            birth_order=1,
            team_id=north.id,
            named_visitor_id=rows["amira"].id,
            need_level="universal",
        )
        session.add(child)
        session.add_all(
            HouseholdMemberRow(household_id=home.id, person_id=person.id, from_date=born)
            for person in (mother, baby)
        )
        session.add(
            RelationshipRow(
                person_id=mother.id, child_id=baby.id, role="mother", parental_responsibility=True
            )
        )
        session.flush()
        session.add(
            MeasurementRow(
                child_id=child.id,
                kind="weight",
                value=Decimal("3.010"),
                measured_on=born,
                at_birth=True,
                recorded_at=now,
            )
        )
        announce(session, [rows["amira"].id], "child", child.id)
        accounts: dict[str, Any] = {name: account_of(row) for name, row in rows.items()}
    return World(**accounts, child_id=child.id, mother_id=mother.id, born=born)
