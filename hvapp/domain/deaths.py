"""Recording that a child has died: two people's work, because a mistake would reach a family."""

from datetime import date

from hvapp.domain.errors import Invalid, NotAllowed


def check_date_of_death(died_on: date, *, born: date | None, today: date) -> None:
    if died_on > today or (born is not None and died_on < born):
        raise Invalid("The date of death must be between the date of birth and today.", "wrong_date")


def check_second_person(by_id: str, marked_by_id: str) -> None:
    if by_id == marked_by_id:
        raise NotAllowed(
            "You recorded this yourself, so another supervisor or administrator has to confirm it. "
            "Nothing was changed.",
            "own_mark",
        )
