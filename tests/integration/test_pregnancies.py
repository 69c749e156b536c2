"""A pregnancy at the desk: found, what staff have to know before they visit, and handed on to the child born of it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from hvapp.services import children, pregnancies
from hvapp.store.accounts import AccountRow, ProviderRow, TeamRow
from hvapp.store.audit import AuditRow
from hvapp.store.children import ChildRow, PersonRow, PregnancyRow
from hvapp.store.transaction import transaction
from tests.support.antenatal import antenatal_revision
from tests.support.client import Tablet, new_id
from tests.support.desk import Desk, Page
from tests.support.reviewing import approve
from tests.support.staff_facts import REASON, TODAY, given
from tests.support.world import World, add_pregnancy, add_record

WHY = "Threats to a colleague in May"


@pytest.fixture
def desk(app: Flask, world: World) -> Desk:
    return Desk(app.test_client()).sign_in(world.sue)


@pytest.fixture
def pregnancy_id(session: Session, world: World) -> str:
    return add_pregnancy(session, world, edd=TODAY + timedelta(days=5))


def held(tablet: Tablet) -> dict[str, dict[str, Any]]:
    """The records that a tablet with nothing on it is given."""
    return {one["id"]: one["body"] for one in tablet.pull()["items"] if one["body"] is not None}


def opened(desk: Desk, pregnancy_id: str) -> Page:
    return desk.post(f"/pregnancies/{pregnancy_id}/staff-facts/open", reason=REASON)


def set_facts(desk: Desk, pregnancy_id: str, **changes: object) -> Page:
    page = opened(desk, pregnancy_id)
    return desk.post(f"/pregnancies/{pregnancy_id}/staff-facts", **given(page, **changes))


def born(session: Session, world: World, name: str, on: date = TODAY, **more: Any) -> str:
    """A baby newly on record, on nobody's caseload; answers its id."""
    with transaction(session):
        child_id = add_record(session, world, None, name, **more)
        session.get_one(PersonRow, child_id).birth_date = on
        return child_id


def join(desk: Desk, pregnancy_id: str, child_id: str) -> Page:
    return desk.post(f"/pregnancies/{pregnancy_id}/born", child_id=child_id)


def audited(session: Session, action: str) -> list[tuple[str, str, str, str | None]]:
    session.rollback()
    rows = session.scalars(select(AuditRow).where(AuditRow.action == action).order_by(AuditRow.at))
    return [(row.account_id or "", row.subject_type, row.subject_id, row.detail) for row in rows]


class TestFinding:
    @pytest.mark.parametrize("text", ["field", "Ros Fie", "999 000 0026", "9990000026"])
    def test_by_the_mother_and_opening_it_is_audited(
        self, desk: Desk, world: World, session: Session, pregnancy_id: str, text: str
    ) -> None:
        desk.get("/children").has("Find a pregnancy")
        found = desk.post("/pregnancies", text=text)
        found.has("Rosa Field", "999 000 0026", "Visitor: Amira Khan")
        assert "field" not in "".join(found.addresses).casefold()

        page = desk.get(f"/pregnancies/{pregnancy_id}")

        page.has("Rosa Field", "Baby due", "Amira Khan", "What staff have to know")
        assert page.response.headers["Cache-Control"] == "no-store"
        assert "Field" not in page.title
        assert audited(session, "pregnancy_opened") == [(world.sue.id, "pregnancy", pregnancy_id, None)]

    def test_by_the_due_date(self, desk: Desk, pregnancy_id: str) -> None:
        due = TODAY + timedelta(days=5)
        day = {"day": due.day, "month": due.month, "year": due.year}

        desk.post("/pregnancies", **day).has("Rosa Field")
        desk.post("/pregnancies", text="Nobody", **day).has("No pregnancy on record")

    @pytest.mark.parametrize(
        ("form", "words"),
        [({}, "Enter the mother’s name"), ({"day": "31", "month": "2", "year": "2026"}, "real due")],
    )
    def test_a_search_for_nothing_says_what_to_enter(
        self, desk: Desk, form: dict[str, str], words: str
    ) -> None:
        page = desk.post("/pregnancies", **form)

        assert page.status_code == 422
        page.has(words)

    def test_another_provider_s_are_not_there_and_visitors_have_no_such_page(
        self, app: Flask, world: World, session: Session, pregnancy_id: str
    ) -> None:
        with transaction(session):
            other = TeamRow(provider=ProviderRow(name="Elsewhere", ods_code="X8Y"), name="West", phone="")
            session.add(other)
            session.flush()
            session.get_one(AccountRow, world.olu.id).team_id = other.id
        olu = Desk(app.test_client()).sign_in(world.olu)
        olu.post("/pregnancies", text="field").has("No pregnancy on record")
        assert olu.get(f"/pregnancies/{pregnancy_id}").status_code == 404
        assert opened(olu, pregnancy_id).status_code == 404
        assert join(olu, pregnancy_id, world.child_id).status_code == 404
        amira = Desk(app.test_client()).sign_in(world.amira)
        assert amira.get("/pregnancies").status_code == 403


class TestStaffFacts:
    def test_a_supervisor_sets_them_and_the_tablet_hears_of_it_before_the_visit(
        self, app: Flask, desk: Desk, tablet: Tablet, world: World, session: Session, pregnancy_id: str
    ) -> None:
        closed = desk.get(f"/pregnancies/{pregnancy_id}/staff-facts")
        closed.has("Why you need to read or change them")
        assert desk.post(f"/pregnancies/{pregnancy_id}/staff-facts/open", reason=" ").status_code == 422
        opened(desk, pregnancy_id).has("Two people have to go", "Plan for the unborn child")

        desk.follow(set_facts(desk, pregnancy_id, staff_risk="Large dog.")).has("Saved.", "Rosa Field")

        body = held(tablet)[pregnancy_id]
        assert (body["two_person_visit"], body["two_person_reason"]) == (True, WHY)
        assert body["staff_risk"] == "Large dog."
        assert body["staff_risk_review_by"] == (TODAY + timedelta(days=60)).isoformat()
        assert (body["child_protection_plan"], body["child_in_need_plan"]) == (True, False)
        assert (TODAY - timedelta(days=7)).isoformat() not in str(body)
        [(by, kind, about, detail)] = audited(session, "staff_facts_changed")
        assert (by, kind, about) == (world.sue.id, "pregnancy", pregnancy_id)
        assert WHY not in (detail or "") and "two_person_reason" in (detail or "")
        assert (world.sue.id, "pregnancy", pregnancy_id, REASON) in audited(session, "restricted_opened")
        for other in (world.ada, world.amira):
            page = Desk(app.test_client()).sign_in(other).get(f"/pregnancies/{pregnancy_id}/staff-facts")
            assert page.status_code == 403

    def test_what_is_wrong_is_said_and_a_colleague_s_change_is_not_undone(
        self, desk: Desk, tablet: Tablet, pregnancy_id: str
    ) -> None:
        address = f"/pregnancies/{pregnancy_id}/staff-facts"
        before = opened(desk, pregnancy_id)
        wrong = desk.post(address, **given(before, two_person_reason=" "))
        assert wrong.status_code == 422
        wrong.has("Say why two people go")
        desk.post(address, **given(before))

        late = desk.post(address, **given(before, two_person_reason="Something else"))

        assert late.status_code == 409
        assert held(tablet)[pregnancy_id]["two_person_reason"] == WHY


class TestBorn:
    def test_the_facts_go_on_and_the_pregnancy_leaves_the_tablet(
        self, desk: Desk, tablet: Tablet, world: World, session: Session, pregnancy_id: str
    ) -> None:
        set_facts(desk, pregnancy_id, staff_risk="Large dog.")
        child_id = born(session, world, "Ida")
        cursor = tablet.pull()["cursor"]
        desk.post(f"/pregnancies/{pregnancy_id}/born/search", text="Ida").has("Ida Marlow")
        desk.post(f"/pregnancies/{pregnancy_id}/born/check", child_id=child_id).has(
            "Was Ida Marlow born of this pregnancy?", "Rosa Field", "you can take this back"
        )

        desk.follow(join(desk, pregnancy_id, child_id)).has("Saved.", "Ida Marlow", "See the pregnancy")

        told = {one["id"]: one["body"] for one in tablet.pull(cursor)["items"]}
        assert told[pregnancy_id] is None
        body = told[child_id]
        assert (body["two_person_reason"], body["staff_risk"]) == (WHY, "Large dog.")
        assert body["child_protection_plan"] and body["named_visitor"]["name"] == "Amira Khan"
        session.rollback()
        child = session.get_one(ChildRow, child_id)
        assert (child.plan, child.plan_from) == ("child_protection", TODAY - timedelta(days=7))
        assert session.get_one(PregnancyRow, pregnancy_id).ended_on == TODAY
        assert audited(session, "pregnancy_joined") == [(world.sue.id, "pregnancy", pregnancy_id, child_id)]
        page = desk.get(f"/pregnancies/{pregnancy_id}")
        page.has("Born since", "Ida Marlow", "on the record of each child")
        assert "Read or change it" not in page.text
        # A page that was left open changes nothing any more
        assert opened(desk, pregnancy_id).status_code == 409

    def test_nothing_is_lost_of_what_the_child_s_record_said_and_nothing_said_twice(
        self, desk: Desk, tablet: Tablet, world: World, session: Session, pregnancy_id: str
    ) -> None:
        set_facts(desk, pregnancy_id, staff_risk="Large dog.", plan="child_in_need")
        soon = TODAY + timedelta(days=3)
        child_id = born(
            session,
            world,
            "Ida",
            staff_risk="No light on the stairs.",
            two_person_reason=WHY.upper(),
            two_person_visit=True,
            staff_risk_review_by=soon,
            plan="child_protection",
            child_protection_plan=True,
        )

        join(desk, pregnancy_id, child_id)

        body = held(tablet)[child_id]
        assert body["staff_risk"] == "No light on the stairs. Large dog."
        assert body["two_person_reason"] == WHY.upper()
        assert body["staff_risk_review_by"] == soon.isoformat()
        assert (body["child_protection_plan"], body["child_in_need_plan"]) == (True, False)

    def test_twins_both_have_them_and_either_once(
        self, desk: Desk, tablet: Tablet, world: World, session: Session, pregnancy_id: str
    ) -> None:
        set_facts(desk, pregnancy_id)
        ida, ivy = born(session, world, "Ida"), born(session, world, "Ivy")

        for one in (ida, ivy):
            join(desk, pregnancy_id, one)
        again = join(desk, pregnancy_id, ida)

        assert again.status_code == 409
        again.has("stands with the pregnancy already")
        bodies = held(tablet)
        assert [bodies[one]["two_person_reason"] for one in (ida, ivy)] == [WHY, WHY]
        assert pregnancy_id not in bodies

    def test_antenatal_work_that_comes_late_is_on_the_child_s_record(
        self, desk: Desk, tablet: Tablet, world: World, session: Session, pregnancy_id: str
    ) -> None:
        mother_id = session.get_one(PregnancyRow, pregnancy_id).mother_id
        late = antenatal_revision(tablet, world, pregnancy_id, mother_id)
        child_id = born(session, world, "Ida")
        join(desk, pregnancy_id, child_id)

        [result] = tablet.push(late)
        assert (result["result"], result["flags"]) == ("stored", [])
        approve(session, world, late)

        bodies = held(tablet)
        assert [one["contact_type"] for one in bodies[child_id]["contacts"]] == ["antenatal"]
        assert pregnancy_id not in bodies

    def test_it_can_be_taken_back_and_the_pregnancy_goes_on(
        self, desk: Desk, tablet: Tablet, world: World, session: Session, pregnancy_id: str
    ) -> None:
        set_facts(desk, pregnancy_id)
        ida, ivy = born(session, world, "Ida"), born(session, world, "Ivy")
        for one in (ida, ivy):
            join(desk, pregnancy_id, one)
        undo = f"/pregnancies/{pregnancy_id}/born/undo"

        desk.follow(desk.post(undo, child_id=ida)).has("Taken back.", "Ivy Marlow", "Born since")
        assert pregnancy_id not in held(tablet)
        desk.follow(desk.post(undo, child_id=ivy)).has("When the baby is born", "Read or change it")

        bodies = held(tablet)
        assert [bodies[one]["two_person_reason"] for one in (pregnancy_id, ida, ivy)] == [WHY] * 3
        assert [bodies[one]["siblings"] for one in (ida, ivy)] == [[], []]
        assert len(audited(session, "pregnancy_parted")) == 2
        again = desk.post(undo, child_id=ida)
        assert again.status_code == 409
        again.has("does not stand with the pregnancy")
        assert join(desk, pregnancy_id, ida).status_code == 302

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"on": TODAY - timedelta(days=150)}, "cannot have been born"),
            ({"on": TODAY + timedelta(days=34)}, "cannot have been born"),
            ({"on": None}, "date of birth is not on record"),
        ],
    )
    def test_a_child_that_can_hardly_be_the_one_is_refused(
        self,
        desk: Desk,
        tablet: Tablet,
        world: World,
        session: Session,
        pregnancy_id: str,
        change: dict[str, Any],
        words: str,
    ) -> None:
        child_id = born(session, world, "Ida", **change)

        page = join(desk, pregnancy_id, child_id)

        assert page.status_code == 409
        page.has(words)
        assert pregnancy_id in held(tablet)

    def test_nor_is_the_child_of_another_pregnancy_or_of_none(
        self, desk: Desk, world: World, session: Session, pregnancy_id: str
    ) -> None:
        child_id = born(session, world, "Ida")
        with transaction(session):
            known = session.get_one(PregnancyRow, pregnancy_id)
            values = {key: getattr(known, key) for key in ("edd", "births_expected", "team_id", "need_level")}
            other = PregnancyRow(mother_id=world.mother_id, **values)
            session.add(other)
            session.flush()
            other_id = other.id
        join(desk, other_id, child_id)

        page = join(desk, pregnancy_id, child_id)

        assert page.status_code == 409
        page.has("stands with another pregnancy")
        assert join(desk, pregnancy_id, new_id()).status_code == 404

    def test_joining_two_records_of_the_child_keeps_its_pregnancy(
        self, world: World, session: Session, pregnancy_id: str
    ) -> None:
        first, second = born(session, world, "Ida"), born(session, world, "Baby")
        at = {"by": world.sue, "now": datetime.now(UTC)}
        pregnancies.join_birth(session, pregnancy_id, child_id=second, **at)

        children.merge_children(session, keep_id=first, duplicate_id=second, **at)

        session.expire_all()
        assert session.get_one(ChildRow, first).pregnancy_id == pregnancy_id
