"""What the real red book would refuse. Written apart from `sync.conformance` on purpose: the sender's own opinion of a
message must not be the only one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hvapp.domain.nhs_number import valid

NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
_UK_CORE = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-"
_PROFILES = {
    "Patient": {_UK_CORE + "Patient"},
    "Encounter": {_UK_CORE + "Encounter"},
    "Observation": {
        _UK_CORE + name
        for name in (
            "Observation",
            "Observation-VitalSigns",
            "Observation-VitalSigns-BodyWeight",
            "Observation-VitalSigns-BodyHeight",
            "Observation-VitalSigns-HeadCircumference",
        )
    },
    "QuestionnaireResponse": {_UK_CORE + "QuestionnaireResponse"},
    "Communication": {_UK_CORE + "Communication"},
    "CarePlan": {_UK_CORE + "CarePlan"},
}
# Fixed values of the UK Core profiles: LOINC code, unit in words, UCUM code.
_FIXED = {
    _UK_CORE + "Observation-VitalSigns-BodyWeight": ("29463-7", "kilogram", "kg"),
    _UK_CORE + "Observation-VitalSigns-BodyHeight": ("8302-2", None, None),
    _UK_CORE + "Observation-VitalSigns-HeadCircumference": ("9843-4", "centimeter", "cm"),
}


@dataclass(frozen=True)
class Issue:
    """One line of an OperationOutcome: a FHIR issue code, the place, and words."""

    code: str
    place: str
    words: str

    def as_fhir(self) -> dict[str, Any]:
        return {"severity": "error", "code": self.code, "expression": [self.place], "diagnostics": self.words}


class Refused(Exception):
    """The whole request is refused with this HTTP status."""

    def __init__(self, status: int, *issues: Issue) -> None:
        super().__init__(f"refused with {status}")
        self.status = status
        self.issues = issues


def check_shape(bundle: Mapping[str, Any]) -> None:
    """Raises Refused(400) for what is not a FHIR R4 transaction at all."""
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") != "transaction":
        raise Refused(400, Issue("invalid", "Bundle.type", "Only a transaction Bundle is taken here."))
    found = list(_model_issues(bundle))
    if found:
        raise Refused(400, *found)
    entries = bundle.get("entry") or []
    if not entries:
        raise Refused(400, Issue("required", "Bundle.entry", "The transaction is empty."))
    for number, entry in enumerate(entries):
        if "request" not in entry:
            raise Refused(
                400, Issue("required", f"Bundle.entry[{number}].request", "Every entry needs a request.")
            )


def check_content(bundle: Mapping[str, Any]) -> None:
    """Raises Refused(422) for resources that break the profiles or name a child wrongly."""
    found = []
    for number, entry in enumerate(bundle["entry"]):
        if (resource := entry.get("resource")) is not None:
            place = f"Bundle.entry[{number}].resource"
            found += [
                Issue(issue.code, place + issue.place, issue.words) for issue in _resource_issues(resource)
            ]
    if found:
        raise Refused(422, *found)


def _model_issues(bundle: Mapping[str, Any]) -> Iterator[Issue]:
    from fhir.resources.R4B.bundle import Bundle
    from pydantic import ValidationError

    try:
        Bundle.model_validate(dict(bundle))
    except ValidationError as error:
        for one in error.errors(include_input=False, include_context=False, include_url=False)[:20]:
            yield Issue(
                "structure", "Bundle." + ".".join(str(part) for part in one["loc"]), "Not valid FHIR R4."
            )


def _resource_issues(resource: Mapping[str, Any]) -> Iterator[Issue]:
    kind = resource["resourceType"]
    if kind not in _PROFILES:
        yield Issue("not-supported", "", f"The red book does not keep {kind} resources.")
        return
    stated = set(resource.get("meta", {}).get("profile", []))
    if len(stated) != 1 or not stated <= _PROFILES[kind]:
        yield Issue("business-rule", ".meta.profile", "State one UK Core profile the red book keeps.")
    if kind == "Patient":
        yield from _patient_issues(resource)
    if kind == "Observation":
        yield from _observation_issues(resource, next(iter(stated), ""))
    if kind == "Communication" and not [
        one for one in resource.get("payload", []) if one.get("contentString")
    ]:
        yield Issue("required", ".payload", "A note needs words.")
    if kind == "CarePlan" and not resource.get("description"):
        yield Issue("required", ".description", "A plan needs words.")
    if kind != "Patient" and "subject" not in resource:
        yield Issue("required", ".subject", "The record belongs to nobody.")


def _patient_issues(patient: Mapping[str, Any]) -> Iterator[Issue]:
    numbers = [
        one.get("value", "") for one in patient.get("identifier", []) if one.get("system") == NHS_NUMBER
    ]
    if len(numbers) != 1 or not numbers[0].isdecimal() or not valid(numbers[0]):
        yield Issue("value", ".identifier", "One valid NHS number is needed.")
    for name in ("name", "birthDate", "gender"):
        if not patient.get(name):
            yield Issue("required", f".{name}", f"{name} is needed.")


def _observation_issues(observation: Mapping[str, Any], profile: str) -> Iterator[Issue]:
    if "VitalSigns" not in profile:
        return
    if observation.get("status") != "final":
        yield Issue("value", ".status", "Vital signs are final.")
    systems = [one.get("system") for one in observation.get("code", {}).get("coding", [])]
    if systems.count("http://loinc.org") != 1 or "http://snomed.info/sct" not in systems:
        yield Issue("required", ".code.coding", "Vital signs need one LOINC and one SNOMED CT code.")
    categories = [one for c in observation.get("category", []) for one in c.get("coding", [])]
    if [one.get("code") for one in categories] != ["vital-signs"]:
        yield Issue("value", ".category", "The category of vital signs is vital-signs.")
    if not observation.get("effectiveDateTime"):
        yield Issue("required", ".effectiveDateTime", "Vital signs need a date.")
    quantity = observation.get("valueQuantity")
    if not quantity or "value" not in quantity or quantity.get("system") != "http://unitsofmeasure.org":
        yield Issue("required", ".valueQuantity", "A measurement needs a value with a UCUM unit.")
        return
    loinc, unit, code = _FIXED.get(profile, (None, None, None))
    given = {
        one.get("code") for one in observation["code"]["coding"] if one.get("system") == "http://loinc.org"
    }
    if loinc and given != {loinc}:
        yield Issue("value", ".code.coding", "The LOINC code is not the profile's.")
    if code and (quantity.get("unit"), quantity.get("code")) != (unit, code):
        yield Issue("value", ".valueQuantity.code", "The unit is not the profile's.")
