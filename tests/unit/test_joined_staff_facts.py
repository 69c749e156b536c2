"""What is known of two records that become one: nothing lost, nothing said twice."""

from datetime import date

import pytest

from hvapp.domain.staff_facts import StaffFacts, join_facts

NONE = StaffFacts()
DOG = StaffFacts(staff_risk="Large dog.", staff_risk_review_by=date(2026, 12, 1))
PAIR = StaffFacts(two_person_visit=True, two_person_reason="Threats", staff_risk_review_by=date(2026, 11, 30))
NEED = StaffFacts(plan="child_in_need", plan_from=date(2026, 11, 1))
PROTECTION = StaffFacts(plan="child_protection", plan_from=date(2026, 10, 1))
UNDATED = StaffFacts(plan="child_protection")
ENDED = StaffFacts(plan="child_protection", plan_from=date(2026, 1, 1), plan_to=date(2026, 2, 1))


@pytest.mark.parametrize("facts", [NONE, DOG, PAIR, NEED, PROTECTION, UNDATED, ENDED])
def test_nothing_is_added_by_a_record_that_says_nothing_or_the_same(facts: StaffFacts) -> None:
    assert join_facts(facts, NONE) == join_facts(NONE, facts) == join_facts(facts, facts) == facts


def test_what_each_says_alone_is_kept_and_is_looked_at_by_the_earlier_day() -> None:
    assert join_facts(DOG, PAIR) == StaffFacts(True, "Threats", "Large dog.", date(2026, 11, 30))


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("Large dog.", "No light", "Large dog. No light"),
        ("Large dog", "large dog", "Large dog"),
        ("Large dog. Ring first.", "Large dog.", "Large dog. Ring first."),
        ("Large dog.", "Large dog. Ring first.", "Large dog. Ring first."),
    ],
)
def test_words_are_put_together_and_none_said_twice(one: str, other: str, both: str) -> None:
    assert join_facts(StaffFacts(staff_risk=one), StaffFacts(staff_risk=other)).staff_risk == both


@pytest.mark.parametrize(
    ("one", "other", "holds"),
    [
        (NEED, PROTECTION, PROTECTION),
        (PROTECTION, NEED, PROTECTION),
        (ENDED, NEED, NEED),
        (UNDATED, PROTECTION, PROTECTION),
        (ENDED, NONE, ENDED),
    ],
)
def test_of_two_plans_that_which_binds_more_holds(
    one: StaffFacts, other: StaffFacts, holds: StaffFacts
) -> None:
    assert join_facts(one, other) == holds
