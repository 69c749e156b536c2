"""A database for each test, on either engine: its tables are made once, and emptied for the next test."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import count
from pathlib import Path

import psycopg
from sqlalchemy import create_engine

from hvapp.store import schema
from hvapp.store.database import engine_url
from tests.support.postgres import PostgresServer

ENGINES = ("sqlite", "postgresql")

# Emptying leaves the old rows on the disk, which every search of a table then passes by.
MOST_USES = 50


class Databases:
    """Every database of one test run. The PostgreSQL server starts when the first test asks for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = count(1)
        # Used again under the same address: an application that was made for it is, too.
        self._paths: list[Path] = []
        self._emptied: list[tuple[str, int]] = []
        self._server: PostgresServer | None = None

    @contextmanager
    def fresh(self, engine: str, *, tables: bool = True) -> Iterator[str]:
        """The address of a database that nobody else has; with empty tables, or with nothing at all."""
        if engine == "sqlite":
            with self._fresh_file(tables=tables) as url:
                yield url
        elif tables:
            name, uses = self._emptied.pop() if self._emptied else (self._made(self._postgresql_template), 0)
            yield self.server.url(name)
            if uses < MOST_USES and self._empty(name):
                self._emptied.append((name, uses + 1))
            else:
                self.server.execute(f"DROP DATABASE {name} WITH (FORCE)")
        else:
            name = self._made("template0")
            yield self.server.url(name)
            self.server.execute(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def _fresh_file(self, *, tables: bool) -> Iterator[str]:
        path = self._paths.pop() if self._paths else self.folder / f"test_{next(self._numbers)}.db"
        if tables:
            shutil.copyfile(self._sqlite_template, path)
        yield f"sqlite:///{path}"
        for file in self.folder.glob(f"{path.name}*"):
            file.unlink()
        self._paths.append(path)

    def _made(self, source: str) -> str:
        name = f"test_{next(self._numbers)}"
        self.server.execute(f"CREATE DATABASE {name} TEMPLATE {source} STRATEGY FILE_COPY")
        return name

    def _empty(self, name: str) -> bool:
        """Whether the database is as it was made. Not where a test changed its tables, or something still holds one."""
        deletes = "; ".join(f"DELETE FROM {table.name}" for table in reversed(schema.metadata.sorted_tables))
        with psycopg.connect(self.server.url(name)) as connection:
            try:
                connection.execute("SET LOCAL lock_timeout = '2s'")
                # Rules that keep records from being deleted are for the product.
                connection.execute("SET LOCAL session_replication_role = replica")
                connection.execute(deletes.encode())
                connection.execute(_BEGIN_NUMBERS_ANEW)
                (tables,) = connection.execute(_TABLES).fetchone() or (0,)
            except psycopg.Error:
                return False
        return tables == len(schema.metadata.tables)

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


_TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
_BEGIN_NUMBERS_ANEW = b"SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'"


def _make_tables(url: str) -> None:
    engine = create_engine(engine_url(url))
    schema.metadata.create_all(engine)
    engine.dispose()
