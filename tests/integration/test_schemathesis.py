"""The description and the service agree: what schemathesis makes of the one, the other answers as described."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account
from hvapp.services import devices
from hvapp.web.openapi import description
from tests.support.client import Tablet, new_id
from tests.support.world import World

pytestmark = pytest.mark.engine("sqlite")

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
OPERATIONS = [
    (path, method)
    for path, methods in description()["paths"].items()
    for method in methods
    if path != "/openapi.json"  # which takes nothing, so there is nothing to make up
]

# Enough to meet every answer, and half a minute for all of them.
EXAMPLES = 40


@pytest.fixture
def schema(app: Flask) -> BaseSchema:
    return schemathesis.openapi.from_wsgi("/sync/v1/openapi.json", app)


def credentials(tablet: Tablet) -> dict[str, dict[str, str]]:
    """Everything that opens anything; each route looks for its own."""
    if tablet.upload_token is None:
        tablet.register()
    cookie = tablet.client.get_cookie("session")
    assert cookie is not None
    return {
        "headers": {"Authorization": f"Tablet {tablet.upload_token}", "X-CSRFToken": tablet.token()},
        "cookies": {"session": cookie.value},
    }


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_call_answers_as_described(
    schema: BaseSchema, tablet: Tablet, path: str, method: str, mode: GenerationMode
) -> None:
    rights = credentials(tablet)
    met: set[int] = set()

    @seed(20261122)
    @settings(max_examples=EXAMPLES, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=schema[path][method].as_strategy(generation_mode=mode), allowed=st.booleans())
    def call(case: Any, allowed: bool) -> None:
        # Schemathesis asks for packed answers of a WSGI application and does not unpack them.
        case.headers = {**(case.headers or {}), "Accept-Encoding": "identity"}
        if allowed:
            case.headers |= rights["headers"]
            case.cookies = {**(case.cookies or {}), **rights["cookies"]}
        met.add(case.call_and_validate(checks=CHECKS).status_code)

    call()

    # With and without the right to call, so the examples were not all turned away at the door.
    assert met & {401, 403} and met - {401, 403}


def test_answers_with_something_in_them_are_as_described(
    schema: BaseSchema,
    tablet: Tablet,
    tablet_of: Callable[[Account], Tablet],
    world: World,
    session: Session,
) -> None:
    """Nothing made up is ever filed, so these are the real ones."""
    rights = credentials(tablet)
    rights["headers"]["Accept-Encoding"] = "identity"

    def call(path: str, method: str, **given: Any) -> Any:
        case = schema[path][method].Case(**given, headers=dict(rights["headers"]), cookies=rights["cookies"])
        return json.loads(case.call_and_validate(checks=CHECKS).content)

    def confirm() -> Any:
        return call("/confirm", "post", body={"ranges": []}, media_type="application/json")

    good, altered = tablet.revision(world), tablet.revision(world)
    altered["occurred_at"] = "2026-01-01T10:00:00+00:00"
    draft = new_id()
    items = [
        tablet.envelope(good),
        tablet.envelope(good),
        tablet.envelope(altered),
        tablet.envelope({"rev_id": "x"}),
        tablet.envelope(good) | {"kid": "0" * 16},
    ]

    pushed = call("/push", "post", body={"items": items}, media_type="application/json")
    changed = call("/changes", "get", query={})
    kept = call(
        "/drafts/{draft_id}",
        "put",
        path_parameters={"draft_id": draft},
        body=tablet.seal("draft", draft, b"{}"),
        media_type="application/json",
    )
    waiting = call("/drafts", "get")
    devices.revoke(session, tablet.device_id, by=world.sue, reason="Lost", now=datetime.now(UTC))
    refused = call("/changes", "get", query={"device_id": tablet.device_id})
    told = confirm()

    assert [one["result"] for one in pushed["results"]] == [
        "stored",
        "duplicate",
        "rejected:hash",
        "rejected:malformed",
        "rejected:key",
    ]
    assert {item["type"] for item in changed["items"]} == {"child", "visit"}
    assert (kept["result"], waiting["drafts"]) == ("kept", [{"id": draft, "draft": {}}])
    assert refused["error"]["code"] == "tablet_revoked"
    assert refused["commands"] == told["commands"] != []
