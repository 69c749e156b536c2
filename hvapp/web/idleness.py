"""Work that can wait, done in moments when nobody does."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Idleness:
    """Knows whether a request is under way in this process, and lets one thread at a time use the pauses."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._under_way = 0
        self._using = threading.Lock()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Somebody waits for what is done inside."""
        with self._guard:
            self._under_way += 1
        try:
            yield
        finally:
            with self._guard:
                self._under_way -= 1

    def use(self, step: Callable[[], int]) -> None:
        """Repeat a small step for as long as nobody waits and it says that there is more to do."""
        if not self._using.acquire(blocking=False):
            return
        try:
            while not self._under_way and step():
                pass
        finally:
            self._using.release()
