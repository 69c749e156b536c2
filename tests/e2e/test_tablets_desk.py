"""The tablets page and the parent's page in a real browser: usable by everyone, at every width."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update
from werkzeug.serving import make_server

from hvapp.extensions import db
from hvapp.store.devices import DeviceRow
from sync.builders.fhir_r4 import build
from sync.redbook_stub.app import create_redbook
from tests.e2e.conftest import Stage
from tests.e2e.desk import ZOOMED, app_of, look, sign_in, watch
from tests.support.browser import Browser
from tests.support.client import Tablet
from tests.support.redbook_sample import NHS_NUMBER, RECORD

pytestmark = pytest.mark.browser


@pytest.fixture
def saved_file(stage: Stage, tmp_path: Path) -> Path:
    """Two tablets, one of them silent; and a file with a visit of the other."""
    app = app_of(stage)
    silent, other = (Tablet(app.test_client()).sign_in(stage.world.amira) for _ in range(2))
    silent.register(name="Green cover", storage_persisted=False)
    other.register(name="Blue cover")
    with app.app_context():
        long_ago = datetime.now(UTC) - timedelta(days=9)
        changed = {"last_contact_at": long_ago, "clock_offset_ms": 7_200_000}
        db.session.execute(update(DeviceRow).where(DeviceRow.id == silent.device_id).values(changed))
        db.session.commit()
    content = {
        "format": "hvapp-outbox-1",
        "authorization": other.upload_token,
        "items": [other.envelope(other.revision(stage.world)), {"what": "nonsense"}],
        "drafts": [],
    }
    path = tmp_path / "visits.json"
    path.write_text(json.dumps(content))
    return path


def test_tablets_are_looked_after_at_every_width(
    stage: Stage,
    saved_file: Path,
    new_browser: Callable[[str], Browser],
    shots: Callable[[Page, str], None],
) -> None:
    page = new_browser("desk").start(ZOOMED)
    trouble = watch(page)
    sign_in(page, stage, "sue")
    page.goto(f"{stage.url}/tablets")
    expect(page.get_by_text("Not heard from for 9 days")).to_be_visible()
    look(page, shots, "tablets")

    page.get_by_role("link", name="Revoke Green cover").click()
    page.get_by_role("button", name="Revoke this tablet").click()
    expect(page.get_by_role("alert")).to_contain_text("Say why the tablet is revoked")
    look(page, shots, "tablets-revoke")
    page.get_by_label("Why").fill("Lost on the bus")
    page.get_by_role("button", name="Revoke this tablet").click()
    expect(page.get_by_text("Revoked: will be cleared at its next contact")).to_be_visible()
    look(page, shots, "tablets-revoked")
    page.get_by_role("button", name="Undo revoking Green cover").click()
    expect(page.get_by_text("is no longer revoked")).to_be_visible()

    page.get_by_role("link", name="Take in a tablet’s file").click()
    page.get_by_role("button", name="Take it in").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose the file that the tablet saved.")
    look(page, shots, "tablets-import")
    page.get_by_label("The file that the tablet saved").set_input_files(saved_file)
    page.get_by_role("button", name="Take it in").click()
    expect(page.get_by_text("Visit 1: Received")).to_be_visible()
    look(page, shots, "tablets-imported")
    assert trouble == []


@pytest.fixture
def parents_page(tmp_path: Path) -> Iterator[str]:
    """The address of a child's page in the stand-in for the red book."""
    app = create_redbook(tmp_path / "redbook")
    client = app.test_client()
    assert client.post("/fhir", data=build(RECORD), content_type="application/fhir+json").status_code == 200
    number = f"https://fhir.nhs.uk/Id/nhs-number|{NHS_NUMBER}"
    found = client.get("/fhir/Patient", query_string={"identifier": number}).json
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/child/{found['entry'][0]['resource']['id']}"
    server.shutdown()
    thread.join()
    server.server_close()
    app.extensions["redbook_store"].close()


def test_a_parents_page_fits_a_small_telephone(
    parents_page: str,
    new_browser: Callable[[str], Browser],
    shots: Callable[[Page, str], None],
) -> None:
    page = new_browser("parent").start(ZOOMED)
    page.goto(parents_page)
    expect(page.get_by_text("Amelia is gaining weight well")).to_be_visible()
    look(page, shots, "parent")
