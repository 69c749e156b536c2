"""A FHIR transaction on the stand-in: all of it, or none of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from sync.redbook_stub.rules import NHS_NUMBER, Issue, Refused, check_content, check_shape
from sync.redbook_stub.store import Store, Stored

_ORDER = {"DELETE": 0, "POST": 1, "PUT": 2}
Entry = Mapping[str, Any]


def apply_transaction(store: Store, bundle: Mapping[str, Any]) -> dict[str, Any]:
    """The transaction-response Bundle. Raises Refused, having stored nothing."""
    check_shape(bundle)
    check_content(bundle)
    entries: list[Entry] = bundle["entry"]
    answers: dict[int, dict[str, str]] = {}
    with store.transaction():
        patients = _patients(store, entries)
        names = _names(entries, patients)
        for number in sorted(
            range(len(entries)), key=lambda n: _ORDER.get(entries[n]["request"]["method"], 9)
        ):
            answers[number] = _apply(store, entries[number], number, names, patients)
    return {
        "resourceType": "Bundle",
        "type": "transaction-response",
        "entry": [{"response": answers[number]} for number in range(len(entries))],
    }


def find_patients(store: Store, identifier: str) -> list[Stored]:
    """By identifier as `system|value`, or the value alone."""
    system, bar, value = identifier.rpartition("|")
    return [
        patient
        for patient in store.current("Patient")
        if any(
            one.get("value") == value and (not bar or one.get("system") == system)
            for one in patient.body.get("identifier", [])
        )
    ]


@dataclass(frozen=True)
class _Child:
    stored: Stored
    created: bool


def _patients(store: Store, entries: list[Entry]) -> dict[int, _Child]:
    """The Patient each POST stands for: the one that is there, or a new one. Two that match are nobody's to choose."""
    found: dict[int, _Child] = {}
    for number, entry in enumerate(entries):
        request = entry["request"]
        if request["method"] != "POST":
            continue
        place = f"Bundle.entry[{number}].request"
        if request["url"] != "Patient" or entry.get("resource", {}).get("resourceType") != "Patient":
            raise Refused(422, Issue("not-supported", place, "Only Patient may be created without a name."))
        known = find_patients(store, _condition(request.get("ifNoneExist"), place))
        if len(known) > 1:
            raise Refused(412, Issue("multiple-matches", place, "More than one record matches."))
        child = known[0] if known else store.create("Patient", dict(entry["resource"]))
        found[number] = _Child(child, created=not known)
    return found


def _condition(search: str | None, place: str) -> str:
    """The identifier of an If-None-Exist. "" matches nobody: a plain create, which the standard allows."""
    if search is None:
        return ""
    asked = parse_qsl(search, keep_blank_values=True)
    if len(asked) != 1 or asked[0][0] != "identifier" or not asked[0][1].startswith(f"{NHS_NUMBER}|"):
        raise Refused(400, Issue("not-supported", place, "If-None-Exist works by NHS number here."))
    return asked[0][1]


def _names(entries: list[Entry], patients: Mapping[int, _Child]) -> dict[str, str]:
    """What each fullUrl in the Bundle becomes at this server."""
    names: dict[str, str] = {}
    for number, entry in enumerate(entries):
        full = entry.get("fullUrl")
        if full is None:
            continue
        if full in names:
            raise Refused(
                400, Issue("duplicate", f"Bundle.entry[{number}].fullUrl", "Two entries have one name.")
            )
        patient = patients.get(number)
        names[full] = f"Patient/{patient.stored.id}" if patient else str(entry["request"]["url"])
    return names


def _apply(
    store: Store, entry: Entry, number: int, names: Mapping[str, str], patients: Mapping[int, _Child]
) -> dict[str, str]:
    method, url = entry["request"]["method"], str(entry["request"]["url"])
    place = f"Bundle.entry[{number}]"
    if method == "POST":
        child = patients[number]
        return _response("201 Created" if child.created else "200 OK", child.stored)
    if method == "PUT":
        kind, _, name = url.partition("/")
        resource = entry.get("resource", {})
        if not name or resource.get("id") != name or resource.get("resourceType") != kind:
            raise Refused(
                400, Issue("invalid", f"{place}.request.url", "The name in the URL is not the resource's.")
            )
        if kind == "Patient":
            raise Refused(
                422, Issue("business-rule", place, "The red book's own Patient may not be replaced.")
            )
        stored, new = store.put(kind, name, _resolved(store, resource, names, place))
        return _response("201 Created" if new else "200 OK", stored)
    if method == "DELETE":
        kind, _, search = url.partition("?")
        if not search.startswith("_id=") or kind == "Patient":
            raise Refused(
                400, Issue("not-supported", f"{place}.request.url", "Records are removed by _id here.")
            )
        store.remove(kind, search.removeprefix("_id="))
        return {"status": "204 No Content"}
    raise Refused(
        400, Issue("not-supported", f"{place}.request.method", "Only POST, PUT and DELETE are taken.")
    )


def _resolved(store: Store, resource: Any, names: Mapping[str, str], place: str) -> dict[str, Any]:
    """The resource with references as they are at this server; one that leads nowhere is refused."""

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: _target(item) if key == "reference" else walk(item) for key, item in value.items()}
        return [walk(item) for item in value] if isinstance(value, list) else value

    def _target(reference: str) -> str:
        if reference in names:
            return names[reference]
        kind, _, name = reference.partition("/")
        known = store.read(kind, name) if name and ":" not in reference else None
        if known is None or known.deleted:
            raise Refused(422, Issue("not-found", place, "A reference leads nowhere."))
        return reference

    resolved: dict[str, Any] = walk(resource)
    return resolved


def _response(status: str, stored: Stored) -> dict[str, str]:
    return {
        "status": status,
        "location": stored.location,
        "etag": f'W/"{stored.version}"',
        "lastModified": stored.stored_at.isoformat(timespec="milliseconds"),
    }


def belongs_to(patient: str, resources: list[Stored]) -> Iterator[Stored]:
    """Those whose subject is this patient (logical id)."""
    for one in resources:
        if one.body.get("subject", {}).get("reference") == f"Patient/{patient}":
            yield one
