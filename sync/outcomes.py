"""One table: what the red book answered -> what becomes of the message.

The first row that fits wins. Every send is harmless to repeat (each resource has one fixed name, and the child is
created only where absent), so whatever is unclear is sent again rather than believed.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from hvapp.domain.redbook import Outcome, OutcomeKind

Failure = Literal["timeout", "connection", "name", "certificate", "address", "too_long", "broken"]
Body = Literal["transaction", "outcome", "other_json", "not_fhir", "empty"]

_DIGITS = re.compile(r"\d{5,}")
_UNSAFE = re.compile(r"[^A-Za-z0-9.:\[\]()_-]")


@dataclass(frozen=True)
class Answer:
    """What came back from one attempt, already read: either a failure to get an answer, or an HTTP status and a body.

    `entries` are the statuses inside a transaction answer; `issues` what an OperationOutcome says, without its free
    text.
    """

    failure: Failure | None = None
    status: int | None = None
    body: Body = "empty"
    entries: tuple[int, ...] = ()
    expected: int = 0
    issues: tuple[str, ...] = ()
    retry_after_seconds: int | None = None
    reference: str | None = None

    @property
    def complete(self) -> bool:
        return self.body == "transaction" and len(self.entries) == self.expected

    def any_entry(self, low: int, high: int) -> bool:
        return any(low <= status <= high for status in self.entries)


@dataclass(frozen=True)
class Row:
    """One line of the table. `says` is what a supervisor reads."""

    reason_code: str
    kind: OutcomeKind
    fits: Callable[[Answer], bool]
    says: str


def _failure(kind: Failure) -> Callable[[Answer], bool]:
    return lambda answer: answer.failure == kind


def _status(*statuses: int, body: Body | None = None) -> Callable[[Answer], bool]:
    return lambda answer: answer.status in statuses and body in (None, answer.body)


def _between(low: int, high: int, body: Body | None = None) -> Callable[[Answer], bool]:
    return lambda answer: (
        answer.status is not None and low <= answer.status <= high and body in (None, answer.body)
    )


def _stored(answer: Answer) -> bool:
    return answer.status in (200, 201) and answer.complete and not answer.any_entry(300, 599)


def _partly(low: int, high: int) -> Callable[[Answer], bool]:
    return lambda answer: answer.status in (200, 201) and answer.complete and answer.any_entry(low, high)


_BUSY = "The red book is busy and asked us to wait. It will be sent again by itself."
_UNCLEAR = (
    "The red book's answer could not be understood, so it will be sent again. Sending twice is harmless."
)
_NOT_IT = "Something between us and the red book answered in its place. It will be sent again by itself."
_ADDRESS = "There is no red book service at the address we have. Check the address, then send again."
_DIALECT = "The red book does not accept this kind of message. This needs technical help; nothing is lost."
_REFUSED = "The red book refused the visit as it is written. This needs technical help; nothing is lost."

TABLE: tuple[Row, ...] = (
    Row(
        "timeout",
        "retry",
        _failure("timeout"),
        "The red book did not answer in time. It will be sent again by itself.",
    ),
    Row(
        "unreachable",
        "retry",
        _failure("connection"),
        "The red book could not be reached. It will be sent again by itself.",
    ),
    Row(
        "name_not_found",
        "retry",
        _failure("name"),
        "The red book's address could not be looked up. It will be sent again by itself.",
    ),
    Row(
        "not_trusted",
        "retry",
        _failure("certificate"),
        "The red book could not prove that it is the red book, so nothing was sent. It will be tried again by itself.",
    ),
    Row("wrong_address", "paused", _failure("address"), _ADDRESS),
    Row("answer_too_long", "retry", _failure("too_long"), _UNCLEAR),
    Row("answer_broken", "retry", _failure("broken"), _UNCLEAR),
    Row("stored", "sent", _stored, "The red book has stored the visit."),
    Row(
        "partly_failed",
        "retry",
        _partly(500, 599),
        "The red book stored only part of the visit. It will be sent again.",
    ),
    Row(
        "partly_refused",
        "dead",
        _partly(300, 499),
        "The red book took part of the visit and refused the rest. This needs technical help.",
    ),
    Row("not_the_red_book", "retry", _between(200, 299, body="not_fhir"), _NOT_IT),
    Row("unclear", "retry", _between(200, 299), _UNCLEAR),
    Row("redirected", "retry", _between(300, 399), _NOT_IT),
    Row(
        "signed_out",
        "paused",
        _status(401, 403),
        "The red book did not accept our credentials. Correct them, then send again.",
    ),
    Row(
        "proxy_credentials",
        "paused",
        _status(407),
        "A proxy asked for credentials we do not have. Correct them, then send again.",
    ),
    Row("refused", "dead", _status(404, 410, body="outcome"), _REFUSED),
    Row("wrong_address", "paused", _status(404, 410), _ADDRESS),
    Row("wrong_dialect", "paused", _status(405, 406, 415, 501), _DIALECT),
    Row(
        "timeout",
        "retry",
        _status(408),
        "The red book did not answer in time. It will be sent again by itself.",
    ),
    Row("busy", "retry", _status(425, 429), _BUSY),
    Row(
        "changed_meanwhile",
        "retry",
        _status(409),
        "The red book was changing the same record at that moment. It will be sent again by itself.",
    ),
    Row(
        "more_than_one_child",
        "dead",
        _status(412),
        "The red book has more than one record with this child's NHS number, and we may not choose between them. "
        "Ask the red book service to put it right, then send again.",
    ),
    Row(
        "too_large",
        "dead",
        _status(413),
        "The visit is larger than the red book accepts. This needs technical help.",
    ),
    Row("refused", "dead", _between(400, 499, body="outcome"), _REFUSED),
    Row("not_the_red_book", "retry", _between(400, 499, body="not_fhir"), _NOT_IT),
    Row("refused", "dead", _between(400, 499), _REFUSED),
    Row("busy", "retry", _status(503), _BUSY),
    Row(
        "red_book_fault",
        "retry",
        _between(500, 599),
        "The red book has a fault. It will be sent again by itself.",
    ),
    Row("unclear", "retry", lambda answer: True, _UNCLEAR),
)


def settle_by_table(answer: Answer) -> Outcome:
    """The outcome of this answer. Total: anything unforeseen is tried again."""
    row = next(row for row in TABLE if row.fits(answer))
    detail = row.says
    if answer.issues and row.kind in ("dead", "paused"):
        detail = f"{detail} It named: {'; '.join(answer.issues)}."
    return Outcome(
        kind=row.kind,
        reason_code=row.reason_code,
        detail=detail,
        http_status=answer.status,
        retry_after_seconds=answer.retry_after_seconds if row.kind == "retry" else None,
        reference=answer.reference if row.kind == "sent" else None,
    )


def issues_of(resource: Mapping[str, Any]) -> tuple[str, ...]:
    """What an OperationOutcome complains of: its code and the place, never its free text, which may quote the child."""
    found = []
    issues = resource.get("issue")
    for issue in issues if isinstance(issues, list) else []:
        if not isinstance(issue, Mapping) or issue.get("severity") not in ("error", "fatal"):
            continue
        places = issue.get("expression") or issue.get("location") or []
        place = places[0] if isinstance(places, list) and places and isinstance(places[0], str) else ""
        words = [_clean(str(issue.get("code", ""))), _clean(place)]
        found.append(" at ".join(word for word in words if word))
    return tuple(dict.fromkeys(word for word in found if word))[:5]


def _clean(text: str) -> str:
    return _DIGITS.sub("", _UNSAFE.sub("", text))[:120]
