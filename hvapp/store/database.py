"""Engines: SQLite by default, PostgreSQL for many processes and machines; full durability on both, with the same code.

On PostgreSQL transactions are READ COMMITTED, its default. That is right here because whatever is decided from what
was read is read under a lock: a push locks the receipt counter and then its visits, and so does whoever sorts visits
out or changes whose record a child's is; a decision and a red-book message lock their visit first, a child's line of
messages is lengthened under a lock of the child, and the change counter is locked last of all. Each statement after a
lock sees what the one before us committed, so we go on from it, where SERIALIZABLE would throw the work away and ask
for it again. Locks are taken in that order, so nobody waits in a ring.
"""

import json
from functools import cache
from importlib.util import find_spec
from time import monotonic
from typing import Any, cast

import orjson
from sqlalchemy import Connection, Engine, Insert, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, InvalidatePoolError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from hvapp.domain.errors import Invalid
from hvapp.store.base import Base

WRITE = "hvapp_write"

# How long a writer waits for another before it gives up, in milliseconds; the same on both engines.
PATIENCE_MS = 30_000

# A connection that rested longer is asked whether it still holds.
REST_SECONDS = 1.0
_RESTS_SINCE = "rests_since"

_POSTGRESQL = "postgresql+psycopg"


def engine_url(database_url: str) -> URL:
    """The address as SQLAlchemy wants it. Raises Invalid, in a sentence, when we cannot work with it."""
    try:
        url = make_url(database_url)
    except ArgumentError:
        raise Invalid(_UNKNOWN) from None
    if url.drivername in ("postgresql", "postgres", _POSTGRESQL):
        if find_spec("psycopg") is None:
            raise Invalid(
                "HVAPP_DATABASE_URL names a PostgreSQL database, and its driver is not installed. "
                "Install it with: .venv/bin/pip install -c constraints.txt -e '.[postgres]'"
            )
        return url.set(drivername=_POSTGRESQL)
    if url.get_backend_name() != "sqlite":
        raise Invalid(_UNKNOWN)
    return url


# The address is not repeated: it may hold a password.
_UNKNOWN = (
    "HVAPP_DATABASE_URL is not an address that this service knows. "
    "It looks like sqlite:////folder/hvapp.db or postgresql://user@host/database."
)


def engine_options(url: URL) -> dict[str, Any]:
    """What create_engine is told beside the address."""
    # Errors are logged and shown; the values of a statement are patient data.
    options: dict[str, Any] = {"hide_parameters": True, "json_serializer": _json}
    if url.get_backend_name() == "postgresql":
        # 0 is no limit: a process keeps a connection for each of its threads, and their number is set elsewhere.
        options |= {"pool_size": 0}
    return options


def _json(value: Any) -> str:
    """Python's own takes ten times as long, and a push waits for it; it is for what only Python can hold."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value)


def session_factory(database_url: str) -> sessionmaker[Session]:
    """Sessions for a process without Flask, such as the sync worker."""
    url = engine_url(database_url)
    return sessionmaker(create_engine(url, **engine_options(url)), expire_on_commit=False)


def insert_unless_there(session: Session, row: type[Base], values: list[dict[str, Any]]) -> None:
    """Add the rows that break no unique constraint, and leave the others as they are on file.

    Looking first and adding then would fail when another connection adds the same row in between.
    """
    if values:
        session.connection().execute(_insert_unless_there(row, session.get_bind().dialect.name), values)


@cache
def _insert_unless_there(row: type[Base], engine: str) -> Insert:
    insert = postgresql.insert if engine == "postgresql" else sqlite.insert
    return insert(cast(Table, row.__table__)).on_conflict_do_nothing()


_SQLITE = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    f"busy_timeout={PATIENCE_MS}",
    # Every commit is on the disk at once, in the log. Carrying the log over into the database, which writes pages from
    # all over it, need not come after every eighth batch: 4,000 pages are 16 MB. Nor need those pages be read anew.
    "wal_autocheckpoint=4000",
    "cache_size=-8000",  # KB for each connection
)


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, record: Any) -> None:
    if type(connection).__module__ != "sqlite3":
        return
    # SQLAlchemy, not the driver, says when a transaction begins.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _SQLITE:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


@event.listens_for(Engine, "connect")
def _prepare_postgresql(connection: Any, record: Any) -> None:
    if not type(connection).__module__.startswith("psycopg"):
        return
    with connection.cursor() as cursor:
        # A receipt means "on disk". A server set to promise less is told otherwise; one that promises more is left.
        cursor.execute(
            "SELECT set_config('synchronous_commit', 'on', false)"
            " WHERE current_setting('synchronous_commit') IN ('off', 'local')"
        )
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [str(PATIENCE_MS)])
    connection.commit()


@event.listens_for(Engine, "checkin")
def _note_rest(connection: Any, record: ConnectionPoolEntry) -> None:
    record.info[_RESTS_SINCE] = monotonic()


@event.listens_for(Engine, "checkout")
def _ask_after_rest(connection: Any, record: ConnectionPoolEntry, proxy: Any) -> None:
    """A server that was restarted meanwhile must not cost the next request."""
    if not type(connection).__module__.startswith("psycopg"):
        return
    # Asked before every request, a busy server would be asked as often as it is used.
    if monotonic() - record.info.get(_RESTS_SINCE, 0) < REST_SECONDS:
        return
    try:
        connection.execute("")
        connection.rollback()
    except connection.OperationalError:
        raise InvalidatePoolError from None


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    # A writer takes the lock at once: upgrading from a read snapshot fails when another wrote meanwhile.
    write = connection.get_execution_options().get(WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
