"""People who do something at the same moment, each on a connection of their own."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from hvapp.domain.accounts import Author
from hvapp.services.database import open_sessions
from hvapp.services.intake import receive_plain
from hvapp.settings import Settings
from tests.support.client import FORMS
from tests.support.world import World

Act = Callable[[Session], Any]

_SOMEBODY_WAITS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


class Crowd:
    """Each acts on a connection pool of their own, as processes do."""

    def __init__(self, settings: Settings, world: World) -> None:
        self.settings = settings
        self.author = Author(world.amira.id, world.amira.team.id)

    def each(self, *acts: Act) -> list[Any]:
        """What each act answered, or the exception that it raised."""
        barrier = threading.Barrier(len(acts))

        def together(act: Act) -> Act:
            def run(session: Session) -> Any:
                session.connection()
                session.rollback()
                barrier.wait(20)
                return act(session)

            return run

        with ThreadPoolExecutor(len(acts)) as pool:
            return list(pool.map(self._alone, map(together, acts)))

    def one_inside_another(
        self, monkeypatch: pytest.MonkeyPatch, first: Act, held_after: tuple[Any, str], second: Act
    ) -> list[Any]:
        """Hold `first` when it comes out of this function (module, name), until `second` has ended or waits for it.

        Then let both end, and answer as `each` does. On PostgreSQL, which says who waits for a lock.
        """
        module, name = held_after
        real, reached, go = getattr(module, name), threading.Event(), threading.Event()

        def hold(*given: Any, **named: Any) -> Any:
            answer = real(*given, **named)
            if not reached.is_set():
                reached.set()
                go.wait(20)
            return answer

        monkeypatch.setattr(module, name, hold)
        with ThreadPoolExecutor(2) as pool:
            try:
                begun = pool.submit(self._alone, first)
                assert reached.wait(20)
                other = pool.submit(self._alone, second)
                self._alone(lambda session: _wait_until_it_waits(session, other))
            finally:
                go.set()
            return [begun.result(), other.result()]

    def push(self, *items: Any) -> Act:
        return lambda session: receive_plain(
            session,
            author=self.author,
            items=list(items),
            forms=FORMS,
            receipt_key=b"k" * 32,
            now=datetime.now(UTC),
        )

    def _alone(self, act: Act) -> Any:
        factory = open_sessions(self.settings)
        try:
            with factory() as session:
                return act(session)
        except Exception as error:
            return error
        finally:
            factory.kw["bind"].dispose()


def _wait_until_it_waits(session: Session, other: "Future[Any]") -> None:
    deadline = time.monotonic() + 20
    while not other.done() and not session.scalar(_SOMEBODY_WAITS):
        session.rollback()
        assert time.monotonic() < deadline, "it neither ended nor waited"
        time.sleep(0.01)
