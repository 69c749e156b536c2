"""What was answered at each recorded visit, sealed as a tablet seals it.

Everything a visitor would have tapped or typed is here; a test holds that the form finds nothing missing in it.
"""

from datetime import UTC, timedelta
from typing import Any

from hvapp.domain.canonical import sha256_hex
from hvapp.domain.forms import FormDefinition
from hvapp.domain.forms.facts import ChildFacts, Measurement, derive
from hvapp.domain.review import Query
from hvapp.domain.synthetic.filling import fill_in, respond
from hvapp.domain.synthetic.model import Child, Person, Population, RecordedVisit, VisitStep

# Answers that differ from the usual ones, by story; a visit sent again has the last ones at the second sending only.
_FOUND: dict[str, dict[str, Any]] = {
    "weight loss": {
        "child_seen": "awake",
        "feed_concern": ["latch", "slow_gain"],
        "nappies_wet": 3,
        "nappies_dirty": 1,
        "feed_observed": True,
        "feed_support_plan": "Watched a feed: shallow latch, better with support. Feed at least every 3 hours, express "
        "after feeds and offer it by cup. Infant feeding team rings tomorrow.",
        "child_voice": "Sleepy, woke for the feed and tired after a few minutes. Moist mouth, normal tone.",
        "advice": ["feeding", "when_to_get_help", "safer_sleep", "jaundice"],
        "referrals": [
            {
                "service": "infant_feeding",
                "reason": "Weight loss of more than 10% with a shallow latch",
                "urgency": "urgent",
                "consent": True,
                "status": "sent",
            }
        ],
        "actions": "Seen by the paediatric team today. I weigh your baby again in 2 days at home.",
        "summary_parent": "Your baby has lost more weight than we expect and was checked at the hospital today. "
        "Feed often, and ring us or 111 if your baby is hard to wake or has fewer wet nappies.",
        "days_to_next": 2,
    },
    "small": {
        "feeding_status": "partial",
        "child_voice": "Alert, looked at her mother's face, fed well from the breast and then took 30 ml.",
        "actions": "Keep feeding on demand with top-ups. Weighing at home in 1 week, then we decide on a referral.",
        "summary_parent": "Your baby is small and is growing along her own line. We weigh her again next week.",
        "days_to_next": 7,
    },
    "returned": {
        "measure_conditions": "clothed",
        "child_seen": "asleep",
        "child_voice": "Asleep in her cot for most of the visit, stirred and settled again.",
    },
    "late entry": {
        "late_reason": "No signal and then a day off. Written from notes made at the visit.",
        "feeding_status": "none",
        "first_feed": "not_breast_milk",
        "vitamin_d": "not_needed",
        "healthy_start": "not_claimed",
        "advice": ["feeding", "safer_sleep", "money_help", "immunisations"],
    },
    "sent again": {
        "feed_concern": ["latch", "pain"],
        "child_voice": "Rooting and unsettled at the start, calm in her mother's arms after the feed.",
    },
}
_ADDED_ON_SENDING_AGAIN: dict[str, Any] = {
    "feed_observed": True,
    "feed_support_plan": "Watched a feed and changed the position; less pain after. Feeding group on Thursday, "
    "and I ring on Friday.",
    "referrals": [
        {
            "service": "infant_feeding",
            "reason": "Painful latch",
            "urgency": "routine",
            "consent": True,
            "status": "sent",
        }
    ],
}
# What was done about each alert.
_RESPONSES = {
    "weight_loss": "Rang the paediatric registrar from the home; baby seen the same afternoon. Feed watched, "
    "plan agreed with the mother, infant feeding team told.",
    "weight_low": "Measured length, reviewed feeding, weighing again in 1 week.",
}
# The tablet asked about this weight once more, and it was measured again and confirmed.
_DOUBTED = ("weight loss",)
_QUESTIONS: dict[str, tuple[str, tuple[Query, ...]]] = {
    "returned": (
        "A clear record, thank you. Please look at the weight once more: it was taken in clothes, so the centile may "
        "be too high. Was there a reason, and when will she be weighed again?",
        (Query("measure_conditions", "Could she be weighed undressed?"),),
    ),
    "sent again": (
        "You noted a painful latch. What did you see of the feed, and what is the plan?",
        (
            Query("feed_concern", "What was done about the latch?"),
            Query("feed_support_plan", "Please add the plan."),
        ),
    ),
}


def question_of(visit: RecordedVisit) -> tuple[str, list[Query]]:
    """What the supervisor wrote when the visit was sent back."""
    comment, queries = _QUESTIONS[visit.story]
    return comment, list(queries)


def sealed_revision(
    population: Population, visit: RecordedVisit, step: VisitStep, form: FormDefinition
) -> dict[str, Any]:
    """The revision that was sent in this step, with its hash, ready for a push."""
    sealed_at = step.sealed_at or step.at
    sendings = [one for one in visit.steps if one.kind == "sent"]
    number = sendings.index(step)
    child = next(one for one in population.children if one.id == visit.child_id)
    person = next(one for one in population.people if one.id == visit.child_id)
    known = facts_of(population, child.id)
    answers = _answers(population, visit, child, person)
    if number > 0:
        answers |= _ADDED_ON_SENDING_AGAIN
    answers = fill_in(form, known, sealed_at, answers, _carers(population, child.id))
    revision: dict[str, Any] = {
        "rev_id": step.revision_id,
        "visit_id": visit.visit_id,
        "parent_rev": sendings[number - 1].revision_id if number else None,
        "base_rev": None,
        "form_id": form.id,
        "form_version": form.version,
        "definition_hash": form.hash,
        "child_id": child.id,
        "contact_type": form.contact_type,
        "device_id": visit.device_id,
        "device_seq": _device_seq(population, visit, step),
        "occurred_at": visit.started_at.isoformat(),
        "sealed_at": sealed_at.isoformat(),
        "clock_offset_ms": 0,
        "payload": {
            "answers": answers,
            "confirmed": {"weight_kg": visit.weight_kg} if visit.story in _DOUBTED else {},
            "alert_responses": respond(form, known, sealed_at, answers) | _responses(visit.story),
            "derived": derive(known, answers, sealed_at, form),
            "context": {
                "birth_date": person.birth_date.isoformat() if person.birth_date else None,
                "sex": person.sex,
                "gestation_days": child.gestation_days,
                "nhs_number": person.nhs_number,
                **({"entered_at": _first_entered(sendings)} if number else {}),
            },
        },
    }
    return revision | {"sha256": sha256_hex(revision)}


def _first_entered(sendings: list[VisitStep]) -> str:
    """When the first version was completed: what a correction carries along."""
    return (sendings[0].sealed_at or sendings[0].at).isoformat()


def _answers(population: Population, visit: RecordedVisit, child: Child, person: Person) -> dict[str, Any]:
    answers = _usual_answers(population, visit, child, person) | _FOUND.get(visit.story, {})
    next_due = visit.started_at.date() + timedelta(days=answers.pop("days_to_next", 0))
    if next_due == visit.started_at.date():
        next_due = (person.birth_date or next_due) + timedelta(days=45)
    return answers | {"next_due": next_due.isoformat()}


def _usual_answers(
    population: Population, visit: RecordedVisit, child: Child, person: Person
) -> dict[str, Any]:
    at_birth = {
        one.kind: str(one.value)
        for one in population.measurements
        if one.child_id == child.id and one.at_birth
    }
    weeks, days = divmod(child.gestation_days or 0, 7)
    parents = _carers(population, child.id)
    answers: dict[str, Any] = {
        "contact_type": "new_birth",
        "started_at": visit.started_at.isoformat(),
        "ended_at": visit.ended_at.isoformat(),
        "practitioner_type": "scphn",
        "place": "home",
        "mode": "face_to_face",
        "identity_checked": True,
        "child_seen": "awake",
        "present": parents,
        "seen_alone": len(parents) == 1,
        "interpreter": "not_needed",
        "birth_weight_kg": at_birth["weight"],
        "gestation_weeks": weeks,
        "gestation_days": days,
        "births_in_pregnancy": child.births_in_pregnancy,
        "birth_order": child.birth_order,
        "vitamin_k": "im",
        "hearing_outcome": "clear",
        "bloodspot_taken": "yes",
        "bloodspot_results": "waiting",
        "delivery_type": "vaginal",
        "nipe_hips": "normal",
        "nipe_eyes": "normal",
        "nipe_heart": "normal",
        "weight_kg": visit.weight_kg,
        "measure_conditions": "nude",
        "ofc_cm": visit.ofc_cm,
        "length_cm": visit.length_cm,
        "measure_position": "lying",
        "feeding_status": "exclusive",
        "feed_concern": ["none"],
        "first_feed": "maternal",
        "nappies_wet": 7,
        "nappies_dirty": 4,
        "feed_observed": True,
        "feed_support_plan": "Feeding goes well; knows the feeding group and our number.",
        "vitamin_d": "yes",
        "healthy_start": "not_eligible",
        "child_voice": "Awake and calm, turned to the voices of the parents, settled quickly when held.",
        "need_level": child.need_level,
        "advice": ["feeding", "safer_sleep", "crying", "vitamin_d", "immunisations", "when_to_get_help"],
        "actions": "Review at 6 to 8 weeks with me. Book the first immunisations with your GP for 8 weeks.",
        "summary_parent": "A lovely first visit. Your baby is growing as we expect. Ring us with any question.",
        "share_consent": {"gp": True, "chis": True, "red_book": True, "early_years": True, "hub": True},
    }
    if "ofc" in at_birth:
        answers["birth_ofc_cm"] = at_birth["ofc"]
    return answers


def _carers(population: Population, child_id: str) -> list[str]:
    """Whoever brings the child up, parents first."""
    roles = [(one.role, one.person_id) for one in population.relationships if one.child_id == child_id]
    parents = [person for role, person in roles if role in ("mother", "father")]
    return parents or [person for _, person in roles]


def _responses(story: str) -> dict[str, str]:
    wanted = {"weight loss": "weight_loss", "small": "weight_low"}.get(story)
    return {wanted: _RESPONSES[wanted]} if wanted else {}


def facts_of(population: Population, child_id: str) -> ChildFacts:
    """What a tablet has on record about the child before the visit."""
    child = next(one for one in population.children if one.id == child_id)
    person = next(one for one in population.people if one.id == child_id)
    measured = tuple(
        Measurement(one.kind, one.value, one.measured_on, one.at_birth)
        for one in population.measurements
        if one.child_id == child.id
    )
    weights = [one.value for one in measured if one.at_birth and one.kind == "weight"]
    return ChildFacts(
        birth_date=person.birth_date,
        sex=person.sex,
        gestation_days=child.gestation_days,
        birth_weight_kg=weights[0] if weights else None,
        measurements=measured,
        need_level=child.need_level,
    )


def _device_seq(population: Population, visit: RecordedVisit, step: VisitStep) -> int:
    """The number of this sending among all from the same tablet."""
    sent = sorted(
        (one.sealed_at or one.at).astimezone(UTC)
        for other in population.visits
        if other.device_id == visit.device_id
        for one in other.steps
        if one.kind == "sent"
    )
    return sent.index((step.sealed_at or step.at).astimezone(UTC)) + 1
