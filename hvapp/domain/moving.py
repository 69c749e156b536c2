"""A child who has moved out of the area: nothing is due here once the new service has confirmed that it has them."""

from datetime import date

from hvapp.domain.errors import Invalid

LONGEST_SERVICE = 120


def check_moving_out(to: str, on: date, *, confirmed: bool, born: date | None, today: date) -> str:
    """The new service's name, tidied. Raises Invalid, whose code is the field to mend."""
    name = " ".join(to.split())
    if not name:
        raise Invalid("Enter the service that looks after the child now.", "to")
    if len(name) > LONGEST_SERVICE:
        raise Invalid(f"Keep the name of the service to {LONGEST_SERVICE} characters.", "to")
    if on > today or (born is not None and on < born):
        raise Invalid("The day must be between the date of birth and today.", "moved-day")
    if not confirmed:
        raise Invalid(
            "Until the new service has confirmed that it has the child, the child stays on the lists here.",
            "confirmed",
        )
    return name
