"""Reasons not to send an approved visit at all, found before anything is built.

None of them is a fault of the message, so each is `paused`: a person does something, and it is sent then.
"""

from hvapp.domain.nhs_number import valid
from hvapp.domain.redbook import NOT_AGREED, ApprovedRecord, MessageKind, Outcome, red_book_agreed


def hold(record: ApprovedRecord, kind: MessageKind) -> Outcome | None:
    """Why this visit stays here, or None when it may go. Taking it back needs no agreement of the family's."""
    return (None if kind == "delete" else _not_shared(record, kind)) or _not_traced(record)


def _not_shared(record: ApprovedRecord, kind: MessageKind) -> Outcome | None:
    if record.encounter_code is None:
        return Outcome("paused", "not_for_red_book", "This kind of contact does not go to the red book.")
    agreed = red_book_agreed(record.answers)
    if agreed is False and kind == "update":
        return Outcome(
            "paused",
            "agreement_withdrawn",
            "The family no longer agrees to share this visit with the red book. An earlier version of it may be there: "
            "ask the red book service to remove it.",
        )
    if agreed is False:
        return Outcome(
            "paused",
            NOT_AGREED,
            "The family did not agree to share this visit with the red book, so it was not sent. "
            "If they change their mind, record it in a new version of the visit.",
        )
    if agreed is None:
        return Outcome(
            "paused",
            "agreement_not_recorded",
            "The visit does not say whether the family agreed to share it with the red book, so it was not sent. "
            "Return it to the visitor to ask.",
        )
    return None


def _not_traced(record: ApprovedRecord) -> Outcome | None:
    number = record.child.nhs_number
    if number is None:
        return Outcome(
            "paused",
            "no_nhs_number",
            "The child has no NHS number yet. The visit is kept and can be sent once the number has been traced.",
        )
    if not (number.isdecimal() and valid(number)):
        return Outcome(
            "paused",
            "bad_nhs_number",
            "The child's NHS number is not a possible NHS number. Correct it in the child's record, then send again.",
        )
    return None
