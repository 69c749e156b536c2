"""Modules: what forms share is written once, and a mistake in it is explained where it is made."""

import json
from pathlib import Path

import pytest

from hvapp.domain.forms.definition import FormDefinition
from hvapp.domain.forms.modules import Shelf
from hvapp.domain.forms.reader import FormMistakes, read_form, read_form_file
from hvapp.domain.forms.validate import check

REASONS = """
module: not_done
version: 1
reasons:
  - {code: other, label: Another reason}
"""
ABOUT = """
module: about
version: 1
title: About
rules: alerts.v1
alerts: [low, tired]
fields:
  - {id: mode, label: How, name: how, type: choice, visibility: P, core: true, required: true,
     options: [{value: phone, label: Phone}, {value: home, label: Home}]}
  - {id: why, label: Why, name: why, type: line, max_length: 9, visibility: P, required: true,
     show_when: {field: mode, is: phone}}
  - id: adults
    label: Adults
    name: the adults
    type: list
    item: Adult
    visibility: X
    fields:
      - {id: total, label: Total, name: the total, type: integer}
      - {id: tired, label: Tired, name: whether tired, type: yes_no}
"""
RULES = """
alerts:
  - {id: low, rule: T1, confirmed: true, level: amber, title: Low, text: "Total is {total}.", action: Plan,
     source: A book, fields: [total], when: {all: [{field: total, less_than: 3}, {field: mode, is: phone}]}}
  - {id: tired, rule: T2, confirmed: false, level: info, title: Tired, text: Tired, action: Rest, source: A book,
     fields: [tired], when: {any: [{field: tired, is: true}, {field: not_asked_here, is: true}]}}
"""
FORM = """
id: small
version: 1
title: Small
contact_type: targeted
not_done_reasons: not_done.v1
sections:
  - module: about.v1
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    forms = tmp_path / "forms"
    (forms / "modules").mkdir(parents=True)
    (tmp_path / "rules").mkdir()
    (forms / "modules" / "not_done.v1.yaml").write_text(REASONS)
    (forms / "modules" / "about.v1.yaml").write_text(ABOUT)
    (tmp_path / "rules" / "alerts.v1.yaml").write_text(RULES)
    return forms


def read(folder: Path, source: str = FORM) -> FormDefinition:
    return read_form(source, shelf=Shelf(folder))


def mistakes(folder: Path, source: str) -> list[str]:
    with pytest.raises(FormMistakes) as caught:
        read(folder, source)
    return caught.value.mistakes


def test_a_module_is_folded_in_and_the_whole_is_what_is_hashed(folder: Path) -> None:
    form = read(folder)
    assert [section.title for section in form.sections] == ["About"]
    assert [one.id for one in form.fields] == ["mode", "why", "adults"]
    again = read_form(json.dumps(form.definition))
    assert (again.hash, again.fields) == (form.hash, form.fields)


def test_a_form_says_what_differs(folder: Path) -> None:
    form = read(
        folder,
        FORM
        + """
    id: first
    title: At the door
    differs:
      mode: {label: By what, core: null}
      adults: {fields: {total: {required: true}}}
    leave_out: [why]
""",
    )
    [section] = form.sections
    assert (section.id, section.title, section.module) == ("first", "At the door", "about.v1")
    mode, adults = section.fields
    assert (mode.label, mode.core, mode.required) == ("By what", False, True)
    assert [part.required for part in adults.fields] == [True, False]


def test_collapsed_folds_and_optional_asks_only_what_goes_with_an_answer(folder: Path) -> None:
    form = read(folder, FORM + "    collapsed: true\n    optional: true\n")
    assert [one.core for one in form.fields] == [False, False, False]
    assert [one.required for one in form.fields] == [False, True, False]
    assert [one.required for one in read(folder).fields] == [True, True, False]


def test_an_alert_about_rows_is_judged_for_each_row_and_says_its_numbers(folder: Path) -> None:
    form = read(folder)
    low, tired = form.alerts
    assert (low.rows, low.fields) == ("adults", ("adults",))
    assert tired.when == {"any": [{"field": "tired", "is": True}]}

    def alerts(**answers: object) -> list[str]:
        return [alert.text for alert in check(form, {"answers": answers}, {}).alerts]

    assert alerts(mode="phone", adults=[{"total": 5}, {"total": 2}]) == ["Total is 2."]
    assert alerts(mode="home", adults=[{"total": 2}]) == []
    assert alerts(mode="home", adults=[{"total": 2}, {"tired": True}]) == ["Tired"]


def test_an_alert_that_asks_nothing_of_the_form_has_to_be_left_out(folder: Path) -> None:
    source = FORM + "    leave_out: [adults]\n"
    assert mistakes(folder, source) == [
        f'alert "{one}": it asks nothing that this form asks; name it under "leave_out_alerts"'
        for one in ("low", "tired")
    ]
    assert read(folder, source + "    leave_out_alerts: [low, tired]\n").alerts == ()


@pytest.mark.parametrize(
    ("addition", "said"),
    [
        ("    colapsed: true\n", '"colapsed" is not a key that can stand here; did you mean "collapsed"?'),
        ("    leave_out: [modes]\n", '"leave_out" names "modes", which is not there; did you mean "mode"?'),
        ("    differs: {modes: {}}\n", '"differs" names "modes", which is not there; did you mean "mode"?'),
        ("    differs: {mode: 3}\n", '"differs" should say for "mode" which keys are different'),
        (
            "    differs: {adults: {fields: {totals: {}}}}\n",
            '"differs" should say for "adults" which keys are different',
        ),
        ("    leave_out_alerts: [high]\n", '"leave_out_alerts" names "high", which is not there'),
    ],
)
def test_a_mistake_is_explained(folder: Path, addition: str, said: str) -> None:
    assert mistakes(folder, FORM + addition) == [f'module "about.v1": {said}']


def test_a_module_that_is_not_there_is_named_with_its_file(folder: Path) -> None:
    assert mistakes(folder, FORM.replace("about.v1", "about.v2")) == [
        'there is no module "about.v2": it would be the file modules/about.v2.yaml beside the form'
    ]


def test_a_file_is_read_with_the_modules_beside_it(folder: Path) -> None:
    path = folder / "small.v1.yaml"
    path.write_text(FORM)
    assert read_form_file(path).fields == read(folder).fields
