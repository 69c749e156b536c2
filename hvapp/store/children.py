"""People, households, pregnancies and children on a caseload, with what is already on their record."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, Numeric, UniqueConstraint, delete, or_, select
from sqlalchemy.orm import Mapped, Session, joinedload, mapped_column, relationship, selectinload

from hvapp.domain.forms.facts import ChildFacts, Measurement
from hvapp.store.accounts import AccountRow, TeamRow
from hvapp.store.base import Base, Id, new_id


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


class PregnancyRow(Base):
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
    language: Mapped[str | None]
    interpreter: Mapped[bool] = mapped_column(default=False)
    staff_risk: Mapped[str | None]

    mother: Mapped[PersonRow] = relationship()
    named_visitor: Mapped[AccountRow | None] = relationship()


class ChildRow(Base):
    """A child on the caseload; shares its id with the child's person row.

    `merged_into_id`: the record was a second one of a child already known. It stays, for what names it.
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
    language: Mapped[str | None]
    interpreter: Mapped[bool] = mapped_column(default=False)
    staff_risk: Mapped[str | None]
    merged_into_id: Mapped[str | None] = mapped_column(Id, ForeignKey("child.id"), index=True)

    person: Mapped[PersonRow] = relationship()
    named_visitor: Mapped[AccountRow | None] = relationship()


class ChildAliasRow(Base):
    """An id under which a tablet knows a child that this service knows under another: a person has said so."""

    __tablename__ = "child_alias"

    ref: Mapped[str] = mapped_column(Id, primary_key=True)
    child_id: Mapped[str] = mapped_column(Id, ForeignKey("child.id"))
    made_by_id: Mapped[str] = mapped_column(Id, ForeignKey("account.id"))
    made_at: Mapped[datetime]


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
    return session.scalars(
        select(HouseholdRow)
        .join(HouseholdMemberRow)
        .where(HouseholdMemberRow.person_id == person_id, HouseholdMemberRow.to_date.is_(None))
        .order_by(HouseholdMemberRow.from_date.desc())
        .limit(1)
        .options(selectinload(HouseholdRow.members).joinedload(HouseholdMemberRow.person))
    ).one_or_none()


def relationships_to(session: Session, child_id: str) -> list[RelationshipRow]:
    return list(
        session.scalars(
            select(RelationshipRow)
            .where(RelationshipRow.child_id == child_id, RelationshipRow.to_date.is_(None))
            .options(selectinload(RelationshipRow.person))
        )
    )


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


def contacts_of(session: Session, subject_id: str) -> list[ContactRow]:
    """Newest first."""
    return list(
        session.scalars(
            select(ContactRow)
            .where(ContactRow.subject_id == subject_id)
            .order_by(ContactRow.occurred_on.desc())
        )
    )


def measurements_of(session: Session, child_id: str) -> list[MeasurementRow]:
    """Oldest first."""
    return measurements_by_child(session, {child_id}).get(child_id, [])


def children_by_ids(session: Session, ids: set[str]) -> dict[str, ChildRow]:
    """Those of these children that are on record, with their person."""
    query = select(ChildRow).where(ChildRow.id.in_(ids)).options(joinedload(ChildRow.person))
    return {row.id: row for row in session.scalars(query)}


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
    if nhs_number is not None:
        return list(session.scalars(query.where(PersonRow.nhs_number == nhs_number)))
    if born is not None:
        query = query.where(PersonRow.birth_date == born)
    for word in words:
        query = query.where(
            or_(
                PersonRow.given_name.icontains(word, autoescape=True),
                PersonRow.family_name.icontains(word, autoescape=True),
            )
        )
    return list(session.scalars(query))


def resolve_children(session: Session, refs: set[str]) -> dict[str, ChildRow]:
    """The child each of these ids stands for now: by merged records, and by what a supervisor has said.

    Ids that stand for no child are left out.
    """
    rows = session.scalars(select(ChildAliasRow).where(ChildAliasRow.ref.in_(refs)))
    aliases = {row.ref: row.child_id for row in rows}
    wanted = {ref: aliases.get(ref, ref) for ref in refs}
    children: dict[str, ChildRow] = {}
    missing = set(wanted.values())
    while missing:
        found = children_by_ids(session, missing)
        children |= found
        missing = {row.merged_into_id for row in found.values() if row.merged_into_id} - children.keys()
    resolved = {}
    for ref, child_id in wanted.items():
        child = children.get(child_id)
        while child is not None and child.merged_into_id is not None:
            child = children.get(child.merged_into_id)
        if child is not None:
            resolved[ref] = child
    return resolved


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
    visit_id: str, child: ChildRow, measurements: Iterable[MeasurementRow], need_level: str | None = None
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
        birth_weight_kg=birth_weights[0] if birth_weights else None,
        measurements=tuple(Measurement(row.kind, row.value, row.measured_on, row.at_birth) for row in rows),
        need_level=need_level or child.need_level,
    )
