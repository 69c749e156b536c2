"""One ordinary, complete new birth visit, as answers to the published form."""

import json
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from hvapp.domain.forms import load_forms
from hvapp.domain.forms.facts import ChildFacts
from hvapp.domain.synthetic.filling import fill_in
from hvapp.settings import ROOT
from tests.support.world import World

LONDON = ZoneInfo("Europe/London")
FORMS = load_forms(ROOT / "hvapp" / "forms")
NEW_BIRTH = max((form for form in FORMS if form.contact_type == "new_birth"), key=lambda form: form.version)


def complete_answers(started: datetime, world: World) -> dict[str, Any]:
    """A healthy twelve-day-old girl of 37 weeks and 2 days, partly breastfed."""
    start = started.astimezone(LONDON).replace(second=0, microsecond=0)
    return dict(json.loads(_answers_as_json(start, world.born).replace(_MOTHER, world.mother_id)))


_MOTHER = "the mother's id"


@lru_cache(maxsize=8)
def _answers_as_json(start: datetime, born: date) -> str:
    """The same for every test of a minute: working out what is missing takes longer than most of them."""
    answers = {
        "contact_type": "new_birth",
        "started_at": start.isoformat(),
        "practitioner_type": "scphn",
        "place": "home",
        "mode": "face_to_face",
        "identity_checked": True,
        "child_seen": "awake",
        "present": [_MOTHER],
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
    child = ChildFacts(born, "female", 261, need_level="universal")
    return json.dumps(fill_in(NEW_BIRTH, child, start + timedelta(hours=1), answers, [_MOTHER]))
