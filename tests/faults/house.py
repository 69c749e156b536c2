"""The server of a campaign: the real program on a real database, killed, started, backed up and put back."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from hvapp.app import create_app
from hvapp.commands import upkeep
from hvapp.commands.database import upgrade
from hvapp.commands.processes import web_command
from hvapp.extensions import db
from hvapp.services import backup
from hvapp.services.database import open_sessions
from hvapp.settings import Settings
from tests.support.postgres import PostgresServer
from tests.support.servers import Program, free_port

Rows = list[dict[str, Any]]


class House:
    """One installation on SQLite. `broken` names a fault put in on purpose: see tests/faults/broken.py."""

    def __init__(self, home: Path, *, broken: str | None = None) -> None:
        self.home = home
        home.mkdir(parents=True, exist_ok=True)
        self.settings = self._settings()
        self.port = free_port()
        command = web_command("127.0.0.1", self.port)
        env = {
            "HVAPP_HOME": str(home),
            "HVAPP_SECURE_COOKIES": "0",
            "HVAPP_SECRET_KEY": self.settings.secret_key,
            "HVAPP_DATABASE_URL": self.settings.database_url,
        }
        if broken is not None:
            command[command.index("hvapp.app:create_app()")] = "tests.faults.broken:create_app()"
            env["HVAPP_BROKEN"] = broken
        self.program = Program(
            command, env, home / "web.log", f"http://127.0.0.1:{self.port}/healthz", forked=True
        )
        app = create_app(self.settings)
        upgrade(app)
        with app.app_context():
            db.engine.dispose()
        self.engine = create_engine(self.settings.database_url)
        self.sessions = open_sessions(self.settings)

    def _settings(self) -> Settings:
        return Settings(
            secret_key="only for campaigns",
            database_url=f"sqlite:///{self.home / 'hvapp.db'}",
            secure_cookies=False,
        )

    # The program

    def start(self) -> None:
        self.program.start()

    def kill(self) -> None:
        """As a power cut would: no process hears of it."""
        self.program.kill()

    def close(self) -> None:
        self.program.stop()
        self.let_go()

    def let_go(self) -> None:
        self.engine.dispose()
        with self.sessions() as session:
            session.get_bind().dispose()  # type: ignore[union-attr]

    # Its database

    @contextmanager
    def session(self) -> Iterator[Session]:
        with self.sessions() as session:
            yield session

    def rows(self, statement: str, **values: Any) -> Rows:
        """What the database itself holds, read past the product's own code."""
        with self.engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(text(statement), values)]

    def back_up(self, name: str) -> str:
        """A copy of the running database, as an operator's nightly job makes it."""
        target = self.home / f"{name}.backup"
        backup.back_up(self.settings.database_url, target)
        return str(target)

    def put_back(self, source: str) -> None:
        """The database is what it was at the backup, by the product's own command. Stop the program first."""
        self.let_go()
        upkeep.restore(self.settings, Path(source), lambda text: None)


TAKEN_ALONG = ("sealing_key", "rescued_draft")
"""What an operator takes along by hand where the product has no command for it: see docs/operating.md."""


class PostgresHouse(House):
    """The same on a PostgreSQL of its own, which loses its power together with the program."""

    def __init__(self, home: Path, *, broken: str | None = None) -> None:
        self.postgres = PostgresServer(durable=True)
        self.postgres.execute("CREATE DATABASE campaign")
        super().__init__(home, broken=broken)

    def _settings(self) -> Settings:
        return replace(super()._settings(), database_url=self.postgres.url("campaign"))

    def kill(self) -> None:
        super().kill()
        self.postgres.crash()
        self.let_go()
        self.postgres.start()

    def close(self) -> None:
        super().close()
        self.postgres.stop()
        self.postgres.remove()

    def back_up(self, name: str) -> str:
        """The program stands still meanwhile: a database that is in use cannot be a template."""
        self.program.stop()
        self.let_go()
        self.postgres.execute(f"CREATE DATABASE {name} TEMPLATE campaign")
        self.program.start()
        return name

    def put_back(self, source: str) -> None:
        self.let_go()
        taken_along = {table: self._rows(table) for table in TAKEN_ALONG}
        self.postgres.execute("DROP DATABASE campaign")
        self.postgres.execute(f"CREATE DATABASE campaign TEMPLATE {source}")
        for table, rows in taken_along.items():
            self._add(table, rows)
        upkeep.new_epoch(self.settings, lambda text: None)

    def _rows(self, table: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.postgres.url("campaign")) as connection:
            return connection.execute(f"SELECT * FROM {table}".encode()).fetchall()

    def _add(self, table: str, rows: list[tuple[Any, ...]]) -> None:
        """Those that are not there."""
        with psycopg.connect(self.postgres.url("campaign")) as connection:
            for row in rows:
                places = ", ".join(["%s"] * len(row))
                connection.execute(
                    f"INSERT INTO {table} VALUES ({places}) ON CONFLICT DO NOTHING".encode(), row
                )
