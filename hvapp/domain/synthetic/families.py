"""Families of flesh and blood from their plans: homes, people, who is whose, pregnancies and children."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from hvapp.domain.ages import TERM_DAYS
from hvapp.domain.synthetic.draw import Draw
from hvapp.domain.synthetic.family_plan import Birth, FamilyPlan
from hvapp.domain.synthetic.model import Child, Household, Person, Pregnancy, Relationship, Residence, Staff
from hvapp.domain.synthetic.names import NAME_GROUPS
from hvapp.domain.synthetic.places import AREAS, CITY, POSTCODE_LETTERS

_VISITORS_PER_TEAM = 3
_DAYS_PER_YEAR = 365.25


@dataclass(frozen=True)
class Born:
    """A child together with the plan of its birth, for whoever writes its history."""

    child: Child
    birth: Birth
    sex: str
    birth_date: date
    moved_in_on: date | None


@dataclass
class Town:
    """Everyone so far."""

    households: list[Household] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    residences: list[Residence] = field(default_factory=list)
    relationships: list[Relationship] = field(default_factory=list)
    pregnancies: list[Pregnancy] = field(default_factory=list)
    born: list[Born] = field(default_factory=list)
    antenatal_seen: dict[str, bool] = field(default_factory=dict)  # what the plan says, by pregnancy


def settle(draw: Draw, plans: tuple[FamilyPlan, ...], visitors: tuple[Staff, ...], today: date) -> Town:
    """Give every planned family a home, names and children. `visitors` in the order in which plans number them."""
    town = Town()
    surnames = _Surnames(draw)
    addresses = _Addresses(draw)
    surname_of: dict[str | None, str] = {}
    for number, plan in enumerate(plans):
        surname = surname_of.get(plan.next_door) if plan.next_door else None
        family = _Family(draw, town, plan, number, visitors, today, surname or surnames.next(plan.group))
        family.move_in(addresses)
        surname_of[plan.cast] = family.surname
    return town


class _Surnames:
    """Each family its own, so that only those meant to be namesakes are."""

    def __init__(self, draw: Draw) -> None:
        self._left = {name: self._shuffled(draw.stream(f"surnames/{name}"), name) for name in NAME_GROUPS}

    def next(self, group: str) -> str:
        return next(self._left[group])

    @staticmethod
    def _shuffled(rng: Random, group: str) -> Iterator[str]:
        names = list(NAME_GROUPS[group].families)
        while True:
            rng.shuffle(names)
            yield from names


class _Addresses:
    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._taken: set[tuple[str, int]] = set()
        self._of: dict[str, tuple[int, str, int]] = {}

    def find(self, rng: Random, plan: FamilyPlan) -> tuple[tuple[str, ...], str, str]:
        """Address lines, area and postcode of a home nobody lives in yet."""
        team = tuple(AREAS.values())[(plan.visitor or 0) // _VISITORS_PER_TEAM]
        own_area = (plan.visitor or 0) % _VISITORS_PER_TEAM
        area = own_area if rng.random() < 0.85 else rng.randrange(len(team))
        street = rng.choice(team[area][2])
        house = rng.randint(1, 96)
        if plan.next_door is not None:
            area, street, house = self._of[plan.next_door]
            house += 2
        while (street, house) in self._taken:
            house += 1
        self._taken.add((street, house))
        if plan.cast is not None:
            self._of[plan.cast] = (area, street, house)
        flat = (f"Flat {rng.randint(1, 9)}",) if rng.random() < 0.2 and plan.next_door is None else ()
        return (*flat, f"{house} {street}", CITY), team[area][0], self._postcode(team[area][1], street)

    def _postcode(self, outward: str, street: str) -> str:
        rng = self._draw.stream(f"postcode/{street}")
        letters = "".join(rng.choices(POSTCODE_LETTERS, k=2))
        return f"{outward} {rng.randint(1, 9)}{letters}"


class _Family:
    def __init__(
        self,
        draw: Draw,
        town: Town,
        plan: FamilyPlan,
        number: int,
        visitors: tuple[Staff, ...],
        today: date,
        surname: str,
    ) -> None:
        self.draw, self.town, self.plan, self.today, self.surname = draw, town, plan, today, surname
        self.key = plan.cast or str(number)
        self.rng = draw.stream(f"family/{self.key}")
        self.names = NAME_GROUPS[plan.group]
        self.used_names: set[str] = set()
        visitor = visitors[plan.visitor or 0]
        self.team_id = visitor.team_id
        self.visitor_id = visitor.id if plan.allocated else None
        self.came_on = self._day(plan.moved_in_days_ago or self.rng.randint(1000, 3500))
        self.carers: list[tuple[Person, str, bool]] = []  # person, role, parental responsibility
        self.mother: Person | None = None

    def move_in(self, addresses: _Addresses) -> None:
        household = self._household(addresses, "home")
        apart = self._adults(household)
        for n in range(self.plan.older_siblings):
            born_on = self._day(round((self.rng.uniform(3.5, 5.5) + 2.2 * n) * _DAYS_PER_YEAR))
            sibling = self._child_person(f"older {n}", self.rng.choice(("female", "male")), born_on, True)
            self._live(sibling, household, max(self.came_on, born_on))
        second_home = self._second_home(addresses, apart)
        for n, birth in enumerate(self.plan.births):
            self._bear(f"birth {n}", birth, household, second_home)
        if self.plan.expected is not None and self.mother is not None:
            expected = self.plan.expected
            pregnancy = self._pregnancy(
                self.mother, "expected", self._day(-expected.due_in_days), expected.births, None
            )
            if expected.seen is not None:
                self.town.antenatal_seen[pregnancy.id] = expected.seen

    def _adults(self, household: Household) -> Person | None:
        """Who brings the children up. Answers the parent who lives elsewhere, if there is one."""
        home = self.plan.home
        apart = None
        youngest = 28 if self.plan.older_siblings else 21
        oldest = 34 if home == "multi_generational" else 41
        if home in ("grandparents", "foster"):
            self._outside_mother()
            if home == "grandparents":
                for sex, what in (("female", "grandmother"), ("male", "grandfather")):
                    self._carer(household, what, sex, (52, 66), "grandparent", responsible=True)
            else:
                self._carer(household, "carer", "female", (38, 58), "foster_carer", responsible=False)
            return None
        if home != "father":
            ages = (youngest, oldest)
            self.mother = self._carer(household, "mother", "female", ages, "mother", responsible=True)
        if home == "two_mothers":
            self._carer(household, "second mother", "female", (24, 41), "mother", responsible=True)
        elif home == "two_homes":
            apart = self._carer(None, "father", "male", (22, oldest), "father", responsible=True)
        elif home != "mother":
            self._carer(household, "father", "male", (youngest, oldest), "father", responsible=True)
        if home == "multi_generational":
            for sex, what in (("female", "grandmother"), ("male", "grandfather")):
                self._carer(household, what, sex, (54, 74), "grandparent", responsible=False)
        return apart

    def _outside_mother(self) -> None:
        """The birth mother of a child who lives with others. Her address is not kept here."""
        mother = self._adult("birth mother", "female", (19, 34), reachable=False)
        self.carers.append((mother, "mother", True))

    def _carer(
        self,
        household: Household | None,
        what: str,
        sex: str,
        ages: tuple[int, int],
        role: str,
        *,
        responsible: bool,
    ) -> Person:
        person = self._adult(what, sex, ages, reachable=True)
        if household is not None:
            self._live(person, household, self.came_on)
        self.carers.append((person, role, responsible))
        return person

    def _second_home(self, addresses: _Addresses, apart: Person | None) -> Household | None:
        if apart is None:
            return None
        household = self._household(addresses, "second home")
        self._live(apart, household, self.came_on)
        return household

    def _bear(self, key: str, birth: Birth, household: Household, second_home: Household | None) -> None:
        plan = self.plan
        born_on = self._day(birth.age_days)
        moved_in_on = self.came_on if plan.moved_in_days_ago and self.came_on > born_on else None
        pregnancy = None
        if self.mother is not None and moved_in_on is None and birth.gestation_days is not None:
            edd = born_on + timedelta(days=TERM_DAYS - birth.gestation_days)
            pregnancy = self._pregnancy(self.mother, key, edd, len(birth.sexes), born_on)
        for order, sex in enumerate(birth.sexes, start=1):
            baby = f"{key}.{order}"
            person = self._child_person(baby, sex, born_on, birth.nhs_number)
            since = moved_in_on or born_on
            if plan.home == "foster":
                since = born_on + timedelta(days=min(birth.age_days, 21))
            if second_home is not None:
                # The present home is the latest: the mother's, since the parents parted.
                self._live(person, second_home, born_on)
                since = born_on + timedelta(days=birth.age_days // 2)
            self._live(person, household, since)
            child = Child(
                person.id,
                pregnancy.id if pregnancy else None,
                birth.gestation_days,
                len(birth.sexes),
                order,
                *self._care(),
                looked_after=plan.home == "foster",
            )
            self.town.born.append(Born(child, birth, sex, born_on, moved_in_on))
            for carer, role, responsible in self.carers:
                self.town.relationships.append(
                    Relationship(
                        self._id("relationship", f"{carer.id}/{person.id}"),
                        carer.id,
                        person.id,
                        role,
                        responsible,
                        since if role in ("foster_carer", "grandparent") else born_on,
                    )
                )

    def _pregnancy(
        self, mother: Person, key: str, edd: date, births: int, ended_on: date | None
    ) -> Pregnancy:
        pregnancy = Pregnancy(self._id("pregnancy", key), mother.id, edd, births, ended_on, *self._care())
        self.town.pregnancies.append(pregnancy)
        return pregnancy

    def _care(self) -> tuple[str, str | None, str, str | None, bool, str | None, date | None, bool, bool]:
        plan = self.plan
        rng = self.draw.stream(f"before the door/{self.key}")
        review_by = self._day(-rng.randint(-20, 160)) if plan.staff_risk else None
        return (
            self.team_id,
            self.visitor_id,
            plan.need_level,
            plan.language,
            plan.interpreter,
            plan.staff_risk,
            review_by,
            (plan.staff_risk or "").startswith("Visit in pairs"),
            plan.child_protection_plan or (plan.need_level == "specialist" and rng.random() < 0.4),
        )

    def _household(self, addresses: _Addresses, key: str) -> Household:
        household = Household(self._id("household", key), *addresses.find(self.rng, self.plan))
        self.town.households.append(household)
        return household

    def _live(self, person: Person, household: Household, since: date) -> None:
        residence = Residence(
            self._id("residence", f"{person.id}/{household.id}"), household.id, person.id, since
        )
        self.town.residences.append(residence)

    def _adult(self, what: str, sex: str, ages: tuple[int, int], *, reachable: bool) -> Person:
        given = self._given_name(self.names.women if sex == "female" else self.names.men)
        age = self.rng.uniform(*ages)
        # Grandparents and second parents often have a name of their own.
        surname = self.surname
        if what not in ("mother", "father") and self.rng.random() < 0.4:
            surname = self.rng.choice(self.names.families)
        phone = self.draw.mobile_number() if reachable and self.rng.random() < 0.95 else None
        return self._person(what, given, surname, sex, self._day(round(age * _DAYS_PER_YEAR)), phone, True)

    def _child_person(self, what: str, sex: str, born_on: date, has_number: bool) -> Person:
        either = self.names.girls + self.names.boys
        given = self._given_name({"female": self.names.girls, "male": self.names.boys}.get(sex, either))
        return self._person(what, given, self.surname, sex, born_on, None, has_number)

    def _person(
        self, what: str, given: str, family: str, sex: str, born: date, phone: str | None, has_number: bool
    ) -> Person:
        number = self.draw.nhs_number() if has_number else None
        person = Person(self._id("person", what), number, given, family, sex, born, phone)
        self.town.people.append(person)
        return person

    def _given_name(self, names: tuple[str, ...]) -> str:
        name = self.rng.choice([name for name in names if name not in self.used_names])
        self.used_names.add(name)
        return name

    def _day(self, days_ago: int) -> date:
        return self.today - timedelta(days=days_ago)

    def _id(self, kind: str, what: str) -> str:
        return self.draw.id(kind, f"{self.key}/{what}")
