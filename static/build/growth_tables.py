"""Write the UK-WHO growth tables for the tablet, read out of the installed rcpchgrowth.

    python static/build/growth_tables.py OUTFILE

The tables are built, never committed: the UK90 reference is the copyright of the Royal College of Paediatrics and
Child Health, which publishes it in rcpchgrowth.

The file is small because neighbouring rows differ little. A column is held as whole numbers over one divisor, and the
whole numbers as repeated differences, trailing noughts left off:

    {"by": 10000, "order": 2, "ints": [33464, -12, 3, ...]}

To read a column: pad "ints" with noughts to the table's row count; then `order` times, last pass first, turn the tail
of the list into running totals (see static/src/growth/tables.js); then divide by "by". Dividing a whole number below
2**53 by a power of ten is correctly rounded, so the tablet gets the very doubles that rcpchgrowth reads from its own
JSON. That is checked here, value by value, before anything is written.
"""

import json
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rcpchgrowth import uk_who

FORMAT = 1
KINDS = ("weight", "height", "ofc", "bmi")
SEXES = ("male", "female")
PARTS = {
    "uk90_preterm": uk_who.UK90_PRETERM_DATA,
    "who_infant": uk_who.WHO_INFANTS_DATA,
    "who_child": uk_who.WHO_CHILD_DATA,
    "uk90_child": uk_who.UK90_CHILD_DATA,
}
# UK-WHO leaves the WHO child table at 4 years. Two rows beyond are kept: interpolation looks two rows ahead.
LAST_AGE = {"who_child": 4.0}
ROWS_BEYOND = 2

DAYS_IN_YEAR = 365.25
MONTHS_IN_YEAR = 12
DIVISORS = [*(10**places for places in range(11)), MONTHS_IN_YEAR, DAYS_IN_YEAR]
LARGEST_EXACT = 2**53
HIGHEST_ORDER = 3


def main(outfile: Path) -> None:
    text = json.dumps(growth_tables(), separators=(",", ":"))
    outfile.parent.mkdir(parents=True, exist_ok=True)
    outfile.write_text(text + "\n", encoding="ascii")


def growth_tables() -> dict[str, Any]:
    """The whole file as plain data: tables[kind][sex][part] = {rows, age (index into ages), L, M, S}."""
    ages: list[dict[str, Any]] = []
    tables: dict[str, Any] = {}
    for kind in KINDS:
        for sex in SEXES:
            for part in PARTS:
                rows = _rows(part, kind, sex)
                if not rows:
                    continue
                age = _column([row["decimal_age"] for row in rows])
                if age not in ages:
                    ages.append(age)
                table: dict[str, Any] = {"rows": len(rows), "age": ages.index(age)}
                table |= {name: _column([row[name] for row in rows]) for name in ("L", "M", "S")}
                tables.setdefault(kind, {}).setdefault(sex, {})[part] = table
    return {
        "format": FORMAT,
        "reference": "UK-WHO",
        "source": f"rcpchgrowth {version('rcpchgrowth')}",
        "ages": ages,
        "tables": tables,
    }


def _rows(part: str, kind: str, sex: str) -> list[dict[str, Any]]:
    """The rows UK-WHO can use; none where the reference holds blanks, as for BMI before 42 weeks."""
    rows: list[dict[str, Any]] = PARTS[part]["measurement"][kind][sex]
    rows = [row for row in rows if row["M"] != ""]
    if part in LAST_AGE:
        used = sum(1 for row in rows if row["decimal_age"] < LAST_AGE[part])
        rows = rows[: used + ROWS_BEYOND]
    return rows


def _column(values: Sequence[float]) -> dict[str, Any]:
    """The shortest exact coding of the values; ValueError when no divisor gives them back bit for bit."""
    by = next((by for by in DIVISORS if _holds(values, by)), None)
    if by is None:
        raise ValueError(
            f"no exact coding for a column beginning {values[0]!r}; the reference has changed its form"
        )
    whole = [round(value * by) for value in values]
    codings = [_differences(whole, order) for order in range(min(HIGHEST_ORDER, len(whole) - 1) + 1)]
    ints = min(codings, key=lambda coding: len(json.dumps(coding)))
    order = codings.index(ints)
    if [total / by for total in _totals(ints, order, len(whole))] != [float(value) for value in values]:
        raise ValueError(f"a column beginning {values[0]!r} does not come back as it went in")
    return {"by": by, "order": order, "ints": ints}


def _holds(values: Sequence[float], by: float) -> bool:
    return all(
        abs(round(value * by)) < LARGEST_EXACT and round(value * by) / by == float(value) for value in values
    )


def _differences(whole: list[int], order: int) -> list[int]:
    """The list with its tail replaced by differences, `order` times, one place further on each time."""
    coded = list(whole)
    for start in range(order):
        for index in range(len(coded) - 1, start, -1):
            coded[index] -= coded[index - 1]
    while len(coded) > 1 and coded[-1] == 0:
        coded.pop()
    return coded


def _totals(ints: list[int], order: int, rows: int) -> list[int]:
    """The way back, as the tablet does it."""
    whole = ints + [0] * (rows - len(ints))
    for start in range(order - 1, -1, -1):
        for index in range(start + 1, rows):
            whole[index] += whole[index - 1]
    return whole


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python static/build/growth_tables.py OUTFILE")
    main(Path(sys.argv[1]))
