"""Recording that a child has died, with a second person who confirms it, and taking that back."""

from collections.abc import Callable
from datetime import UTC, datetime

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField

from hvapp.domain.deaths import check_date_of_death
from hvapp.domain.errors import Conflict, Invalid, NotAllowed
from hvapp.domain.forms.answers import read_date
from hvapp.extensions import db
from hvapp.services import child_records, deaths
from hvapp.services.child_records import ChildRecord
from hvapp.web.access import KEEPERS, roles, signed_in
from hvapp.web.errors import STATUS
from hvapp.web.presenters import Problem
from hvapp.web.sorting_forms import DayForm

bp = Blueprint("deaths", __name__, url_prefix="/<child_id>/death")


MISSING = Problem("Enter the date of death, like 3 5 2026.", "died-day")


class MarkForm(FlaskForm):  # type: ignore[misc]
    died_on = HiddenField()


class ActForm(FlaskForm):  # type: ignore[misc]
    """`mark_id`: what the page showed, so that nothing newer is confirmed or taken back unseen."""

    mark_id = HiddenField(default="")
    why = StringField("Why", default="")


@bp.get("")
@roles(*KEEPERS)
def page(child_id: str) -> ResponseReturnValue:
    return _page(_open(child_id))


@bp.post("/check")
@roles(*KEEPERS)
def check(child_id: str) -> ResponseReturnValue:
    """Name the child once more before anything is written."""
    found, form = _open(child_id), DayForm()
    died_on = form.read_day()
    if died_on is None:
        return _page(found, MISSING, day=form, status=422)
    try:
        check_date_of_death(died_on, born=found.birth_date, today=datetime.now(UTC).date())
    except Invalid as error:
        return _page(found, Problem(error.message, "died-day"), day=form, status=422)
    return render_template("children/death_check.jinja", child=found, died_on=died_on)


@bp.post("")
@roles(*KEEPERS)
def mark(child_id: str) -> ResponseReturnValue:
    died_on = read_date(MarkForm().died_on.data or "")
    if died_on is None:
        return _page(_open(child_id), MISSING, status=422)
    return _do(
        child_id,
        lambda: deaths.mark_death(
            db.session, child_id, died_on=died_on, by=signed_in(), now=datetime.now(UTC)
        ),
        "Recorded. Nothing changes until another supervisor or administrator has confirmed it.",
    )


@bp.post("/confirm")
@roles(*KEEPERS)
def confirm(child_id: str) -> ResponseReturnValue:
    mark_id = ActForm().mark_id.data or ""
    return _do(
        child_id,
        lambda: deaths.confirm_death(db.session, mark_id, by=signed_in(), now=datetime.now(UTC)),
        "Confirmed. No contact is due for the child any more.",
    )


@bp.post("/take-back")
@roles(*KEEPERS)
def take_back(child_id: str) -> ResponseReturnValue:
    mark_id = ActForm().mark_id.data or ""
    return _do(
        child_id,
        lambda: deaths.take_back_mark(db.session, mark_id, by=signed_in(), now=datetime.now(UTC)),
        "Taken back. Nothing has changed for the child.",
    )


@bp.post("/undo")
@roles(*KEEPERS)
def undo(child_id: str) -> ResponseReturnValue:
    form = ActForm()
    mark_id, why = form.mark_id.data or "", form.why.data or ""
    return _do(
        child_id,
        lambda: deaths.undo_death(db.session, mark_id, why=why, by=signed_in(), now=datetime.now(UTC)),
        "Taken back. The child is on the lists again from each tablet’s next contact on.",
        why=why,
    )


def _do(child_id: str, act: Callable[[], None], told: str, *, why: str | None = None) -> ResponseReturnValue:
    """Do it and say so; or the page as it stands now, with why not."""
    try:
        act()
    except (Conflict, Invalid, NotAllowed) as error:
        field = "why" if why is not None and isinstance(error, Invalid) else None
        problem = Problem(error.message, field)
        return _page(_open(child_id), problem, why=why or "", status=STATUS[type(error)])
    flash(told, "success")
    return redirect(url_for(".page", child_id=child_id))


def _open(child_id: str) -> ChildRecord:
    return child_records.open_record(db.session, child_id, by=signed_in(), now=datetime.now(UTC))


def _page(
    child: ChildRecord,
    problem: Problem | None = None,
    *,
    day: DayForm | None = None,
    why: str = "",
    status: int = 200,
) -> ResponseReturnValue:
    page = render_template(
        "children/death.jinja",
        child=child,
        mark=deaths.mark_of_child(db.session, child.child_id, signed_in()),
        day=day or DayForm(formdata=None),
        why=why,
        problems=[problem] if problem else [],
    )
    return page, status
