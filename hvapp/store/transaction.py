"""The one way to write: everything inside is committed together, or nothing is."""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from sqlalchemy import Engine
from sqlalchemy.orm import Session, scoped_session

from hvapp.store import changes
from hvapp.store.database import WRITE
from hvapp.store.prepared import CONNECTION, send_commit, without_waiting


@contextmanager
def transaction(session: Session) -> Iterator[Session]:
    """Begin afresh, commit at the end, roll back on any error. Gives the session itself, where a proxy was handed in.

    A read done earlier in the request (signing in, say) has opened a snapshot; it is closed first, so that
    the writer sees what is there now. Changes for tablets are numbered last (see store.changes).
    """
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("rows were changed outside a transaction")
    if isinstance(proxy := cast(Any, session), scoped_session):
        session = proxy.registry()
    session.rollback()
    with _one_writer(session):
        session.info[CONNECTION] = session.connection(execution_options={WRITE: True})
        try:
            yield session
            numbered = changes.number(session)
            with without_waiting(session):
                changes.write(session, numbered)
                send_commit(session)
            session.commit()
        except BaseException:
            session.rollback()
            changes.forget(session)
            raise
        finally:
            session.info.pop(CONNECTION)


_writers: dict[str, threading.Lock] = {}


@contextmanager
def _one_writer(session: Session) -> Iterator[None]:
    """SQLite admits one writer: waiting in line here is far fairer than its own busy loop.

    A line among our threads, and, by a lock on a file beside the database, one among the processes of this machine.
    """
    engine = session.get_bind()
    if not isinstance(engine, Engine) or engine.dialect.name != "sqlite" or not engine.url.database:
        yield
        return
    database = engine.url.database
    with _writers.setdefault(database, threading.Lock()):
        turn = os.open(f"{database}.turn", os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(turn, fcntl.LOCK_EX)
            yield
        finally:
            # Closing the file gives the turn on, and so does the end of a process that was killed.
            os.close(turn)
