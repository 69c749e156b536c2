"""Runs migrations against the application's own engine."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from flask import current_app
from sqlalchemy import Connection

from hvapp.store import schema
from hvapp.store.base import UtcDateTime


def render_item(kind: str, item: Any, autogen_context: AutogenContext) -> str | Literal[False]:
    """Migrations outlive the code, so they name plain types, never our own."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


@contextmanager
def _foreign_keys_at_rest(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by making it anew, and would not let go of the old one while rows point to it."""
    if connection.dialect.name != "sqlite":
        yield
        return
    # Not through SQLAlchemy: it would begin a transaction, and inside one the setting cannot be changed.
    driver = connection.connection.cursor()
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")
        driver.close()


def run() -> None:
    engine = current_app.extensions["migrate"].db.engine
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=schema.metadata,
            render_as_batch=True,
            compare_type=True,
            render_item=render_item,
            # True of SQLite too, since our connections begin their transactions themselves (store.database).
            transactional_ddl=True,
        )
        with _foreign_keys_at_rest(connection), context.begin_transaction():
            context.run_migrations()
            if connection.dialect.name == "sqlite":
                astray = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
                if astray:
                    raise RuntimeError(f"{len(astray)} rows would point nowhere; nothing was changed")


run()
