"""The one way to write: everything inside is committed together, or nothing is."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from hvapp.store import changes
from hvapp.store.database import WRITE

_writers: dict[int, threading.Lock] = {}


@contextmanager
def transaction(session: Session) -> Iterator[Session]:
    """Begin afresh, commit at the end, roll back on any error.

    A read done earlier in the request (signing in, say) has opened a snapshot; it is closed first, so that
    the writer sees what is there now. Changes for tablets are numbered last (see store.changes).
    """
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("rows were changed outside a transaction")
    session.rollback()
    with _one_writer(session):
        session.connection(execution_options={WRITE: True})
        try:
            yield session
            changes.number(session)
            session.commit()
        except BaseException:
            session.rollback()
            changes.forget(session)
            raise


def _one_writer(session: Session) -> AbstractContextManager[object]:
    """SQLite admits one writer: waiting in line here is far fairer than its own busy loop."""
    engine = session.get_bind()
    if not isinstance(engine, Engine) or engine.dialect.name != "sqlite":
        return nullcontext()
    return _writers.setdefault(id(engine), threading.Lock())
