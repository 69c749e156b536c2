"""Engines: SQLite by default, with full durability; others by URL, with the same code."""

from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.orm import Session, sessionmaker

WRITE = "hvapp_write"

# Errors are logged and shown; the values of a statement are patient data.
ENGINE_OPTIONS: dict[str, Any] = {"hide_parameters": True}


def session_factory(database_url: str) -> sessionmaker[Session]:
    """Sessions for a process without Flask, such as the sync worker."""
    return sessionmaker(create_engine(database_url, **ENGINE_OPTIONS), expire_on_commit=False)


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, record: Any) -> None:
    if type(connection).__module__ != "sqlite3":
        return
    # SQLAlchemy, not the driver, says when a transaction begins.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    # A writer takes the lock at once: upgrading from a read snapshot fails when another wrote meanwhile.
    write = connection.get_execution_options().get(WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
