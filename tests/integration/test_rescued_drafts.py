"""Unfinished visits from a tablet that can no longer open them: kept sealed, given back to their author alone."""

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account
from hvapp.store.audit import AuditRow
from hvapp.store.drafts import RescuedDraftRow
from tests.support.client import Tablet, new_id
from tests.support.world import World


def keep(tablet: Tablet, draft_id: str, draft: Any, **changes: Any) -> Any:
    body = {"device_id": tablet.device_id} | tablet.seal("draft", draft_id, json.dumps(draft).encode())
    return tablet.send("PUT", f"/sync/v1/drafts/{draft_id}", body | changes)


def waiting(tablet: Tablet) -> dict[str, Any]:
    answer = tablet.client.get("/sync/v1/drafts", query_string={"device_id": tablet.device_id})
    assert answer.status_code == 200, answer.text
    return {one["id"]: one["draft"] for one in answer.json["drafts"]}


def test_a_draft_comes_back_to_its_author_on_another_tablet(
    tablet: Tablet, tablet_of: Callable[[Account], Tablet], world: World
) -> None:
    first, second = new_id(), new_id()
    draft = {"visit_id": new_id(), "answers": {"place": "home", "child_voice": "“naïve” 👶🏽"}}

    assert keep(tablet, first, draft).json["result"] == "kept"
    assert keep(tablet, second, {"answers": {}}).json["result"] == "kept"

    assert waiting(tablet_of(world.amira)) == {first: draft, second: {"answers": {}}}
    assert waiting(tablet_of(world.ben)) == {}


def test_a_vault_of_somebody_else_gets_nothing(
    tablet: Tablet, tablet_of: Callable[[Account], Tablet], world: World
) -> None:
    """On a shared tablet another may be signed in than whose vault is open."""
    keep(tablet, new_id(), {"answers": {"place": "home"}})

    asked = tablet.client.get("/sync/v1/drafts", query_string={"account_id": world.ben.id})
    own = tablet.client.get("/sync/v1/drafts", query_string={"account_id": world.amira.id})

    assert (asked.status_code, asked.json["error"]["code"]) == (409, "other_account")
    assert (own.status_code, len(own.json["drafts"])) == (200, 1)


def test_the_latest_copy_is_the_one_that_counts(tablet: Tablet) -> None:
    draft_id = new_id()
    keep(tablet, draft_id, {"n": 1})
    keep(tablet, draft_id, {"n": 2})

    assert waiting(tablet) == {draft_id: {"n": 2}}


def test_what_was_taken_back_is_kept_and_not_offered_again(tablet: Tablet, session: Session) -> None:
    draft_id = new_id()
    sealed = tablet.seal("draft", draft_id, b'{"n":1}')
    url = f"/sync/v1/drafts/{draft_id}"
    tablet.send("PUT", url, sealed)

    assert tablet.post(f"{url}/taken", {}).json["result"] == "taken"
    assert tablet.post(f"{url}/taken", {}).status_code == 200
    assert (
        tablet.send("PUT", url, sealed).json["result"] == "kept"
    )  # its answer was lost, so it is sent again

    assert waiting(tablet) == {}
    assert session.scalars(select(RescuedDraftRow)).one().taken_at is not None
    assert keep(tablet, draft_id, {"n": 2}).json["result"] == "kept"
    assert waiting(tablet) == {draft_id: {"n": 2}}
    audited = session.scalars(select(AuditRow.action).where(AuditRow.subject_id == draft_id)).all()
    assert sorted(audited) == ["draft_kept", "draft_kept", "draft_taken"]


def test_what_was_completed_since_is_not_offered_again(
    tablet: Tablet, tablet_of: Callable[[Account], Tablet], world: World
) -> None:
    """The tablet's word that it had the draft back was lost on the way; a month later it knows of the visit no more."""
    revision, unfinished = tablet.revision(world), new_id()
    keep(tablet, revision["rev_id"], {"n": 1})
    keep(tablet, unfinished, {"n": 1})
    ben = tablet_of(world.ben)
    keep(ben, revision["rev_id"], {"n": "another's, of the same id"})

    assert tablet.push(revision)[0]["result"] == "stored"

    assert waiting(tablet) == {unfinished: {"n": 1}}
    assert waiting(ben) == {revision["rev_id"]: {"n": "another's, of the same id"}}


def test_nobody_takes_or_replaces_anothers(
    tablet: Tablet, tablet_of: Callable[[Account], Tablet], world: World
) -> None:
    draft_id = new_id()
    keep(tablet, draft_id, {"n": 1})
    ben = tablet_of(world.ben)

    assert ben.post(f"/sync/v1/drafts/{draft_id}/taken", {}).status_code == 404
    assert keep(ben, draft_id, {"n": 2}).json["result"] == "kept"

    assert (waiting(tablet), waiting(ben)) == ({draft_id: {"n": 1}}, {draft_id: {"n": 2}})


def test_a_copy_that_no_key_opens_is_not_promised_to_be_kept(tablet: Tablet, session: Session) -> None:
    """A tablet that is being wiped must not count on it."""
    other = tablet.seal("draft", new_id(), b'{"n":1}')

    assert keep(tablet, new_id(), {}, kid="0" * 16).json["result"] == "rejected:key"
    assert keep(tablet, new_id(), {}, box=other["box"]).json["result"] == "rejected:key"
    assert keep(tablet, new_id(), ["not a draft"]).json["result"] == "rejected:key"

    assert session.scalars(select(RescuedDraftRow)).all() == []


def test_it_is_kept_sealed(tablet: Tablet, session: Session) -> None:
    keep(tablet, new_id(), {"answers": {"child_voice": "CANARY"}})

    row = session.scalars(select(RescuedDraftRow)).one()
    assert b"CANARY" not in row.box and row.kid == tablet.sealing_key["kid"]
