"""Invented people for demonstrations and tests: one provider with its teams, and the families on their caseloads."""

from datetime import date

from hvapp.domain.synthetic.draw import Draw
from hvapp.domain.synthetic.families import settle
from hvapp.domain.synthetic.history import write_histories
from hvapp.domain.synthetic.immunisations import write_immunisations
from hvapp.domain.synthetic.model import Population
from hvapp.domain.synthetic.plan import VISITORS, plan_families
from hvapp.domain.synthetic.staff import make_staff
from hvapp.domain.synthetic.visits import plan_visits

__all__ = ["Population", "make_population"]


def make_population(*, seed: int, today: date) -> Population:
    """240 children from newborn to 2½ years and 24 pregnancies, as of `today`.

    The same seed and today give the same people to the last digit. Another today gives the same people with every
    date moved, save that contacts keep to weekdays.
    """
    draw = Draw(seed)
    provider, teams, staff = make_staff(draw)
    town = settle(draw, plan_families(draw), staff[:VISITORS], today)
    contacts, measurements = write_histories(draw, town, staff, today)
    return Population(
        seed=seed,
        today=today,
        provider=provider,
        teams=teams,
        staff=staff,
        households=tuple(town.households),
        people=tuple(town.people),
        residences=tuple(town.residences),
        relationships=tuple(town.relationships),
        pregnancies=tuple(town.pregnancies),
        children=tuple(born.child for born in town.born),
        contacts=contacts,
        measurements=measurements,
        immunisations=tuple(one for born in town.born for one in write_immunisations(draw, born, today)),
        visits=plan_visits(draw, town, measurements, staff, today),
    )
