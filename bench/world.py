"""Large invented caseloads: whole populations of other seeds, all given to one health visitor."""

from dataclasses import replace
from datetime import UTC, datetime

from argon2 import PasswordHasher
from sqlalchemy.orm import Session

from hvapp.domain.synthetic import Population, make_population
from hvapp.domain.synthetic.model import Child, Person, Staff
from hvapp.services import demo

PASSWORD = "a long enough password"
_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


def load_caseload(session: Session, children: int) -> tuple[Staff, list[Child]]:
    """Fill an empty database so that one visitor looks after exactly this many children; answers both."""
    now = datetime.now(UTC)
    first = make_population(seed=1, today=now.date())
    visitor = first.staff[0]
    towns = [first]
    while sum(len(town.children) for town in towns) < children:
        towns.append(make_population(seed=len(towns) + 1, today=now.date()))
    whole = _joined(towns, visitor, children)
    demo.load(session, whole, password_hash=_HASH, now=now)
    return visitor, [child for child in whole.children if child.named_visitor_id == visitor.id]


def _joined(towns: list[Population], visitor: Staff, children: int) -> Population:
    """Everyone of every town; the first so many children are the visitor's, and nobody else is."""
    everyone = [child for town in towns for child in town.children]
    return replace(
        towns[0],
        households=tuple(one for town in towns for one in town.households),
        people=_with_numbers_once([one for town in towns for one in town.people]),
        residences=tuple(one for town in towns for one in town.residences),
        relationships=tuple(one for town in towns for one in town.relationships),
        pregnancies=tuple(
            replace(one, team_id=visitor.team_id, named_visitor_id=None)
            for town in towns
            for one in town.pregnancies
        ),
        children=tuple(
            replace(child, team_id=visitor.team_id, named_visitor_id=visitor.id if index < children else None)
            for index, child in enumerate(everyone)
        ),
        contacts=tuple(one for town in towns for one in town.contacts),
        measurements=tuple(one for town in towns for one in town.measurements),
        immunisations=tuple(one for town in towns for one in town.immunisations),
        visits=(),
    )


def _with_numbers_once(people: list[Person]) -> tuple[Person, ...]:
    """Two towns may have drawn the same NHS number; the second person goes without."""
    seen: set[str] = set()
    kept = []
    for person in people:
        twice = person.nhs_number in seen
        kept.append(replace(person, nhs_number=None) if twice else person)
        seen.add(person.nhs_number or "")
    return tuple(kept)
