"""Where supervisors sort out what could not be filed by itself, and choose between two versions of a visit."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hvapp.domain.accounts import Role
from hvapp.domain.errors import Conflict, DomainError, Invalid, NotAllowed
from hvapp.domain.forms import FormLibrary
from hvapp.extensions import db
from hvapp.services import judging, rechecking, refiling, settling, sorting, undoing, visit_readout
from hvapp.services.left_behind import left_behind
from hvapp.services.pregnancies import FoundPregnancy
from hvapp.services.sorting import FoundChild
from hvapp.web.access import roles, signed_in
from hvapp.web.errors import STATUS
from hvapp.web.presenters import Problem
from hvapp.web.review_forms import ReasonForm
from hvapp.web.sorting_forms import FileForm, PileForm, PregnancySearchForm, SearchForm, SettleForm, WhyForm

bp = Blueprint("sorting", __name__, url_prefix="/sort")


@bp.get("")
@roles(Role.SUPERVISOR)
def index() -> ResponseReturnValue:
    now = datetime.now(UTC)
    rechecking.recheck(db.session, _forms(), signed_in(), now)
    return render_template(
        "sorting/index.jinja",
        found=sorting.to_sort(db.session, signed_in()),
        show=request.args.get("show", "all"),
        left=left_behind(db.session, signed_in(), now),
    )


@bp.get("/pile")
@roles(Role.SUPERVISOR)
def pile() -> ResponseReturnValue:
    return _pile_page()


@bp.post("/pile")
@roles(Role.SUPERVISOR)
def set_pile_aside() -> ResponseReturnValue:
    form = PileForm()
    line = sorting.find_pile(
        db.session,
        signed_in(),
        reason=form.reason.data or "",
        device_id=form.tablet.data or None,
        sender_id=form.sender.data or "",
    )
    try:
        count = refiling.set_items_aside(
            db.session, by=signed_in(), items=line.pile, reason=form.why.data or "", now=datetime.now(UTC)
        )
    except (Invalid, Conflict, NotAllowed) as error:
        return _pile_page(_problems(error, "aside"), form)
    what = "one item" if count == 1 else f"{count:,} items"
    flash(f"Set aside: {what}. Nothing is lost, and you can take this back.", "success")
    return redirect(url_for(".index"))


@bp.get("/items/<item_id>")
@roles(Role.SUPERVISOR)
def item(item_id: str) -> ResponseReturnValue:
    return _item_page(item_id)


@bp.post("/items/<item_id>/open")
@roles(Role.SUPERVISOR)
def open_item(item_id: str) -> ResponseReturnValue:
    return _for_a_reason(partial(_item_page, item_id))


@bp.post("/items/<item_id>/aside")
@roles(Role.SUPERVISOR)
def set_item_aside(item_id: str) -> ResponseReturnValue:
    return _sort(
        partial(_item_page, item_id),
        "aside",
        lambda given: refiling.set_items_aside(db.session, items=[item_id], reason=_why(), **given),
        "Set aside. It is kept, and you can take this back.",
    )


@bp.post("/items/<item_id>/version")
@roles(Role.SUPERVISOR)
def accept_version(item_id: str) -> ResponseReturnValue:
    return _sort(
        partial(_item_page, item_id),
        "version",
        lambda given: refiling.accept_version(db.session, _forms(), item_id=item_id, reason=_why(), **given),
        "It is a version of the visit now.",
    )


@bp.post("/items/<item_id>/visit")
@roles(Role.SUPERVISOR)
def make_own_visit(item_id: str) -> ResponseReturnValue:
    return _sort(
        partial(_item_page, item_id),
        "visit",
        lambda given: refiling.make_own_visit(db.session, _forms(), item_id=item_id, reason=_why(), **given),
        "It is a visit of its own now, and waits for review.",
    )


@bp.get("/visits/<visit_id>")
@roles(Role.SUPERVISOR)
def visit(visit_id: str) -> ResponseReturnValue:
    return _visit_page(visit_id)


@bp.post("/visits/<visit_id>/search")
@roles(Role.SUPERVISOR)
def search(visit_id: str) -> ResponseReturnValue:
    form = SearchForm()
    found, problem = form.find(signed_in())
    if problem is not None:
        return _visit_page(visit_id, [problem], search=form, status=422)
    return _visit_page(visit_id, search=form, found=found)


@bp.post("/visits/<visit_id>/search-pregnancies")
@roles(Role.SUPERVISOR)
def search_pregnancies(visit_id: str) -> ResponseReturnValue:
    form = PregnancySearchForm()
    expected, problem = form.find(signed_in())
    if problem is not None:
        return _visit_page(visit_id, [problem], search_before=form, status=422)
    return _visit_page(visit_id, search_before=form, expected=expected)


@bp.post("/visits/<visit_id>/child")
@roles(Role.SUPERVISOR)
def file_under_child(visit_id: str) -> ResponseReturnValue:
    return _sort(
        partial(_visit_page, visit_id),
        "child",
        lambda given: refiling.file_under_child(
            db.session, _forms(), visit_id=visit_id, child_id=FileForm().child_id.data or "", **given
        ),
        "Filed under the child you chose. The visit stands in the queue of the child’s team.",
    )


@bp.post("/visits/<visit_id>/pregnancy")
@roles(Role.SUPERVISOR)
def file_under_pregnancy(visit_id: str) -> ResponseReturnValue:
    return _sort(
        partial(_visit_page, visit_id),
        "pregnancy",
        lambda given: refiling.file_under_pregnancy(
            db.session, _forms(), visit_id=visit_id, pregnancy_id=FileForm().pregnancy_id.data or "", **given
        ),
        "Filed under the pregnancy you chose. The visit stands in the queue of the mother’s team.",
    )


@bp.post("/visits/<visit_id>/form")
@roles(Role.SUPERVISOR)
def file_under_form(visit_id: str) -> ResponseReturnValue:
    return _sort(
        partial(_visit_page, visit_id),
        "form",
        lambda given: refiling.file_under_form(
            db.session, _forms(), visit_id=visit_id, reason=_why(), **given
        ),
        "The visit can be reviewed now. It says there that its form was another.",
    )


@bp.post("/visits/<visit_id>/aside")
@roles(Role.SUPERVISOR)
def set_visit_aside(visit_id: str) -> ResponseReturnValue:
    return _sort(
        partial(_visit_page, visit_id),
        "aside",
        lambda given: refiling.set_visit_aside(db.session, visit_id=visit_id, reason=_why(), **given),
        "Set aside. The visit is kept, counts for nothing, and you can take this back.",
    )


@bp.get("/visits/<visit_id>/versions")
@roles(Role.SUPERVISOR)
def versions(visit_id: str) -> ResponseReturnValue:
    return _versions_page(visit_id)


@bp.post("/visits/<visit_id>/versions/open")
@roles(Role.SUPERVISOR)
def open_versions(visit_id: str) -> ResponseReturnValue:
    return _for_a_reason(partial(_versions_page, visit_id))


@bp.post("/visits/<visit_id>/versions")
@roles(Role.SUPERVISOR)
def settle(visit_id: str) -> ResponseReturnValue:
    try:
        settling.settle(
            db.session,
            _forms(),
            by=signed_in(),
            visit_id=visit_id,
            heads=SettleForm().heads.data or "",
            chosen=request.form,
            now=datetime.now(UTC),
        )
    except Invalid as error:
        # What was opened stays open, for the same reason: nobody chooses twice because of one that was left out.
        opened_for = request.form.get("opened_for") or None
        problem = Problem(error.message, error.code)
        return _versions_page(visit_id, [problem], opened_for=opened_for, status=422)
    except (Conflict, NotAllowed) as error:
        return _versions_page(visit_id, [Problem(error.message)], status=STATUS[type(error)])
    flash("Settled. Read the visit as it is now, and decide.", "success")
    return redirect(url_for("review.visit", visit_id=visit_id))


@bp.get("/items/<item_id>/<path:act>")
@roles(Role.SUPERVISOR)
def item_again(item_id: str, act: str) -> ResponseReturnValue:
    """A page that answered a form, asked for again from the address bar: the page the form was on."""
    return redirect(url_for(".item", item_id=item_id))


@bp.get("/visits/<visit_id>/<path:act>")
@roles(Role.SUPERVISOR)
def visit_again(visit_id: str, act: str) -> ResponseReturnValue:
    return redirect(url_for(".versions" if act == "versions/open" else ".visit", visit_id=visit_id))


@bp.post("/acts/<act_id>/undo")
@roles(Role.SUPERVISOR)
def undo(act_id: str) -> ResponseReturnValue:
    try:
        undoing.undo(db.session, _forms(), by=signed_in(), act_id=act_id, now=datetime.now(UTC))
    except (Conflict, NotAllowed) as error:
        flash(error.message, "problem")
    else:
        flash("Taken back. It waits again where it was before.", "success")
    return redirect(url_for(".index"))


def _forms() -> FormLibrary:
    forms: FormLibrary = current_app.extensions["forms"]
    return forms


def _problems(error: DomainError, act: str) -> list[Problem]:
    """Beside the reason it asks for, or over the whole page."""
    return [Problem(error.message, f"why-{act}" if error.code.startswith("reason_") else None)]


def _why() -> str:
    return WhyForm().why.data or ""


def _for_a_reason(show: Callable[..., ResponseReturnValue]) -> ResponseReturnValue:
    """The same page with what is restricted in it, for this one answer only."""
    form = ReasonForm()
    problem = form.problem()
    if problem is None:
        return show(opened_for=form.reason.data)
    return show([problem], status=422)


def _sort(
    show: Callable[..., ResponseReturnValue], act: str, do: Callable[[dict[str, Any]], object], said: str
) -> ResponseReturnValue:
    """Do it and go back to the list, or say on the page that `show` makes why it was not done."""
    try:
        do({"by": signed_in(), "now": datetime.now(UTC)})
    except (Invalid, Conflict, NotAllowed) as error:
        return show(_problems(error, act), typed=_why(), status=STATUS[type(error)])
    judging.judge_new(db.session, _forms(), datetime.now(UTC))
    flash(said, "success")
    return redirect(url_for(".index"))


def _pile_page(problems: list[Problem] | None = None, form: PileForm | None = None) -> ResponseReturnValue:
    given = request.form if form else request.args
    line = sorting.find_pile(
        db.session,
        signed_in(),
        reason=given.get("reason", ""),
        device_id=given.get("tablet") or None,
        sender_id=given.get("sender", ""),
    )
    page = max(request.args.get("page", 0, type=int), 0)
    return (
        render_template(
            "sorting/pile.jinja",
            line=line,
            items=sorting.items_of(db.session, line.pile, page),
            page=page,
            more=(page + 1) * sorting.PAGE < line.pile.count,
            problems=problems or [],
            typed=form.why.data if form else "",
        ),
        422 if problems else 200,
    )


def _item_page(
    item_id: str,
    problems: list[Problem] | None = None,
    *,
    opened_for: str | None = None,
    typed: str = "",
    status: int = 200,
) -> ResponseReturnValue:
    found = sorting.open_item(
        db.session,
        _forms(),
        by=signed_in(),
        item_id=item_id,
        now=datetime.now(UTC),
        restricted_reason=opened_for,
    )
    opened = opened_for is not None
    page = render_template(
        "sorting/item.jinja", item=found, opened=opened, problems=problems or [], typed=typed
    )
    return page, status


def _visit_page(
    visit_id: str,
    problems: list[Problem] | None = None,
    *,
    search: SearchForm | None = None,
    found: list[FoundChild] | None = None,
    search_before: PregnancySearchForm | None = None,
    expected: list[FoundPregnancy] | None = None,
    typed: str = "",
    status: int = 200,
) -> ResponseReturnValue:
    detail = visit_readout.open_visit(
        db.session, _forms(), reviewer=signed_in(), visit_id=visit_id, now=datetime.now(UTC)
    )
    return (
        render_template(
            "sorting/visit.jinja",
            visit=detail,
            form_title=sorting.form_for(db.session, _forms(), visit_id),
            search=search or SearchForm(formdata=None),
            found=found,
            search_before=search_before or PregnancySearchForm(formdata=None),
            expected=expected,
            problems=problems or [],
            typed=typed,
        ),
        status,
    )


def _versions_page(
    visit_id: str,
    problems: list[Problem] | None = None,
    *,
    opened_for: str | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    try:
        found = settling.open_versions(
            db.session,
            _forms(),
            by=signed_in(),
            visit_id=visit_id,
            now=datetime.now(UTC),
            restricted_reason=opened_for,
        )
    except Conflict as error:
        flash(error.message, "problem")
        return redirect(url_for("review.visit", visit_id=visit_id))
    child, pregnancy = visit_readout.subject_of_visit(db.session, reviewer=signed_in(), visit_id=visit_id)
    page = render_template(
        "sorting/versions.jinja",
        found=found,
        child=child,
        pregnancy=pregnancy,
        opened_for=opened_for or "",
        problems=problems or [],
        chosen=request.form,
    )
    return page, status
