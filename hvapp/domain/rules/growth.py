"""Growth, rules G1 to G8. `static/src/rules/growth.js` answers the same."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hvapp.domain import growth
from hvapp.domain.ages import add_months, due_date, months_between
from hvapp.domain.forms.answers import rounded
from hvapp.domain.rules.answering import Answer, Limits, cannot_say, has_reached, not_given, two_places
from hvapp.domain.rules.given import Given, whole_gestation
from hvapp.domain.rules.library import rule_book

_INPUT_OF_KIND = {
    "weight": "weight_kg",
    "length": "length_cm",
    "height": "height_cm",
    "ofc": "ofc_cm",
}
SPACE = 2 / 3
HAIR = 1e-9
"""SDS are binary floats: a fall of exactly two spaces must not be missed by the last bit."""
_DAYS_IN_YEAR = 365.25
_TERM_WEEKS = 37


def ages(given: Given, _limits: Limits) -> Answer:
    """G1."""
    days, gestation = given["age_days"], whole_gestation(given)
    worked_out = {"age_days": days, "decimal_age": days / _DAYS_IN_YEAR}
    if gestation is None:
        return {"status": "chronological", **worked_out, "corrected_age_days": None, "due_date": None}
    due = due_date(given["date_of_birth"], gestation)
    corrected = (given["on"] - due).days
    return {
        "status": "corrected",
        **worked_out,
        "due_date": due.isoformat(),
        "corrected_age_days": corrected,
        "corrected_decimal_age": corrected / _DAYS_IN_YEAR,
    }


def correction(given: Given, _limits: Limits) -> Answer:
    """G2."""
    gestation, method, days = whole_gestation(given), given.get("method", "digital"), given["age_days"]
    corrected = growth.is_corrected(given["date_of_birth"], given["on"], gestation, method)
    worked_out = {
        "method": "chronological" if gestation is None else method,
        "corrected": corrected,
        "chart_age_days": days - 280 + gestation if corrected and gestation is not None else days,
        "centile_shown": growth.paper_gap(days, gestation, method) is None,
    }
    if not worked_out["centile_shown"]:
        return {"status": "no_centile", **worked_out}
    if gestation is None:
        return {"status": "chronological", **worked_out}
    return {"status": "corrected" if corrected else "uncorrected", **worked_out}


def centile(given: Given, _limits: Limits) -> Answer:
    """G3."""
    placed = _place(given)
    if placed["status"] != "placed":
        return placed
    sds = placed["sds"]
    return {
        **placed,
        "status": "centile",
        "centile": growth.centile_of(sds),
        "band": growth.centile_band(sds),
    }


def extremes(given: Given, limits: Limits) -> Answer:
    """G4."""
    placed = _place(given)
    if placed["status"] != "placed":
        return placed
    kind, sds = placed["kind"], placed["sds"]
    if kind is None:
        return not_given("kind")
    if kind == "bmi":
        return cannot_say("body mass index is rule G5")
    high = sds > float(limits["high"])
    if kind == "ofc":
        return _head(given, placed, high, limits)
    return {**placed, "status": "high" if high else "low" if sds < float(limits["low"]) else "within"}


def _head(given: Given, placed: Answer, high: bool, limits: Limits) -> Answer:
    """How far the head has risen comes first: above the 99.6th centile it matters most."""
    now, before = _two_heads(given, placed)
    worked_out = {**placed, "high": high, "rise_spaces": None}
    signs, rising = given.get("other_signs") is True, False
    if now is not None and before is not None:
        rise = (now - before) / SPACE
        rising = rise >= limits["head_rise"] - HAIR
        worked_out |= {"compared_sds": now, "previous_sds": before, "rise_spaces": rise}
    if rising:
        older = "age_days" in given and has_reached(given, limits["head_concern_after"])
        also = " It is above the 99.6th centile." if high else ""
        return {
            **worked_out,
            "high_text": also,
            "status": "head_rising_concern" if older or signs else "head_rising",
        }
    if high:
        return {**worked_out, "status": "high_concern" if signs else "high"}
    return {**worked_out, "status": "within"}


def _two_heads(given: Given, placed: Answer) -> tuple[float | None, float | None]:
    """The SDS of the head now and before. What was measured is read by the same correction on both days."""
    now: float | None = placed["sds"]
    if "previous_sds" in given:
        return now, float(given["previous_sds"])
    if "previous_ofc_cm" not in given or "previous_on" not in given or "date_of_birth" not in given:
        return now, None
    earlier = {**given, "ofc_cm": given["previous_ofc_cm"], "on": given["previous_on"]}
    if "sds" not in given:
        now = _one_way(given, "ofc").get("sds")
    return now, _one_way(earlier, "ofc").get("sds")


def is_too_young_for_bmi(given: Given) -> bool:
    return not has_reached(given, rule_book().limits["G5"]["from"])


def body_mass_index(given: Given, limits: Limits) -> Answer:
    """G5."""
    if not has_reached(given, limits["from"]):
        return {"status": "too_young"}
    placed = _place({**given, "kind": "bmi"})
    if placed["status"] != "placed":
        return placed
    sds = placed["sds"]
    for status, beyond in (
        ("obese", sds > float(limits["obese"])),
        ("overweight", sds > float(limits["overweight"])),
        ("under_nutrition", sds < float(limits["low"])),
    ):
        if beyond:
            return {**placed, "status": status}
    return {**placed, "status": "within"}


def weight_loss(given: Given, limits: Limits) -> Answer:
    """G6, in exact numbers: 10% is not more than 10%."""
    birth, now = Fraction(given["birth_weight_kg"]), Fraction(given["weight_kg"])
    loss = (birth - now) / birth * 100
    text = rounded(Decimal(loss.numerator) / Decimal(loss.denominator), 2)
    worked_out = {"loss_percent": float(loss), "loss_text": text}
    if loss > limits["loss_above"]:
        return {"status": "loss_over_10", **worked_out}
    if loss <= 0:
        return {"status": "regained", **worked_out}
    if "age_days" not in given:
        return cannot_say("the age is not known", **worked_out)
    late = given["age_days"] >= limits["regained_by"]
    return {"status": "not_regained" if late else "within", **worked_out}


def faltering(given: Given, limits: Limits) -> Answer:
    """G7. Both points are read by the same correction; below the 2nd centile now needs no point at birth."""
    if given["age_days"] <= limits["after_day"]:
        return {"status": "too_early"}
    now = _now_point(given)
    if now["status"] != "placed":
        return now
    birth = _birth_point(given)
    return fall(birth.get("sds"), now["sds"], limits) or birth


def fall(birth: float | None, now: float, limits: Limits) -> Answer | None:
    """How far the weight fell in centile spaces, and whether that is faltering for where it began; None where the SDS
    at birth is not known and the weight now says nothing by itself."""
    low = now < float(limits["now_below"])
    if birth is None:
        return {"status": "below_2nd", "sds": now} if low else None
    spaces = (birth - now) / SPACE
    name = "spaces_middle"
    if birth < float(limits["birth_low"]):
        name = "spaces_low"
    elif birth > float(limits["birth_high"]):
        name = "spaces_high"
    faltered = spaces >= limits[name] - HAIR
    return {
        "status": "faltering" if faltered else "below_2nd" if low else "not_faltering",
        "birth_sds": birth,
        "sds": now,
        "fall_spaces": spaces,
        "fall_text": two_places(spaces),
        "spaces_limit": limits[name],
    }


def _birth_point(given: Given) -> Answer:
    if given.get("birth_method") and given.get("method") and given["birth_method"] != given["method"]:
        return cannot_say("the two points were not corrected by the same method")
    if "birth_sds" in given:
        return {"status": "placed", "sds": float(given["birth_sds"])}
    if "birth_weight_kg" not in given:
        return not_given("birth_weight_kg")
    if whole_gestation(given) is None:
        return cannot_say("the gestation is not known, so the birth weight has no centile")
    at_birth = {**given, "weight_kg": given["birth_weight_kg"], "on": given.get("date_of_birth")}
    return _one_way(at_birth, "weight")


def _now_point(given: Given) -> Answer:
    return {"status": "placed", "sds": float(given["sds"])} if "sds" in given else _one_way(given, "weight")


def one_way(method: growth.ChartMethod, gestation_days: int | None) -> int | None:
    """By which gestation both points are corrected, however old the child is: by paper a term baby's by none."""
    at_term = gestation_days is not None and gestation_days >= _TERM_WEEKS * 7
    return None if method == "paper" and at_term else gestation_days


def _one_way(given: Given, kind: str) -> Answer:
    kept = {name: value for name, value in given.items() if name not in ("sds", "method")}
    if one_way(given.get("method", "digital"), whole_gestation(given)) is None:
        kept.pop("gestation_weeks", None)
    return _place({**kept, "kind": kind})


def too_soon(given: Given, limits: Limits) -> Answer:
    """G8."""
    last, on = given["last_weighed_on"], given["on"]
    if last > on:
        return cannot_say("last_weighed_on is after on")
    age = months_between(given["date_of_birth"], on)
    table = limits["concern" if given.get("growth_concern") else "routine"]
    step = next(one for one in table if age < one.get("under", age + 1))
    next_on = add_months(last, step["months"]) if "months" in step else last + timedelta(days=step["days"])
    return {
        "status": "too_soon" if on < next_on else "in_time",
        "next_weighing_from": next_on.isoformat(),
        "days_since": (on - last).days,
    }


def _place(given: Given) -> Answer:
    """The SDS that is given, or that the charts give for what was measured."""
    if "sds" in given:
        return {"status": "placed", "sds": float(given["sds"]), "kind": given.get("kind")}
    kind, value = _measured(given)
    if value is None:
        return not_given("sds", *_INPUT_OF_KIND.values()) if kind is None else _missing_value(kind)
    missing = [name for name in ("date_of_birth", "on", "sex") if given.get(name) is None]
    if missing:
        return not_given(*missing)
    result = growth.assess(
        kind,  # type: ignore[arg-type]
        value,
        given["on"],
        given["date_of_birth"],
        given["sex"],
        whole_gestation(given),
        given.get("method", "digital"),
    )
    told: dict[str, Any] = {"kind": kind, "sds": result.sds, "method": result.method}
    if kind == "bmi":
        told["bmi"] = float(value)
    if result.sds is None:
        return {"status": "no_reference", "reason": result.no_reference, **told}
    return {"status": "placed", **told}


def _missing_value(kind: str) -> Answer:
    return not_given("weight_kg", "height_cm") if kind == "bmi" else not_given(_INPUT_OF_KIND[kind])


def _measured(given: Given) -> tuple[str | None, Decimal | None]:
    """Which measurement it is about, and its value: the kind that is named, else the only one given."""
    kind = given.get("kind")
    if kind == "bmi":
        if "weight_kg" not in given or "height_cm" not in given:
            return kind, None
        return kind, bmi(given["weight_kg"], given["height_cm"])
    if kind is None:
        kinds = [one for one, name in _INPUT_OF_KIND.items() if name in given]
        kind = kinds[0] if len(kinds) == 1 else None
    return kind, given.get(_INPUT_OF_KIND[kind]) if kind else None


def bmi(weight_kg: Decimal, height_cm: Decimal) -> Decimal:
    """kg/m2, worked out in binary floats as the tablet does."""
    metres = float(height_cm) / 100
    return Decimal(repr(float(weight_kg) / (metres * metres)))
