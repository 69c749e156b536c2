"""Sends one frozen message to a FHIR server, and reads whatever comes back.

Never raises for anything the other side does: every answer, and every lack of one, is an Outcome.
"""

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

import requests
import structlog

from hvapp.domain.redbook import Outcome
from sync import fhir_json
from sync.outcomes import Answer, Body, Failure, issues_of, settle_by_table

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
WHOLE_ANSWER_SECONDS = 60.0
LONGEST_MESSAGE = 3 * 1024 * 1024
LONGEST_ANSWER = 4 * 1024 * 1024
_CHUNK = 64 * 1024
_BAD_ADDRESS = (
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidURL,
)

log = structlog.get_logger()


class Message(Protocol):
    """What a transport needs of an envelope."""

    @property
    def message_id(self) -> str: ...
    @property
    def payload(self) -> bytes | None: ...


class FhirRest:
    """A FHIR R4 server at one address. Redirects are not followed: patient data goes to the address we were given."""

    def __init__(self, base_url: str, session: requests.Session | None = None) -> None:
        self._url = base_url.rstrip("/")
        self._session = session or requests.Session()
        self._session.trust_env = False

    def send(self, message: Message) -> Outcome:
        payload = message.payload
        if payload is None:
            raise ValueError("a message is built before it is sent")
        if len(payload) > LONGEST_MESSAGE:
            return settle_by_table(Answer(status=413))
        sent = fhir_json.loads(payload)
        other_child = self._other_child(message, sent)
        return other_child or settle_by_table(self._transact(message, payload, len(sent["entry"])))

    def _other_child(self, message: Message, bundle: Mapping[str, Any]) -> Outcome | None:
        """Refuses to write into a record that has this NHS number but another birth date: it is somebody else's.

        Asked by POST, so that no NHS number appears in an address, where proxies and servers would log it.
        """
        child = next(
            e["resource"] for e in bundle["entry"] if e.get("resource", {}).get("resourceType") == "Patient"
        )
        identifier = child["identifier"][0]
        body = {"identifier": f"{identifier['system']}|{identifier['value']}"}
        reply = self._call(message, f"{self._url}/Patient/_search", data=body)
        if isinstance(reply, Answer):
            return settle_by_table(reply)
        status, headers, content = reply
        found = _as_json(content)
        if status != 200 or found is None or found.get("resourceType") != "Bundle":
            return settle_by_table(_read(status, headers, content, expected=-1))
        known = list(_patients(found))
        if len(known) > 1:
            return settle_by_table(Answer(status=412))
        if known and known[0].get("birthDate") not in (None, child["birthDate"]):
            return Outcome(
                "dead",
                "another_child",
                "The red book's record with this NHS number has a different date of birth. Nothing was sent. "
                "Check the child's NHS number and date of birth.",
            )
        return None

    def _transact(self, message: Message, payload: bytes, expected: int) -> Answer:
        reply = self._call(message, self._url, data=payload, content_type=fhir_json.CONTENT_TYPE)
        if isinstance(reply, Answer):
            return reply
        return _read(*reply, expected=expected)

    def _call(
        self, message: Message, url: str, data: bytes | dict[str, str], content_type: str | None = None
    ) -> Answer | tuple[int, Mapping[str, str], bytes]:
        headers = {
            "Accept": fhir_json.CONTENT_TYPE,
            "X-Request-Id": message.message_id,
            "X-Correlation-Id": message.message_id,
            "Prefer": "return=minimal",
        }
        if content_type:
            headers["Content-Type"] = content_type
        deadline = time.monotonic() + WHOLE_ANSWER_SECONDS
        try:
            with self._session.post(
                url,
                data=data,
                headers=headers,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                verify=True,
                stream=True,
            ) as response:
                content = _take(response, deadline)
                return response.status_code, response.headers, content
        except _TooLong:
            return Answer(failure="too_long")
        except requests.RequestException as error:
            failure = _failure_of(error)
            log.info("red_book_unreachable", message_id=message.message_id, failure=failure)
            return Answer(failure=failure)


class _TooLong(Exception):
    pass


def _take(response: requests.Response, deadline: float) -> bytes:
    """The body, refused when it is too long or trickles in for ever."""
    parts: list[bytes] = []
    size = 0
    for chunk in response.iter_content(_CHUNK):
        parts.append(chunk)
        size += len(chunk)
        if size > LONGEST_ANSWER:
            raise _TooLong
        if time.monotonic() > deadline:
            raise requests.Timeout("the answer took too long")
    return b"".join(parts)


def _failure_of(error: requests.RequestException) -> Failure:
    if isinstance(error, _BAD_ADDRESS):
        return "address"
    if isinstance(error, requests.exceptions.SSLError):
        return "certificate"
    if isinstance(error, requests.Timeout):
        return "timeout"
    if isinstance(error, requests.ConnectionError):
        # requests has no class of its own for a failed look-up; urllib3's is in the text of the cause.
        if "NameResolutionError" in repr(error):
            return "name"
        return "timeout" if "Read timed out" in str(error) else "connection"
    return "broken"


def _read(status: int, headers: Mapping[str, str], content: bytes, expected: int) -> Answer:
    resource = _as_json(content)
    body = _kind_of(content, resource)
    entries, reference = _entries(resource) if body == "transaction" and resource else ((), None)
    return Answer(
        status=status,
        body=body,
        entries=entries,
        expected=expected,
        issues=issues_of(resource) if body == "outcome" and resource else (),
        retry_after_seconds=_wait(headers.get("Retry-After")),
        reference=reference,
    )


def _as_json(content: bytes) -> dict[str, Any] | None:
    try:
        return fhir_json.loads(content)
    except fhir_json.NotFhirJson:
        return None


def _kind_of(content: bytes, resource: Mapping[str, Any] | None) -> Body:
    if resource is None:
        return "not_fhir" if content.strip() else "empty"
    if resource.get("resourceType") == "OperationOutcome":
        return "outcome"
    if resource.get("resourceType") == "Bundle" and resource.get("type") == "transaction-response":
        return "transaction"
    return "other_json"


def _patients(found: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    entries = found.get("entry")
    for entry in entries if isinstance(entries, list) else []:
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict) and resource.get("resourceType") == "Patient":
            yield resource


def _entries(resource: Mapping[str, Any]) -> tuple[tuple[int, ...], str | None]:
    """Statuses in order, 0 where one cannot be read (which fits no range, so the count will tell), and the visit's
    own name at the other side."""
    statuses: list[int] = []
    reference = None
    entries = resource.get("entry")
    for entry in entries if isinstance(entries, list) else []:
        response = entry.get("response") if isinstance(entry, dict) else None
        response = response if isinstance(response, dict) else {}
        first = str(response.get("status", ""))[:3]
        if not first.isdecimal():
            continue
        statuses.append(int(first))
        location = str(response.get("location", ""))
        if "Encounter/" in location:
            reference = "Encounter/" + location.split("Encounter/", 1)[1][:120]
    return tuple(statuses), reference


def _wait(value: str | None) -> int | None:
    """Retry-After as seconds: a number, or a date."""
    if not value:
        return None
    if value.strip().isdecimal():
        return min(int(value.strip()[:9]), 24 * 3600)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0, int((until - datetime.now(UTC)).total_seconds()))
