"""ASQ-3, rules D1 and D2. `static/src/rules/development.js` answers the same."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hvapp.domain.ages import TERM_DAYS, add_months
from hvapp.domain.rules.answering import Answer, Limits, cannot_say, has_reached, not_given
from hvapp.domain.rules.given import Given, whole_gestation

_DAYS_IN_WEEK = 7


def scores(given: Given, asq: Mapping[str, Any]) -> Answer:
    """D1. `asq` is the published file. A verdict only by a confirmed cut-off."""
    areas = asq["areas"]
    given_scores = {area: given.get(f"asq_{area}") for area in areas}
    if all(score is None for score in given_scores.values()):
        return not_given(*(f"asq_{area}" for area in areas))
    row = next((one for one in asq["cut_offs"] if one["interval"] == given["asq_interval"]), None)
    if row is None or not row["confirmed"]:
        told = {
            area: "not_given" if score is None else "unconfirmed_cut_off"
            for area, score in given_scores.items()
        }
        return {"status": "unconfirmed_cut_off", "confirmed": False, **told}
    told = {area: _verdict(score, row, area) for area, score in given_scores.items()}
    lists = {
        f"{verdict}_text": ", ".join(area.replace("_", " ") for area in areas if told[area] == verdict)
        for verdict in ("refer", "monitor")
    }
    for status in ("refer", "monitor", "not_given", "not_below_cut_off"):
        if status in told.values():
            if status == "not_given":
                return cannot_say("not every area has a score", **told)
            return {"status": status, **told, **lists}
    return {"status": "expected", **told}


def _verdict(score: Decimal | None, row: Mapping[str, Any], area: str) -> str:
    if score is None:
        return "not_given"
    if score < Decimal(row["below"][area]):
        return "refer"
    zone = row.get("monitor_below", {}).get(area)
    if zone is None:
        return "not_below_cut_off"
    return "monitor" if score < Decimal(zone) else "expected"


def interval(given: Given, limits: Limits, asq: Mapping[str, Any]) -> Answer:
    """D2."""
    start: date = given["date_of_birth"]
    gestation, corrected = whole_gestation(given), False
    if not has_reached(given, limits["corrected_until"]):
        if gestation is None:
            return cannot_say("the gestation is not known, so it is not known whether to correct the age")
        corrected = TERM_DAYS - gestation >= limits["corrected_from_weeks_early"] * _DAYS_IN_WEEK
        if corrected:
            start += timedelta(days=TERM_DAYS - gestation)
    found: Mapping[str, Any] = {}
    for one in asq["age_ranges"]["from"]:
        if add_months(start, one["months"]) + timedelta(days=one["days"]) <= given["on"]:
            found = one
    fitting, also = found.get("interval"), found.get("also")
    worked_out = {"interval": fitting, "also": also, "corrected": corrected}
    if fitting is None:
        return {"status": "outside", **worked_out}
    fits = given.get("asq_interval", fitting) in (fitting, also)
    also_text = f"; so does that of {also} months" if also else ""
    return {"status": "fits" if fits else "other", "also_text": also_text, **worked_out}
