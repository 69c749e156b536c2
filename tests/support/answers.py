"""One ordinary, complete new birth visit, as answers to the published form."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.support.world import World

LONDON = ZoneInfo("Europe/London")


def complete_answers(started: datetime, world: World) -> dict[str, Any]:
    """A healthy twelve-day-old girl of 37 weeks and 2 days, partly breastfed."""
    start = started.astimezone(LONDON).replace(second=0, microsecond=0)
    return {
        "contact_type": "new_birth",
        "started_at": start.isoformat(),
        "practitioner_type": "scphn",
        "place": "home",
        "mode": "face_to_face",
        "identity_checked": True,
        "child_seen": "awake",
        "present": [world.mother_id],
        "seen_alone": True,
        "interpreter": "not_needed",
        "birth_weight_kg": "3.010",
        "gestation_weeks": 37,
        "gestation_days": 2,
        "births_in_pregnancy": 1,
        "birth_order": 1,
        "vitamin_k": "im",
        "hearing_outcome": "clear",
        "bloodspot_taken": "yes",
        "bloodspot_results": "waiting",
        "weight_kg": "3.180",
        "measure_conditions": "nude",
        "ofc_cm": "34.6",
        "length_cm": "50.2",
        "measure_position": "lying",
        "feeding_status": "partial",
        "feed_concern": ["none"],
        "first_feed": "maternal",
        "nappies_wet": 6,
        "nappies_dirty": 3,
        "vitamin_d": "yes",
        "healthy_start": "not_eligible",
        "child_voice": "Settled, looks to her mother’s voice.",
        "need_level": "universal",
        "advice": ["feeding", "safer_sleep"],
        "actions": "Weigh again in two weeks at clinic.",
        "next_due": (start + timedelta(days=14)).date().isoformat(),
        "summary_parent": "Maya is growing well. Keep feeding as you are.",
        "share_consent": {"gp": True, "chis": True, "red_book": True, "early_years": False, "hub": True},
        "ended_at": (start + timedelta(minutes=45)).isoformat(),
    }
