"""The bench for a clinical safety officer: every rule in words, and tables of cases run through both languages."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, TextIO

from hvapp import build
from hvapp.domain.contacts import contact_rules_data
from hvapp.domain.rules import UnknownInput, UnknownRule, evaluate, rule_book
from hvapp.domain.rules.evaluate import AGE
from hvapp.settings import ROOT

_TOLERANCE = 1e-9
_LONGEST_INTEGER = 300
_DEEPEST = 20
"""Lists in lists in lists: no case needs more."""
_CASE_KEYS = ("id", "rule", "inputs", "expected", "why")


@dataclass(frozen=True)
class Case:
    line: int
    id: str | None
    rule: str
    inputs: dict[str, Any]
    expected: dict[str, Any] | None
    python: dict[str, Any]


class BadLine(Exception):
    """Why a line is not a case."""


class NotText(Exception):
    """Why a file holds no lines."""


def lines_of(file: bytes) -> list[str]:
    """The lines of a file in UTF-8, with or without a mark at its start. Raises NotText."""
    try:
        text = file.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = file.count(b"\n", 0, error.start) + 1
        raise NotText(f"The file is not text in UTF-8: see line {number}. Save it as UTF-8.") from None
    return text.split("\n")


def run(lines: Iterable[str], out: TextIO, say: build.Say) -> int:
    """Print one JSON line for each case; exit status 0 when both languages agree and say what was expected."""
    answered: list[Case | dict[str, Any]] = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                answered.append(_case(number, line))
            except (BadLine, UnknownRule, UnknownInput) as error:
                answered.append({"line": number, "error": f"Line {number}: {error}."})
    good = [one for one in answered if isinstance(one, Case)]
    javascript = iter(ask_node(good, say))
    well = True
    for one in answered:
        told = _compare(one, next(javascript)) if isinstance(one, Case) else one
        well = well and told.get("agree") is True and told.get("as_expected") is not False
        print(json.dumps(told, ensure_ascii=False), file=out)
    return 0 if well else 1


def ask_node(cases: Iterable[Case], say: build.Say) -> list[dict[str, Any]]:
    """What the tablet's rules answer, from one run of Node."""
    questions = [json.dumps({"rule": case.rule, "inputs": case.inputs}) for case in cases]
    if not questions:
        return []
    build.ensure_node(say)
    with tempfile.TemporaryDirectory() as folder:
        book, tables = Path(folder) / "rules.json", Path(folder) / "growth" / "uk-who.json"
        book.write_text(json.dumps(rule_book().whole()))
        for command, given in (
            ([sys.executable, "static/build/growth_tables.py", str(tables)], ""),
            (["node", "static/build/rules_run.mjs", str(book), str(tables)], "\n".join(questions)),
        ):
            done = subprocess.run(  # noqa: S603
                command, cwd=ROOT, input=given, capture_output=True, text=True, encoding="utf-8", check=False
            )
            if done.returncode != 0:
                raise build.BuildFailed(f"{command[1]} failed:\n{done.stderr[-2000:]}")
    # An answer may repeat characters that end a line elsewhere, such as U+2028.
    return [json.loads(line) for line in done.stdout.split("\n") if line]


def _case(number: int, line: str) -> Case:
    try:
        data = json.loads(line, parse_constant=_not_json, parse_float=_finite, parse_int=_whole)
        json.dumps(data, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise BadLine(f"this is not JSON: {error}") from None
    except UnicodeEncodeError:
        raise BadLine("it holds half a character, such as \\ud800") from None
    except RecursionError:
        raise BadLine("lists stand too deep in each other") from None
    if _is_too_deep(data):
        raise BadLine("lists stand too deep in each other")
    if not isinstance(data, dict):
        raise BadLine('a case is an object, such as {"rule": "G6", "inputs": {"weight_kg": 3.1}}')
    for key in data:
        if key not in _CASE_KEYS:
            raise BadLine(f'a case has no "{key}"; it has {", ".join(_CASE_KEYS)}')
    rule, inputs, expected = data.get("rule"), data.get("inputs"), data.get("expected")
    if not isinstance(rule, str):
        raise BadLine(f'"rule" is missing; there are {", ".join(rule_book().by_id)}')
    if not isinstance(inputs, dict):
        raise BadLine('"inputs" is missing: the names and values that the rule works with')
    if not (expected is None or isinstance(expected, dict)):
        raise BadLine('"expected" should name members and their values, such as {"level": "red"}')
    case_id = data.get("id")
    return Case(
        number, None if case_id is None else str(case_id), rule, inputs, expected, evaluate(rule, inputs)
    )


def _not_json(name: str) -> None:
    raise BadLine(f"{name} is not a number")


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise BadLine(f"{_start_of(text)} is too large a number")
    return number


def _whole(text: str) -> int:
    # JavaScript has no larger number, and Python reads no longer text as one.
    if len(text) > _LONGEST_INTEGER:
        raise BadLine(f"{_start_of(text)} is too large a number")
    return int(text)


def _start_of(text: str) -> str:
    return text if len(text) <= 20 else f"{text[:20]}…"


def _is_too_deep(data: Any) -> bool:
    level = [data]
    for _ in range(_DEEPEST):
        level = [
            one
            for group in level
            if isinstance(group, dict | list)
            for one in (group.values() if isinstance(group, dict) else group)
        ]
    return bool(level)


def _compare(case: Case, javascript: dict[str, Any]) -> dict[str, Any]:
    # As it reads after a journey through JSON, which is what is compared.
    python = json.loads(json.dumps(case.python))
    told: dict[str, Any] = {"line": case.line}
    if case.id is not None:
        told["id"] = case.id
    told |= {
        "rule": case.rule,
        "inputs": case.inputs,
        "python": python,
        "javascript": javascript,
        "agree": equal(python, javascript),
    }
    if case.expected is not None:
        differs = [
            name
            for name, wanted in case.expected.items()
            if not (_meets(wanted, python, name) and _meets(wanted, javascript, name))
        ]
        told |= {"expected": case.expected, "as_expected": not differs}
        if differs:
            told["not_as_expected"] = differs
    return told


def _meets(wanted: Any, answer: Mapping[str, Any], name: str) -> bool:
    return equal(wanted, answer.get(name))


def equal(one: Any, other: Any) -> bool:
    """Equal, numbers to 1e-9; a number in text equals the number."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if one == other:
        return True
    left, right = _number(one), _number(other)
    if left is not None and right is not None:
        return abs(left - right) <= _TOLERANCE
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal, one, other))
    return False


def _number(value: Any) -> float | None:
    if not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def described() -> list[dict[str, Any]]:
    """Every rule as plain data: inputs, thresholds, answers, source and marks."""
    book = rule_book()
    return [
        {
            "id": rule["id"],
            "title": rule["title"],
            "version": book.rules["version"],
            "confirmed": rule["confirmed"],
            "source": rule["source"],
            "inputs": list(_inputs(rule)),
            "thresholds": list(_thresholds(rule)),
            "answers": [
                {"status": status, "level": outcome["level"], "text": outcome["text"]}
                for status, outcome in rule["outcomes"].items()
            ]
            + [{"status": "cannot_say", "level": "none", "text": "Cannot say: {reason}."}],
        }
        for rule in book.by_id.values()
    ]


def _inputs(rule: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    specs, seen = rule_book().inputs, set()
    for name in [*rule["needs"], *rule["may"]]:
        group = ("age_days", "date_of_birth", "on") if name == AGE else (name,)
        for one in group:
            if one in seen:
                continue
            seen.add(one)
            required: Any = name in rule["needs"]
            if name == AGE:
                required = "age_days, or date_of_birth and on"
            spec = {key: value for key, value in specs[one].items() if key != "also"}
            if spec["type"] == "vaccine":
                spec["values"] = list(rule_book().immunisations["names"])
            yield {"name": one, **spec, "required": required}


def _thresholds(rule: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    marks = {"confirmed": rule["confirmed"], "source": rule["source"]}
    for name, limit in rule["thresholds"].items():
        yield {"name": name, **marks, **limit}
    match rule["id"]:
        case "IMM":
            yield from _schedule()
        case "D1":
            for row in rule_book().asq["cut_offs"]:
                yield {
                    "name": f"{row['interval']} months, below",
                    "value": row["below"],
                    "source": row["source"],
                    "confirmed": row["confirmed"],
                }
        case "D2":
            ranges = rule_book().asq["age_ranges"]
            told = {key: ranges[key] for key in ("source", "confirmed")}
            yield {"name": "first day of each questionnaire", "value": ranges["from"], **told}
        case "O1":
            for contact in contact_rules_data()["contacts"]:
                for name in ("opens", "target_end", "limit"):
                    if name in contact:
                        limit = contact[name]
                        value = {key: limit[key] for key in ("days", "months") if key in limit}
                        yield {
                            "name": f"{contact['type']}, {name}",
                            "value": value | {"from": contact["counts_from"]},
                            "source": limit["source"],
                            "confirmed": limit["confirmed"],
                        }


def _schedule() -> Iterator[dict[str, Any]]:
    for course in rule_book().immunisations["courses"]:
        for number, dose in enumerate(course["doses"], 1):
            yield {
                "name": f"{course['id']}, row {number}",
                "value": dose,
                "source": course["source"],
                "confirmed": dose.get("confirmed", course["confirmed"]),
            }


def show(out: TextIO) -> None:
    """Every rule in words."""
    for rule in described():
        print(f"{rule['id']}  {rule['title']}", file=out)
        print(f"    version {rule['version']}, {_mark(rule)}. Source: {rule['source']}", file=out)
        print("    Inputs", file=out)
        for one in rule["inputs"]:
            print(f"      {one['name']:<22} {_kind(one)}", file=out)
        if rule["thresholds"]:
            print("    Thresholds", file=out)
        for one in rule["thresholds"]:
            value = json.dumps(one["value"]).replace('"', "")
            print(f"      {one['name']:<22} {value} {one.get('unit', '')}".rstrip(), end="", file=out)
            print(f"  ({_mark(one)})", file=out)
        print("    Answers", file=out)
        for one in rule["answers"]:
            print(f"      {one['status']:<22} {one['level']:<6} {one['text']}", file=out)
        print(file=out)
    print("Sources", file=out)
    for name, source in rule_book().rules["sources"].items():
        print(f"    {name:<6} {source}", file=out)


def _mark(one: Mapping[str, Any]) -> str:
    return "confirmed in its source" if one["confirmed"] else "NOT CONFIRMED"


def _kind(one: Mapping[str, Any]) -> str:
    parts = [one["type"].replace("_", " ")]
    if "values" in one:
        parts.append(" | ".join(one["values"]))
    if "min" in one:
        parts.append(f"{one['min']} to {one['max']}")
    parts += [one[key] for key in ("unit", "label") if key in one]
    if one["required"]:
        parts.append("needed" if one["required"] is True else f"needed: {one['required']}")
    return ", ".join(parts)
