"""A pregnancy at the desk: what staff have to know before they visit, and which child was born of it.

Recording that it has ended without a live birth has its pages in hvapp.web.deaths.

What the family said is not shown here: only what tells one pregnancy from another.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import HiddenField

from hvapp.domain.accounts import Role
from hvapp.domain.errors import Conflict, NotFound
from hvapp.extensions import db
from hvapp.services import child_records, deaths, pregnancies
from hvapp.services.pregnancies import FoundPregnancy, PregnancyRecord
from hvapp.services.sorting import FoundChild
from hvapp.web.access import KEEPERS, roles, signed_in
from hvapp.web.deaths import bp as deaths_bp
from hvapp.web.errors import STATUS
from hvapp.web.presenters import Problem
from hvapp.web.sorting_forms import PregnancySearchForm, SearchForm
from hvapp.web.staff_facts import bp as staff_facts_bp

bp = Blueprint("pregnancies", __name__, url_prefix="/pregnancies")

bp.register_blueprint(deaths_bp, url_prefix="/<record_id>/end", url_defaults={"about": "pregnancy"})
bp.register_blueprint(staff_facts_bp, url_defaults={"about": "pregnancy"})


class BornForm(FlaskForm):  # type: ignore[misc]
    child_id = HiddenField()


@bp.get("")
@roles(*KEEPERS)
def index() -> ResponseReturnValue:
    return _index_page()


@bp.post("")
@roles(*KEEPERS)
def search() -> ResponseReturnValue:
    form = PregnancySearchForm()
    found, problem = form.find(signed_in())
    return _index_page(form, found, problem)


@bp.get("/<pregnancy_id>")
@roles(*KEEPERS)
def record(pregnancy_id: str) -> ResponseReturnValue:
    return _record_page(_open(pregnancy_id))


@bp.get("/<pregnancy_id>/<path:act>")
@roles(*KEEPERS)
def record_again(pregnancy_id: str, act: str) -> ResponseReturnValue:
    """A page that answered a form, asked for again from the address bar: the record."""
    return redirect(url_for(".record", pregnancy_id=pregnancy_id))


@bp.post("/<pregnancy_id>/born/search")
@roles(*KEEPERS)
def search_child(pregnancy_id: str) -> ResponseReturnValue:
    form = SearchForm()
    found, problem = form.find(signed_in())
    status = 422 if problem else 200
    return _record_page(_open(pregnancy_id), problem, search=form, found=found, status=status)


@bp.post("/<pregnancy_id>/born/check")
@roles(*KEEPERS)
def check_born(pregnancy_id: str) -> ResponseReturnValue:
    return _born_page(_open(pregnancy_id), BornForm().child_id.data or "")


@bp.post("/<pregnancy_id>/born")
@roles(*KEEPERS)
def join_birth(pregnancy_id: str) -> ResponseReturnValue:
    child_id = BornForm().child_id.data or ""
    return _change(
        pregnancy_id,
        partial(pregnancies.join_birth, child_id=child_id),
        "Saved. What staff have to know is on the child’s record now. Check that it still holds.",
        lambda: url_for("children.record", child_id=child_id),
    )


@bp.post("/<pregnancy_id>/born/undo")
@roles(*KEEPERS)
def part_birth(pregnancy_id: str) -> ResponseReturnValue:
    return _change(
        pregnancy_id,
        partial(pregnancies.part_birth, child_id=BornForm().child_id.data or ""),
        "Taken back. What staff have to know is still on both records: check it on each of them.",
        lambda: url_for(".record", pregnancy_id=pregnancy_id),
    )


def _change(
    pregnancy_id: str, act: Callable[..., object], done: str, then: Callable[[], str]
) -> ResponseReturnValue:
    """`done` is said at `then`, where the person goes on; what forbids the act is said on the record."""
    try:
        act(db.session, pregnancy_id, by=signed_in(), now=datetime.now(UTC))
    except (Conflict, NotFound) as error:
        return _record_page(_open(pregnancy_id), Problem(error.message), status=STATUS[type(error)])
    flash(done, "success")
    return redirect(then())


def _open(pregnancy_id: str) -> PregnancyRecord:
    return pregnancies.open_pregnancy(db.session, pregnancy_id, by=signed_in(), now=datetime.now(UTC))


def _index_page(
    form: PregnancySearchForm | None = None,
    found: list[FoundPregnancy] | None = None,
    problem: Problem | None = None,
) -> ResponseReturnValue:
    page = render_template(
        "pregnancies/index.jinja",
        search=form or PregnancySearchForm(formdata=None),
        found=found,
        problems=[problem] if problem else [],
    )
    return page, 422 if problem else 200


def _record_page(
    pregnancy: PregnancyRecord,
    problem: Problem | None = None,
    *,
    search: SearchForm | None = None,
    found: list[FoundChild] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    page = render_template(
        "pregnancies/record.jinja",
        pregnancy=pregnancy,
        mark=deaths.mark_of(db.session, pregnancy.pregnancy_id, signed_in()),
        search=search or SearchForm(formdata=None),
        found=found,
        sets_staff_facts=signed_in().role is Role.SUPERVISOR,
        problems=[problem] if problem else [],
    )
    return page, status


def _born_page(pregnancy: PregnancyRecord, child_id: str) -> ResponseReturnValue:
    child = child_records.open_record(db.session, child_id, by=signed_in(), now=datetime.now(UTC))
    return render_template("pregnancies/born.jinja", pregnancy=pregnancy, child=child)
