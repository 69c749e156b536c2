"""May this message leave? Asked of the frozen bytes each time, just before they go.

Three layers, because each misses what the others find: the FHIR R4 model (structure), a table of our own (profiles,
codes, units, ids, references), and a search for anything the family's copy may not hold. The builder is not trusted.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from hvapp.domain.forms.answers import read_decimal, read_number
from hvapp.domain.nhs_number import valid
from hvapp.domain.redbook import ApprovedRecord
from sync import fhir_json
from sync.builders import codes
from sync.mapping import FOR_THE_SERVICE, MAY_REACH_PARENT, Field, all_fields, is_restricted

Resource = Mapping[str, Any]

_OWN_TEXT = 8
_RESULT_CODES = {
    code for measure in codes.MEASURES.values() for code in (measure.growth.centile, measure.growth.sds)
}
_MEASURES = {(measure.loinc, measure.snomed): measure for measure in codes.MEASURES.values()}
_CLASSES = {"HH", "AMB", "VR"}
_SHARED = {"resourceType", "id", "meta", "identifier"}
ALLOWED = {
    "Patient": _SHARED | {"name", "gender", "birthDate"},
    "Encounter": _SHARED
    | {
        "status",
        "class",
        "type",
        "serviceType",
        "subject",
        "participant",
        "period",
        "location",
        "serviceProvider",
    },
    "Observation": _SHARED
    | {
        "status",
        "category",
        "code",
        "subject",
        "encounter",
        "effectiveDateTime",
        "performer",
        "valueQuantity",
    }
    | {"interpretation", "method", "derivedFrom"},
    "QuestionnaireResponse": _SHARED
    | {"questionnaire", "status", "subject", "encounter", "authored", "author", "item"},
    "Communication": _SHARED | {"status", "category", "subject", "encounter", "sent", "sender", "payload"},
    "CarePlan": _SHARED
    | {
        "status",
        "intent",
        "category",
        "description",
        "subject",
        "encounter",
        "created",
        "author",
        "activity",
    },
}
REMOVABLE = set(ALLOWED) - {"Patient", "Encounter"}


def problems(record: ApprovedRecord, payload: bytes) -> list[str]:
    """What is wrong with this message, in plain words and without patient data; empty when it may leave."""
    try:
        bundle = fhir_json.loads(payload)
    except fhir_json.NotFhirJson:
        return ["The message is not JSON."]
    found = list(_of_model(bundle))
    if found:
        return found
    found += _of_mapping(record)
    found += _of_limits(record)
    found += _of_bundle(bundle)
    for number, entry in enumerate(bundle.get("entry", []), start=1):
        if (resource := entry.get("resource")) is not None:
            name = f"{resource['resourceType']} (entry {number})"
            found += [f"{name}: {problem}" for problem in _of_resource(record, resource)]
    found += _of_privacy(record, bundle)
    return found


def _of_model(bundle: Resource) -> Iterator[str]:
    # Loading the models takes a third of a second, which only a process that sends should pay.
    from fhir.resources.R4B.bundle import Bundle
    from pydantic import ValidationError

    try:
        Bundle.model_validate(dict(bundle))
    except ValidationError as error:
        for detail in error.errors(include_input=False, include_context=False, include_url=False)[:10]:
            place = ".".join(str(part) for part in detail["loc"])
            yield f"The message is not valid FHIR R4 at {place or 'its root'} ({detail['type']})."


def _of_mapping(record: ApprovedRecord) -> Iterator[str]:
    for field in all_fields(record.form):
        if not field.target:
            continue
        if field.visibility != MAY_REACH_PARENT:
            yield f"The form sends the field {field.id}, which parents may not see."
        name = field.target.get("observation")
        if name is not None and name not in codes.MEASURES:
            yield f"The form sends the field {field.id} as a measurement the red book does not know."
        name = field.target.get("communication")
        if name is not None and name not in codes.COMMUNICATIONS:
            yield f"The form sends the field {field.id} as a note the red book does not know."


def _of_limits(record: ApprovedRecord) -> Iterator[str]:
    """A measurement beyond its form's hard limits is a slip of the hand or of a tablet, whoever approved it."""
    for field in all_fields(record.form):
        value, hard = read_decimal(record.answers.get(field.id)), field.definition.get("hard") or {}
        if "observation" not in field.target or value is None:
            continue
        low, high = read_number(hard.get("min")), read_number(hard.get("max"))
        if (low is not None and value < low) or (high is not None and value > high):
            yield f"The field {field.id} holds a measurement that is not possible."


def _of_bundle(bundle: Resource) -> Iterator[str]:
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") != "transaction":
        yield "The message is not a transaction."
    entries = bundle.get("entry") or []
    kinds = [entry["resource"]["resourceType"] for entry in entries if "resource" in entry]
    for kind in ("Patient", "Encounter"):
        if kinds.count(kind) != 1:
            yield f"The message has {kinds.count(kind)} {kind} entries and must have one."
    names = [entry["fullUrl"] for entry in entries if "fullUrl" in entry]
    if len(names) != len(set(names)):
        yield "Two entries have the same name."
    for number, entry in enumerate(entries, start=1):
        if not _well_asked(entry):
            yield f"Entry {number} does not ask for one of the changes we make."
    if any(_is_in_error(entry) for entry in entries) and set(kinds) != {"Patient", "Encounter"}:
        yield "The message holds content of a visit that was withdrawn."
    for reference in _references(entries):
        if reference not in names:
            yield "A reference points outside the message."


def _is_in_error(entry: Resource) -> bool:
    return (entry.get("resource") or {}).get("status") == codes.ENTERED_IN_ERROR


def _well_asked(entry: Resource) -> bool:
    """Create the child if absent, replace our own by name, or remove our own by name. Nothing else is ever sent."""
    request, resource = entry.get("request") or {}, entry.get("resource")
    match request.get("method"):
        case "POST" if resource is not None:
            wanted = f"identifier={codes.NHS_NUMBER}|{_nhs_number(resource)}"
            return resource["resourceType"] == "Patient" and request.get("ifNoneExist") == wanted
        case "PUT" if resource is not None and resource["resourceType"] != "Patient":
            name = resource.get("id")
            own = entry.get("fullUrl") == f"urn:uuid:{name}"
            return own and request.get("url") == f"{resource['resourceType']}/{name}"
        case "DELETE":
            kind, _, search = str(request.get("url", "")).partition("?")
            return kind in REMOVABLE and search.startswith("_id=") and len(search) == 40
        case _:
            return False


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key == "reference" and isinstance(item, str):
                yield item
            else:
                yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def _of_resource(record: ApprovedRecord, resource: Resource) -> Iterator[str]:
    kind = resource["resourceType"]
    rules: dict[str, Callable[[ApprovedRecord, Resource], Iterator[str]]] = {
        "Patient": _of_patient,
        "Encounter": _of_encounter,
        "Observation": _of_observation,
        "QuestionnaireResponse": _of_response,
        "Communication": _of_communication,
        "CarePlan": _of_care_plan,
    }
    if kind not in rules:
        yield "the red book is not sent this kind of record"
        return
    extra = sorted(set(resource) - ALLOWED[kind])
    if extra:
        yield f"it holds {', '.join(extra)}, which we do not send"
    yield from rules[kind](record, resource)


def _of_patient(record: ApprovedRecord, patient: Resource) -> Iterator[str]:
    yield from _profile(patient, codes.UK_CORE + "Patient")
    number = _nhs_number(patient)
    if not (number and number.isdecimal() and valid(number)):
        yield "it has no valid NHS number"
    elif number != record.child.nhs_number:
        yield "its NHS number is not the child's"
    if patient.get("birthDate") != record.child.birth_date.isoformat():
        yield "its date of birth is not the child's"


def _of_encounter(record: ApprovedRecord, encounter: Resource) -> Iterator[str]:
    yield from _profile(encounter, codes.UK_CORE + "Encounter")
    if encounter.get("status") not in ("finished", codes.ENTERED_IN_ERROR):
        yield "the visit is not finished, nor entered in error"
    if encounter["class"].get("code") not in _CLASSES or encounter["class"].get("system") != codes.ACT_CODE:
        yield "its class is not home, clinic or virtual"
    if not _has_code(encounter.get("serviceType"), codes.SNOMED, {codes.HEALTH_VISITING}):
        yield "it does not say health visiting"
    if not any(
        _has_code(t, codes.CHILD_HEALTH_ENCOUNTER, codes.ENCOUNTER_TYPES) for t in encounter.get("type", [])
    ):
        yield "it does not say which kind of visit"
    period = encounter.get("period", {})
    start, end = _moment(period.get("start")), _moment(period.get("end"))
    if start is None:
        yield "it has no start with an offset"
    elif start > record.approved_at:
        yield "it starts after it was approved"
    elif end is not None and end < start:
        yield "it ends before it starts"
    if not encounter.get("serviceProvider", {}).get("identifier", {}).get("value"):
        yield "it does not name the organisation by its code"


def _of_observation(record: ApprovedRecord, observation: Resource) -> Iterator[str]:
    if observation.get("status") != "final":
        yield "its status is not final"
    if "subject" not in observation or "encounter" not in observation:
        yield "it does not belong to a child and a visit"
    if not observation.get("effectiveDateTime"):
        yield "it has no date"
    quantity = observation.get("valueQuantity") or {}
    value = quantity.get("value")
    if not isinstance(value, Decimal | int) or quantity.get("system") != codes.UCUM:
        yield "it has no value with a unit"
        return
    loinc, snomed = _code(observation, codes.LOINC), _code(observation, codes.SNOMED)
    measure = _MEASURES.get((loinc or "", snomed or ""))
    if measure is not None:
        yield from _profile(observation, measure.profile)
        if (quantity.get("unit"), quantity.get("code")) != (measure.unit, measure.ucum):
            yield f"its unit is not {measure.unit}"
        if value <= 0:
            yield "its value is not above nothing"
        if not any(
            _has_code(c, codes.OBSERVATION_CATEGORY, {"vital-signs"}) for c in observation.get("category", [])
        ):
            yield "its category is not vital signs"
    elif loinc is None and snomed in _RESULT_CODES:
        yield from _profile(observation, codes.UK_CORE + "Observation")
        if quantity.get("code") not in ("%", "{Zscore}") or "derivedFrom" not in observation:
            yield "a centile or SDS says neither its unit nor its measurement"
        if not observation.get("method", {}).get("text"):
            yield "a centile or SDS does not say how it was found"
    else:
        yield "its code is not one the red book takes"


def _of_response(record: ApprovedRecord, response: Resource) -> Iterator[str]:
    yield from _profile(response, codes.UK_CORE + "QuestionnaireResponse")
    if response.get("questionnaire") not in codes.QUESTIONNAIRES.values():
        yield "it answers a questionnaire the red book does not take"
    if response.get("status") != "completed":
        yield "it is not completed"
    allowed = {
        str(field.target["link_id"])
        for field in all_fields(record.form)
        if "questionnaire" in field.target
        and field.visibility == MAY_REACH_PARENT
        and not is_restricted(field, record.answers.get(field.id))
    }
    links = [item.get("linkId") for item in response.get("item", [])]
    if not links or len(links) != len(set(links)):
        yield "it has no answers, or two answers to one question"
    if not set(links) <= allowed:
        yield "it answers a question parents may not see"
    for item in response.get("item", []):
        known = codes.FEEDING_ITEMS.get(item.get("linkId"))
        given = item["answer"][0].get("valueCoding", {})
        if (
            known
            and known.system
            and (given.get("system") != known.system or not known.display(given.get("code", "")))
        ):
            yield f"its answer to {item['linkId']} is not one of the national codes"


def _of_communication(record: ApprovedRecord, note: Resource) -> Iterator[str]:
    yield from _profile(note, codes.UK_CORE + "Communication")
    if note.get("status") != "completed":
        yield "it is not completed"
    if "subject" not in note or "encounter" not in note or _moment(note.get("sent")) is None:
        yield "it does not belong to a child, a visit and a time"
    kinds = [
        name
        for name, kind in codes.COMMUNICATIONS.items()
        if any(_has_code(category, kind.system, {kind.code}) for category in note.get("category", []))
    ]
    if len(kinds) != 1:
        yield "it does not say which kind of note it is"
    words = [part.get("contentString") for part in note.get("payload", [])]
    if len(words) != 1 or words[0] not in _for_parents(record, "communication", *kinds):
        yield "its words are not those written for the parents"


def _of_care_plan(record: ApprovedRecord, plan: Resource) -> Iterator[str]:
    yield from _profile(plan, codes.UK_CORE + "CarePlan")
    if (plan.get("status"), plan.get("intent")) != ("active", "plan"):
        yield "it is not a plan under way"
    if "subject" not in plan or "encounter" not in plan:
        yield "it does not belong to a child and a visit"
    if not any(_has_code(category, codes.SNOMED, {codes.PLAN}) for category in plan.get("category", [])):
        yield "it does not say that it is a plan"
    if plan.get("description") not in _for_parents(record, "care_plan", "description"):
        yield "its words are not those written for the parents"
    for activity in plan.get("activity", []):
        detail = activity.get("detail", {})
        day = detail.get("scheduledPeriod", {}).get("start")
        if day not in _for_parents(record, "care_plan", "next_contact"):
            yield "its next contact is not the day that was agreed"
        if set(activity) != {"detail"} or detail.get("description") != codes.NEXT_CONTACT:
            yield "it holds an action we do not send"


def _for_parents(record: ApprovedRecord, target: str, *names: str) -> set[str]:
    """The answers in words that the form sends as one of these, parents being allowed to read them."""
    given = (
        record.answers.get(field.id)
        for field in all_fields(record.form)
        if field.target.get(target) in names and field.visibility == MAY_REACH_PARENT
    )
    return {text.strip() for text in given if isinstance(text, str)}


def _of_privacy(record: ApprovedRecord, bundle: Resource) -> Iterator[str]:
    """Looks for the words of every answer that is not for parents. Short answers are left out: they are options.

    Notes are what the visitor wrote for the parents and the supervisor read, word for word. A turn of phrase that also
    stands in the service's own notes is no leak there; one from the restricted parts is, whoever put it.
    """
    named = {f"{record.author.name}, {record.author.role}", record.organisation.name}
    notes = _for_parents(record, "communication", *codes.COMMUNICATIONS) | _for_parents(
        record, "care_plan", "description"
    )
    said = [(text.casefold(), text in notes) for text in _texts(bundle) if text not in named]
    for field in all_fields(record.form):
        if field.visibility == MAY_REACH_PARENT:
            continue
        for text in _own_words(field, record.answers.get(field.id)):
            if any(
                text.casefold() in other
                for other, is_note in said
                if not (is_note and field.visibility == FOR_THE_SERVICE)
            ):
                yield f"The message holds words from the field {field.id}, which parents may not see."
                break


def _own_words(field: Field, value: Any) -> Iterator[str]:
    for text in _texts(value):
        if len(text) >= _OWN_TEXT and " " in text.strip() and field.option_label(text) is None:
            yield text.strip()


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _profile(resource: Resource, profile: str) -> Iterator[str]:
    if resource.get("meta", {}).get("profile") != [profile]:
        yield f"it does not state the profile {profile.rsplit('/', 1)[-1]}"


def _has_code(concept: Resource | None, system: str, allowed: Any) -> bool:
    given = (concept or {}).get("coding", [])
    return any(one.get("system") == system and one.get("code") in allowed for one in given)


def _code(observation: Resource, system: str) -> str | None:
    given = [one["code"] for one in observation["code"].get("coding", []) if one.get("system") == system]
    return str(given[0]) if len(given) == 1 else None


def _nhs_number(patient: Resource) -> str | None:
    given = [
        one.get("value") for one in patient.get("identifier", []) if one.get("system") == codes.NHS_NUMBER
    ]
    return str(given[0]) if len(given) == 1 else None


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.utcoffset() is not None else None
