"""What staff have to know before they go in, as a supervisor sets it: going in twos, a risk, a plan.

A visitor is told of the first two in words, and of a plan that there is one. Its dates are restricted.
"""

from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Literal, get_args

from hvapp.domain.canonical import sha256_hex
from hvapp.domain.errors import Invalid

Plan = Literal["child_in_need", "child_protection"]

LONGEST_WORDS = 300
LATEST_REVIEW = timedelta(days=366)


@dataclass(frozen=True)
class StaffFacts:
    """`plan`: the plan there is, or was until `plan_to`; None where there never was one on record."""

    two_person_visit: bool = False
    two_person_reason: str | None = None
    staff_risk: str | None = None
    staff_risk_review_by: date | None = None
    plan: Plan | None = None
    plan_from: date | None = None
    plan_to: date | None = None

    @property
    def digest(self) -> str:
        """Tells whether the facts are still those that somebody saw."""
        return sha256_hex({name: None if one is None else str(one) for name, one in asdict(self).items()})

    def has_plan(self, plan: Plan) -> bool:
        return self.plan == plan and self.plan_to is None


def join_facts(one: StaffFacts, other: StaffFacts) -> StaffFacts:
    """What holds of two records that become one: nothing of either is lost, and what both say is said once.

    Of two plans that which binds more; of two days to look again the earlier. The words of both may be longer than
    anybody may type: whoever changes them next makes them shorter.
    """
    days = [day for day in (one.staff_risk_review_by, other.staff_risk_review_by) if day]
    planned = max((one, other), key=_how_binding)
    return StaffFacts(
        two_person_visit=one.two_person_visit or other.two_person_visit,
        two_person_reason=_both(one.two_person_reason, other.two_person_reason),
        staff_risk=_both(one.staff_risk, other.staff_risk),
        staff_risk_review_by=min(days, default=None),
        plan=planned.plan,
        plan_from=planned.plan_from,
        plan_to=planned.plan_to,
    )


def _how_binding(facts: StaffFacts) -> tuple[bool, bool, bool, bool]:
    return (
        facts.has_plan("child_protection"),
        facts.has_plan("child_in_need"),
        facts.plan is not None,
        facts.plan_from is not None,
    )


def _both(one: str | None, other: str | None) -> str | None:
    if not one or not other:
        return one or other
    if other.casefold() in one.casefold():
        return one
    return other if one.casefold() in other.casefold() else f"{one.rstrip('. ')}. {other}"


def read_plan(code: str) -> Plan | None:
    """ "none" is no plan. Raises Invalid for what was not offered."""
    if code == "none":
        return None
    known: tuple[Plan, ...] = get_args(Plan)
    for plan in known:
        if plan == code:
            return plan
    raise Invalid("Choose which plan there is, or none.", "plan")


def check_staff_facts(facts: StaffFacts, today: date) -> StaffFacts:
    """The facts, tidied. Raises Invalid, whose code is the field to mend."""
    facts = replace(
        facts, two_person_reason=_tidy(facts.two_person_reason), staff_risk=_tidy(facts.staff_risk)
    )
    if facts.two_person_visit and not facts.two_person_reason:
        raise Invalid("Say why two people go, in words that help whoever goes.", "two_person_reason")
    if facts.two_person_reason and not facts.two_person_visit:
        raise Invalid("Choose yes, or clear why two people go.", "two_person_visit")
    for name in ("two_person_reason", "staff_risk"):
        if len(getattr(facts, name) or "") > LONGEST_WORDS:
            raise Invalid(f"Use at most {LONGEST_WORDS} characters.", name)
    _check_review(facts, today)
    _check_dates(facts, today)
    return facts


def _tidy(text: str | None) -> str | None:
    return " ".join((text or "").split()) or None


def _check_review(facts: StaffFacts, today: date) -> None:
    """A risk that nobody looks at again stays on the door for ever, and is read no more."""
    by, place = facts.staff_risk_review_by, "review_by-day"
    if by is None and (facts.two_person_visit or facts.staff_risk):
        raise Invalid("Enter the day by which this is to be looked at again, like 3 5 2026.", place)
    if by is not None and not (facts.two_person_visit or facts.staff_risk):
        raise Invalid("There is nothing to look at again: clear the day, or say what to know.", place)
    if by is not None and not today <= by <= today + LATEST_REVIEW:
        raise Invalid("The day to look at this again must be within a year from today.", place)


def _check_dates(facts: StaffFacts, today: date) -> None:
    begins, ends = facts.plan_from, facts.plan_to
    if facts.plan is None and (begins or ends):
        raise Invalid("Choose which plan the dates are about, or clear them.", "plan")
    if begins and begins > today:
        raise Invalid("The plan cannot begin in the future.", "plan_from-day")
    if ends and ends > today:
        raise Invalid("Enter the day the plan ended once it has ended.", "plan_to-day")
    if begins and ends and ends < begins:
        raise Invalid("The plan cannot end before it began. Check both days.", "plan_to-day")
