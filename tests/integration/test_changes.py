"""The pull: every change reaches the tablets it is meant for, once, in order."""

from sqlalchemy.orm import Session

from hvapp.store.changes import announce
from hvapp.store.transaction import transaction
from tests.support.client import Tablet
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


def test_a_transaction_that_fails_announces_nothing(tablet: Tablet, world: World, session: Session) -> None:
    cursor = tablet.pull()["cursor"]
    try:
        with transaction(session):
            announce(session, [world.amira.id], "child", world.child_id)
            raise RuntimeError
    except RuntimeError:
        pass
    assert tablet.pull(cursor)["items"] == []
