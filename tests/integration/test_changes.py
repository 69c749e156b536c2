"""The pull: every change reaches the tablets it is meant for, once, in order."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from hvapp.services import caseload, feed
from hvapp.store.changes import ChangeRow, announce
from hvapp.store.children import ChildRow, HouseholdMemberRow, HouseholdRow, PersonRow, RelationshipRow
from hvapp.store.immunisations import ImmunisationRow
from hvapp.store.transaction import transaction
from tests.support.client import Tablet, new_id
from tests.support.world import World


def test_a_first_pull_brings_the_caseload(tablet: Tablet, world: World) -> None:
    page = tablet.pull()

    [item] = page["items"]
    assert (item["type"], item["id"]) == ("child", world.child_id)
    child = item["body"]
    assert child["given_name"] == "Maya"
    assert child["household"]["members"][0]["relationship"] == "mother"
    assert child["measurements"] == [
        {"kind": "weight", "value": "3.010", "on": world.born.isoformat(), "at_birth": True}
    ]
    assert page["more"] is False and page["remaining"] == 0


def test_a_visitor_is_told_what_to_know_before_going_in(
    tablet: Tablet, world: World, session: Session
) -> None:
    with transaction(session):
        child = session.get_one(ChildRow, world.child_id)
        child.staff_risk, child.staff_risk_review_by = "Large dog.", date(2027, 1, 31)
        child.two_person_visit = child.child_protection_plan = child.looked_after = True
        session.add(ImmunisationRow(child_id=child.id, vaccine="MenB", given_on=world.born))

    [item] = tablet.pull()["items"]
    told = item["body"]
    assert (told["staff_risk"], told["staff_risk_review_by"]) == ("Large dog.", "2027-01-31")
    assert told["two_person_visit"] and told["child_protection_plan"] and told["looked_after"]
    assert told["immunisations"] == [{"vaccine": "MenB", "date": world.born.isoformat()}]


def test_two_homes_and_who_lives_in_neither(tablet: Tablet, world: World, session: Session) -> None:
    parted = world.born + timedelta(days=3)
    with transaction(session):
        home = HouseholdRow(address_lines="9 Dale View\nLeeds", area="Armley", postcode="LS12 9ZZ")
        father, other = (
            PersonRow(given_name=name, family_name="Marlow", sex="male") for name in ("Sam", "Noel")
        )
        session.add_all([home, father, other])
        session.flush()
        session.add_all(
            HouseholdMemberRow(household_id=home.id, person_id=person_id, from_date=parted)
            for person_id in (father.id, world.child_id)
        )
        session.add_all(
            RelationshipRow(
                person_id=person.id,
                child_id=world.child_id,
                role=role,
                parental_responsibility=True,
                from_date=since,
            )
            for person, role, since in ((father, "father", world.born), (other, "grandparent", None))
        )

    [item] = tablet.pull()["items"]
    told = item["body"]
    assert told["household"]["postcode"] == "LS12 9ZZ" and told["household"]["since"] == parted.isoformat()
    assert [(one["name"], one["since"]) for one in told["household"]["members"]] == [
        ("Sam Marlow", world.born.isoformat())
    ]
    [before] = told["other_homes"]
    assert [one["name"] for one in before["members"]] == ["Nadia Marlow"]
    assert [(one["name"], one["relationship"]) for one in told["relatives"]] == [
        ("Noel Marlow", "grandparent")
    ]
    assert {"phone", "address"}.isdisjoint(told["relatives"][0])


def test_a_second_pull_brings_only_what_is_new(tablet: Tablet, world: World) -> None:
    cursor = tablet.pull()["cursor"]
    assert tablet.pull(cursor)["items"] == []

    revision = tablet.revision(world)
    tablet.push(revision)

    [item] = tablet.pull(cursor)["items"]
    assert (item["type"], item["id"]) == ("visit", revision["visit_id"])
    assert item["body"]["state"] == "received"


def test_pages_are_bounded_and_say_what_remains(tablet: Tablet, world: World) -> None:
    tablet.push(*(tablet.revision(world) for _ in range(4)))

    page = tablet.pull(limit=2)
    assert len(page["items"]) == 2 and page["more"] and page["remaining"] == 3

    seen = [item["id"] for item in page["items"]]
    while page["more"]:
        page = tablet.pull(page["cursor"], limit=2)
        seen += [item["id"] for item in page["items"]]
    assert len(seen) == len(set(seen)) == 5


def test_a_child_that_leaves_the_caseload_is_taken_off_the_tablet(
    tablet: Tablet, world: World, session: Session
) -> None:
    cursor = tablet.pull()["cursor"]
    with transaction(session):
        announce(session, [world.amira.id], "child", world.child_id, removed=True)

    assert [item["body"] for item in tablet.pull(cursor)["items"]] == [None]


def test_a_cursor_from_another_life_of_the_database_means_start_again(tablet: Tablet) -> None:
    for cursor in ("00000000-0000-0000-0000-000000000000.1", "nonsense", tablet.pull()["cursor"] + "999"):
        answer = tablet.client.get("/sync/v1/changes", query_string={"cursor": cursor})
        assert answer.status_code == 410
        assert answer.json["error"]["code"] == "cursor_too_old"
        assert "safe" in answer.json["error"]["message"]


def test_nobody_sees_another_visitors_caseload(tablet_of, world: World) -> None:
    assert tablet_of(world.ben).pull()["items"] == []


def test_what_is_refused_with_the_commit_is_written_by_nobody(world: World, session: Session) -> None:
    """On PostgreSQL the commit is on its way behind the changes before their refusal is heard."""
    with pytest.raises(IntegrityError), transaction(session):
        session.get_one(ChildRow, world.child_id).staff_risk = "Large dog."
        announce(session, [world.amira.id, new_id()], "child", world.child_id)

    assert session.get_one(ChildRow, world.child_id, populate_existing=True).staff_risk is None
    with transaction(session):
        session.get_one(ChildRow, world.child_id).staff_risk = "Small dog."
    assert session.get_one(ChildRow, world.child_id, populate_existing=True).staff_risk == "Small dog."


def test_a_transaction_that_fails_announces_nothing(tablet: Tablet, world: World, session: Session) -> None:
    cursor = tablet.pull()["cursor"]
    try:
        with transaction(session):
            announce(session, [world.amira.id], "child", world.child_id)
            raise RuntimeError
    except RuntimeError:
        pass
    assert tablet.pull(cursor)["items"] == []


def remove(session: Session, world: World, record_id: str, days_ago: int) -> None:
    """The record left Amira's caseload so many days ago."""
    with transaction(session):
        announce(session, [world.amira.id], "child", record_id, removed=True)
    then = datetime.now(UTC) - timedelta(days=days_ago)
    session.execute(update(ChangeRow).where(ChangeRow.record_id == record_id).values(changed_at=then))
    session.commit()


def status(tablet: Tablet, cursor: str) -> int:
    return tablet.client.get("/sync/v1/changes", query_string={"cursor": cursor}).status_code


def tidy(session: Session) -> int:
    return feed.tidy(session, datetime.now(UTC))


class TestTidying:
    def test_removals_are_remembered_for_400_days(
        self, tablet: Tablet, world: World, session: Session
    ) -> None:
        old, recent = new_id(), new_id()
        remove(session, world, old, 401)
        remove(session, world, recent, 399)

        assert (tidy(session), tidy(session)) == (1, 0)

        kept = session.scalars(select(ChangeRow.record_id)).all()
        assert set(kept) == {world.child_id, recent}

    def test_a_tablet_that_missed_one_fetches_afresh(
        self, tablet: Tablet, world: World, session: Session
    ) -> None:
        behind = tablet.pull()["cursor"]
        remove(session, world, new_id(), 401)
        level = tablet.pull(behind)["cursor"]
        tidy(session)

        assert (status(tablet, behind), status(tablet, level)) == (410, 200)
        page = tablet.pull()
        assert [item["id"] for item in page["items"]] == [world.child_id]
        assert status(tablet, page["cursor"]) == 200

    def test_a_tablet_that_begins_on_an_old_feed_reaches_its_end_in_small_pages(
        self, tablet: Tablet, world: World, session: Session
    ) -> None:
        """Its cursor is older than what was forgotten all the way, and it has missed nothing."""
        visits = [tablet.revision(world) for _ in range(4)]
        tablet.push(*visits)
        remove(session, world, new_id(), 401)
        tidy(session)

        page, seen = tablet.pull(limit=1), []
        while True:
            seen += [item["id"] for item in page["items"]]
            if not page["more"]:
                break
            page = tablet.pull(page["cursor"], limit=1)
        assert set(seen) == {world.child_id, *(one["visit_id"] for one in visits)}

        half_way = tablet.pull(limit=1)["cursor"]
        remove(session, world, new_id(), 401)
        tidy(session)
        assert status(tablet, half_way) == 410

    def test_a_renewed_epoch_refuses_every_earlier_cursor(
        self, tablet: Tablet, world: World, session: Session
    ) -> None:
        cursor = tablet.pull()["cursor"]

        epoch = feed.renew_epoch(session, datetime.now(UTC))

        assert status(tablet, cursor) == 410
        assert tablet.pull()["epoch"] == epoch


def test_pages_have_an_upper_bound_whatever_is_asked(tablet: Tablet, world: World, session: Session) -> None:
    with transaction(session):
        for _ in range(510):
            announce(session, [world.amira.id], "child", new_id(), removed=True)

    assert len(tablet.pull(limit=100_000)["items"]) == 500
    assert len(tablet.pull(limit=-5)["items"]) == 1


@pytest.mark.parametrize(
    ("version", "expected"), [("1", 200), ("0", 200), ("x", 200), ("2", 426), ("10", 426), ("²", 200)]
)
def test_only_a_newer_protocol_is_told_that_the_service_is_too_old(
    tablet: Tablet, version: str, expected: int
) -> None:
    answer = tablet.client.get("/sync/v1/changes", headers={"HV-Sync": version})

    assert answer.status_code == expected
    if expected == 426:
        assert answer.json["error"]["code"] == "protocol_too_new"
        assert "still sent" in answer.json["error"]["message"]


@pytest.mark.parametrize(
    "trouble", [OperationalError("x", {}, Exception("locked")), PoolTimeout("all connections are out")]
)
def test_a_database_that_is_busy_or_gone_says_when_to_try_again(
    tablet: Tablet, world: World, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise trouble

    monkeypatch.setattr(caseload, "changes_page", fail)
    answer = tablet.client.get("/sync/v1/changes")

    assert (answer.status_code, answer.json["error"]["code"]) == (503, "busy")
    assert int(answer.headers["Retry-After"]) > 0
