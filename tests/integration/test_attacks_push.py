"""Hostile and broken pushes: no visit may stand in the way of the others, whatever is in it."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, event, func, select
from sqlalchemy.orm import Session

from hvapp.domain.reconcile import Flag
from hvapp.services import judging
from hvapp.store.visits import JudgementRow, QuarantineRow, RevisionRow, VisitRow
from tests.support.client import FORMS, Tablet, new_id, seal
from tests.support.desk import Desk
from tests.support.world import World

Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def sue(app: Flask, world: World) -> Desk:
    return Desk(app.test_client()).sign_in(world.sue)


def changed(revision: dict[str, Any], change: Change) -> dict[str, Any]:
    change(revision)
    return seal(revision)


def answers(**given: Any) -> Change:
    return lambda revision: revision["payload"]["answers"].update(given)


def payload(**given: Any) -> Change:
    return lambda revision: revision["payload"].update(given)


def members(**given: Any) -> Change:
    return lambda revision: revision.update(given)


NO_VISIT: dict[str, Change] = {
    "a time before there were clocks": members(occurred_at="0001-01-01T00:00:00+00:00"),
    "sealed before there were clocks": members(sealed_at="0001-01-01T00:00:00+00:00"),
    "sealed in the far future": members(sealed_at="9999-12-31T23:59:59+00:00"),
    "answers that are a list": payload(answers=["x"]),
    "answers that are text": payload(answers="x"),
    "answers that are nothing": payload(answers=None),
    "derived values that are a list": payload(derived=["x"]),
    "confirmations that are text": payload(confirmed="x"),
    "responses that are a list": payload(alert_responses=["x"]),
    "a context that is a list": payload(context=["x"]),
    "an id with a line break": members(rev_id="0190a7c2-0000-7000-8000-000000000000\n"),
    "a visit with a line break": members(visit_id="0190a7c2-0000-7000-8000-000000000000\n"),
    "a contact with a line break": members(contact_type="new_birth\n"),
}


@pytest.mark.parametrize("change", NO_VISIT.values(), ids=NO_VISIT)
def test_what_is_not_a_visit_is_kept_and_told_so(
    tablet: Tablet, sue: Desk, world: World, session: Session, change: Change
) -> None:
    bad, good = changed(tablet.revision(world), change), tablet.revision(world)

    refused, stored = tablet.push(bad, good)

    assert (refused["result"], stored["result"]) == ("rejected:malformed", "stored")
    assert json.loads(session.scalars(select(QuarantineRow)).one().body) == bad
    assert sue.get("/review").has("To sort out: 1", "Maya Marlow")
    assert sue.get("/sort").has("Could not be filed")
    assert sue.get(f"/review/{good['visit_id']}").status_code == 200


JUNK: dict[str, Change] = {
    "an SDS beyond all numbers": payload(derived={"weight_kg": {"sds": "1e1000000"}}),
    "an SDS that is no number": payload(derived={"weight_kg": {"sds": "sNaN", "band": ["x"]}}),
    "derived values of the wrong kind": payload(derived={"weight_kg": ["x"], "x": {"sds": {"a": 1}}}),
    "no payload": members(payload={}),
    "an end that is no time": answers(ended_at="soon"),
    "an end without an offset": answers(ended_at="2026-11-01T10:00:00"),
    "an end before there were clocks": answers(ended_at="0001-01-01T00:00:00+00:00"),
    "a start at the edge of time": answers(started_at="2099-12-31T23:59:59-14:00"),
    "reasons of the wrong kind": answers(weight_kg={"not_done": ["x"], "detail": {"a": 1}}),
    "people that are objects": answers(present=[{"a": 1}], advice=[["feeding"]]),
    "agreement of the wrong kind": answers(share_consent=["x", 1, None]),
    "a weight like a mountain": answers(weight_kg="999999999.999999999999"),
    "a negative weight": answers(weight_kg="-1", birth_weight_kg="0"),
    "whole numbers without end": answers(gestation_weeks=10**400, nappies_wet=-(2**53)),
    "rows of the wrong kind": answers(referrals=[{"service": {"a": 1}}, 1, None, [], {}]),
    "text in disguise": answers(actions="a\x00b\u202e\u2066<script>alert(1)</script>{{ 1234567*8 }}"),
    "ten thousand unknown questions": payload(answers={f"q{n}": "x" for n in range(10_000)}),
    "a very long answer": answers(actions="x" * 1_000_000),
}


@pytest.mark.parametrize("change", JUNK.values(), ids=JUNK)
def test_junk_in_a_visit_is_stored_read_out_and_decided(
    tablet: Tablet, sue: Desk, world: World, session: Session, change: Change
) -> None:
    bad = changed(tablet.revision(world), change)

    [result] = tablet.push(bad)

    assert result["result"] == "stored"
    assert sue.get("/review").status_code == 200
    visit = f"/review/{bad['visit_id']}"
    for page in (sue.get(visit), sue.post(f"{visit}/restricted", reason="Reading the whole visit")):
        assert page.status_code == 200
        assert "<script>alert" not in page.html
        assert "9876536" not in page.html
    assert sue.post(f"{visit}/approve", rev_id=bad["rev_id"]).status_code == 302
    assert sue.get("/review").status_code == sue.get("/red-book").status_code == 200
    assert tablet.visit(bad["visit_id"])["state"] == "approved"


def test_one_visit_that_cannot_be_judged_does_not_keep_the_others_waiting(
    tablet: Tablet, sue: Desk, world: World, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd, plain = tablet.revision(world), tablet.revision(world)
    real = judging.check

    def check(form: Any, payload: Any, facts: Any) -> Any:
        if payload["answers"].get("actions") == "odd":
            raise ZeroDivisionError
        return real(form, payload, facts)

    monkeypatch.setattr(judging, "check", check)
    odd = changed(odd, answers(actions="odd"))

    tablet.push(odd, plain)

    assert sue.get("/review").status_code == 200
    session.rollback()
    assert session.get_one(RevisionRow, odd["rev_id"]).all_flags == [Flag.INVALID_ANSWERS]
    assert session.get_one(RevisionRow, plain["rev_id"]).all_flags == []


def test_trouble_behind_a_receipt_does_not_reach_the_connection(
    tablet: Tablet, world: World, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Judging comes after the answer; the server would cut the tablet's connection for an error there."""

    def fail(*args: object) -> int:
        raise RuntimeError

    monkeypatch.setattr(judging, "judge_new", fail)

    [result] = tablet.push(tablet.revision(world))

    assert result["result"] == "stored"
    monkeypatch.undo()
    assert judging.judge_new(session, FORMS, datetime.now(UTC)) == 1


def test_a_visit_does_not_count_as_another_contact_than_its_form_is_for(
    tablet: Tablet, sue: Desk, world: World
) -> None:
    """Approved, it would tick off a review that nobody made."""
    revision = tablet.revision(world, contact_type="two_year")

    [result] = tablet.push(revision)

    assert result["flags"] == ["form_changed"]
    assert sue.post(f"/review/{revision['visit_id']}/approve", rev_id=revision["rev_id"]).status_code == 409
    assert tablet.visit(revision["visit_id"])["state"] == "quarantined"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('"weight_kg":"3.180"', '"weight_kg":"3.180","weight_kg":"4.180"'),
        ('"nappies_wet":6', '"nappies_wet":1e999'),
        ('"nappies_wet":6', '"nappies_wet":NaN'),
        ('"nappies_wet":6', '"nappies_wet":6.0'),
        ('"place":"home"', '"place":"\\ud800"'),
        ('"place":"home"', '"\\udfff":"home"'),
    ],
)
def test_json_that_says_two_things_or_nothing_is_not_taken(
    tablet: Tablet, world: World, session: Session, written: str, read: str
) -> None:
    revision = tablet.revision(world)
    plain = json.dumps(revision, separators=(",", ":"))
    assert written in plain

    [result] = tablet.push_sealed(
        tablet.envelope_of_bytes(
            plain.replace(written, read).encode(),
            rev_id=revision["rev_id"],
            device_seq=revision["device_seq"],
        )
    )

    assert result["result"].startswith("rejected:")
    assert session.scalar(select(func.count()).select_from(RevisionRow)) == 0
    assert session.scalar(select(func.count()).select_from(QuarantineRow)) == 1


@pytest.mark.parametrize("opening", ["[", '{"a":'])
@pytest.mark.parametrize("levels", [100, 900, *range(935, 941), 100_000])
def test_any_depth_is_answered_and_never_kept_where_it_cannot_be_read(
    tablet: Tablet, sue: Desk, world: World, levels: int, opening: str
) -> None:
    revision = tablet.revision(world)
    closing = "]" if opening == "[" else "}"
    deep = opening * levels + "1" + closing * levels
    plain = json.dumps(revision).replace('"home"', deep).encode()
    envelope = tablet.envelope_of_bytes(plain, rev_id=revision["rev_id"], device_seq=revision["device_seq"])

    [result] = tablet.push_sealed(envelope)
    outside = tablet.send("POST", "/sync/v1/push", data=f'{{"items": [{deep}]}}')

    assert result["result"] == "rejected:malformed"
    if outside.status_code == 200:
        assert outside.json["results"][0]["result"] == "rejected:malformed"
    else:
        assert outside.status_code in (400, 422)
    assert sue.get("/review").status_code == 200


def test_numbers_too_long_to_read_are_refused_in_words(tablet: Tablet) -> None:
    body = '{"items":[' + "9" * 5000 + "]}"

    answer = tablet.send("POST", "/sync/v1/push", data=body)

    assert (answer.status_code, answer.json["error"]["code"]) == (422, "malformed_json")


def test_a_version_that_cannot_join_its_visit_is_shown_to_a_supervisor(
    tablet: Tablet, tablet_of: Callable[..., Tablet], sue: Desk, world: World, session: Session
) -> None:
    """Kept is not enough: the tablet has its receipt, so somebody has to see that it went nowhere."""
    first = tablet.revision(world)
    tablet.push(first)
    sue.post(f"/review/{first['visit_id']}/return", rev_id=first["rev_id"], comment="Please look again")
    link = {"visit_id": first["visit_id"], "parent_rev": first["rev_id"]}
    ben = tablet_of(world.ben)
    shelved = [
        (tablet, tablet.revision(world, **link, definition_hash="0" * 64), "form on the tablet was not"),
        (tablet, tablet.revision(world, **link, form_version=99), "form this server does not know"),
        (
            tablet,
            tablet.revision(world, **link, child_id=new_id()),
            "pregnancy is not on this service’s records",
        ),
        (ben, ben.revision(world, **link), "begun by another visitor"),
    ]

    for sender, revision, _ in shelved:
        assert sender.push(revision)[0]["result"] == "stored"
        assert sender.push(revision)[0]["result"] == "duplicate"

    session.rollback()
    assert session.get_one(VisitRow, first["visit_id"]).head_revision_id == first["rev_id"]
    page = sue.get("/sort")
    page.has("Could not be filed", "Ben Osei", *(words for _, _, words in shelved))
    assert sum(address.startswith("/sort/pile") for address in page.addresses) == len(shelved)


def test_a_flood_of_what_could_not_be_filed_is_one_line(tablet: Tablet, sue: Desk, world: World) -> None:
    """A faulty tablet may leave gigabytes there; the list needs none of it, and one question is enough."""
    tablet.push(*({"junk": "x" * 1000, "rev_id": new_id()} for _ in range(100)))
    asked: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        page = sue.get("/sort")
    finally:
        event.remove(Engine, "before_cursor_execute", note)

    page.has("How many 100 Sent by Amira Khan")
    assert sum(address.startswith("/sort/pile") for address in page.addresses) == 1
    of_items = [one for one in asked if "FROM quarantine" in one]
    assert of_items and not any(re.search(r"quarantine\.body\b(?!_)", one) for one in of_items)
    assert len(asked) < 20


def test_judgements_are_one_for_each_version(
    tablet: Tablet, world: World, session: Session, judge: Callable[[], int]
) -> None:
    tablet.push(tablet.revision(world), tablet.revision(world))

    assert [judge(), judge()] == [2, 0]
    assert session.scalar(select(func.count()).select_from(JudgementRow)) == 2
