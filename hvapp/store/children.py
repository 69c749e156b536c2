"""People, households, pregnancies and children on a caseload, with what is already on their record."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, ForeignKey, Numeric, UniqueConstraint, delete, false, or_, select
from sqlalchemy.orm import Mapped, Session, joinedload, mapped_column, relationship, selectinload

from hvapp.domain.forms.facts import ChildFacts, Measurement
from hvapp.store.accounts import AccountRow, Colleagues, Listener, TeamRow
from hvapp.store.base import Base, Id, new_id
from hvapp.store.immunisations import ImmunisationRow


class HouseholdRow(Base):
    __tablename__ = "household"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    address_lines: Mapped[str]  # one line of the address on each line of text
    area: Mapped[str]
    postcode: Mapped[str]

    members: Mapped[list["HouseholdMemberRow"]] = relationship(back_populates="household")

    @property
    def address(self) -> list[str]:
        return self.address_lines.splitlines()


class PersonRow(Base):
    __tablename__ = "person"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    nhs_number: Mapped[str | None] = mapped_column(unique=True)
    given_name: Mapped[str]
    family_name: Mapped[str]
    sex: Mapped[str]
    birth_date: Mapped[date | None]
    phone: Mapped[str | None]
    deceased_on: Mapped[date | None]

    homes: Mapped[list["HouseholdMemberRow"]] = relationship(back_populates="person")

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}"


class HouseholdMemberRow(Base):
    """Who lives where, and since when: a child may have two homes, and people move."""

    __tablename__ = "household_member"
    __table_args__ = (UniqueConstraint("household_id", "person_id", "from_date"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    household_id: Mapped[str] = mapped_column(Id, ForeignKey("household.id"), index=True)
    person_id: Mapped[str] = mapped_column(Id, ForeignKey("person.id"), index=True)
    from_date: Mapped[date]
    to_date: Mapped[date | None]

    household: Mapped[HouseholdRow] = relationship(back_populates="members")
    person: Mapped[PersonRow] = relationship(back_populates="homes")


class RelationshipRow(Base):
    """What a person is to a child. Roles: mother, father, parent, grandparent, foster_carer, other."""

    __tablename__ = "relationship"
    __table_args__ = (UniqueConstraint("person_id", "child_id", "role"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    person_id: Mapped[str] = mapped_column(Id, ForeignKey("person.id"), index=True)
    child_id: Mapped[str] = mapped_column(Id, ForeignKey("person.id"), index=True)
    role: Mapped[str]
    parental_responsibility: Mapped[bool]
    from_date: Mapped[date | None]
    to_date: Mapped[date | None]

    person: Mapped[PersonRow] = relationship(foreign_keys=[person_id])


class BeforeTheDoor:
    """What staff have to know before they go in, of a child or, before the birth, of a pregnancy."""

    language: Mapped[str | None]
    interpreter: Mapped[bool] = mapped_column(default=False)
    staff_risk: Mapped[str | None]
    staff_risk_review_by: Mapped[date | None]
    two_person_visit: Mapped[bool] = mapped_column(default=False, server_default=false())
    child_protection_plan: Mapped[bool] = mapped_column(default=False, server_default=false())
    two_person_reason: Mapped[str | None]
    child_in_need_plan: Mapped[bool] = mapped_column(default=False, server_default=false())
    plan: Mapped[str | None]  # the kind there is, or was until plan_to
    plan_from: Mapped[date | None]
    plan_to: Mapped[date | None]


class PregnancyRow(BeforeTheDoor, Base):
    """Before birth there is no child: antenatal work belongs to the mother and this pregnancy."""

    __tablename__ = "pregnancy"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    mother_id: Mapped[str] = mapped_column(Id, ForeignKey("person.id"), index=True)
    edd: Mapped[date]
    births_expected: Mapped[int]
    ended_on: Mapped[date | None]
    team_id: Mapped[str] = mapped_column(Id, ForeignKey("team.id"), index=True)
    named_visitor_id: Mapped[str | None] = mapped_column(Id, ForeignKey("account.id"), index=True)
    need_level: Mapped[str]

    mother: Mapped[PersonRow] = relationship()
    named_visitor: Mapped[AccountRow | None] = relationship()

    @property
    def name(self) -> str:
        return self.mother.name

    @property
    def listeners(self) -> set[Listener]:
        """To whose tablets it goes: its visitor's, and the colleagues' where they share their caseload."""
        return listeners_of(self.named_visitor_id, self.team_id)


class ChildRow(BeforeTheDoor, Base):
    """A child on the caseload; shares its id with the child's person row.

    `merged_into_id`: the record was a second one of a child already known. It stays, for what names it. `moved_out_on`:
    when another service confirmed that it has the child, who is on no list here from then on.
    """

    __tablename__ = "child"

    id: Mapped[str] = mapped_column(Id, ForeignKey("person.id"), primary_key=True)
    pregnancy_id: Mapped[str | None] = mapped_column(Id, ForeignKey("pregnancy.id"), index=True)
    gestation_days: Mapped[int | None]
    births_in_pregnancy: Mapped[int]
    birth_order: Mapped[int]
    team_id: Mapped[str] = mapped_column(Id, ForeignKey("team.id"), index=True)
    named_visitor_id: Mapped[str | None] = mapped_column(Id, ForeignKey("account.id"), index=True)
    need_level: Mapped[str]
    looked_after: Mapped[bool] = mapped_column(default=False, server_default=false())
    merged_into_id: Mapped[str | None] = mapped_column(Id, ForeignKey("child.id"), index=True)
    moved_out_on: Mapped[date | None]
    moved_out_to: Mapped[str | None]

    person: Mapped[PersonRow] = relationship()
    named_visitor: Mapped[AccountRow | None] = relationship()

    @property
    def name(self) -> str:
        return self.person.name

    @property
    def listeners(self) -> set[Listener]:
        """As of a pregnancy; to nobody's once another record stands for this one, or another service has the child."""
        gone = self.merged_into_id or self.moved_out_on
        return set() if gone else listeners_of(self.named_visitor_id, self.team_id)


def listeners_of(named_visitor_id: str | None, team_id: str) -> set[Listener]:
    colleagues: set[Listener] = {Colleagues(team_id)}
    return colleagues | {named_visitor_id} if named_visitor_id else colleagues


class ContactRow(Base):
    """A contact on the record: one that this product approved, or one known from before it."""

    __tablename__ = "contact"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    subject_id: Mapped[str] = mapped_column(Id, index=True)  # a child's id or a pregnancy's
    contact_type: Mapped[str]
    occurred_on: Mapped[date]
    mode: Mapped[str]
    practitioner: Mapped[str]
    visit_id: Mapped[str | None] = mapped_column(Id, ForeignKey("visit.id"), unique=True)


class MeasurementRow(Base):
    """A measurement on the record, in kg or cm. `kind`: weight, length, height or ofc."""

    __tablename__ = "measurement"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    child_id: Mapped[str] = mapped_column(Id, ForeignKey("child.id"), index=True)
    kind: Mapped[str]
    value: Mapped[Decimal] = mapped_column(Numeric(8, 3))
    measured_on: Mapped[date]
    at_birth: Mapped[bool] = mapped_column(default=False)
    visit_id: Mapped[str | None] = mapped_column(Id, ForeignKey("visit.id"), index=True)
    recorded_at: Mapped[datetime]


def household_of(session: Session, person_id: str) -> HouseholdRow | None:
    """The person's present home; the latest, where there are two."""
    return next(iter(homes_of(session, person_id)), None)


def homes_of(session: Session, person_id: str) -> list[HouseholdRow]:
    """Where the person lives at present, the latest first."""
    return list(
        session.scalars(
            select(HouseholdRow)
            .join(HouseholdMemberRow)
            .where(HouseholdMemberRow.person_id == person_id, HouseholdMemberRow.to_date.is_(None))
            .order_by(HouseholdMemberRow.from_date.desc(), HouseholdRow.id)
            .options(selectinload(HouseholdRow.members).joinedload(HouseholdMemberRow.person))
        )
    )


def relationships_to(session: Session, child_id: str) -> list[RelationshipRow]:
    return list(
        session.scalars(
            select(RelationshipRow)
            .where(RelationshipRow.child_id == child_id, RelationshipRow.to_date.is_(None))
            .options(selectinload(RelationshipRow.person))
        )
    )


def people_around(session: Session, child_id: str) -> dict[str, tuple[str, str]]:
    """Name and role, by id, of the child's carers and of who else lives at home; their role is ""."""
    household = household_of(session, child_id)
    at_home = {one.person.id: (one.person.name, "") for one in household.members} if household else {}
    return at_home | {
        one.person_id: (one.person.name, one.role) for one in relationships_to(session, child_id)
    }


def siblings_of(session: Session, child_id: str) -> list[ChildRow]:
    """Children who share a parent or carer with this one, oldest first."""
    carers = select(RelationshipRow.person_id).where(RelationshipRow.child_id == child_id)
    in_their_care = select(RelationshipRow.child_id).where(RelationshipRow.person_id.in_(carers))
    return list(
        session.scalars(
            select(ChildRow)
            .join(PersonRow, PersonRow.id == ChildRow.id)
            .where(
                ChildRow.id.in_(in_their_care),
                ChildRow.id != child_id,
                ChildRow.merged_into_id.is_(None),
            )
            .order_by(PersonRow.birth_date, ChildRow.birth_order)
        )
    )


def contacts_of(session: Session, *subject_ids: str | None) -> list[ContactRow]:
    """The contacts of a child, and of the pregnancy it was born from where that is named too; newest first."""
    return list(
        session.scalars(
            select(ContactRow)
            .where(ContactRow.subject_id.in_([one for one in subject_ids if one]))
            .order_by(ContactRow.occurred_on.desc())
        )
    )


def measurements_of(session: Session, child_id: str) -> list[MeasurementRow]:
    """Oldest first."""
    return measurements_by_child(session, {child_id}).get(child_id, [])


def search_children(
    session: Session,
    provider_id: str,
    *,
    words: list[str],
    nhs_number: str | None,
    born: date | None,
    limit: int,
) -> list[ChildRow]:
    """Children of a provider, by NHS number, or by birth date and words of the name together; in name order."""
    query = (
        select(ChildRow)
        .join(PersonRow, PersonRow.id == ChildRow.id)
        .join(TeamRow, TeamRow.id == ChildRow.team_id)
        .where(TeamRow.provider_id == provider_id, ChildRow.merged_into_id.is_(None))
        .order_by(PersonRow.family_name, PersonRow.given_name, PersonRow.birth_date)
        .limit(limit)
        .options(joinedload(ChildRow.person), joinedload(ChildRow.named_visitor))
    )
    if nhs_number is None and born is not None:
        query = query.where(PersonRow.birth_date == born)
    return list(session.scalars(query.where(*_called(words, nhs_number))))


def count_unallocated(session: Session) -> dict[str, int]:
    """Living children and women expecting a child who are nobody's, by team."""
    children = (
        select(ChildRow.team_id)
        .join(PersonRow, PersonRow.id == ChildRow.id)
        .where(
            ChildRow.named_visitor_id.is_(None),
            ChildRow.merged_into_id.is_(None),
            ChildRow.moved_out_on.is_(None),
            PersonRow.deceased_on.is_(None),
        )
    )
    pregnancies = select(PregnancyRow.team_id).where(
        PregnancyRow.named_visitor_id.is_(None), PregnancyRow.ended_on.is_(None)
    )
    return Counter([*session.scalars(children), *session.scalars(pregnancies)])


def search_pregnancies(
    session: Session,
    provider_id: str,
    *,
    words: list[str],
    nhs_number: str | None,
    due: date | None,
    limit: int,
) -> list[PregnancyRow]:
    """Pregnancies of a provider, by the mother's NHS number, or by due date and words of her name together; in order of
    her name, the latest first. Those that have ended are among them: work about them may come late."""
    query = (
        select(PregnancyRow)
        .join(PersonRow, PersonRow.id == PregnancyRow.mother_id)
        .join(TeamRow, TeamRow.id == PregnancyRow.team_id)
        .where(TeamRow.provider_id == provider_id)
        .order_by(PersonRow.family_name, PersonRow.given_name, PregnancyRow.edd.desc())
        .limit(limit)
        .options(joinedload(PregnancyRow.mother), joinedload(PregnancyRow.named_visitor))
    )
    if nhs_number is None and due is not None:
        query = query.where(PregnancyRow.edd == due)
    return list(session.scalars(query.where(*_called(words, nhs_number))))


def _called(words: list[str], nhs_number: str | None) -> list[ColumnElement[bool]]:
    if nhs_number is not None:
        return [PersonRow.nhs_number == nhs_number]
    return [
        or_(
            PersonRow.given_name.icontains(word, autoescape=True),
            PersonRow.family_name.icontains(word, autoescape=True),
        )
        for word in words
    ]


def measurements_by_child(session: Session, child_ids: set[str]) -> dict[str, list[MeasurementRow]]:
    """What is on record for each of these children, oldest first."""
    query = (
        select(MeasurementRow)
        .where(MeasurementRow.child_id.in_(child_ids))
        .order_by(MeasurementRow.measured_on, MeasurementRow.recorded_at, MeasurementRow.kind)
    )
    found: dict[str, list[MeasurementRow]] = {}
    for row in session.scalars(query):
        found.setdefault(row.child_id, []).append(row)
    return found


def lock_child(session: Session, child_id: str) -> None:
    """Whoever adds to what was decided for a child waits here for the one before."""
    session.execute(select(ChildRow.id).where(ChildRow.id == child_id).with_for_update(key_share=True))


def take_back_visit(session: Session, visit_id: str) -> None:
    """Remove what a visit wrote to the record, for its newer version to be written."""
    session.execute(delete(ContactRow).where(ContactRow.visit_id == visit_id))
    session.execute(delete(MeasurementRow).where(MeasurementRow.visit_id == visit_id))


def record_before(
    visit_id: str,
    child: ChildRow,
    measurements: Iterable[MeasurementRow],
    need_level: str | None = None,
    immunisations: Iterable[ImmunisationRow] = (),
) -> ChildFacts:
    """What the record says of a child, less what this visit itself brought to it.

    A visit that was approved and then corrected must not be judged against its own first version. `need_level` is the
    level before such a visit, where it changed that.
    """
    rows = [row for row in measurements if row.visit_id != visit_id]
    birth_weights = [row.value for row in rows if row.kind == "weight" and row.at_birth]
    return ChildFacts(
        birth_date=child.person.birth_date,
        sex=child.person.sex,
        gestation_days=child.gestation_days,
        birth_weight_kg=birth_weights[-1] if birth_weights else None,
        measurements=tuple(Measurement(row.kind, row.value, row.measured_on, row.at_birth) for row in rows),
        need_level=need_level or child.need_level,
        immunisations=tuple((one.vaccine, one.given_on) for one in immunisations if one.visit_id != visit_id),
    )


def record_before_birth(pregnancy: PregnancyRow, need_level: str | None = None) -> ChildFacts:
    """The same of a pregnancy: there is no child yet, and so nothing to measure."""
    return ChildFacts(
        birth_date=None, sex="not_known", edd=pregnancy.edd, need_level=need_level or pregnancy.need_level
    )


def children_born_of(session: Session, pregnancy_id: str) -> list[ChildRow]:
    """In the order of birth."""
    return list(
        session.scalars(
            select(ChildRow)
            .where(ChildRow.pregnancy_id == pregnancy_id, ChildRow.merged_into_id.is_(None))
            .order_by(ChildRow.birth_order)
            .options(joinedload(ChildRow.person))
        )
    )
