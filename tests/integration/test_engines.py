"""What both engines promise alike, and how an address leads to one of them."""

import threading
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from hvapp.cli import main
from hvapp.domain.errors import Invalid
from hvapp.services.database import open_sessions
from hvapp.settings import Settings
from hvapp.store import database, schema
from hvapp.store.accounts import AccountRow, ProviderRow
from hvapp.store.audit import AuditRow
from hvapp.store.children import MeasurementRow
from hvapp.store.database import engine_options, engine_url
from hvapp.store.transaction import transaction
from hvapp.store.visits import JudgementRow, RevisionRow
from tests.support.client import Tablet, seal
from tests.support.postgres import PostgresServer
from tests.support.world import World


class TestAddresses:
    @pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
    def test_every_way_to_say_postgresql_means_the_one_driver(self, scheme: str) -> None:
        url = engine_url(f"{scheme}://app:secret@db.example:5433/hvapp?sslmode=require")

        assert url.drivername == "postgresql+psycopg"
        assert (url.host, url.port, url.database) == ("db.example", 5433, "hvapp")
        assert url.query == {"sslmode": "require"}

    @pytest.mark.parametrize(
        "address", ["mysql://app:secret@h/d", "postgresql+psycopg2://app:secret@h/d", "secret", ""]
    )
    def test_an_address_that_is_not_ours_is_refused_without_repeating_it(self, address: str) -> None:
        with pytest.raises(Invalid, match="HVAPP_DATABASE_URL") as caught:
            engine_url(address)
        assert "secret" not in caught.value.message

    def test_a_missing_driver_is_one_sentence_with_the_remedy(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(database, "find_spec", lambda name: None)
        monkeypatch.setenv("HVAPP_HOME", str(tmp_path))
        monkeypatch.setenv("HVAPP_DATABASE_URL", "postgresql://app:secret@db.example/hvapp")

        done = CliRunner().invoke(main, ["migrate"])

        assert done.exit_code == 1
        assert "its driver is not installed" in done.output and "[postgres]" in done.output
        assert "secret" not in done.output and "Traceback" not in done.output


def test_values_come_back_as_they_went_in(session: Session, world: World) -> None:
    """Instants with their microseconds, decimals with their places, text of every kind."""
    instant = datetime(2026, 3, 29, 1, 30, 0, 123456, timezone(timedelta(hours=5, minutes=45)))
    words = "Zoë O’Brien 👶 — 'quoted' \\ %s :name"
    session.add(
        AuditRow(at=instant, account_id=None, action="test", subject_type="t", subject_id="s", detail=words)
    )
    session.add(
        MeasurementRow(
            child_id=world.child_id,
            kind="ofc",
            value=Decimal("34.5"),
            measured_on=world.born,
            recorded_at=instant,
        )
    )
    session.commit()
    session.expunge_all()

    audit = session.scalars(select(AuditRow).where(AuditRow.action == "test")).one()
    measured = session.scalars(select(MeasurementRow).where(MeasurementRow.kind == "ofc")).one()
    assert audit.at == instant and audit.at.tzinfo is UTC
    assert audit.detail == words
    assert str(measured.value) == "34.500" and measured.measured_on == world.born
    assert measured.at_birth is False
    assert session.get_one(AccountRow, world.amira.id).active is True


def test_a_record_with_every_character_of_json_is_stored_whole(
    tablet: Tablet, world: World, session: Session
) -> None:
    words = 'nul \u0000, line\n, quote ", half past \U0001f476'
    revision = tablet.revision(world)
    revision["payload"]["answers"]["child_voice"] = words

    revision = seal(revision)
    assert tablet.push(revision)[0]["result"] == "stored"
    assert session.get_one(RevisionRow, revision["rev_id"]).body == revision


def test_a_failed_savepoint_leaves_the_rest_of_the_transaction_standing(
    session: Session, world: World
) -> None:
    with transaction(session):
        session.add(ProviderRow(name="First", ods_code="AAA"))
        with pytest.raises(IntegrityError), session.begin_nested():
            session.add(ProviderRow(name="Second", ods_code="AAA"))
            session.flush()
        session.add(ProviderRow(name="Third", ods_code="BBB"))
    assert {row.name for row in session.scalars(select(ProviderRow))} >= {"First", "Third"}


def test_rows_that_point_nowhere_are_refused(session: Session) -> None:
    session.add(JudgementRow(revision_id="none", flags=[], judged_at=datetime.now(UTC)))
    with pytest.raises(IntegrityError):
        session.commit()


def test_a_reader_sees_nothing_of_a_transaction_until_it_is_committed(
    settings: Settings, session: Session, world: World
) -> None:
    with open_sessions(settings)() as writer:
        with transaction(writer):
            writer.add(ProviderRow(name="New", ods_code="NEW"))
            writer.flush()
            assert session.scalar(select(func.count()).select_from(ProviderRow)) == 1
            session.rollback()
        assert session.scalar(select(func.count()).select_from(ProviderRow)) == 2
    writer.get_bind().dispose()  # type: ignore[union-attr]


@pytest.mark.engine("sqlite")
def test_sqlite_keeps_every_commit_through_a_power_cut(session: Session) -> None:
    pragmas = {
        name: session.connection().exec_driver_sql(f"PRAGMA {name}").scalar()
        for name in ("journal_mode", "synchronous", "foreign_keys")
    }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


@pytest.mark.engine("postgresql")
class TestPostgresql:
    @pytest.mark.parametrize(
        ("set_to", "used"), [("off", "on"), ("local", "on"), ("on", "on"), ("remote_apply", "remote_apply")]
    )
    def test_a_commit_is_never_less_than_on_disk(
        self, settings: Settings, session: Session, set_to: str, used: str
    ) -> None:
        session.execute(
            text(f"ALTER DATABASE {session.get_bind().url.database} SET synchronous_commit = {set_to}")
        )  # type: ignore[union-attr]
        session.commit()

        with open_sessions(settings)() as fresh:
            assert fresh.scalar(text("SHOW synchronous_commit")) == used
            fresh.rollback()
            assert fresh.scalar(text("SHOW synchronous_commit")) == used
        fresh.get_bind().dispose()  # type: ignore[union-attr]

    def test_no_writer_waits_for_ever(self, session: Session) -> None:
        assert session.scalar(text("SHOW lock_timeout")) == "30s"
        assert session.scalar(text("SHOW transaction_isolation")) == "read committed"

    def test_a_server_started_again_costs_no_request(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # However quickly it is back.
        monkeypatch.setattr(database, "REST_SECONDS", 0.0)
        server = PostgresServer()
        try:
            server.execute("CREATE DATABASE hvapp")
            engine = create_engine(
                engine_url(server.url("hvapp")), **engine_options(engine_url(server.url("hvapp")))
            )
            with engine.connect() as connection:
                connection.execute(text("SELECT 1"))
            server.stop()
            server.start()
            with engine.connect() as connection:
                assert connection.scalar(text("SELECT 1")) == 1
            engine.dispose()
        finally:
            server.remove()

    def test_what_was_committed_is_there_after_a_power_cut(self) -> None:
        """The server crashes while one connection commits as fast as it can."""
        server = PostgresServer(durable=True)
        try:
            server.execute("CREATE DATABASE hvapp")
            settings = Settings(secret_key="x", database_url=server.url("hvapp"))
            factory = open_sessions(settings)
            schema.metadata.create_all(factory.kw["bind"])
            committed: list[str] = []

            def write() -> None:
                with factory() as session:
                    for number in range(100_000):
                        with transaction(session):
                            session.add(ProviderRow(name=f"n{number}", ods_code=f"n{number}"))
                        committed.append(f"n{number}")

            def write_until_the_crash() -> None:
                with pytest.raises(OperationalError):
                    write()

            writing = threading.Thread(target=write_until_the_crash)
            writing.start()
            while len(committed) < 50 and writing.is_alive():
                writing.join(0.01)
            server.crash()
            writing.join(20)
            factory.kw["bind"].dispose()
            server.start()
            with factory() as session:
                kept = set(session.scalars(select(ProviderRow.ods_code)))
            factory.kw["bind"].dispose()

            assert len(committed) >= 50
            assert set(committed) <= kept
            assert len(kept) <= len(committed) + 1
        finally:
            server.remove()
