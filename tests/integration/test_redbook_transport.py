"""Sending one message: every answer and every lack of one becomes an outcome, and nothing is ever raised."""

import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from hvapp.domain.redbook import Outcome
from sync.builders.fhir_r4 import build
from sync.transports import fhir_rest
from sync.transports.fhir_rest import FhirRest
from tests.support.redbook_sample import NHS_NUMBER, RECORD, child, record
from tests.support.scripted import Reply, Script, scripted_server


@dataclass(frozen=True)
class Message:
    payload: bytes | None = build(RECORD)
    message_id: str = "0198a000-0000-4000-8000-000000000001"


ENTRIES = len(json.loads(build(RECORD))["entry"])
NOBODY: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "total": 0}


def done(statuses: list[str] | None = None, count: int = ENTRIES) -> dict[str, Any]:
    statuses = statuses or ["201 Created"] * count
    entries: list[dict[str, Any]] = [{"response": {"status": status}} for status in statuses]
    entries[1]["response"]["location"] = "http://127.0.0.1/fhir/Encounter/abc/_history/1"
    return {"resourceType": "Bundle", "type": "transaction-response", "entry": entries}


def known_child(**changes: Any) -> dict[str, Any]:
    patient = {"resourceType": "Patient", "id": "p1", "birthDate": "2026-05-03"} | changes
    return NOBODY | {"total": 1, "entry": [{"resource": patient}]}


def as_json(value: Any, status: int = 200, **headers: str) -> Reply:
    return Reply(status, json.dumps(value).encode(), headers=headers)


@pytest.fixture
def red_book() -> Iterator[Script]:
    with scripted_server() as script:
        script.replies = {"/fhir/Patient/_search": as_json(NOBODY), "/fhir": as_json(done())}
        yield script


def send(red_book: Script, message: Message | None = None) -> Outcome:
    return FhirRest(red_book.url + "/fhir/").send(message or Message())


def test_a_stored_visit(red_book: Script) -> None:
    outcome = send(red_book)
    assert (outcome.kind, outcome.reason_code, outcome.http_status) == ("sent", "stored", 200)
    assert outcome.reference == "Encounter/abc/_history/1"


def test_what_is_sent_is_the_frozen_bytes_under_their_own_name(red_book: Script) -> None:
    send(red_book)
    search, transaction = red_book.asked
    assert transaction.body == Message().payload
    assert transaction.headers["Content-Type"] == "application/fhir+json"
    for asked in (search, transaction):
        assert asked.headers["X-Request-Id"] == Message().message_id
        assert asked.headers["Accept"] == "application/fhir+json"


def test_no_nhs_number_stands_in_an_address(red_book: Script) -> None:
    """Addresses end up in the logs of proxies and servers."""
    send(red_book)
    assert all(NHS_NUMBER not in asked.path for asked in red_book.asked)
    assert NHS_NUMBER.encode() in red_book.asked[0].body


def test_a_child_the_red_book_knows(red_book: Script) -> None:
    red_book.replies["/fhir/Patient/_search"] = as_json(known_child())
    assert send(red_book).kind == "sent"


def test_a_known_child_without_a_birth_date_is_not_taken_for_another(red_book: Script) -> None:
    red_book.replies["/fhir/Patient/_search"] = as_json(known_child(birthDate=None))
    assert send(red_book).kind == "sent"


def test_nothing_is_written_into_another_childs_record(red_book: Script) -> None:
    red_book.replies["/fhir/Patient/_search"] = as_json(known_child(birthDate="2024-01-31"))
    outcome = send(red_book)
    assert (outcome.kind, outcome.reason_code) == ("dead", "another_child")
    assert [asked.path for asked in red_book.asked] == ["/fhir/Patient/_search"]
    assert NHS_NUMBER not in outcome.detail


def test_two_records_for_one_number_are_nobodys_to_choose(red_book: Script) -> None:
    twice = known_child()
    red_book.replies["/fhir/Patient/_search"] = as_json(twice | {"entry": twice["entry"] * 2})
    assert send(red_book).reason_code == "more_than_one_child"
    assert len(red_book.asked) == 1


@pytest.mark.parametrize(
    ("reply", "kind", "reason"),
    [
        (as_json({"resourceType": "OperationOutcome", "issue": []}, 401), "paused", "signed_out"),
        (
            Reply(200, b"<html>Sign in to the wireless network</html>", "text/html"),
            "retry",
            "not_the_red_book",
        ),
        (as_json({"resourceType": "OperationOutcome"}), "retry", "unclear"),
        (Reply(503), "retry", "busy"),
        (Reply(404), "paused", "wrong_address"),
    ],
)
def test_trouble_when_asking_for_the_child(red_book: Script, reply: Reply, kind: str, reason: str) -> None:
    red_book.replies["/fhir/Patient/_search"] = reply
    outcome = send(red_book)
    assert (outcome.kind, outcome.reason_code) == (kind, reason)
    assert len(red_book.asked) == 1, "the visit itself was not sent"


@pytest.mark.parametrize(
    ("reply", "kind", "reason"),
    [
        (Reply(200, b"<!doctype html><title>Sign in</title>", "text/html"), "retry", "not_the_red_book"),
        (Reply(200, b""), "retry", "unclear"),
        (Reply(200, b"{"), "retry", "not_the_red_book"),
        (Reply(200, b"[]"), "retry", "not_the_red_book"),
        (as_json({"resourceType": "Bundle", "type": "searchset"}), "retry", "unclear"),
        (as_json(done(count=ENTRIES - 1)), "retry", "unclear"),
        (as_json(done() | {"entry": "text"}), "retry", "unclear"),
        (
            as_json(done() | {"entry": [None, {"response": 7}, {"response": {"status": "fine"}}]}),
            "retry",
            "unclear",
        ),
        (as_json(done(["201"] * (ENTRIES - 1) + ["422"])), "dead", "partly_refused"),
        (as_json(done(["201"] * (ENTRIES - 1) + ["500"])), "retry", "partly_failed"),
        (as_json({"resourceType": "OperationOutcome", "issue": []}, 422), "dead", "refused"),
        (as_json({"resourceType": "OperationOutcome", "issue": []}, 412), "dead", "more_than_one_child"),
        (as_json({"resourceType": "OperationOutcome", "issue": []}, 409), "retry", "changed_meanwhile"),
        (Reply(403, b"<html>Forbidden</html>", "text/html"), "paused", "signed_out"),
        (Reply(415), "paused", "wrong_dialect"),
        (Reply(500, b"Internal Server Error", "text/plain"), "retry", "red_book_fault"),
        (Reply(504), "retry", "red_book_fault"),
    ],
)
def test_answers(red_book: Script, reply: Reply, kind: str, reason: str) -> None:
    red_book.replies["/fhir"] = reply
    outcome = send(red_book)
    assert (outcome.kind, outcome.reason_code) == (kind, reason)


def test_a_redirect_is_not_followed(red_book: Script) -> None:
    """Patient data goes to the address we were given, and to no other."""
    red_book.replies["/fhir"] = Reply(307, headers={"Location": f"{red_book.url}/elsewhere"})
    assert send(red_book).reason_code == "redirected"
    assert all(asked.path != "/elsewhere" for asked in red_book.asked)


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        ("120", 120, 120),
        (timedelta(minutes=10), 560, 600),
        (timedelta(minutes=-10), 0, 0),
        ("999999999999", 86400, 86400),
    ],
)
def test_the_wait_it_asks_for(red_book: Script, value: str | timedelta, low: int, high: int) -> None:
    if isinstance(value, timedelta):
        value = format_datetime(datetime.now(UTC) + value, usegmt=True)
    red_book.replies["/fhir"] = Reply(503, headers={"Retry-After": value})
    asked = send(red_book).retry_after_seconds
    assert asked is not None and low <= asked <= high


@pytest.mark.parametrize("value", ["", "soon", "-5", "1.5", "Mon, 99 Foo 2026"])
def test_a_wait_that_cannot_be_read(red_book: Script, value: str) -> None:
    red_book.replies["/fhir"] = Reply(429, headers={"Retry-After": value})
    outcome = send(red_book)
    assert (outcome.reason_code, outcome.retry_after_seconds) == ("busy", None)


def test_an_answer_without_end_is_not_read(red_book: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fhir_rest, "LONGEST_ANSWER", 1000)
    red_book.replies["/fhir"] = Reply(200, b" " * 200_000)
    assert send(red_book).reason_code == "answer_too_long"


def test_an_answer_that_trickles_in_ends(red_book: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fhir_rest, "WHOLE_ANSWER_SECONDS", 0.05)
    red_book.replies["/fhir"] = Reply(200, b"{}", before_body=lambda: time.sleep(0.2))
    assert send(red_book).reason_code == "timeout"


def test_an_answer_that_never_comes(red_book: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fhir_rest, "READ_SECONDS", 0.1)
    red_book.replies["/fhir"] = Reply(200, b"{}", before_body=lambda: time.sleep(0.5))
    assert send(red_book).reason_code == "timeout"


def test_an_answer_that_breaks_off(red_book: Script) -> None:
    red_book.replies["/fhir"] = Reply(200, b'{"resourceType":', promised_length=5000)
    assert send(red_book).reason_code == "answer_broken"


def test_nobody_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/fhir"
        assert FhirRest(url).send(Message()).reason_code == "unreachable"


def test_an_address_that_does_not_exist() -> None:
    assert FhirRest("http://red-book.invalid/fhir").send(Message()).reason_code == "name_not_found"


def test_a_red_book_that_cannot_prove_itself(red_book: Script) -> None:
    url = red_book.url.replace("http://", "https://")
    outcome = FhirRest(url + "/fhir").send(Message())
    assert (outcome.kind, outcome.reason_code) == ("retry", "not_trusted")
    assert red_book.asked == []


@pytest.mark.parametrize("address", ["not an address", "ftp://red-book.example/fhir", "http://"])
def test_an_address_that_is_none(address: str) -> None:
    assert FhirRest(address).send(Message()).reason_code == "wrong_address"


def test_a_message_that_is_too_large_is_not_sent(red_book: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fhir_rest, "LONGEST_MESSAGE", 1000)
    assert send(red_book).reason_code == "too_large"
    assert red_book.asked == []


def test_a_message_that_was_never_built_is_a_mistake_here(red_book: Script) -> None:
    with pytest.raises(ValueError, match="built"):
        send(red_book, Message(payload=None))


def test_proxies_of_the_environment_are_not_used(red_book: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the settings say where patient data goes."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert send(red_book).kind == "sent"


def test_a_corrected_visit_removes_and_is_counted_whole(red_book: Script) -> None:
    payload = build(record(without=("length_cm",), child=child()), "update")
    count = len(json.loads(payload)["entry"])
    red_book.replies["/fhir"] = as_json(done(["200 OK"] * (count - 1) + ["204 No Content"]))
    assert send(red_book, Message(payload=payload)).kind == "sent"
