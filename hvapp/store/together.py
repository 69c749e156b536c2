"""Several requests in one transaction: a commit that is on the disk costs the same for one visit as for ten."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

Job = TypeVar("Job")
Jobs = Callable[[], list[Job]]
"""Who is to be done now. Asked for once the transaction may write, so that whoever came meanwhile is in it."""


@dataclass
class _Place(Generic[Job]):
    """A request's place in the line."""

    job: Job
    done: bool = False
    error: BaseException | None = None


@dataclass
class Line(Generic[Job]):
    """Requests that wait for each other anyway, because one writes at a time: whoever's turn it is writes for all.

    `work` asks for the jobs and does them in one transaction, or raises and has done none of them. Asked again, it
    gets the same jobs.
    """

    work: Callable[[Session, Jobs[Job]], None]
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _waiting: list[_Place[Job]] = field(default_factory=list)

    def do(self, session: Session, job: Job) -> None:
        """Return once the job is committed, by this thread or by the one before it. Raises what doing it raised."""
        place = _Place(job)
        with self._guard:
            self._waiting.append(place)
        with self._turn:
            if not place.done:
                self._do_all(session)
        if place.error is not None:
            raise place.error

    def _do_all(self, session: Session) -> None:
        places: list[_Place[Job]] = []

        def jobs() -> list[Job]:
            if not places:
                with self._guard:
                    places.extend(self._waiting)
                    self._waiting.clear()
            return [place.job for place in places]

        try:
            self.work(session, jobs)
        except BaseException as error:
            if len(jobs()) == 1:
                places[0].error = error
            else:
                self._do_each(session, places)
        for place in places:
            place.done = True

    def _do_each(self, session: Session, places: list[_Place[Job]]) -> None:
        """One of them went wrong, and none is done: each for itself, so that the others do not suffer for it."""
        for place in places:
            try:
                self.work(session, _only(place.job))
            except BaseException as error:
                place.error = error


def _only(job: Job) -> Jobs[Job]:
    return lambda: [job]
