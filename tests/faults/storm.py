"""What goes wrong on the line: drawn for each request from the seed, the tablet and the request's number."""

import gzip
import zlib
from random import Random

from tests.support.proxy import (
    NONSENSE,
    PASS,
    PORTAL,
    PORTAL_511,
    REDIRECT,
    Fault,
    Heard,
    refusal,
)

SIGNED_OUT = Fault(
    "answer",
    status=401,
    headers=(("Content-Type", "application/json"),),
    body=b'{"error": {"code": "signed_out", "message": "You are signed out."}}',
    name="401",
)

_WEIGHTS: dict[str, float] = {
    "pass": 62,
    "refuse": 4,
    "cut_request": 5,
    "cut_before_answer": 6,
    "cut_answer": 6,
    "delay": 3,
    "twice": 5,
    "swap": 3,
    "portal": 2,
    "portal_511": 0.5,
    "redirect": 1,
    "nonsense": 1,
    "401": 1,
    "413": 1,
    "429": 1,
    "500": 2,
    "502": 0.5,
    "503": 2,
}

_FIXED = {
    "pass": PASS,
    "portal": PORTAL,
    "portal_511": PORTAL_511,
    "redirect": REDIRECT,
    "nonsense": NONSENSE,
    "401": SIGNED_OUT,
    "413": refusal(413),
    "500": refusal(500),
    "502": refusal(502),
}


class Storm:
    """The policy of a campaign's line. Also looks into what passes: no canary may travel up in clear."""

    def __init__(self, seed: str, canary: str) -> None:
        self.seed = seed
        self.canary = canary.encode()
        self.calm = False
        self.leaks: list[str] = []

    def __call__(self, heard: Heard) -> Fault:
        if heard.path.startswith("/sync/") and self.canary in _opened(heard.body):
            self.leaks.append(f"{heard.method} {heard.path} carried what a visitor wrote in clear")
        return PASS if self.calm or not heard.tablet else self._draw(heard)

    def _draw(self, heard: Heard) -> Fault:
        random = Random(f"{self.seed}|line|{heard.tablet}|{heard.number}")
        kind = random.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        if kind in _FIXED:
            return _FIXED[kind]
        if kind in ("429", "503"):
            wait = (("Retry-After", str(random.randint(1, 90))),) if random.random() < 0.7 else ()
            return refusal(int(kind), *wait)
        return Fault(kind, part=random.random(), seconds=random.random() / 10)


def _opened(body: bytes) -> bytes:
    """The body, unpacked where it was packed."""
    if body[:2] != b"\x1f\x8b":
        return body
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error):
        return body
