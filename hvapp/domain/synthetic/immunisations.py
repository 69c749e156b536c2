"""Vaccinations on record. Most children are vaccinated within days of the date, some miss an appointment, and of some
who moved here nothing is known."""

from collections.abc import Iterator
from datetime import date, timedelta

from hvapp.domain.synthetic.draw import Draw
from hvapp.domain.synthetic.families import Born
from hvapp.domain.synthetic.model import Immunisation

_APPOINTMENTS = (
    (56, ("6-in-1", "MenB", "rotavirus")),
    (84, ("6-in-1", "MenB", "rotavirus")),
    (112, ("6-in-1", "PCV")),
    (366, ("PCV", "MenB")),
    (549, ("6-in-1",)),
)
_MEASLES = (366, 549)
_MMRV_SINCE = date(2026, 1, 1)
_EXTRA_SINCE = date(2024, 7, 1)  # the doses at 18 months are for those born since
_MISSED = 0.025
_UNKNOWN = 0.5


def write_immunisations(draw: Draw, born: Born, today: date) -> Iterator[Immunisation]:
    """One child's, up to yesterday. Chance is used up whether or not a day has come yet."""
    child = born.child
    rng = draw.stream(f"immunisations/{child.id}")
    unknown = rng.random() < _UNKNOWN and born.moved_in_on is not None
    late = rng.randint(0, 9)
    for age, vaccines in _APPOINTMENTS:
        missed = rng.random() < _MISSED
        day = born.birth_date + timedelta(days=age + late)
        if unknown or missed or day >= today or (age == 549 and born.birth_date < _EXTRA_SINCE):
            continue
        measles = ("MMRV" if day >= _MMRV_SINCE else "MMR",) if age in _MEASLES else ()
        for vaccine in (*vaccines, *measles):
            key = draw.id("immunisation", f"{child.id}/{vaccine}/{age}")
            yield Immunisation(key, child.id, vaccine, day)
