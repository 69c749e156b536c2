"""The stand-in refuses what the real red book would refuse, keeps all of a transaction or none, and speaks plainly."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hvapp.settings import ROOT
from sync import fhir_json
from sync.builders.fhir_r4 import build
from sync.redbook_stub.app import LARGEST_BODY, create_redbook
from tests.support.redbook_sample import LATER_REVISION_ID, NHS_NUMBER, RECORD, child, record
from tests.support.servers import free_port

FHIR = "application/fhir+json"
BY_NUMBER = f"/fhir/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|{NHS_NUMBER}"


@pytest.fixture
def red_book(tmp_path: Path) -> Iterator[Flask]:
    app = create_redbook(tmp_path, faults_by_http=True)
    yield app
    app.extensions["redbook_store"].close()


@pytest.fixture
def sender(red_book: Flask) -> FlaskClient:
    return red_book.test_client()


def send(sender: FlaskClient, payload: bytes, content_type: str = FHIR) -> TestResponse:
    return sender.post("/fhir", data=payload, content_type=content_type)


def spoiled(spoil: Callable[[dict[str, Any]], Any], of: bytes | None = None) -> bytes:
    bundle = fhir_json.loads(of or build(RECORD))
    spoil(bundle)
    return fhir_json.dumps(bundle)


def count(sender: FlaskClient, kind: str) -> int:
    found = sender.get(BY_NUMBER).json
    if not found["total"]:
        return 0
    return int(sender.get(f"/fhir/{kind}?patient={found['entry'][0]['resource']['id']}").json["total"])


def everything(sender: FlaskClient) -> tuple[int, int, int, int]:
    return (
        sender.get(BY_NUMBER).json["total"],
        count(sender, "Encounter"),
        count(sender, "Observation"),
        count(sender, "QuestionnaireResponse"),
    )


def test_a_visit_is_stored_and_found_by_nhs_number(sender: FlaskClient) -> None:
    answer = send(sender, build(RECORD))
    assert answer.status_code == 200
    assert {entry["response"]["status"] for entry in answer.json["entry"]} == {"201 Created"}
    assert everything(sender) == (1, 1, 11, 1)


def test_the_same_visit_twice_is_one_visit(sender: FlaskClient) -> None:
    send(sender, build(RECORD))
    answer = send(sender, build(RECORD))
    assert {entry["response"]["status"] for entry in answer.json["entry"]} == {"200 OK"}
    assert {entry["response"]["etag"] for entry in answer.json["entry"]} == {'W/"1"'}
    assert everything(sender) == (1, 1, 11, 1)


def test_a_correction_replaces_and_the_first_version_is_kept(sender: FlaskClient) -> None:
    send(sender, build(RECORD))
    corrected = record(answers={"weight_kg": "3.550"}, without=("length_cm",), revision_id=LATER_REVISION_ID)
    assert send(sender, build(corrected, "update")).status_code == 200
    patient = sender.get(BY_NUMBER).json["entry"][0]["resource"]["id"]
    stored = fhir_json.loads(sender.get(f"/fhir/Observation?patient={patient}").data)["entry"]
    weights = [
        one["resource"] for one in stored if one["resource"]["code"]["coding"][-1]["code"] == "27113001"
    ]
    assert [str(weight["valueQuantity"]["value"]) for weight in weights] == ["3.550"]
    assert weights[0]["meta"]["versionId"] == "2"
    history = fhir_json.loads(sender.get(f"/fhir/Observation/{weights[0]['id']}/_history").data)["entry"]
    assert [str(one["resource"]["valueQuantity"]["value"]) for one in history] == ["3.550", "3.450"]
    assert not any(one["resource"]["code"]["coding"][-1]["code"] == "248334005" for one in stored)


def test_demographics_of_a_known_child_are_left_alone(sender: FlaskClient) -> None:
    send(sender, build(RECORD))
    send(sender, build(record(child=child(family_name="Renamed"))))
    assert sender.get(BY_NUMBER).json["entry"][0]["resource"]["name"][0]["family"] == "Okafor"


def test_two_records_with_one_number_are_refused(sender: FlaskClient) -> None:
    send(sender, build(RECORD))
    send(sender, spoiled(lambda b: b["entry"][0]["request"].pop("ifNoneExist")))
    before = everything(sender)
    answer = send(sender, build(RECORD))
    assert answer.status_code == 412
    assert answer.json["issue"][0]["code"] == "multiple-matches"
    assert everything(sender) == before and before[0] == 2


def _observation(bundle: dict[str, Any]) -> dict[str, Any]:
    resource: dict[str, Any] = bundle["entry"][2]["resource"]
    return resource


REFUSED: dict[str, tuple[Callable[[dict[str, Any]], Any], int]] = {
    "a batch": (lambda b: b.update(type="batch"), 400),
    "nothing in it": (lambda b: b.update(entry=[]), 400),
    "an unknown element": (lambda b: _observation(b).update(weight=3), 400),
    "an entry without a request": (lambda b: b["entry"][1].pop("request"), 400),
    "a name twice": (lambda b: b["entry"][2].update(fullUrl=b["entry"][1]["fullUrl"]), 400),
    "a name that is not its own": (lambda b: b["entry"][2]["request"].update(url="Observation/other"), 400),
    "an impossible NHS number": (
        lambda b: b["entry"][0]["resource"]["identifier"][0].update(value="9990000019"),
        422,
    ),
    "no NHS number": (lambda b: b["entry"][0]["resource"].pop("identifier"), 422),
    "no birth date": (lambda b: b["entry"][0]["resource"].pop("birthDate"), 422),
    "a condition that is not the number": (
        lambda b: b["entry"][0]["request"].update(ifNoneExist="name=Amelia"),
        400,
    ),
    "a replaced child": (
        lambda b: b["entry"][0].update(
            request={"method": "PUT", "url": "Patient/p1"}, resource=b["entry"][0]["resource"] | {"id": "p1"}
        ),
        422,
    ),
    "a record of a kind it does not keep": (
        lambda b: b["entry"][2].update(
            resource={"resourceType": "Basic", "id": "b1", "code": {"text": "x"}},
            request={"method": "PUT", "url": "Basic/b1"},
        ),
        422,
    ),
    "no profile": (lambda b: _observation(b).pop("meta"), 422),
    "a profile it does not know": (
        lambda b: _observation(b).update(meta={"profile": ["https://x.example/p"]}),
        422,
    ),
    "grams": (lambda b: _observation(b)["valueQuantity"].update(unit="gram", code="g"), 422),
    "only LOINC": (lambda b: _observation(b)["code"]["coding"].pop(1), 422),
    "another LOINC code": (lambda b: _observation(b)["code"]["coding"][0].update(code="9843-4"), 422),
    "not final": (lambda b: _observation(b).update(status="amended"), 422),
    "no category": (lambda b: _observation(b).pop("category"), 422),
    "no value": (lambda b: _observation(b).pop("valueQuantity"), 422),
    "no date": (lambda b: _observation(b).pop("effectiveDateTime"), 422),
    "nobody's": (lambda b: _observation(b).pop("subject"), 422),
    "a reference to nowhere": (
        lambda b: _observation(b)["encounter"].update(reference="urn:uuid:nowhere"),
        422,
    ),
    "a reference to a stranger": (
        lambda b: _observation(b)["subject"].update(reference="Patient/stranger"),
        422,
    ),
    "a removal by search": (
        lambda b: b["entry"].append({"request": {"method": "DELETE", "url": "Observation?patient=1"}}),
        400,
    ),
    "a removed child": (
        lambda b: b["entry"].append({"request": {"method": "DELETE", "url": "Patient?_id=1"}}),
        400,
    ),
    "a question": (lambda b: b["entry"].append({"request": {"method": "GET", "url": "Patient"}}), 400),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_whole(sender: FlaskClient, name: str) -> None:
    """Nothing of a refused transaction stays, not even the child."""
    spoil, status = REFUSED[name]
    answer = send(sender, spoiled(spoil))
    assert answer.status_code == status
    assert answer.content_type.startswith(FHIR)
    assert answer.json["resourceType"] == "OperationOutcome"
    assert answer.json["issue"][0]["severity"] == "error"
    assert sender.get(BY_NUMBER).json["total"] == 0


def test_a_refusal_late_in_a_transaction_rolls_back_what_came_before(sender: FlaskClient) -> None:
    send(sender, build(RECORD))
    corrected = build(record(answers={"weight_kg": "9.999"}), "update")
    answer = send(sender, spoiled(lambda b: _last(b)["subject"].update(reference="x/1"), corrected))
    assert answer.status_code == 422
    assert b"9.999" not in sender.get(f"/fhir/Observation?patient={_patient_id(sender)}").data


def _last(bundle: dict[str, Any]) -> dict[str, Any]:
    resources: list[dict[str, Any]] = [one["resource"] for one in bundle["entry"] if "resource" in one]
    return resources[-1]


def _patient_id(sender: FlaskClient) -> str:
    return str(sender.get(BY_NUMBER).json["entry"][0]["resource"]["id"])


@pytest.mark.parametrize(
    ("payload", "content_type", "status"),
    [
        (b"{}", "text/plain", 415),
        (b"{}", "application/fhir+xml", 415),
        (b"<Bundle/>", FHIR, 400),
        (b"{", FHIR, 400),
        (b"[]", FHIR, 400),
        (b'{"resourceType": "Patient"}', FHIR, 400),
        (b" " * (LARGEST_BODY + 1), FHIR, 413),
    ],
)
def test_what_is_no_transaction(sender: FlaskClient, payload: bytes, content_type: str, status: int) -> None:
    answer = send(sender, payload, content_type)
    assert answer.status_code == status
    assert answer.json["resourceType"] == "OperationOutcome"


def test_plain_json_is_taken_too(sender: FlaskClient) -> None:
    assert send(sender, build(RECORD), "application/json; charset=utf-8").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/fhir/metadata", 200),
        ("GET", "/fhir/Patient", 400),
        ("GET", "/fhir/Observation", 400),
        ("GET", "/fhir/Observation/nobody", 404),
        ("GET", "/fhir/Medication?patient=1", 404),
        ("PUT", "/fhir/Patient/1", 405),
        ("DELETE", "/fhir/Patient/1", 405),
        ("POST", "/fhir/Observation", 405),
        ("GET", "/fhir/", 405),
    ],
)
def test_other_addresses_answer_in_fhir(sender: FlaskClient, method: str, path: str, status: int) -> None:
    answer = sender.open(path, method=method)
    assert answer.status_code == status
    assert answer.content_type.startswith(FHIR)


def test_removed_records_are_gone_and_say_so(sender: FlaskClient) -> None:
    send(sender, build(RECORD))
    gone = next(
        entry["fullUrl"].removeprefix("urn:uuid:")
        for entry in fhir_json.loads(build(RECORD))["entry"]
        if b"248334005" in fhir_json.dumps(entry)
    )
    assert sender.get(f"/fhir/Observation/{gone}").status_code == 200
    send(sender, build(record(without=("length_cm",)), "update"))
    assert sender.get(f"/fhir/Observation/{gone}").status_code == 410


def test_records_outlive_the_process(tmp_path: Path) -> None:
    for _ in range(2):
        app = create_redbook(tmp_path)
        send(app.test_client(), build(RECORD))
        assert everything(app.test_client()) == (1, 1, 11, 1)
        app.extensions["redbook_store"].close()


@pytest.mark.parametrize(
    ("kind", "status"),
    [("busy", 503), ("refused", 422), ("html", 200), ("broken", 500), ("signed_out", 401), ("redirect", 302)],
)
def test_trouble_on_request_passes(sender: FlaskClient, kind: str, status: int) -> None:
    assert sender.post(f"/faults/{kind}?times=2").status_code == 204
    assert [send(sender, build(RECORD)).status_code for _ in range(3)] == [status, status, 200]


def test_trouble_can_only_be_ordered_where_that_is_allowed(tmp_path: Path, sender: FlaskClient) -> None:
    assert sender.post("/faults/nonsense").status_code == 404
    app = create_redbook(tmp_path / "closed")
    assert app.test_client().post("/faults/busy").status_code == 404
    app.extensions["redbook_store"].close()


def test_an_empty_red_book_says_what_will_be_there(sender: FlaskClient) -> None:
    page = sender.get("/").text
    assert "No visit has reached the red book yet" in page
    assert "not the real red book" in page


def test_a_parents_page(sender: FlaskClient) -> None:
    send(sender, build(RECORD))
    children = sender.get("/").text
    assert "Amelia Okafor" in children and "3 May 2026" in children
    assert NHS_NUMBER not in children
    page = sender.get(f"/child/{_patient_id(sender)}").text
    words = " ".join(page.split())
    for said in (
        "This is a demonstration stand-in with made-up people. It is not the real red book",
        "3.450 kg",
        "25th to 50th centile",
        "51.5 cm",
        "34.0 cm",
        "12 days",
        "at birth",
        "Mother&#39;s breast milk",
        "Breast milk and other milk",
        "Latching on, Pain when feeding",
        "New baby review, 15 May 2026",
        "Priya Shah, Health visitor",
        "At home",
        "999 000 0018",
        "A note for you, 15 May 2026",
        "Amelia is gaining weight well",
        "In your own words, 15 May 2026",
        "She smiles at her brother.<br>We are sleeping a little.",
        "What was agreed, 15 May 2026",
        "Feed every three hours. Weigh again in a week.",
        "Next contact: 22 May 2026",
    ):
        assert said in words, said
    for unsaid in ("Partner shouted", "mother's arms", "urn:uuid", "27113001", "Zscore"):
        assert unsaid not in words


def test_names_are_text_and_never_markup(sender: FlaskClient) -> None:
    script = "<script>alert(1)</script>"
    send(
        sender,
        build(record(child=child(given_name=script), answers={"summary_parent": script, "actions": script})),
    )
    for path in ("/", f"/child/{_patient_id(sender)}"):
        assert "<script" not in sender.get(path).text


def test_an_unknown_child_has_a_page_that_helps(sender: FlaskClient) -> None:
    answer = sender.get("/child/nobody")
    assert answer.status_code == 404
    assert "There is no such child here" in answer.text


@pytest.mark.parametrize("path", ["/", "/child/nobody", "/nowhere"])
def test_pages_are_locked_down(sender: FlaskClient, path: str) -> None:
    headers = sender.get(path).headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "script-src" not in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"


def _run(*arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "sync", "redbook", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)


def test_it_runs_as_a_program_and_stops_when_asked(tmp_path: Path) -> None:
    port = free_port()
    program = _run("--port", str(port), "--data", str(tmp_path), "--faults")
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                    assert b"Demonstration red book" in answer.read()
                order = urllib.request.Request(f"http://127.0.0.1:{port}/faults/busy", method="POST")
                with urllib.request.urlopen(order, timeout=5) as answer:
                    assert answer.status == 204
                break
            except OSError:
                assert program.poll() is None and time.monotonic() < deadline
                time.sleep(0.1)
        second = _run("--port", str(port), "--data", str(tmp_path))
        _, said = second.communicate(timeout=30)
        assert second.returncode == 1
        assert f"Port {port} is already in use" in said
    finally:
        os.kill(program.pid, signal.SIGTERM)
        _, said = program.communicate(timeout=30)
    assert program.returncode == 0
    assert said == "", "no line per request: a search may carry an NHS number"
