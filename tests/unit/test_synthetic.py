"""The invented people: how many, of what kinds, believable, and the same every time."""

import hashlib
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import cast

import pytest

from hvapp.domain.ages import add_months
from hvapp.domain.contacts import contact_rules, next_contact
from hvapp.domain.forms import FormDefinition
from hvapp.domain.forms.facts import build_sealed_facts
from hvapp.domain.forms.validate import check
from hvapp.domain.growth import Kind, assess
from hvapp.domain.nhs_number import valid
from hvapp.domain.rules.immunisations import Given, work_out
from hvapp.domain.rules.library import rule_book
from hvapp.domain.submissions import Submission
from hvapp.domain.synthetic import Population, make_population
from hvapp.domain.synthetic.answers import facts_of, question_of, sealed_revision
from hvapp.domain.synthetic.model import Child, Person
from hvapp.domain.synthetic.visits import STORIES
from tests.support.answers import FORMS

TODAY = date(2026, 5, 13)
SEEDS = (1, 2, 3, 4, 5)
NAMES_OF_SEED_1 = ["Chinwe", "Chukwudi", "Amara", "Kojo", "Priya", "Anil", "Ayesha", "Neelam"]


@pytest.fixture(scope="module", params=SEEDS)
def population(request: pytest.FixtureRequest) -> Population:
    return make_population(seed=request.param, today=TODAY)


@pytest.fixture(scope="module")
def form() -> FormDefinition:
    form = FORMS.current("new_birth")
    assert form is not None
    return form


def digest(population: Population) -> str:
    return hashlib.sha256(repr(population).encode()).hexdigest()


def people(population: Population) -> dict[str, Person]:
    return {person.id: person for person in population.people}


def ages(population: Population) -> dict[str, int]:
    born = people(population)
    return {
        child.id: (population.today - (born[child.id].birth_date or date.max)).days
        for child in population.children
    }


def done(population: Population, subject_id: str) -> set[str]:
    return {
        contact.contact_type
        for contact in population.contacts
        if contact.subject_id == subject_id and contact.contact_type != "no_access"
    }


def test_the_same_seed_and_day_give_the_same_people() -> None:
    assert digest(make_population(seed=7, today=TODAY)) == digest(make_population(seed=7, today=TODAY))


def test_people_are_the_same_on_every_machine() -> None:
    """Chance that hangs on the order of a set or on the process would differ from run to run."""
    names = [person.given_name for person in make_population(seed=1, today=TODAY).people[:8]]
    assert names == NAMES_OF_SEED_1


def test_another_seed_gives_other_people() -> None:
    assert digest(make_population(seed=7, today=TODAY)) != digest(make_population(seed=8, today=TODAY))


def test_another_day_moves_every_birth_with_it() -> None:
    earlier = make_population(seed=7, today=TODAY)
    later = make_population(seed=7, today=TODAY + timedelta(days=100))
    moved = timedelta(days=100)
    assert ages(earlier) == ages(later)
    assert [p.birth_date and p.birth_date + moved for p in earlier.people] == [
        p.birth_date for p in later.people
    ]
    assert [p.edd + moved for p in earlier.pregnancies] == [p.edd for p in later.pregnancies]
    assert [p.name for p in earlier.staff] == [p.name for p in later.staff]


@pytest.mark.parametrize(
    "today", [date(2024, 2, 29), date(2026, 3, 29), date(2026, 12, 31), date(2027, 1, 3)]
)
def test_any_day_will_do(today: date) -> None:
    assert len(make_population(seed=1, today=today).children) == 240


def test_one_provider_two_teams_and_their_staff(population: Population) -> None:
    assert len(population.teams) == 2
    assert Counter(one.role for one in population.staff) == {
        "health_visitor": 6,
        "supervisor": 2,
        "administrator": 1,
    }
    for team in population.teams:
        roles = Counter(one.role for one in population.staff if one.team_id == team.id)
        assert (roles["health_visitor"], roles["supervisor"]) == (3, 1)
    assert all(one.email.endswith("@demo.hvapp.example") and one.email.isascii() for one in population.staff)


def test_240_children_to_two_and_a_half_years_and_24_pregnancies(population: Population) -> None:
    assert len(population.children) == 240
    assert all(0 <= age <= 914 for age in ages(population).values())
    ongoing = [one for one in population.pregnancies if one.ended_on is None]
    assert len(ongoing) == 24
    # From before the antenatal visit may start to past the due date.
    due_in = [(one.edd - TODAY).days for one in ongoing]
    assert min(due_in) < 0
    assert max(due_in) > 84
    assert any(one.births_expected == 2 for one in ongoing)


def test_nearly_everyone_has_a_named_visitor_and_a_fair_share(population: Population) -> None:
    carried = Counter(child.named_visitor_id for child in population.children)
    assert 1 <= carried.pop(None) <= 12
    assert len(carried) == 6
    assert max(carried.values()) - min(carried.values()) <= 10
    team_of = {one.id: one.team_id for one in population.staff}
    assert all(
        team_of[child.named_visitor_id] == child.team_id
        for child in population.children
        if child.named_visitor_id is not None
    )


def test_nhs_numbers_are_valid_from_the_test_range_and_unique(population: Population) -> None:
    numbers = [person.nhs_number for person in population.people if person.nhs_number]
    assert all(valid(number) and number.startswith("999") for number in numbers)
    assert len(set(numbers)) == len(numbers)
    known = people(population)
    assert sum(known[child.id].nhs_number is None for child in population.children) == 1


def test_every_id_is_used_once(population: Population) -> None:
    for rows in (
        population.households,
        population.people,
        population.residences,
        population.relationships,
        population.pregnancies,
        population.contacts,
        population.measurements,
        population.immunisations,
    ):
        ids = [row.id for row in rows]
        assert len(set(ids)) == len(ids)


def test_telephone_numbers_belong_to_nobody(population: Population) -> None:
    assert all(person.phone.startswith("07700 900") for person in population.people if person.phone)
    assert all(team.phone.startswith("01632 960") for team in population.teams)


def test_the_edges_of_the_work_are_there(population: Population) -> None:
    children = population.children
    known = people(population)
    gestations = {child.gestation_days for child in children}
    assert {31 * 7 + 6, 32 * 7, 36 * 7 + 6, 37 * 7, 41 * 7 + 6, None} <= gestations
    assert sum(child.gestation_days is None for child in children) == 1
    assert Counter(child.births_in_pregnancy for child in children)[2] >= 2
    assert Counter(child.births_in_pregnancy for child in children)[3] == 3
    assert sum(known[child.id].sex == "not_known" for child in children) == 1
    assert {child.need_level for child in children} == {"universal", "community", "targeted", "specialist"}
    assert sum(child.interpreter for child in children) >= 10
    assert all(child.language for child in children if child.interpreter)
    assert any(child.staff_risk for child in children)
    assert all((child.staff_risk is None) == (child.staff_risk_review_by is None) for child in children)
    assert any(child.two_person_visit for child in children)
    assert any(child.child_protection_plan for child in children)
    assert sum(child.looked_after for child in children) == 1


def test_most_children_are_vaccinated_and_some_are_late(population: Population) -> None:
    history: dict[str, list[Given]] = {child.id: [] for child in population.children}
    for one in population.immunisations:
        history[one.child_id].append({"vaccine": one.vaccine, "date": one.given_on.isoformat()})
    known = people(population)
    schedule = rule_book().schedule
    overdue = []
    for child_id, given in history.items():
        told = {"date_of_birth": known[child_id].birth_date, "on": TODAY, "history": given}
        doses, not_counted = work_out(told, schedule)
        assert not_counted == []
        overdue.append(any(dose.state == "overdue" for dose in doses))
    assert 10 <= sum(overdue) <= 60


def carers(population: Population, child: Child) -> list[str]:
    return sorted(one.role for one in population.relationships if one.child_id == child.id)


def test_families_come_in_many_shapes(population: Population) -> None:
    shapes = {tuple(carers(population, child)) for child in population.children}
    assert {
        ("father", "mother"),
        ("mother",),
        ("father",),
        ("mother", "mother"),
        ("foster_carer", "mother"),
        ("grandparent", "grandparent", "mother"),
        ("father", "grandparent", "grandparent", "mother"),
    } <= shapes
    homes = Counter(one.person_id for one in population.residences if one.to_date is None)
    assert any(homes[child.id] == 2 for child in population.children)
    assert all(homes[child.id] >= 1 for child in population.children)


def test_siblings_are_born_far_enough_apart_or_together(population: Population) -> None:
    known = people(population)
    of_mother: dict[str, list[Child]] = {}
    for one in population.relationships:
        if one.role == "mother":
            of_mother.setdefault(one.person_id, []).extend(
                c for c in population.children if c.id == one.child_id
            )
    pairs = 0
    for children in of_mother.values():
        births = sorted({known[child.id].birth_date or date.max for child in children})
        for first, second in pairwise(births):
            pairs += 1
            assert (second - first).days >= 340
    assert pairs >= 10


def test_parents_are_of_an_age_to_be_parents(population: Population) -> None:
    known = people(population)
    for one in population.relationships:
        if one.role in ("mother", "father", "grandparent"):
            parent, child = known[one.person_id].birth_date, known[one.child_id].birth_date
            assert parent and child
            youngest = 16 if one.role != "grandparent" else 45
            assert add_months(parent, youngest * 12) <= child


def test_nobody_moves_in_before_being_born(population: Population) -> None:
    known = people(population)
    assert all(
        one.from_date >= (known[one.person_id].birth_date or date.max) for one in population.residences
    )
    assert all(one.from_date <= TODAY for one in population.residences)


def test_namesakes_live_in_one_street_with_babies_of_one_day(population: Population) -> None:
    known = people(population)
    home = {one.person_id: one.household_id for one in population.residences}
    street = {one.id: one.address[-2].partition(" ")[2] for one in population.households}
    alike = Counter(
        (known[c.id].family_name, known[c.id].birth_date, street[home[c.id]])
        for c in population.children
        if c.births_in_pregnancy == 1
    )
    assert max(alike.values()) == 2


def test_contacts_are_on_weekdays_within_the_childs_life_and_in_order(population: Population) -> None:
    known = people(population)
    opens = {one.contact_type: one.window.opens for one in contact_rules().contacts if one.window}
    for contact in population.contacts:
        assert contact.occurred_on.weekday() < 5
        assert contact.occurred_on < TODAY
        person = known.get(contact.subject_id)
        if person is not None and person.birth_date is not None:
            assert contact.occurred_on >= person.birth_date
            if contact.contact_type in opens:
                assert contact.occurred_on >= opens[contact.contact_type].after(person.birth_date)
    by_subject = Counter((one.subject_id, one.contact_type) for one in population.contacts)
    assert all(
        count == 1
        for (_, contact_type), count in by_subject.items()
        if contact_type not in ("targeted", "no_access")
    )


def test_due_lists_are_alive_for_every_visitor(population: Population) -> None:
    born = people(population)
    states: dict[str | None, Counter[tuple[str, str]]] = {}
    for child in population.children:
        due = next_contact(born[child.id].birth_date, None, done(population, child.id), TODAY)
        if due is not None:
            states.setdefault(child.named_visitor_id, Counter())[due.contact_type, due.state] += 1
    visitors = [one.id for one in population.staff if one.role == "health_visitor"]
    for visitor in visitors:
        new_births = {state for contact, state in states[visitor] if contact == "new_birth"}
        assert new_births & {"due", "due_soon"}
        assert sum(states[visitor].values()) > 25
    everywhere = sum(states.values(), Counter())
    for wanted in (
        ("new_birth", "due_soon"),
        ("new_birth", "breached"),
        ("six_eight_week", "breached"),
        ("six_eight_week", "due"),
        ("one_year", "overdue"),
        ("one_year", "due"),
        ("two_year", "due"),
    ):
        assert everywhere[wanted] >= 1, wanted
    antenatal = Counter(
        due.state
        for one in population.pregnancies
        if one.ended_on is None and (due := next_contact(None, one.edd, done(population, one.id), TODAY))
    )
    assert {"not_yet", "due_soon", "overdue"} <= antenatal.keys()


def test_every_measurement_is_within_three_sds(population: Population) -> None:
    known = people(population)
    child_of = {child.id: child for child in population.children}
    readings = []
    for one in population.measurements:
        person, child = known[one.child_id], child_of[one.child_id]
        assert person.birth_date is not None
        assert person.birth_date <= one.measured_on < TODAY or (one.at_birth and one.measured_on <= TODAY)
        result = assess(
            cast(Kind, one.kind),
            one.value,
            one.measured_on,
            person.birth_date,
            person.sex,
            child.gestation_days,
        )
        if person.sex == "not_known":
            assert result.no_reference is not None
            continue
        assert result.sds is not None, (one, result.no_reference)
        assert abs(result.sds) < 3, (one, result.sds)
        readings.append(result.sds)
    assert abs(sum(readings) / len(readings)) < 0.3


def test_length_lying_and_height_standing(population: Population) -> None:
    known = people(population)
    for one in population.measurements:
        second_birthday = add_months(known[one.child_id].birth_date or date.max, 24)
        assert (one.kind != "height") or one.measured_on >= second_birthday
        assert (one.kind != "length") or one.measured_on <= second_birthday


def test_every_child_was_weighed_at_birth_once(population: Population) -> None:
    weighed = Counter(
        one.child_id for one in population.measurements if one.at_birth and one.kind == "weight"
    )
    assert weighed == Counter({child.id: 1 for child in population.children})


def test_one_child_loses_ground(population: Population) -> None:
    """Falls across two centile spaces or more after the eighth week."""
    known, child_of = people(population), {child.id: child for child in population.children}
    falls = []
    for child_id, child in child_of.items():
        person = known[child_id]
        if person.sex == "not_known" or person.birth_date is None:
            continue
        sds = [
            assess(
                "weight", one.value, one.measured_on, person.birth_date, person.sex, child.gestation_days
            ).sds
            or 0
            for one in population.measurements
            if one.child_id == child_id
            and one.kind == "weight"
            and (one.measured_on - person.birth_date).days >= 42
        ]
        if sds and sds[0] - sds[-1] >= 4 / 3:
            falls.append(child_id)
    assert len(falls) == 1


def test_visits_of_every_story_before_today(population: Population) -> None:
    assert {visit.story for visit in population.visits} == set(STORIES)
    midnight = datetime.combine(TODAY, time(), UTC)
    for visit in population.visits:
        assert visit.started_at.weekday() < 5
        times = [visit.started_at, visit.ended_at, *(step.at for step in visit.steps)]
        assert times == sorted(times)
        assert times[-1] < midnight
        assert "new_birth" not in done(population, visit.child_id)


def test_recorded_visits_are_complete_and_sound(population: Population, form: FormDefinition) -> None:
    expected = {"weight loss": {"red"}, "small": {"amber"}}
    for visit in population.visits:
        for step in visit.steps:
            if step.kind != "sent":
                continue
            revision = sealed_revision(population, visit, step, form)
            submission = Submission.from_json(revision)
            assert submission.intact
            facts = build_sealed_facts(
                facts_of(population, visit.child_id), submission.payload, submission.sealed_at, form
            )
            found = check(form, submission.payload, facts)
            assert found.findings == []
            serious = {alert.level for alert in found.alerts} - {"info"}
            assert serious == expected.get(visit.story, set())


def test_a_visit_that_went_back_has_its_question(population: Population, form: FormDefinition) -> None:
    for visit in population.visits:
        if any(step.kind == "returned" for step in visit.steps):
            comment, queries = question_of(visit)
            assert comment
            assert all(form.field(query.field_id) for query in queries)
