"""Feeding as a QuestionnaireResponse, with the linkIds of the national child health record."""

from collections.abc import Iterator, Mapping
from typing import Any

from hvapp.domain.redbook import ApprovedRecord
from sync.builders import codes
from sync.builders.common import Ids, author_reference, coding
from sync.builders.growth import decimal
from sync.mapping import Field, all_fields, answer, local_time


def questionnaires(form: Mapping[str, Any]) -> list[str]:
    """Names of the questionnaires this form feeds, in form order."""
    named = [str(f.target["questionnaire"]) for f in all_fields(form) if "questionnaire" in f.target]
    return list(dict.fromkeys(named))


def responses(record: ApprovedRecord, ids: Ids) -> Iterator[dict[str, Any]]:
    """One response per questionnaire that has at least one answer."""
    for name in questionnaires(record.form):
        fields = [f for f in all_fields(record.form) if f.target.get("questionnaire") == name]
        items = [item for field in fields if (item := _item(record, field))]
        if items:
            yield {
                "resourceType": "QuestionnaireResponse",
                "id": ids.response(name),
                "meta": {"profile": [codes.UK_CORE + "QuestionnaireResponse"]},
                "identifier": {"system": codes.UUID_IDENTIFIER, "value": ids.response(name)},
                "questionnaire": codes.QUESTIONNAIRES[name],
                "status": "completed",
                "subject": {"reference": ids.urn(ids.patient)},
                "encounter": {"reference": ids.urn(ids.encounter)},
                "authored": local_time(record.occurred_at),
                "author": author_reference(record),
                "item": items,
            }


def _item(record: ApprovedRecord, field: Field) -> dict[str, Any] | None:
    given = answer(record, field)
    if given is None:
        return None
    link_id = str(field.target["link_id"])
    known = codes.FEEDING_ITEMS.get(link_id)
    return {
        "linkId": link_id,
        "text": known.text if known else field.label,
        "answer": [_answer(field, known, given)],
    }


def _answer(field: Field, known: codes.CodedItem | None, given: Any) -> dict[str, Any]:
    """Codes where the national record codes the question, our option's words elsewhere. Free text never."""
    match field.type:
        case "choice" if known and known.system:
            code = str(field.option(given).get("code", given))
            return {"valueCoding": coding(known.system, code, known.display(code))}
        case "choice":
            return {"valueString": _label(field, given)}
        case "choices":
            return {"valueString": ", ".join(_label(field, one) for one in given)}
        case "yes_no":
            return {"valueBoolean": bool(given)}
        case "integer":
            return {"valueInteger": int(given)}
        case "decimal":
            return {"valueDecimal": decimal(given)}
        case "date" | "month":
            return {"valueDateTime": str(given)}
        case other:
            raise ValueError(f"a field of type {other} is not sent to the red book")


def _label(field: Field, value: object) -> str:
    label = field.option_label(value)
    if label is None:
        raise ValueError("an answer is not one of its field's options")
    return label
