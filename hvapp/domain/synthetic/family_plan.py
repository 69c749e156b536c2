"""The shape of a plan for one family. Times are days before (or until) the population's today."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Birth:
    """One birth of one or more babies, a sex for each. `gestation_days` is None where nobody knows it.

    `without` are contacts that were not done though due; `attempts` so many calls found nobody in. `growth` is
    usual, falters or small. `story` names the visit that was recorded on a tablet instead (see synthetic.visits).
    """

    age_days: int
    gestation_days: int | None
    sexes: tuple[str, ...]
    without: frozenset[str] = frozenset()
    attempts: int = 0
    nhs_number: bool = True
    growth: str = "usual"
    story: str | None = None


@dataclass(frozen=True)
class Expected:
    due_in_days: int
    births: int = 1
    seen: bool | None = None  # whether the antenatal visit was done; None: by chance


@dataclass(frozen=True)
class FamilyPlan:
    """`births` oldest first. `visitor` is the number of the named visitor among all six; None: wherever there is room.

    `next_door` to another family of the cast means the same surname in the same street.
    """

    home: str
    group: str
    births: tuple[Birth, ...] = ()
    expected: Expected | None = None
    visitor: int | None = None
    allocated: bool = True
    cast: str | None = None
    next_door: str | None = None
    language: str | None = None
    interpreter: bool = False
    need_level: str = "universal"
    staff_risk: str | None = None
    child_protection_plan: bool = False
    older_siblings: int = 0
    moved_in_days_ago: int | None = None
