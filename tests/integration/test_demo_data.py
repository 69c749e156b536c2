"""The demo's people in a real database: all or nothing, on the right tablets, with visits in every state."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, event, func, select
from sqlalchemy.orm import Session

from hvapp.commands.demo_visits import record_visits
from hvapp.domain.accounts import Account
from hvapp.domain.errors import Conflict
from hvapp.domain.forms import FormLibrary
from hvapp.domain.synthetic import Population, make_population
from hvapp.services import demo
from hvapp.services.accounts import find_account
from hvapp.services.caseload import changes_page
from hvapp.services.review import queue, recently_decided
from hvapp.store import schema
from hvapp.store.accounts import AccountRow
from hvapp.store.changes import ChangeRow
from hvapp.store.children import ChildRow, ContactRow, HouseholdRow, MeasurementRow, PersonRow, PregnancyRow
from hvapp.store.outbox import OutboxRow
from hvapp.store.visits import QuarantineRow, RevisionRow, VisitRow
from tests.support.answers import FORMS

TODAY = date(2026, 5, 13)
NOW = datetime(2026, 5, 13, 7, 0, tzinfo=UTC)
PASSWORD_HASH = "as given"


def fresh_engine(folder: Path) -> Engine:
    engine = create_engine(f"sqlite:///{folder / 'demo.db'}")
    schema.metadata.create_all(engine)
    return engine


@pytest.fixture(scope="module")
def population() -> Population:
    return make_population(seed=1, today=TODAY)


@pytest.fixture(scope="module")
def forms() -> FormLibrary:
    return FORMS


@pytest.fixture(scope="module")
def loaded(
    population: Population, forms: FormLibrary, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Session]:
    engine = fresh_engine(tmp_path_factory.mktemp("demo"))
    with Session(engine) as session:
        demo.load(session, population, password_hash=PASSWORD_HASH, now=NOW)
        record_visits(session, population, forms=forms, receipt_key=b"k" * 32)
        yield session
    engine.dispose()


def account(session: Session, email: str) -> Account:
    row = session.scalars(select(AccountRow).where(AccountRow.email == f"{email}@demo.hvapp.example")).one()
    found = find_account(session, row.id)
    assert found is not None
    return found


def count(session: Session, row: type) -> int:
    return session.scalar(select(func.count()).select_from(row)) or 0


def test_everyone_arrives(loaded: Session, population: Population) -> None:
    for row, values in (
        (AccountRow, population.staff),
        (HouseholdRow, population.households),
        (PersonRow, population.people),
        (ChildRow, population.children),
        (PregnancyRow, population.pregnancies),
    ):
        assert count(loaded, row) == len(values)
    earlier = select(func.count()).where(ContactRow.visit_id.is_(None))
    assert loaded.scalar(earlier) == len(population.contacts)
    before = select(func.count()).where(MeasurementRow.visit_id.is_(None))
    assert loaded.scalar(before) == len(population.measurements)


def test_accounts_get_the_password_hash_they_were_given(loaded: Session) -> None:
    assert set(loaded.scalars(select(AccountRow.password_hash))) == {PASSWORD_HASH}


def test_every_visitor_hears_of_their_own_children_and_pregnancies(
    loaded: Session, population: Population
) -> None:
    wanted = {
        (one.named_visitor_id, "child", one.id) for one in population.children if one.named_visitor_id
    } | {
        (one.named_visitor_id, "pregnancy", one.id)
        for one in population.pregnancies
        if one.named_visitor_id and one.ended_on is None
    }
    rows = loaded.scalars(select(ChangeRow).where(ChangeRow.record_type != "visit"))
    assert {(row.account_id, row.record_type, row.record_id) for row in rows} == wanted


def test_a_tablet_can_fetch_its_whole_caseload(loaded: Session, population: Population) -> None:
    amira = account(loaded, "amira.khan")
    page = changes_page(loaded, amira, cursor="", limit=100)
    assert not page.more
    bodies = [item["body"] for item in page.items if item["type"] == "child"]
    assert len(bodies) == sum(child.named_visitor_id == amira.id for child in population.children)
    json.dumps(page.items)
    assert all(body["household"]["members"] for body in bodies)
    twins = [body for body in bodies if body["births_in_pregnancy"] == 2]
    assert len(twins) >= 2
    assert all(any(sibling["twin"] for sibling in body["siblings"]) for body in twins)
    assert any(body["siblings"] and not body["siblings"][0]["twin"] for body in bodies)


def test_the_youngest_come_first(loaded: Session, population: Population) -> None:
    """If the signal goes half way through, the most urgent families are already on the tablet."""
    page = changes_page(loaded, account(loaded, "amira.khan"), cursor="", limit=100)
    changed_since = {visit.child_id for visit in population.visits}
    births = [
        item["body"]["birth_date"]
        for item in page.items
        if item["type"] == "child" and item["id"] not in changed_since
    ]
    assert len(births) > 20
    assert births == sorted(births, reverse=True)


def test_visits_wait_came_back_and_were_approved(loaded: Session) -> None:
    assert Counter(loaded.scalars(select(VisitRow.state))) == {"received": 6, "returned": 1, "approved": 2}
    assert count(loaded, QuarantineRow) == 0
    assert set(loaded.scalars(select(OutboxRow.state))) == {"pending"}
    assert count(loaded, OutboxRow) == 2


def test_flags_say_what_the_stories_say_and_nothing_else(loaded: Session, population: Population) -> None:
    expected = {
        "weight loss": ["red_alert"],
        "small": ["amber_alert"],
        "late entry": ["late_entry"],
    }
    for visit in population.visits:
        head = loaded.get_one(RevisionRow, loaded.get_one(VisitRow, visit.visit_id).head_revision_id)
        assert head.all_flags == expected.get(visit.story, []), visit.story


def test_supervisors_have_something_to_review_and_something_decided(loaded: Session) -> None:
    for email in ("sunita.rao", "helen.strand"):
        supervisor = account(loaded, email)
        waiting = queue(loaded, supervisor)
        assert len(waiting) >= 2
        assert not any(line.own for line in waiting)
        assert recently_decided(loaded, supervisor)
    amended = [line.amended for line in queue(loaded, account(loaded, "sunita.rao"))]
    assert amended.count(True) == 1


def test_a_returned_visit_carries_its_question_to_its_author_only(loaded: Session) -> None:
    page = changes_page(loaded, account(loaded, "amira.khan"), cursor="", limit=100)
    visits = [item["body"] for item in page.items if item["type"] == "visit"]
    assert Counter(visit["state"] for visit in visits) == {"received": 1, "returned": 1, "approved": 1}
    returned = next(visit for visit in visits if visit["state"] == "returned")
    assert returned["returned"]["comment"]
    assert returned["revision"]["payload"]["answers"]["measure_conditions"] == "clothed"


def test_an_approved_visit_is_on_the_childs_record(loaded: Session, population: Population) -> None:
    approved = next(visit for visit in population.visits if visit.story == "approved")
    contacts = loaded.scalars(select(ContactRow).where(ContactRow.subject_id == approved.child_id))
    assert "new_birth" in {row.contact_type for row in contacts}


def test_a_database_with_accounts_is_left_alone(
    population: Population, tmp_path: Path, forms: FormLibrary
) -> None:
    engine = fresh_engine(tmp_path)
    with Session(engine) as session:
        demo.load(session, population, password_hash=PASSWORD_HASH, now=NOW)
        other = make_population(seed=2, today=TODAY)
        with pytest.raises(Conflict, match="already holds accounts") as refusal:
            demo.load(session, other, password_hash=PASSWORD_HASH, now=NOW)
        assert refusal.value.code == "not_empty"
        assert count(session, ChildRow) == 240
    engine.dispose()


def test_all_or_nothing(population: Population, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = fresh_engine(tmp_path)

    def fail(*args: object, **kwargs: object) -> None:
        raise OSError("disk full")

    with Session(engine) as session:
        with monkeypatch.context() as patched:
            patched.setattr(demo, "write_audit", fail)
            with pytest.raises(OSError, match="disk full"):
                demo.load(session, population, password_hash=PASSWORD_HASH, now=NOW)
        assert count(session, AccountRow) == 0
        session.rollback()
        demo.load(session, population, password_hash=PASSWORD_HASH, now=NOW)
        assert count(session, ChildRow) == 240
    engine.dispose()


def test_loading_takes_few_statements(population: Population, tmp_path: Path) -> None:
    """About four thousand rows: one statement for each table, not one for each row, keeps it under a second."""
    engine = fresh_engine(tmp_path)
    statements = []
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    with Session(engine) as session:
        demo.load(session, population, password_hash=PASSWORD_HASH, now=NOW)
    writes = [
        one for one in statements if one.startswith("INSERT") and not one.startswith("INSERT INTO change")
    ]
    assert len(writes) < 20
    engine.dispose()


@pytest.mark.parametrize("days", [3, 4, 5, 140])
def test_visits_can_be_recorded_on_any_day_of_the_week_and_year(
    days: int, tmp_path: Path, forms: FormLibrary
) -> None:
    """Weekends move visits, and clocks change; no visit may turn into one that the service doubts."""
    today = TODAY + timedelta(days=days)
    population = make_population(seed=days, today=today)
    engine = fresh_engine(tmp_path)
    with Session(engine) as session:
        demo.load(session, population, password_hash=PASSWORD_HASH, now=NOW)
        record_visits(session, population, forms=forms, receipt_key=b"k" * 32)
        flags = {flag for row in session.scalars(select(RevisionRow)) for flag in row.all_flags}
        assert flags == {"late_entry", "red_alert", "amber_alert"}
        assert count(session, VisitRow) == len(population.visits)
    engine.dispose()
