"""A caseload with somebody for every kind of contact, and how each contact goes: what is answered, what it sets off."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from hvapp.domain.forms import FormDefinition
from hvapp.domain.forms.facts import ChildFacts, build_facts
from hvapp.domain.forms.logic import look
from hvapp.domain.synthetic.filling import fill_in
from hvapp.store.children import PregnancyRow
from tests.support.answers import FORMS, LONDON
from tests.support.tablet_page import NOW
from tests.support.world import World, add_child, add_pregnancy

# Short, for the sake of whoever has to type them.
_WORDS = {
    "child_voice": "Calm",
    "actions": "Seen again",
    "summary_parent": "Growing well",
    "feed_support_plan": "Feed often",
    "risk_to_self": "None",
    "risk_to_others": "None",
    "risk_from_others": "None",
    "risk_now": "None",
    "action_taken": "Rang",
    "told_whom": "Sue",
    "authority": "Leeds",
    "cp_authority": "Leeds",
    "previous_area": "York",
    "share_consent": dict.fromkeys(("gp", "chis", "red_book", "early_years", "hub"), True),
}


@dataclass(frozen=True)
class Contact:
    """`given` beside the usual answers; `alerts` that then come up; `odd`: a question and an answer that cannot be."""

    type: str
    name: str
    given: dict[str, Any]
    alerts: set[str]
    odd: tuple[str, str] | None = None

    @property
    def form(self) -> FormDefinition:
        form = FORMS.current(self.type)
        assert form is not None
        return form


@dataclass
class Caseload:
    """Whom the contacts are with: what the record says of them, and the mother's id, by name."""

    facts: dict[str, ChildFacts] = field(default_factory=dict)
    mothers: dict[str, str] = field(default_factory=dict)

    def answers(self, contact: Contact, now: datetime) -> dict[str, Any]:
        """Everything that the form asks for, in the order in which a section shows it: what is folded comes last."""
        mother = self.mothers[contact.name]
        started = now.astimezone(LONDON).replace(second=0, microsecond=0)
        given = {"started_at": started.isoformat(), "present": [mother]} | _WORDS | contact.given
        for row in given.get("wellbeing", []):
            row["person"] = mother
        known = self.facts[contact.name]
        found = fill_in(contact.form, known, now, given, [mother])
        asked = look(contact.form, found, build_facts(known, found, now, contact.form)).visible
        return {
            one.id: NOW if one.type == "datetime" else found[one.id]
            for section in contact.form.sections
            for one in sorted(section.fields, key=lambda one: not one.core)
            if one.id in found and one.id in asked and one.prefill is None
        }


def _adult(**said: Any) -> list[dict[str, Any]]:
    usual = {"whooley_1": False, "whooley_2": False, "gad2_1": "0", "gad2_2": "0"}
    asked = {"mh_history": ["none"], "bonding": "no_concern"}
    used = {"vape": False, "alcohol": "none", "substances": "none"}
    return [{"person": None, "asked": "yes"} | usual | asked | said | used]


_AGES = {"Ella Pike": 45, "Nora Finch": 100, "Lena Finch": 185, "Rose Teal": 380, "Ada Wren": 770}
"""In days. Two share a surname, which is asked about before a visit begins."""

CONTACTS = [
    Contact(
        "antenatal",
        "Rosa Field",
        {"wellbeing": _adult(whooley_1=True), "damp_mould": "minor"},
        {"whooley_positive"},
        ("edd", "2020-01-01"),
    ),
    Contact(
        "new_birth",
        "Maya Marlow",
        {"weight_kg": "2.700", "birth_weight_kg": "3.010", "gestation_weeks": 37, "gestation_days": 2},
        {"weight_loss"},
        ("weight_kg", "49"),
    ),
    Contact(
        "six_eight_week",
        "Ella Pike",
        {"jaundice": "present", "bf_stopped": {"not_done": "does_not_apply"}},
        {"jaundice_prolonged"},
        ("weight_kg", "49"),
    ),
    Contact(
        "three_four_month",
        "Nora Finch",
        {"sleep_surface": "sofa", "needs_bed_space": True, "next_due": {"not_done": "not_known"}},
        {"unsafe_sleep", "bed_space"},
        ("ofc_cm", "0.4"),
    ),
    Contact(
        "six_month",
        "Lena Finch",
        {"wellbeing": _adult(epds_total=14, epds_item10=1), "damp_mould": "severe", "landlord": "social"},
        {"epds_self_harm", "epds_high", "damp"},
        ("weight_kg", "49"),
    ),
    Contact(
        "one_year",
        "Rose Teal",
        {"asq_interval": "12", "asq_communication": 10},
        {"asq_refer"},
        ("asq_communication", "99"),
    ),
    Contact(
        "two_year",
        "Ada Wren",
        {"height_cm": "86.0", "weight_kg": "16.500", "interpreter": "phone", "language": "pl"},
        {"bmi_obese"},
        ("height_cm", "0.86"),
    ),
    Contact(
        "targeted",
        "Rose Teal",
        {"concern": "child_protection", "told_whom": "Sue"},
        {"child_protection"},
    ),
    Contact(
        "movement_in",
        "Nora Finch",
        {
            "skin_marks": ["bruise"],
            "injuries": [{"region": "arm_left_front", "kind": "bruise", "size": "1 cm"}],
            "bruise_nonmobile": True,
            "bloodspot_taken": "not_yet",
        },
        {"bruise_nonmobile", "bloodspot_missing"},
        ("birth_weight_kg", "49"),
    ),
    Contact(
        "no_access",
        "Ella Pike",
        {"concern": "child_protection", "reason": "no_answer", "action": ["call", "supervisor"]},
        {"no_access_protection"},
        ("attempt_no", "99"),
    ),
]


def add_caseload(session: Session, world: World, today: date | None = None) -> Caseload:
    today = today or datetime.now(UTC).date()
    caseload = Caseload()
    for name, age in _AGES.items():
        born = today - timedelta(days=age)
        _, mother = add_child(session, world, name, born, birth_weight="3.400")
        caseload.mothers[name] = mother
        caseload.facts[name] = ChildFacts(born, "female", 277, need_level="universal")
    caseload.mothers["Maya Marlow"] = world.mother_id
    caseload.facts["Maya Marlow"] = ChildFacts(world.born, "female", 261, need_level="universal")
    pregnancy = session.get_one(PregnancyRow, add_pregnancy(session, world))
    caseload.mothers["Rosa Field"] = pregnancy.mother_id
    caseload.facts["Rosa Field"] = ChildFacts(None, "not_known", need_level="universal", edd=pregnancy.edd)
    return caseload
