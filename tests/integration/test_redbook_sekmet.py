"""Against a FHIR R4 server that nobody here wrote: sent, sent twice, corrected, refused, down and up again."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from sqlalchemy.orm import Session

from hvapp.services.database import open_sessions
from hvapp.settings import Settings
from hvapp.store.outbox import OutboxRow
from hvapp.store.visits import VisitRow
from sync import fhir_json
from sync.builders.fhir_r4 import build
from sync.transports.fhir_rest import FhirRest
from sync.worker import Worker
from tests.integration.sekmet import start_sekmet
from tests.support.client import FORMS, Tablet
from tests.support.redbook_sample import (
    LATER_REVISION_ID,
    NHS_NUMBER,
    OTHER_NHS_NUMBER,
    RECORD,
    VISIT_ID,
    child,
    record,
)
from tests.support.reviewing import approve
from tests.support.servers import free_port
from tests.support.world import World

pytestmark = pytest.mark.redbook

KINDS = ("Encounter", "Observation", "QuestionnaireResponse", "Communication", "CarePlan")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with start_sekmet(tmp_path_factory.mktemp("red-book"), free_port()) as url:
        yield url


@dataclass(frozen=True)
class Message:
    payload: bytes | None
    message_id: str = "0198a000-0000-4000-8000-000000000002"


def search(server: str, kind: str, **asked: str) -> list[dict[str, Any]]:
    answer = requests.get(f"{server}/{kind}", params=asked | {"_count": "100"}, timeout=10)
    assert answer.status_code == 200, answer.text
    bundle = fhir_json.loads(answer.content)
    found = [entry["resource"] for entry in bundle.get("entry", [])]
    assert len(found) == bundle["total"]
    return found


def find_child(server: str, number: str) -> dict[str, Any]:
    [patient] = search(server, "Patient", identifier=f"https://fhir.nhs.uk/Id/nhs-number|{number}")
    return patient


def count(server: str, number: str) -> dict[str, int]:
    """Counted by whose each record is: this server cannot search questionnaire responses by child."""
    whose = f"Patient/{find_child(server, number)['id']}"
    return {kind: sum(one["subject"]["reference"] == whose for one in search(server, kind)) for kind in KINDS}


def whole_visit(*, observations: int) -> dict[str, int]:
    return {
        "Encounter": 1,
        "Observation": observations,
        "QuestionnaireResponse": 1,
        "Communication": 2,
        "CarePlan": 1,
    }


def weight(server: str, number: str) -> dict[str, Any]:
    patient = find_child(server, number)["id"]
    [found] = search(server, "Observation", patient=patient, code="http://snomed.info/sct|27113001")
    return found


def test_a_visit_is_accepted_and_sending_it_twice_leaves_one(server: str) -> None:
    transport, message = FhirRest(server), Message(build(RECORD))

    first = transport.send(message)
    assert (first.kind, first.reason_code) == ("sent", "stored")
    whole = whole_visit(observations=11)
    assert count(server, NHS_NUMBER) == whole

    second = transport.send(message)
    assert second.kind == "sent"
    assert count(server, NHS_NUMBER) == whole
    [visit] = search(server, "Encounter", identifier=f"https://tools.ietf.org/html/rfc4122|{VISIT_ID}")
    assert visit["class"]["code"] == "HH"


def test_a_correction_replaces_in_place_and_takes_back_what_it_no_longer_says(server: str) -> None:
    transport = FhirRest(server)
    transport.send(Message(build(RECORD)))
    before = weight(server, NHS_NUMBER)

    corrected = record(
        answers={"weight_kg": "3.550"}, without=("length_cm", "parent_comment"), revision_id=LATER_REVISION_ID
    )
    assert transport.send(Message(build(corrected, "update"))).kind == "sent"

    after = weight(server, NHS_NUMBER)
    assert after["id"] == before["id"]
    assert str(after["valueQuantity"]["value"]).startswith("3.55")
    assert int(after["meta"]["versionId"]) > int(before["meta"]["versionId"])
    # Length is gone, and so are centile and SDS of the weight that was wrong, and what the parent took back.
    assert count(server, NHS_NUMBER) == whole_visit(observations=8) | {"Communication": 1}

    assert transport.send(Message(build(RECORD, "update"))).kind == "sent"
    assert count(server, NHS_NUMBER)["Observation"] == 11


def test_the_childs_own_record_is_never_overwritten(server: str) -> None:
    transport = FhirRest(server)
    transport.send(Message(build(RECORD)))
    transport.send(Message(build(record(child=child(family_name="Renamed")))))
    assert find_child(server, NHS_NUMBER)["name"][0]["family"] == "Okafor"


def test_another_child_with_the_same_number_is_left_alone(server: str) -> None:
    transport = FhirRest(server)
    transport.send(Message(build(RECORD)))
    before = count(server, NHS_NUMBER)
    stranger = record(
        child=child(birth_date=RECORD.child.birth_date.replace(year=2024)), visit_id=LATER_REVISION_ID
    )
    outcome = transport.send(Message(build(stranger)))
    assert (outcome.kind, outcome.reason_code) == ("dead", "another_child")
    assert count(server, NHS_NUMBER) == before


@pytest.mark.parametrize(
    "spoil",
    [
        lambda bundle: bundle["entry"][2]["resource"].pop("status"),
        lambda bundle: bundle["entry"][2]["resource"].update(subject={"reference": "urn:uuid:nobody"}),
        lambda bundle: bundle["entry"][1]["resource"].update(period={"start": "yesterday"}),
        lambda bundle: bundle["entry"][-1]["request"].update(url="QuestionnaireResponse/another-name"),
    ],
)
def test_a_broken_message_is_refused_whole_and_becomes_a_dead_letter(server: str, spoil: Any) -> None:
    bundle = fhir_json.loads(
        build(record(child=child(nhs_number=OTHER_NHS_NUMBER), visit_id=LATER_REVISION_ID))
    )
    spoil(bundle)
    outcome = FhirRest(server).send(Message(fhir_json.dumps(bundle)))
    assert (outcome.kind, outcome.reason_code, outcome.http_status) == ("dead", "refused", 400)
    assert outcome.detail.startswith("The red book refused the visit")
    assert OTHER_NHS_NUMBER not in outcome.detail
    assert search(server, "Patient", identifier=f"https://fhir.nhs.uk/Id/nhs-number|{OTHER_NHS_NUMBER}") == []


def test_the_address_of_something_else(server: str) -> None:
    outcome = FhirRest(server.removesuffix("/fhir") + "/ui").send(Message(build(RECORD)))
    assert outcome.kind in ("retry", "paused")


def test_from_approval_to_the_red_book_with_the_server_down_at_first(
    settings: Settings, app: Flask, tablet: Tablet, world: World, session: Session, tmp_path: Path
) -> None:
    revision = tablet.revision(world)
    tablet.push(revision)
    approve(session, world, revision)
    port, sessions = free_port(), open_sessions(settings)
    now = datetime.now(UTC) + timedelta(seconds=5)
    worker = Worker(
        sessions=sessions,
        forms=FORMS,
        transport=FhirRest(f"http://127.0.0.1:{port}/fhir"),
        worker_id="test-worker",
        stopping=threading.Event(),
        now=lambda: now,
    )
    try:
        worker.run_once()
        session.expire_all()
        row = session.query(OutboxRow).one()
        assert (row.state, row.reason_code) == ("retry", "unreachable")
        frozen = row.payload
        session.rollback()

        now += timedelta(hours=1)
        with start_sekmet(tmp_path, port) as url:
            assert worker.run_once() is True
            assert count(url, world.nhs_number) == whole_visit(observations=12) | {"Communication": 1}
            assert str(weight(url, world.nhs_number)["valueQuantity"]["value"]).startswith("3.18")
        session.expire_all()
        row = session.query(OutboxRow).one()
        assert (row.state, row.attempts, row.payload) == ("sent", 2, frozen)
        visit = session.get_one(VisitRow, revision["visit_id"])
        assert visit.state == "in_red_book" and visit.in_red_book_at is not None
    finally:
        sessions.kw["bind"].dispose()


def test_a_server_started_again_has_its_records_and_another_has_none(tmp_path: Path) -> None:
    """Otherwise one test's records would be another's."""
    for attempt in range(2):
        with start_sekmet(tmp_path, free_port()) as url:
            if attempt == 0:
                FhirRest(url).send(Message(build(RECORD)))
            assert count(url, NHS_NUMBER)["Encounter"] == 1
    with start_sekmet(tmp_path / "elsewhere", free_port()) as url:
        assert search(url, "Patient") == []
