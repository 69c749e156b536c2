"""The supervisor's queue and the page on which a visit is read and decided."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    get_flashed_messages,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue

from hvapp.domain.accounts import Role
from hvapp.domain.errors import DomainError, NotFound
from hvapp.domain.photos import JPEG
from hvapp.domain.reconcile import Flag
from hvapp.domain.review import VisitState
from hvapp.extensions import db
from hvapp.services import (
    deaths,
    judging,
    photos,
    rechecking,
    review,
    sorting,
    visit_readout,
    withdrawals,
)
from hvapp.services.visit_readout.detail import ShownPhoto, VisitDetail
from hvapp.web.access import roles, signed_in
from hvapp.web.errors import STATUS
from hvapp.web.presenters import Problem
from hvapp.web.review_forms import AgreeForm, ApproveForm, KeepForm, ReasonForm, ReturnForm

bp = Blueprint("review", __name__, url_prefix="/review")

# A decision is told on the next page by the visit's id alone: the session cookie holds no patient data.
DECIDED = "decided_visit"

# The field beside which a refusal is said.
PLACES = {
    "look_first": "seen",
    "photos_missing": "without_photos",
    "read_first": "reason",
    "reason_missing": "why",
    "reason_too_long": "why",
}


@dataclass(frozen=True)
class Choice:
    """One way to look at the queue: its link's words, and how it picks or sorts lines."""

    key: str
    words: str
    rule: Any


FILTERS = (
    Choice("all", "All", lambda line: True),
    Choice("red", "Red alerts", lambda line: Flag.RED_ALERT in line.flags),
    Choice("safeguarding", "Safeguarding", lambda line: Flag.SAFEGUARDING in line.flags),
    Choice("late", "Recorded late", lambda line: Flag.LATE_ENTRY in line.flags),
    Choice("returned", "Returned before", lambda line: line.returned_before),
)
SORTS = (
    Choice("child", "Child", lambda line: (line.child_name.casefold(), line.received_at)),
    Choice("worst", "Why", lambda line: line.urgency),
    Choice("contact", "Contact", lambda line: (line.contact_type, line.received_at)),
    Choice("visitor", "Visitor", lambda line: (line.author_name.casefold(), line.received_at)),
    Choice("visited", "Visited", lambda line: line.occurred_at),
    Choice("waiting", "Waiting", lambda line: line.received_at),
)


@bp.get("")
@roles(Role.SUPERVISOR)
def queue() -> ResponseReturnValue:
    rechecking.recheck(db.session, current_app.extensions["forms"], signed_in(), datetime.now(UTC))
    judging.judge_new(db.session, current_app.extensions["forms"], datetime.now(UTC))
    lines = review.queue(db.session, signed_in())
    to_review = [line for line in lines if line.state in (VisitState.RECEIVED, VisitState.WITHDRAWAL)]
    shown, sort = _chosen(FILTERS, "show", "all"), _chosen(SORTS, "sort", "worst")
    return render_template(
        "review/queue.jinja",
        lines=sorted(filter(shown.rule, to_review), key=sort.rule),
        waiting=len(to_review),
        counts={choice.key: sum(map(choice.rule, to_review)) for choice in FILTERS},
        filters=FILTERS,
        sorts=SORTS,
        shown=shown,
        sort=sort,
        to_confirm=deaths.count_to_confirm(db.session, signed_in()),
        to_sort=sorting.count_to_sort(db.session, signed_in()),
        withdrawn=withdrawals.lately_withdrawn(db.session, signed_in()),
        decided=review.recently_decided(db.session, signed_in()),
        just_decided=_just_decided(),
    )


@bp.get("/<visit_id>")
@roles(Role.SUPERVISOR)
def visit(visit_id: str) -> ResponseReturnValue:
    return _visit_page(_open(visit_id))


@bp.get("/<visit_id>/<any(restricted, approve, return, withdrawn, keep):action>")
@roles(Role.SUPERVISOR)
def visit_again(visit_id: str, action: str) -> ResponseReturnValue:
    """A page that answered a form, asked for again from the address bar: the visit itself."""
    return redirect(url_for(".visit", visit_id=visit_id))


@bp.get("/<visit_id>/photo/<photo_id>")
@roles(Role.SUPERVISOR)
def photo(visit_id: str, photo_id: str) -> ResponseReturnValue:
    jpeg = photos.show_photo(
        db.session,
        current_app.extensions["forms"],
        reviewer=signed_in(),
        visit_id=visit_id,
        photo_id=photo_id,
        now=datetime.now(UTC),
    )
    return Response(jpeg, mimetype=JPEG)


@bp.post("/<visit_id>/restricted")
@roles(Role.SUPERVISOR)
def open_restricted(visit_id: str) -> ResponseReturnValue:
    """The same page with its restricted parts, for this one answer only: nothing of it is in the address."""
    form = ReasonForm()
    problem = form.problem()
    if problem is None:
        return _visit_page(_open(visit_id, form.reason.data))
    return _visit_page(_open(visit_id), problems=[problem], reason=form.reason.data, status=422)


@bp.post("/<visit_id>/approve")
@roles(Role.SUPERVISOR)
def approve(visit_id: str) -> ResponseReturnValue:
    form = ApproveForm()
    try:
        review.approve(
            db.session,
            current_app.extensions["forms"],
            reviewer=signed_in(),
            visit_id=visit_id,
            rev_id=form.rev_id.data or "",
            now=datetime.now(UTC),
            seen=form.seen.data or (),
            without_photos=form.without_photos.data or "",
        )
    except DomainError as error:
        return _refused(visit_id, error, approving=form)
    return _on_to_the_next(visit_id)


@bp.post("/<visit_id>/return")
@roles(Role.SUPERVISOR)
def send_back(visit_id: str) -> ResponseReturnValue:
    form = ReturnForm()
    questions = visit_readout.answers_to_ask_about(
        db.session, current_app.extensions["forms"], reviewer=signed_in(), visit_id=visit_id
    )
    problems = form.problems(questions)
    if problems:
        return _visit_page(_open(visit_id), form=form, problems=problems, status=422)
    try:
        review.send_back(
            db.session,
            reviewer=signed_in(),
            visit_id=visit_id,
            rev_id=form.rev_id.data or "",
            comment=form.comment.data or "",
            queries=form.asked(),
            now=datetime.now(UTC),
        )
    except DomainError as error:
        return _refused(visit_id, error, form)
    return _on_to_the_next(visit_id)


def _chosen(choices: tuple[Choice, ...], name: str, usual: str) -> Choice:
    known = {choice.key: choice for choice in choices}
    return known.get(request.args.get(name, usual), known[usual])


@bp.post("/<visit_id>/withdrawn")
@roles(Role.SUPERVISOR)
def agree(visit_id: str) -> ResponseReturnValue:
    form = AgreeForm()
    try:
        withdrawals.agree(
            db.session,
            current_app.extensions["forms"],
            reviewer=signed_in(),
            visit_id=visit_id,
            rev_id=form.rev_id.data or "",
            now=datetime.now(UTC),
        )
    except DomainError as error:
        return _refused(visit_id, error)
    return _on_to_the_next(visit_id)


@bp.post("/<visit_id>/keep")
@roles(Role.SUPERVISOR)
def keep(visit_id: str) -> ResponseReturnValue:
    form = KeepForm()
    try:
        withdrawals.keep(
            db.session,
            current_app.extensions["forms"],
            reviewer=signed_in(),
            visit_id=visit_id,
            rev_id=form.rev_id.data or "",
            reason=form.why.data or "",
            now=datetime.now(UTC),
        )
    except DomainError as error:
        return _refused(visit_id, error, keeping=form.why.data or "")
    return redirect(url_for(".visit", visit_id=visit_id))


def _open(visit_id: str, restricted_reason: str | None = None) -> VisitDetail:
    return visit_readout.open_visit(
        db.session,
        current_app.extensions["forms"],
        reviewer=signed_in(),
        visit_id=visit_id,
        now=datetime.now(UTC),
        restricted_reason=restricted_reason,
    )


def _refused(
    visit_id: str,
    error: DomainError,
    form: ReturnForm | None = None,
    approving: ApproveForm | None = None,
    keeping: str = "",
) -> ResponseReturnValue:
    """Say on the visit's own page why nothing was decided, with everything that was typed still there."""
    if isinstance(error, NotFound):
        raise error
    status = STATUS.get(type(error), 400)
    problem = Problem(error.message, PLACES.get(error.code))
    return _visit_page(
        _open(visit_id), form=form, problems=[problem], approving=approving, keeping=keeping, status=status
    )


def _visit_page(
    detail: VisitDetail,
    *,
    form: ReturnForm | None = None,
    problems: list[Problem] | None = None,
    reason: str | None = None,
    approving: ApproveForm | None = None,
    keeping: str = "",
    status: int = 200,
) -> ResponseReturnValue:
    form = form or ReturnForm(formdata=None)
    # The decision is about what this page shows, also when it shows a newer version than the form came from.
    form.rev_id.data = detail.rev_id
    return (
        render_template(
            "review/visit.jinja",
            visit=detail,
            now=datetime.now(UTC),
            form=form,
            problems=problems or [],
            reason=reason or "",
            seen=(approving.seen.data if approving else None) or [],
            without_photos=(approving.without_photos.data if approving else None) or "",
            photo_source=_photo_source,
            keeping=keeping,
            may_decide=detail.state is VisitState.RECEIVED and not detail.own,
            just_decided=_just_decided(),
        ),
        status,
    )


def _photo_source(visit_id: str, shown: ShownPhoto) -> str | None:
    """Where the page finds a photo. A restricted one is in the page itself, which was opened with a reason."""
    if shown.restricted:
        text = base64.b64encode(shown.jpeg).decode() if shown.jpeg else ""
        return f"data:{JPEG};base64,{text}" if text else None
    return url_for(".photo", visit_id=visit_id, photo_id=shown.id) if shown.arrived else None


def _on_to_the_next(visit_id: str) -> ResponseReturnValue:
    flash(visit_id, DECIDED)
    following = review.next_in_queue(db.session, signed_in())
    return redirect(url_for(".visit", visit_id=following) if following else url_for(".queue"))


def _just_decided() -> review.DecidedLine | None:
    told = get_flashed_messages(category_filter=[DECIDED])
    return review.find_decided(db.session, signed_in(), str(told[-1])) if told else None
