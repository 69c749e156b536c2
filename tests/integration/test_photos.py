"""Photos come up in pieces, belong to whoever sent them, hold up approval until they are here, and few may see them."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hvapp.domain.accounts import Account
from hvapp.domain.errors import Invalid, NotFound
from hvapp.domain.forms import FormLibrary
from hvapp.domain.photos import MOST_BYTES, MOST_PIECE_BYTES
from hvapp.services import devices, photos, review, visit_readout
from hvapp.store.audit import AuditRow
from hvapp.store.blobs import BlobPieceRow, BlobRow, content_of
from hvapp.store.visits import DecisionRow
from tests.support.client import FORMS, Tablet
from tests.support.desk import Desk
from tests.support.photos import SKIN_CHECK, Taken, ask, put, send_piece, send_whole, skin_check, take_photo
from tests.support.world import World

LIBRARY = FormLibrary((*FORMS, SKIN_CHECK))


@pytest.fixture
def with_photos(app: Flask) -> None:
    app.extensions["forms"] = LIBRARY


def approve(session: Session, world: World, sent: dict[str, Any], **more: Any) -> None:
    now = datetime.now(UTC)
    given = {"reviewer": world.sue, "visit_id": sent["visit_id"], "rev_id": sent["rev_id"], "now": now}
    review.approve(session, LIBRARY, **(given | more))


def read(session: Session, world: World, sent: dict[str, Any], reason: str | None = None) -> Any:
    return visit_readout.open_visit(
        session,
        LIBRARY,
        reviewer=world.sue,
        visit_id=sent["visit_id"],
        now=datetime.now(UTC),
        restricted_reason=reason,
    )


def show(session: Session, by: Account, sent: dict[str, Any], photo: Taken) -> bytes:
    return photos.show_photo(
        session,
        LIBRARY,
        reviewer=by,
        visit_id=sent["visit_id"],
        photo_id=photo.answer["id"],
        now=datetime.now(UTC),
    )


def test_a_photo_comes_in_pieces_and_goes_on_where_it_broke_off(tablet: Tablet, session: Session) -> None:
    photo = take_photo()
    assert ask(tablet, photo)["held"] == 0

    first = send_piece(tablet, photo, 0)
    assert (first["result"], first["held"]) == ("more", MOST_PIECE_BYTES)
    assert content_of(session, photo.sha256) is None
    assert ask(tablet, photo)["held"] == MOST_PIECE_BYTES
    send_piece(tablet, photo, MOST_PIECE_BYTES, 100)
    assert send_piece(tablet, photo, MOST_PIECE_BYTES + 100)["held"] == 2 * MOST_PIECE_BYTES + 100
    last = send_piece(tablet, photo, 2 * MOST_PIECE_BYTES + 100)

    assert (last["result"], last["held"]) == ("complete", len(photo.box))
    assert content_of(session, photo.sha256) == photo.box


def test_a_piece_that_comes_twice_or_too_early_changes_nothing(tablet: Tablet, session: Session) -> None:
    photo = take_photo()
    send_piece(tablet, photo, 0)

    assert send_piece(tablet, photo, 0)["held"] == MOST_PIECE_BYTES
    assert send_piece(tablet, photo, MOST_PIECE_BYTES + 7)["held"] == MOST_PIECE_BYTES
    send_whole(tablet, photo)
    assert send_piece(tablet, photo, 0)["result"] == "complete"
    assert ask(tablet, photo)["result"] == "complete"

    assert content_of(session, photo.sha256) == photo.box
    audited = select(func.count()).where(AuditRow.action == "photo_arrived")
    assert session.scalar(audited) == 1


def test_what_has_another_hash_is_dropped_and_asked_for_anew(tablet: Tablet, session: Session) -> None:
    photo = take_photo(size=1000)
    wrong = bytes([photo.box[0] ^ 1]) + photo.box[1:]

    answer = put(tablet, photo.sha256, wrong, f"bytes 0-{len(wrong) - 1}/{len(wrong)}")

    assert (answer.json["result"], answer.json["held"]) == ("rejected:hash", 0)
    assert session.scalars(select(BlobPieceRow)).all() == []
    send_whole(tablet, photo)
    assert content_of(session, photo.sha256) == photo.box


def test_another_total_begins_anew(tablet: Tablet, session: Session) -> None:
    photo = take_photo(size=1000)
    put(tablet, photo.sha256, b"x" * 10, "bytes 0-9/5000")

    assert ask(tablet, photo)["held"] == 0
    send_whole(tablet, photo)

    assert content_of(session, photo.sha256) == photo.box


def test_another_account_neither_adds_to_it_nor_learns_of_it(
    tablet: Tablet, tablet_of: Callable[[Account], Tablet], world: World, session: Session
) -> None:
    photo, ben = take_photo(), tablet_of(world.ben)
    send_piece(tablet, photo, 0)

    assert ask(ben, photo)["held"] == 0
    put(ben, photo.sha256, b"\0" * MOST_PIECE_BYTES, f"bytes 0-{MOST_PIECE_BYTES - 1}/{len(photo.box)}")
    send_piece(tablet, photo, MOST_PIECE_BYTES)
    send_piece(tablet, photo, 2 * MOST_PIECE_BYTES)

    assert content_of(session, photo.sha256) == photo.box
    assert ask(ben, photo)["result"] == "more"
    for method in ("GET", "HEAD"):
        assert tablet.send(method, f"/sync/v1/blob/{photo.sha256}").status_code == 405


@pytest.mark.parametrize(
    ("content_range", "body", "status", "words"),
    [
        (f"bytes 0-9/{MOST_BYTES + 1}", b"x" * 10, 422, "at most 8 MB"),
        ("bytes 0-9/20", b"x" * 9, 422, "whole"),
        ("bytes 0-9/20", b"", 422, "whole"),
        ("bytes 15-24/20", b"x" * 10, 422, "whole"),
        ("bytes 9-0/20", b"", 422, "whole"),
        ("bytes */0", b"", 422, "whole"),
        ("bytes */20", b"x", 422, "whole"),
        ("", b"x", 422, "which piece"),
        ("bytes 0-9/", b"x" * 10, 422, "which piece"),
        (f"bytes 0-{MOST_PIECE_BYTES}/9000000", b"x" * (MOST_PIECE_BYTES + 1), 413, "smaller parts"),
    ],
)
def test_what_cannot_be_a_piece_is_refused_in_words(
    tablet: Tablet, session: Session, content_range: str, body: bytes, status: int, words: str
) -> None:
    answer = put(tablet, "a" * 64, body, content_range)

    assert answer.status_code == status, answer.text
    assert words in answer.json["error"]["message"]
    assert session.scalars(select(BlobRow)).all() == []


def test_a_hash_that_is_none_and_no_token_are_refused(app: Flask, tablet: Tablet) -> None:
    assert put(tablet, "A" * 64, b"", "bytes */20").status_code == 422
    answer = app.test_client().put(f"/sync/v1/blob/{'a' * 64}", headers={"Content-Range": "bytes */20"})
    assert (answer.status_code, answer.json["error"]["code"]) == (401, "unknown_tablet")


def test_photos_of_a_tablet_out_of_use_are_taken(tablet: Tablet, world: World, session: Session) -> None:
    tablet.register()
    devices.revoke(session, tablet.device_id, by=world.sue, reason="Lost", now=datetime.now(UTC))
    photo = take_photo()

    send_whole(tablet, photo)

    assert content_of(session, photo.sha256) == photo.box


def test_a_visit_waits_for_its_photos_and_says_so(
    with_photos: None, tablet: Tablet, world: World, session: Session, judge: Callable[[], int]
) -> None:
    here, there = take_photo("Left arm"), take_photo("Back")
    sent = skin_check(tablet, world, skin_photos=[here.answer], injury_photos=[there.answer])
    assert tablet.push(sent)[0]["result"] == "stored"
    judge()
    send_whole(tablet, here)

    [line] = review.queue(session, world.sue)
    detail = read(session, world, sent)

    assert (line.photos_missing, detail.photos_missing) == (1, 1)
    assert "invalid_answers" not in line.flags
    assert review.next_in_queue(session, world.sue) is None
    with pytest.raises(Invalid, match="1 photo has not arrived yet"):
        approve(session, world, sent)
    send_whole(tablet, there)
    session.rollback()
    assert review.queue(session, world.sue)[0].photos_missing == 0
    approve(session, world, sent)
    assert session.scalars(select(DecisionRow.comment)).one() is None


def test_a_supervisor_goes_on_without_a_photo_by_saying_why(
    with_photos: None, tablet: Tablet, world: World, session: Session
) -> None:
    sent = skin_check(tablet, world, skin_photos=[take_photo().answer])
    tablet.push(sent)

    approve(session, world, sent, without_photos="The tablet was lost")

    words = "Without 1 photo that did not arrive: The tablet was lost"
    assert session.scalars(select(DecisionRow.comment)).one() == words
    audited = select(AuditRow.detail).where(AuditRow.action == "approved_without_photos")
    assert session.scalars(audited).one() == words


def test_photos_are_shown_to_the_team_and_restricted_ones_only_with_a_reason(
    with_photos: None, tablet: Tablet, world: World, session: Session
) -> None:
    plain, restricted = take_photo("Left arm"), take_photo("Back")
    sent = skin_check(tablet, world, skin_photos=[plain.answer], injury_photos=[restricted.answer])
    tablet.push(sent)
    with pytest.raises(NotFound):
        show(session, world.sue, sent, plain)
    for photo in (plain, restricted):
        send_whole(tablet, photo)

    assert show(session, world.sue, sent, plain) == plain.jpeg
    for by, photo in ((world.olu, plain), (world.sue, restricted)):
        with pytest.raises(NotFound):
            show(session, by, sent, photo)

    closed, opened = read(session, world, sent), read(session, world, sent, "Strategy meeting")
    assert list(closed.photos) == ["skin_photos"] and "Back" not in repr(closed)
    assert opened.photos["injury_photos"][0].jpeg == restricted.jpeg
    actions = session.scalars(select(AuditRow.action).where(AuditRow.subject_id == sent["visit_id"])).all()
    assert actions.count("photo_opened") == 1 and "restricted_opened" in actions


def test_a_key_that_does_not_fit_opens_nothing(
    with_photos: None, tablet: Tablet, world: World, session: Session
) -> None:
    photo, other = take_photo("Left arm"), take_photo("Back")
    wrong = photo.answer | {"key": other.answer["key"]}
    sent = skin_check(tablet, world, skin_photos=[wrong], injury_photos=[wrong | {"id": other.answer["id"]}])
    tablet.push(sent)
    send_whole(tablet, photo)

    with pytest.raises(NotFound, match="cannot be opened"):
        show(session, world.sue, sent, photo)
    assert read(session, world, sent, "Why").photos["injury_photos"][0].jpeg is None


def test_the_review_pages(
    with_photos: None, app: Flask, tablet: Tablet, world: World, session: Session, judge: Callable[[], int]
) -> None:
    plain, restricted = take_photo("Left arm <1>"), take_photo("Back")
    sent = skin_check(tablet, world, skin_photos=[plain.answer], injury_photos=[restricted.answer])
    tablet.push(sent)
    judge()
    sue = Desk(app.test_client()).sign_in(world.sue)
    url = f"/review/{sent['visit_id']}"
    words = "2 photos have not arrived yet. They are sent when the tablet next has a connection."

    assert words in sue.get("/review").text
    assert sue.get(url).has(words, "This photo has not arrived yet: Left arm <1>")
    refused = sue.post(f"{url}/approve", rev_id=sent["rev_id"])
    assert refused.status_code == 422 and 'href="#without_photos"' in refused.html
    for photo in (plain, restricted):
        send_whole(tablet, photo)
    page = sue.get(url).html
    source = f"{url}/photo/{plain.answer['id']}"
    assert f'src="{source}" alt="Left arm &lt;1&gt;"' in page and words not in page
    picture = sue.client.get(source)
    assert (picture.data, picture.mimetype) == (plain.jpeg, "image/jpeg")
    assert picture.headers["Cache-Control"] == "no-store"
    assert sue.get(f"{url}/photo/{restricted.answer['id']}").status_code == 404
    opened = sue.post(f"{url}/restricted", reason="Strategy meeting").html
    assert f"data:image/jpeg;base64,{base64.b64encode(restricted.jpeg).decode()}" in opened
    olu, amira = Desk(app.test_client()).sign_in(world.olu), Desk(app.test_client()).sign_in(world.amira)
    assert (olu.get(source).status_code, amira.get(source).status_code) == (404, 403)
    assert sue.post(f"{url}/approve", rev_id=sent["rev_id"]).status_code == 302
