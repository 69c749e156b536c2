"""Loading invented people into an empty database."""

from collections.abc import Iterable
from datetime import UTC, datetime, time
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from hvapp.domain.errors import Conflict
from hvapp.domain.synthetic import Population
from hvapp.store.accounts import AccountRow, ProviderRow, TeamRow
from hvapp.store.audit import write_audit
from hvapp.store.base import Base
from hvapp.store.changes import announce
from hvapp.store.children import (
    ChildRow,
    ContactRow,
    HouseholdMemberRow,
    HouseholdRow,
    MeasurementRow,
    PersonRow,
    PregnancyRow,
    RelationshipRow,
)
from hvapp.store.immunisations import ImmunisationRow
from hvapp.store.transaction import transaction

_WRITTEN_UP_AT = time(16, 0, tzinfo=UTC)


def load(session: Session, population: Population, *, password_hash: str, now: datetime) -> None:
    """Write the whole population, or nothing, and tell every named visitor's tablets what to fetch.

    Every account gets the same password. Raises Conflict if the database already holds accounts: invented people
    must never come to stand among real ones.
    """
    with transaction(session):
        if session.scalar(select(AccountRow.id).limit(1)) is not None:
            raise Conflict(
                "This database already holds accounts, so no demo data was loaded and nothing was changed. "
                "Demo data needs an empty database.",
                "not_empty",
            )
        for row, values in _rows(population, password_hash, now):
            # Without render_nulls, every row with another set of empty columns is a statement of its own.
            session.execute(insert(row), values, execution_options={"render_nulls": True})
        _announce(session, population)
        write_audit(
            session,
            at=now,
            account_id=None,
            action="demo_loaded",
            subject_type="provider",
            subject_id=population.provider.id,
            detail=f"seed {population.seed}, {population.today.isoformat()}",
        )


def _rows(
    population: Population, password_hash: str, now: datetime
) -> Iterable[tuple[type[Base], list[dict[str, Any]]]]:
    """Every table with its rows, in an order in which no row points at one that is still to come."""
    yield ProviderRow, [vars(population.provider)]
    yield TeamRow, [vars(team) for team in population.teams]
    account = {"password_hash": password_hash, "active": True, "failed_sign_ins": 0, "created_at": now}
    yield AccountRow, [vars(member) | account for member in population.staff]
    yield HouseholdRow, [_household(vars(household)) for household in population.households]
    yield PersonRow, [vars(person) for person in population.people]
    yield HouseholdMemberRow, [vars(residence) for residence in population.residences]
    yield RelationshipRow, [vars(relationship) for relationship in population.relationships]
    yield PregnancyRow, [vars(pregnancy) for pregnancy in population.pregnancies]
    yield ChildRow, [vars(child) for child in population.children]
    yield ImmunisationRow, [vars(one) for one in population.immunisations]
    yield ContactRow, [vars(contact) for contact in population.contacts]
    yield (
        MeasurementRow,
        [
            vars(measurement) | {"recorded_at": datetime.combine(measurement.measured_on, _WRITTEN_UP_AT)}
            for measurement in population.measurements
        ],
    )


def _household(values: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in values.items() if key != "address"}
    return kept | {"address_lines": "\n".join(values["address"])}


def _announce(session: Session, population: Population) -> None:
    """Babies first, so that a tablet that loses its signal half way has the most urgent families."""
    born_on = {person.id: person.birth_date for person in population.people}
    youngest_first = sorted(
        population.children, key=lambda child: (born_on[child.id] or population.today, child.id), reverse=True
    )
    for child in youngest_first:
        announce(session, [child.named_visitor_id], "child", child.id)
    for pregnancy in population.pregnancies:
        if pregnancy.ended_on is None:
            announce(session, [pregnancy.named_visitor_id], "pregnancy", pregnancy.id)
