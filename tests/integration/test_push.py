"""The push: every item is answered on its own, nothing is lost, nothing is doubled."""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hvapp.store.visits import QuarantineRow, RevisionRow, VisitRow
from tests.support.client import Tablet, new_id, seal, with_answers
from tests.support.world import World


def count(session: Session, row: type) -> int:
    return session.scalar(select(func.count()).select_from(row)) or 0


def test_a_new_revision_is_stored_with_a_receipt(tablet: Tablet, world: World, session: Session) -> None:
    revision = tablet.revision(world)

    [result] = tablet.push(revision)

    assert result["result"] == "stored"
    assert result["receipt"]["seq"] > 0
    assert len(result["receipt"]["mac"]) == 64
    assert result["flags"] == []
    kept = session.get(RevisionRow, revision["rev_id"])
    assert kept is not None and kept.body == revision
    assert session.get(VisitRow, revision["visit_id"]).state == "received"


def test_sending_again_is_harmless_and_gives_the_first_receipt(
    tablet: Tablet, world: World, session: Session
) -> None:
    revision = tablet.revision(world)
    [first] = tablet.push(revision)

    [second] = tablet.push(revision)

    assert second["result"] == "duplicate"
    assert second["receipt"] == first["receipt"]
    assert count(session, RevisionRow) == count(session, VisitRow) == 1


def test_the_same_revision_twice_in_one_batch_is_stored_once(
    tablet: Tablet, world: World, session: Session
) -> None:
    revision = tablet.revision(world)

    first, second = tablet.push(revision, revision)

    assert (first["result"], second["result"]) == ("stored", "duplicate")
    assert first["receipt"] == second["receipt"]
    assert count(session, RevisionRow) == 1


def test_same_id_other_content_keeps_both_and_alerts(tablet: Tablet, world: World, session: Session) -> None:
    revision = tablet.revision(world)
    tablet.push(revision)
    other = seal(revision | {"occurred_at": "2026-01-01T10:00:00+00:00"})

    [result] = tablet.push(other)

    assert result["result"] == "rejected:hash"
    assert "tablet keeps the visit" in result["message"]
    assert session.get(RevisionRow, revision["rev_id"]).sha256 == revision["sha256"]
    assert json.loads(session.scalars(select(QuarantineRow)).one().body) == other


def test_content_changed_on_the_way_is_not_taken(tablet: Tablet, world: World, session: Session) -> None:
    revision = tablet.revision(world)
    revision["payload"]["answers"]["feeding_status"] = "altered"

    [result] = tablet.push(revision)

    assert result["result"] == "rejected:hash"
    assert count(session, RevisionRow) == 0
    assert count(session, QuarantineRow) == 1


@pytest.mark.parametrize(
    "broken",
    [
        "text",
        7,
        None,
        [],
        {},
        {"rev_id": "x"},
        {"rev_id": 5, "payload": {}},
    ],
)
def test_a_malformed_item_is_kept_and_does_not_stop_the_others(
    tablet: Tablet, world: World, session: Session, broken: object
) -> None:
    good = tablet.revision(world)

    bad, stored = tablet.push(broken, good)

    assert bad["result"] == "rejected:malformed"
    assert stored["result"] == "stored"
    assert count(session, QuarantineRow) == 1


@pytest.mark.parametrize(
    "member", ["payload", "visit_id", "form_version", "occurred_at", "sha256", "device_seq"]
)
def test_each_missing_member_is_named(tablet: Tablet, world: World, member: str) -> None:
    revision = tablet.revision(world)
    del revision[member]

    [result] = tablet.push(revision)

    assert result["result"] == "rejected:malformed"
    assert result["rev_id"] == revision["rev_id"]
    assert member in result["message"]


def test_numbers_with_a_binary_point_are_refused_but_kept(
    tablet: Tablet, world: World, session: Session
) -> None:
    revision = tablet.revision(world)
    revision["payload"]["answers"]["weight_kg"] = 3.4

    [result] = tablet.push(revision)

    assert result["result"] == "rejected:malformed"
    assert count(session, QuarantineRow) == 1


def test_an_unknown_child_is_stored_and_set_aside(tablet: Tablet, world: World, session: Session) -> None:
    revision = tablet.revision(world, child_id=new_id())

    [result] = tablet.push(revision)

    assert result["result"] == "stored"
    assert "unknown_child" in result["flags"]
    assert session.get(VisitRow, revision["visit_id"]).state == "quarantined"


def test_an_unknown_form_version_is_stored_and_set_aside(
    tablet: Tablet, world: World, session: Session
) -> None:
    revision = tablet.revision(world, form_version=99)

    [result] = tablet.push(revision)

    assert result["result"] == "stored"
    assert "unknown_form" in result["flags"]
    assert session.get(VisitRow, revision["visit_id"]).state == "quarantined"


def test_a_visit_dated_in_the_future_is_stored_and_flagged(
    tablet: Tablet, world: World, session: Session
) -> None:
    later = (datetime.now(UTC) + timedelta(days=2)).isoformat()

    [result] = tablet.push(tablet.revision(world, occurred_at=later))

    assert result["result"] == "stored"
    assert "future_dated" in result["flags"]


def test_work_of_a_visitor_without_the_child_is_stored_and_flagged(tablet_of, world: World) -> None:
    ben = tablet_of(world.ben)

    [result] = ben.push(ben.revision(world))

    assert result["result"] == "stored"
    assert "not_allocated" in result["flags"]


def test_answers_that_break_the_rules_are_stored_and_flagged(
    tablet: Tablet, world: World, judge: Callable[[], int]
) -> None:
    revision = tablet.revision(world)
    revision["payload"]["answers"]["weight_kg"] = "49"

    [result] = tablet.push(seal(revision))
    judge()

    assert result["result"] == "stored"
    assert tablet.visit(revision["visit_id"])["flags"] == ["invalid_answers"]


@pytest.mark.parametrize(("shown", "flags"), [([], []), (["weight_loss"], ["alerts_differ"]), ("?", [])])
def test_alerts_that_the_server_does_not_get_are_flagged(
    tablet: Tablet, world: World, judge: Callable[[], int], shown: Any, flags: list[str]
) -> None:
    revision = tablet.revision(world)
    revision["payload"]["context"]["alerts"] = shown

    tablet.push(seal(revision))
    judge()

    assert tablet.visit(revision["visit_id"])["flags"] == flags


def test_a_centile_that_the_server_does_not_get_is_flagged(
    tablet: Tablet, world: World, judge: Callable[[], int]
) -> None:
    revision = tablet.revision(world)
    revision["payload"]["derived"] = {"weight_kg": {"sds": "3.5"}}

    tablet.push(seal(revision))
    judge()

    assert tablet.visit(revision["visit_id"])["flags"] == ["growth_differs"]


def test_a_push_that_was_not_judged_is_judged_before_the_queue_is_shown(
    tablet: Tablet, tablet_of, world: World, session: Session
) -> None:
    revision = tablet.revision(world)
    revision["payload"]["answers"]["weight_kg"] = "2.600"
    tablet.push(seal(revision))

    assert tablet_of(world.sue).client.get("/review").status_code == 200

    session.rollback()
    assert "red_alert" in session.get(RevisionRow, revision["rev_id"]).all_flags


def test_a_child_whose_parent_revision_is_missing_is_stored_as_an_orphan_and_the_parent_may_follow(
    tablet: Tablet, world: World, session: Session
) -> None:
    first = tablet.revision(world)
    second = tablet.revision(world, visit_id=first["visit_id"], parent_rev=first["rev_id"])

    [orphan] = tablet.push(second)
    [parent] = tablet.push(first)

    assert "orphan" in orphan["flags"]
    assert parent["result"] == "stored"
    assert session.get(VisitRow, first["visit_id"]).head_revision_id == second["rev_id"]


def test_two_tablets_changing_the_same_answer_are_both_kept(
    tablet: Tablet, world: World, session: Session
) -> None:
    first = tablet.revision(world)
    link = {"visit_id": first["visit_id"], "parent_rev": first["rev_id"]}
    left = with_answers(tablet.revision(world, **link), weight_kg="3.200")
    right = with_answers(tablet.revision(world, **link), weight_kg="3.300")

    tablet.push(first, left)
    [result] = tablet.push(right)

    assert result["result"] == "stored"
    assert "stale_base" in result["flags"]
    assert count(session, RevisionRow) == 3
    assert session.get(VisitRow, first["visit_id"]).state == "two_versions"


def test_nobody_elses_visit_is_taken_over(tablet_of, tablet: Tablet, world: World, session: Session) -> None:
    first = tablet.revision(world)
    tablet.push(first)
    ben = tablet_of(world.ben)

    [result] = ben.push(ben.revision(world, visit_id=first["visit_id"], parent_rev=first["rev_id"]))

    assert result["result"] == "stored"
    assert "other_author" in result["flags"]
    visit = session.get(VisitRow, first["visit_id"])
    assert visit.author_id == world.amira.id
    assert visit.head_revision_id == first["rev_id"]


class TestTheRequest:
    def test_malformed_json_says_the_visits_are_safe(self, tablet: Tablet) -> None:
        answer = tablet.send("POST", "/sync/v1/push", data=b"{not json")

        assert answer.status_code == 422
        assert answer.json["error"]["code"] == "malformed_json"
        assert "still on it" in answer.json["error"]["message"]

    def test_an_oversized_body_is_refused_whole(self, tablet: Tablet, app: Flask) -> None:
        answer = tablet.send("POST", "/sync/v1/push", data=b" " * (app.config["MAX_CONTENT_LENGTH"] + 1))

        assert answer.status_code == 413
        assert answer.json["error"]["code"] == "too_large"

    def test_a_small_body_that_unpacks_too_large_is_refused(self, tablet: Tablet, app: Flask) -> None:
        bomb = gzip.compress(b" " * (app.config["MAX_CONTENT_LENGTH"] + 1))

        answer = tablet.send("POST", "/sync/v1/push", data=bomb, headers={"Content-Encoding": "gzip"})

        assert answer.status_code == 413

    def test_a_compressed_batch_is_read(self, tablet: Tablet, world: World) -> None:
        envelope = tablet.envelope(tablet.revision(world))
        body = gzip.compress(json.dumps({"items": [envelope]}).encode())

        answer = tablet.send("POST", "/sync/v1/push", data=body, headers={"Content-Encoding": "gzip"})

        assert answer.json["results"][0]["result"] == "stored"

    def test_more_than_a_hundred_items_are_asked_for_in_parts(self, tablet: Tablet) -> None:
        answer = tablet.send("POST", "/sync/v1/push", {"items": [{}] * 101})

        assert answer.status_code == 413

    def test_a_protocol_from_the_future_is_taken(self, tablet: Tablet, world: World) -> None:
        envelope = tablet.envelope(tablet.revision(world))

        answer = tablet.send("POST", "/sync/v1/push", {"items": [envelope]}, headers={"HV-Sync": "2"})

        assert answer.json["results"][0]["result"] == "stored"
