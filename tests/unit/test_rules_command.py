"""`hvapp rules`: every rule in words, and a table of cases that forgives nothing and explains everything."""

import io
import json
from typing import Any

import pytest
from click.testing import CliRunner

from hvapp.cli import main
from hvapp.commands import rules as command
from hvapp.domain import growth
from hvapp.domain.ages import TERM_DAYS
from hvapp.domain.rules import rule_book


def run(*lines: str) -> tuple[int, list[dict[str, Any]]]:
    out = io.StringIO()
    status = command.run(lines, out, say=lambda _: None)
    return status, [json.loads(line) for line in out.getvalue().split("\n") if line]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("no json", "Line 1: this is not JSON"),
        ("[]", "a case is an object"),
        ('{"inputs": {}}', '"rule" is missing; there are G1, G2'),
        ('{"rule": "G6"}', '"inputs" is missing'),
        ('{"rule": "G99", "inputs": {}}', 'there is no rule "G99"; there are G1'),
        ('{"rule": "G6", "inputs": {"wieght_kg": 3}}', 'has no input "wieght_kg"; it has birth_weight_kg'),
        ('{"rule": "G6", "inputs": {"weight_kg": NaN}}', "NaN is not a number"),
        ('{"rule": "G6", "inputs": {"weight_kg": Infinity}}', "Infinity is not a number"),
        ('{"rule": "G6", "inputs": {"weight_kg": 1e400}}', "1e400 is too large a number"),
        ('{"rule": "G6", "inputs": {"weight_kg": -1e400}}', "-1e400 is too large a number"),
        ('{"rule": "G6", "inputs": {"weight_kg": ' + "1" * 5000 + "}}", "11111… is too large a number"),
        ('{"rule": "NHS", "inputs": {"nhs_number": "\\ud800"}}', "half a character, such as \\ud800"),
        ('{"rule": "G6", "inputs": {}, "\\ud800": 1}', "half a character"),
        ('{"rule": "G6", "inputs": ' + "[" * 21 + "]" * 21 + "}", "lists stand too deep"),
        ('{"rule": "G6", "inputs": ' + "[" * 9999 + "]" * 9999 + "}", "lists stand too deep"),
        ('{"rule": "G6", "inputs": {}, "expect": {}}', 'a case has no "expect"'),
        ('{"rule": "G6", "inputs": {}, "expected": 3}', '"expected" should name members'),
    ],
)
def test_a_line_that_cannot_be_read_is_explained_and_fails_the_run(line: str, words: str) -> None:
    status, (told,) = run(line)
    assert status == 1
    assert told["line"] == 1
    assert words in told["error"]


def test_lines_keep_their_order_and_their_numbers() -> None:
    status, told = run(
        "",
        '{"rule": "KPI", "inputs": {"mode": "phone"}, "id": 7}',
        "nonsense",
        '{"rule": "KPI", "inputs": {"mode": "face to face"}, "expected": {"counts": true}}',
    )
    assert status == 1
    assert [one["line"] for one in told] == [2, 3, 4]
    assert told[0]["id"] == "7"
    assert told[0]["python"]["status"] == told[0]["javascript"]["status"] == "does_not_count"
    assert told[2]["as_expected"] is True


def test_one_bad_line_never_loses_the_others() -> None:
    good = '{"rule": "KPI", "inputs": {"mode": "phone"}}'
    bad = [
        '{"rule": "G6", "inputs": {"weight_kg": 1e400}}',
        '{"rule": "G6", "inputs": {"weight_kg": ' + "1" * 5000 + "}}",
        '{"id": "\\ud800", "rule": "KPI", "inputs": {"mode": "phone"}}',
        '{"rule": "G6", "inputs": ' + "[" * 9999 + "]" * 9999 + "}",
    ]
    status, told = run(good, *bad, good)
    assert status == 1
    assert [("error" in one, one.get("agree")) for one in told] == [
        (False, True),
        *[(True, None)] * 4,
        (False, True),
    ]


def test_what_is_repeated_may_hold_any_character() -> None:
    """U+2028 and U+0085 end a line for some programs, and "nan" is a number for others."""
    for name in ("a\u2028b", "a\u2029b", "a\u0085b", "a\x0bb", "nan", "infinity"):
        status, (told,) = run(
            json.dumps(
                {
                    "rule": "IMM",
                    "inputs": {"date_of_birth": "2026-01-10", "on": "2026-03-01", "vaccine": name},
                    "expected": {"vaccine": name, "status": "not_on_schedule"},
                },
                ensure_ascii=False,
            )
        )
        assert (status, told["agree"]) == (0, True)


def test_an_answer_that_is_not_expected_fails_the_run_and_is_named() -> None:
    status, (told,) = run('{"rule": "M2", "inputs": {"epds_total": 13}, "expected": {"level": "amber"}}')
    assert (status, told["agree"], told["as_expected"]) == (1, True, False)
    assert told["not_as_expected"] == ["level"]


def test_an_expected_member_that_the_answer_lacks_is_not_met() -> None:
    status, (told,) = run('{"rule": "KPI", "inputs": {"mode": "phone"}, "expected": {"lvl": "info"}}')
    assert (status, told["not_as_expected"]) == (1, ["lvl"])


def test_numbers_may_be_text_and_count_to_a_thousand_millionth() -> None:
    status, _ = run(
        '{"rule": "G6", "inputs": {"birth_weight_kg": "3.5", "weight_kg": 3.15, "age_days": "5"},'
        ' "expected": {"loss_percent": "10.0000000001", "level": "none"}}'
    )
    assert status == 0


def test_a_difference_between_the_languages_fails_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    real = command.evaluate
    monkeypatch.setattr(command, "evaluate", lambda rule, inputs: real(rule, inputs) | {"level": "red"})
    status, (told,) = run('{"rule": "KPI", "inputs": {"mode": "phone"}}')
    assert (status, told["agree"]) == (1, False)


def test_every_rule_is_described_with_marks_and_sources() -> None:
    described = json.loads(CliRunner().invoke(main, ["rules", "list", "--json"]).stdout)
    assert [one["id"] for one in described] == list(rule_book().by_id)
    for rule in described:
        assert rule["source"]
        assert isinstance(rule["confirmed"], bool)
        assert rule["inputs"]
        for one in rule["inputs"]:
            assert {"name", "type", "required"} <= one.keys()
        for limit in rule["thresholds"]:
            assert {"name", "value", "source", "confirmed"} <= limit.keys()
    words = CliRunner().invoke(main, ["rules", "list"]).stdout
    assert "NOT CONFIRMED" in words
    assert "rotavirus, row 1" in words
    assert "NG75   NICE guideline 75" in words


def test_a_file_or_what_is_typed() -> None:
    line = '{"rule": "KPI", "inputs": {"mode": "phone"}, "expected": {"level": "info"}}'
    done = CliRunner().invoke(main, ["rules", "run", "-"], input=line)
    assert done.exit_code == 0
    assert json.loads(done.stdout)["agree"] is True
    marked = CliRunner().invoke(
        main, ["rules", "run", "-"], input=b"\xef\xbb\xbf" + line.encode() + b"\r\n\r\n"
    )
    assert (marked.exit_code, marked.stdout) == (0, done.stdout)
    missing = CliRunner().invoke(main, ["rules", "run", "no-such-file.jsonl"])
    assert missing.exit_code == 2


def test_a_file_that_is_not_utf_8_is_refused_and_says_where() -> None:
    line = b'{"rule": "KPI", "inputs": {"mode": "phone"}}\n'
    done = CliRunner().invoke(main, ["rules", "run", "-"], input=line + '{"id": "é"}'.encode("latin-1"))
    assert done.exit_code == 1
    assert "not text in UTF-8: see line 2" in done.output


def test_the_growth_thresholds_shown_are_those_that_the_calculator_uses() -> None:
    """The calculator came first and has them in its code; the data file must not say something else."""
    limits = rule_book().limits
    assert limits["G1"] == {"term_days": TERM_DAYS, "days_in_year": "365.25"}
    assert limits["G2"]["preterm_below_weeks"] * 7 == growth._TERM_FROM_DAYS
    assert limits["G2"]["very_preterm_below_weeks"] * 7 == growth._VERY_PRETERM_BELOW_DAYS
    assert limits["G2"]["paper_no_centile_to"] == growth._TWO_WEEKS_AFTER_TERM - 1
    for line, sds in zip(growth._CENTILE_LINES, limits["G3"]["lines"], strict=True):
        assert growth.centile_band(float(sds)) == f"on the {line} centile"
    assert float(limits["G3"]["on"]) == growth._ON_THE_LINE
    assert float(limits["G3"]["one_space"]) == round(growth._SPACE_BETWEEN_LINES, 4)
