"""The feed's cursor under fire: a reader that only ever asks for what comes after the last number misses nothing."""

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Column, Integer, MetaData, String, Table, func, insert, select
from sqlalchemy.orm import Session

from hvapp.services.database import open_sessions
from hvapp.settings import Settings
from hvapp.store.changes import announce, changes_after
from hvapp.store.transaction import transaction
from tests.support.world import World

WRITERS = 8
COMMITS = 15

# The obvious way to number a feed: the database counts up with each row that is added.
naive = Table("naive_feed", MetaData(), Column("seq", Integer, primary_key=True), Column("name", String))


class Reader:
    """One tablet after another poll; keeps what it was told of, in both feeds, and how far it has come in each."""

    def __init__(self, session: Session, account_id: str) -> None:
        self.session = session
        self.account_id = account_id
        self.cursor = self.naive_cursor = 0
        self.seen: list[str] = []
        self.naively_seen: list[str] = []

    def poll(self) -> None:
        for change in changes_after(self.session, self.account_id, self.cursor, 50):
            self.seen.append(change.record_id)
            self.cursor = change.seq
        rows = self.session.execute(
            select(naive).where(naive.c.seq > self.naive_cursor).order_by(naive.c.seq)
        )
        for row in rows:
            self.naively_seen.append(row.name)
            self.naive_cursor = row.seq
        self.session.rollback()


def test_a_cursor_skips_no_change_where_a_plain_sequence_does(
    engine: str, settings: Settings, session: Session, world: World
) -> None:
    """Eight connections commit while another reads on; every transaction writes to our feed and to a naive one.

    On PostgreSQL a sequence hands out its numbers before the commit: one transaction takes its number and is held
    open until the reader has gone past it, as a slow one would be by chance, and its row is never read. Our numbers
    are taken last, under a lock, so the same transaction is read. On SQLite the naive feed loses nothing either,
    because writers take turns: a number is only ever given while no other transaction is open.
    """
    naive.create(session.connection())
    session.commit()
    reader = Reader(session, world.amira.id)
    reader.poll()
    reader.seen.clear()
    gone_past = threading.Event()

    def write(number: int) -> list[str]:
        factory = open_sessions(settings)  # a pool of its own, as another process has
        delay = random.Random(number)
        names = []
        with factory() as writer:
            for turn in range(COMMITS):
                names.append(name := f"{number}-{turn}")
                with transaction(writer):
                    writer.execute(insert(naive).values(name=name))
                    announce(writer, [world.amira.id], "child", name)
                    if name == "0-0":
                        held.set()
                        gone_past.wait(10 if engine == "postgresql" else 0.2)
                    else:
                        time.sleep(delay.uniform(0, 0.01))
        factory.kw["bind"].dispose()
        return names

    held = threading.Event()
    with ThreadPoolExecutor(WRITERS) as pool:
        writing = [pool.submit(write, 0)]
        assert held.wait(10)
        writing += [pool.submit(write, number) for number in range(1, WRITERS)]
        while not all(one.done() for one in writing):
            reader.poll()
            if reader.naive_cursor > 1:
                gone_past.set()
            time.sleep(0.001)
    written = [name for one in writing for name in one.result()]
    reader.poll()

    assert sorted(reader.seen) == sorted(written)
    assert reader.session.scalar(select(func.count()).select_from(naive)) == len(written)
    lost = set(written) - set(reader.naively_seen)
    if engine == "postgresql":
        assert "0-0" in lost
    else:
        assert lost == set()


def test_a_change_that_was_announced_first_and_committed_last_comes_last(
    engine: str, settings: Settings, session: Session, world: World
) -> None:
    """The order of numbers is the order of commits, whoever began first."""
    reader = Reader(session, world.amira.id)
    naive.create(session.connection())
    session.commit()
    reader.poll()
    reader.seen.clear()
    begun, finish = threading.Event(), threading.Event()

    def write(name: str, inside: Callable[[], object]) -> None:
        factory = open_sessions(settings)
        with factory() as writer, transaction(writer):
            announce(writer, [world.amira.id], "child", name)
            inside()
        factory.kw["bind"].dispose()

    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(write, "slow", lambda: (begun.set(), finish.wait(10)))
        assert begun.wait(10)
        quick = pool.submit(write, "quick", lambda: None)
        if engine == "postgresql":
            quick.result(10)
            reader.poll()
            assert reader.seen == ["quick"]
        finish.set()
        slow.result(10)
        quick.result(10)
    reader.poll()

    assert reader.seen == (["quick", "slow"] if engine == "postgresql" else ["slow", "quick"])
