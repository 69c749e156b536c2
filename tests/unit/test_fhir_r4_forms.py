"""Every published form maps only to what the red book takes, with its codes, and only what parents may see."""

from dataclasses import replace

import pytest

from hvapp.domain.forms import FormDefinition
from sync.builders import codes
from sync.builders.fhir_r4 import build
from sync.conformance import problems
from sync.mapping import Field, all_fields
from sync.reading import as_read
from tests.support.answers import FORMS as LIBRARY
from tests.support.redbook_sample import RECORD

FORMS = list(LIBRARY)
MAPPED = [(form, field) for form in FORMS for field in all_fields(form.definition) if field.target]

ANSWERS = {
    "place": "home",
    "mode": "face_to_face",
    "started_at": "2026-05-15T10:05:00+01:00",
    "share_consent": {"red_book": True, "gp": True},
    "birth_weight_kg": "3.120",
    "weight_kg": "3.450",
    "ofc_cm": "35.2",
    "first_feed": "maternal",
    "feeding_status": "exclusive",
    "feed_concern": ["latch", "pain"],
    "bf_stopped": "2026-05",
    "summary_parent": "Baby is well.",
    "parent_comment": "Thank you.",
    "actions": "Weigh again in a week.",
    "next_due": "2026-05-22",
}


@pytest.mark.parametrize(("form", "field"), MAPPED, ids=[f"{form.key}-{field.id}" for form, field in MAPPED])
def test_a_mapping_is_known_and_for_parents(form: FormDefinition, field: Field) -> None:
    assert field.visibility == "P"
    if "observation" in field.target:
        measure = codes.MEASURES[field.target["observation"]]
        given = {
            key: field.target[key]
            for key in ("loinc", "snomed", "unit", "centile", "sds")
            if key in field.target
        }
        ours = {
            "loinc": measure.loinc,
            "snomed": measure.snomed,
            "unit": measure.ucum,
            "centile": measure.growth.centile,
            "sds": measure.growth.sds,
        }
        assert given.items() <= ours.items()
        assert field.type == "decimal"
    if "questionnaire" in field.target:
        assert field.target["questionnaire"] in codes.QUESTIONNAIRES
        item = codes.FEEDING_ITEMS[field.target["link_id"]]
        assert field.target.get("system") == item.system
        if item.system:
            given_codes = {option["code"]: option.get("display") for option in field.definition["options"]}
            assert given_codes == dict(item.displays)
    if "communication" in field.target:
        kind = codes.COMMUNICATIONS[field.target["communication"]]
        if "system" in field.target:
            assert (field.target["system"], field.target["codes"]["type"]) == (kind.system, kind.code)
        assert field.type == "text"
    if "care_plan" in field.target:
        assert field.target["care_plan"] in ("description", "next_contact")
        assert field.target.get("snomed", codes.PLAN) == codes.PLAN


@pytest.mark.parametrize("form", FORMS, ids=[form.key for form in FORMS])
def test_a_form_for_the_red_book_names_a_kind_of_visit(form: FormDefinition) -> None:
    if any("observation" in field.target for field in all_fields(form.definition)):
        assert form.encounter_type in codes.ENCOUNTER_TYPES


def test_a_new_birth_visit_as_it_is_recorded_may_leave() -> None:
    form = next(form for form in FORMS if form.id == "new_birth_visit")
    record = replace(RECORD, form=form.definition, answers=ANSWERS, encounter_code=form.encounter_type)
    read = as_read(record, form)
    payload = build(read)
    assert problems(record, payload) == []
    assert b'"27113001"' in payload and b'"364589006"' in payload and b'"feedingStatus"' in payload
    assert b'"class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HH"' in payload
    assert b'"display":"Family home"' in payload
    for words in (b"Baby is well.", b"Thank you.", b"Weigh again in a week.", b'{"start":"2026-05-22"}'):
        assert words in payload, words


def test_an_answer_nobody_was_shown_stays_behind() -> None:
    """Stopped breastfeeding is asked only when there is no breast milk; the tablet still has the old answer."""
    form = next(form for form in FORMS if form.id == "new_birth_visit")
    record = replace(RECORD, form=form.definition, answers=ANSWERS, encounter_code=form.encounter_type)
    assert "bf_stopped" not in as_read(record, form).answers
    assert b"approximateDateBreastfeedingStopped" not in build(as_read(record, form))
    stopped = replace(record, answers=ANSWERS | {"feeding_status": "none"})
    assert b"approximateDateBreastfeedingStopped" in build(as_read(stopped, form))


@pytest.mark.parametrize(
    ("field_id", "value"),
    [("weight_kg", "45.1"), ("weight_kg", "999999999.999"), ("ofc_cm", "14.9"), ("birth_weight_kg", "0.1")],
)
def test_a_measurement_that_is_not_possible_stays_here(field_id: str, value: str) -> None:
    """Tablets refuse it; one that does not, and a supervisor in a hurry, must not tell a parent."""
    form = next(form for form in FORMS if form.id == "new_birth_visit")
    answers = ANSWERS | {field_id: value}
    record = replace(RECORD, form=form.definition, answers=answers, encounter_code=form.encounter_type)

    found = problems(record, build(as_read(record, form)))

    assert found == [f"The field {field_id} holds a measurement that is not possible."]
