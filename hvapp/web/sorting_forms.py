"""The forms of the pages where things are sorted out."""

from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar

from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField

from hvapp.domain.accounts import Account
from hvapp.domain.errors import Invalid
from hvapp.domain.forms.answers import read_date
from hvapp.extensions import db
from hvapp.services.pregnancies import FoundPregnancy, find_pregnancies
from hvapp.services.sorting import FoundChild, find_children
from hvapp.web.presenters import Problem

_Found = TypeVar("_Found")


class WhyForm(FlaskForm):  # type: ignore[misc]
    """Any act that asks for a reason."""

    why = StringField("Why")


class PileForm(WhyForm):
    reason = HiddenField()
    tablet = HiddenField()
    sender = HiddenField()


class DayForm(FlaskForm):  # type: ignore[misc]
    """A date in the three fields of an NHS date input."""

    day = StringField("Day", default="")
    month = StringField("Month", default="")
    year = StringField("Year", default="")

    def read_day(self) -> date | None:
        """The date, where one was entered and is a real one."""
        parts = [(one.data or "").strip() for one in (self.year, self.month, self.day)]
        if not all(part.isascii() and part.isdecimal() for part in parts):
            return None
        return read_date("-".join(part.zfill(2) for part in parts))


class _LookingForm(DayForm):
    """Sent, not linked: names have no place in an address."""

    text = StringField("Name or NHS number", default="")

    def _look(
        self,
        look: Callable[[Any, Account, str, date | None], list[_Found]],
        by: Account,
        no_day: Problem,
        text_field: str,
    ) -> tuple[list[_Found] | None, Problem | None]:
        if any((one.data or "").strip() for one in (self.day, self.month, self.year)) and not self.read_day():
            return None, no_day
        try:
            return look(db.session, by, self.text.data or "", self.read_day()), None
        except Invalid as error:
            return None, Problem(error.message, text_field)


class SearchForm(_LookingForm):
    """Looking for a child, by date of birth too."""

    def find(self, by: Account) -> tuple[list[FoundChild] | None, Problem | None]:
        """What was found, or what to mend before anything can be."""
        no_day = Problem("Enter a real date of birth, like 3 5 2026.", "born-day")
        return self._look(find_children, by, no_day, "text")


class PregnancySearchForm(_LookingForm):
    """Looking for a pregnancy by the mother, by due date too."""

    def find(self, by: Account) -> tuple[list[FoundPregnancy] | None, Problem | None]:
        no_day = Problem("Enter a real due date, like 3 5 2026.", "due-day")
        return self._look(find_pregnancies, by, no_day, "mother")


class FileForm(FlaskForm):  # type: ignore[misc]
    child_id = HiddenField()
    pregnancy_id = HiddenField()


class SettleForm(FlaskForm):  # type: ignore[misc]
    """The choices themselves are named by the visit's answers; see `sorting.settle`."""

    heads = HiddenField()
