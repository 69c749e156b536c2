"""The life of a visit on the server, and who may move it on."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from hvapp.domain.accounts import Account, Role
from hvapp.domain.contacts import contact_rules
from hvapp.domain.errors import Conflict, Invalid, NotAllowed, NotFound
from hvapp.domain.photos import missing_words
from hvapp.domain.reconcile import QUARANTINING, Flag


class VisitState(StrEnum):
    QUARANTINED = "quarantined"  # kept, but cannot be filed without a person
    TWO_VERSIONS = "two_versions"  # changed on two tablets, and a person has to choose
    RECEIVED = "received"
    RETURNED = "returned"
    APPROVED = "approved"
    IN_RED_BOOK = "in_red_book"
    RED_BOOK_FAILED = "red_book_failed"
    NOT_SHARED = "not_shared"  # the family did not agree to the red book, or the contact is not for it
    SET_ASIDE = "set_aside"  # kept, and not to be counted: made by mistake, or about somebody else
    WITHDRAWAL = (
        "withdrawal"  # its author withdraws it, and a person has to agree: it was approved, or changed since
    )
    WITHDRAWN = "withdrawn"  # kept, and not to be counted: its author said so


STATE_WORDS = {
    VisitState.QUARANTINED: "Needs sorting out",
    VisitState.TWO_VERSIONS: "Two versions to settle",
    VisitState.RECEIVED: "To review",
    VisitState.RETURNED: "Returned",
    VisitState.APPROVED: "Approved, waiting for the red book",
    VisitState.IN_RED_BOOK: "In the red book",
    VisitState.RED_BOOK_FAILED: "Red book: needs attention",
    VisitState.NOT_SHARED: "Approved, not shared with the red book",
    VisitState.SET_ASIDE: "Set aside",
    VisitState.WITHDRAWAL: "Withdrawal to agree to",
    VisitState.WITHDRAWN: "Withdrawn by the visitor",
}

AWAITING_REVIEW = (
    VisitState.RECEIVED,
    VisitState.TWO_VERSIONS,
    VisitState.QUARANTINED,
    VisitState.WITHDRAWAL,
)
IN_HAND = (*AWAITING_REVIEW, VisitState.RETURNED)
"""The record does not say yet what came of it."""
NOT_COUNTED = (VisitState.SET_ASIDE, VisitState.WITHDRAWN)
"""Kept, and off the record."""
AFTER_APPROVAL = (
    VisitState.APPROVED,
    VisitState.IN_RED_BOOK,
    VisitState.RED_BOOK_FAILED,
    VisitState.NOT_SHARED,
)
DECIDED = (VisitState.RETURNED, *AFTER_APPROVAL)

LONGEST_COMMENT = 2000
LONGEST_QUERY = 500
LONGEST_REASON = 200


@dataclass(frozen=True)
class Query:
    """A supervisor's question about one answer."""

    field_id: str
    comment: str

    def as_json(self) -> dict[str, str]:
        return {"field_id": self.field_id, "comment": self.comment}


def check_may_decide(
    reviewer: Account,
    *,
    author_id: str,
    team_id: str,
    state: VisitState,
    head_rev: str,
    seen_rev: str,
    on: VisitState = VisitState.RECEIVED,
) -> None:
    """Raise a DomainError that says why this reviewer may not decide on this visit now.

    `on`: in which state it can be decided: a visit that was received, or one that its author withdraws.
    """
    if reviewer.role is not Role.SUPERVISOR:
        raise NotAllowed("Only a supervisor can review visits.")
    if reviewer.team.id != team_id:
        raise NotAllowed("This visit belongs to another team. Its own supervisor reviews it.")
    if reviewer.id == author_id:
        raise NotAllowed(
            "You recorded this visit yourself, so another supervisor must review it.", "own_visit"
        )
    if head_rev != seen_rev:
        raise Conflict(
            "A newer version of this visit arrived while you were reading. Nothing was decided. "
            "Read the newer version below and decide again."
        )
    if state is on:
        return
    if state is VisitState.QUARANTINED:
        raise Conflict(
            "This visit has to be sorted out before it can be reviewed. It is kept safe meanwhile."
        )
    if state is VisitState.TWO_VERSIONS:
        raise Conflict(
            "This visit was changed on two tablets. Both versions are safe. Choose between their answers first."
        )
    if state is VisitState.WITHDRAWAL:
        raise Conflict(
            "The visitor has withdrawn this visit. Nothing was decided. Agree to that, or keep the visit."
        )
    if state is VisitState.RECEIVED:
        raise Conflict("This visit is not withdrawn any more. Nothing was decided. Review it as it is below.")
    raise Conflict(f"This visit was already decided: {STATE_WORDS[state].lower()}.")


def check_return(comment: str, questions: int = 0) -> str:
    """The comment, tidied. A visit is never sent back without saying why; questions on single answers say it too."""
    text = comment.strip()
    if not text and questions:
        return (
            "There is a question about one of your answers."
            if questions == 1
            else (f"There are questions about {questions} of your answers.")
        )
    if not text:
        raise Invalid("Say what you would like the visitor to look at.", "comment_missing")
    if len(text) > LONGEST_COMMENT:
        raise Invalid(f"Keep the comment to {LONGEST_COMMENT:,} characters.", "comment_too_long")
    return text


def check_queries(queries: list[Query]) -> None:
    """Every question is about an answer, and asks something."""
    for query in queries:
        if not query.field_id or not query.comment.strip():
            raise Invalid("Choose the answer and write the question about it.", "query_incomplete")
        if len(query.comment) > LONGEST_QUERY:
            raise Invalid(f"Keep each question to {LONGEST_QUERY} characters.", "query_too_long")


def check_reason(reason: str) -> str:
    """Why a restricted part is opened, tidied; it is kept in the audit trail."""
    text = " ".join(reason.split())
    if not text:
        raise Invalid("Say why you need to open the restricted part.", "reason_missing")
    if len(text) > LONGEST_REASON:
        raise Invalid(f"Keep the reason to {LONGEST_REASON} characters.", "reason_too_long")
    return text


FORM_FLAGS = frozenset({Flag.UNKNOWN_FORM.value, Flag.FORM_CHANGED.value})
"""Why a visit cannot be read by the form it names."""

UNDOABLE = frozenset(
    {
        "filed_under_child",
        "filed_under_pregnancy",
        "filed_under_form",
        "visit_set_aside",
        "version_accepted",
        "items_set_aside",
    }
)
"""What a supervisor did in sorting out that can be taken back."""

DECEASED = "deceased"
"""Among what has to be looked at before approving: that the child has died."""


def happens_once(contact_type: str) -> bool:
    """Whether a child has this contact once: it has a time of its own. Targeted visits, say, may be many."""
    return any(one.contact_type == contact_type and one.window for one in contact_rules().contacts)


def check_seen(needed: Collection[str], seen: Collection[str]) -> None:
    """What must not be overlooked was looked at. It asks for one more step; it does not refuse."""
    if not set(needed) <= set(seen):
        raise Invalid(
            "Nothing was decided yet. First look at what is listed above the Approve button, and say so there.",
            "look_first",
        )


def check_read(*, needed: bool, opened: bool) -> None:
    """A visit of the safeguarding queue is read in full by whoever approves it (rule SG2)."""
    if needed and not opened:
        raise Invalid(
            "Nothing was decided. This visit is in the safeguarding queue: open its restricted parts and read them "
            "before you approve it.",
            "read_first",
        )


def check_photos(missing: int, without: str) -> str | None:
    """Whether a visit may be approved with so many photos not here: only by saying why one goes on without them.

    The words to keep with the decision; None where nothing is missing. Raises Invalid.
    """
    if missing == 0:
        return None
    text = " ".join(without.split())
    if not text:
        them = "it" if missing == 1 else "them"
        words = f"{missing_words(missing)} Wait for {them}, or say why you go on without {them}."
        raise Invalid(words, "photos_missing")
    if len(text) > LONGEST_REASON:
        raise Invalid(f"Keep the reason to {LONGEST_REASON} characters.", "photos_missing")
    return f"Without {missing} {'photo' if missing == 1 else 'photos'} that did not arrive: {text}"


def standing_flags(
    flags: Iterable[str], *, state: VisitState, beside: bool, deceased: bool
) -> tuple[Flag, ...]:
    """The flags of a visit's present version, with what may have changed around it since."""
    now = {
        Flag.STALE_BASE: state is VisitState.TWO_VERSIONS,
        Flag.SAME_CONTACT: beside,
        Flag.CHILD_DECEASED: deceased,
        Flag.WITHDRAWAL: state is VisitState.WITHDRAWAL,
    }
    found = {Flag(flag) for flag in flags} - now.keys() | {flag for flag, holds in now.items() if holds}
    return tuple(flag for flag in Flag if flag in found)


def check_may_sort(by: Account, *, author_ids: Collection[str], team_id: str) -> None:
    """Raise a DomainError that says why this person may not sort this out: the same rule as for approving."""
    if by.role is not Role.SUPERVISOR or by.team.id != team_id:
        raise NotFound("There is nothing like that to sort out in your team.")
    if by.id in author_ids:
        raise NotAllowed(
            "You recorded this yourself, so another supervisor must sort it out. It is kept safe meanwhile.",
            "own_visit",
        )


def check_why(reason: str) -> str:
    """Why something is set aside, tidied; it is kept with the visit and on the audit trail."""
    text = " ".join(reason.split())
    if not text:
        raise Invalid("Say why, so that whoever reads this later understands.", "reason_missing")
    if len(text) > LONGEST_REASON:
        raise Invalid(f"Keep the reason to {LONGEST_REASON} characters.", "reason_too_long")
    return text


def state_of_versions(flags: Iterable[str], *, in_conflict: bool) -> VisitState:
    """Where a visit stands while nobody has decided on its present version; `flags` are those nobody has let pass."""
    if not QUARANTINING.isdisjoint(flags):
        return VisitState.QUARANTINED
    return VisitState.TWO_VERSIONS if in_conflict else VisitState.RECEIVED


def state_of_withdrawal(*, agreed: bool, on_record: bool, changed: bool) -> VisitState:
    """Where a visit stands whose author has withdrawn it: at once, or once a person has agreed.

    A person is asked where it is on the child's record already, or where another version of it knows nothing of the
    withdrawal (`changed`).
    """
    return VisitState.WITHDRAWAL if not agreed and (on_record or changed) else VisitState.WITHDRAWN
