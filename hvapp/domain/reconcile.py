"""What the server makes of a revision. Clinical work is never refused: what looks wrong is kept and flagged."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from hvapp.domain.submissions import Submission

LATE_AFTER = timedelta(hours=24)
CLOCK_TOLERANCE = timedelta(minutes=5)


class Flag(StrEnum):
    """Why a person should look twice. The first group keeps a revision from ordinary review."""

    UNKNOWN_CHILD = "unknown_child"
    UNKNOWN_FORM = "unknown_form"
    FORM_CHANGED = "form_changed"
    OTHER_AUTHOR = "other_author"
    OTHER_CHILD = "other_child"

    NOT_ALLOCATED = "not_allocated"
    ORPHAN = "orphan"
    STALE_BASE = "stale_base"
    FUTURE_DATED = "future_dated"
    LATE_ENTRY = "late_entry"
    CLOCK_OFF = "clock_off"
    INVALID_ANSWERS = "invalid_answers"
    GROWTH_DIFFERS = "growth_differs"
    RED_ALERT = "red_alert"
    AMBER_ALERT = "amber_alert"


QUARANTINING = frozenset(
    {Flag.UNKNOWN_CHILD, Flag.UNKNOWN_FORM, Flag.FORM_CHANGED, Flag.OTHER_AUTHOR, Flag.OTHER_CHILD}
)

FLAG_WORDS = {
    Flag.UNKNOWN_CHILD: "The child is not on this service’s records",
    Flag.UNKNOWN_FORM: "Recorded on a form this server does not know",
    Flag.FORM_CHANGED: "The form on the tablet was not the published one",
    Flag.OTHER_AUTHOR: "The visit was begun by another visitor",
    Flag.OTHER_CHILD: "An earlier version of this visit was about another child",
    Flag.NOT_ALLOCATED: "The child is not on this visitor’s caseload",
    Flag.ORPHAN: "An earlier version of this visit has not arrived yet",
    Flag.STALE_BASE: "Changed on two tablets: compare the versions",
    Flag.FUTURE_DATED: "The visit is dated in the future",
    Flag.LATE_ENTRY: "Recorded more than 24 hours after the visit",
    Flag.CLOCK_OFF: "The tablet’s clock was wrong",
    Flag.INVALID_ANSWERS: "Some answers do not meet the form’s rules",
    Flag.GROWTH_DIFFERS: "The centile shown on the tablet differs from the server’s",
    Flag.RED_ALERT: "Red alert",
    Flag.AMBER_ALERT: "Amber alert",
}

# How badly a supervisor should see it first; absent means 0.
FLAG_WEIGHT = {
    Flag.RED_ALERT: 100,
    Flag.STALE_BASE: 60,
    Flag.INVALID_ANSWERS: 50,
    Flag.FUTURE_DATED: 40,
    Flag.GROWTH_DIFFERS: 40,
    Flag.NOT_ALLOCATED: 30,
    Flag.AMBER_ALERT: 20,
    Flag.LATE_ENTRY: 10,
}


@dataclass(frozen=True)
class Known:
    """What the server knew when the revision arrived."""

    child_known: bool
    allocated: bool
    form_known: bool
    form_hash: str | None
    visit_author_id: str | None  # None: a new visit
    visit_child_ref: str | None
    head_rev: str | None
    parent_known: bool
    form_contact_type: str | None = None


def reconcile(submission: Submission, known: Known, *, author_id: str, now: datetime) -> list[Flag]:
    """The flags of a new revision, in the order of the Flag list."""
    flags: set[Flag] = set()
    if not known.child_known:
        flags.add(Flag.UNKNOWN_CHILD)
    elif not known.allocated:
        flags.add(Flag.NOT_ALLOCATED)
    if not known.form_known:
        flags.add(Flag.UNKNOWN_FORM)
    else:
        # Calling itself another contact than its form is for, it would count as that one once approved.
        other_contact = known.form_contact_type not in (None, submission.contact_type)
        if other_contact or known.form_hash != submission.definition_hash:
            flags.add(Flag.FORM_CHANGED)
    if known.visit_author_id not in (None, author_id):
        flags.add(Flag.OTHER_AUTHOR)
    if known.visit_child_ref not in (None, submission.child_id):
        flags.add(Flag.OTHER_CHILD)
    if submission.parent_rev is not None and not known.parent_known:
        flags.add(Flag.ORPHAN)
    elif known.head_rev is not None and submission.parent_rev != known.head_rev:
        flags.add(Flag.STALE_BASE)
    if submission.occurred_at > now + CLOCK_TOLERANCE:
        flags.add(Flag.FUTURE_DATED)
    first_version = submission.parent_rev is None
    if first_version and submission.sealed_at - submission.occurred_at > LATE_AFTER:
        flags.add(Flag.LATE_ENTRY)
    offset = submission.clock_offset_ms
    if offset is not None and abs(offset) > CLOCK_TOLERANCE / timedelta(milliseconds=1):
        flags.add(Flag.CLOCK_OFF)
    return [flag for flag in Flag if flag in flags]
