"""`hvapp forms`: what a person who adds a form works with."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from click.testing import CliRunner
from fhir.resources.R4B.questionnaire import Questionnaire

from hvapp.cli import main
from hvapp.domain.forms import FormDefinition
from hvapp.domain.forms.questionnaire import questionnaire
from hvapp.settings import ROOT
from tests.support.answers import FORMS as LIBRARY

FORMS = list(LIBRARY)


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["forms", *arguments])
    return done.exit_code, done.output


def items(of: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for one in of.get("item", ()):
        yield one
        yield from items(one)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copytree(ROOT / "hvapp" / "rules", tmp_path / "rules")
    return Path(copytree(ROOT / "hvapp" / "forms", tmp_path / "forms"))


def test_every_form_passes_its_check() -> None:
    status, said = run("check", "--all")
    assert status == 0
    assert said.count("Nothing to mend") == len(FORMS)


def test_a_mistake_in_a_form_is_told_in_plain_words(folder: Path) -> None:
    form = folder / "six_month_contact.v1.yaml"
    form.write_text(form.read_text().replace("module: growth.v1", "module: growht.v1"))
    status, said = run("check", str(form))
    assert status == 1
    assert "six_month_contact.v1.yaml cannot be used:" in said
    assert 'there is no module "growht.v1"' in said


def test_a_module_is_checked_in_every_form_that_uses_it(folder: Path) -> None:
    module = folder / "modules" / "development.v1.yaml"
    module.write_text(module.read_text().replace("type: choice", "type: chioce", 1))
    status, said = run("check", str(module))
    assert status == 1
    assert said.count("cannot be used") == 7
    assert '"type" is "chioce"' in said
    assert 'did you mean "choice"?' in said


def test_nothing_to_check_is_said() -> None:
    assert run("check")[0] == 2


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.key)
def test_a_form_in_fhir_is_valid_and_asks_everything_once(form: FormDefinition) -> None:
    status, printed = run("export", form.key, "--fhir")
    told = json.loads(printed)
    assert status == 0
    assert told == questionnaire(form)
    Questionnaire.model_validate(told)
    links = Counter(one["linkId"] for one in items(told))
    assert [link for link, count in links.items() if count > 1] == []
    assert {one.id for one in form.fields} <= set(links)
    for one in items(told):
        for condition in one.get("enableWhen", ()):
            assert condition["question"] in links
        assert (len(one.get("enableWhen", ())) > 1) is ("enableBehavior" in one), one["linkId"]
        assert ("answerOption" in one) is (one["type"] == "choice"), one["linkId"]


def test_conditions_and_codes_are_said_in_fhir() -> None:
    told = {
        one["linkId"]: one
        for one in items(questionnaire(next(f for f in FORMS if f.key == "new_birth_visit.v2")))
    }
    assert told["bf_stopped"]["enableWhen"] == [
        {
            "question": "feeding_status",
            "operator": "=",
            "answerCoding": {
                "system": "https://fhir.nhs.uk/STU3/CodeSystem/NHSDataDictionary-BreastfeedingStatus-1",
                "code": "03",
                "display": "No breast milk feeding at all",
            },
        }
    ]
    assert [one["operator"] for one in told["risk_to_self"]["enableWhen"]] == ["="] * 5
    assert told["risk_to_self"]["enableBehavior"] == "any"
    assert told["wellbeing.epds_item10"]["enableWhen"] == [
        {"question": "wellbeing.epds_total", "operator": "exists", "answerBoolean": True}
    ]
    # Shown by age, which FHIR cannot ask: never required there.
    assert "enableWhen" not in told["sleep_surface"]
    assert "required" not in told["sleep_surface"]
    assert told["weight_kg"]["required"] is True


def test_an_unknown_form_is_said_with_those_there_are() -> None:
    status, said = run("export", "three_year", "--fhir")
    assert status == 1
    assert "There is no form called “three_year”" in said
    assert "new_birth_visit.v2" in said


def test_a_preview_is_one_page_with_every_question(tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    status, _ = run("preview", "targeted", "--out", str(target))
    assert status == 0
    page = target.read_text()
    form = next(form for form in FORMS if form.contact_type == "targeted")
    for one in form.fields:
        assert page.count(f'data-field="{one.id}"') == 1, one.id
    assert "<script" not in page
    assert "<details" in page
    assert page.count("<details") == page.count(" open>") >= 1


def test_the_guide_can_be_followed(folder: Path) -> None:
    guide = (ROOT / "docs" / "adding-a-form.md").read_text()
    written = {}
    for block in guide.split("```yaml\n")[1:]:
        first, _, rest = block.partition("\n")
        if first.startswith("# hvapp/forms/"):
            path = folder / first.removeprefix("# hvapp/forms/").split()[0]
            path.write_text(rest.split("```")[0])
            written[path.name] = path
    assert set(written) == {"teeth.v1.yaml", "teeth_visit.v1.yaml"}
    status, said = run("check", *map(str, written.values()))
    assert (status, said.count("Nothing to mend")) == (0, 2), said
