"""A tablet as the server sees it: signs in, registers, seals and pushes with its own token, and pulls."""

import base64
import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hvapp.domain import sealing
from hvapp.domain.accounts import Account
from hvapp.domain.canonical import sha256_hex
from hvapp.domain.tablets import UUID
from tests.support.answers import FORMS, complete_answers
from tests.support.world import PASSWORD, World


class Tablet:
    def __init__(self, client: FlaskClient, after: Callable[[], object] = lambda: None) -> None:
        self.client = client
        self.after = after
        self.account: Account | None = None
        self.device_id = new_id()
        self.device_seq = 0
        self.upload_token: str | None = None
        self.sealing_key: dict[str, str] = {}

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

    def register(self, **more: Any) -> dict[str, Any]:
        """Make the tablet known; from then on it has its token and the server's key."""
        url, headers = f"/sync/v1/devices/{self.device_id}", {"X-CSRFToken": self.token()}
        answer = self.client.put(
            url, json={"name": "Tablet", "storage_persisted": True} | more, headers=headers
        )
        assert answer.status_code == 200, answer.text
        self.after()
        self.upload_token, self.sealing_key = answer.json["token"], answer.json["sealing_key"]
        return dict(answer.json)

    def send(self, method: str, url: str, body: Any = None, **more: Any) -> TestResponse:
        """With the tablet's token, and without the cookies of whoever is signed in."""
        if self.upload_token is None:
            self.register()
        headers = {"Authorization": f"Tablet {self.upload_token}"} | more.pop("headers", {})
        sent = {"json": body} if body is not None else {}
        client = self.client.application.test_client(use_cookies=False)
        answer = client.open(url, method=method, headers=headers, **sent, **more)
        answer.close()  # what the server does behind an answer is done when the answer is read
        self.after()
        return answer

    def push(self, *items: Any) -> list[dict[str, Any]]:
        """Seal these revisions, or whatever stands in place of one, and hand them in."""
        return self.push_sealed(*(self.envelope(item) for item in items))

    def push_sealed(self, *envelopes: Any) -> list[dict[str, Any]]:
        answer = self.send("POST", "/sync/v1/push", {"device_id": self.device_id, "items": list(envelopes)})
        assert answer.status_code == 200, answer.text
        self.sealing_key = answer.json["sealing_key"]
        return list(answer.json["results"])

    def envelope(self, item: Any) -> dict[str, Any]:
        """The item sealed. What has no id or number of its own travels under one that fits."""
        given = item if isinstance(item, dict) else {}
        rev_id, seq = given.get("rev_id"), given.get("device_seq")
        known = isinstance(rev_id, str) and UUID.fullmatch(rev_id)
        return self.envelope_of_bytes(
            json.dumps(item).encode(),
            rev_id=rev_id if known else new_id(),
            device_seq=seq if isinstance(seq, int) else 0,
        )

    def envelope_of_bytes(self, plain: bytes, *, rev_id: str, device_seq: int) -> dict[str, Any]:
        return {"rev_id": rev_id, "device_seq": device_seq} | self.seal("revision", rev_id, plain)

    def seal(self, kind: str, id: str, plain: bytes) -> dict[str, str]:
        if not self.sealing_key:
            self.register()
        key = self.sealing_key  # another thread may have heard of a newer one meanwhile
        public = base64.b64decode(key["key"])
        box = sealing.seal(public, kind=kind, id=id, device_id=self.device_id, plain=plain)
        return {"kid": key["kid"], "box": base64.b64encode(box).decode()}

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
            "author_id": self.account.id if self.account else None,
            "payload": {
                "answers": complete_answers(occurred, world),
                "confirmed": {},
                "alert_responses": {},
                "derived": {},
                "context": {"birth_date": world.born.isoformat(), "sex": "female", "gestation_days": 261},
            },
        }
        return seal(revision | changes)

    def withdrawal(
        self, world: World, of: dict[str, Any], reason: str = "wrong_child", words: str = ""
    ) -> dict:
        """The author's word that this visit is not to count; with the reason "taken_back", that it is after all."""
        same = {name: of[name] for name in ("visit_id", "child_id", "contact_type", "occurred_at")}
        return self.revision(
            world,
            **same,
            parent_rev=of["rev_id"],
            base_rev=of["rev_id"],
            payload={},
            withdrawal={"reason": reason, "words": words},
        )


class Feed:
    """What a tablet holds after everything it was told."""

    def __init__(self, tablet: Tablet) -> None:
        self.tablet, self.cursor = tablet, ""
        self.held: dict[str, Any] = {}

    def pull(self) -> "Feed":
        page = self.tablet.pull(self.cursor)
        self.cursor = page["cursor"]
        for item in page["items"]:
            if item["body"] is None:
                self.held.pop(item["id"], None)
            else:
                self.held[item["id"]] = item["body"]
        return self


def seal(revision: dict[str, Any]) -> dict[str, Any]:
    """The revision with the hash of its content."""
    bare = {key: value for key, value in revision.items() if key != "sha256"}
    return bare | {"sha256": sha256_hex(bare)}


def with_answers(revision: dict[str, Any], **answers: Any) -> dict[str, Any]:
    """The revision sealed again with these answers beside, or in place of, its own."""
    payload = revision["payload"]
    return seal(revision | {"payload": payload | {"answers": payload["answers"] | answers}})


def new_id() -> str:
    """Any UUID will do for the server; tablets make version 7."""
    return str(uuid.uuid4())
