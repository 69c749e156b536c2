"""One approved visit becomes one FHIR R4 transaction, always the same one."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvapp.domain.redbook import ApprovedRecord
from sync import fhir_json
from sync.builders.fhir_r4 import build
from tests.support.redbook_sample import (
    LATER_REVISION_ID,
    NHS_NUMBER,
    RECORD,
    VISIT_ID,
    child,
    record,
    with_form_field,
)

UK_CORE = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-"
SNOMED = "http://snomed.info/sct"


def entries(of: ApprovedRecord, kind: Any = "new") -> list[dict[str, Any]]:
    return list(fhir_json.loads(build(of, kind))["entry"])


def resources(of: ApprovedRecord, resource_type: str, kind: Any = "new") -> list[dict[str, Any]]:
    found = [entry["resource"] for entry in entries(of, kind) if "resource" in entry]
    return [resource for resource in found if resource["resourceType"] == resource_type]


def measured(of: ApprovedRecord, snomed: str) -> dict[str, Any]:
    [found] = [
        one
        for one in resources(of, "Observation")
        if {"system": SNOMED, "code": snomed}.items() <= one["code"]["coding"][-1].items()
    ]
    return found


def test_the_same_record_gives_the_same_bytes() -> None:
    assert build(RECORD) == build(replace(RECORD))


def test_a_later_revision_uses_the_names_of_the_first() -> None:
    first = {entry.get("fullUrl") for entry in entries(RECORD)}
    later = {entry.get("fullUrl") for entry in entries(record(revision_id=LATER_REVISION_ID))}
    assert first == later
    other_visit = {entry.get("fullUrl") for entry in entries(record(visit_id=LATER_REVISION_ID))}
    assert first.isdisjoint(other_visit)


def test_the_child_is_created_only_where_absent_and_never_replaced() -> None:
    [patient] = [entry for entry in entries(RECORD) if entry["resource"]["resourceType"] == "Patient"]
    assert patient["request"] == {
        "method": "POST",
        "url": "Patient",
        "ifNoneExist": f"identifier=https://fhir.nhs.uk/Id/nhs-number|{NHS_NUMBER}",
    }
    assert set(patient["resource"]) == {"resourceType", "meta", "identifier", "name", "gender", "birthDate"}
    assert patient["resource"]["name"] == [{"use": "official", "family": "Okafor", "given": ["Amelia"]}]


@pytest.mark.parametrize(
    ("sex", "gender"),
    [("female", "female"), ("male", "male"), ("indeterminate", "other"), ("not_known", "unknown")],
)
def test_sex_in_fhir_words(sex: str, gender: str) -> None:
    [patient] = resources(record(child=child(sex=sex)), "Patient")
    assert patient["gender"] == gender


def test_everything_but_the_child_is_put_by_name() -> None:
    for entry in entries(RECORD)[1:]:
        resource = entry["resource"]
        assert entry["request"] == {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"}
        assert entry["fullUrl"] == f"urn:uuid:{resource['id']}"


def test_the_visit() -> None:
    [visit] = resources(RECORD, "Encounter")
    assert visit["meta"]["profile"] == [UK_CORE + "Encounter"]
    assert visit["identifier"][0]["value"] == VISIT_ID
    assert visit["status"] == "finished"
    assert visit["class"]["code"] == "HH"
    assert visit["type"][0]["coding"][0]["code"] == "0023"
    assert visit["serviceType"]["coding"][0]["code"] == "1078501000000104"
    assert visit["location"] == [{"location": {"display": "At home"}}]
    assert visit["participant"][0]["individual"]["display"] == "Priya Shah, Health visitor"
    assert visit["serviceProvider"]["identifier"]["value"] == "X26ZZ"


def test_times_are_on_the_familys_clock_with_their_offset() -> None:
    """22:30 UTC on 31 July is half past eleven at night in England, still on 31 July."""
    late = RECORD.occurred_at.replace(month=7, day=31, hour=22, minute=30)
    [visit] = resources(record(occurred_at=late, ended_at=None), "Encounter")
    assert visit["period"] == {"start": "2026-07-31T23:30:00+01:00"}


def test_a_time_without_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        build(record(occurred_at=RECORD.occurred_at.replace(tzinfo=None)))


@pytest.mark.parametrize(
    ("place", "mode", "code"),
    [
        ("home", "face_to_face", "HH"),
        ("clinic", "face_to_face", "AMB"),
        ("home", "video", "VR"),
        (None, None, "AMB"),
    ],
)
def test_where_the_visit_was(place: str | None, mode: str | None, code: str) -> None:
    [visit] = resources(record(place=place, mode=mode), "Encounter")
    assert visit["class"]["code"] == code


def test_a_video_visit_has_no_place() -> None:
    [visit] = resources(record(mode="video"), "Encounter")
    assert "location" not in visit


@pytest.mark.parametrize(
    ("snomed", "loinc", "profile", "value", "unit", "ucum"),
    [
        ("27113001", "29463-7", "Observation-VitalSigns-BodyWeight", "3.450", "kilogram", "kg"),
        ("364589006", "29463-7", "Observation-VitalSigns-BodyWeight", "3.120", "kilogram", "kg"),
        ("248334005", "8306-3", "Observation-VitalSigns", "51.5", "centimeter", "cm"),
        ("363812007", "9843-4", "Observation-VitalSigns-HeadCircumference", "35.2", "centimeter", "cm"),
        ("169876006", "9843-4", "Observation-VitalSigns-HeadCircumference", "34.0", "centimeter", "cm"),
    ],
)
def test_a_measurement(snomed: str, loinc: str, profile: str, value: str, unit: str, ucum: str) -> None:
    observation = measured(RECORD, snomed)
    assert observation["meta"]["profile"] == [UK_CORE + profile]
    assert [one["code"] for one in observation["code"]["coding"]] == [loinc, snomed]
    assert observation["category"][0]["coding"][0]["code"] == "vital-signs"
    assert observation["valueQuantity"] == {
        "value": Decimal(value),
        "unit": unit,
        "system": "http://unitsofmeasure.org",
        "code": ucum,
    }
    assert str(observation["valueQuantity"]["value"]) == value, "every digit as it was typed"


def test_measurements_at_birth_carry_the_birth_date() -> None:
    assert measured(RECORD, "364589006")["effectiveDateTime"] == "2026-05-03"
    assert measured(RECORD, "27113001")["effectiveDateTime"] == "2026-05-15T10:05:00+01:00"


def test_a_measurement_belongs_to_the_child_and_the_visit() -> None:
    names = {entry["fullUrl"]: entry["resource"]["resourceType"] for entry in entries(RECORD)}
    weight = measured(RECORD, "27113001")
    assert names[weight["subject"]["reference"]] == "Patient"
    assert names[weight["encounter"]["reference"]] == "Encounter"


def test_centile_and_sds_stand_beside_the_measurement_with_their_method() -> None:
    weight = measured(RECORD, "27113001")
    results = {
        one["code"]["coding"][0]["code"]: one
        for one in resources(RECORD, "Observation")
        if one.get("derivedFrom") == [{"reference": f"urn:uuid:{weight['id']}"}]
    }
    assert set(results) == {"1153592008", "1153593003"}
    centile, sds = results["1153592008"], results["1153593003"]
    for result in (centile, sds):
        assert result["meta"]["profile"] == [UK_CORE + "Observation"]
        assert result["effectiveDateTime"] == weight["effectiveDateTime"]
        assert result["method"] == {
            "text": "UK-WHO growth reference, age corrected for gestation, hvapp-lms 1"
        }
    assert (centile["valueQuantity"]["value"], centile["valueQuantity"]["code"]) == (Decimal("34.0"), "%")
    assert centile["interpretation"] == [{"text": "25th to 50th centile"}]
    assert (sds["valueQuantity"]["value"], sds["valueQuantity"]["code"]) == (Decimal("-0.41"), "{Zscore}")


def test_without_a_reference_there_is_no_centile() -> None:
    without = record(derived={"weight_kg": {"sds": None, "centile": None, "band": ""}})
    assert measured(without, "27113001")
    assert len(resources(without, "Observation")) == 5


@pytest.mark.parametrize("answer", [None, "", {"not_done": "asleep", "detail": "Baby asleep"}])
def test_what_was_not_measured_is_not_sent(answer: Any) -> None:
    sent = build(record(answers={"length_cm": answer}))
    assert b"248334005" not in sent
    assert b"asleep" not in sent


@pytest.mark.parametrize("typed", [3.45, "3,45", "about 3", "NaN", "1e3", True])
def test_what_is_not_a_typed_number_is_refused(typed: Any) -> None:
    with pytest.raises(ValueError, match="decimal"):
        build(record(answers={"weight_kg": typed}))


def test_feeding_uses_the_national_link_ids_and_codes() -> None:
    [response] = resources(RECORD, "QuestionnaireResponse")
    items = {item["linkId"]: item["answer"][0] for item in response["item"]}
    assert items == {
        "firstMilkFeed": {
            "valueCoding": {
                "system": "https://fhir.nhs.uk/STU3/CodeSystem/NHSDataDictionary-BabyFirstFeedBreastMilkStatus-1",
                "code": "01",
                "display": "Maternal breast milk",
            }
        },
        "feedingStatus": {
            "valueCoding": {
                "system": "https://fhir.nhs.uk/STU3/CodeSystem/NHSDataDictionary-BreastfeedingStatus-1",
                "code": "02",
                "display": "Partially breast milk feeding",
            }
        },
        "feedingConcerns": {"valueString": "Latching on, Pain when feeding"},
    }
    assert response["status"] == "completed"
    assert response["meta"]["profile"] == [UK_CORE + "QuestionnaireResponse"]


def test_a_month_stays_a_month() -> None:
    stopped = record(answers={"feeding_status": "none", "bf_stopped": "2026-05"})
    [response] = resources(stopped, "QuestionnaireResponse")
    [item] = [one for one in response["item"] if one["linkId"] == "approximateDateBreastfeedingStopped"]
    assert item["answer"] == [{"valueDateTime": "2026-05"}]


def test_no_feeding_answers_no_feeding_record() -> None:
    without = record(without=("first_feed", "feeding_status", "feed_concern"))
    assert resources(without, "QuestionnaireResponse") == []


def test_only_mapped_answers_leave() -> None:
    sent = build(RECORD).decode()
    assert "Sleeps in her mother" not in sent
    assert "Partner shouted" not in sent
    unmapped = with_form_field("summary_parent", red_book=None)
    assert "gaining weight well" not in build(record(form=unmapped)).decode()


def test_an_answer_restricted_by_its_option_stays_whole() -> None:
    options = [{"value": "latch", "label": "Latch"}, {"value": "pain", "label": "Pain", "visibility": "X"}]
    [response] = resources(
        record(form=with_form_field("feed_concern", options=options)), "QuestionnaireResponse"
    )
    assert "feedingConcerns" not in [item["linkId"] for item in response["item"]]


def test_a_mapping_that_names_only_an_event_sends_nothing() -> None:
    mapped = record(form=with_form_field("child_voice", red_book={"event": "CH017"}))
    assert build(mapped) == build(RECORD)


def test_free_text_with_a_mapping_is_refused() -> None:
    form = with_form_field(
        "summary_parent", red_book={"event": "CH026", "questionnaire": "feeding", "link_id": "note"}
    )
    with pytest.raises(ValueError, match="text is not sent"):
        build(record(form=form))


def test_an_update_removes_what_the_earlier_version_may_have_said() -> None:
    later = record(without=("length_cm",), derived={})
    weight = measured(RECORD, "27113001")
    removed = [entry["request"]["url"] for entry in entries(later, "update") if "resource" not in entry]
    gone = measured(RECORD, "248334005")["id"]
    assert f"Observation?_id={gone}" in removed
    assert f"Observation?_id={weight['id']}" not in removed
    assert all(
        entry["request"]["method"] == "DELETE"
        for entry in entries(later, "update")
        if "resource" not in entry
    )


def test_a_first_version_removes_nothing() -> None:
    assert all("resource" in entry for entry in entries(record(without=("length_cm",))))


def test_a_child_without_an_nhs_number_cannot_be_built() -> None:
    with pytest.raises(ValueError, match="NHS number"):
        build(record(child=child(nhs_number=None)))


def test_a_contact_without_a_code_cannot_be_built() -> None:
    with pytest.raises(ValueError, match="code"):
        build(record(encounter_code=None))


@given(st.decimals(min_value="0.001", max_value="45", places=3).map(str))
def test_any_weight_arrives_digit_for_digit(typed: str) -> None:
    sent = build(record(answers={"weight_kg": typed}, derived={}))
    assert f'"valueQuantity":{{"value":{typed},'.encode() in sent
    assert json.loads(sent), "and what arrives is JSON"


def test_the_note_the_parents_words_and_the_plan_go_word_for_word() -> None:
    note, comment = resources(RECORD, "Communication")
    assert note["payload"] == [{"contentString": "Amelia is gaining weight well"}]
    assert note["category"][0]["coding"][0]["code"] == "012"
    assert note["sender"]["display"] == "Priya Shah, Health visitor"
    assert note["sent"] == "2026-05-15T10:05:00+01:00"
    assert comment["payload"] == [{"contentString": "She smiles at her brother.\nWe are sleeping a little."}]
    assert comment["sender"] == {"type": "RelatedPerson", "display": "Parent or carer"}
    [plan] = resources(RECORD, "CarePlan")
    assert plan["description"] == "Feed every three hours. Weigh again in a week."
    assert plan["category"][0]["coding"][0]["code"] == "887201000000105"
    [activity] = plan["activity"]
    assert activity["detail"]["scheduledPeriod"] == {"start": "2026-05-22"}


@pytest.mark.parametrize("nothing", [{"not_done": "declined"}, "", "  \n ", None])
def test_a_note_not_written_is_not_sent(nothing: Any) -> None:
    quiet = record(answers={"summary_parent": nothing, "actions": nothing}, without=("parent_comment",))
    assert resources(quiet, "Communication") == [] and resources(quiet, "CarePlan") == []


def test_a_note_taken_back_is_removed() -> None:
    shorter = record(without=("parent_comment", "actions"), revision_id=LATER_REVISION_ID)
    gone = [entry["request"]["url"] for entry in entries(shorter, "update") if "resource" not in entry]
    taken_back = [resources(RECORD, "Communication")[1], *resources(RECORD, "CarePlan")]
    assert {f"{one['resourceType']}?_id={one['id']}" for one in taken_back} <= set(gone)


def test_a_plan_without_a_next_contact_is_still_a_plan() -> None:
    [plan] = resources(record(answers={"next_due": {"not_done": "not_known"}}), "CarePlan")
    assert "activity" not in plan
