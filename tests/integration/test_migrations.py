"""The way from any earlier version of the tables to the present ones, with records in them."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import MetaData, Table, func, inspect, select, text
from sqlalchemy.exc import IntegrityError

from hvapp.app import create_app
from hvapp.extensions import db
from hvapp.settings import ROOT, Settings
from hvapp.store import schema
from tests.support.engines import Databases

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
REVISIONS = [
    script.revision for script in ScriptDirectory(str(ROOT / "hvapp" / "migrations")).walk_revisions()
][::-1]

# One visit of each kind of row that a first installation has; the tables are those of the first revision.
RECORDS: list[tuple[str, dict[str, Any]]] = [
    ("provider", {"id": "p", "name": "Provider", "ods_code": "X9Z"}),
    ("team", {"id": "t", "provider_id": "p", "name": "North", "phone": ""}),
    (
        "account",
        {
            "id": "a",
            "team_id": "t",
            "email": "a@test.example",
            "name": "Amira Khan",
            "role": "health_visitor",
            "job": "scphn",
            "password_hash": "none",
            "active": True,
            "failed_sign_ins": 0,
            "created_at": NOW,
        },
    ),
    ("person", {"id": "c", "given_name": "Maya", "family_name": "Marlow", "sex": "female"}),
    (
        "child",
        {
            "id": "c",
            "births_in_pregnancy": 1,
            "birth_order": 1,
            "team_id": "t",
            "named_visitor_id": "a",
            "need_level": "universal",
            "interpreter": False,
        },
    ),
    (
        "device",
        {"id": "d", "account_id": "a", "name": "Tablet", "registered_at": NOW, "last_contact_at": NOW},
    ),
    (
        "visit",
        {
            "id": "v",
            "child_id": "c",
            "author_id": "a",
            "team_id": "t",
            "contact_type": "new_birth",
            "state": "received",
            "head_revision_id": "r",
            "occurred_at": NOW,
            "received_at": NOW,
        },
    ),
    (
        "revision",
        {
            "id": "r",
            "visit_id": "v",
            "author_id": "a",
            "device_id": "d",
            "device_seq": 1,
            "child_ref": "c",
            "form_id": "new_birth",
            "form_version": 1,
            "sha256": "0" * 64,
            "body": {"payload": {}},
            "flags": [],
            "occurred_at": NOW,
            "received_at": NOW,
            "receipt_seq": 1,
        },
    ),
    ("judgement", {"revision_id": "r", "flags": [], "judged_at": NOW}),
    (
        "decision",
        {
            "id": "e",
            "visit_id": "v",
            "revision_id": "r",
            "reviewer_id": "a",
            "outcome": "approved",
            "queries": [],
            "decided_at": NOW,
        },
    ),
    (
        "measurement",
        {
            "id": "m",
            "child_id": "c",
            "kind": "weight",
            "value": 3,
            "measured_on": date(2026, 11, 21),
            "at_birth": False,
            "visit_id": "v",
            "recorded_at": NOW,
        },
    ),
    (
        "quarantine",
        {
            "id": "q",
            "account_id": "a",
            "reason": "malformed",
            "body": "{}",
            "body_sha256": "0",
            "received_at": NOW,
        },
    ),
    ("change_counter", {"id": 1, "epoch": "e", "value": 1}),
    (
        "change",
        {"account_id": "a", "record_type": "visit", "record_id": "v", "seq": 1, "removed": False},
    ),
]


@pytest.fixture
def bare(engine: str, databases: Databases) -> Iterator[Flask]:
    """The application in front of a database without a single table."""
    with databases.fresh(engine, tables=False) as url:
        app = create_app(Settings(secret_key="only for tests", database_url=url), testing=True)
        with app.app_context():
            yield app
            db.session.remove()
            db.engine.dispose()


def differences() -> list[Any]:
    with db.engine.connect() as connection:
        return compare_metadata(MigrationContext.configure(connection), schema.metadata)


def test_from_nothing_to_the_tables_that_the_rows_describe(bare: Flask) -> None:
    upgrade()
    assert differences() == []


@pytest.mark.parametrize("earlier", REVISIONS[:-1])
def test_from_each_earlier_version_with_every_record_kept(bare: Flask, earlier: str) -> None:
    upgrade(revision=earlier)
    tables = MetaData()
    with db.engine.begin() as connection:
        for name, values in RECORDS:
            connection.execute(Table(name, tables, autoload_with=connection).insert().values(values))

    upgrade()

    assert differences() == []
    with db.engine.begin() as connection:
        for name, _ in RECORDS:
            assert connection.scalar(select(func.count()).select_from(text(name))) == 1, name


def test_a_migration_that_fails_leaves_the_database_as_it_was(
    bare: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade(revision=REVISIONS[0])
    before = inspect(db.engine).get_table_names()
    monkeypatch.setattr(Operations, "batch_alter_table", None)
    with pytest.raises(TypeError):
        upgrade()
    with db.engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == REVISIONS[0]
    assert inspect(db.engine).get_table_names() == before


def test_rows_still_have_to_point_somewhere_after_the_last_migration(bare: Flask) -> None:
    """SQLite takes tables apart to change them, and looks away meanwhile."""
    upgrade()
    assert "fk_visit_child_id_child" in {key["name"] for key in inspect(db.engine).get_foreign_keys("visit")}
    with pytest.raises(IntegrityError), db.engine.begin() as connection:
        connection.execute(
            schema.metadata.tables["judgement"].insert().values(revision_id="?", flags=[], judged_at=NOW)
        )
