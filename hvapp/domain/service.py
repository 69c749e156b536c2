"""What a provider decides once for all its teams, and its tablets know with no connection."""

import re
from dataclasses import asdict, dataclass
from typing import Any, get_args

from hvapp.domain.errors import Invalid
from hvapp.domain.growth import ChartMethod

LONGEST_NAME = 100

_PHONE = re.compile(r"\+?[0-9 ()-]+")
_DIGITS = range(3, 16)
"""From a short number on a hospital's own exchange to the longest there is (ITU-T E.164)."""


@dataclass(frozen=True)
class ServiceSettings:
    """The name and number are empty until somebody has entered them."""

    safeguarding_name: str = ""
    safeguarding_phone: str = ""
    home_vaccination: bool = False
    growth_method: ChartMethod = "digital"

    def for_tablet(self) -> dict[str, Any]:
        return asdict(self)


def check_settings(
    *, safeguarding_name: str, safeguarding_phone: str, home_vaccination: bool, growth_method: str
) -> ServiceSettings:
    """Raises Invalid, whose code is the field to mend."""
    name, phone = " ".join(safeguarding_name.split()), " ".join(safeguarding_phone.split())
    if not name:
        raise Invalid(
            "Enter what the safeguarding team is called, like Acre Valley safeguarding team.",
            "safeguarding_name",
        )
    if len(name) > LONGEST_NAME:
        raise Invalid(
            f"The name of the safeguarding team must be {LONGEST_NAME} characters or fewer.",
            "safeguarding_name",
        )
    if not _PHONE.fullmatch(phone) or sum(one.isdigit() for one in phone) not in _DIGITS:
        raise Invalid(
            "Enter the safeguarding team’s phone number, like 01632 960 001. "
            "Tablets show it where a child may be at risk.",
            "safeguarding_phone",
        )
    for method in get_args(ChartMethod):
        if method == growth_method:
            return ServiceSettings(name, phone, home_vaccination, method)
    raise Invalid("Choose how growth is corrected for gestation.", "growth_method")
