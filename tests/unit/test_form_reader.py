"""A form file is read strictly, and every mistake in it is explained in plain words."""

# ruff: noqa: E501 - one mistake, one line

from pathlib import Path

import pytest

from hvapp.domain.forms.reader import FormMistakes, read_form, read_form_file

GOOD = """
id: small
version: 1
title: Small
contact_type: new_birth
not_done_reasons:
  - {code: declined, label: Parent declined}
  - {code: other, label: Another reason, needs_detail: true}
sections:
  - id: first
    title: First
    fields:
      - id: mode
        label: How
        name: how it was
        type: choice
        visibility: P
        options:
          - {value: phone, label: Phone}
          - {value: "no", label: Not at all}
      - id: weight_kg
        label: Weight
        name: the weight
        type: decimal
        decimals: 3
        unit: kg
        visibility: P
        measure: {kind: weight}
        hard: {min: 0.2, max: 45, sds: 8}
        show_when: {field: mode, is: phone}
        required: true
alerts:
  - id: low
    level: amber
    title: Low
    text: "SDS {sds.weight_kg}"
    action: Plan.
    source: A source
    fields: [weight_kg]
    when: {fact: sds.weight_kg, less_than: -2.67}
"""


def mistakes(source: str) -> list[str]:
    with pytest.raises(FormMistakes) as caught:
        read_form(source)
    return caught.value.mistakes


def test_a_good_form_is_read() -> None:
    form = read_form(GOOD)
    assert [one.id for one in form.fields] == ["mode", "weight_kg"]
    weight = form.fields[1]
    assert weight.hard.min == "0.2"
    assert [reason.code for reason in weight.not_done] == ["declined", "other"]


def test_yaml_does_not_guess() -> None:
    """No float, no date, no octal and no "no" that is false."""
    form = read_form(GOOD.replace('value: "no"', "value: no").replace("phone", "01"))
    assert [option.value for option in form.fields[0].options] == ["01", "no"]
    assert form.definition["sections"][0]["fields"][1]["hard"] == {"min": "0.2", "max": 45, "sds": 8}


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("    title: First", "    titel: First", 'section "first": it needs a "title"'),
        (
            "        label: Weight",
            "        lable: Weight\n        label: Weight",
            'field "weight_kg": "lable" is not a key that can stand here; did you mean "label"?',
        ),
        ("        label: Weight\n", "", 'field "weight_kg": it needs a "label"'),
        (
            "type: decimal",
            "type: decimals",
            'field "weight_kg": "type" is "decimals", but it can only be line, text, integer, decimal, date, month, '
            'datetime, yes_no, choice, choices, people, person, yes_no_each, list or photo; did you mean "decimal"?',
        ),
        ("id: weight_kg\n", "id: mode\n", 'fields: the id "mode" is used 2 times'),
        ("id: mode", "id: Mode", 'fields: the id "Mode" should be small letters, digits and "_", beginning with a letter'),
        ("{field: mode, is: phone}", "{field: mood, is: phone}", 'field "weight_kg", show_when: the field "mood" does not exist'),
        (
            "{field: mode, is: phone}",
            "{field: weight_kg, answered: true}",
            'field "weight_kg", show_when: the field "weight_kg" stands below: what is shown may only hang on what stands '
            "above",
        ),
        ("{field: mode, is: phone}", "{field: mode, is: fax}", 'field "weight_kg", show_when: "fax" is not an option of "mode"'),
        (
            "{field: mode, is: phone}",
            "{field: mode, equals: phone}",
            'field "weight_kg", show_when: "equals" is not a comparison; there are is, is_not, in, not_in, includes, '
            "answered, at_least, at_most, more_than, less_than",
        ),
        (
            "{field: mode, is: phone}",
            "{field: mode, more_than: 3}",
            'field "weight_kg", show_when: "more_than" does not fit "mode", a choice; answered and is and is_not and in '
            "and not_in do",
        ),
        (
            "{field: mode, is: phone}",
            "{fact: sds.weight_kg, more_than: 2}",
            'field "weight_kg", show_when: the fact "sds.weight_kg" comes from "weight_kg", which stands below',
        ),
        ("{fact: sds.weight_kg, less_than: -2.67}", "{fact: sds.wait, less_than: 2}", 'alert "low": there is no fact "sds.wait"'),
        ("{fact: sds.weight_kg, less_than: -2.67}", "{fact: sds.weight_kg, less_than: low}", 'alert "low": "less_than" needs a number, not "low"'),
        ("SDS {sds.weight_kg}", "SDS {sds.weight}", 'alert "low": "{sds.weight}" is neither a field nor a fact'),
        ("fields: [weight_kg]", "fields: [wait_kg]", 'alert "low": there is no field "wait_kg"'),
        ("    source: A source\n", "", 'alert "low": it needs a "source"'),
        ("hard: {min: 0.2, max: 45, sds: 8}", "hard: {sds: 8}", 'field "weight_kg": a measurement needs "unit" and hard "min" and "max", for a child without a reference'),
        ("        measure: {kind: weight}\n", "", 'field "weight_kg": an SDS limit needs "measure", to know which growth reference'),
        ("        required: true", '        checks: [{check: not_futrue}]', 'field "weight_kg": there is no check "not_futrue"'),
        ("        required: true", "        required: maybe", 'field "weight_kg": "required" should be true or false'),
        ("        required: true", "        not_done: false", 'field "weight_kg": "not_done: false" is only for a field with the check must_be_true'),
        ("        required: true", "        not_done: [decline]", 'field "weight_kg": "decline" is not one of the form\'s not_done_reasons; did you mean "declined"?'),
        ("value: phone, label", "value: 7, label", 'field "mode", option number 1: "value" should be text: put it in quotes'),
        ("version: 1", "version: one", 'the form: "version" should be a whole number'),
        ("contact_type: new_birth", "contact_type: birthday", 'the form: "birthday" is not a kind of contact'),
        ("        visibility: P\n        measure", "        visibility: Q\n        measure", 'field "weight_kg": "visibility" is "Q", but it can only be P, H or X'),
    ],
)  # fmt: skip
def test_a_mistake_is_explained(right: str, wrong: str, said: str) -> None:
    assert right in GOOD
    assert any(one.startswith(said) for one in mistakes(GOOD.replace(right, wrong))), mistakes(
        GOOD.replace(right, wrong)
    )


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("visibility: P", "a photo is never in the red book"),
        ("visibility: H, red_book: {event: CH018}", "a photo is never in the red book"),
        ("visibility: H, suggest: last.marks", "a photo is never filled in or offered again"),
        ("visibility: H, max_length: 5", '"max_length" is for line and text'),
    ],
)
def test_a_photo_stays_with_the_professionals(wrong: str, said: str) -> None:
    photo = "      - {id: marks, label: Marks, name: the marks, type: photo, visibility: X}\n"
    source = GOOD.replace("alerts:", f"{photo}alerts:")
    assert read_form(source).field("marks") is not None
    [mistake] = mistakes(source.replace("visibility: X}", f"{wrong}}}"))
    assert mistake.startswith(f'field "marks": {said}')


def test_a_restricted_answer_is_never_offered_to_a_twin() -> None:
    secret = "      - {id: fear, label: Fear, name: fear, type: line, max_length: 9, visibility: X, household: true}\n"
    assert mistakes(GOOD.replace("alerts:", f"{secret}alerts:")) == [
        'field "fear": a restricted answer is never offered to a twin, so it cannot have "household"'
    ]


def test_all_mistakes_are_told_at_once() -> None:
    source = GOOD.replace("        label: Weight\n", "").replace("    title: First\n", "")
    told = {'field "weight_kg": it needs a "label"', 'section "first": it needs a "title"'}
    assert set(mistakes(source)) == told


def test_a_key_written_twice_is_refused() -> None:
    assert '"title" is written twice' in mistakes(GOOD.replace("title: Small", "title: Small\ntitle: Big"))[0]


@pytest.mark.parametrize(
    "junk", ["", "[]", "42", "a: [", "id: {a: b}", "sections: [1, {fields: [2]}]", "? [a]\n: b"]
)
def test_junk_is_a_mistake_and_never_a_crash(junk: str) -> None:
    assert mistakes(junk)


def test_facts_need_their_fields_to_be_of_the_right_type() -> None:
    source = GOOD.replace("id: mode", "id: started_at").replace("field: mode", "field: started_at")
    assert 'field "started_at": facts are counted from it, so it has to be a datetime' in mistakes(source)


def test_a_file_is_called_after_its_form(tmp_path: Path) -> None:
    path = tmp_path / "small.v2.yaml"
    path.write_text(GOOD)
    with pytest.raises(FormMistakes, match=r'must be called "small\.v1\.yaml"'):
        read_form_file(path)
