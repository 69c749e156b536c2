"""What each family is to be, before anyone has a name: the cast by hand, everyone else by chance."""

from collections import Counter
from dataclasses import replace
from random import Random

from hvapp.domain.ages import TERM_DAYS
from hvapp.domain.synthetic.cast import ANTENATAL_CAST, CAST
from hvapp.domain.synthetic.draw import Draw
from hvapp.domain.synthetic.family_plan import Birth, Expected, FamilyPlan
from hvapp.domain.synthetic.names import NAME_GROUPS

CHILDREN = 240
PREGNANCIES = 24
VISITORS = 6

# Age in days: from, to, how many children. Fuller at the start of life than an even birth rate would make it, so
# that every visitor has new births to see.
AGE_BANDS = (
    (0, 4, 6),
    (5, 9, 11),
    (10, 16, 16),
    (17, 41, 20),
    (42, 62, 20),
    (63, 270, 51),
    (271, 460, 46),
    (461, 729, 34),
    (730, 914, 36),
)
# Days until the baby is due; below zero, the due date has passed.
_DUE_IN_DAYS = (-4, 130)
_SIBLING_GAP_DAYS = (340, 800)

_HOMES = {
    "two_parents": 66,
    "mother": 15,
    "multi_generational": 8,
    "two_homes": 4,
    "two_mothers": 3,
    "father": 2,
    "grandparents": 2,
}
_NEEDS = {"universal": 66, "community": 10, "targeted": 18, "specialist": 6}
_RISKS = (
    "Large dog. Ask for it to be shut in another room before you go in.",
    "Visit in pairs: threats from a former partner, who may come to the house.",
    "Do not use the back alley after dark. Park at the front.",
)
_PRETERM_SHARE = 0.075
_UNALLOCATED = 5
_EXPECTING_AGAIN = 4


def plan_families(draw: Draw) -> tuple[FamilyPlan, ...]:
    """The cast first, then as many others as make CHILDREN children and PREGNANCIES pregnancies."""
    rng = draw.stream("families")
    ages = _ages_left(rng)
    plans = [*CAST, *_expecting_again(rng, _with_children(rng, ages))]
    pregnancies = list(ANTENATAL_CAST)
    pregnancies += _expecting_first(rng, PREGNANCIES - _expected(plans + pregnancies))
    plans = _allocate(plans + pregnancies)
    chosen = rng.sample([n for n, plan in enumerate(plans) if not plan.cast], _UNALLOCATED)
    return tuple(replace(plan, allocated=n not in chosen) for n, plan in enumerate(plans))


def _ages_left(rng: Random) -> list[int]:
    """Ages still to be given out, youngest first."""
    taken = Counter(_band(birth.age_days) for plan in CAST for birth in plan.births for _ in birth.sexes)
    ages = []
    for number, (youngest, oldest, count) in enumerate(AGE_BANDS):
        ages += [rng.randint(youngest, oldest) for _ in range(count - taken[number])]
    return sorted(ages)


def _band(age_days: int) -> int:
    return next(n for n, (youngest, oldest, _) in enumerate(AGE_BANDS) if youngest <= age_days <= oldest)


def _expected(plans: list[FamilyPlan]) -> int:
    return sum(plan.expected is not None for plan in plans)


def _with_children(rng: Random, ages: list[int]) -> list[FamilyPlan]:
    plans = []
    while ages:
        births = [_birth(rng, ages.pop(0))]
        if rng.random() < 0.34:
            low, high = (births[0].age_days + gap for gap in _SIBLING_GAP_DAYS)
            older = [age for age in ages if low <= age <= high]
            if older:
                age = rng.choice(older)
                ages.remove(age)
                births.insert(0, _birth(rng, age))
        plans.append(_family(rng, tuple(births), None))
    return plans


def _expecting_again(rng: Random, plans: list[FamilyPlan]) -> list[FamilyPlan]:
    """Some mothers of a child of at least a year are expecting another."""
    with_mother = ("two_parents", "mother", "multi_generational")
    could = [
        n for n, plan in enumerate(plans) if plan.home in with_mother and plan.births[-1].age_days >= 365
    ]
    chosen = rng.sample(could, _EXPECTING_AGAIN)
    due = {n: Expected(due_in_days=rng.randint(*_DUE_IN_DAYS)) for n in chosen}
    return [replace(plan, expected=due.get(n)) for n, plan in enumerate(plans)]


def _expecting_first(rng: Random, count: int) -> list[FamilyPlan]:
    return [_family(rng, (), Expected(due_in_days=rng.randint(*_DUE_IN_DAYS))) for _ in range(count)]


def _birth(rng: Random, age_days: int) -> Birth:
    if rng.random() < _PRETERM_SHARE:
        gestation = rng.choice((213, 226, 231, 238, 241, 244, 247, 250, 252, 254, 256, 258))
    else:
        gestation = min(max(round(rng.gauss(TERM_DAYS - 3, 8)), 259), 293)
    return Birth(age_days, gestation, (rng.choice(("female", "male")),))


def _family(rng: Random, births: tuple[Birth, ...], expected: Expected | None) -> FamilyPlan:
    group = _pick(rng, {name: group.share for name, group in NAME_GROUPS.items()})
    languages = NAME_GROUPS[group].languages
    language = rng.choice(languages) if languages and rng.random() < 0.5 else None
    home = _pick(rng, _HOMES)
    # Carers other than the mother make sense only once there is a child; separated homes once it has grown a little.
    if not births or (home == "two_homes" and births[0].age_days < 250):
        home = "two_parents" if rng.random() < 0.8 else "mother"
    preterm = any(birth.gestation_days and birth.gestation_days < 245 for birth in births)
    return FamilyPlan(
        home=home,
        group=group,
        births=births,
        expected=expected,
        language=language,
        interpreter=language is not None and rng.random() < 0.45,
        need_level="targeted" if preterm else _pick(rng, _NEEDS),
        staff_risk=rng.choice(_RISKS) if rng.random() < 0.03 else None,
        older_siblings=0 if home == "grandparents" else rng.choices((0, 1, 2), (75, 19, 6))[0],
        moved_in_days_ago=_moved_in(rng, births),
    )


def _moved_in(rng: Random, births: tuple[Birth, ...]) -> int | None:
    """Days since the family came from another service; None for those who were always here."""
    moved = rng.random() < 0.06
    youngest = min((birth.age_days for birth in births), default=0)
    return rng.randint(3, youngest - 30) if moved and youngest > 60 else None


def _pick(rng: Random, weights: dict[str, int]) -> str:
    return rng.choices(tuple(weights), tuple(weights.values()))[0]


def _allocate(plans: list[FamilyPlan]) -> list[FamilyPlan]:
    """Share families out, youngest first, so that each visitor has the same mix of ages."""
    carried: Counter[tuple[int, int]] = Counter()
    total: Counter[int] = Counter()

    def take(plan: FamilyPlan, visitor: int) -> FamilyPlan:
        for birth in plan.births:
            carried[visitor, _band(birth.age_days)] += len(birth.sexes)
            total[visitor] += len(birth.sexes)
        if plan.expected:
            carried[visitor, -1] += 1
        return replace(plan, visitor=visitor)

    placed = {n: take(plan, plan.visitor) for n, plan in enumerate(plans) if plan.visitor is not None}
    for n, plan in enumerate(plans):
        if n not in placed:
            bands = [_band(birth.age_days) for birth in plan.births] or [-1]
            visitor = min(
                range(VISITORS), key=lambda one: (sum(carried[one, band] for band in bands), total[one])
            )
            placed[n] = take(plan, visitor)
    return [placed[n] for n in range(len(plans))]
