"""What the red book is told about an approved visit, and what becomes of each attempt to tell it.

Pure values: the store fills `ApprovedRecord` and writes down `Outcome`; `sync` turns the one into a message and the
other side's answer into the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal, Protocol

from hvapp.domain.growth import ChartMethod

OutcomeKind = Literal["sent", "retry", "dead", "paused"]
MessageKind = Literal["new", "update", "delete"]

FIRST_RETRY = timedelta(seconds=5)
LONGEST_RETRY = timedelta(minutes=15)
LONGEST_OBEYED_WAIT = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(hours=24)

AGREEMENT_REASONS = ("not_agreed", "agreement_withdrawn", "agreement_not_recorded")
"""Why a visit stays here for the family's sake. It says nothing of the child's other visits, which go on."""


# The family's answer, not a fault: nobody has to do anything about it.
NOT_AGREED = "not_agreed"


@dataclass(frozen=True)
class Outcome:
    """What became of one attempt.

    sent: the red book has it. retry: try again later, nothing is wrong with the message. dead: a person must look, the
    same bytes would be refused again. paused: nothing is wrong with the message, it waits for something a person does
    (a traced NHS number, a corrected password, the family's agreement).

    `detail` is plain words for a supervisor and never holds patient data. `reference` is the red book's own name for
    what it stored.
    """

    kind: OutcomeKind
    reason_code: str
    detail: str
    http_status: int | None = None
    retry_after_seconds: int | None = None
    reference: str | None = None


@dataclass(frozen=True)
class RecordChild:
    """The child as our record has it. sex is male, female, indeterminate or not_known."""

    given_name: str
    family_name: str
    sex: str
    birth_date: date
    nhs_number: str | None
    gestation_days: int | None


@dataclass(frozen=True)
class RecordAuthor:
    """Who made the visit: full name, and role in words ("Health visitor")."""

    name: str
    role: str


@dataclass(frozen=True)
class RecordOrganisation:
    """Who provides the service; ods_code is its NHS organisation code."""

    name: str
    ods_code: str


@dataclass(frozen=True)
class ApprovedRecord:
    """One approved revision of a visit, with everything a message may need and nothing looked up later.

    `form` is the form definition it was recorded with, as plain data; each field's visibility and red-book mapping are
    in it. `answers` and `derived` are the parts of the payload with those names; `growth_method` is what it
    was recorded with, None where that is not known. Times carry an offset.
    """

    visit_id: str
    revision_id: str
    contact_type: str
    encounter_code: str | None
    occurred_at: datetime
    ended_at: datetime | None
    place: str | None
    mode: str | None
    child: RecordChild
    author: RecordAuthor
    organisation: RecordOrganisation
    approved_at: datetime
    form: Mapping[str, Any]
    answers: Mapping[str, Any] = field(default_factory=dict)
    derived: Mapping[str, Any] = field(default_factory=dict)
    growth_method: ChartMethod | None = None


def red_book_agreed(answers: Mapping[str, Any]) -> bool | None:
    """Whether the family agreed to the red book; None when the visit does not say."""
    given = answers.get("share_consent")
    agreed = given.get("red_book") if isinstance(given, Mapping) else None
    return agreed if isinstance(agreed, bool) else None


class Random(Protocol):
    """The one thing asked of random.Random, so that tests can choose the number."""

    def uniform(self, a: float, b: float, /) -> float: ...


def next_attempt_at(
    attempts: int, now: datetime, rng: Random, retry_after_seconds: int | None = None
) -> datetime:
    """When to try again after `attempts` tries (1 or more).

    Exponential with full jitter, never more than 15 minutes, so that a red book coming back is not met by every
    waiting message at once. A wait the red book asked for is kept, up to an hour, with the jitter on top.
    """
    doublings = min(max(attempts, 1) - 1, 16)
    ceiling = min(FIRST_RETRY * 2**doublings, LONGEST_RETRY)
    jitter = timedelta(seconds=max(1.0, rng.uniform(0, ceiling.total_seconds())))
    asked = timedelta(seconds=max(0, retry_after_seconds or 0))
    return now + min(asked, LONGEST_OBEYED_WAIT) + jitter


def should_give_up(first_attempt_at: datetime, now: datetime) -> bool:
    """A day without success is a matter for a person: the message becomes a dead letter."""
    return now - first_attempt_at >= GIVE_UP_AFTER


def given_up(last: Outcome) -> Outcome:
    """The dead letter that a retry turns into after a day, keeping the last reason in its words."""
    return Outcome(
        kind="dead",
        reason_code="gave_up",
        detail=f"The red book could not be reached for a day, so sending stopped. The last attempt: {last.detail}",
        http_status=last.http_status,
    )
