"""Growth on the server: what is corrected, what is blank and how it is said. Numbers: tests/contract/."""

import subprocess
import sys
from datetime import date, timedelta
from decimal import Decimal

import pytest

from hvapp.domain.canonical import canonical_json
from hvapp.domain.growth import assess, centile_band, derived_value

BIRTH = date(2026, 5, 3)
TERM = 280


def weigh(value="3.450", age_days=0, sex="female", gestation_days=TERM, kind="weight"):
    return assess(kind, Decimal(value), BIRTH + timedelta(days=age_days), BIRTH, sex, gestation_days)


def test_a_birth_weight_on_the_median_is_the_fiftieth_centile():
    """UK90 at 40 weeks: a girl's median weight is 3.4 kg."""
    result = weigh("3.4")
    assert result.sds == pytest.approx(0, abs=0.15)
    assert result.band == "on the 50th centile"
    assert result.no_reference is None
    assert (result.age_days, result.corrected_age_days) == (0, 0)
    assert result.engine.startswith("rcpchgrowth 4.")


def test_true_gestation_at_term_moves_the_centile():
    """The pooled-term report: a girl of 37+2 on the 42nd centile reads as the 6th when sent as 40+0."""
    true, pooled = weigh("2.82", gestation_days=37 * 7 + 2), weigh("2.82")
    assert true.centile == pytest.approx(42, abs=4)
    assert pooled.centile == pytest.approx(6, abs=4)


def test_correction_is_for_life():
    assert weigh("12", age_days=1000, gestation_days=200).corrected_age_days == 920
    assert weigh("12", age_days=1000, gestation_days=200).sds != weigh("12", age_days=1000).sds


def test_unknown_gestation_is_chronological_and_says_so():
    unknown, term = weigh(age_days=20, gestation_days=None), weigh(age_days=20)
    assert (unknown.method, unknown.corrected_age_days) == ("chronological", None)
    assert (term.method, term.corrected_age_days) == ("digital", 20)
    assert unknown.sds == term.sds


def test_length_and_height_read_the_same_charts():
    length, height = weigh("87", 800, kind="length"), weigh("87", 800, kind="height")
    assert length.sds is not None
    assert length == height


@pytest.mark.parametrize(
    ("why", "arguments", "reason"),
    [
        ("sex not known", {"sex": "not_known"}, "The charts need the child's sex recorded as male or female"),
        (
            "sex indeterminate",
            {"sex": "indeterminate"},
            "The charts need the child's sex recorded as male or female",
        ),
        ("before the birth", {"age_days": -1}, "The measurement is dated before the birth"),
        ("nought", {"value": "0"}, "The measurement must be a number above 0"),
        ("negative", {"value": "-3"}, "The measurement must be a number above 0"),
        ("not a number", {"value": "NaN"}, "The measurement must be a number above 0"),
        ("infinite", {"value": "Infinity"}, "The measurement must be a number above 0"),
        ("before 23 weeks", {"gestation_days": 160}, "The charts start at 23 weeks of gestation"),
        (
            "length before 25 weeks",
            {"kind": "length", "gestation_days": 174},
            "The charts for length start at 25 weeks of gestation",
        ),
        ("BMI at term", {"kind": "bmi"}, "The charts for body mass index start 2 weeks after the due date"),
        (
            "no gestation at all",
            {"gestation_days": 0},
            "Gestation must be from 22 to 44 weeks: check the record",
        ),
        ("45 weeks", {"gestation_days": 315}, "Gestation must be from 22 to 44 weeks: check the record"),
        ("head over 17", {"kind": "ofc", "age_days": 6210}, "The charts end at 17 years"),
        ("over 20", {"age_days": 7306}, "The charts end at 20 years"),
        (
            "beyond arithmetic",
            {"value": "1e300", "gestation_days": 161},
            "The measurement is too extreme for a centile",
        ),
    ],
)
def test_no_number_but_a_plain_reason(why, arguments, reason):
    result = weigh(**arguments)
    assert (result.sds, result.centile, result.band) == (None, None, "")
    assert result.no_reference == reason
    assert derived_value(result)["no_reference"] == reason


@pytest.mark.parametrize(
    ("gestation_days", "kind"), [(161, "weight"), (161, "ofc"), (175, "length"), (314, "weight")]
)
def test_the_first_day_of_a_chart_has_a_number(gestation_days, kind):
    assert (
        weigh("30" if kind != "weight" else "0.6", gestation_days=gestation_days, kind=kind).sds is not None
    )


def test_a_sealed_visit_keeps_no_floats():
    kept = derived_value(weigh(age_days=14, gestation_days=266))
    canonical_json(kept)
    assert kept["sds"] == "0.086625572236"
    assert kept["centile"] == "53.5"
    assert (kept["age_days"], kept["corrected_age_days"], kept["method"]) == (14, 0, "digital")


@pytest.mark.parametrize(
    ("sds", "band"),
    [
        (0.0, "on the 50th centile"),
        (0.17, "on the 50th centile"),
        (0.1701, "50th to 75th centile"),
        (-0.1701, "25th to 50th centile"),
        (-0.67, "on the 25th centile"),
        (-1.33, "on the 9th centile"),
        (-2.0, "on the 2nd centile"),
        (-2.4, "0.4th to 2nd centile"),
        (-2.67, "on the 0.4th centile"),
        (-2.84, "below the 0.4th centile"),
        (1.33, "on the 91st centile"),
        (2.4, "98th to 99.6th centile"),
        (2.84, "above the 99.6th centile"),
    ],
)
def test_band_names_the_nearest_of_nine_lines_or_the_space_between(sds, band):
    assert centile_band(sds) == band


def test_importing_growth_does_not_bring_scipy():
    """A web process starts without it; the first measurement pays."""
    code = "import sys, hvapp.domain.growth; sys.exit('scipy' in sys.modules or 'rcpchgrowth' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
