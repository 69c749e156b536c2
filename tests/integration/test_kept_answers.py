"""What an approved visit leaves on record: answers to be offered again, and the adults' answers with the adults."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hvapp.services import review
from hvapp.store.kept import WellbeingRow
from tests.support.client import FORMS, Tablet, with_answers
from tests.support.world import World

ADULT = {
    "asked": "yes",
    "whooley_1": True,
    "whooley_2": False,
    "gad2_1": "0",
    "gad2_2": "0",
    "mh_history": ["none"],
    "bonding": "no_concern",
    "vape": False,
    "alcohol": "none",
    "substances": "none",
}


def approve(session: Session, world: World, revision: dict[str, Any]) -> None:
    review.approve(
        session,
        FORMS,
        reviewer=world.sue,
        visit_id=revision["visit_id"],
        rev_id=revision["rev_id"],
        now=datetime.now(UTC),
    )


def child(tablet: Tablet, world: World) -> dict[str, Any]:
    """As the visitor's tablet is told."""
    return next(item["body"] for item in tablet.pull()["items"] if item["id"] == world.child_id)


def wellbeing(session: Session) -> list[tuple[str, dict[str, Any]]]:
    session.expire_all()
    return [(row.person_id, row.answers) for row in session.scalars(select(WellbeingRow))]


def test_the_family_s_answers_are_offered_once_the_visit_is_approved(
    session: Session, tablet: Tablet, world: World
) -> None:
    revision = with_answers(tablet.revision(world), damp_mould="minor", smoker_in_home="ex")
    tablet.push(revision)
    assert child(tablet, world)["last_answers"] == {}

    approve(session, world, revision)

    told = child(tablet, world)["last_answers"]
    on = revision["occurred_at"][:10]
    assert told["damp_mould"] == {"value": "minor", "on": on}
    assert told["smoker_in_home"]["value"] == "ex"
    assert {"concern", "wellbeing", "dva_response", "seen_alone", "money_food"}.isdisjoint(told)


def test_an_amendment_replaces_what_was_kept(session: Session, tablet: Tablet, world: World) -> None:
    first = with_answers(tablet.revision(world), damp_mould="minor")
    tablet.push(first)
    approve(session, world, first)
    second = with_answers(
        tablet.revision(world, visit_id=first["visit_id"], parent_rev=first["rev_id"]), damp_mould="none"
    )
    tablet.push(second)
    approve(session, world, second)

    assert child(tablet, world)["last_answers"]["damp_mould"]["value"] == "none"
    assert len(wellbeing(session)) == 1


def test_vaccinations_told_of_stand_on_the_record_once(
    session: Session, tablet: Tablet, world: World
) -> None:
    day = world.born.isoformat()
    told = [
        {"vaccine": "hepb", "given_on": day},
        {"vaccine": "hepb", "given_on": day},
        {"vaccine": "other", "given_on": day},
        {"vaccine": "bcg", "given_on": "2100-01-01"},
    ]
    first = with_answers(tablet.revision(world), imm_history=told)
    tablet.push(first)
    approve(session, world, first)
    assert child(tablet, world)["immunisations"] == [{"vaccine": "HepB", "date": day}]

    again = tablet.revision(world, visit_id=first["visit_id"], parent_rev=first["rev_id"])
    second = with_answers(again, imm_history=told[2:])
    tablet.push(second)
    approve(session, world, second)
    assert child(tablet, world)["immunisations"] == []


def test_each_adult_s_answers_go_to_that_adult_and_nowhere_else(
    session: Session, tablet: Tablet, world: World, judge: Callable[[], int]
) -> None:
    stranger = "11111111-1111-4111-8111-111111111111"
    rows = [{"person": world.mother_id, **ADULT}, {"person": stranger, **ADULT, "whooley_1": False}]
    revision = with_answers(tablet.revision(world), wellbeing=rows)
    tablet.push(revision)
    judge()
    assert wellbeing(session) == []

    approve(session, world, revision)

    assert wellbeing(session) == [(world.mother_id, ADULT)]
    assert "whooley" not in str(tablet.pull())
