"""The forms of the pages where things are sorted out."""

from datetime import date

from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField

from hvapp.domain.forms.answers import read_date
from hvapp.web.presenters import Problem


class WhyForm(FlaskForm):  # type: ignore[misc]
    """Any act that asks for a reason."""

    why = StringField("Why")


class PileForm(WhyForm):
    reason = HiddenField()
    tablet = HiddenField()
    sender = HiddenField()


class SearchForm(FlaskForm):  # type: ignore[misc]
    """Looking for a child. Sent, not linked: names have no place in an address."""

    text = StringField("Name or NHS number", default="")
    day = StringField("Day", default="")
    month = StringField("Month", default="")
    year = StringField("Year", default="")

    def born(self) -> date | None:
        """The date of birth, where one was entered and is a real one."""
        parts = [(one.data or "").strip() for one in (self.year, self.month, self.day)]
        if not all(part.isascii() and part.isdecimal() for part in parts):
            return None
        return read_date("-".join(part.zfill(2) for part in parts))

    def problem(self) -> Problem | None:
        if any((one.data or "").strip() for one in (self.day, self.month, self.year)) and not self.born():
            return Problem("Enter a real date of birth, like 3 5 2026.", "born-day")
        return None


class FileForm(FlaskForm):  # type: ignore[misc]
    child_id = HiddenField()


class SettleForm(FlaskForm):  # type: ignore[misc]
    """The choices themselves are named by the visit's answers; see `sorting.settle`."""

    heads = HiddenField()
