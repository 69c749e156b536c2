"""The desk pages on which one person records a death, or the end of a pregnancy, and another confirms it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from hvapp.services import deaths
from hvapp.store.children import PersonRow
from hvapp.store.deaths import DeathMarkRow
from hvapp.store.transaction import transaction
from hvapp.web.presenters import local_date
from tests.support.desk import Desk, Page
from tests.support.reviewing import record_death
from tests.support.world import World, add_pregnancy, add_record

TODAY = datetime.now(UTC).date()
ACTS = ("check", "", "confirm", "take-back", "undo")


@pytest.fixture
def sue(app: Flask, world: World) -> Desk:
    return Desk(app.test_client()).sign_in(world.sue)


@pytest.fixture
def ada(app: Flask, world: World) -> Desk:
    return Desk(app.test_client()).sign_in(world.ada)


@pytest.fixture
def url(world: World) -> str:
    return f"/children/{world.child_id}/death"


@pytest.fixture
def marked(session: Session, world: World) -> str:
    """The id of Sue's mark."""
    now = datetime.now(UTC)
    deaths.mark_death(session, world.child_id, died_on=TODAY, by=world.sue, now=now)
    return session.scalars(select(DeathMarkRow.id)).one()


def day(when: date) -> dict[str, int]:
    return {"day": when.day, "month": when.month, "year": when.year}


def died_on(session: Session, world: World) -> date | None:
    session.rollback()
    return session.get_one(PersonRow, world.child_id).deceased_on


def test_two_people_record_it_and_each_reads_whose_record_it_is(
    sue: Desk, ada: Desk, world: World, session: Session, url: str
) -> None:
    identity = ("Maya Marlow", local_date(world.born), "999 000 0018")
    sue.get(f"/children/{world.child_id}").has("Record that the child has died")
    sue.get(url).has(*identity, "A second supervisor or administrator has to confirm this")

    check = sue.post(f"{url}/check", **day(TODAY))
    check.has("Has Maya Marlow died?", *identity, f"Died {local_date(TODAY)}")
    assert session.scalars(select(DeathMarkRow)).all() == []

    sue.follow(sue.post(url, died_on=TODAY.isoformat())).has(
        "Recorded. Nothing changes", "Waiting for a second"
    )
    assert died_on(session, world) is None

    ada.get("/admin/accounts").has("To confirm: 1")
    ada.get("/children").has("Waiting for a second person", "Maya Marlow", "Sue Park")
    ada.get(f"/children/{world.child_id}").has("Sue Park has recorded", "Confirm it or take it back")
    ada.get(url).has(*identity, f"Died {local_date(TODAY)}", "Sue Park recorded this", "Confirm that Maya")
    mark_id = session.scalars(select(DeathMarkRow.id)).one()
    ada.follow(ada.post(f"{url}/confirm", mark_id=mark_id)).has("Confirmed.", "Confirmed by Ada Quill")

    assert died_on(session, world) == TODAY
    assert "To confirm" not in ada.get("/admin/accounts").text
    assert "Waiting for a second person" not in ada.get("/children").text
    sue.get(f"/children/{world.child_id}").has("Maya Marlow has died", "See who recorded this")


def test_who_marked_it_is_not_asked_to_confirm_it(
    sue: Desk, app: Flask, world: World, session: Session, url: str, marked: str
) -> None:
    assert "To confirm" not in sue.get("/review").text
    Desk(app.test_client()).sign_in(world.olu).get("/review").has("To confirm: 1")
    sue.get("/children").has("Yours: another supervisor or administrator confirms it")
    page = sue.get(url)
    page.has("Another supervisor or administrator has to confirm it", "Take it back")
    assert f"{url}/confirm" not in page.addresses

    refused = sue.post(f"{url}/confirm", mark_id=marked)

    assert refused.status_code == 403
    refused.has("You recorded this yourself", "Nothing was changed")
    assert died_on(session, world) is None


@pytest.mark.parametrize("desk", ["sue", "ada"])
def test_it_is_taken_back_while_it_waits(
    request: pytest.FixtureRequest,
    ada: Desk,
    world: World,
    session: Session,
    url: str,
    marked: str,
    desk: str,
) -> None:
    by: Desk = request.getfixturevalue(desk)

    by.follow(by.post(f"{url}/take-back", mark_id=marked)).has(
        "Taken back.", "Record that Maya Marlow has died"
    )

    late = ada.post(f"{url}/confirm", mark_id=marked)
    assert late.status_code == 409
    late.has("taken back meanwhile, so nothing was changed")
    assert died_on(session, world) is None


def test_what_was_confirmed_is_taken_back_with_a_reason(
    sue: Desk, world: World, session: Session, url: str
) -> None:
    mark_id = record_death(session, world)
    sue.get(url).has("Recorded by Sue Park", "Confirmed by Ada Quill", "One person can do this")

    without = sue.post(f"{url}/undo", mark_id=mark_id)
    assert without.status_code == 422
    without.has("Say why")
    assert "#why" in without.addresses
    too_long = sue.post(f"{url}/undo", mark_id=mark_id, why="long " * 400)
    assert too_long.status_code == 422
    assert "long long" in too_long.html
    assert died_on(session, world) == TODAY

    done = sue.post(f"{url}/undo", mark_id=mark_id, why="Recorded for another child")
    sue.follow(done).has("on the lists again", "Record that Maya Marlow has died")
    assert died_on(session, world) is None


def test_what_was_not_recorded_here_is_not_taken_back_here(
    sue: Desk, world: World, session: Session, url: str
) -> None:
    with transaction(session):
        session.get_one(PersonRow, world.child_id).deceased_on = TODAY

    page = sue.get(url)

    page.has("Maya Marlow has died", "cannot be taken back here")
    assert f"{url}/undo" not in page.addresses


class TestTheDate:
    @pytest.mark.parametrize("given", [{}, {"day": 30, "month": 2, "year": 2026}, {"day": "x"}])
    def test_has_to_be_a_real_one_and_what_was_typed_is_shown_again(
        self, sue: Desk, url: str, given: dict[str, object]
    ) -> None:
        page = sue.post(f"{url}/check", **given)

        self.refused(page, "Enter the date of death")
        for typed in given.values():
            assert f'value="{typed}"' in page.html

    def test_lies_between_birth_and_today(self, sue: Desk, url: str) -> None:
        self.refused(sue.post(f"{url}/check", **day(date(2020, 5, 3))), "between the date of birth and today")

    @pytest.mark.parametrize("given", ["", "nonsense", "2026-02-30"])
    def test_is_asked_for_again_where_it_got_lost(
        self, sue: Desk, session: Session, url: str, given: str
    ) -> None:
        self.refused(sue.post(url, died_on=given), "Enter the date of death")
        assert session.scalars(select(DeathMarkRow)).all() == []

    def refused(self, page: Page, why: str) -> None:
        assert page.status_code == 422
        page.has("There is a problem", why)
        assert "#died-day" in page.addresses


def test_supervisors_and_administrators_only(app: Flask, world: World, ada: Desk, url: str) -> None:
    amira = Desk(app.test_client()).sign_in(world.amira)
    assert (amira.get(url).status_code, ada.get(url).status_code) == (403, 200)
    for act in ACTS:
        assert amira.post(f"{url}/{act}".rstrip("/")).status_code == 403


def test_a_page_asked_for_again_leads_to_the_record(sue: Desk, url: str) -> None:
    for act in filter(None, ACTS):
        sue.follow(sue.get(f"{url}/{act}")).has("Maya Marlow", "Give the child to another visitor")


def test_no_address_or_title_tells_who_died_or_when(sue: Desk, ada: Desk, url: str, marked: str) -> None:
    for page in (sue.get(url), ada.get(url), ada.get("/children"), sue.post(f"{url}/check", **day(TODAY))):
        assert page.response.headers["Cache-Control"] == "no-store"
        for words in (page.title, *page.addresses):
            assert not any(one in words for one in ("Marlow", "Maya", TODAY.isoformat())), words


class TestAPregnancyThatHasEnded:
    """The same pages beneath a pregnancy’s record, in words of their own."""

    @pytest.fixture
    def pregnancy(self, session: Session, world: World) -> str:
        return f"/pregnancies/{add_pregnancy(session, world, edd=TODAY + timedelta(weeks=8))}"

    def test_two_people_record_it_and_each_reads_whose_it_is(
        self, sue: Desk, ada: Desk, session: Session, pregnancy: str
    ) -> None:
        url = f"{pregnancy}/end"
        identity = ("Rosa Field", "9 August 1996", "999 000 0026", local_date(TODAY + timedelta(weeks=8)))
        sue.get(pregnancy).has("If the pregnancy has ended without a live birth", "Record that it has ended")
        sue.get(url).has(
            *identity, "Record that Rosa Field’s pregnancy has ended", "no antenatal visit is due"
        )

        check = sue.post(f"{url}/check", **day(TODAY))
        check.has("Has Rosa Field’s pregnancy ended?", *identity, f"Ended {local_date(TODAY)}")
        assert session.scalars(select(DeathMarkRow)).all() == []
        sue.follow(sue.post(url, died_on=TODAY.isoformat())).has("Recorded. Nothing changes")

        ada.get("/admin/accounts").has("To confirm: 1", "or a pregnancy has ended")
        ada.get("/children").has("Rosa Field’s pregnancy, baby due", "Sue Park")
        ada.get(pregnancy).has("Sue Park has recorded that this pregnancy has ended")
        page = ada.get(url)
        page.has(*identity, "such as the midwife or the hospital", "Confirm that Rosa Field’s pregnancy")
        session.rollback()
        mark_id = session.scalars(select(DeathMarkRow.id)).one()
        ada.follow(ada.post(f"{url}/confirm", mark_id=mark_id)).has(
            "No contact is due in this pregnancy any more", "Confirmed by Ada Quill"
        )
        page = sue.get(pregnancy)
        page.has("This pregnancy has ended without a live birth", f"Ended {local_date(TODAY)}")
        assert "When the baby is born" not in page.text

        without = sue.post(f"{url}/undo", mark_id=mark_id)
        assert without.status_code == 422
        sue.follow(sue.post(f"{url}/undo", mark_id=mark_id, why="Another mother")).has("on the lists again")
        sue.get(pregnancy).has("When the baby is born", "Record that it has ended")

    def test_the_day_lies_within_the_pregnancy(self, sue: Desk, pregnancy: str) -> None:
        for given, why in (
            ({}, "Enter the day it ended"),
            (day(TODAY - timedelta(weeks=40)), "within this pregnancy"),
            (day(TODAY + timedelta(days=2)), "not after today"),
        ):
            page = sue.post(f"{pregnancy}/end/check", **given)
            assert page.status_code == 422
            page.has("There is a problem", why)
            assert "#died-day" in page.addresses

    def test_once_a_baby_was_born_there_is_nothing_to_record(
        self, sue: Desk, world: World, session: Session, pregnancy: str
    ) -> None:
        with transaction(session):
            child_id = add_record(session, world, None, "Baby Field")
            session.get_one(PersonRow, child_id).birth_date = TODAY
        sue.post(f"{pregnancy}/born", child_id=child_id)

        assert "ended without a live birth" not in sue.get(pregnancy).text
        sue.get(f"{pregnancy}/end").has("A baby was born, so there is nothing to record here")

    def test_supervisors_and_administrators_only_and_no_address_tells_whose_it_is(
        self, app: Flask, world: World, sue: Desk, pregnancy: str
    ) -> None:
        amira = Desk(app.test_client()).sign_in(world.amira)
        assert amira.get(f"{pregnancy}/end").status_code == 403
        for act in ACTS:
            assert amira.post(f"{pregnancy}/end/{act}".rstrip("/")).status_code == 403
        for page in (sue.get(f"{pregnancy}/end"), sue.post(f"{pregnancy}/end/check", **day(TODAY))):
            assert page.response.headers["Cache-Control"] == "no-store"
            for words in (page.title, *page.addresses):
                assert not any(one in words for one in ("Rosa", "Field", TODAY.isoformat())), words
