"""Every field of the catalogue is asked where the matrix of contacts says, and seen by those who may see it."""

from collections.abc import Iterator

import pytest

from hvapp.domain.forms import FormDefinition
from hvapp.domain.forms.definition import Field, Option
from tests.support.answers import FORMS
from tests.unit.test_forms_new_birth import verhoeff

CURRENT = [form for form in FORMS if form is FORMS.current(form.contact_type)]

# The core set, then the rest; a question that only follows an answer of the core set stands with it.
CORE = {
    "about": """contact_type started_at practitioner_type place mode identity_checked child_seen present seen_alone
        interpreter""",
    "plan": "share_consent child_voice need_level advice actions next_due summary_parent ended_at",
    "birth": "birth_weight_kg gestation_weeks gestation_days births_in_pregnancy birth_order",
    "growth": "weight_kg",
    "feeding": "feeding_status feed_concern",
    "baby_check": "jaundice skin_marks vision_concern hearing_concern crying_coping",
    "wellbeing": "wellbeing dva_asked smoker_in_home partner_included",
    "home": """people_confirmed sleep_space_seen sleep_surface safer_sleep_risks icon_discussed housing damp_mould
        wheeze_child money_food""",
    "safeguarding": "concern bruise_nonmobile",
    "immunisation": "imm_decision",
    "development": """asq_interval asq_communication asq_fine_motor asq_gross_motor asq_problem_solving
        asq_personal_social speech_concern dentist""",
    "antenatal": "edd baby_space_ready",
    "no_access": "attempt_no reason risk_now action",
    "movement_in": "cp_check cp_authority",
}
OTHERS = {
    "about": "second_practitioner language access_needs",
    "plan": "parent_comment referrals overdue_reason home_on consent_given_by second_agrees",
    "birth": """birth_ofc_cm delivery_type place_type apgar_1 apgar_5 nipe_hips nipe_eyes nipe_heart nipe_testes
        hearing_outcome bloodspot_taken bloodspot_results vitamin_k""",
    "growth": "length_cm height_cm ofc_cm measure_conditions not_measured_reason",
    "feeding": """first_feed bf_stopped solids_started nappies_wet nappies_dirty feed_observed feed_support_plan
        vitamin_d healthy_start""",
    "baby_check": """stool_colour urine_colour umbilicus fontanelle eyes mouth tone sleep_pattern birthmarks
        injuries""",
    "wellbeing": "dva_response dash_score",
    "home": "people needs_bed_space accommodation landlord home_safety pets",
    "safeguarding": """risk_to_self risk_to_others risk_from_others cpp_start cpp_end lac_start lac_end authority
        action_taken told_whom told_at parent_aware chronology""",
    "immunisation": "imm_history given",
    "development": """asq_overall_concern asqse_total skills elim_result nursery eyfs_consent eyfs_areas toileting
        screen_time diet""",
    "antenatal": """midwife pregnancies_before losses complications multiple feeding_intention maternal_vaccines
        child_removed_before partner support""",
    "no_access": """child_known_seen_by earlier_attempts refusal_understood refusal_reason refusal_leaflet""",
    "movement_in": "arrived_on previous_area records gp_registered",
}
ADULTS = """person whooley_1 whooley_2 gad2_1 gad2_2 mh_history epds_total epds_item10 phq9_total phq9_item9 gad7_total
    bonding vape alcohol substances"""
RESTRICTED = """seen_alone injuries wellbeing dva_asked dva_response dash_score concern bruise_nonmobile risk_to_self
    risk_to_others risk_from_others cpp_start cpp_end lac_start lac_end authority action_taken told_whom told_at
    parent_aware chronology pregnancies_before losses child_removed_before cp_check cp_authority risk_now"""
PARENTS_MAY_SEE_OF_THE_HOME = {"icon_discussed", "wheeze_child", "home_safety"}
THREE_AND_SIX = (
    "about growth feeding c:baby_check wellbeing c:home safeguarding immunisation c:development plan"
)
# Sections in order; "c": collapsed, only what is not the core set.
MATRIX = {
    "new_birth": "about birth growth feeding baby_check wellbeing home safeguarding immunisation plan",
    "six_eight_week": """about c:birth growth feeding baby_check wellbeing c:home safeguarding immunisation
        c:development plan""",
    "three_four_month": THREE_AND_SIX,
    "six_month": THREE_AND_SIX,
    "one_year": "about growth c:feeding c:baby_check wellbeing c:home safeguarding immunisation development plan",
    "two_year": "about growth c:feeding c:baby_check c:wellbeing c:home safeguarding immunisation development plan",
    "targeted": """about c:growth c:feeding c:baby_check c:wellbeing c:home safeguarding c:immunisation c:development
        plan""",
    "movement_in": """about movement_in birth growth c:feeding baby_check wellbeing home safeguarding immunisation
        c:development plan""",
    "antenatal": "about antenatal wellbeing home safeguarding c:immunisation plan",
    "no_access": "about no_access",
}
CODES = {
    "new_birth": "0023",
    "six_eight_week": "0022",
    "three_four_month": "0026",
    "six_month": "0026",
    "one_year": "0021",
    "two_year": "0020",
    "targeted": "0026",
    "movement_in": "0026",
    "antenatal": None,
    "no_access": None,
}


@pytest.fixture(params=CURRENT, ids=lambda form: form.key)
def form(request: pytest.FixtureRequest) -> FormDefinition:
    found: FormDefinition = request.param
    return found


def everywhere(module: str) -> set[str]:
    """What is asked of a module in any form."""
    return {
        one.id
        for form in CURRENT
        for section in form.sections
        if section.id == module
        for one in section.fields
    }


@pytest.mark.parametrize("module", list(CORE))
def test_every_field_of_the_catalogue_is_asked(module: str) -> None:
    assert {*CORE[module].split(), *OTHERS[module].split()} <= everywhere(module)


def test_sections_go_with_the_contact(form: FormDefinition) -> None:
    expected = [one.removeprefix("c:") for one in MATRIX[form.contact_type].split()]
    assert [section.id for section in form.sections] == expected
    assert form.encounter_type == CODES[form.contact_type]


def test_the_core_set_stands_open_where_the_matrix_says_and_only_follow_ups_with_it(
    form: FormDefinition,
) -> None:
    for name, section in zip(MATRIX[form.contact_type].split(), form.sections, strict=True):
        core = {one.id for one in section.fields if one.core}
        if name.startswith("c:"):
            assert core == set(), name
            continue
        asked = {one.id for one in section.fields}
        assert set(CORE[section.id].split()) & asked <= core, name
        beside = core - set(CORE[section.id].split()) - {"next_due", "concern"}
        assert all(one.show_when is not None for one in section.fields if one.id in beside), name


def test_visibility_is_the_catalogue_s(form: FormDefinition) -> None:
    for section in form.sections:
        for one in section.fields:
            assert (one.visibility == "X") is (one.id in RESTRICTED.split()), one.id
            if section.id == "home":
                assert (one.visibility == "P") is (one.id in PARENTS_MAY_SEE_OF_THE_HOME), one.id
            if section.id in ("wellbeing", "safeguarding", "antenatal", "movement_in", "no_access"):
                assert one.visibility != "P", one.id


def test_what_parents_may_not_see_has_no_place_in_the_red_book(form: FormDefinition) -> None:
    for one in form.fields:
        assert not (one.red_book and one.visibility != "P"), one.id


def test_adults_are_asked_apart() -> None:
    for form in CURRENT:
        wellbeing = form.field("wellbeing")
        if wellbeing is not None:
            assert set(ADULTS.split()) <= {part.id for part in wellbeing.fields}, form.key
            assert wellbeing.fields[0].type == "person"


def test_every_required_field_takes_not_done_but_the_identity(form: FormDefinition) -> None:
    refused = [one.id for one in form.fields if one.may_be_required and not one.not_done]
    assert refused == (["identity_checked"] if form.field("identity_checked") else [])


def options(fields: tuple[Field, ...]) -> Iterator[tuple[Field, Option]]:
    for one in fields:
        yield from ((one, option) for option in one.options)
        yield from options(one.fields)


def test_words_are_plain(form: FormDefinition) -> None:
    for one in [*form.fields, *(part for each in form.fields for part in each.fields)]:
        assert not one.label.endswith((".", ":")), one.id
        assert one.hint is None or one.hint.endswith("."), one.id
        assert one.label[0].isupper(), one.id
    for _, option in options(form.fields):
        assert option.label[0].isupper() or option.label[0].isdigit() or option.label == "dTaP/IPV", (
            option.value
        )


def test_no_snomed_code_is_mistyped(form: FormDefinition) -> None:
    """SNOMED identifiers end in a Verhoeff check digit."""
    codes = {option.code for _, option in options(form.fields) if option.code and len(option.code) > 5}
    for one in form.fields:
        told = one.red_book
        codes |= {told[key] for key in ("snomed", "centile", "sds") if key in told}
        for value in told.get("codes", {}).values():
            codes |= set(value.values()) if isinstance(value, dict) else {value}
    assert [code for code in codes if len(code) > 5 and not verhoeff(code)] == []
