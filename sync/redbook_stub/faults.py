"""Trouble on request, so that tests and demonstrations can see what the sender makes of it."""

import threading
from collections import deque
from dataclasses import dataclass

from flask import Response, json


@dataclass(frozen=True)
class Fault:
    status: int
    content_type: str
    body: str
    headers: tuple[tuple[str, str], ...] = ()

    def response(self) -> Response:
        return Response(self.body, self.status, list(self.headers), content_type=self.content_type)


def _outcome(code: str, words: str) -> str:
    issue = {"severity": "error", "code": code, "diagnostics": words}
    return json.dumps({"resourceType": "OperationOutcome", "issue": [issue]})


_FHIR = "application/fhir+json"
_LOGIN = "<!doctype html><title>Sign in to the wireless network</title>"
KINDS = {
    "busy": Fault(503, _FHIR, _outcome("transient", "Try later."), (("Retry-After", "1"),)),
    "refused": Fault(422, _FHIR, _outcome("business-rule", "Refused on request.")),
    "html": Fault(200, "text/html", _LOGIN),
    "broken": Fault(500, "text/plain", "Internal Server Error"),
    "signed_out": Fault(401, _FHIR, _outcome("login", "Sign in.")),
    "redirect": Fault(302, "text/html", _LOGIN, (("Location", "https://wifi.example/"),)),
}


class Faults:
    """The next answers that will be wrong, first in first out. Only what a sender calls is affected."""

    def __init__(self) -> None:
        self._waiting: deque[Fault] = deque()
        self._lock = threading.Lock()

    def give(self, kind: str, times: int = 1) -> None:
        """Raises KeyError for a kind there is not."""
        with self._lock:
            self._waiting.extend([KINDS[kind]] * times)

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def take(self) -> Response | None:
        with self._lock:
            return self._waiting.popleft().response() if self._waiting else None
