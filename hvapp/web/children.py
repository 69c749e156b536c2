"""Whose record a child's is: giving a child to another visitor or service, and joining two records of one child.

Recording that a child has died has its pages in hvapp.web.deaths.

What the family said is not shown here: only what tells one child from another. Nothing changes before a page has named
what would, and every change is audited.
"""

from datetime import UTC, datetime

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, SelectField, StringField

from hvapp.domain.accounts import Role
from hvapp.domain.errors import Conflict, Invalid, NotFound
from hvapp.extensions import db
from hvapp.services import child_records, children, deaths
from hvapp.services.child_records import ChildRecord
from hvapp.services.sorting import FoundChild
from hvapp.web.access import KEEPERS, roles, signed_in
from hvapp.web.deaths import bp as deaths_bp
from hvapp.web.errors import STATUS
from hvapp.web.presenters import Problem
from hvapp.web.sorting_forms import DayForm, SearchForm
from hvapp.web.staff_facts import bp as staff_facts_bp

bp = Blueprint("children", __name__, url_prefix="/children")

bp.register_blueprint(deaths_bp, url_defaults={"about": "child"})
bp.register_blueprint(staff_facts_bp, url_defaults={"about": "child"})


NOBODY = "nobody"


class MoveForm(FlaskForm):  # type: ignore[misc]
    """`to_id`: a visitor, or NOBODY for the whole of a team that shares its caseload. `from_id`: who the page said
    has the child, so that nobody else's change is undone unseen.
    """

    to_id = SelectField("New visitor", choices=[], validate_choice=False, default="")
    from_id = HiddenField()


class MovedOutForm(DayForm):
    """`from_id` as for moving."""

    to = StringField("New service", default="")
    confirmed = BooleanField("Confirmed")
    from_id = HiddenField()


class JoinForm(FlaskForm):  # type: ignore[misc]
    other_id = HiddenField()
    keep_id = HiddenField()


@bp.get("")
@roles(*KEEPERS)
def index() -> ResponseReturnValue:
    return _index_page()


@bp.post("")
@roles(*KEEPERS)
def search() -> ResponseReturnValue:
    form = SearchForm()
    found, problem = form.find(signed_in())
    return _index_page(form, found, problem)


@bp.get("/<child_id>")
@roles(*KEEPERS)
def record(child_id: str) -> ResponseReturnValue:
    return _record_page(_open(child_id))


@bp.get("/<child_id>/<path:act>")
@roles(*KEEPERS)
def record_again(child_id: str, act: str) -> ResponseReturnValue:
    """A page that answered a form, asked for again from the address bar: the record."""
    return redirect(url_for(".record", child_id=child_id))


@bp.post("/<child_id>/move/check")
@roles(*KEEPERS)
def check_move(child_id: str) -> ResponseReturnValue:
    """Name the child, who has it and who would have it."""
    found, to_id = _open(child_id), MoveForm().to_id.data
    visitor = next((one for one in child_records.visitors(db.session, signed_in()) if one.id == to_id), None)
    somebodys = found.visitor_id is not None or found.moved_out_on is not None
    released = to_id == NOBODY and found.team_shares and somebodys
    if not released and (visitor is None or visitor.id == found.visitor_id):
        return _record_page(found, Problem("Choose another visitor for the child.", "to_id"), status=422)
    return render_template("children/move.jinja", child=found, visitor=visitor)


@bp.post("/<child_id>/move")
@roles(*KEEPERS)
def move(child_id: str) -> ResponseReturnValue:
    form = MoveForm()
    to_id, from_id = form.to_id.data or "", form.from_id.data or ""
    by, now = signed_in(), datetime.now(UTC)
    try:
        if to_id == NOBODY:
            children.release_child(db.session, child_id, from_id=from_id, by=by, now=now)
        else:
            children.move_child(db.session, child_id, to_id=to_id, from_id=from_id, by=by, now=now)
    except (Conflict, NotFound) as error:
        return _record_page(_open(child_id), Problem(error.message), status=STATUS[type(error)])
    whose = "the team’s tablets from their" if to_id == NOBODY else "the new visitor’s tablet from its"
    flash(f"Moved. The child is on {whose} next contact on.", "success")
    return redirect(url_for(".record", child_id=child_id))


@bp.get("/<child_id>/moved-out")
@roles(*KEEPERS)
def moving_out(child_id: str) -> ResponseReturnValue:
    return _moved_out_page(child_id, MovedOutForm(formdata=None))


@bp.post("/<child_id>/moved-out")
@roles(*KEEPERS)
def move_out(child_id: str) -> ResponseReturnValue:
    form = MovedOutForm()
    on = form.read_day()
    if on is None:
        problem = Problem("Enter the day the new service took over, like 3 5 2026.", "moved-day")
        return _moved_out_page(child_id, form, problem, status=422)
    try:
        children.move_out(
            db.session,
            child_id,
            to=form.to.data or "",
            on=on,
            confirmed=form.confirmed.data,
            from_id=form.from_id.data or "",
            by=signed_in(),
            now=datetime.now(UTC),
        )
    except Invalid as error:
        return _moved_out_page(child_id, form, Problem(error.message, error.code), status=422)
    except Conflict as error:
        return _record_page(_open(child_id), Problem(error.message), status=STATUS[type(error)])
    flash("Recorded. From each tablet’s next contact on, no contact is due for the child here.", "success")
    return redirect(url_for(".record", child_id=child_id))


@bp.post("/<child_id>/join/search")
@roles(*KEEPERS)
def search_other(child_id: str) -> ResponseReturnValue:
    form = SearchForm()
    found, problem = form.find(signed_in())
    others = [one for one in found if one.child_id != child_id] if found is not None else None
    return _record_page(_open(child_id), problem, search=form, found=others, status=422 if problem else 200)


@bp.post("/<child_id>/join/check")
@roles(*KEEPERS)
def check_join(child_id: str) -> ResponseReturnValue:
    return _join_page(child_id, JoinForm().other_id.data or "")


@bp.post("/<child_id>/join")
@roles(*KEEPERS)
def join(child_id: str) -> ResponseReturnValue:
    form = JoinForm()
    other_id, keep_id = form.other_id.data or "", form.keep_id.data or ""
    if keep_id not in (child_id, other_id):
        return _join_page(child_id, other_id, Problem("Choose which record is kept.", "keep_id"), status=422)
    gone_id = other_id if keep_id == child_id else child_id
    try:
        children.merge_children(
            db.session, keep_id=keep_id, duplicate_id=gone_id, by=signed_in(), now=datetime.now(UTC)
        )
    except (Conflict, Invalid) as error:
        return _join_page(child_id, other_id, Problem(error.message), status=STATUS[type(error)])
    flash("Joined. This is the one record of the child now.", "success")
    return redirect(url_for(".record", child_id=keep_id))


def _open(child_id: str) -> ChildRecord:
    return child_records.open_record(db.session, child_id, by=signed_in(), now=datetime.now(UTC))


def _index_page(
    form: SearchForm | None = None,
    found: list[FoundChild] | None = None,
    problem: Problem | None = None,
) -> ResponseReturnValue:
    page = render_template(
        "children/index.jinja",
        deaths=deaths.marks_that_wait(db.session, signed_in()),
        search=form or SearchForm(formdata=None),
        found=found,
        problems=[problem] if problem else [],
    )
    return page, 422 if problem else 200


def _record_page(
    child: ChildRecord,
    problem: Problem | None = None,
    *,
    search: SearchForm | None = None,
    found: list[FoundChild] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    page = render_template(
        "children/record.jinja",
        child=child,
        mark=deaths.mark_of(db.session, child.child_id, signed_in()),
        visitors=[
            one for one in child_records.visitors(db.session, signed_in()) if one.id != child.visitor_id
        ],
        search=search or SearchForm(formdata=None),
        found=found,
        sets_staff_facts=signed_in().role is Role.SUPERVISOR,
        problems=[problem] if problem else [],
    )
    return page, status


def _moved_out_page(
    child_id: str, form: MovedOutForm, problem: Problem | None = None, *, status: int = 200
) -> ResponseReturnValue:
    page = render_template(
        "children/moved_out.jinja", child=_open(child_id), form=form, problems=[problem] if problem else []
    )
    return page, status


def _join_page(
    child_id: str, other_id: str, problem: Problem | None = None, *, status: int = 200
) -> ResponseReturnValue:
    one, other = child_records.open_records(
        db.session, [child_id, other_id], by=signed_in(), now=datetime.now(UTC)
    )
    page = render_template(
        "children/join.jinja",
        one=one,
        other=other,
        problems=[problem] if problem else [],
    )
    return page, status
