"""Rough sizes of babies, only to make up measurements that a health visitor would believe.

The numbers are rounded from common knowledge and are no reference: centiles come from hvapp.domain.growth alone. A
test holds every invented measurement within 3 SDS of the real reference.
"""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from math import exp, log
from random import Random

from hvapp.domain.ages import TERM_DAYS

# (weeks after the due date, typical boy), in kg or cm.
_TYPICAL = {
    "weight": (
        (-17, 0.6), (-15, 0.78), (-12, 1.15), (-10, 1.48), (-8, 1.85), (-6, 2.3), (-4, 2.8), (-2, 3.2), (0, 3.55),
        (2, 3.85), (4, 4.5), (6, 5.1), (8, 5.6), (13, 6.4), (17, 7.0), (26, 7.9), (39, 8.9), (52, 9.6), (78, 10.9),
        (104, 12.2), (131, 13.4), (160, 14.6),
    ),
    "length": (
        (-15, 33), (-12, 37), (-8, 42.5), (-4, 47.2), (0, 51), (4, 54.7), (8, 58.4), (13, 61.4), (26, 67.6), (39, 72),
        (52, 75.7), (78, 82.3), (104, 87.5), (131, 92.2), (160, 96.5),
    ),
    "ofc": (
        (-17, 21.3), (-15, 23), (-12, 25.8), (-8, 29.6), (-4, 32.8), (0, 35), (4, 37.3), (8, 39.1), (13, 40.6),
        (26, 43.4), (52, 46.2), (78, 47.5), (104, 48.4), (131, 49), (160, 49.6),
    ),
}  # fmt: skip
_GIRLS = {"weight": 0.94, "length": 0.982, "ofc": 0.976}
_SPREAD = {"weight": 0.115, "length": 0.037, "ofc": 0.03}
_PLACES = {"weight": 3, "length": 1, "ofc": 1}

# A newborn's weight as a share of its birth weight, by day: lost, then regained by about day 10.
_FIRST_DAYS = ((0, 1.0), (3, 0.945), (5, 0.95), (10, 1.0), (14, 1.045))
_SETTLED_DAY = 49
_SMALL = -2.5


@dataclass(frozen=True)
class Build:
    """How a child compares with the typical one: spreads above or below, at birth and once settled."""

    sex: str
    gestation_days: int
    weight_at_birth: float
    weight: float
    length: float
    head: float
    falters: bool = False


def draw_build(rng: Random, sex: str, gestation_days: int | None, births: int, growth: str) -> Build:
    """Sizes go together within one child, and babies of multiple births are smaller.

    `growth` is usual, falters (see _settled) or small: at the lowest line from birth.
    """
    limit = 1.6 if (gestation_days or TERM_DAYS) >= 259 else 1.1
    at_birth = _between(rng.gauss(0, 0.85) - 0.3 * (births - 1), limit)
    if growth == "small":
        at_birth = _SMALL
    weight = _between(0.6 * at_birth + rng.gauss(0, 0.65), 1.8)
    length = _between(0.6 * weight + rng.gauss(0, 0.6), 1.8)
    head = _between(0.5 * at_birth + rng.gauss(0, 0.6), 1.8)
    return Build(sex, gestation_days or TERM_DAYS, at_birth, weight, length, head, growth == "falters")


def size(build: Build, kind: str, age_days: int) -> float:
    """The true size on a day of life, in kg or cm; kind is weight, length (height too) or ofc."""
    if kind == "weight":
        return _weight(build, age_days)
    spreads = build.length if kind == "length" else build.head
    return _typical(build, kind, age_days) * exp(spreads * _SPREAD[kind])


def reading(rng: Random, build: Build, kind: str, age_days: int) -> str:
    """What the scales or the tape said: the true size, a little off, with the decimals that are written down."""
    seen = size(build, kind, age_days) * (1 + rng.gauss(0, 0.004))
    if kind == "weight":
        seen = round(seen / 0.005) * 0.005
    return f"{seen:.{_PLACES[kind]}f}"


def _weight(build: Build, age_days: int) -> float:
    last_day = _FIRST_DAYS[-1][0]
    at_birth = _typical(build, "weight", 0) * exp(build.weight_at_birth * _SPREAD["weight"])
    if age_days <= last_day:
        return at_birth * _interpolate(_FIRST_DAYS, age_days)
    settled = _settled(build, max(age_days, _SETTLED_DAY))
    if age_days < _SETTLED_DAY:
        early = at_birth * _FIRST_DAYS[-1][1] / _typical(build, "weight", last_day)
        way = (age_days - last_day) / (_SETTLED_DAY - last_day)
        settled = settled * way + log(early) / _SPREAD["weight"] * (1 - way)
    return _typical(build, "weight", age_days) * exp(settled * _SPREAD["weight"])


def _settled(build: Build, age_days: int) -> float:
    """Spreads from typical; a child who falters sinks from a little above it to near the lowest lines by 7 months."""
    if not build.falters:
        return build.weight
    return _interpolate(((_SETTLED_DAY, 0.5), (210, -1.9)), age_days)


def _typical(build: Build, kind: str, age_days: int) -> float:
    weeks = (age_days + build.gestation_days - TERM_DAYS) / 7
    boy = exp(_interpolate(tuple((week, log(value)) for week, value in _TYPICAL[kind]), weeks))
    if build.sex == "male":
        return boy
    return boy * (_GIRLS[kind] if build.sex == "female" else (1 + _GIRLS[kind]) / 2)


def _interpolate(points: tuple[tuple[float, float], ...], at: float) -> float:
    """Along straight lines; level before the first point and after the last."""
    if at <= points[0][0]:
        return points[0][1]
    if at >= points[-1][0]:
        return points[-1][1]
    place = bisect_right([x for x, _ in points], at) - 1
    (left, low), (right, high) = list(pairwise(points))[place]
    return low + (high - low) * (at - left) / (right - left)


def _between(value: float, limit: float) -> float:
    return min(max(value, -limit), limit)
