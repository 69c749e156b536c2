"""Confirming: a tablet lets go of its copy only where the service holds exactly what the tablet sealed."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account
from hvapp.services.confirming import digest_of
from hvapp.store.visits import RevisionRow, UnjudgedRow
from tests.support.client import Tablet
from tests.support.world import World


def range_of(*revisions: dict[str, Any], first: int | None = None, last: int | None = None) -> dict[str, Any]:
    lines = sorted((one["device_seq"], one["rev_id"], one["sha256"]) for one in revisions)
    numbers = [line[0] for line in lines]
    return {
        "from": min(numbers) if first is None else first,
        "to": max(numbers) if last is None else last,
        "digest": digest_of(lines),
    }


def held(tablet: Tablet, *ranges: dict[str, Any]) -> list[bool]:
    answer = tablet.send("POST", "/sync/v1/confirm", {"device_id": tablet.device_id, "ranges": list(ranges)})
    assert answer.status_code == 200, answer.text
    assert [(one["from"], one["to"]) for one in answer.json["ranges"]] == [
        (one["from"], one["to"]) for one in ranges
    ]
    return [one["held"] for one in answer.json["ranges"]]


def test_what_is_on_file_is_confirmed_whatever_order_it_came_in(tablet: Tablet, world: World) -> None:
    one, two, three, four = (tablet.revision(world) for _ in range(4))
    tablet.push(three, one)
    tablet.push(four, two)

    assert held(tablet, range_of(one, two, three, four), range_of(two, three), range_of(four)) == [True] * 3


def test_the_digest_is_of_these_lines(tablet: Tablet, world: World) -> None:
    """Worked out by hand once, so that both languages can be held to it."""
    assert digest_of([(1, "r-1", "aa"), (2, "r-2", "bb")]) == (
        "f386446f8309e7e4e80d00a449b5d60b315ab742a60b42512d0fef070e0af449"
    )


def test_anything_else_is_not_held(tablet: Tablet, world: World) -> None:
    one, two, three = (tablet.revision(world) for _ in range(3))
    tablet.push(one, three)

    assert held(
        tablet,
        range_of(one, two, three),
        range_of(two),
        range_of(one | {"sha256": "0" * 64}),
        range_of(one, first=1, last=3),
        {"from": 3, "to": 1, "digest": range_of(one)["digest"]},
    ) == [False, False, False, False, False]
    assert held(tablet, range_of(one, three)) == [True]


def test_another_tablets_work_is_not_mistaken_for_ones_own(
    tablet: Tablet, tablet_of: Callable[[Account], Tablet], world: World
) -> None:
    revision = tablet.revision(world)
    tablet.push(revision)

    assert held(tablet_of(world.amira), range_of(revision)) == [False]


def test_work_lost_to_a_restore_is_missed_and_comes_back(
    tablet: Tablet, world: World, session: Session
) -> None:
    one, two = tablet.revision(world), tablet.revision(world)
    tablet.push(one, two)
    session.execute(delete(UnjudgedRow))
    session.execute(delete(RevisionRow).where(RevisionRow.id == two["rev_id"]))
    session.commit()
    assert held(tablet, range_of(one, two)) == [False]

    assert [result["result"] for result in tablet.push(one, two)] == ["duplicate", "stored"]

    assert held(tablet, range_of(one, two)) == [True]


@pytest.mark.parametrize(
    "ranges", [None, {}, "x", [1], [{}], [{"from": 1, "to": 2, "digest": "x"}], [{"from": "1", "to": 2}]]
)
def test_junk_is_refused(tablet: Tablet, ranges: Any) -> None:
    answer = tablet.send("POST", "/sync/v1/confirm", {"ranges": ranges})

    assert (answer.status_code, answer.json["error"]["code"]) == (422, "invalid")


def test_two_hundred_ranges_and_no_more(tablet: Tablet, world: World) -> None:
    one = range_of(tablet.revision(world))

    assert held(tablet, *[one] * 200) == [False] * 200
    assert tablet.send("POST", "/sync/v1/confirm", {"ranges": [one] * 201}).status_code == 413
