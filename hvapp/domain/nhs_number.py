"""NHS numbers: is it one, and how it is written. `static/src/lib/nhs-number.js` gives the same answers."""

from nhs_number.standardise import standardise_format
from nhs_number.validate import is_valid

_BLANK = " \t\r\n"


def valid(number: str) -> bool:
    """Whether the ten digits pass the modulus 11 check; written together, or 3-3-4 with spaces or hyphens."""
    return _is_plain(number) and is_valid(number)


def normalise_nhs_number(number: str) -> str | None:
    """The ten digits of a valid number, else None."""
    return standardise_format(number) if valid(number) else None


def format_nhs_number(number: str) -> str:
    """Written the NHS way, "999 123 4567"; anything that is not ten digits comes back as it was."""
    digits = standardise_format(number) if _is_plain(number) else ""
    return f"{digits[:3]} {digits[3:6]} {digits[6:]}" if digits else number


def _is_plain(number: str) -> bool:
    """Whether nothing but ordinary blanks stand around it: JavaScript and Python trim others differently."""
    return number.isascii() and number.strip() == number.strip(_BLANK)
