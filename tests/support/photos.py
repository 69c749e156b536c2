"""Photos as a tablet makes them, and a form that asks for some."""

import base64
import os
import random
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from hvapp.domain.forms.reader import read_form_file
from hvapp.domain.photos import JPEG, MOST_PIECE_BYTES, seal_photo
from hvapp.settings import ROOT
from tests.support.client import Tablet, new_id, seal
from tests.support.world import World

SKIN_CHECK = read_form_file(ROOT / "tests" / "support" / "skin_check.v99.yaml")


@dataclass(frozen=True)
class Taken:
    """`box` is what travels, `answer` how the form's answer names it."""

    jpeg: bytes
    box: bytes
    answer: dict[str, Any]

    @property
    def sha256(self) -> str:
        return str(self.answer["sha256"])


def take_photo(caption: str = "Red mark on the left arm", size: int = 600_000) -> Taken:
    """Bytes that begin as a JPEG does; nothing here looks further."""
    jpeg = b"\xff\xd8\xff\xe0" + random.randbytes(size - 4)
    id, key = new_id(), os.urandom(32)
    box = seal_photo(id, key, os.urandom(12), jpeg)
    answer = {
        "id": id,
        "sha256": sha256(box).hexdigest(),
        "bytes": len(box),
        "type": JPEG,
        "key": base64.b64encode(key).decode(),
        "caption": caption,
    }
    return Taken(jpeg, box, answer)


def skin_check(tablet: Tablet, world: World, **answers: Any) -> dict[str, Any]:
    """A revision of the form with photos."""
    revision = tablet.revision(
        world,
        form_id=SKIN_CHECK.id,
        form_version=SKIN_CHECK.version,
        definition_hash=SKIN_CHECK.hash,
        contact_type=SKIN_CHECK.contact_type,
    )
    given = {"started_at": revision["occurred_at"]} | answers
    return seal(revision | {"payload": revision["payload"] | {"answers": given}})


def put(tablet: Tablet, sha256: str, body: bytes, content_range: str) -> Any:
    headers = {"Content-Range": content_range, "Content-Type": "application/octet-stream"}
    return tablet.send("PUT", f"/sync/v1/blob/{sha256}", headers=headers, data=body)


def ask(tablet: Tablet, photo: Taken) -> Any:
    return put(tablet, photo.sha256, b"", f"bytes */{len(photo.box)}").json


def send_piece(tablet: Tablet, photo: Taken, first: int, size: int = MOST_PIECE_BYTES) -> Any:
    piece = photo.box[first : first + size]
    answer = put(tablet, photo.sha256, piece, f"bytes {first}-{first + len(piece) - 1}/{len(photo.box)}")
    assert answer.status_code == 200, answer.text
    return answer.json


def send_whole(tablet: Tablet, photo: Taken) -> None:
    held = 0
    while True:
        told = send_piece(tablet, photo, held)
        if told["result"] == "complete":
            return
        held = told["held"]
