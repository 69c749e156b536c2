"""What an approved visit leaves on record beside its contact and measurements: a family's answers to be offered again,
and what was answered about an adult, which is that adult's own."""

from datetime import date
from typing import Any

from sqlalchemy import ForeignKey, delete, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from hvapp.store.base import Base, Id, new_id
from hvapp.store.children import PersonRow
from hvapp.store.visits import VisitRow


class KeptAnswersRow(Base):
    """The answers of one visit that the next one offers in grey, by field id. Never a restricted one."""

    __tablename__ = "kept_answers"

    visit_id: Mapped[str] = mapped_column(Id, ForeignKey("visit.id"), primary_key=True)
    answered_on: Mapped[date]
    answers: Mapped[dict[str, Any]]


class WellbeingRow(Base):
    """What was answered about one adult at one visit. It belongs to the adult: no child's record holds it, no message
    and no list."""

    __tablename__ = "wellbeing"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    person_id: Mapped[str] = mapped_column(Id, ForeignKey("person.id"), index=True)
    visit_id: Mapped[str] = mapped_column(Id, ForeignKey("visit.id"), index=True)
    answered_on: Mapped[date]
    answers: Mapped[dict[str, Any]]


def keep_answers(session: Session, visit_id: str, on: date, answers: dict[str, Any]) -> None:
    if answers:
        session.add(KeptAnswersRow(visit_id=visit_id, answered_on=on, answers=answers))


def keep_wellbeing(session: Session, visit_id: str, on: date, rows: list[tuple[str, dict[str, Any]]]) -> None:
    """Each row with the person it is about; one about nobody on record stays in the visit alone."""
    known = set(session.scalars(select(PersonRow.id).where(PersonRow.id.in_([person for person, _ in rows]))))
    for person_id, answers in rows:
        if person_id in known:
            session.add(WellbeingRow(person_id=person_id, visit_id=visit_id, answered_on=on, answers=answers))


def take_back_kept(session: Session, visit_id: str) -> None:
    """Remove what a visit left, for its newer version to be written."""
    session.execute(delete(KeptAnswersRow).where(KeptAnswersRow.visit_id == visit_id))
    session.execute(delete(WellbeingRow).where(WellbeingRow.visit_id == visit_id))


def last_answers(session: Session, subject_id: str) -> dict[str, dict[str, Any]]:
    """The latest answer to each question that was kept for this child or pregnancy: {field: {"value", "on"}}.

    A child is not told what was kept before its birth: it may be growing up with others than its mother.
    """
    rows = session.execute(
        select(KeptAnswersRow.answered_on, KeptAnswersRow.answers)
        .join(VisitRow, VisitRow.id == KeptAnswersRow.visit_id)
        .where(or_(VisitRow.child_id == subject_id, VisitRow.pregnancy_id == subject_id))
        .order_by(KeptAnswersRow.answered_on, VisitRow.received_at)
    )
    return {
        field_id: {"value": value, "on": on.isoformat()}
        for on, answers in rows
        for field_id, value in answers.items()
    }
