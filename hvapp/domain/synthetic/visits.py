"""New birth visits that were recorded on a tablet: which, when, and what has become of them since."""

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hvapp.domain.accounts import Role
from hvapp.domain.synthetic.curves import reading
from hvapp.domain.synthetic.draw import Draw
from hvapp.domain.synthetic.families import Born, Town
from hvapp.domain.synthetic.history import build_of, on_a_weekday
from hvapp.domain.synthetic.model import Measurement, RecordedVisit, Staff, VisitStep

_ENGLAND = ZoneInfo("Europe/London")
_LENGTH_OF_VISIT = timedelta(minutes=47)
_CHECKING = timedelta(minutes=4)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Story:
    """When a visit took place, and what followed: what, how many days later, and at what time of day."""

    days_ago: int
    starts: time
    steps: tuple[tuple[str, int, time], ...]
    written_later: bool = False


_SENT = ("sent", 0, time(16, 40))
STORIES = {
    "clean": Story(1, time(10, 5), (_SENT,)),
    "weight loss": Story(1, time(13, 30), (_SENT,)),
    "small": Story(2, time(11, 15), (_SENT,)),
    "returned": Story(3, time(11, 0), (_SENT, ("returned", 1, time(17, 20)))),
    "late entry": Story(4, time(15, 10), (("sent", 2, time(18, 5)),), written_later=True),
    "sent again": Story(5, time(9, 40), (_SENT, ("returned", 1, time(17, 10)), ("sent", 2, time(17, 50)))),
    "approved": Story(7, time(14, 0), (_SENT, ("approved", 1, time(17, 30)))),
}
# What share of the weight at birth is left, where that is the story.
_WEIGHT_LEFT = {"weight loss": Decimal("0.883")}


def plan_visits(
    draw: Draw, town: Town, measurements: tuple[Measurement, ...], staff: tuple[Staff, ...], today: date
) -> tuple[RecordedVisit, ...]:
    """The visits of all births that have a story; all of them took place before today."""
    at_birth = {one.child_id: one.value for one in measurements if one.at_birth and one.kind == "weight"}
    return tuple(
        _visit(draw, born, born.birth.story, at_birth[born.child.id], staff, today)
        for born in town.born
        if born.birth.story is not None
    )


def _visit(
    draw: Draw, born: Born, name: str, birth_weight: Decimal, staff: tuple[Staff, ...], today: date
) -> RecordedVisit:
    story = STORIES[name]
    child = born.child
    day = on_a_weekday(today - timedelta(days=story.days_ago), born.birth_date)
    started = _instant(day, story.starts)
    ended = started + _LENGTH_OF_VISIT
    author = next(one for one in staff if one.id == child.named_visitor_id)
    reviewer = next(
        one for one in staff if one.team_id == author.team_id and one.role == Role.SUPERVISOR.value
    )
    age = (day - born.birth_date).days
    rng, build = draw.stream(f"visit/{child.id}"), build_of(draw, born)
    weight = reading(rng, build, "weight", age)
    if name in _WEIGHT_LEFT:
        weight = f"{birth_weight * _WEIGHT_LEFT[name]:.3f}"
    return RecordedVisit(
        visit_id=_tablet_id(draw, started, f"visit/{child.id}"),
        device_id=_tablet_id(draw, started - timedelta(days=90), f"device/{author.id}"),
        child_id=child.id,
        author_id=author.id,
        reviewer_id=reviewer.id,
        story=name,
        started_at=started,
        ended_at=ended,
        weight_kg=weight,
        ofc_cm=reading(rng, build, "ofc", age),
        length_cm=reading(rng, build, "length", age),
        steps=_steps(draw, child.id, day, ended + _CHECKING, story),
    )


def _steps(draw: Draw, child_id: str, day: date, completed: datetime, story: Story) -> tuple[VisitStep, ...]:
    steps: list[VisitStep] = []
    revision_id = ""
    for kind, days_later, clock in story.steps:
        at = _instant(day + timedelta(days=days_later), clock)
        sealed = None
        if kind == "sent":
            sealed = at - _CHECKING if steps or story.written_later else completed
            revision_id = _tablet_id(draw, sealed, f"revision/{child_id}/{len(steps)}")
        steps.append(VisitStep(kind, at, revision_id, sealed))
    return tuple(steps)


def _instant(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, _ENGLAND)


def _tablet_id(draw: Draw, made_at: datetime, name: str) -> str:
    """A version 7 UUID as tablets make them: the time in milliseconds, then (here) what the seed gives."""
    chance = uuid.UUID(draw.id("tablet", name)).int
    milliseconds = (made_at - datetime.fromtimestamp(0, UTC)) // _MILLISECOND
    value = milliseconds << 80 | 7 << 76 | (chance >> 64 & 0xFFF) << 64 | 2 << 62 | chance & (1 << 62) - 1
    return str(uuid.UUID(int=value))
