"""A visit made before the birth about a pregnancy that this service does not know is filed where a supervisor says."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from hvapp.domain.errors import Conflict
from hvapp.services import refiling
from hvapp.store.accounts import ProviderRow, TeamRow
from hvapp.store.audit import AuditRow
from hvapp.store.children import ContactRow, PregnancyRow
from hvapp.store.sorting import SortingActRow
from hvapp.store.transaction import transaction
from hvapp.store.visits import RevisionRow, VisitRow
from tests.support.antenatal import antenatal_revision
from tests.support.client import FORMS, Tablet, new_id, seal
from tests.support.desk import Desk, Page
from tests.support.reviewing import approve
from tests.support.world import World, add_pregnancy

ATTEMPT = FORMS.current("no_access")


@pytest.fixture
def desk(app: Flask, world: World) -> Desk:
    return Desk(app.test_client()).sign_in(world.sue)


@pytest.fixture
def pregnancy_id(session: Session, world: World) -> str:
    return add_pregnancy(session, world)


class Strange:
    """Antenatal work under an id that only the tablet knows."""

    def __init__(self, tablet: Tablet, world: World, mother_id: str) -> None:
        self.tablet, self.world, self.mother_id = tablet, world, mother_id
        self.ref = new_id()

    def push(self, before: dict[str, Any] | None = None, form: Any = None) -> tuple[dict[str, Any], Any]:
        """A visit, or the next version of one; answers it and its result."""
        more = {"form": form, "reason": "no_answer"} if form else {}
        revision = antenatal_revision(self.tablet, self.world, self.ref, self.mother_id, **more)
        if before is not None:
            revision = seal(
                revision | {"visit_id": before["visit_id"], "parent_rev": before["rev_id"], "base_rev": None}
            )
        [result] = self.tablet.push(revision)
        return revision, result


@pytest.fixture
def strange(tablet: Tablet, world: World, session: Session, pregnancy_id: str) -> Strange:
    return Strange(tablet, world, session.get_one(PregnancyRow, pregnancy_id).mother_id)


@pytest.fixture
def odd(strange: Strange) -> dict[str, Any]:
    revision, result = strange.push()
    assert result["flags"] == ["unknown_child"]
    return revision


def place(session: Session, revision: dict[str, Any]) -> tuple[str | None, str | None, str]:
    session.rollback()
    row = session.get_one(VisitRow, revision["visit_id"])
    return row.child_id, row.pregnancy_id, row.state


def search(desk: Desk, odd: dict[str, Any], **form: object) -> Page:
    return desk.post(f"/sort/visits/{odd['visit_id']}/search-pregnancies", **form)


def file(desk: Desk, odd: dict[str, Any], pregnancy_id: str) -> Page:
    return desk.post(f"/sort/visits/{odd['visit_id']}/pregnancy", pregnancy_id=pregnancy_id)


def undo_last(desk: Desk, session: Session) -> Page:
    session.rollback()
    act = session.scalars(select(SortingActRow).order_by(SortingActRow.at.desc()).limit(1)).one()
    return desk.follow(desk.post(f"/sort/acts/{act.id}/undo"))


def test_the_pregnancy_is_found_by_its_mother_or_its_due_date(desk: Desk, odd: dict[str, Any]) -> None:
    desk.get("/sort").has("Pregnancy not on record, Antenatal visit")
    page = desk.get(f"/sort/visits/{odd['visit_id']}")
    page.has("The tablet knows this pregnancy", "Mother’s name or NHS number", "Due date")
    assert "Date of birth" not in page.text
    due = datetime.now(UTC).date() + timedelta(days=40)
    day = {"day": due.day, "month": due.month, "year": due.year}
    for form in ({"text": "rosa"}, {"text": "999 000 0026"}, day):
        search(desk, odd, **form).has("Rosa Field", "Baby due", "999 000 0026", "Visitor: Amira Khan")
    search(desk, odd, text="Maya").has("No pregnancy on record")
    for form, words in (({}, "Enter the mother’s name"), (day | {"month": "13"}, "real due date")):
        wrong = search(desk, odd, **form)
        assert wrong.status_code == 422
        wrong.has(words)


def test_filed_it_is_reviewed_like_any_other_and_what_comes_later_follows(
    desk: Desk, strange: Strange, world: World, session: Session, odd: dict[str, Any], pregnancy_id: str
) -> None:
    second, _ = strange.push()
    attempt, _ = strange.push(form=ATTEMPT)

    desk.follow(file(desk, odd, pregnancy_id)).has("Filed under the pregnancy", "Filed under a pregnancy")

    for one in (odd, second, attempt):
        assert place(session, one) == (None, pregnancy_id, "received")
    assert session.get_one(RevisionRow, odd["rev_id"]).child_ref == strange.ref
    corrected, result = strange.push(odd)
    assert (result["flags"], result["child_id"]) == (["child_merged"], pregnancy_id)
    third, result = strange.push()
    assert (result["flags"], result["child_id"]) == (["child_merged"], pregnancy_id)
    for one in (odd, third):
        assert place(session, one) == (None, pregnancy_id, "received")
    approve(session, world, corrected, seen={second["visit_id"], third["visit_id"]})
    assert session.scalars(select(ContactRow.subject_id)).one() == pregnancy_id
    actions = session.scalars(select(AuditRow.action).where(AuditRow.subject_id == odd["visit_id"])).all()
    assert "sorted_filed_under_pregnancy" in actions


def test_filing_can_be_taken_back_with_all_that_followed_it(
    desk: Desk, strange: Strange, session: Session, odd: dict[str, Any], pregnancy_id: str
) -> None:
    file(desk, odd, pregnancy_id)
    strange.push(odd)
    later, _ = strange.push()

    undo_last(desk, session).has("Taken back", "Pregnancy not on record")

    for one in (odd, later):
        assert place(session, one) == (None, None, "quarantined")
    _, result = strange.push()
    assert result["flags"] == ["unknown_child"]
    # It can be filed elsewhere then, and all of it goes there
    file(desk, odd, pregnancy_id)
    for one in (odd, later):
        assert place(session, one) == (None, pregnancy_id, "received")


def test_but_not_after_it_was_approved(
    desk: Desk, world: World, session: Session, odd: dict[str, Any], pregnancy_id: str
) -> None:
    file(desk, odd, pregnancy_id)
    approve(session, world, odd)

    undo_last(desk, session).has("was approved since")

    assert place(session, odd)[1] == pregnancy_id


def test_an_attempt_can_be_about_either_and_a_child_s_visit_about_no_pregnancy(
    desk: Desk,
    tablet: Tablet,
    strange: Strange,
    world: World,
    session: Session,
    pregnancy_id: str,
) -> None:
    attempt, _ = strange.push(form=ATTEMPT)
    page = desk.get(f"/sort/visits/{attempt['visit_id']}")
    page.has("The tablet knows this child", "If it was before the birth", "Date of birth", "Due date")
    file(desk, attempt, pregnancy_id)
    assert place(session, attempt) == (None, pregnancy_id, "received")

    visit = tablet.revision(world, child_id=new_id())
    tablet.push(visit)
    assert "Due date" not in desk.get(f"/sort/visits/{visit['visit_id']}").text
    page = file(desk, visit, pregnancy_id)
    assert page.status_code == 409
    page.has("a child who has been born")
    assert place(session, visit) == (None, None, "quarantined")


def test_one_that_names_a_child_is_filed_and_the_child_s_own_visits_still_find_it(
    tablet: Tablet, strange: Strange, world: World, session: Session, pregnancy_id: str
) -> None:
    strange.ref = world.child_id
    odd, result = strange.push()
    assert result["flags"] == ["unknown_child"]

    file = {"by": world.sue, "visit_id": odd["visit_id"], "now": datetime.now(UTC)}
    refiling.file_under_pregnancy(session, FORMS, pregnancy_id=pregnancy_id, **file)

    assert place(session, odd) == (None, pregnancy_id, "received")
    [result] = tablet.push(tablet.revision(world))
    assert result["flags"] == []
    with pytest.raises(Conflict, match="known already"):
        refiling.file_under_pregnancy(session, FORMS, pregnancy_id=pregnancy_id, **file)


def test_nobody_files_their_own_or_under_another_provider_s(
    app: Flask, desk: Desk, world: World, session: Session, odd: dict[str, Any], pregnancy_id: str
) -> None:
    sue = Strange(Tablet(app.test_client()).sign_in(world.sue), world, world.mother_id)
    own, _ = sue.push()
    assert file(desk, own, pregnancy_id).status_code == 403
    assert file(desk, odd, new_id()).status_code == 404
    with transaction(session):
        team = TeamRow(provider=ProviderRow(name="Elsewhere", ods_code="X8Y"), name="West", phone="")
        session.add(team)
        session.flush()
        session.get_one(PregnancyRow, pregnancy_id).team_id = team.id
    assert file(desk, odd, pregnancy_id).status_code == 404
    assert place(session, own) == place(session, odd) == (None, None, "quarantined")
