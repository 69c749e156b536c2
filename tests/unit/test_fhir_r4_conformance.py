"""May this message leave? A good one may; each way of spoiling it is found and said in plain words."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from sync import fhir_json
from sync.builders import codes
from sync.builders.fhir_r4 import build
from sync.conformance import problems
from sync.mapping import all_fields
from tests.support.redbook_sample import (
    FORM,
    OTHER_NHS_NUMBER,
    RECORD,
    child,
    record,
    with_form_field,
)

Bundle = dict[str, Any]


def spoiled(spoil: Callable[[Bundle], Any], kind: Any = "new") -> bytes:
    bundle = fhir_json.loads(build(RECORD, kind))
    spoil(bundle)
    return fhir_json.dumps(bundle)


def resource(bundle: Bundle, kind: str, number: int = 0) -> dict[str, Any]:
    found: list[dict[str, Any]] = [one["resource"] for one in bundle["entry"]]
    return [one for one in found if one["resourceType"] == kind][number]


def test_a_good_message_may_leave() -> None:
    assert problems(RECORD, build(RECORD)) == []


def test_a_good_correction_may_leave() -> None:
    corrected = record(without=("length_cm", "feed_concern", "feeding_status", "first_feed"), derived={})
    payload = build(corrected, "update")
    assert b'"DELETE"' in payload
    assert problems(corrected, payload) == []


def test_a_withdrawal_may_leave_and_holds_nothing_of_the_visit() -> None:
    payload = build(RECORD, "delete")
    bundle = fhir_json.loads(payload)
    assert problems(RECORD, payload) == []
    _, encounter = [one["resource"] for one in bundle["entry"] if "resource" in one]
    assert encounter["status"] == "entered-in-error"
    kinds = [one["resource"]["resourceType"] for one in bundle["entry"] if "resource" in one]
    assert kinds == ["Patient", "Encounter"]
    sent = {
        f"{one['resource']['resourceType']}?_id={one['resource']['id']}"
        for one in fhir_json.loads(build(RECORD))["entry"]
        if one["request"]["method"] == "PUT" and one["resource"]["resourceType"] != "Encounter"
    }
    assert sent <= {one["request"]["url"] for one in bundle["entry"]}


def test_a_withdrawal_that_holds_content_may_not_leave() -> None:
    payload = spoiled(lambda bundle: resource(bundle, "Encounter").update(status="entered-in-error"))
    assert any("was withdrawn" in one for one in problems(RECORD, payload))


@pytest.mark.parametrize("payload", [b"", b"<html></html>", b"[]", b"{}", b'{"resourceType": "Bundle"}'])
def test_what_is_no_message(payload: bytes) -> None:
    assert problems(RECORD, payload)


SPOILED: dict[str, tuple[Callable[[Bundle], Any], str]] = {
    "an unknown element": (lambda b: resource(b, "Observation").update(weight=3), "not valid FHIR R4"),
    "a missing status": (lambda b: resource(b, "Encounter").pop("status"), "not valid FHIR R4"),
    "an impossible date": (
        lambda b: resource(b, "Patient").update(birthDate="2026-13-40"),
        "not valid FHIR R4",
    ),
    "a batch": (lambda b: b.update(type="batch"), "not a transaction"),
    "no child": (lambda b: b["entry"].pop(0), "0 Patient entries"),
    "two visits": (lambda b: b["entry"].append(b["entry"][1]), "2 Encounter entries"),
    "the same name twice": (lambda b: b["entry"][3].update(fullUrl=b["entry"][2]["fullUrl"]), "same name"),
    "a replaced child": (
        lambda b: b["entry"][0].update(request={"method": "PUT", "url": "Patient/1"}),
        "not ask for one of the changes",
    ),
    "a child created without asking": (
        lambda b: b["entry"][0]["request"].pop("ifNoneExist"),
        "not ask for one",
    ),
    "another child's condition": (
        lambda b: b["entry"][0]["request"].update(
            ifNoneExist=f"identifier={codes.NHS_NUMBER}|{OTHER_NHS_NUMBER}"
        ),
        "not ask for one",
    ),
    "a name that is not its own": (
        lambda b: b["entry"][2]["request"].update(url="Observation/1"),
        "not ask for one",
    ),
    "a removal by search": (
        lambda b: b["entry"].append({"request": {"method": "DELETE", "url": "Observation?patient=1"}}),
        "not ask for one",
    ),
    "a removed child": (
        lambda b: b["entry"].append({"request": {"method": "DELETE", "url": "Patient?_id=" + "0" * 36}}),
        "not ask for one",
    ),
    "a reference to elsewhere": (
        lambda b: resource(b, "Observation").update(subject={"reference": "Patient/12"}),
        "points outside",
    ),
    "a dangling reference": (
        lambda b: resource(b, "Observation").update(encounter={"reference": "urn:uuid:nobody"}),
        "points outside",
    ),
    "another kind of record": (
        lambda b: b["entry"][2].update(resource={"resourceType": "Basic", "code": {"text": "x"}}),
        "not sent this kind",
    ),
    "an address": (lambda b: resource(b, "Patient").update(address=[{"text": "12 Acre Road"}]), "address"),
    "a note": (lambda b: resource(b, "Observation").update(note=[{"text": "unsettled"}]), "note"),
    "an impossible NHS number": (
        lambda b: resource(b, "Patient")["identifier"][0].update(value="9990000019"),
        "no valid NHS number",
    ),
    "another NHS number": (
        lambda b: resource(b, "Patient")["identifier"][0].update(value=OTHER_NHS_NUMBER),
        "not the child's",
    ),
    "another birthday": (lambda b: resource(b, "Patient").update(birthDate="2026-05-04"), "date of birth"),
    "no profile": (lambda b: resource(b, "Patient").pop("meta"), "state the profile"),
    "another profile": (
        lambda b: resource(b, "Observation").update(meta={"profile": [codes.UK_CORE + "Observation"]}),
        "state the profile",
    ),
    "an unfinished visit": (lambda b: resource(b, "Encounter").update(status="planned"), "not finished"),
    "a visit in a hospital bed": (lambda b: resource(b, "Encounter")["class"].update(code="IMP"), "class"),
    "a visit by another service": (lambda b: resource(b, "Encounter").pop("serviceType"), "health visiting"),
    "a visit of no kind": (lambda b: resource(b, "Encounter").pop("type"), "kind of visit"),
    "a visit without a period": (lambda b: resource(b, "Encounter").pop("period"), "no start"),
    "a visit that ends first": (
        lambda b: resource(b, "Encounter")["period"].update(end="2026-05-15T09:00:00+01:00"),
        "ends before",
    ),
    "a visit by nobody": (lambda b: resource(b, "Encounter").pop("serviceProvider"), "organisation"),
    "grams": (lambda b: resource(b, "Observation")["valueQuantity"].update(unit="gram", code="g"), "unit"),
    "a weight of nothing": (
        lambda b: resource(b, "Observation")["valueQuantity"].update(value=Decimal("0.000")),
        "not above nothing",
    ),
    "no value": (lambda b: resource(b, "Observation").pop("valueQuantity"), "no value"),
    "no date": (lambda b: resource(b, "Observation").pop("effectiveDateTime"), "no date"),
    "no category": (lambda b: resource(b, "Observation").pop("category"), "vital signs"),
    "nobody's weight": (lambda b: resource(b, "Observation").pop("subject"), "belong"),
    "another measurement": (
        lambda b: resource(b, "Observation")["code"]["coding"][0].update(code="8302-2"),
        "not one the red book takes",
    ),
    "a centile from nowhere": (lambda b: resource(b, "Observation", 1).pop("derivedFrom"), "its measurement"),
    "a centile without a method": (lambda b: resource(b, "Observation", 1).pop("method"), "how it was found"),
    "a feeding code of our own": (
        lambda b: resource(b, "QuestionnaireResponse")["item"][0]["answer"][0]["valueCoding"].update(
            code="99"
        ),
        "national codes",
    ),
    "a question twice": (
        lambda b: resource(b, "QuestionnaireResponse")["item"].append(
            resource(b, "QuestionnaireResponse")["item"][0]
        ),
        "two answers",
    ),
    "a question nobody mapped": (
        lambda b: resource(b, "QuestionnaireResponse")["item"][0].update(linkId="smoking"),
        "parents may not see",
    ),
    "a note that nobody wrote": (
        lambda b: resource(b, "Communication")["payload"][0].update(contentString="Amelia is well"),
        "words are not those",
    ),
    "a note of no kind": (lambda b: resource(b, "Communication").pop("category"), "which kind of note"),
    "the parent's words as the visitor's": (
        lambda b: resource(b, "Communication").update(payload=resource(b, "Communication", 1)["payload"]),
        "words are not those",
    ),
    "a note without a time": (lambda b: resource(b, "Communication").pop("sent"), "and a time"),
    "a note not yet sent": (
        lambda b: resource(b, "Communication").update(status="in-progress"),
        "not completed",
    ),
    "a note to somebody": (
        lambda b: resource(b, "Communication").update(recipient=[{"display": "Grandmother"}]),
        "recipient",
    ),
    "a plan that nobody made": (
        lambda b: resource(b, "CarePlan").update(description="Come back soon"),
        "words are not those",
    ),
    "a plan called something else": (
        lambda b: resource(b, "CarePlan")["category"][0]["coding"][0].update(code="735324008"),
        "does not say that it is a plan",
    ),
    "a plan given up": (lambda b: resource(b, "CarePlan").update(status="revoked"), "not a plan under way"),
    "nobody's plan": (lambda b: resource(b, "CarePlan").pop("encounter"), "belong to a child and a visit"),
    "a day nobody agreed": (
        lambda b: resource(b, "CarePlan")["activity"][0]["detail"]["scheduledPeriod"].update(
            start="2026-05-23"
        ),
        "not the day that was agreed",
    ),
    "an action of another kind": (
        lambda b: resource(b, "CarePlan")["activity"][0]["detail"].update(description="See the police"),
        "an action we do not send",
    ),
    "an answer in progress": (
        lambda b: resource(b, "QuestionnaireResponse").update(status="in-progress"),
        "not completed",
    ),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_spoiled_message_stays(name: str) -> None:
    spoil, expected = SPOILED[name]
    found = problems(RECORD, spoiled(spoil))
    assert any(expected in problem for problem in found), found
    assert "9990" not in " ".join(found) and "Amelia" not in " ".join(found), "a problem names no child"


def test_a_visit_from_the_future_stays() -> None:
    early = record(approved_at=RECORD.occurred_at - timedelta(hours=1))
    assert any("after it was approved" in problem for problem in problems(early, build(early)))


def test_a_message_about_another_child_stays() -> None:
    assert problems(record(child=child(nhs_number=OTHER_NHS_NUMBER)), build(RECORD))


@pytest.mark.parametrize("visibility", ["H", "X", ""])
def test_a_field_parents_may_not_see_is_never_sent(visibility: str) -> None:
    hidden = record(form=with_form_field("weight_kg", visibility=visibility))
    assert any("weight_kg, which parents may not see" in one for one in problems(hidden, build(hidden)))


def test_a_feeding_answer_parents_may_not_see_is_never_sent() -> None:
    hidden = record(form=with_form_field("feed_concern", visibility="X"))
    assert any("a question parents may not see" in one for one in problems(hidden, build(hidden)))


def test_an_answer_restricted_by_its_option_is_never_sent() -> None:
    options = [{"value": "latch", "label": "Latch"}, {"value": "pain", "label": "Pain", "visibility": "X"}]
    hidden = record(form=with_form_field("feed_concern", options=options))
    assert any("a question parents may not see" in one for one in problems(hidden, build(RECORD)))


def test_a_measurement_the_red_book_does_not_know() -> None:
    unknown = record(
        form=with_form_field("length_cm", red_book={"event": "CH018", "observation": "arm_length"})
    )
    assert any("does not know" in one for one in problems(unknown, build(RECORD)))


def test_a_note_the_red_book_does_not_know() -> None:
    form = with_form_field("summary_parent", red_book={"event": "CH026", "communication": "gossip"})
    assert any(
        "a note the red book does not know" in one for one in problems(record(form=form), build(RECORD))
    )


def test_a_note_may_share_a_turn_of_phrase_with_the_services_own_notes() -> None:
    """The visitor wrote both and the supervisor read both; only the restricted parts must not be repeated."""
    shared = record(answers={"summary_parent": f"Amelia: {RECORD.answers['child_voice']}."})
    assert problems(shared, build(shared)) == []
    told = record(answers={"summary_parent": f"Amelia is well. {RECORD.answers['dva_detail']}."})
    assert problems(told, build(told)) == [
        "The message holds words from the field dva_detail, which parents may not see."
    ]


@pytest.mark.parametrize("field", ["child_voice", "dva_detail"])
def test_words_not_for_parents_are_found_wherever_they_hide(field: str) -> None:
    words = str(RECORD.answers[field])

    def leak(bundle: Bundle) -> None:
        resource(bundle, "QuestionnaireResponse")["item"][-1]["answer"] = [
            {"valueString": f"Note: {words.upper()}"}
        ]

    assert any(f"words from the field {field}" in problem for problem in problems(RECORD, spoiled(leak)))


def test_the_visitors_own_name_is_not_taken_for_a_leak() -> None:
    form = FORM | {"sections": [*FORM["sections"], {"id": "x", "fields": [dict(_second_practitioner())]}]}
    named = record(form=form, answers={"second_practitioner": "Priya Shah, Health visitor"})
    assert problems(named, build(named)) == []


def _second_practitioner() -> dict[str, Any]:
    return {"id": "second_practitioner", "label": "Second visitor", "type": "line", "visibility": "H"}


def test_the_sample_has_every_kind_of_mapping() -> None:
    """Otherwise the tests above would leave something out."""
    targets = [field.target for field in all_fields(RECORD.form) if field.target]
    assert {t["observation"] for t in targets if "observation" in t} == set(codes.MEASURES) - {"body_height"}
    assert {t["communication"] for t in targets if "communication" in t} == set(codes.COMMUNICATIONS)
    assert {t["care_plan"] for t in targets if "care_plan" in t} == {"description", "next_contact"}
