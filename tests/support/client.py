"""A tablet as the server sees it: signs in, fetches its token, pushes and pulls."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hvapp.domain.accounts import Account
from hvapp.domain.canonical import sha256_hex
from hvapp.domain.forms import load_forms
from hvapp.settings import ROOT
from tests.support.answers import complete_answers
from tests.support.world import PASSWORD, World

FORMS = load_forms(ROOT / "hvapp" / "forms")


class Tablet:
    def __init__(self, client: FlaskClient, after: Callable[[], object] = lambda: None) -> None:
        self.client = client
        self.after = after
        self.account: Account | None = None
        self.device_id = new_id()
        self.device_seq = 0

    def sign_in(self, account: Account, password: str = PASSWORD) -> "Tablet":
        answer = self.post("/api/v1/sign-in", {"email": account.email, "password": password})
        assert answer.status_code == 200, answer.text
        self.account = account
        return self

    def token(self) -> str:
        return str(self.client.get("/api/v1/session").json["csrf_token"])

    def post(self, url: str, body: Any, **more: Any) -> TestResponse:
        answer = self.client.post(url, json=body, headers={"X-CSRFToken": self.token()}, **more)
        answer.close()  # what the server does behind an answer is done when the answer is read
        self.after()
        return answer

    def push(self, *items: Any) -> list[dict[str, Any]]:
        answer = self.post("/sync/v1/push", {"device_id": self.device_id, "items": list(items)})
        assert answer.status_code == 200, answer.text
        return list(answer.json["results"])

    def pull(self, cursor: str = "", limit: int = 100) -> dict[str, Any]:
        answer = self.client.get("/sync/v1/changes", query_string={"cursor": cursor, "limit": limit})
        assert answer.status_code == 200, answer.text
        return dict(answer.json)

    def visit(self, visit_id: str) -> dict[str, Any]:
        """The visit as this tablet would now be told of it."""
        return next(item["body"] for item in self.pull()["items"] if item["id"] == visit_id)

    def revision(self, world: World, **changes: Any) -> dict[str, Any]:
        """A new birth visit, whole and valid, sealed; `changes` replace members before sealing."""
        self.device_seq += 1
        now = datetime.now(UTC).replace(microsecond=0)
        form = FORMS.current("new_birth")
        assert form is not None
        occurred = now - timedelta(hours=1)
        revision = {
            "rev_id": new_id(),
            "visit_id": new_id(),
            "parent_rev": None,
            "base_rev": None,
            "form_id": form.id,
            "form_version": form.version,
            "definition_hash": form.hash,
            "child_id": world.child_id,
            "contact_type": "new_birth",
            "device_id": self.device_id,
            "device_seq": self.device_seq,
            "occurred_at": occurred.isoformat(),
            "sealed_at": now.isoformat(),
            "clock_offset_ms": 0,
            "payload": {
                "answers": complete_answers(occurred, world),
                "confirmed": {},
                "alert_responses": {},
                "derived": {},
                "context": {"birth_date": world.born.isoformat(), "sex": "female", "gestation_days": 261},
            },
        }
        return seal(revision | changes)


def seal(revision: dict[str, Any]) -> dict[str, Any]:
    bare = {key: value for key, value in revision.items() if key != "sha256"}
    return bare | {"sha256": sha256_hex(bare)}


def with_answers(revision: dict[str, Any], **answers: Any) -> dict[str, Any]:
    """The revision sealed again with these answers beside, or in place of, its own."""
    payload = revision["payload"]
    return seal(revision | {"payload": payload | {"answers": payload["answers"] | answers}})


def new_id() -> str:
    """Any UUID will do for the server; tablets make version 7."""
    return str(uuid.uuid4())
