"""The invented provider and its people. Field names are those of the rows they become."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True)
class Provider:
    id: str
    name: str
    ods_code: str
    safeguarding_name: str
    safeguarding_phone: str
    home_vaccination: bool
    growth_method: str


@dataclass(frozen=True)
class Team:
    id: str
    provider_id: str
    name: str
    phone: str


@dataclass(frozen=True)
class Staff:
    id: str
    team_id: str
    email: str
    name: str
    role: str
    job: str


@dataclass(frozen=True)
class Household:
    id: str
    address: tuple[str, ...]
    area: str
    postcode: str


@dataclass(frozen=True)
class Person:
    id: str
    nhs_number: str | None
    given_name: str
    family_name: str
    sex: str
    birth_date: date | None
    phone: str | None


@dataclass(frozen=True)
class Residence:
    id: str
    household_id: str
    person_id: str
    from_date: date
    to_date: date | None = None


@dataclass(frozen=True)
class Relationship:
    id: str
    person_id: str
    child_id: str
    role: str
    parental_responsibility: bool
    from_date: date | None


@dataclass(frozen=True)
class Pregnancy:
    id: str
    mother_id: str
    edd: date
    births_expected: int
    ended_on: date | None
    team_id: str
    named_visitor_id: str | None
    need_level: str
    language: str | None
    interpreter: bool
    staff_risk: str | None
    staff_risk_review_by: date | None
    two_person_visit: bool
    child_protection_plan: bool


@dataclass(frozen=True)
class Child:
    """Shares its id with its Person. gestation_days is the whole length of the pregnancy."""

    id: str
    pregnancy_id: str | None
    gestation_days: int | None
    births_in_pregnancy: int
    birth_order: int
    team_id: str
    named_visitor_id: str | None
    need_level: str
    language: str | None
    interpreter: bool
    staff_risk: str | None
    staff_risk_review_by: date | None
    two_person_visit: bool
    child_protection_plan: bool
    looked_after: bool


@dataclass(frozen=True)
class Contact:
    """`subject_id` is a child's id, or a pregnancy's before the birth."""

    id: str
    subject_id: str
    contact_type: str
    occurred_on: date
    mode: str
    practitioner: str


@dataclass(frozen=True)
class Measurement:
    """In kg or cm."""

    id: str
    child_id: str
    kind: str
    value: Decimal
    measured_on: date
    at_birth: bool


@dataclass(frozen=True)
class Immunisation:
    id: str
    child_id: str
    vaccine: str
    given_on: date


@dataclass(frozen=True)
class VisitStep:
    """Something that happened to a visit: `kind` is sent, returned or approved; `sealed_at` is set when it was sent."""

    kind: str
    at: datetime
    revision_id: str
    sealed_at: datetime | None = None


@dataclass(frozen=True)
class RecordedVisit:
    """A new birth visit that was recorded on a tablet, and how far it has come, oldest step first.

    `story` names what was found (see synthetic.answers); the measurements are in kg and cm, as they were entered.
    """

    visit_id: str
    device_id: str
    child_id: str
    author_id: str
    reviewer_id: str
    story: str
    started_at: datetime
    ended_at: datetime
    weight_kg: str
    ofc_cm: str
    length_cm: str
    steps: tuple[VisitStep, ...]


@dataclass(frozen=True)
class Population:
    """Everybody, as of one day. The same seed and day always give the same people."""

    seed: int
    today: date
    provider: Provider
    teams: tuple[Team, ...]
    staff: tuple[Staff, ...]
    households: tuple[Household, ...]
    people: tuple[Person, ...]
    residences: tuple[Residence, ...]
    relationships: tuple[Relationship, ...]
    pregnancies: tuple[Pregnancy, ...]
    children: tuple[Child, ...]
    contacts: tuple[Contact, ...]
    measurements: tuple[Measurement, ...]
    immunisations: tuple[Immunisation, ...]
    visits: tuple[RecordedVisit, ...]
