"""Recording that a child has died, or a baby before its birth: two people's work, as a mistake would reach a family."""

from datetime import date, timedelta

from hvapp.domain.errors import Invalid, NotAllowed


def check_date_of_death(died_on: date, *, born: date | None, today: date) -> None:
    if died_on > today or (born is not None and died_on < born):
        raise Invalid("The date of death must be between the date of birth and today.", "wrong_date")


# From the first day that a pregnancy is counted from, to the longest that the forms know of.
_FROM, _TO = timedelta(weeks=-40), timedelta(weeks=4)


def check_end_of_pregnancy(ended_on: date, *, edd: date, today: date) -> None:
    if ended_on > today or not edd + _FROM <= ended_on <= edd + _TO:
        raise Invalid(
            "The day it ended must be within this pregnancy, by its due date, and not after today.",
            "wrong_date",
        )


def check_second_person(by_id: str, marked_by_id: str) -> None:
    if by_id == marked_by_id:
        raise NotAllowed(
            "You recorded this yourself, so another supervisor or administrator has to confirm it. "
            "Nothing was changed.",
            "own_mark",
        )
