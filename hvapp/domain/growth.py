"""SDS, centile and centile band of one measurement against UK-WHO, worked out by rcpchgrowth.

Rule G2. By the "digital" method every gestation is corrected for, term included and for life (the Royal College's
advice for digital charts). By the "paper" method 32 to 36 weeks are corrected to 1 year and less than 32 weeks to 2
years; term is not, and has no centile from day 1 to day 13. An unknown gestation gives the chronological age, and the
result says so: never silently 40 weeks. BMI is given wherever the reference has it, from 42 weeks; to show it only from
2 years is rule G5.

`static/src/growth/lms.js` does the same on the tablet, and `tests/contract/test_growth_agreement.py` holds the two
together.
"""

import math
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.metadata import version
from typing import Literal

from hvapp.domain.ages import add_months, corrected_age_days

Kind = Literal["weight", "length", "height", "ofc", "bmi"]
ChartMethod = Literal["digital", "paper"]
Method = Literal["digital", "paper", "chronological"]

REFERENCE = "UK-WHO"

_TERM_WEEKS = 40
_GESTATION_WEEKS = (22, 44)
_OLDEST_YEARS = 20
_OLDEST_HEAD_YEARS = {"male": 18, "female": 17}
_TWO_WEEKS_AFTER_TERM = 14
_TERM_FROM_DAYS = 37 * 7
_VERY_PRETERM_BELOW_DAYS = 32 * 7

_CENTILE_LINES = ("0.4th", "2nd", "9th", "25th", "50th", "75th", "91st", "98th", "99.6th")
_SPACE_BETWEEN_LINES = 2 / 3
_ON_THE_LINE = 0.17


@dataclass(frozen=True)
class GrowthResult:
    """One measurement read against the charts.

    sds, centile and band are None, None and "" when no_reference says in plain words why there is no number.
    method is "chronological" when age could not be corrected for gestation; corrected_age_days is then None.
    """

    sds: float | None
    centile: float | None
    band: str
    method: Method
    age_days: int
    corrected_age_days: int | None
    reference: str
    no_reference: str | None
    engine: str


@cache
def engine() -> str:
    """The calculator and its version, for the record: "rcpchgrowth 4.6.5"."""
    return f"rcpchgrowth {version('rcpchgrowth')}"


def assess(
    kind: Kind,
    value: Decimal,
    measured_on: date,
    birth_date: date,
    sex: str,
    gestation_days: int | None,
    method: ChartMethod = "digital",
) -> GrowthResult:
    """Read a measurement (kg, cm, or kg/m2 for BMI) against the charts; never raises for a child it cannot place.

    gestation_days is the whole length of the pregnancy: 280 at 40 weeks and 0 days.
    """
    age_days = (measured_on - birth_date).days
    reason = _unusable(value, age_days, sex, gestation_days) or paper_gap(age_days, gestation_days, method)
    sds = None
    if reason is None:
        corrected = is_corrected(birth_date, measured_on, gestation_days, method)
        sds, reason = _sds(kind, value, measured_on, birth_date, sex, gestation_days if corrected else None)
    return GrowthResult(
        sds=sds,
        centile=centile_of(sds) if sds is not None else None,
        band=centile_band(sds) if sds is not None else "",
        method="chronological" if gestation_days is None else method,
        age_days=age_days,
        corrected_age_days=(
            None if gestation_days is None else corrected_age_days(birth_date, gestation_days, measured_on)
        ),
        reference=REFERENCE,
        no_reference=reason,
        engine=engine(),
    )


def is_corrected(birth_date: date, on: date, gestation_days: int | None, method: ChartMethod) -> bool:
    """Whether the age that the charts are read at is corrected for gestation (rule G2)."""
    if gestation_days is None or method == "digital":
        return gestation_days is not None
    if gestation_days >= _TERM_FROM_DAYS:
        return False
    return on < add_months(birth_date, 24 if gestation_days < _VERY_PRETERM_BELOW_DAYS else 12)


def derived_value(result: GrowthResult) -> dict[str, str | int | None]:
    """The result as a sealed visit keeps it: no floats, so that its hash is the same everywhere."""
    if result.sds is None or result.centile is None:
        numbers: dict[str, str | int | None] = {"no_reference": result.no_reference}
    else:
        numbers = {"sds": f"{result.sds:.12f}", "centile": f"{result.centile:.1f}", "band": result.band}
    return numbers | {
        "method": result.method,
        "age_days": result.age_days,
        "corrected_age_days": result.corrected_age_days,
        "reference": result.reference,
        "engine": result.engine,
    }


def centile_band(sds: float) -> str:
    """Where the SDS lies among the nine centile lines, two thirds of an SDS apart (rule G3)."""
    last = len(_CENTILE_LINES) - 1
    position = sds / _SPACE_BETWEEN_LINES + last / 2
    nearest = min(max(math.floor(position + 0.5), 0), last)
    if abs(position - nearest) * _SPACE_BETWEEN_LINES <= _ON_THE_LINE:
        return f"on the {_CENTILE_LINES[nearest]} centile"
    if position < 0:
        return f"below the {_CENTILE_LINES[0]} centile"
    if position > last:
        return f"above the {_CENTILE_LINES[last]} centile"
    below = math.floor(position)
    return f"{_CENTILE_LINES[below]} to {_CENTILE_LINES[below + 1]} centile"


def _sds(
    kind: Kind, value: Decimal, measured_on: date, birth_date: date, sex: str, gestation_days: int | None
) -> tuple[float | None, str | None]:
    """The SDS, or the reason why the reference gives none."""
    # Imported at first use: rcpchgrowth brings scipy with it, a second that a starting web process need not wait.
    import rcpchgrowth

    if gestation_days is None:
        age = rcpchgrowth.chronological_decimal_age(birth_date, measured_on)
    else:
        age = rcpchgrowth.corrected_decimal_age(birth_date, measured_on, *divmod(gestation_days, 7))
    method = "height" if kind == "length" else kind
    try:
        sds = float(rcpchgrowth.sds_for_measurement("uk-who", age, method, float(value), sex))
    except LookupError:
        return None, _outside_reference(method, sex, age)
    except OverflowError:
        sds = math.inf
    if not math.isfinite(sds):
        return None, "The measurement is too extreme for a centile"
    return sds, None


def centile_of(sds: float) -> float:
    """The part of children below this SDS, in percent."""
    import rcpchgrowth

    return float(rcpchgrowth.centile(sds))


def _unusable(value: Decimal, age_days: int, sex: str, gestation_days: int | None) -> str | None:
    if not (value.is_finite() and value > 0):
        return "The measurement must be a number above 0"
    if age_days < 0:
        return "The measurement is dated before the birth"
    if sex not in ("male", "female"):
        return "The charts need the child's sex recorded as male or female"
    fewest, most = _GESTATION_WEEKS
    if gestation_days is not None and not fewest <= gestation_days // 7 <= most:
        return f"Gestation must be from {fewest} to {most} weeks: check the record"
    return None


def paper_gap(age_days: int, gestation_days: int | None, method: ChartMethod) -> str | None:
    """Paper charts have no lines in the first two weeks; a preterm baby has the preterm section instead."""
    preterm = gestation_days is not None and gestation_days < _TERM_FROM_DAYS
    if method == "paper" and not preterm and 0 < age_days < _TWO_WEEKS_AFTER_TERM:
        return "Paper charts have no centiles from day 1 to day 13"
    return None


def _outside_reference(method: str, sex: str, age: float) -> str:
    """Plain words for a gap that rcpchgrowth found."""
    days = round(age * 365.25)
    first_week = 25 if method == "height" else 23
    if method == "bmi" and days < _TWO_WEEKS_AFTER_TERM:
        return "The charts for body mass index start 2 weeks after the due date"
    if days < (first_week - _TERM_WEEKS) * 7:
        charts = "The charts for length" if method == "height" else "The charts"
        return f"{charts} start at {first_week} weeks of gestation"
    oldest = _OLDEST_HEAD_YEARS[sex] if method == "ofc" else _OLDEST_YEARS
    return f"The charts end at {oldest} years"
