"""The cases that tests/js/forms/ runs too: what conditions mean, and what is found in answers, word for word."""

import json
from pathlib import Path
from typing import Any

import pytest

from hvapp.domain.forms import FormDefinition
from hvapp.domain.forms.logic import evaluate
from hvapp.domain.forms.reader import read_form
from tests.contract.forms_support import REFERENCE, server_answer

HERE = Path(__file__).parent
LOGIC: list[dict[str, Any]] = json.loads((HERE / "logic.json").read_text())
VALIDATE: dict[str, Any] = json.loads((HERE / "validate.json").read_text())


@pytest.fixture(scope="module")
def forms() -> dict[str, FormDefinition]:
    return {name: read_form(json.dumps(form, ensure_ascii=False)) for name, form in VALIDATE["forms"].items()}


@pytest.mark.parametrize("case", LOGIC, ids=lambda case: case["why"])
def test_condition(case: dict[str, Any]) -> None:
    assert evaluate(case["condition"], case.get("answers", {}), case.get("facts", {})) is case["holds"]


@pytest.mark.parametrize("case", VALIDATE["cases"], ids=lambda case: f"{case['form']}: {case['why']}")
def test_findings_and_alerts(case: dict[str, Any], forms: dict[str, FormDefinition]) -> None:
    said = server_answer(forms[case["form"]], case["child"], case["now"], case["payload"], {})
    assert said["findings"] == case["findings"]
    assert said["alerts"] == case["alerts"]
    assert {name: said["facts"].get(name) for name in case.get("facts", {})} == case.get("facts", {})
    assert said["visible"].isdisjoint(case.get("hidden", []))


def test_the_growth_reference_is_the_one_of_the_cases() -> None:
    assert {kind: list(pair) for kind, pair in REFERENCE.items()} == VALIDATE["reference"]
