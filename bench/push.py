"""A batch of 100 visits on the server, from request to durable answer: python -m bench.push

The real application on a real SQLite file with full durability, called in process: unpacking, opening, hashing,
storing, numbering, commit and receipts are all inside the figure. Form rules and centiles are worked out again by the
sync worker, a moment later; that time is printed beside it.
"""

import gzip
import json
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask

from bench.report import Report, percentile
from hvapp.app import create_app
from hvapp.extensions import db
from hvapp.services.judging import judge_new
from hvapp.settings import Settings
from hvapp.store import schema
from tests.support.client import Tablet
from tests.support.world import World, make_world

BATCHES = 40
WARM_UP = 3


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            secret_key="bench", database_url=f"sqlite:///{Path(folder) / 'bench.db'}", secure_cookies=False
        )
        app = create_app(settings)
        with app.app_context():
            schema.metadata.create_all(db.engine)
            world = make_world(db.session)
        tablet = Tablet(app.test_client()).sign_in(world.amira)
        tablet.register()
        taken = [_push(app, tablet, world) for _ in range(WARM_UP + BATCHES)][WARM_UP:]
    report = Report("Push of 100 new visits, server side, SQLite with full durability")
    answered = [answer * 1000 for answer, _ in taken]
    report.promise("answer with 100 receipts, p95", percentile(answered, 0.95), 150, "ms")
    report.note("answer with 100 receipts", answered, "ms")
    report.note("judging the 100 afterwards", [judged * 1000 for _, judged in taken], "ms")
    report.end()


def _push(app: Flask, tablet: Tablet, world: World) -> tuple[float, float]:
    items = [tablet.envelope(tablet.revision(world)) for _ in range(100)]
    body = gzip.compress(json.dumps({"items": items}).encode())
    headers = {"Authorization": f"Tablet {tablet.upload_token}", "Content-Encoding": "gzip"}
    started = time.perf_counter()
    answer = tablet.client.post("/sync/v1/push", data=body, headers=headers)
    answered = time.perf_counter() - started
    with app.app_context():
        judge_new(db.session, app.extensions["forms"], datetime.now(UTC))
    judged = time.perf_counter() - started - answered
    assert {result["result"] for result in answer.json["results"]} == {"stored"}
    return answered, judged


if __name__ == "__main__":
    main()
