"""What is already on record: contacts that took place, calls that found nobody in, and what was measured."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from hvapp.domain.synthetic.curves import Build, draw_build, reading
from hvapp.domain.synthetic.draw import Draw
from hvapp.domain.synthetic.families import Born, Town
from hvapp.domain.synthetic.model import Contact, Measurement, Pregnancy, Staff

TWO_YEARS_DAYS = 731
_ELSEWHERE = "Health visitor in another area"
_SEEN_BEFORE_BIRTH = 0.72
_CLINIC_GAP_DAYS = 31
# Before 36 weeks a baby is still in the neonatal unit; the visitor sees the parents.
_HOME_FROM_DAYS = 252


@dataclass(frozen=True)
class Usual:
    """When a contact is usually done, in days of age; how often late, how often never, and what is measured."""

    contact_type: str
    on_time: tuple[int, int]
    late: tuple[int, int]
    late_share: float
    missed_share: float
    kinds: tuple[tuple[str, float], ...]


_USUAL = (
    Usual("new_birth", (10, 14), (15, 27), 0.11, 0.02, (("weight", 0.98), ("length", 0.35), ("ofc", 0.92))),
    Usual("six_eight_week", (44, 56), (57, 70), 0.08, 0.1, (("weight", 1), ("length", 0.5), ("ofc", 0.95))),
    Usual("one_year", (285, 365), (366, 440), 0.14, 0.13, (("weight", 0.97), ("length", 0.85), ("ofc", 0.1))),
    Usual("two_year", (737, 850), (851, 905), 0.2, 0.15, (("weight", 0.95), ("height", 0.92))),
)
_EXTRA = (
    Usual("three_four_month", (95, 120), (121, 130), 0.1, 0, (("weight", 1), ("ofc", 0.3))),
    Usual("six_month", (188, 205), (206, 220), 0.1, 0, (("weight", 1), ("length", 0.3))),
)
_EXTRA_SHARE = {"universal": 0.12, "community": 0.3, "targeted": 0.7, "specialist": 0.9}
_TARGETED_EVERY_DAYS = {"targeted": (55, 95), "specialist": (28, 56)}


def write_histories(
    draw: Draw, town: Town, staff: tuple[Staff, ...], today: date
) -> tuple[tuple[Contact, ...], tuple[Measurement, ...]]:
    """Contacts and measurements of everyone in the town, up to yesterday."""
    contacts = [
        contact
        for pregnancy in town.pregnancies
        for contact in _antenatal(draw, town, pregnancy, staff, today)
    ]
    measurements = []
    for born in town.born:
        history = _History(draw, born, staff, today)
        history.write()
        contacts += history.contacts
        measurements += history.measurements
    return tuple(contacts), tuple(measurements)


def build_of(draw: Draw, born: Born) -> Build:
    """How a child grows; whoever asks gets the same answer."""
    child = born.child
    rng = draw.stream(f"build/{child.id}")
    return draw_build(rng, born.sex, child.gestation_days, child.births_in_pregnancy, born.birth.growth)


def on_a_weekday(day: date, not_before: date) -> date:
    """The Friday before, for a weekend; but never before the birth."""
    return max(day - timedelta(days=max(0, day.weekday() - 4)), not_before)


def _antenatal(
    draw: Draw, town: Town, pregnancy: Pregnancy, staff: tuple[Staff, ...], today: date
) -> Iterator[Contact]:
    rng = draw.stream(f"antenatal/{pregnancy.id}")
    day = on_a_weekday(pregnancy.edd - timedelta(days=rng.randint(30, 78)), date.min)
    seen = rng.random() < _SEEN_BEFORE_BIRTH
    mode = _mode(rng)
    practitioner = _practitioner(rng, staff, pregnancy.team_id, pregnancy.named_visitor_id)
    if town.antenatal_seen.get(pregnancy.id, seen) and day < (pregnancy.ended_on or today):
        yield Contact(draw.id("contact", pregnancy.id), pregnancy.id, "antenatal", day, mode, practitioner)


class _History:
    """One child's. Chance is used up whether or not a day has come yet, so that another today only shifts dates."""

    def __init__(self, draw: Draw, born: Born, staff: tuple[Staff, ...], today: date) -> None:
        self.draw, self.born, self.staff, self.today = draw, born, staff, today
        self.child, self.age_days = born.child, born.birth.age_days
        self.rng = draw.stream(f"history/{self.child.id}")
        self.build = build_of(draw, born)
        self.contacts: list[Contact] = []
        self.measurements: list[Measurement] = []

    def write(self) -> None:
        self._at_birth()
        for usual in self._planned():
            self._usual(usual)
        self._targeted()
        self._moved_in()
        self._clinic_weights()
        self._no_access()
        self.contacts.sort(key=lambda contact: contact.occurred_on)
        self.measurements.sort(key=lambda one: (one.measured_on, one.kind))

    def _planned(self) -> list[Usual]:
        wanted = [self.rng.random() < _EXTRA_SHARE[self.child.need_level] for _ in _EXTRA]
        return [*_USUAL, *(extra for extra, chosen in zip(_EXTRA, wanted, strict=True) if chosen)]

    def _at_birth(self) -> None:
        self._measure("weight", 0, at_birth=True)
        if self.rng.random() < 0.85:
            self._measure("ofc", 0, at_birth=True)

    def _usual(self, usual: Usual) -> None:
        rng = self.rng
        late, missed = rng.random() < usual.late_share, rng.random() < usual.missed_share
        age = rng.randint(*(usual.late if late else usual.on_time))
        if self.age_days > 20 and usual.contact_type == "new_birth":
            missed = False  # the cast has the one family that was never reached
        if missed or usual.contact_type in self.born.birth.without:
            return
        self._contact(usual.contact_type, age, usual.kinds)

    def _targeted(self) -> None:
        every = _TARGETED_EVERY_DAYS.get(self.child.need_level)
        if every is None:
            return
        age = 70 + self.rng.randint(*every)
        for _ in range(4):
            self._contact("targeted", age, (("weight", 0.6),))
            age += self.rng.randint(*every)

    def _moved_in(self) -> None:
        if self.born.moved_in_on is not None:
            age = (self.born.moved_in_on - self.born.birth_date).days + self.rng.randint(4, 11)
            self._contact("movement_in", age, (("weight", 0.9), ("length", 0.4)))

    def _clinic_weights(self) -> None:
        """Families who like to come to the clinic have their baby weighed about monthly in the first half year."""
        comes = self.rng.random() < 0.3 or self.born.birth.growth == "falters"
        for age in range(75, 230, _CLINIC_GAP_DAYS):
            age += self.rng.randint(-6, 6)
            if comes and age < self.age_days:
                self._measure("weight", age)

    def _no_access(self) -> None:
        """Calls that found nobody in, the last a few days ago."""
        for n in range(self.born.birth.attempts):
            self._contact("no_access", self.age_days - 4 - 7 * n, ())

    def _contact(self, contact_type: str, age: int, kinds: tuple[tuple[str, float], ...]) -> None:
        measured = [kind for kind, share in kinds if self.rng.random() < share]
        mode = "face_to_face" if contact_type == "no_access" else _mode(self.rng)
        practitioner = _practitioner(self.rng, self.staff, self.child.team_id, self.child.named_visitor_id)
        day = on_a_weekday(self._day(age), self.born.birth_date)
        if day >= self.today:
            return
        if self.born.moved_in_on is not None and day < self.born.moved_in_on:
            practitioner = _ELSEWHERE
        contact_id = self.draw.id("contact", f"{self.child.id}/{contact_type}/{age}")
        self.contacts.append(Contact(contact_id, self.child.id, contact_type, day, mode, practitioner))
        if mode == "face_to_face":
            for kind in measured:
                self._measure(kind, (day - self.born.birth_date).days)

    def _measure(self, kind: str, age: int, *, at_birth: bool = False) -> None:
        if not at_birth and age + (self.child.gestation_days or 280) < _HOME_FROM_DAYS:
            return
        if kind == "height" and age < TWO_YEARS_DAYS:
            kind = "length"
        rng = self.draw.stream(f"reading/{self.child.id}/{kind}/{age}")
        value = Decimal(reading(rng, self.build, "length" if kind == "height" else kind, age))
        one = Measurement(
            self.draw.id("measurement", f"{self.child.id}/{kind}/{age}"),
            self.child.id,
            kind,
            value,
            self._day(age),
            at_birth,
        )
        if all(one.id != other.id for other in self.measurements):
            self.measurements.append(one)

    def _day(self, age: int) -> date:
        return self.born.birth_date + timedelta(days=age)


def _mode(rng: Random) -> str:
    return rng.choices(("face_to_face", "phone", "video"), (94, 4, 2))[0]


def _practitioner(rng: Random, staff: tuple[Staff, ...], team_id: str, named_visitor_id: str | None) -> str:
    team = [one for one in staff if one.team_id == team_id and one.role == "health_visitor"]
    stand_in = rng.choice(team)
    usual = next((one for one in team if one.id == named_visitor_id), stand_in)
    return stand_in.name if rng.random() < 0.15 else usual.name
