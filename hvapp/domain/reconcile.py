"""What the server makes of a revision. Clinical work is never refused: what looks wrong is kept and flagged."""

from collections.abc import Iterable
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

    WITHDRAWAL = "withdrawal"
    CHILD_DECEASED = "child_deceased"
    CHILD_MERGED = "child_merged"
    NOT_ALLOCATED = "not_allocated"
    REVOKED_TABLET = "revoked_tablet"
    SAME_CONTACT = "same_contact"
    ORPHAN = "orphan"
    STALE_BASE = "stale_base"
    MERGED = "merged"
    OLD_FORM = "old_form"
    FUTURE_DATED = "future_dated"
    LATE_ENTRY = "late_entry"
    CLOCK_OFF = "clock_off"
    INVALID_ANSWERS = "invalid_answers"
    GROWTH_DIFFERS = "growth_differs"
    ALERTS_DIFFER = "alerts_differ"
    ALERT_OVERRIDDEN = "alert_overridden"
    SAFEGUARDING = "safeguarding"
    RED_ALERT = "red_alert"
    AMBER_ALERT = "amber_alert"


QUARANTINING = frozenset(
    {Flag.UNKNOWN_CHILD, Flag.UNKNOWN_FORM, Flag.FORM_CHANGED, Flag.OTHER_AUTHOR, Flag.OTHER_CHILD}
)

# Work that belongs to somebody or something else: never a version of the visit it names until a person says so.
NOT_ITS_OWN = frozenset({Flag.OTHER_AUTHOR, Flag.OTHER_CHILD})

FLAG_WORDS = {
    Flag.UNKNOWN_CHILD: "The child or pregnancy is not on this service’s records",
    Flag.UNKNOWN_FORM: "Recorded on a form this server does not know",
    Flag.FORM_CHANGED: "The form on the tablet was not the published one",
    Flag.OTHER_AUTHOR: "The visit was begun by another visitor",
    Flag.OTHER_CHILD: "An earlier version of this visit was about another child",
    Flag.WITHDRAWAL: "The visitor withdraws this visit: agree, or keep it",
    Flag.CHILD_DECEASED: "The child has died",
    Flag.CHILD_MERGED: "Sent under another record, for which this one stands now",
    Flag.NOT_ALLOCATED: "The child is not on this visitor’s caseload",
    Flag.REVOKED_TABLET: "Sent by a tablet that was reported lost or taken out of use",
    Flag.SAME_CONTACT: "Another visit for the same contact is on file",
    Flag.ORPHAN: "An earlier version of this visit has not arrived yet",
    Flag.STALE_BASE: "Changed on two tablets: choose between the answers",
    Flag.MERGED: "Answers of two tablets were put together",
    Flag.OLD_FORM: "Recorded on an earlier version of the form",
    Flag.FUTURE_DATED: "The visit is dated in the future",
    Flag.LATE_ENTRY: "Recorded more than 24 hours after the visit",
    Flag.CLOCK_OFF: "The tablet’s clock was wrong",
    Flag.INVALID_ANSWERS: "Some answers do not meet the form’s rules",
    Flag.GROWTH_DIFFERS: "The centile shown on the tablet differs from the server’s",
    Flag.ALERTS_DIFFER: "The tablet’s alerts differ from the server’s",
    Flag.ALERT_OVERRIDDEN: "The visitor says that an alert does not apply",
    Flag.SAFEGUARDING: "Safeguarding: to be read in full",
    Flag.RED_ALERT: "Red alert",
    Flag.AMBER_ALERT: "Amber alert",
}

# How badly a supervisor should see it first; absent means 0.
FLAG_WEIGHT = {
    Flag.RED_ALERT: 100,
    Flag.SAFEGUARDING: 95,
    Flag.CHILD_DECEASED: 90,
    Flag.WITHDRAWAL: 80,
    Flag.REVOKED_TABLET: 60,
    Flag.STALE_BASE: 60,
    Flag.INVALID_ANSWERS: 50,
    Flag.FUTURE_DATED: 40,
    Flag.GROWTH_DIFFERS: 40,
    Flag.ALERTS_DIFFER: 40,
    Flag.SAME_CONTACT: 40,
    Flag.ALERT_OVERRIDDEN: 30,
    Flag.NOT_ALLOCATED: 30,
    Flag.MERGED: 20,
    Flag.CHILD_MERGED: 10,
    Flag.AMBER_ALERT: 20,
    Flag.LATE_ENTRY: 10,
}


@dataclass(frozen=True)
class Known:
    """What the server knew when the revision arrived. Children are compared as who they are now."""

    child_known: bool
    allocated: bool
    form_known: bool
    form_hash: str | None
    visit_author_id: str | None  # None: a new visit
    other_child: bool = False
    child_merged: bool = False
    child_deceased: bool = False
    parent_known: bool = False
    form_contact_type: str | None = None
    newest_form_version: int = 0
    device_revoked: bool = False


def reconcile(submission: Submission, known: Known, *, author_id: str, now: datetime) -> list[Flag]:
    """The flags of a new revision by itself, in the order of the Flag list. How it stands to the other versions of its
    visit shows only once they are all there."""
    flags: set[Flag] = set()
    if not known.child_known:
        flags.add(Flag.UNKNOWN_CHILD)
    else:
        flags |= _about_child(known)
    if submission.withdrawal is not None:
        # It holds no answers for a form to explain.
        pass
    elif not known.form_known:
        flags.add(Flag.UNKNOWN_FORM)
    else:
        # Calling itself another contact than its form is for, it would count as that one once approved.
        other_contact = known.form_contact_type not in (None, submission.contact_type)
        if other_contact or known.form_hash != submission.definition_hash:
            flags.add(Flag.FORM_CHANGED)
        elif submission.form_version < known.newest_form_version:
            flags.add(Flag.OLD_FORM)
    if known.visit_author_id not in (None, author_id) or submission.author_id not in (None, author_id):
        flags.add(Flag.OTHER_AUTHOR)
    if known.other_child:
        flags.add(Flag.OTHER_CHILD)
    if known.device_revoked:
        flags.add(Flag.REVOKED_TABLET)
    if submission.parent_rev is not None and not known.parent_known:
        flags.add(Flag.ORPHAN)
    if submission.occurred_at > now + CLOCK_TOLERANCE:
        flags.add(Flag.FUTURE_DATED)
    first_version = submission.parent_rev is None
    if first_version and submission.sealed_at - submission.occurred_at > LATE_AFTER:
        flags.add(Flag.LATE_ENTRY)
    offset = submission.clock_offset_ms
    if offset is not None and abs(offset) > CLOCK_TOLERANCE / timedelta(milliseconds=1):
        flags.add(Flag.CLOCK_OFF)
    return [flag for flag in Flag if flag in flags] if flags else []


def in_order(flags: Iterable[str]) -> list[str]:
    """Each once, in the order of the Flag list."""
    given = set(flags)
    return [flag.value for flag in Flag if flag.value in given]


def stays_apart(flags: Iterable[Flag], *, visit_quarantined: bool, is_ancestor: bool) -> bool:
    """Whether a further version of a visit is kept beside it, for a person, and not taken for one of its versions.

    What an accepted version was made from is history whatever its form; what is another person's or child's never is.
    """
    found = set(flags)
    if not NOT_ITS_OWN.isdisjoint(found):
        return True
    return not QUARANTINING.isdisjoint(found) and not visit_quarantined and not is_ancestor


def _about_child(known: Known) -> set[Flag]:
    holds = {
        Flag.NOT_ALLOCATED: not known.allocated,
        Flag.CHILD_MERGED: known.child_merged,
        Flag.CHILD_DECEASED: known.child_deceased,
    }
    return {flag for flag, held in holds.items() if held}
