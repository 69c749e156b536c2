"""The pages where a supervisor sorts out what could not be filed: every act kept, explained, and taken back."""

import json
import re
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from hvapp.domain.forms import FormLibrary
from hvapp.domain.forms.reader import read_form
from hvapp.domain.review import UNDOABLE
from hvapp.services import judging, refiling, undoing
from hvapp.store.audit import AuditRow
from hvapp.store.children import ContactRow
from hvapp.store.devices import DeviceRow
from hvapp.store.sorting import SortingActRow, forget_judgements
from hvapp.store.transaction import transaction
from hvapp.store.visits import QuarantineRow, RevisionRow, VisitRow
from tests.support.client import FORMS, Feed, Tablet, new_id, seal, with_answers
from tests.support.desk import Desk, Page
from tests.support.reviewing import approve
from tests.support.world import World

SECRET = "Told the visitor in the kitchen"
WHY = "Spoke to the visitor about it"


@pytest.fixture
def desk(app: Flask, world: World) -> Desk:
    return Desk(app.test_client()).sign_in(world.sue)


def state_of(session: Session, visit_id: str) -> str:
    session.rollback()
    return session.get_one(VisitRow, visit_id).state


def only_item(session: Session) -> str:
    session.rollback()
    return session.scalars(select(QuarantineRow.id)).one()


def acts(session: Session) -> list[str]:
    session.rollback()
    rows = session.scalars(select(AuditRow.action).order_by(AuditRow.at))
    return [one for one in rows if one.startswith(("sorted_", "undone_"))]


def undo_last(desk: Desk, session: Session) -> Page:
    session.rollback()
    act = session.scalars(select(SortingActRow).order_by(SortingActRow.at.desc()).limit(1)).one()
    return desk.follow(desk.post(f"/sort/acts/{act.id}/undo"))


def settle_all(desk: Desk, visit_id: str) -> Page:
    """Choose the first of the values everywhere."""
    page = desk.get(f"/sort/visits/{visit_id}/versions")
    names = set(re.findall(r'name="(answers-[^"]+)"', page.html))
    assert names
    chosen = dict.fromkeys(names, "0") | {"heads": heads_of(page)}
    return desk.follow(desk.post(f"/sort/visits/{visit_id}/versions", **chosen))


def heads_of(page: Page) -> str:
    return page.html.partition('name="heads" value="')[2].partition('"')[0]


class TestThePage:
    def test_with_nothing_to_do_it_says_what_would_be_there(self, desk: Desk) -> None:
        desk.get("/sort").has("Nothing waits to be sorted out", "most of it can be taken back")

    def test_it_lists_each_kind_and_filters_them(self, desk: Desk, tablet: Tablet, world: World) -> None:
        tablet.push(tablet.revision(world, child_id=new_id()), {"what": "nonsense"})

        page = desk.get("/sort")

        page.has("All 2", "Two versions 0", "Visits 1", "Not filed 1", "Child not on record")
        assert "Child not on record" not in desk.get("/sort?show=items").text

    def test_another_team_sees_nothing_of_it(
        self, app: Flask, tablet: Tablet, world: World, session: Session
    ) -> None:
        odd = tablet.revision(world, child_id=new_id())
        tablet.push(odd, {"what": "nonsense"})
        olu = Desk(app.test_client()).sign_in(world.olu)

        olu.get("/sort").has("Nothing waits to be sorted out")
        for url in (f"/sort/visits/{odd['visit_id']}", f"/sort/items/{only_item(session)}"):
            assert olu.get(url).status_code == 404
        assert olu.post(f"/sort/items/{only_item(session)}/aside", why=WHY).status_code == 404
        assert olu.post(f"/sort/visits/{odd['visit_id']}/aside", why=WHY).status_code == 404

    def test_a_visitor_has_no_such_page(self, app: Flask, world: World) -> None:
        assert Desk(app.test_client()).sign_in(world.amira).get("/sort").status_code == 403


class TestUnknownChild:
    @pytest.fixture
    def odd(self, tablet: Tablet, world: World) -> dict[str, Any]:
        revision = tablet.revision(world, child_id=new_id())
        tablet.push(revision)
        return revision

    def search(self, desk: Desk, odd: dict[str, Any], **form: object) -> Page:
        return desk.post(f"/sort/visits/{odd['visit_id']}/search", **form)

    def file(self, desk: Desk, odd: dict[str, Any], child_id: str) -> Page:
        return desk.post(f"/sort/visits/{odd['visit_id']}/child", child_id=child_id)

    @pytest.mark.parametrize("text", ["marlow", "May Marl", "999 000 0018", "9990000018"])
    def test_the_child_is_found_by_name_or_number(self, desk: Desk, odd: dict[str, Any], text: str) -> None:
        self.search(desk, odd, text=text).has("Maya Marlow", "999 000 0018", "Visitor: Amira Khan")

    def test_or_by_date_of_birth(self, desk: Desk, world: World, odd: dict[str, Any]) -> None:
        born = {"day": world.born.day, "month": world.born.month, "year": world.born.year}

        self.search(desk, odd, **born).has("Maya Marlow")
        self.search(desk, odd, text="Nobody", **born).has("No child on record is called that")

    @pytest.mark.parametrize(
        ("form", "words"), [({}, "Enter a name"), ({"day": "31", "month": "2", "year": "2026"}, "real date")]
    )
    def test_a_search_for_nothing_says_what_to_enter(
        self, desk: Desk, odd: dict[str, Any], form: dict[str, str], words: str
    ) -> None:
        page = self.search(desk, odd, **form)

        assert page.status_code == 422
        page.has(words)

    def test_filed_it_is_reviewed_like_any_other(
        self, desk: Desk, world: World, session: Session, odd: dict[str, Any]
    ) -> None:
        page = self.file(desk, odd, world.child_id)

        desk.follow(page).has("Filed under the child you chose", "Filed under a child")
        assert state_of(session, odd["visit_id"]) == "received"
        visit = session.get_one(VisitRow, odd["visit_id"])
        assert visit.child_id == world.child_id
        assert session.get_one(RevisionRow, odd["rev_id"]).child_ref == odd["child_id"]
        approve(session, world, odd)
        assert session.scalars(select(ContactRow.subject_id)).one() == world.child_id

    def test_filed_while_it_is_being_judged_it_is_judged_again(
        self, world: World, session: Session, odd: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now = datetime.now(UTC)
        with transaction(session):
            forget_judgements(session, [odd["rev_id"]])

        def file_first(given: Session) -> AbstractContextManager[Session]:
            monkeypatch.undo()
            with Session(session.get_bind()) as other:
                refiling.file_under_child(
                    other, FORMS, by=world.sue, visit_id=odd["visit_id"], child_id=world.child_id, now=now
                )
            return transaction(given)

        monkeypatch.setattr(judging, "transaction", file_first)

        assert judging.judge_new(session, FORMS, now) == 0
        assert judging.judge_new(session, FORMS, now) == 1

    def test_what_the_tablet_sends_later_about_that_child_is_filed_with_it(
        self, desk: Desk, tablet: Tablet, world: World, session: Session, odd: dict[str, Any]
    ) -> None:
        second = tablet.revision(world, child_id=odd["child_id"])
        tablet.push(second)
        self.file(desk, odd, world.child_id)
        assert state_of(session, second["visit_id"]) == "received"

        link = {"visit_id": odd["visit_id"], "parent_rev": odd["rev_id"], "child_id": odd["child_id"]}
        [result] = tablet.push(tablet.revision(world, **link))

        assert (result["flags"], result["child_id"]) == (["child_merged"], world.child_id)
        assert state_of(session, odd["visit_id"]) == "received"

    def test_filing_can_be_taken_back(
        self, desk: Desk, world: World, session: Session, odd: dict[str, Any]
    ) -> None:
        self.file(desk, odd, world.child_id)

        undo_last(desk, session).has("Taken back", "Child not on record")

        assert state_of(session, odd["visit_id"]) == "quarantined"
        assert session.get_one(VisitRow, odd["visit_id"]).child_id is None
        assert acts(session) == ["sorted_filed_under_child", "undone_filed_under_child"]

    def test_then_it_leaves_the_tablet_of_the_childs_visitor(
        self, app: Flask, desk: Desk, tablet: Tablet, world: World, session: Session
    ) -> None:
        ben = Tablet(app.test_client()).sign_in(world.ben)
        odd = ben.revision(world, child_id=new_id())
        ben.push(odd)
        amira, author = Feed(tablet), Feed(ben)
        self.file(desk, odd, world.child_id)
        assert odd["visit_id"] in amira.pull().held

        undo_last(desk, session)

        assert odd["visit_id"] not in amira.pull().held
        assert odd["visit_id"] in author.pull().held

    def test_and_with_it_what_came_later_about_the_same_id(
        self, desk: Desk, tablet: Tablet, world: World, session: Session, odd: dict[str, Any]
    ) -> None:
        self.file(desk, odd, world.child_id)
        link = {"visit_id": odd["visit_id"], "parent_rev": odd["rev_id"], "child_id": odd["child_id"]}
        later = tablet.revision(world, child_id=odd["child_id"])
        tablet.push(tablet.revision(world, **link), later)

        undo_last(desk, session)

        for one in (odd, later):
            assert state_of(session, one["visit_id"]) == "quarantined"
            assert session.get_one(VisitRow, one["visit_id"]).child_id is None

    def test_but_not_after_it_was_approved(
        self, desk: Desk, world: World, session: Session, odd: dict[str, Any]
    ) -> None:
        self.file(desk, odd, world.child_id)
        approve(session, world, odd)

        undo_last(desk, session).has("was approved since")

        assert state_of(session, odd["visit_id"]) == "approved"

    def test_nobody_files_their_own(self, app: Flask, desk: Desk, world: World, session: Session) -> None:
        sue = Tablet(app.test_client()).sign_in(world.sue)
        own = sue.revision(world, child_id=new_id())
        sue.push(own)

        desk.get(f"/sort/visits/{own['visit_id']}").has("another supervisor must sort it out")
        assert self.file(desk, own, world.child_id).status_code == 403
        assert state_of(session, own["visit_id"]) == "quarantined"


class TestForm:
    @pytest.fixture
    def odd(self, tablet: Tablet, world: World) -> dict[str, Any]:
        revision = tablet.revision(world, form_version=99)
        revision["payload"]["answers"]["child_voice"] = SECRET
        revision = seal(revision)
        tablet.push(revision)
        return revision

    def test_it_is_read_by_the_nearest_form_if_a_supervisor_says_why(
        self, desk: Desk, world: World, session: Session, odd: dict[str, Any]
    ) -> None:
        page = desk.get(f"/sort/visits/{odd['visit_id']}")
        page.has("New birth visit, version", "filed by itself")
        assert SECRET not in page.html
        assert desk.post(f"/sort/visits/{odd['visit_id']}/form", why=" ").status_code == 422

        desk.follow(desk.post(f"/sort/visits/{odd['visit_id']}/form", why=WHY))

        assert state_of(session, odd["visit_id"]) == "received"
        read = desk.get(f"/review/{odd['visit_id']}")
        read.has("Recorded on a form this server does not know", "set out by another", "Weight 3.180 kg")
        approve(session, world, odd)

    def test_and_that_can_be_taken_back(self, desk: Desk, session: Session, odd: dict[str, Any]) -> None:
        desk.post(f"/sort/visits/{odd['visit_id']}/form", why=WHY)

        undo_last(desk, session)

        assert state_of(session, odd["visit_id"]) == "quarantined"
        desk.get(f"/review/{odd['visit_id']}").has("does not have the form")

    def test_a_visit_for_another_contact_than_its_form_counts_as_what_the_form_is_for(
        self, desk: Desk, tablet: Tablet, world: World, session: Session
    ) -> None:
        odd = tablet.revision(world, contact_type="two_year")
        tablet.push(odd)

        desk.post(f"/sort/visits/{odd['visit_id']}/form", why=WHY)

        session.rollback()
        assert session.get_one(VisitRow, odd["visit_id"]).contact_type == "new_birth"

    def test_once_the_form_is_known_the_visit_is_filed_by_itself(
        self, app: Flask, desk: Desk, tablet: Tablet, world: World, session: Session
    ) -> None:
        """The tablet had the new form before the server did."""
        plain = FORMS.current("new_birth").definition | {"version": 77}
        newer = read_form(json.dumps(plain))
        early = tablet.revision(world, form_version=77, definition_hash=newer.hash)
        early = with_answers(early, weight_kg="2.580")
        tablet.push(early)
        assert state_of(session, early["visit_id"]) == "quarantined"
        before = app.extensions["forms"]
        app.extensions["forms"] = FormLibrary((*before, newer))
        try:
            page = desk.get("/review")
        finally:
            app.extensions["forms"] = before

        page.has("Weight loss of more than 10%")
        assert state_of(session, early["visit_id"]) == "received"
        assert "unknown_form" not in session.get_one(RevisionRow, early["rev_id"]).flags
        desk.get("/sort").has("Filed by itself")

    def test_a_version_filed_by_itself_that_is_only_history_leaves_the_decision_alone(
        self, app: Flask, desk: Desk, tablet: Tablet, world: World, session: Session
    ) -> None:
        newer = read_form(json.dumps(FORMS.current("new_birth").definition | {"version": 77}))
        first = tablet.revision(world)
        link = {name: first[name] for name in ("visit_id", "occurred_at", "payload")}
        early = with_answers(
            tablet.revision(
                world, parent_rev=first["rev_id"], form_version=77, definition_hash=newer.hash, **link
            ),
            weight_kg="3.200",
        )
        last = with_answers(tablet.revision(world, parent_rev=early["rev_id"], **link), weight_kg="3.250")
        tablet.push(first, early, last)
        settle_all(desk, first["visit_id"])
        session.rollback()
        head = session.get_one(VisitRow, first["visit_id"]).head_revision_id
        approve(session, world, first | {"rev_id": head})

        app.extensions["forms"] = FormLibrary((*app.extensions["forms"], newer))
        desk.get("/review")

        assert not session.get_one(RevisionRow, early["rev_id"]).apart
        assert state_of(session, first["visit_id"]) == "approved"

    def test_a_visit_on_an_older_version_is_judged_by_its_own(
        self, app: Flask, tablet: Tablet, world: World, session: Session
    ) -> None:
        plain = FORMS.current("new_birth").definition | {"version": 77}
        app.extensions["forms"] = FormLibrary((*FORMS, read_form(json.dumps(plain))))

        [result] = tablet.push(tablet.revision(world))

        assert result["flags"] == ["old_form"]
        session.rollback()
        assert session.scalars(select(VisitRow.state)).one() == "received"


class TestOtherAuthor:
    @pytest.fixture
    def first(self, tablet: Tablet, world: World) -> dict[str, Any]:
        revision = tablet.revision(world)
        tablet.push(revision)
        return revision

    @pytest.fixture
    def ben(self, tablet_of: Any, world: World) -> Tablet:
        return tablet_of(world.ben)

    @pytest.fixture
    def shelved(self, ben: Tablet, world: World, first: dict[str, Any]) -> dict[str, Any]:
        link = {"visit_id": first["visit_id"], "parent_rev": first["rev_id"]}
        revision = with_answers(ben.revision(world, **link), nappies_wet=9)
        ben.push(revision)
        return revision

    def test_it_can_become_a_version_of_the_visit(
        self, desk: Desk, session: Session, first: dict[str, Any], shelved: dict[str, Any]
    ) -> None:
        item = only_item(session)
        desk.get(f"/sort/items/{item}").has("The visit was begun by another visitor", "its receipt")

        desk.follow(desk.post(f"/sort/items/{item}/version", why=WHY)).has("It is a version of the visit now")

        session.rollback()
        visit = session.get_one(VisitRow, first["visit_id"])
        assert (visit.head_revision_id, visit.state) == (shelved["rev_id"], "received")
        assert "Could not be filed" not in desk.get("/sort?show=items").text

    def test_and_its_author_may_go_on(
        self,
        desk: Desk,
        ben: Tablet,
        world: World,
        session: Session,
        first: dict[str, Any],
        shelved: dict[str, Any],
    ) -> None:
        desk.post(f"/sort/items/{only_item(session)}/version", why=WHY)

        link = {"visit_id": first["visit_id"], "parent_rev": shelved["rev_id"]}
        [result] = ben.push(ben.revision(world, **link))

        assert "other_author" not in result["flags"]

    def test_which_can_be_taken_back(
        self, desk: Desk, session: Session, first: dict[str, Any], shelved: dict[str, Any]
    ) -> None:
        desk.post(f"/sort/items/{only_item(session)}/version", why=WHY)

        undo_last(desk, session)

        session.rollback()
        assert session.get_one(VisitRow, first["visit_id"]).head_revision_id == first["rev_id"]
        desk.get("/sort").has("Not filed 1")

    def test_it_can_become_a_visit_of_its_own_with_what_follows(
        self,
        desk: Desk,
        ben: Tablet,
        world: World,
        session: Session,
        first: dict[str, Any],
        shelved: dict[str, Any],
    ) -> None:
        desk.follow(desk.post(f"/sort/items/{only_item(session)}/visit", why=WHY)).has("a visit of its own")

        session.rollback()
        own_id = session.scalars(select(VisitRow.id).where(VisitRow.id != first["visit_id"])).one()
        own = session.get_one(VisitRow, own_id)
        assert (own.author_id, own.state, own.child_id) == (world.ben.id, "received", world.child_id)
        assert session.get_one(VisitRow, first["visit_id"]).head_revision_id == first["rev_id"]
        session.rollback()
        # Ben's tablet still thinks it is the other visit.
        later = ben.revision(world, visit_id=first["visit_id"], parent_rev=shelved["rev_id"])
        [result] = ben.push(later)
        assert "other_author" not in result["flags"]
        session.rollback()
        assert session.get_one(VisitRow, own_id).head_revision_id == later["rev_id"]

    @pytest.mark.parametrize("act", ["version", "visit", "aside"])
    def test_each_act_asks_why(self, desk: Desk, session: Session, shelved: dict[str, Any], act: str) -> None:
        item = only_item(session)

        page = desk.post(f"/sort/items/{item}/{act}", why="  ")

        assert page.status_code == 422
        page.has("Say why")
        assert f"#why-{act}" in page.addresses
        assert acts(session) == []


class TestUnreadable:
    def test_what_differs_from_the_version_on_file_is_shown_for_a_reason(
        self, desk: Desk, tablet: Tablet, world: World, session: Session
    ) -> None:
        whole = tablet.revision(world)
        tablet.push(whole)
        tablet.push(with_answers(whole, weight_kg="4.180", child_voice=SECRET))
        item = only_item(session)
        closed = desk.get(f"/sort/items/{item}")
        closed.has("It arrived changed", "is on file in its visit")
        assert SECRET not in closed.html and "4.180" not in closed.html

        opened = desk.post(f"/sort/items/{item}/open", reason="To compare them")

        opened.has("Answer Weight On file 3.180 kg In this copy 4.180 kg")
        session.rollback()
        reasons = session.scalars(select(AuditRow.detail).where(AuditRow.action == "restricted_opened"))
        assert reasons.all() == ["To compare them"]
        assert desk.get(f"/sort/items/{item}/open").status_code == 302

    def test_nonsense_is_shown_as_it_came_and_as_words(
        self, desk: Desk, tablet: Tablet, session: Session
    ) -> None:
        tablet.push({"what": "<script>alert(1)</script>"})

        page = desk.post(f"/sort/items/{only_item(session)}/open", reason="To see what it is")

        assert "<script>alert(1)" not in page.html
        page.has("It could not be read as a visit", "not to clear the tablet")

    def test_a_whole_pile_is_set_aside_at_once_and_taken_back(
        self, desk: Desk, tablet: Tablet, world: World, session: Session
    ) -> None:
        for _ in range(3):
            tablet.push(*({"junk": new_id()} for _ in range(20)))
        page = desk.get("/sort")
        [pile] = [one for one in page.addresses if one.startswith("/sort/pile")]
        first = desk.get(pile)
        first.has("60 items sent by Amira Khan", "something is wrong with it", "Older")
        assert sum(one.startswith("/sort/items/") for one in first.addresses) == 50
        fields = dict(part.partition("=")[::2] for part in pile.partition("?")[2].split("&"))

        assert desk.post("/sort/pile", why="", **fields).status_code == 422
        desk.follow(desk.post("/sort/pile", why=WHY, **fields)).has("Set aside: 60 items")

        desk.get("/sort").has("Nothing waits to be sorted out")
        undo_last(desk, session).has("Not filed 1", "How many 60")
        assert len(session.scalars(select(QuarantineRow)).all()) == 60


class TestSettingVisitsAside:
    @pytest.fixture
    def sent(self, tablet: Tablet, world: World) -> dict[str, Any]:
        revision = tablet.revision(world)
        tablet.push(revision)
        return revision

    def test_a_visit_set_aside_waits_for_nobody_and_its_tablet_hears(
        self, desk: Desk, tablet: Tablet, session: Session, sent: dict[str, Any]
    ) -> None:
        page = desk.post(f"/sort/visits/{sent['visit_id']}/aside", why="Recorded on her sister")

        desk.follow(page).has("Set aside.", "Recorded on her sister")
        assert tablet.visit(sent["visit_id"])["state"] == "set_aside"
        desk.get("/review").has("Nothing waits for you")
        desk.get(f"/review/{sent['visit_id']}").has("Set aside by Sue Park", "Recorded on her sister")

    def test_it_comes_back_when_taken_back(self, desk: Desk, session: Session, sent: dict[str, Any]) -> None:
        desk.post(f"/sort/visits/{sent['visit_id']}/aside", why=WHY)

        undo_last(desk, session)

        assert state_of(session, sent["visit_id"]) == "received"

    def test_or_when_its_visitor_changes_it(
        self, desk: Desk, tablet: Tablet, world: World, session: Session, sent: dict[str, Any]
    ) -> None:
        desk.post(f"/sort/visits/{sent['visit_id']}/aside", why=WHY)

        tablet.push(tablet.revision(world, visit_id=sent["visit_id"], parent_rev=sent["rev_id"]))

        assert state_of(session, sent["visit_id"]) == "received"

    def test_what_was_sent_back_is_still_sent_back_afterwards(
        self, desk: Desk, session: Session, sent: dict[str, Any]
    ) -> None:
        desk.post(f"/review/{sent['visit_id']}/return", rev_id=sent["rev_id"], comment="Look again")
        desk.post(f"/sort/visits/{sent['visit_id']}/aside", why=WHY)

        undo_last(desk, session)

        assert state_of(session, sent["visit_id"]) == "returned"

    def test_an_approved_visit_is_on_the_record_and_stays(
        self, desk: Desk, world: World, session: Session, sent: dict[str, Any]
    ) -> None:
        approve(session, world, sent)

        page = desk.post(f"/sort/visits/{sent['visit_id']}/aside", why=WHY)

        assert page.status_code == 409
        page.has("Ask the visitor for a correction")

    def test_the_other_visit_for_the_contact_is_then_alone(
        self, desk: Desk, tablet: Tablet, world: World, sent: dict[str, Any]
    ) -> None:
        second = tablet.revision(world)
        tablet.push(second)
        desk.get(f"/review/{second['visit_id']}").has("Another visit for the same contact")

        desk.post(f"/sort/visits/{sent['visit_id']}/aside", why=WHY)

        assert "same contact" not in desk.get(f"/review/{second['visit_id']}").text


class TestTwoVersions:
    @pytest.fixture
    def sides(self, tablet: Tablet, world: World) -> list[dict[str, Any]]:
        first = tablet.revision(world)
        link = {
            "visit_id": first["visit_id"],
            "parent_rev": first["rev_id"],
            "occurred_at": first["occurred_at"],
            "payload": first["payload"],
        }
        left = with_answers(tablet.revision(world, **link), weight_kg="3.200", nappies_wet=9)
        right = with_answers(tablet.revision(world, **link), weight_kg="3.300", actions="Weigh on Monday.")
        tablet.push(first, left, right)
        return [first, left, right]

    def test_both_values_stand_side_by_side_with_whose_they_are(
        self, desk: Desk, sides: list[dict[str, Any]]
    ) -> None:
        desk.get("/sort").has("Changed on two tablets", "Maya Marlow, New birth visit")

        page = desk.get(f"/sort/visits/{sides[0]['visit_id']}/versions")

        page.has(
            "Maya Marlow",
            "1 differs",
            "Weight",
            "Before: 3.180 kg",
            "3.200 kg",
            "3.300 kg",
            "Amira Khan, Tablet",
        )
        desk.get(f"/review/{sides[0]['visit_id']}").has("Choose which answers are right", "only one of them")

    def test_the_choice_makes_a_version_that_goes_to_review(
        self, desk: Desk, world: World, session: Session, sides: list[dict[str, Any]]
    ) -> None:
        visit_id = sides[0]["visit_id"]
        page = desk.get(f"/sort/visits/{visit_id}/versions")
        number = "0" if page.text.index("3.300 kg") < page.text.index("3.200 kg") else "1"

        chosen = {"answers-weight_kg": number, "heads": heads_of(page)}
        shown = desk.follow(desk.post(f"/sort/visits/{visit_id}/versions", **chosen))

        shown.has("Settled.", "3.300 kg", "Weigh on Monday.", "Your decision")
        session.rollback()
        visit = session.get_one(VisitRow, visit_id)
        head = session.get_one(RevisionRow, visit.head_revision_id)
        answers = head.body["payload"]["answers"]
        assert (answers["weight_kg"], answers["nappies_wet"]) == ("3.300", 9)
        assert (visit.state, head.settled_by_id) == ("received", world.sue.id)
        assert acts(session) == ["sorted_settled"]
        approve(session, world, {"visit_id": visit_id, "rev_id": head.id, "child_id": world.child_id})

    def test_a_choice_is_asked_for(self, desk: Desk, session: Session, sides: list[dict[str, Any]]) -> None:
        visit_id = sides[0]["visit_id"]
        heads = heads_of(desk.get(f"/sort/visits/{visit_id}/versions"))

        for number in ("", "7", "x"):
            page = desk.post(
                f"/sort/visits/{visit_id}/versions", **{"answers-weight_kg": number, "heads": heads}
            )
            assert page.status_code == 422
            page.has("Choose which answer is right")
        assert state_of(session, visit_id) == "two_versions"

    def test_a_third_version_meanwhile_is_not_overlooked(
        self, desk: Desk, tablet: Tablet, world: World, session: Session, sides: list[dict[str, Any]]
    ) -> None:
        first = sides[0]
        page = desk.get(f"/sort/visits/{first['visit_id']}/versions")
        link = {"visit_id": first["visit_id"], "parent_rev": first["rev_id"], "payload": first["payload"]}
        tablet.push(with_answers(tablet.revision(world, **link), weight_kg="3.400"))

        chosen = {"answers-weight_kg": "0", "heads": heads_of(page)}
        answer = desk.post(f"/sort/visits/{first['visit_id']}/versions", **chosen)

        assert answer.status_code == 409
        answer.has("nothing was settled", "3.200 kg", "3.300 kg", "3.400 kg")

    def test_work_on_one_side_after_settling_is_put_together_with_the_choice(
        self, desk: Desk, tablet: Tablet, world: World, session: Session, sides: list[dict[str, Any]]
    ) -> None:
        first, left, _ = sides
        page = desk.get(f"/sort/visits/{first['visit_id']}/versions")
        number = "0" if page.text.index("3.300 kg") < page.text.index("3.200 kg") else "1"
        chosen = {"answers-weight_kg": number, "heads": heads_of(page)}
        desk.post(f"/sort/visits/{first['visit_id']}/versions", **chosen)

        link = {"visit_id": first["visit_id"], "parent_rev": left["rev_id"], "payload": left["payload"]}
        tablet.push(with_answers(tablet.revision(world, **link), nappies_dirty=1))

        session.rollback()
        visit = session.get_one(VisitRow, first["visit_id"])
        answers = session.get_one(RevisionRow, visit.head_revision_id).body["payload"]["answers"]
        assert visit.state == "received"
        assert (answers["weight_kg"], answers["nappies_dirty"]) == ("3.300", 1)

    @pytest.fixture
    def restricted(self, tablet: Tablet, world: World) -> list[dict[str, Any]]:
        first = tablet.revision(world)
        link = {"visit_id": first["visit_id"], "parent_rev": first["rev_id"], "payload": first["payload"]}
        left = with_answers(tablet.revision(world, **link), seen_alone=False)
        right = with_answers(
            tablet.revision(world, **link), seen_alone={"not_done": "other", "detail": SECRET}
        )
        tablet.push(first, left, right)
        return [first, left, right]

    def test_a_restricted_answer_takes_a_reason(self, desk: Desk, restricted: list[dict[str, Any]]) -> None:
        url = f"/sort/visits/{restricted[0]['visit_id']}/versions"

        closed = desk.get(url)
        opened = desk.post(f"{url}/open", reason="To choose between them")

        closed.has("1 restricted answer differs")
        assert SECRET not in closed.html and "Keep these answers" not in closed.text
        opened.has("Parent seen alone", SECRET, "Keep these answers")
        given = {"heads": heads_of(opened), "opened_for": "To choose between them"}
        again = desk.post(url, **given)
        assert again.status_code == 422
        again.has("Choose which answer is right", SECRET)

    def test_nobody_chooses_between_restricted_answers_that_they_have_not_opened(
        self, desk: Desk, session: Session, world: World, restricted: list[dict[str, Any]]
    ) -> None:
        visit_id = restricted[0]["visit_id"]
        url = f"/sort/visits/{visit_id}/versions"
        given = {"heads": heads_of(desk.get(url)), "answers-seen_alone": "0", "opened_for": "Made up"}
        desk.post(f"/review/{visit_id}/restricted", reason="To read the version that came last")

        page = desk.post(url, **given)

        assert page.status_code == 403
        page.has("Nothing was settled", "Open the restricted parts")
        assert SECRET not in page.html
        assert state_of(session, visit_id) == "two_versions"
        [row] = session.scalars(select(AuditRow).where(AuditRow.action == "settling_refused"))
        assert (row.account_id, row.subject_id) == (world.sue.id, visit_id)

        desk.post(f"{url}/open", reason="To choose between them")
        assert desk.post(url, **given).status_code == 302

    def test_nor_after_another_version_has_come_that_they_have_not_seen(
        self, desk: Desk, tablet: Tablet, session: Session, world: World, restricted: list[dict[str, Any]]
    ) -> None:
        first = restricted[0]
        url = f"/sort/visits/{first['visit_id']}/versions"
        desk.post(f"{url}/open", reason="To choose between them")
        link = {"visit_id": first["visit_id"], "parent_rev": first["rev_id"], "payload": first["payload"]}
        tablet.push(with_answers(tablet.revision(world, **link), seen_alone={"not_done": "declined"}))

        page = desk.post(url, **{"heads": heads_of(desk.get(url)), "answers-seen_alone": "0"})

        assert page.status_code == 403
        assert state_of(session, first["visit_id"]) == "two_versions"

    def test_nobody_settles_their_own(self, app: Flask, desk: Desk, world: World, session: Session) -> None:
        sue = Tablet(app.test_client()).sign_in(world.sue)
        first = sue.revision(world)
        link = {"visit_id": first["visit_id"], "parent_rev": first["rev_id"]}
        left = with_answers(sue.revision(world, **link), weight_kg="3.200")
        right = with_answers(sue.revision(world, **link), weight_kg="3.300")
        sue.push(first, left, right)
        url = f"/sort/visits/{first['visit_id']}/versions"

        page = desk.get(url)
        page.has("another supervisor must choose")
        heads = " ".join(sorted([left["rev_id"], right["rev_id"]]))
        assert desk.post(url, **{"answers-weight_kg": "0", "heads": heads}).status_code == 403

    def test_with_nothing_to_settle_the_visit_is_shown(
        self, desk: Desk, tablet: Tablet, world: World
    ) -> None:
        sent = tablet.revision(world)
        tablet.push(sent)

        page = desk.follow(desk.get(f"/sort/visits/{sent['visit_id']}/versions"))

        page.has("nothing to choose between")


def test_what_can_be_undone_is_what_the_page_offers() -> None:
    assert frozenset(undoing._UNDO) == UNDOABLE


def test_a_tablet_taken_out_of_use_is_said(
    desk: Desk, tablet: Tablet, world: World, session: Session
) -> None:
    """The work counts, and somebody looks at how it came in."""
    tablet.push()
    with transaction(session):
        session.get_one(DeviceRow, tablet.device_id).revoked_at = datetime.now(UTC)

    [result] = tablet.push(tablet.revision(world))

    assert (result["result"], result["flags"]) == ("stored", ["revoked_tablet"])
    desk.get("/review").has("Sent by a tablet that was reported lost")
