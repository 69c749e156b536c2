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
    PregnancyRow,
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
        session.add(_birth_weight(child.id, born, "3.010", now))
        announce(session, [rows["amira"].id], "child", child.id)
        accounts: dict[str, Any] = {name: account_of(row) for name, row in rows.items()}
    return World(**accounts, child_id=child.id, mother_id=mother.id, born=born)


def _birth_weight(child_id: str, born: date, kg: str, now: datetime) -> MeasurementRow:
    return MeasurementRow(
        child_id=child_id, kind="weight", value=Decimal(kg), measured_on=born, at_birth=True, recorded_at=now
    )


def add_pregnancy(session: Session, world: World, *, edd: date | None = None) -> str:
    """Rosa Field expects a baby in 40 days, on Amira's caseload; answers the pregnancy's id. The home is hers alone."""
    with transaction(session):
        team = session.get_one(AccountRow, world.amira.id).team_id
        home = HouseholdRow(address_lines="3 Mill Lane\nLeeds", area="Headingley", postcode="LS6 8ZZ")
        mother = PersonRow(
            given_name="Rosa",
            family_name="Field",
            sex="female",
            birth_date=date(1996, 8, 9),
            nhs_number="9990000026",
        )
        session.add_all([home, mother])
        session.flush()
        session.add(HouseholdMemberRow(household_id=home.id, person_id=mother.id, from_date=date(2024, 1, 1)))
        pregnancy = PregnancyRow(
            mother_id=mother.id,
            edd=edd or datetime.now(UTC).date() + timedelta(days=40),
            births_expected=1,
            team_id=team,
            named_visitor_id=world.amira.id,
            need_level="universal",
        )
        session.add(pregnancy)
        session.flush()
        announce(session, [world.amira.id], "pregnancy", pregnancy.id)
        return pregnancy.id


def add_twin(session: Session, world: World) -> str:
    """Ivy, born minutes after Maya and of the same pregnancy, at the same home; answers her id."""
    with transaction(session):
        maya = session.get_one(ChildRow, world.child_id)
        pregnancy = PregnancyRow(
            mother_id=world.mother_id,
            edd=world.born,
            births_expected=2,
            ended_on=world.born,
            team_id=maya.team_id,
            named_visitor_id=maya.named_visitor_id,
            need_level=maya.need_level,
        )
        baby = PersonRow(given_name="Ivy", family_name="Marlow", sex="female", birth_date=world.born)
        session.add_all([pregnancy, baby])
        session.flush()
        maya.pregnancy_id, maya.births_in_pregnancy = pregnancy.id, 2
        home = session.query(HouseholdMemberRow).filter_by(person_id=world.child_id).one().household_id
        session.add(HouseholdMemberRow(household_id=home, person_id=baby.id, from_date=world.born))
        session.add(
            ChildRow(
                id=baby.id,
                pregnancy_id=pregnancy.id,
                gestation_days=maya.gestation_days,
                births_in_pregnancy=2,
                birth_order=2,
                team_id=maya.team_id,
                named_visitor_id=maya.named_visitor_id,
                need_level=maya.need_level,
            )
        )
        session.add(
            RelationshipRow(
                person_id=world.mother_id, child_id=baby.id, role="mother", parental_responsibility=True
            )
        )
        for child_id in (maya.id, baby.id):
            announce(session, [maya.named_visitor_id], "child", child_id)
        return baby.id


def add_record(
    session: Session, world: World, visitor: Account | None, given_name: str = "Baby", **more: Any
) -> str:
    """Another record that may be Maya's or her sister's, on the visitor's caseload or on nobody's; answers its id."""
    person = PersonRow(given_name=given_name, family_name="Marlow", sex="female", birth_date=world.born)
    session.add(person)
    session.flush()
    session.add(
        ChildRow(
            id=person.id,
            births_in_pregnancy=1,
            birth_order=1,
            team_id=(visitor or world.amira).team.id,
            named_visitor_id=visitor.id if visitor else None,
            need_level="universal",
            **more,
        )
    )
    session.flush()
    return person.id


def add_child(session: Session, world: World, name: str, born: date, *, birth_weight: str) -> tuple[str, str]:
    """A girl born at 39 weeks and 4 days, alone with her mother on Amira's caseload; answers the ids of both."""
    given, family = name.split(" ")
    with transaction(session):
        team = session.get_one(AccountRow, world.amira.id).team_id
        home = HouseholdRow(address_lines="7 Hill Street\nLeeds", area="Headingley", postcode="LS6 7ZZ")
        mother = PersonRow(given_name="Clara", family_name=family, sex="female", birth_date=date(1993, 2, 1))
        baby = PersonRow(given_name=given, family_name=family, sex="female", birth_date=born)
        session.add_all([home, mother, baby])
        session.flush()
        session.add_all(
            HouseholdMemberRow(household_id=home.id, person_id=person.id, from_date=born)
            for person in (mother, baby)
        )
        session.add(
            ChildRow(
                id=baby.id,
                gestation_days=39 * 7 + 4,
                births_in_pregnancy=1,
                birth_order=1,
                team_id=team,
                named_visitor_id=world.amira.id,
                need_level="universal",
            )
        )
        session.add(
            RelationshipRow(
                person_id=mother.id, child_id=baby.id, role="mother", parental_responsibility=True
            )
        )
        session.flush()
        session.add(_birth_weight(baby.id, born, birth_weight, datetime.now(UTC)))
        announce(session, [world.amira.id], "child", baby.id)
        return baby.id, mother.id
