"""Mind and safety: rules M1 to M3, J1, SG1 to SG4, domestic abuse, and what belongs to the contact itself.

`static/src/rules/wellbeing.js` answers the same.
"""

from decimal import Decimal
from typing import Any

from hvapp.domain.rules.answering import Answer, Limits, cannot_say, has_reached, not_given
from hvapp.domain.rules.given import Given

_PHQ9 = ("minimal", "mild", "moderate", "moderately_severe", "severe")
_GAD7 = ("minimal", "mild", "moderate", "severe")
_RANK = {"minimal": 0, "low": 0, "mild": 1, "moderate": 2, "moderately_severe": 2, "severe": 2, "raised": 2}
_SEEN = ("awake", "asleep")
_HARM_ITEMS = (("epds", "item10", "item 10 of the EPDS"), ("phq9", "item9", "item 9 of the PHQ-9"))
_ADDITIONAL = ("targeted",)
_LOCAL = ("no_access", "three_four_month", "six_month", "movement_in")


def screening(given: Given, limits: Limits) -> Answer:
    """M1. Positive on what is known; negative only when every item is."""
    whooley = [given.get("whooley_1"), given.get("whooley_2")]
    gad2 = [given.get("gad2_1"), given.get("gad2_2")]
    total = sum(one for one in gad2 if one is not None)
    whooley_positive = True if True in whooley else None if None in whooley else False
    gad2_positive = True if total >= limits["gad2_positive"] else None if None in gad2 else False
    worked_out = {
        "whooley_positive": whooley_positive,
        "gad2_total": None if None in gad2 else total,
        "gad2_positive": gad2_positive,
    }
    if whooley_positive or gad2_positive:
        return {"status": "positive", **worked_out}
    asked = [
        result
        for result, items in ((whooley_positive, whooley), (gad2_positive, gad2))
        if items != [None, None]
    ]
    if not asked or None in asked:
        missing = [name for name in ("whooley_1", "whooley_2", "gad2_1", "gad2_2") if given.get(name) is None]
        return cannot_say(f"not given: {', '.join(missing)}", **worked_out)
    return {"status": "negative", **worked_out}


def totals(given: Given, limits: Limits) -> Answer:
    """M2. Nothing is called low while an item about self-harm may hide in a total."""
    names = ("epds_total", "epds_item10", "phq9_total", "phq9_item9", "gad7_total")
    if all(given.get(name) is None for name in names):
        return not_given(*names)
    epds, items = given.get("epds_total"), [given.get("epds_item10"), given.get("phq9_item9")]
    unknown, contradicted = _harm_items(given, limits)
    epds_band = None
    if epds is not None:
        epds_band = (
            "high" if epds >= limits["epds_red"] else "raised" if epds >= limits["epds_amber"] else "low"
        )
    harm = any(one is not None and one > limits["item_above"] for one in items)
    worked_out: Answer = {
        "epds_band": epds_band,
        "phq9_band": _band(given.get("phq9_total"), limits["phq9_bands"], _PHQ9),
        "gad7_band": _band(given.get("gad7_total"), limits["gad7_bands"], _GAD7),
        "self_harm": "yes"
        if harm
        else "not_known"
        if unknown or contradicted or items == [None, None]
        else "no",
    }
    if harm:
        return {"status": "self_harm", **worked_out}
    if epds_band == "high":
        return {"status": "high", **worked_out}
    if contradicted:
        # Whichever of the two is wrong, somebody has to look again.
        return cannot_say(
            f"so high a total needs more than 0 in {contradicted[0]}", level="amber", **worked_out
        )
    ranks = [_RANK[band] for name, band in worked_out.items() if name.endswith("_band") and band]
    if not ranks:
        return not_given("epds_total", "phq9_total", "gad7_total") | worked_out
    if max(ranks) < _RANK["raised"] and unknown:
        return cannot_say(f"{' and '.join(unknown)} not known", **worked_out)
    return {"status": ("low", "mild", "raised")[max(ranks)], **worked_out}


def _harm_items(given: Given, limits: Limits) -> tuple[list[str], list[str]]:
    """Of the questionnaires that have a total: the items that are not known, and those that the total contradicts."""
    unknown, contradicted = [], []
    for name, item_name, words in _HARM_ITEMS:
        total, item = given.get(f"{name}_total"), given.get(f"{name}_{item_name}")
        if total is not None and item is None:
            unknown.append(words)
        elif total is not None and item == 0 and total > limits[f"{name}_without_item"]:
            contradicted.append(words)
    return unknown, contradicted


def _band(total: int | None, from_each: list[int], names: tuple[str, ...]) -> str | None:
    return None if total is None else names[sum(total >= one for one in from_each)]


def harm(given: Given, limits: Limits) -> Answer:
    """M3."""
    items = [given.get("epds_item10"), given.get("phq9_item9")]
    if any(one is not None and one > 0 for one in items) or given.get("infant_harm"):
        return {"status": "path", "within_hours": limits["within_hours"], "notify_supervisor": True}
    if items == [None, None] and given.get("infant_harm") is None:
        return not_given("epds_item10", "phq9_item9", "infant_harm")
    return {"status": "none"}


def jaundice(given: Given, limits: Limits) -> Answer:
    """J1."""
    if given["jaundice"] == "none":
        return {"status": "none"}
    if given.get("stool_colour") == "pale" or given.get("urine_colour") == "dark":
        return {"status": "liver"}
    days, hours, weeks = given.get("age_days"), given.get("age_hours"), given.get("gestation_weeks")
    if days is None:
        return cannot_say("the age is not known")
    if days == 0 or (hours is not None and hours < limits["early_below"]):
        return {"status": "first_day"}
    if days == 1 and hours is None:
        return cannot_say("on day 1 it depends on the hours since birth: give age_hours")
    if days >= limits["preterm_from"]:
        return {"status": "prolonged"}
    if days >= limits["term_from"]:
        if weeks is None:
            return cannot_say("from day 14 to day 20 it depends on the gestation, which is not known")
        if weeks >= limits["preterm_below_weeks"]:
            return {"status": "prolonged"}
    return {"status": "watch"}


def act_today(given: Given, _limits: Limits) -> Answer:
    """SG1."""
    reasons = []
    if given.get("bruise_nonmobile"):
        reasons.append("bruise_nonmobile")
    abuse, seen = given.get("dva_response"), given.get("child_seen")
    if abuse == "current" and seen in _SEEN:
        reasons.append("domestic_abuse_current")
    if any(given.get(name, 0) > 0 for name in ("epds_item10", "phq9_item9")):
        reasons.append("self_harm")
    contact, concern = given.get("contact_type"), given.get("concern")
    if contact == "no_access" and concern == "child_protection":
        reasons.append("no_access_protection")
    if reasons:
        return {
            "status": "act_today",
            "reasons": reasons,
            "reasons_text": ", ".join(reasons),
            "notify_supervisor": True,
            "show_phone": True,
        }
    if abuse == "current" and seen is None:
        return cannot_say("whether the child was there is not known")
    if contact == "no_access" and concern is None:
        return cannot_say("whether the child has a protection plan is not known")
    asked = ("bruise_nonmobile", "dva_response", "epds_item10", "phq9_item9", "contact_type", "concern")
    if all(given.get(name) is None for name in asked):
        return not_given(*asked)
    return {"status": "none", "reasons": []}


def queue(given: Given, _limits: Limits) -> Answer:
    """SG2."""
    restricted = given["concern"] in ("child_protection", "looked_after")
    return {
        "status": "safeguarding_queue" if restricted else "usual_queue",
        "may_auto_approve": not restricted,
    }


def safer_sleep(given: Given, limits: Limits) -> Answer:
    """SG3."""
    surface, risks = given.get("sleep_surface"), given.get("safer_sleep_risks")
    told = set(risks or ())
    reasons = []
    if surface == "sofa" or "sofa" in told:
        reasons.append("sofa")
    if surface == "shared_bed":
        reasons += _bed_reasons(given, told, limits)
    elif "preterm_small" in told:
        # The list means sharing a bed, wherever the baby usually sleeps.
        reasons.append("preterm_small")
    listed = list(
        dict.fromkeys([*(risks or ()), *(["smoking"] if given.get("smoker_in_home") == "yes" else ())])
    )
    worked_out: Answer = {
        "reasons": reasons,
        "reasons_text": ", ".join(reasons),
        "risks_text": ", ".join(listed),
        "refer_beds_for_babies": given.get("needs_bed_space") is True,
    }
    if reasons:
        return {"status": "unsafe", **worked_out}
    if worked_out["refer_beds_for_babies"]:
        return {"status": "needs_bed", **worked_out}
    if surface is None and risks is None:
        return not_given("sleep_surface", "safer_sleep_risks")
    if surface in (None, "none"):
        return cannot_say("where the baby sleeps is not known", **worked_out)
    if surface == "shared_bed" and risks is None:
        return cannot_say("the bed is shared, and the risks were not asked about", **worked_out)
    if surface == "shared_bed" and given.get("smoker_in_home") == "declined":
        return cannot_say("the bed is shared, and smoking is not known", **worked_out)
    return {"status": "other_risks" if listed else "safe", **worked_out}


def _bed_reasons(given: Given, told: set[str], limits: Limits) -> list[str]:
    weeks, weight = given.get("gestation_weeks"), given.get("birth_weight_kg")
    holds = {
        "smoking": "smoking" in told or given.get("smoker_in_home") == "yes",
        "alcohol_drugs": "alcohol_drugs" in told,
        "preterm": weeks is not None and weeks < limits["preterm_below_weeks"],
        "small": weight is not None and weight < Decimal(limits["small_below"]),
        "preterm_small": "preterm_small" in told,
    }
    return [reason for reason, it_does in holds.items() if it_does]


def damp(given: Given, limits: Limits) -> Answer:
    """SG4."""
    if given["damp_mould"] not in ("significant", "severe"):
        return {"status": "none"}
    if given.get("wheeze_child"):
        return {"status": "refer"}
    if "age_days" not in given:
        return cannot_say("the age is not known")
    if not has_reached(given, limits["younger_than"]):
        return {"status": "refer"}
    if given.get("wheeze_child") is None:
        return cannot_say("whether a child wheezes is not known")
    return {"status": "none"}


def abuse_question(given: Given, _limits: Limits) -> Answer:
    """Whether the question about domestic abuse may be asked: alone, and through nobody but a professional."""
    alone, interpreter = given.get("seen_alone"), given.get("interpreter")
    closed = []
    if alone is False:
        closed.append("not seen alone")
    if interpreter in ("family_member", "not_available", "declined"):
        closed.append("no professional interpreter")
    if closed:
        return {"status": "closed", "may_ask": False, "reasons_text": ", ".join(closed)}
    if alone is None or interpreter is None:
        missing = [name for name in ("seen_alone", "interpreter") if given.get(name) is None]
        return not_given(*missing) | {"may_ask": False}
    return {"status": "open", "may_ask": True}


def counts(given: Given, _limits: Limits) -> Answer:
    """Face to face counts towards C1 to C8. A targeted contact feeds the figure for additional contacts alone; what is
    decided locally, and a visit without access, feed none."""
    contact = given.get("contact_type")
    if given["mode"] != "face_to_face" or contact in _LOCAL:
        return {"status": "does_not_count", "counts": False}
    if contact in _ADDITIONAL:
        return {"status": "additional", "counts": False}
    return {"status": "counts", "counts": True}


def blood_spot(given: Given, limits: Limits) -> Answer:
    """Whether a result is missing, under 1 year."""
    if has_reached(given, limits["younger_than"]):
        return {"status": "too_old"}
    known: Any = given.get("bloodspot_results")
    return {"status": "present" if known in ("none_suspected", "some") else "missing"}


def early_solids(given: Given, limits: Limits) -> Answer:
    days = (given["solids_started"] - given["date_of_birth"]).days
    if days < 0:
        return cannot_say("solids_started is before date_of_birth")
    return {"status": "early" if days < limits["before"] else "not_early", "age_days": days}
