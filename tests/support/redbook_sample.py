"""A small visit to build messages from: a form with each kind of mapping, and one record filled in with it."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from hvapp.domain.redbook import ApprovedRecord, RecordAuthor, RecordChild, RecordOrganisation

NHS_NUMBER = "9990000018"
OTHER_NHS_NUMBER = "9990000026"
VISIT_ID = "01970000-0000-7000-8000-000000000001"
REVISION_ID = "01970000-0000-7000-8000-000000000002"
LATER_REVISION_ID = "01970000-0000-7000-8000-000000000003"


def field(name: str, kind: str, visibility: str = "P", **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "label": name.replace("_", " ").capitalize(),
        "type": kind,
        "visibility": visibility,
    } | more


def option(value: str, label: str, **more: Any) -> dict[str, Any]:
    return {"value": value, "label": label} | more


FORM: dict[str, Any] = {
    "id": "new_birth_visit",
    "version": 1,
    "encounter_code": "0023",
    "sections": [
        {
            "id": "header",
            "fields": [
                field(
                    "place", "choice", options=[option("home", "At home"), option("clinic", "In a clinic")]
                ),
                field(
                    "mode",
                    "choice",
                    options=[option("face_to_face", "Face to face"), option("video", "Video")],
                ),
                field("share_consent", "yes_no_each", "H"),
                field("child_voice", "text", "H"),
                field("seen_alone", "yes_no", "X"),
                field("dva_detail", "text", "X"),
                field(
                    "summary_parent",
                    "text",
                    red_book={"event": "CH026", "communication": "professional_summary"},
                ),
                field(
                    "parent_comment", "text", red_book={"event": "CH022", "communication": "parent_comment"}
                ),
                field("actions", "text", red_book={"event": "CH025", "care_plan": "description"}),
                field("next_due", "date", red_book={"event": "CH025", "care_plan": "next_contact"}),
            ],
        },
        {
            "id": "growth",
            "fields": [
                field("birth_weight_kg", "decimal", red_book={"observation": "birth_weight"}),
                field("birth_ofc_cm", "decimal", red_book={"observation": "birth_head_circumference"}),
                field("weight_kg", "decimal", red_book={"observation": "body_weight"}),
                field("length_cm", "decimal", red_book={"observation": "body_length"}),
                field("ofc_cm", "decimal", red_book={"observation": "head_circumference"}),
            ],
        },
        {
            "id": "feeding",
            "fields": [
                field(
                    "first_feed",
                    "choice",
                    options=[
                        option("maternal", "Breast milk", code="01"),
                        option("donor", "Donor milk", code="02"),
                        option("not_breast_milk", "Formula", code="03"),
                    ],
                    red_book={"questionnaire": "feeding", "link_id": "firstMilkFeed"},
                ),
                field(
                    "feeding_status",
                    "choice",
                    options=[
                        option("exclusive", "Only breast milk", code="01"),
                        option("partial", "Both", code="02"),
                        option("none", "No breast milk", code="03"),
                    ],
                    red_book={"questionnaire": "feeding", "link_id": "feedingStatus"},
                ),
                field(
                    "bf_stopped",
                    "month",
                    red_book={"questionnaire": "feeding", "link_id": "approximateDateBreastfeedingStopped"},
                ),
                field(
                    "feed_concern",
                    "choices",
                    options=[option("latch", "Latching on"), option("pain", "Pain when feeding")],
                    red_book={"questionnaire": "feeding", "link_id": "feedingConcerns"},
                ),
            ],
        },
    ],
}

ANSWERS: dict[str, Any] = {
    "place": "home",
    "mode": "face_to_face",
    "share_consent": {"red_book": True, "gp": True},
    "child_voice": "Sleeps in her mother's arms, wakes to feed and settles again",
    "seen_alone": True,
    "dva_detail": "Partner shouted at her on two evenings last week",
    "summary_parent": "Amelia is gaining weight well",
    "parent_comment": "She smiles at her brother.\nWe are sleeping a little.",
    "actions": "Feed every three hours. Weigh again in a week.",
    "next_due": "2026-05-22",
    "birth_weight_kg": "3.120",
    "birth_ofc_cm": "34.0",
    "weight_kg": "3.450",
    "length_cm": "51.5",
    "ofc_cm": "35.2",
    "first_feed": "maternal",
    "feeding_status": "partial",
    "feed_concern": ["latch", "pain"],
}


def reading(sds: str, centile: str, band: str) -> dict[str, Any]:
    return {
        "sds": sds,
        "centile": centile,
        "band": band,
        "method": "digital",
        "age_days": 12,
        "corrected_age_days": 5,
        "reference": "UK-WHO",
        "engine": "hvapp-lms 1",
    }


DERIVED: dict[str, Any] = {
    "weight_kg": reading("-0.412345678901", "34.0", "25th to 50th centile"),
    "ofc_cm": reading("0.105", "54.2", "On the 50th centile"),
    "birth_weight_kg": reading("-0.2", "42.1", "25th to 50th centile"),
}

RECORD = ApprovedRecord(
    visit_id=VISIT_ID,
    revision_id=REVISION_ID,
    contact_type="new_birth",
    encounter_code="0023",
    occurred_at=datetime(2026, 5, 15, 9, 5, tzinfo=UTC),
    ended_at=datetime(2026, 5, 15, 9, 50, tzinfo=UTC),
    place="home",
    mode="face_to_face",
    child=RecordChild("Amelia", "Okafor", "female", date(2026, 5, 3), NHS_NUMBER, 273),
    author=RecordAuthor("Priya Shah", "Health visitor"),
    organisation=RecordOrganisation("Aire Valley Community Health", "X26ZZ"),
    approved_at=datetime(2026, 5, 16, 14, 2, tzinfo=UTC),
    form=FORM,
    answers=ANSWERS,
    derived=DERIVED,
)


def record(
    *, answers: dict[str, Any] | None = None, without: tuple[str, ...] = (), **changes: Any
) -> ApprovedRecord:
    """The sample with some answers changed or taken out, and any other part replaced."""
    merged = {key: value for key, value in (ANSWERS | (answers or {})).items() if key not in without}
    derived = {key: value for key, value in DERIVED.items() if merged.get(key) == ANSWERS.get(key)}
    return replace(RECORD, **({"answers": merged, "derived": derived} | changes))


def child(**changes: Any) -> RecordChild:
    return replace(RECORD.child, **changes)


def with_form_field(name: str, **changes: Any) -> dict[str, Any]:
    """The sample form with one field's definition changed."""
    sections = [
        section | {"fields": [f | changes if f["id"] == name else f for f in section["fields"]]}
        for section in FORM["sections"]
    ]
    return FORM | {"sections": sections}
