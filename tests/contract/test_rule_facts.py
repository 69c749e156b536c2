"""What forms know from the clinical rules, and that the published alerts say what the rules say.

One form with every field that an alert asks about stands in for all of them.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hvapp.domain.forms import FormDefinition
from hvapp.domain.forms.reader import read_form
from hvapp.domain.forms.strict_yaml import PlainLoader
from hvapp.domain.rules import evaluate, rule_book
from hvapp.domain.rules.evaluate import input_names
from hvapp.settings import ROOT
from tests.contract.forms_support import TabletEngine, server_answer, tablet_engine
from tests.support.answers import FORMS

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "rule_facts.json").read_text())
ALERTS = yaml.load((ROOT / "hvapp/rules/alerts.v1.yaml").read_text(), PlainLoader)["alerts"]
NOW = "2026-11-20T12:00:00+00:00"


def field(field_id: str, kind: str, **more: Any) -> dict[str, Any]:
    told = {"id": field_id, "label": field_id, "name": field_id, "type": kind, **more}
    if isinstance(told.get("options"), str):
        told["options"] = [{"value": value, "label": value} for value in told["options"].split()]
    return told


def number(field_id: str, high: int, low: int = 0) -> dict[str, Any]:
    return field(field_id, "integer", hard={"min": str(low), "max": str(high)})


def measured(field_id: str, unit: str, low: str, high: str, **measure: Any) -> dict[str, Any]:
    limits = {"min": low, "max": high}
    return field(field_id, "decimal", decimals=3, unit=unit, hard=limits, measure=measure)


FIELDS = [
    field("contact_type", "choice", options="one_year no_access"),
    field("started_at", "datetime"),
    field("mode", "choice", options="face_to_face phone"),
    field("child_seen", "choice", options="awake asleep no"),
    field("interpreter", "choice", options="not_needed family_member"),
    number("gestation_weeks", 44, 22),
    number("gestation_days", 6),
    measured("birth_weight_kg", "kg", "0.2", "45", kind="weight", at_birth=True),
    measured("weight_kg", "kg", "0.2", "45", kind="weight"),
    measured("length_cm", "cm", "20", "130", kind="length"),
    measured("height_cm", "cm", "20", "130", kind="height"),
    measured("ofc_cm", "cm", "15", "65", kind="ofc"),
    field("measure_conditions", "choice", options="nude clothed"),
    field("jaundice", "choice", options="none present"),
    field("stool_colour", "choice", options="pigmented pale"),
    field("urine_colour", "choice", options="clear dark"),
    field("bruise_nonmobile", "yes_no"),
    field("dva_response", "choice", options="none past current"),
    field(
        "concern", "choice", options="none monitoring early_help child_in_need child_protection looked_after"
    ),
    field("whooley_1", "yes_no"),
    field("whooley_2", "yes_no"),
    field("gad2_1", "choice", options="0 1 2 3"),
    field("gad2_2", "choice", options="0 1 2 3"),
    number("epds_total", 30),
    number("epds_item10", 3),
    number("phq9_total", 27),
    number("phq9_item9", 3),
    number("gad7_total", 21),
    field("smoker_in_home", "choice", options="yes no ex declined"),
    field("sleep_surface", "choice", options="cot moses bedside shared_bed sofa none"),
    field("safer_sleep_risks", "choices", options="smoking alcohol_drugs sofa soft_bedding preterm_small"),
    field("needs_bed_space", "yes_no"),
    field("damp_mould", "choice", options="none minor significant severe"),
    field("wheeze_child", "yes_no"),
    field("imm_decision", "choice", options="up_to_date will_book declined given_today"),
    field(
        "imm_history",
        "list",
        item="Vaccine",
        fields=[
            field("vaccine", "choice", options="six_in_one menb pcv mmr mmrv flu"),
            field("given_on", "date"),
        ],
    ),
    field(
        "given", "list", item="Given", fields=[field("product", "choice", options="infanrix_hexa proquad")]
    ),
    field("bloodspot_results", "choice", options="waiting none_suspected some"),
    field("asq_interval", "choice", options="9 10 12 24"),
    *(
        number(f"asq_{area}", 60)
        for area in ("communication", "gross_motor", "fine_motor", "problem_solving", "personal_social")
    ),
    field("solids_started", "date"),
]


def whole_form() -> FormDefinition:
    keys = ("id", "level", "title", "text", "action", "source", "fields", "when")
    return read_form(
        json.dumps(
            {
                "id": "everything",
                "version": 1,
                "title": "Everything",
                "contact_type": "one_year",
                "not_done_reasons": [{"code": "other", "label": "Other"}],
                "sections": [
                    {"id": "all", "title": "All", "fields": [{**one, "visibility": "P"} for one in FIELDS]}
                ],
                # What is about a due date is about another contact than this one.
                "alerts": [{key: one[key] for key in keys} for one in ALERTS if "edd" not in one["fields"]],
            }
        )
    )


FORM = whole_form()


@pytest.fixture(scope="module")
def tablet() -> Iterator[TabletEngine]:
    with tablet_engine() as engine:
        yield engine


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["why"])
def test_facts_of_the_rules(tablet: TabletEngine, case: dict[str, Any]) -> None:
    child = {"birth_date": "2025-11-20", "sex": "male", "gestation_days": 280} | case.get("child", {})
    payload = {"answers": case["answers"]}
    method = case.get("method", "digital")
    said = server_answer(FORM, child, NOW, payload, {}, method)
    assert {name: said["facts"].get(name) for name in case["facts"]} == case["facts"]
    assert tablet.answer(FORM, child, NOW, payload, {}, method) == said


@pytest.mark.parametrize(
    ("edd", "answered", "alert"),
    [
        ("2027-02-13", None, "antenatal_early"),  # 27 weeks and 6 days
        ("2027-02-12", None, None),
        ("2026-12-18", None, None),  # 36 weeks and 0 days
        ("2026-12-17", None, "antenatal_late"),
        ("2026-12-17", "2026-12-18", None),  # what was answered now holds
        (None, None, None),
    ],
)
def test_before_the_birth_the_window_counts_from_the_due_date(
    tablet: TabletEngine, edd: str | None, answered: str | None, alert: str | None
) -> None:
    form = FORMS.current("antenatal")
    assert form is not None
    child, payload = (
        {"edd": edd, "need_level": "universal"},
        {"answers": {"edd": answered} if answered else {}},
    )
    said = server_answer(form, child, NOW, payload, {})
    assert [one["id"] for one in said["alerts"]] == ([alert] if alert else [])
    assert said["facts"]["sex"] == "not_known"
    assert tablet.answer(form, child, NOW, payload, {}) == said


SPOKEN: list[dict[str, Any]] = json.loads((Path(__file__).parent / "alerts_of_forms.json").read_text())


@pytest.mark.parametrize("case", SPOKEN, ids=lambda case: f"{case['contact']}: {case['why']}")
def test_alerts_of_published_forms(tablet: TabletEngine, case: dict[str, Any]) -> None:
    """`up` and `not_up` name the alerts that the case is about; others may be up as well."""
    form = FORMS.current(case["contact"])
    assert form is not None
    child = {"birth_date": "2026-11-10", "sex": "male", "gestation_days": 280} | case.get("child", {})
    now, payload = f"{case.get('on', '2026-11-20')}T12:00:00+00:00", {"answers": case["answers"]}
    said = server_answer(form, child, now, payload, {})
    up = {one["id"] for one in said["alerts"]}
    assert up & {*case["up"], *case["not_up"]} == set(case["up"])
    assert tablet.answer(form, child, now, payload, {}) == said


def test_every_alert_names_its_rule_and_carries_its_mark() -> None:
    rules = rule_book().by_id
    assert len({alert["id"] for alert in ALERTS}) == len(ALERTS)
    for alert in ALERTS:
        rule = rules[alert["rule"]]
        levels = {outcome["level"] for outcome in rule["outcomes"].values()}
        assert alert["level"] in levels or alert["id"] in SOFTER, alert["id"]
        assert not alert["confirmed"] or rule["confirmed"], alert["id"]


# Alerts about what a rule cannot say, about how something was done, or decided here where the rule is silent.
SOFTER = {
    *("jaundice_gestation_unknown", "asq_unconfirmed", "family_interpreter", "weighed_clothed"),
    "abuse_child_not_seen",
}


Visited = tuple[dict[str, Any], dict[str, Any], str]
"""A child, what was answered, and the day."""


@st.composite
def visits(draw: st.DrawFn) -> Visited:
    birth_date, on = draw(st.sampled_from(DAYS))
    child: dict[str, Any] = {
        "birth_date": birth_date,
        "sex": "male",
        "gestation_days": draw(st.sampled_from([None, 258, 259, 280])),
    }
    if weight := draw(st.sampled_from([None, "2.499", "2.500"])):
        child["measurements"] = [{"kind": "weight", "value": weight, "on": birth_date, "at_birth": True}]
    answers = {}
    for one in FIELDS:
        if one["id"] in ASKED and draw(st.integers(0, 3)):
            answers[one["id"]] = draw(_answer(one))
    return child, answers, on


def _answer(one: dict[str, Any]) -> st.SearchStrategy[Any]:
    match one["type"]:
        case "yes_no":
            return st.booleans()
        case "choice":
            return st.sampled_from([option["value"] for option in one["options"]])
        case "choices":
            return st.lists(st.sampled_from([option["value"] for option in one["options"]]), unique=True)
        case "integer":
            return st.integers(int(one["hard"]["min"]), int(one["hard"]["max"]))
        case _:
            return st.sampled_from(["2.100", "2.499", "2.500", "3.000", "3.150", "3.500"])


ASKED = {
    *(
        "jaundice",
        "stool_colour",
        "urine_colour",
        "bruise_nonmobile",
        "dva_response",
        "concern",
        "child_seen",
    ),
    *(
        "contact_type",
        "whooley_1",
        "whooley_2",
        "gad2_1",
        "gad2_2",
        "epds_total",
        "epds_item10",
        "phq9_total",
    ),
    *("phq9_item9", "gad7_total", "sleep_surface", "safer_sleep_risks", "needs_bed_space", "damp_mould"),
    *("wheeze_child", "birth_weight_kg", "weight_kg", "smoker_in_home", "bloodspot_results"),
    *("gestation_weeks", "gestation_days"),
}
# Born, and seen: day 0, 1, 13, 14, 15, 20, 21, and both sides of the 1st and the 2nd birthday; those again where a 29
# February lies between, and where it is the day of birth.
DAYS = [
    *(
        (born, "2026-11-20")
        for born in ("2026-11-20", "2026-11-19", "2026-11-07", "2026-11-06", "2026-11-05")
    ),
    *((born, "2026-11-20") for born in ("2026-10-31", "2026-10-30", "2025-11-21", "2025-11-20")),
    *((born, "2026-11-20") for born in ("2024-11-21", "2024-11-20")),
    *(("2023-06-01", on) for on in ("2024-05-31", "2024-06-01")),
    *(("2023-03-01", on) for on in ("2025-02-28", "2025-03-01")),
    *(("2024-02-29", on) for on in ("2025-02-27", "2025-02-28", "2026-02-27", "2026-02-28")),
]
# Which alerts are up where the rule gives red or amber.
BY_RULE = {
    "J1": ["jaundice_first_day", "jaundice_stool", "jaundice_urine", "jaundice_prolonged"],
    "M1": ["whooley_positive", "gad2_positive"],
    "M2": ["epds_self_harm", "epds_high", "epds_raised", "phq9_self_harm", "phq9_raised", "gad7_raised"],
    "SG1": ["bruise_nonmobile", "abuse_current", "no_access_protection", "epds_self_harm", "phq9_self_harm"],
    "SG2": ["child_protection"],
    "SG3": ["unsafe_sleep", "bed_space"],
    "SG4": ["damp"],
    "G6": ["weight_loss", "weight_not_regained"],
    "B1": ["bloodspot_missing"],
}


@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
@given(visit=visits())
def test_alerts_are_up_exactly_where_their_rules_say_so(visit: Visited) -> None:
    child, answers, on = visit
    said = server_answer(FORM, child, f"{on}T12:00:00+00:00", {"answers": answers}, {})
    up = {alert["id"] for alert in said["alerts"]}
    known = {"date_of_birth": child["birth_date"], "on": on}
    if child["gestation_days"] and "gestation_weeks" not in answers:
        known["gestation_weeks"], known["gestation_days"] = divmod(child["gestation_days"], 7)
    for measured_at_birth in child.get("measurements", []):
        known["birth_weight_kg"] = measured_at_birth["value"]
    known |= answers
    for rule_id, alerts in BY_RULE.items():
        rule = rule_book().by_id[rule_id]
        names = input_names(rule)
        answer = evaluate(rule_id, {name: value for name, value in known.items() if name in names})
        raised = answer["level"] in ("red", "amber")
        assert bool(up & set(alerts)) is raised, (rule_id, answer, up)
    abuse = up & {"abuse_current", "abuse_child_not_seen"}
    assert len(abuse) == (answers.get("dva_response") == "current"), "abuse that goes on is never passed over"
