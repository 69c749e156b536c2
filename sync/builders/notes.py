"""What is written for the family: the note and the plan of the visitor, and the parent's own words.

After the national child health record: a professional's summary (CH026) and a parent's comment (CH022) are each a
Communication, the plan (CH025) is a CarePlan. Only answers that parents may see come here, as the supervisor read them.
"""

from collections.abc import Iterator
from typing import Any

from hvapp.domain.redbook import ApprovedRecord
from sync.builders import codes
from sync.builders.common import Ids, author_reference, coding
from sync.mapping import Field, all_fields, answer, local_time

Resource = dict[str, Any]


def communications(record: ApprovedRecord, ids: Ids) -> Iterator[Resource]:
    """One for each note that was written."""
    for field in all_fields(record.form):
        if "communication" in field.target and (words := _words(record, field)):
            kind = codes.COMMUNICATIONS[str(field.target["communication"])]
            yield {
                "resourceType": "Communication",
                "id": ids.communication(field.id),
                "meta": {"profile": [codes.UK_CORE + "Communication"]},
                "identifier": [{"system": codes.UUID_IDENTIFIER, "value": ids.communication(field.id)}],
                "status": "completed",
                "category": [{"coding": [coding(kind.system, kind.code, kind.display)]}],
                "subject": {"reference": ids.urn(ids.patient)},
                "encounter": {"reference": ids.urn(ids.encounter)},
                "sent": local_time(record.occurred_at),
                "sender": _parent() if kind.from_parent else author_reference(record),
                "payload": [{"contentString": words}],
            }


def care_plans(record: ApprovedRecord, ids: Ids) -> Iterator[Resource]:
    """The plan, with the day of the next contact when there is one. A day without a plan in words is no plan."""
    fields = {
        field.target["care_plan"]: field for field in all_fields(record.form) if "care_plan" in field.target
    }
    words = _words(record, fields["description"]) if "description" in fields else None
    if not words:
        return
    plan: Resource = {
        "resourceType": "CarePlan",
        "id": ids.care_plan,
        "meta": {"profile": [codes.UK_CORE + "CarePlan"]},
        "identifier": [{"system": codes.UUID_IDENTIFIER, "value": ids.care_plan}],
        "status": "active",
        "intent": "plan",
        "category": [{"coding": [coding(codes.SNOMED, codes.PLAN, codes.PLAN_DISPLAY)]}],
        "description": words,
        "subject": {"reference": ids.urn(ids.patient)},
        "encounter": {"reference": ids.urn(ids.encounter)},
        "created": local_time(record.occurred_at),
        "author": author_reference(record),
    }
    if "next_contact" in fields and (day := _words(record, fields["next_contact"])):
        plan["activity"] = [
            {
                "detail": {
                    "kind": "Appointment",
                    "status": "scheduled",
                    "scheduledPeriod": {"start": day},
                    "description": codes.NEXT_CONTACT,
                }
            }
        ]
    yield plan


def possible(record: ApprovedRecord, ids: Ids) -> Iterator[tuple[str, str]]:
    """Everything any version of this visit could have sent of these."""
    for field in all_fields(record.form):
        if "communication" in field.target:
            yield "Communication", ids.communication(field.id)
    if any("care_plan" in field.target for field in all_fields(record.form)):
        yield "CarePlan", ids.care_plan


def _words(record: ApprovedRecord, field: Field) -> str | None:
    given = answer(record, field)
    if given is None:
        return None
    if not isinstance(given, str):
        raise ValueError(f"the field {field.id} does not hold words")
    # A note of nothing but spaces is none; FHIR has no empty text.
    return given.strip() or None


def _parent() -> dict[str, Any]:
    """Without a name: the visit does not say which parent spoke, and their record is not ours to write."""
    return {"type": "RelatedPerson", "display": "Parent or carer"}
