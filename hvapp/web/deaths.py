"""Recording that a child has died, or that a pregnancy has ended without a live birth; a second person confirms it.

Each kind of record has these pages beneath it, in words of its own (templates/deaths).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField

from hvapp.domain.contacts import About
from hvapp.domain.deaths import check_date_of_death, check_end_of_pregnancy
from hvapp.domain.errors import Conflict, Invalid, NotAllowed
from hvapp.domain.forms.answers import read_date
from hvapp.extensions import db
from hvapp.services import child_records, deaths, pregnancies
from hvapp.services.child_records import ChildRecord
from hvapp.services.pregnancies import PregnancyRecord
from hvapp.web.access import KEEPERS, roles, signed_in
from hvapp.web.errors import STATUS
from hvapp.web.presenters import Problem
from hvapp.web.sorting_forms import DayForm

bp = Blueprint("deaths", __name__, url_prefix="/<record_id>/death")

Record = ChildRecord | PregnancyRecord


@dataclass(frozen=True)
class Words:
    missing: str
    confirmed: str
    taken_back: str
    undone: str


WORDS = {
    "child": Words(
        missing="Enter the date of death, like 3 5 2026.",
        confirmed="Confirmed. No contact is due for the child any more.",
        taken_back="Taken back. Nothing has changed for the child.",
        undone="Taken back. The child is on the lists again from each tablet’s next contact on.",
    ),
    "pregnancy": Words(
        missing="Enter the day it ended, like 3 5 2026.",
        confirmed="Confirmed. No contact is due in this pregnancy any more.",
        taken_back="Taken back. Nothing has changed for the family.",
        undone="Taken back. The pregnancy is on the lists again from each tablet’s next contact on.",
    ),
}


class MarkForm(FlaskForm):  # type: ignore[misc]
    died_on = HiddenField()


class ActForm(FlaskForm):  # type: ignore[misc]
    """`mark_id`: what the page showed, so that nothing newer is confirmed or taken back unseen."""

    mark_id = HiddenField(default="")
    why = StringField("Why", default="")


@bp.get("")
@roles(*KEEPERS)
def page(about: About, record_id: str) -> ResponseReturnValue:
    return _page(about, _open(about, record_id))


@bp.post("/check")
@roles(*KEEPERS)
def check(about: About, record_id: str) -> ResponseReturnValue:
    """Name the child or the mother once more before anything is written."""
    found, form, today = _open(about, record_id), DayForm(), datetime.now(UTC).date()
    died_on = form.read_day()
    if died_on is None:
        return _page(about, found, Problem(WORDS[about].missing, "died-day"), day=form, status=422)
    try:
        if isinstance(found, PregnancyRecord):
            check_end_of_pregnancy(died_on, edd=found.edd, today=today)
        else:
            check_date_of_death(died_on, born=found.birth_date, today=today)
    except Invalid as error:
        return _page(about, found, Problem(error.message, "died-day"), day=form, status=422)
    return render_template(
        "deaths/check.jinja", about=about, record=found, record_id=record_id, died_on=died_on
    )


@bp.post("")
@roles(*KEEPERS)
def mark(about: About, record_id: str) -> ResponseReturnValue:
    day = read_date(MarkForm().died_on.data or "")
    if day is None:
        return _page(about, _open(about, record_id), Problem(WORDS[about].missing, "died-day"), status=422)
    by, now = signed_in(), datetime.now(UTC)
    act = (
        partial(deaths.mark_death, died_on=day)
        if about == "child"
        else partial(deaths.mark_end, ended_on=day)
    )
    return _do(
        about,
        record_id,
        lambda: act(db.session, record_id, by=by, now=now),
        "Recorded. Nothing changes until another supervisor or administrator has confirmed it.",
    )


@bp.post("/confirm")
@roles(*KEEPERS)
def confirm(about: About, record_id: str) -> ResponseReturnValue:
    mark_id = ActForm().mark_id.data or ""
    return _do(
        about,
        record_id,
        lambda: deaths.confirm_mark(db.session, mark_id, by=signed_in(), now=datetime.now(UTC)),
        WORDS[about].confirmed,
    )


@bp.post("/take-back")
@roles(*KEEPERS)
def take_back(about: About, record_id: str) -> ResponseReturnValue:
    mark_id = ActForm().mark_id.data or ""
    return _do(
        about,
        record_id,
        lambda: deaths.take_back_mark(db.session, mark_id, by=signed_in(), now=datetime.now(UTC)),
        WORDS[about].taken_back,
    )


@bp.post("/undo")
@roles(*KEEPERS)
def undo(about: About, record_id: str) -> ResponseReturnValue:
    form = ActForm()
    mark_id, why = form.mark_id.data or "", form.why.data or ""
    return _do(
        about,
        record_id,
        lambda: deaths.undo_mark(db.session, mark_id, why=why, by=signed_in(), now=datetime.now(UTC)),
        WORDS[about].undone,
        why=why,
    )


def _do(
    about: About, record_id: str, act: Callable[[], None], told: str, *, why: str | None = None
) -> ResponseReturnValue:
    """Do it and say so; or the page as it stands now, with why not."""
    try:
        act()
    except (Conflict, Invalid, NotAllowed) as error:
        field = "why" if why is not None and isinstance(error, Invalid) else None
        problem = Problem(error.message, field)
        found = _open(about, record_id)
        return _page(about, found, problem, why=why or "", status=STATUS[type(error)])
    flash(told, "success")
    return redirect(url_for(".page", record_id=record_id))


def _open(about: About, record_id: str) -> Record:
    by, now = signed_in(), datetime.now(UTC)
    if about == "child":
        return child_records.open_record(db.session, record_id, by=by, now=now)
    return pregnancies.open_pregnancy(db.session, record_id, by=by, now=now)


def _page(
    about: About,
    found: Record,
    problem: Problem | None = None,
    *,
    day: DayForm | None = None,
    why: str = "",
    status: int = 200,
) -> ResponseReturnValue:
    record_id = found.pregnancy_id if isinstance(found, PregnancyRecord) else found.child_id
    page = render_template(
        "deaths/page.jinja",
        about=about,
        record=found,
        record_id=record_id,
        mark=deaths.mark_of(db.session, record_id, signed_in()),
        day=day or DayForm(formdata=None),
        why=why,
        problems=[problem] if problem else [],
    )
    return page, status
