"""A visit that its author withdraws: recorded against the wrong child, twice, or never made.

A withdrawal is a version of the visit that holds a reason and no answers; nothing is deleted. Whoever changes their
mind before the service has it sends another version, made from the withdrawal, and the two count as never made: the
tablet cannot know whether the first has arrived.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TAKEN_BACK = "taken_back"
"""The reason of a version that takes the withdrawal it was made from back."""

REASON_WORDS = {
    "wrong_child": "Recorded against the wrong child",
    "twice": "Recorded twice",
    "not_made": "The visit did not take place",
    "other": "Another reason",
}

LONGEST_WORDS = 2000


@dataclass(frozen=True)
class Withdrawal:
    """Why. `words`: what the author wrote beside the reason, possibly nothing."""

    reason: str
    words: str

    @property
    def takes_back(self) -> bool:
        return self.reason == TAKEN_BACK

    @property
    def reason_words(self) -> str:
        """A tablet of a later version may have a reason that is not known here."""
        return REASON_WORDS.get(self.reason, "Another reason")


def read_withdrawal(body: Mapping[str, Any]) -> Withdrawal | None:
    """The withdrawal that a revision is; None for one with answers. Raises ValueError for what cannot be read."""
    given = body.get("withdrawal")
    if given is None:
        return None
    reason, words = (
        (given.get("reason"), given.get("words", "")) if isinstance(given, Mapping) else (None, "")
    )
    if not isinstance(reason, str) or not isinstance(words, str) or not 0 < len(reason) <= 60:
        raise ValueError("not a withdrawal")
    return Withdrawal(reason, words[:LONGEST_WORDS])
