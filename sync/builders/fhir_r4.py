"""One approved visit as one FHIR R4 transaction, on the UK Core profiles.

Pure: the same record gives the same bytes, for ever. Ids are derived from the visit and the field, so sending twice
stores one set, and a correction replaces what the first version said. The child alone is not ours to replace: Patient
is created only where no record has this NHS number, and never overwritten.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid5

from hvapp.domain.redbook import ApprovedRecord, MessageKind
from sync import fhir_json
from sync.builders import codes, feeding, growth, notes
from sync.builders.common import Ids, author_reference, coding, organisation_reference
from sync.mapping import all_fields, find_field, local_time

Resource = dict[str, Any]
Entry = dict[str, Any]

GENDERS = {"male": "male", "female": "female", "indeterminate": "other"}
_NAMESPACE = UUID("5f1d8a3e-6f0c-5e0f-9d57-0a4f6d6c2b11")


def build(record: ApprovedRecord, kind: MessageKind = "new") -> bytes:
    """The transaction Bundle for this visit, as UTF-8 JSON.

    kind "update" also removes what an earlier version may have sent and this one no longer says; "delete" leaves of a
    withdrawn visit nothing but an Encounter that says it was entered in error. Raises ValueError for a record that
    cannot be put into words at all (no NHS number, a value that is not a number).
    """
    ids = Ids(uuid5(_NAMESPACE, record.visit_id))
    encounter = _encounter(record, ids)
    if kind == "delete":
        encounter["status"] = codes.ENTERED_IN_ERROR
    entries = [_patient(record, ids), _put(encounter, ids.encounter)]
    sent: set[tuple[str, str]] = set()
    for resource in () if kind == "delete" else _clinical(record, ids):
        sent.add((resource["resourceType"], resource["id"]))
        entries.append(_put(resource, resource["id"]))
    if kind != "new":
        entries += [_remove(*name) for name in _possible(record, ids) if name not in sent]
    bundle = {
        "resourceType": "Bundle",
        "id": str(uuid5(_NAMESPACE, record.revision_id)),
        "type": "transaction",
        "entry": entries,
    }
    return fhir_json.dumps(bundle)


def _clinical(record: ApprovedRecord, ids: Ids) -> Iterator[Resource]:
    for field in all_fields(record.form):
        if "observation" in field.target:
            yield from growth.observations(record, ids, field)
    yield from feeding.responses(record, ids)
    yield from notes.communications(record, ids)
    yield from notes.care_plans(record, ids)


def _possible(record: ApprovedRecord, ids: Ids) -> Iterator[tuple[str, str]]:
    """Everything any version of this visit could have sent."""
    for field in all_fields(record.form):
        if "observation" in field.target:
            yield from (("Observation", name) for name in growth.possible_ids(ids, field))
    for questionnaire in feeding.questionnaires(record.form):
        yield "QuestionnaireResponse", ids.response(questionnaire)
    yield from notes.possible(record, ids)


def _patient(record: ApprovedRecord, ids: Ids) -> Entry:
    child = record.child
    if child.nhs_number is None:
        raise ValueError("a child without an NHS number cannot be sent")
    resource = {
        "resourceType": "Patient",
        "meta": {"profile": [codes.UK_CORE + "Patient"]},
        "identifier": [{"system": codes.NHS_NUMBER, "value": child.nhs_number}],
        "name": [{"use": "official", "family": child.family_name, "given": [child.given_name]}],
        "gender": GENDERS.get(child.sex, "unknown"),
        "birthDate": child.birth_date.isoformat(),
    }
    request = {
        "method": "POST",
        "url": "Patient",
        "ifNoneExist": f"identifier={codes.NHS_NUMBER}|{child.nhs_number}",
    }
    return {"fullUrl": ids.urn(ids.patient), "resource": resource, "request": request}


def _encounter(record: ApprovedRecord, ids: Ids) -> Resource:
    period = {"start": local_time(record.occurred_at)}
    if record.ended_at is not None:
        period["end"] = local_time(record.ended_at)
    encounter: Resource = {
        "resourceType": "Encounter",
        "id": ids.encounter,
        "meta": {"profile": [codes.UK_CORE + "Encounter"]},
        "identifier": [{"system": codes.UUID_IDENTIFIER, "value": record.visit_id}],
        "status": "finished",
        "class": _visit_class(record),
        "type": [_visit_type(record)],
        "serviceType": {"coding": [coding(codes.SNOMED, codes.HEALTH_VISITING, "Health visiting service")]},
        "subject": {"reference": ids.urn(ids.patient)},
        "participant": [
            {
                "type": [{"coding": [coding(codes.PARTICIPATION, "PPRF", "primary performer")]}],
                "individual": author_reference(record),
            }
        ],
        "period": period,
    }
    place = find_field(record.form, "place")
    words = place.option_label(record.place) if place else None
    if words is not None and _in_person(record):
        encounter["location"] = [{"location": {"display": words}}]
    encounter["serviceProvider"] = organisation_reference(record)
    return encounter


def _in_person(record: ApprovedRecord) -> bool:
    return record.mode in (None, "face_to_face")


def _visit_class(record: ApprovedRecord) -> dict[str, str]:
    if not _in_person(record):
        return coding(codes.ACT_CODE, "VR", "virtual")
    if record.place == "home":
        return coding(codes.ACT_CODE, "HH", "home health")
    return coding(codes.ACT_CODE, "AMB", "ambulatory")


def _visit_type(record: ApprovedRecord) -> Resource:
    code = record.encounter_code
    if code not in codes.ENCOUNTER_TYPES:
        raise ValueError("this kind of contact has no red-book code")
    return {"coding": [coding(codes.CHILD_HEALTH_ENCOUNTER, code, codes.ENCOUNTER_TYPES[code])]}


def _put(resource: Resource, name: str) -> Entry:
    url = f"{resource['resourceType']}/{name}"
    return {"fullUrl": Ids.urn(name), "resource": resource, "request": {"method": "PUT", "url": url}}


def _remove(resource_type: str, name: str) -> Entry:
    """By search, because removing by id what was never there is an error on some servers and this never is."""
    return {"request": {"method": "DELETE", "url": f"{resource_type}?_id={name}"}}
