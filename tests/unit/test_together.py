"""Requests that wait for each other are done in one go, and none suffers for another."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import cast

import pytest
from sqlalchemy.orm import Session

from hvapp.store.together import Jobs, Line

SESSION = cast(Session, None)


class Book:
    """Notes which jobs were done together. Whoever writes first waits until told to go on."""

    def __init__(self) -> None:
        self.done: list[list[str]] = []
        self.writing, self.go_on = threading.Event(), threading.Event()

    def write(self, session: Session, jobs: Jobs[str]) -> None:
        self.writing.set()
        assert self.go_on.wait(20)
        wanted = jobs()
        if "bad" in wanted:
            raise ValueError("bad")
        self.done.append(wanted)


@pytest.fixture
def book() -> Book:
    return Book()


def wait_until(told: Callable[[], bool]) -> None:
    for _ in range(2000):
        if told():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it did not come to that")


def sent(book: Book, line: Line[str], *jobs: str) -> list[Future[None]]:
    """The first is about to write when the others come."""
    with ThreadPoolExecutor(len(jobs)) as pool:
        first = pool.submit(line.do, SESSION, jobs[0])
        assert book.writing.wait(20)
        others = [pool.submit(line.do, SESSION, job) for job in jobs[1:]]
        wait_until(lambda: len(line._waiting) == len(jobs))
        book.go_on.set()
    return [first, *others]


def test_whoever_comes_before_the_writing_begins_is_done_with_the_first(book: Book) -> None:
    ended = sent(book, Line(book.write), "one", "two", "three")

    assert [future.exception() for future in ended] == [None] * 3
    [together] = book.done
    assert sorted(together) == ["one", "three", "two"]


def test_one_that_goes_wrong_is_told_so_and_the_others_are_done(book: Book) -> None:
    first, bad, other = sent(book, Line(book.write), "one", "bad", "other")

    assert isinstance(bad.exception(), ValueError)
    assert (first.exception(), other.exception()) == (None, None)
    assert sorted(book.done) == [["one"], ["other"]]


def test_one_alone_that_goes_wrong_is_told_so(book: Book) -> None:
    book.go_on.set()

    with pytest.raises(ValueError):
        Line(book.write).do(SESSION, "bad")
