"""The first new birth visit, with which visits were recorded: it says for ever what it said."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from hvapp.domain.forms.definition import Field, FormDefinition, Option
from hvapp.domain.forms.facts import ChildFacts, build_facts, derive
from hvapp.domain.forms.validate import Findings, check
from tests.support.answers import FORMS

CORE = """
    contact_type started_at ended_at practitioner_type place mode identity_checked child_seen present seen_alone
    interpreter share_consent child_voice need_level advice actions next_due summary_parent
    birth_weight_kg gestation_weeks gestation_days births_in_pregnancy birth_order
    weight_kg feeding_status feed_concern
"""
OTHERS = """
    second_practitioner language access_needs parent_comment referrals
    birth_ofc_cm delivery_type place_type apgar_1 apgar_5 nipe_hips nipe_eyes nipe_heart nipe_testes hearing_outcome
    bloodspot_taken bloodspot_results vitamin_k
    length_cm ofc_cm measure_conditions not_measured_reason
    first_feed bf_stopped solids_started nappies_wet nappies_dirty feed_observed feed_support_plan vitamin_d
    healthy_start
"""
OPTIONAL = """
    second_practitioner access_needs parent_comment referrals birth_ofc_cm delivery_type place_type apgar_1 apgar_5
    nipe_hips nipe_eyes nipe_heart nipe_testes solids_started
"""
NOT_FOR_PARENTS = {
    "H": """
        late_reason identity_checked child_not_seen_reason present second_practitioner healthy_start child_voice
        need_level need_level_reason share_consent
    """,
    "X": "seen_alone",
}
NOW = datetime(2026, 5, 13, 10, 30, tzinfo=UTC)
CHILD = ChildFacts(date(2026, 5, 1), "female", 270, Decimal("3.450"), need_level="universal")
ANSWERS: dict[str, Any] = {
    "contact_type": "new_birth",
    "started_at": "2026-05-13T10:05:00+01:00",
    "ended_at": "2026-05-13T10:55:00+01:00",
    "practitioner_type": "scphn",
    "place": "home",
    "mode": "face_to_face",
    "identity_checked": True,
    "child_seen": "awake",
    "present": ["p1"],
    "seen_alone": True,
    "interpreter": "not_needed",
    "birth_weight_kg": "3.450",
    "gestation_weeks": 38,
    "gestation_days": 4,
    "births_in_pregnancy": 1,
    "birth_order": 1,
    "vitamin_k": "im",
    "hearing_outcome": "clear",
    "bloodspot_taken": "yes",
    "bloodspot_results": "waiting",
    "weight_kg": "3.520",
    "measure_conditions": "nude",
    "ofc_cm": "35.1",
    "feeding_status": "exclusive",
    "feed_concern": ["none"],
    "first_feed": "maternal",
    "nappies_wet": 7,
    "nappies_dirty": 4,
    "vitamin_d": "no",
    "healthy_start": "not_eligible",
    "child_voice": "Alert, settles when held",
    "need_level": "universal",
    "advice": ["feeding", "safer_sleep"],
    "actions": "Weigh again at 6 weeks",
    "next_due": "2026-06-12",
    "summary_parent": "Growing well.",
    "share_consent": {"gp": True, "chis": True, "red_book": True, "early_years": False, "hub": True},
}


@pytest.fixture(scope="module")
def form() -> FormDefinition:
    return FORMS.get("new_birth_visit", 1)


def looked_at(form: FormDefinition, child: ChildFacts = CHILD, **changes: Any) -> Findings:
    answers = {key: value for key, value in (ANSWERS | changes).items() if value is not None}
    return check(form, {"answers": answers}, build_facts(child, answers, NOW, form))


def missing(found: Findings) -> set[str]:
    return {one.field_id for one in found.findings if one.level == "missing" and not one.alert_id}


def test_every_field_of_the_catalogue_is_asked(form: FormDefinition) -> None:
    assert {*CORE.split(), *OTHERS.split()} <= {one.id for one in form.fields}


def test_the_core_set_stands_first_and_only_follow_up_questions_stand_with_it(form: FormDefinition) -> None:
    core = {one.id for one in form.fields if one.core}
    assert set(CORE.split()) <= core
    assert all(one.show_when is not None for one in form.fields if one.id in core - set(CORE.split()))


def test_sections_go_with_the_visit(form: FormDefinition) -> None:
    assert [section.title for section in form.sections] == [
        "About this visit",
        "Birth and screening",
        "Growth",
        "Feeding",
        "Plan and consent",
    ]


def test_visibility_is_the_catalogue_s(form: FormDefinition) -> None:
    for one in form.fields:
        expected = next((level for level, ids in NOT_FOR_PARENTS.items() if one.id in ids.split()), "P")
        assert one.visibility == expected, one.id


def test_only_what_is_optional_is_not_required(form: FormDefinition) -> None:
    assert {one.id for one in form.fields if not one.may_be_required} == set(OPTIONAL.split())


def test_every_required_field_takes_not_done_but_the_identity(form: FormDefinition) -> None:
    assert [one.id for one in form.fields if one.may_be_required and not one.not_done] == ["identity_checked"]
    undone = {one.id: {"not_done": "other", "detail": "Left early"} for one in form.fields if one.not_done}
    answers = undone | {
        "identity_checked": True,
        "contact_type": "new_birth",
        "not_measured_reason": "not_seen",
    }
    found = check(form, {"answers": answers}, build_facts(CHILD, answers, NOW, form))
    assert found.findings == []


def options(fields: tuple[Field, ...]) -> Iterator[tuple[Field, Option]]:
    for one in fields:
        yield from ((one, option) for option in one.options)
        yield from options(one.fields)


def test_nothing_up_to_seven_options_needs_a_dropdown_and_labels_are_plain(form: FormDefinition) -> None:
    for one in form.fields:
        assert not one.label.endswith((".", ":")), one.id
        assert one.hint is None or one.hint.endswith("."), one.id
        assert one.label[0].isupper(), one.id
    for one, option in options(form.fields):
        assert option.label[0].isupper(), (one.id, option.value)


def test_codes_are_the_catalogue_s(form: FormDefinition) -> None:
    def red_book(field_id: str) -> dict[str, Any]:
        one = form.field(field_id)
        assert one is not None
        return dict(one.red_book)

    growth = {
        "birth_weight_kg": ("birth_weight", "29463-7", "364589006", "kg"),
        "weight_kg": ("body_weight", "29463-7", "27113001", "kg"),
        "length_cm": ("body_length", "8306-3", "248334005", "cm"),
        "ofc_cm": ("head_circumference", "9843-4", "363812007", "cm"),
        "birth_ofc_cm": ("birth_head_circumference", "9843-4", "169876006", "cm"),
    }
    for field_id, expected in growth.items():
        told = red_book(field_id)
        assert (told["observation"], told["loinc"], told["snomed"], told["unit"]) == expected
    feeding = {
        "feeding_status": "feedingStatus",
        "first_feed": "firstMilkFeed",
        "bf_stopped": "approximateDateBreastfeedingStopped",
        "solids_started": "introductionOfSolids",
        "feed_concern": "feedingConcerns",
    }
    for field_id, link_id in feeding.items():
        assert (red_book(field_id)["questionnaire"], red_book(field_id)["link_id"]) == ("feeding", link_id)
    status = form.field("feeding_status")
    assert status is not None
    assert [(option.value, option.code) for option in status.options] == [
        ("exclusive", "01"),
        ("partial", "02"),
        ("none", "03"),
    ]
    assert form.encounter_type == "0023"
    assert red_book("nipe_hips")["snomed"] == "985531000000102"
    assert red_book("nipe_eyes")["snomed"] == "988361000000105"
    assert "snomed" not in red_book("nipe_heart") | red_book("nipe_testes")


def test_no_snomed_code_is_mistyped(form: FormDefinition) -> None:
    """SNOMED identifiers end in a Verhoeff check digit."""
    codes = [
        option.code
        for one, option in options(form.fields)
        if one.red_book.get("system") == "http://snomed.info/sct"
    ]
    codes += [
        one.red_book[key]
        for one in form.fields
        for key in ("snomed", "centile", "sds")
        if key in one.red_book
    ]
    spots = form.field("bloodspot_conditions")
    assert spots is not None
    codes += [option.code for option in spots.fields[0].options]
    codes += [code for outcomes in spots.red_book["codes"].values() for code in outcomes.values()]
    known = [code for code in codes if code]
    assert len(known) > 80
    assert [code for code in known if not verhoeff(code)] == []
    assert not verhoeff("27113010")


def verhoeff(code: str) -> bool:
    multiply = [
        [((a - b) if a >= 5 else (a + b)) % 5 + (5 if (a >= 5) != (b >= 5) else 0) for b in range(10)]
        for a in range(10)
    ]
    permute = [list(range(10)), [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]]
    for _ in range(6):
        permute.append([permute[-1][digit] for digit in permute[1]])
    total = 0
    for place, digit in enumerate(reversed(code)):
        total = multiply[total][permute[place % 8][int(digit)]]
    return total == 0


def test_a_whole_visit_has_nothing_to_mend(form: FormDefinition) -> None:
    found = looked_at(form)
    assert (found.findings, found.alerts) == ([], [])
    assert found.complete


def test_a_term_baby_s_true_gestation_reaches_the_centile(form: FormDefinition) -> None:
    """The catalogue's own case: a girl of 37+2 weeks, whose birth weight reads far too low as 40+0."""
    answers = ANSWERS | {"birth_weight_kg": "2.900", "gestation_weeks": 37, "gestation_days": 2}
    true = derive(CHILD, answers, NOW, form)["birth_weight_kg"]
    as_40 = derive(CHILD, answers | {"gestation_weeks": 40, "gestation_days": 0}, NOW, form)[
        "birth_weight_kg"
    ]
    assert true["method"] == "digital"
    assert float(str(true["centile"])) - float(str(as_40["centile"])) > 25
    unknown = derive(ChildFacts(date(2026, 5, 1), "female"), {"weight_kg": "3.2"}, NOW, form)["weight_kg"]
    assert unknown["method"] == "chronological"


def test_weight_loss_of_more_than_a_tenth_is_red_and_asks_for_a_feeding_plan(form: FormDefinition) -> None:
    assert looked_at(form, weight_kg="3.105").alerts == []
    found = looked_at(form, weight_kg="3.104")
    assert [(alert.id, alert.level, alert.source) for alert in found.alerts] == [
        ("weight_loss", "red", "NICE NG75")
    ]
    assert missing(found) == {"feed_observed", "feed_support_plan", "length_cm"}


@pytest.mark.parametrize(
    ("changes", "alert"),
    [
        ({"weight_kg": "2.100", "birth_weight_kg": "2.150"}, "weight_low"),
        ({"weight_kg": "5.200", "birth_weight_kg": "5.000"}, "weight_high"),
        ({"length_cm": "44.0", "measure_position": "lying"}, "length_low"),
        ({"length_cm": "58.0", "measure_position": "lying"}, "length_high"),
        ({"ofc_cm": "39.5"}, "head_high"),
    ],
)
def test_beyond_the_outer_centiles_is_amber(
    form: FormDefinition, changes: dict[str, Any], alert: str
) -> None:
    found = looked_at(form, **changes)
    assert [(one.id, one.level) for one in found.alerts] == [(alert, "amber")]
    assert any(one.alert_id == alert for one in found.findings)


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        ({"interpreter": "phone"}, {"language"}),
        ({"interpreter": "phone", "language": "other"}, {"language_other"}),
        ({"child_seen": "no"}, {"child_not_seen_reason"}),
        ({"started_at": "2026-05-12T09:00:00+01:00"}, {"late_reason"}),
        ({"need_level": "targeted"}, {"need_level_reason"}),
        ({"vitamin_k": "oral"}, {"vitamin_k_due"}),
        ({"bloodspot_results": "some"}, {"bloodspot_conditions"}),
        ({"feeding_status": "none"}, {"bf_stopped"}),
        ({"feeding_status": "none", "first_feed": "not_breast_milk"}, set()),
        ({"weight_kg": None, "ofc_cm": None}, {"weight_kg", "ofc_cm", "not_measured_reason"}),
        ({"weight_kg": None}, {"weight_kg"}),
        ({"length_cm": "50.0"}, {"measure_position"}),
        ({"gestation_weeks": 36}, {"length_cm"}),
        ({"bloodspot_taken": "not_yet", "bloodspot_results": None}, set()),
    ],
)
def test_follow_up_questions(form: FormDefinition, changes: dict[str, Any], asked: set[str]) -> None:
    assert missing(looked_at(form, **changes)) == asked


def test_testes_are_asked_of_boys_alone(form: FormDefinition) -> None:
    boy = ChildFacts(date(2026, 5, 1), "male", 270, Decimal("3.450"))
    assert looked_at(form, boy, nipe_testes="not there").findings[0].field_id == "nipe_testes"
    assert looked_at(form, nipe_testes="not there").findings == []


def test_solids_are_asked_from_17_weeks(form: FormDefinition) -> None:
    older = ChildFacts(date(2026, 1, 14), "female", 270, Decimal("3.450"))
    growing = {"weight_kg": "6.4", "ofc_cm": "41.0", "solids_started": "2026-05-01"}
    alerts = {alert.id for alert in looked_at(form, older, **growing).alerts}
    assert alerts == {"early_solids", "after_window"}
    assert looked_at(form, solids_started="2026-05-10").alerts == []


def test_the_tablet_speaks_up_about_the_visit_itself(form: FormDefinition) -> None:
    late = {"started_at": "2026-05-16T10:00:00+01:00", "ended_at": None}
    for changes, alert in (
        ({"mode": "video"}, "not_face_to_face"),
        ({"child_seen": "no"}, "child_not_seen"),
        ({"interpreter": "family_member"}, "family_interpreter"),
        ({"measure_conditions": "clothed"}, "weighed_clothed"),
    ):
        assert [(one.id, one.level) for one in looked_at(form, **changes).alerts] == [(alert, "info")]
    answers = ANSWERS | late
    facts = build_facts(CHILD, answers, datetime(2026, 5, 16, 12, tzinfo=UTC), form)
    assert [one.id for one in check(form, {"answers": answers}, facts).alerts] == ["after_window"]


def test_a_visit_on_the_day_of_birth_is_early_and_never_called_late(form: FormDefinition) -> None:
    answers = ANSWERS | {"started_at": f"{CHILD.birth_date}T15:00:00+01:00", "ended_at": None}
    facts = build_facts(CHILD, answers, datetime(2026, 5, 16, 12, tzinfo=UTC), form)
    [told] = [one for one in check(form, {"answers": answers}, facts).alerts if "window" in one.id]
    assert (told.id, told.title) == ("before_window", "Before day 1")
    assert "late" not in f"{told.text} {told.action}"


def test_identity_not_checked_blocks_the_visit(form: FormDefinition) -> None:
    (finding,) = looked_at(form, identity_checked=False).findings
    assert (finding.field_id, finding.level) == ("identity_checked", "hard")


def test_what_parents_read_is_looked_through_for_words_for_professionals(form: FormDefinition) -> None:
    (finding,) = looked_at(form, summary_parent="Social worker comes on Friday").findings
    assert (finding.field_id, finding.level) == ("summary_parent", "soft")
    assert looked_at(form, child_voice="Social worker comes on Friday").findings == []
