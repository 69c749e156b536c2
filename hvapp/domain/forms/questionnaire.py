"""A form as a FHIR R4 Questionnaire, for those who want its questions in their own systems.

What FHIR has no words for stays out: facts (an age, a centile) in conditions, "not done" and its reasons, checks of one
answer against another, alerts. A question that is only sometimes shown for such a reason is never marked as required.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from hvapp.domain.forms.definition import Condition, Field, FormDefinition, Option

# No published address yet. ".example" is reserved and can never be somebody else's.
BASE = "https://hvapp.example/fhir"
PROFILE = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Questionnaire"
_HL7 = "http://hl7.org/fhir/StructureDefinition"
_UCUM = {"kg": "kg", "cm": "cm", "weeks": "wk", "days": "d", "minutes": "min", "°C": "Cel"}
_TYPES = {
    "line": "string",
    "text": "text",
    "integer": "integer",
    "decimal": "decimal",
    "date": "date",
    "month": "date",
    "datetime": "dateTime",
    "yes_no": "boolean",
    "choice": "choice",
    "choices": "choice",
    "people": "string",
    "person": "string",
    "yes_no_each": "group",
    "list": "group",
    "photo": "attachment",
}
_OPERATORS = {
    "is": "=",
    "is_not": "!=",
    "includes": "=",
    "at_least": ">=",
    "at_most": "<=",
    "more_than": ">",
    "less_than": "<",
}


def questionnaire(form: FormDefinition) -> dict[str, Any]:
    """JSON-ready. Link ids are the ids of sections and fields; parts of a list are "list.part"."""
    return {
        "resourceType": "Questionnaire",
        "id": form.key.replace("_", "-"),
        "meta": {"profile": [PROFILE]},
        "url": f"{BASE}/Questionnaire/{form.id.replace('_', '-')}",
        "version": str(form.version),
        "name": "".join(word.title() for word in form.id.split("_")),
        "title": form.title,
        "status": "draft",
        "subjectType": ["Patient"],
        "publisher": "hvapp",
        "item": [
            {
                "linkId": f"section.{section.id}",
                "text": section.title,
                "type": "group",
                "item": [_item(form, one, "") for one in section.fields],
            }
            for section in form.sections
        ],
    }


def _item(form: FormDefinition, one: Field, before: str) -> dict[str, Any]:
    link_id = f"{before}{one.id}"
    enabled = _enable_when(form, one, before)
    item: dict[str, Any] = {
        "extension": list(_extensions(one)) if not before else list(_number_extensions(one)),
        "linkId": link_id,
        "text": one.label,
        "type": _TYPES[one.type],
        **enabled,
        "required": one.required and (one.show_when is None or bool(enabled)),
    }
    if one.type in ("choices", "people", "list", "photo"):
        item["repeats"] = True
    if one.max_length is not None:
        item["maxLength"] = one.max_length
    if one.fixed:
        item["readOnly"] = True
    if one.type in ("choice", "choices"):
        chosen = (one.prefill or "").removeprefix("=")
        item["answerOption"] = [_answer_option(form, one, option, chosen) for option in one.options]
    elif one.type == "list":
        item["item"] = [_item(form, part, f"{link_id}.") for part in one.fields]
    elif one.type == "yes_no_each":
        item["item"] = [
            {"linkId": f"{link_id}.{option.value}", "text": option.label, "type": "boolean"}
            for option in one.options
        ]
    return {key: value for key, value in item.items() if value not in ([], False)}


def _extensions(one: Field) -> Iterator[dict[str, Any]]:
    yield {"url": f"{BASE}/StructureDefinition/visibility", "valueCode": one.visibility}
    yield from _number_extensions(one)


def _number_extensions(one: Field) -> Iterator[dict[str, Any]]:
    kind = "valueInteger" if one.type == "integer" else "valueDecimal"
    for url, limit in (("minValue", one.hard.min), ("maxValue", one.hard.max)):
        if limit is not None:
            yield {"url": f"{_HL7}/{url}", kind: int(limit) if one.type == "integer" else float(limit)}
    if one.decimals is not None:
        yield {"url": f"{_HL7}/maxDecimalPlaces", "valueInteger": one.decimals}
    if one.unit in _UCUM:
        coding = {"system": "http://unitsofmeasure.org", "code": _UCUM[one.unit], "display": one.unit}
        yield {"url": f"{_HL7}/questionnaire-unit", "valueCoding": coding}


def _answer_option(form: FormDefinition, one: Field, option: Option, chosen: str) -> dict[str, Any]:
    told: dict[str, Any] = {"valueCoding": _coding(form, one, option)}
    if option.value == chosen:
        told["initialSelected"] = True
    return told


def _coding(form: FormDefinition, one: Field, option: Option) -> dict[str, str]:
    """The national code where the form has one for the option and names its system; else our own value."""
    system = one.red_book.get("system")
    if option.code and system:
        return {"system": str(system), "code": option.code, "display": option.display or option.label}
    own = f"{BASE}/CodeSystem/{form.id.replace('_', '-')}-{one.id.replace('_', '-')}"
    return {"system": own, "code": option.value, "display": option.label}


def _enable_when(form: FormDefinition, one: Field, before: str) -> dict[str, Any]:
    """The condition in FHIR's words, or nothing where it has none for it."""
    if one.show_when is None:
        return {}
    joined = next((key for key in ("all", "any") if key in one.show_when), None)
    told: list[dict[str, Any]] = []
    behaviour = joined or "all"
    for each in one.show_when[joined] if joined else [one.show_when]:
        said = _comparison(form, each, before)
        if said is None:
            return {}
        lines, how = said
        if len(lines) > 1 and behaviour != how:
            if joined is not None and len(one.show_when[joined]) > 1:
                return {}
            behaviour = how
        told += lines
    return {"enableWhen": told} | ({"enableBehavior": behaviour} if len(told) > 1 else {})


def _comparison(
    form: FormDefinition, condition: Condition, before: str
) -> tuple[list[dict[str, Any]], str] | None:
    """One comparison as one line or more, and whether all of them or any has to hold."""
    field_id = condition.get("field")
    asked = _asked(form, str(field_id), before)
    if asked is None:
        return None
    operator = next(key for key in condition if key != "field")
    wanted = condition[operator]
    if operator == "answered":
        return [{"question": f"{before}{field_id}", "operator": "exists", "answerBoolean": wanted}], "all"
    if asked.type == "yes_no_each":
        line = {"question": f"{before}{field_id}.{wanted}", "operator": "=", "answerBoolean": True}
        return [line], "all"
    values, sign = (
        (wanted, "=" if operator == "in" else "!=") if operator in ("in", "not_in") else ([wanted], "")
    )
    lines = [
        {
            "question": f"{before}{field_id}",
            "operator": sign or _OPERATORS[operator],
            **_value(form, asked, value),
        }
        for value in values
    ]
    return lines, "all" if operator == "not_in" else "any"


def _asked(form: FormDefinition, field_id: str, before: str) -> Field | None:
    if not before:
        return form.field(field_id)
    of_list = form.field(before.removesuffix("."))
    return next((part for part in of_list.fields if part.id == field_id), None) if of_list else None


def _value(form: FormDefinition, asked: Field, value: Any) -> Mapping[str, Any]:
    option = asked.option(value) if isinstance(value, str) else None
    if option is not None:
        return {"answerCoding": _coding(form, asked, option)}
    if asked.type == "yes_no":
        return {"answerBoolean": value}
    if asked.type == "decimal":
        return {"answerDecimal": float(value)}
    return {"answerInteger": int(value)}
