"""A database for each test, on either engine, copied from one whose tables are already made."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import count
from pathlib import Path

from sqlalchemy import create_engine

from hvapp.store import schema
from hvapp.store.database import engine_url
from tests.support.postgres import PostgresServer

ENGINES = ("sqlite", "postgresql")


class Databases:
    """Every database of one test run. The PostgreSQL server starts when the first test asks for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = count(1)
        self._server: PostgresServer | None = None

    @contextmanager
    def fresh(self, engine: str, *, tables: bool = True) -> Iterator[str]:
        """The address of a database that nobody else has; with empty tables, or with nothing at all."""
        name = f"test_{next(self._numbers)}"
        if engine == "sqlite":
            path = self.folder / f"{name}.db"
            if tables:
                shutil.copyfile(self._sqlite_template, path)
            yield f"sqlite:///{path}"
            for file in self.folder.glob(f"{path.name}*"):
                file.unlink()
        else:
            source = self._postgresql_template if tables else "template0"
            self.server.execute(f"CREATE DATABASE {name} TEMPLATE {source} STRATEGY FILE_COPY")
            yield self.server.url(name)
            self.server.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def close(self) -> None:
        if self._server is not None:
            self._server.remove()

    @property
    def server(self) -> PostgresServer:
        if self._server is None:
            self._server = PostgresServer()
        return self._server

    @cached_property
    def _sqlite_template(self) -> Path:
        path = self.folder / "template.db"
        _make_tables(f"sqlite:///{path}")
        return path

    @cached_property
    def _postgresql_template(self) -> str:
        self.server.execute("CREATE DATABASE hvapp_template")
        _make_tables(self.server.url("hvapp_template"))
        return "hvapp_template"


def _make_tables(url: str) -> None:
    engine = create_engine(engine_url(url))
    schema.metadata.create_all(engine)
    engine.dispose()
