"""An antenatal contact is about a mother and her pregnancy: from the tablet to the record, and to no red book."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from hvapp.domain.errors import Conflict
from hvapp.services import rechecking, refiling, review
from hvapp.store.changes import announce
from hvapp.store.children import ChildRow, PersonRow, PregnancyRow
from hvapp.store.kept import WellbeingRow
from hvapp.store.outbox import OutboxRow
from hvapp.store.transaction import transaction
from hvapp.store.visits import VisitRow
from tests.support.antenatal import antenatal_revision
from tests.support.client import FORMS, Tablet, new_id, seal
from tests.support.desk import Desk
from tests.support.world import World, add_pregnancy


@pytest.fixture
def pregnancy_id(session: Session, world: World) -> str:
    return add_pregnancy(session, world)


@pytest.fixture
def mother_id(session: Session, pregnancy_id: str) -> str:
    return session.get_one(PregnancyRow, pregnancy_id).mother_id


@pytest.fixture
def sent(tablet: Tablet, world: World, pregnancy_id: str, mother_id: str) -> dict[str, Any]:
    revision = antenatal_revision(tablet, world, pregnancy_id, mother_id, need_level="targeted")
    [result] = tablet.push(revision)
    assert (result["result"], result["flags"]) == ("stored", [])
    return revision


def told(tablet: Tablet, record_id: str) -> dict[str, Any]:
    """The record as the tablet is told of it now."""
    return next(item["body"] for item in tablet.pull()["items"] if item["id"] == record_id)


def approve(session: Session, world: World, sent: dict[str, Any]) -> None:
    review.approve(
        session,
        FORMS,
        reviewer=world.sue,
        visit_id=sent["visit_id"],
        rev_id=sent["rev_id"],
        now=datetime.now(UTC),
    )


def give_birth(session: Session, world: World, pregnancy_id: str, *names: str) -> list[str]:
    """The children of this pregnancy, born today; answers their ids."""
    born = []
    with transaction(session):
        pregnancy = session.get_one(PregnancyRow, pregnancy_id)
        pregnancy.ended_on = datetime.now(UTC).date()
        for order, name in enumerate(names, 1):
            person = PersonRow(
                given_name=name, family_name="Field", sex="female", birth_date=datetime.now(UTC).date()
            )
            session.add(person)
            session.flush()
            child = ChildRow(
                id=person.id,
                pregnancy_id=pregnancy_id,
                births_in_pregnancy=len(names),
                birth_order=order,
                team_id=pregnancy.team_id,
                named_visitor_id=world.amira.id,
                need_level="universal",
            )
            session.add(child)
            announce(session, [world.amira.id], "child", person.id)
            born.append(person.id)
    return born


def test_it_is_filed_under_the_pregnancy_and_shown_on_the_tablet(
    session: Session, tablet: Tablet, pregnancy_id: str, sent: dict[str, Any]
) -> None:
    row = session.get_one(VisitRow, sent["visit_id"])
    assert (row.pregnancy_id, row.child_id, row.state) == (pregnancy_id, None, "received")
    assert told(tablet, sent["visit_id"])["child_id"] == pregnancy_id


def test_an_attempt_before_the_birth_is_filed_under_the_pregnancy_and_is_no_contact_of_it(
    app: Flask,
    session: Session,
    tablet: Tablet,
    world: World,
    pregnancy_id: str,
    mother_id: str,
    judge: Callable[[], int],
) -> None:
    """Nobody was at home for the antenatal visit. The unborn child has a protection plan."""
    attempt = FORMS.current("no_access")
    sent = antenatal_revision(
        tablet, world, pregnancy_id, mother_id, attempt, reason="no_answer", concern="child_protection"
    )
    [result] = tablet.push(sent)
    judge()

    assert (result["result"], result["flags"]) == ("stored", [])
    row = session.get_one(VisitRow, sent["visit_id"])
    assert (row.pregnancy_id, row.child_id, row.state) == (pregnancy_id, None, "received")
    flags = told(tablet, sent["visit_id"])["flags"]
    assert "red_alert" in flags and not {"invalid_answers", "unknown_child"} & set(flags)
    desk = Desk(app.test_client()).sign_in(world.sue)
    desk.get("/review").has("Rosa Field", "No access visit", "Baby due")
    desk.post(f"/review/{sent['visit_id']}/restricted", reason="Deciding")
    approve(session, world, sent)
    assert [one["contact_type"] for one in told(tablet, pregnancy_id)["contacts"]] == ["no_access"]
    assert session.scalars(select(OutboxRow)).all() == []
    [maya] = [one["body"] for one in tablet.pull()["items"] if one["type"] == "child"]
    assert maya["contacts"] == []


def test_it_is_judged_like_any_other(
    session: Session,
    tablet: Tablet,
    world: World,
    pregnancy_id: str,
    mother_id: str,
    judge: Callable[[], int],
) -> None:
    good = antenatal_revision(tablet, world, pregnancy_id, mother_id)
    answers = good["payload"]["answers"] | {"edd": "2020-01-01"}
    bad = seal(
        tablet.revision(world)
        | {key: good[key] for key in ("form_id", "form_version", "definition_hash")}
        | {
            "child_id": pregnancy_id,
            "contact_type": "antenatal",
            "payload": good["payload"] | {"answers": answers},
        }
    )
    tablet.push(good, bad)
    judge()
    assert told(tablet, good["visit_id"])["flags"] == []
    assert "invalid_answers" in told(tablet, bad["visit_id"])["flags"]


def test_the_supervisor_reads_whose_it_is_and_approves_it_off_every_red_book(
    app: Flask, session: Session, tablet: Tablet, world: World, pregnancy_id: str, sent: dict[str, Any]
) -> None:
    desk = Desk(app.test_client()).sign_in(world.sue)
    desk.get("/review").has("Rosa Field", "Baby due")
    page = desk.get(f"/review/{sent['visit_id']}")
    assert page.has(
        "Rosa Field", "Baby due", "999 000 0026", "Rosa Field", "Nothing of it goes to a red book"
    )
    assert page.has("Approving changes the family’s level from universal to targeted")
    page = desk.follow(desk.post(f"/review/{sent['visit_id']}/approve", rev_id=sent["rev_id"]))
    page.has("Rosa Field: approved")

    session.expire_all()
    assert session.scalars(select(OutboxRow)).all() == []
    assert told(tablet, sent["visit_id"])["state"] == "not_shared"
    record = told(tablet, pregnancy_id)
    assert [one["contact_type"] for one in record["contacts"]] == ["antenatal"]
    assert record["need_level"] == "targeted"


def test_what_was_answered_about_the_mother_is_hers(
    session: Session, world: World, sent: dict[str, Any], mother_id: str
) -> None:
    approve(session, world, sent)
    assert [row.person_id for row in session.scalars(select(WellbeingRow))] == [mother_id]


def test_after_the_birth_each_child_s_record_has_the_contact(
    app: Flask, session: Session, tablet: Tablet, world: World, pregnancy_id: str, sent: dict[str, Any]
) -> None:
    born = give_birth(session, world, pregnancy_id, "Ida", "Ivy")
    approve(session, world, sent)
    for child_id in born:
        record = told(tablet, child_id)
        assert [one["contact_type"] for one in record["contacts"]] == ["antenatal"]
        assert record["last_answers"] == {}
    page = Desk(app.test_client()).sign_in(world.sue).get(f"/review/{sent['visit_id']}")
    page.has("Born since", "Ida Field", "Ivy Field")


def test_a_second_one_is_pointed_out_and_an_amendment_replaces_the_first(
    session: Session,
    tablet: Tablet,
    world: World,
    pregnancy_id: str,
    mother_id: str,
    sent: dict[str, Any],
) -> None:
    approve(session, world, sent)
    amended = antenatal_revision(tablet, world, pregnancy_id, mother_id)
    amended = seal(amended | {"visit_id": sent["visit_id"], "parent_rev": sent["rev_id"]})
    tablet.push(amended)
    approve(session, world, amended)
    record = told(tablet, pregnancy_id)
    assert (len(record["contacts"]), record["need_level"]) == (1, "universal")

    tablet.push(antenatal_revision(tablet, world, pregnancy_id, mother_id))
    lines = review.queue(session, world.sue)
    assert [flag.value for line in lines for flag in line.flags] == ["same_contact"]


def test_another_visitor_s_antenatal_work_is_flagged(
    tablet_of: Callable[..., Tablet], world: World, pregnancy_id: str, mother_id: str
) -> None:
    ben = tablet_of(world.ben)
    [result] = ben.push(antenatal_revision(ben, world, pregnancy_id, mother_id))
    assert result["flags"] == ["not_allocated"]


@pytest.mark.parametrize("about", ["child", "pregnancy"])
def test_a_visit_about_the_wrong_kind_of_record_is_kept_for_a_person(
    session: Session, tablet: Tablet, world: World, pregnancy_id: str, mother_id: str, about: str
) -> None:
    if about == "child":
        revision = seal(
            antenatal_revision(tablet, world, pregnancy_id, mother_id) | {"child_id": world.child_id}
        )
    else:
        revision = tablet.revision(world, child_id=pregnancy_id)
    [result] = tablet.push(revision)
    assert (result["result"], result["flags"]) == ("stored", ["unknown_child"])
    row = session.get_one(VisitRow, revision["visit_id"])
    assert (row.child_id, row.pregnancy_id, row.state) == (None, None, "quarantined")

    file = {"by": world.sue, "visit_id": row.id, "child_id": world.child_id, "now": datetime.now(UTC)}
    if about == "child":
        with pytest.raises(Conflict, match="before the birth"):
            refiling.file_under_child(session, FORMS, **file)
    else:
        refiling.file_under_child(session, FORMS, **file)
        # The pregnancy's own visits still find it.
        [result] = tablet.push(antenatal_revision(tablet, world, pregnancy_id, mother_id))
        assert result["flags"] == []


def test_work_about_a_pregnancy_that_comes_on_record_later_is_filed_by_itself(
    app: Flask, session: Session, tablet: Tablet, world: World, pregnancy_id: str, mother_id: str
) -> None:
    later = new_id()
    revision = antenatal_revision(tablet, world, later, mother_id)
    [result] = tablet.push(revision)
    assert result["flags"] == ["unknown_child"]
    desk = Desk(app.test_client()).sign_in(world.sue)
    desk.get(f"/sort/visits/{revision['visit_id']}").has("The tablet knows this pregnancy")
    with transaction(session):
        known = session.get_one(PregnancyRow, pregnancy_id)
        values = {key: getattr(known, key) for key in ("edd", "births_expected", "team_id", "need_level")}
        session.add(PregnancyRow(id=later, mother_id=mother_id, named_visitor_id=world.amira.id, **values))
    assert rechecking.recheck(session, FORMS, world.sue, datetime.now(UTC)) == 1
    row = session.get_one(VisitRow, revision["visit_id"])
    assert (row.pregnancy_id, row.state) == (later, "received")
