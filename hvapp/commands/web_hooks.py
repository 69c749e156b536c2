"""What gunicorn does at its turning points; see web_command in processes.py."""

import gc
from typing import Any

# A push of a hundred visits makes tens of thousands of objects, nearly all of which end with it. Looking for those that
# do not every 700, as Python does by itself, takes a fifth of the time that the push takes.
THRESHOLDS = (50_000, 20, 100)


def when_ready(server: Any) -> None:
    """What is loaded once stays for good: the collector need not look at it again, and the workers share it."""
    gc.collect()
    gc.freeze()


def post_fork(server: Any, worker: Any) -> None:
    """Python's collector, for a program whose requests are large."""
    gc.set_threshold(*THRESHOLDS)
