"""The desk pages on which a child changes hands, and two records of one child become one."""

from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account
from hvapp.store.accounts import AccountRow, ProviderRow, TeamRow
from hvapp.store.audit import AuditRow
from hvapp.store.children import ChildRow, PersonRow
from hvapp.store.transaction import transaction
from hvapp.web.presenters import local_date
from tests.support.client import new_id
from tests.support.desk import Desk
from tests.support.world import World, add_record


@pytest.fixture
def desk(app: Flask, world: World) -> Desk:
    return Desk(app.test_client()).sign_in(world.sue)


@pytest.fixture
def other(session: Session, world: World) -> str:
    """A second record of Maya's, on Ben's caseload."""
    with transaction(session):
        return add_record(session, world, world.ben)


def audited(session: Session, *actions: str) -> list[tuple[str, str | None, str]]:
    session.rollback()
    rows = session.scalars(select(AuditRow).where(AuditRow.action.in_(actions)).order_by(AuditRow.at))
    return [(row.action, row.account_id, row.subject_id) for row in rows]


class TestFinding:
    def test_a_child_is_found_and_opening_its_record_is_audited(
        self, desk: Desk, world: World, session: Session
    ) -> None:
        found = desk.post("/children", text="marlow")
        found.has("Maya Marlow", "999 000 0018", "Visitor: Amira Khan")
        assert "marlow" not in "".join(found.addresses).casefold()

        page = desk.get(f"/children/{world.child_id}")

        page.has("Maya Marlow", "999 000 0018", "Amira Khan", "Give the child to another visitor")
        assert page.response.headers["Cache-Control"] == "no-store"
        assert audited(session, "child_opened") == [("child_opened", world.sue.id, world.child_id)]
        assert "Marlow" not in page.title

    def test_a_search_for_nothing_says_what_to_enter(self, desk: Desk) -> None:
        page = desk.post("/children")

        assert page.status_code == 422
        page.has("Enter a name")

    def test_supervisors_and_administrators_only(self, app: Flask, world: World) -> None:
        url = f"/children/{world.child_id}"
        amira, ada = (Desk(app.test_client()).sign_in(one) for one in (world.amira, world.ada))
        for path in ("/children", url):
            assert amira.get(path).status_code == 403
            assert ada.get(path).status_code == 200
        for act in ("move/check", "move", "join/search", "join/check", "join"):
            assert amira.post(f"{url}/{act}").status_code == 403

    def test_another_providers_child_is_not_there(self, app: Flask, world: World, session: Session) -> None:
        with transaction(session):
            elsewhere = TeamRow(provider=ProviderRow(name="Other", ods_code="Y1Y"), name="Far", phone="")
            session.add(elsewhere)
            session.flush()
            session.get_one(AccountRow, world.olu.id).team_id = elsewhere.id
        olu = Desk(app.test_client()).sign_in(world.olu)

        assert olu.get(f"/children/{world.child_id}").status_code == 404
        assert olu.post(f"/children/{world.child_id}/move", to_id=world.olu.id).status_code == 404
        olu.post("/children", text="marlow").has("No child on record")

    def test_an_unknown_child_is_not_there(self, desk: Desk) -> None:
        assert desk.get(f"/children/{new_id()}").status_code == 404


class TestMoving:
    def test_the_page_names_the_child_and_both_visitors_before_anything_changes(
        self, desk: Desk, world: World, session: Session
    ) -> None:
        url = f"/children/{world.child_id}"

        check = desk.post(f"{url}/move/check", to_id=world.olu.id)
        check.has("Move Maya Marlow to Olu Bright?", "999 000 0018", "Amira Khan’s tablet", "queue of South")
        assert session.get_one(ChildRow, world.child_id).named_visitor_id == world.amira.id

        moved = desk.post(f"{url}/move", to_id=world.olu.id, from_id=world.amira.id)

        desk.follow(moved).has("Moved.", "Visitor Olu Bright", "Team South")
        assert audited(session, "child_moved") == [("child_moved", world.sue.id, world.child_id)]

    @pytest.mark.parametrize("to", ["", "nonsense", "amira", "ada"])
    def test_another_visitor_has_to_be_chosen(self, desk: Desk, world: World, to: str) -> None:
        account: Account | None = getattr(world, to, None)

        page = desk.post(f"/children/{world.child_id}/move/check", to_id=account.id if account else to)

        assert page.status_code == 422
        page.has("Choose another visitor for the child.")

    def test_what_somebody_else_changed_meanwhile_is_not_undone(
        self, desk: Desk, world: World, session: Session
    ) -> None:
        url = f"/children/{world.child_id}/move"
        desk.post(url, to_id=world.olu.id, from_id=world.amira.id)

        page = desk.post(url, to_id=world.ben.id, from_id=world.amira.id)

        assert page.status_code == 409
        page.has("given to somebody else meanwhile", "Olu Bright")
        session.rollback()
        assert session.get_one(ChildRow, world.child_id).named_visitor_id == world.olu.id


class TestMovingOut:
    def test_the_page_says_what_changes_and_the_record_says_what_was_recorded(
        self, desk: Desk, world: World, session: Session
    ) -> None:
        url, today = f"/children/{world.child_id}", datetime.now(UTC).date()
        desk.get(url).has("Record that the child has moved out")
        page = desk.get(f"{url}/moved-out")
        page.has("Maya Marlow", "999 000 0018", "A child protection plan is never closed by this")
        day = {"day": today.day, "month": today.month, "year": today.year}
        given = {"to": "Bradford south", "confirmed": "y", "from_id": world.amira.id} | day

        done = desk.post(f"{url}/moved-out", **given)

        desk.follow(done).has(
            "Recorded.", f"Moved out {local_date(today)}, to Bradford south", "has come back"
        )
        assert audited(session, "child_moved_out") == [("child_moved_out", world.sue.id, world.child_id)]
        assert desk.post(f"{url}/moved-out", **given).status_code == 409
        desk.post(f"{url}/move/check", to_id=world.amira.id).has("Move Maya Marlow to Amira Khan?")
        desk.follow(desk.post(f"{url}/move", to_id=world.amira.id, from_id="")).has("Visitor Amira Khan")
        assert "Moved out" not in desk.get(url).text

    @pytest.mark.parametrize(
        ("changes", "why", "place"),
        [
            ({"to": ""}, "Enter the service", "#to"),
            ({"day": "31", "month": "2"}, "Enter the day the new service took over", "#moved-day"),
            ({"year": "2019"}, "between the date of birth and today", "#moved-day"),
            ({"confirmed": ""}, "stays on the lists here", "#confirmed"),
        ],
    )
    def test_a_mistake_is_explained_and_what_was_typed_is_there(
        self, desk: Desk, world: World, changes: dict[str, str], why: str, place: str
    ) -> None:
        today = datetime.now(UTC).date()
        given = {"to": "Bradford south", "day": today.day, "month": today.month, "year": today.year}
        usual = given | {"confirmed": "y", "from_id": world.amira.id}

        page = desk.post(f"/children/{world.child_id}/moved-out", **(usual | changes))

        assert page.status_code == 422
        page.has("There is a problem", why)
        assert place in page.addresses
        if "to" not in changes:
            assert 'value="Bradford south"' in page.html


class TestJoining:
    def test_both_records_stand_side_by_side_and_one_is_kept(
        self, desk: Desk, world: World, session: Session, other: str
    ) -> None:
        url = f"/children/{world.child_id}/join"
        found = desk.post(f"{url}/search", text="marlow")
        found.has("Baby Marlow", "Compare with Baby Marlow")
        assert "Compare with Maya Marlow" not in found.text

        check = desk.post(f"{url}/check", other_id=other)
        check.has("Maya Marlow", "Baby Marlow", "999 000 0018", "Not known", "Amira Khan", "Ben Osei")
        assert audited(session, "children_merged") == []
        assert {one[2] for one in audited(session, "child_opened")} == {world.child_id, other}

        joined = desk.post(url, other_id=other, keep_id=world.child_id)

        desk.follow(joined).has("Joined.", "Maya Marlow", "Amira Khan")
        assert audited(session, "children_merged") == [("children_merged", world.sue.id, world.child_id)]
        desk.get(f"/children/{other}").has("joined with another of the same child")

    def test_either_may_be_the_one_that_is_kept(
        self, desk: Desk, world: World, session: Session, other: str
    ) -> None:
        desk.post(f"/children/{world.child_id}/join", other_id=other, keep_id=other)

        session.rollback()
        assert session.get_one(ChildRow, world.child_id).merged_into_id == other

    @pytest.mark.parametrize("keep", ["", "nonsense"])
    def test_which_has_to_be_chosen(
        self, desk: Desk, world: World, session: Session, other: str, keep: str
    ) -> None:
        page = desk.post(f"/children/{world.child_id}/join", other_id=other, keep_id=keep)

        assert page.status_code == 422
        page.has("Choose which record is kept.", "Baby Marlow")
        session.rollback()
        assert session.get_one(ChildRow, other).merged_into_id is None

    def test_records_that_can_hardly_be_one_child_are_left_alone(
        self, desk: Desk, world: World, session: Session, other: str
    ) -> None:
        with transaction(session):
            session.get_one(PersonRow, other).nhs_number = "9990000026"

        page = desk.post(f"/children/{world.child_id}/join", other_id=other, keep_id=world.child_id)

        assert page.status_code == 409
        page.has("different NHS numbers", "999 000 0026")

    def test_the_same_record_twice_is_refused(self, desk: Desk, world: World) -> None:
        url = f"/children/{world.child_id}/join"

        page = desk.post(url, other_id=world.child_id, keep_id=world.child_id)

        assert page.status_code == 422
        page.has("These are the same record")

    def test_a_page_asked_for_again_leads_to_the_record(self, desk: Desk, world: World) -> None:
        for act in ("move/check", "move", "join/search", "join/check", "join"):
            desk.follow(desk.get(f"/children/{world.child_id}/{act}")).has("Maya Marlow")
