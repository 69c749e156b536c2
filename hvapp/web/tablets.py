"""Tablets, for those who look after them: which there are, taking one's right away, and taking in its outbox by file.

Nothing here shows a family's data.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from werkzeug.exceptions import RequestEntityTooLarge
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from hvapp.domain.accounts import Role
from hvapp.domain.errors import Conflict, Invalid, UnknownTablet
from hvapp.domain.outbox_file import OutboxFile, SealedDraft, read_outbox_file
from hvapp.domain.submissions import ItemResult, Result
from hvapp.extensions import db
from hvapp.services import devices, drafts, importing, intake
from hvapp.services.devices import TabletLine
from hvapp.services.left_behind import left_behind
from hvapp.web.access import roles, signed_in
from hvapp.web.exchange import find_key, settings
from hvapp.web.presenters import Problem, Tag, how_long

bp = Blueprint("tablets", __name__, url_prefix="/tablets")

MINDERS = (Role.SUPERVISOR, Role.ADMINISTRATOR)
SILENT_AFTER = timedelta(days=7)
CLOCK_MAY_DIFFER = timedelta(minutes=5)


@dataclass(frozen=True)
class Column:
    """A column that the list can be sorted by."""

    key: str
    words: str
    rule: Callable[[TabletLine], Any]


COLUMNS = (
    Column("tablet", "Tablet", lambda line: line.name.casefold()),
    Column("visitor", "Visitor", lambda line: line.visitor_name.casefold()),
    Column("contact", "Last contact", lambda line: line.last_contact_at),
    Column("state", "State", lambda line: -_weight(line)),
)

RESULT_WORDS = {
    Result.STORED: Tag("Received", "green"),
    Result.DUPLICATE: Tag("Received before", "white"),
    Result.REJECTED_HASH: Tag(
        "Kept to be sorted out: it arrived changed from how it was completed", "orange"
    ),
    Result.REJECTED_MALFORMED: Tag("Kept to be sorted out: it could not be read as a visit", "orange"),
    Result.REJECTED_KEY: Tag("Kept, but it could not be opened", "red"),
}
UNKNOWN_ACCOUNT = (
    "The file comes from an account that this service does not have. Nothing was taken in. "
    "Ask for technical help."
)
DRAFT_KEPT = Tag("Kept for its author, who finds it at the next sign-in on a tablet", "green")
DRAFT_NOT_READ = Tag("Could not be opened, so it was not kept", "red")


class RevokeForm(FlaskForm):  # type: ignore[misc]
    reason = StringField(
        "Why",
        validators=[
            DataRequired("Say why the tablet is revoked, for example “lost on the bus”."),
            Length(max=200, message="Keep the reason to 200 characters."),
        ],
    )


class ImportForm(FlaskForm):  # type: ignore[misc]
    file = FileField("File")


@bp.get("")
@roles(*MINDERS)
def tablet_list() -> ResponseReturnValue:
    known = {column.key: column for column in COLUMNS}
    sort = known.get(request.args.get("sort", "contact"), known["contact"])
    lines = devices.tablets_of_team(db.session, signed_in())
    now = datetime.now(UTC)
    return render_template(
        "tablets/list.jinja",
        lines=[(line, state_tags(line, now)) for line in sorted(lines, key=sort.rule)],
        columns=COLUMNS,
        sort=sort,
        all_teams=signed_in().role is Role.ADMINISTRATOR,
        left=left_behind(db.session, signed_in(), now),
    )


@bp.route("/<device_id>/revoke", methods=["GET", "POST"])
@roles(*MINDERS)
def revoke(device_id: str) -> ResponseReturnValue:
    line = devices.find_tablet(db.session, signed_in(), device_id)
    if line.revoked_at is not None:
        flash(f"The tablet “{line.name}” is revoked already.", "success")
        return redirect(url_for(".tablet_list"))
    form = RevokeForm()
    if not form.validate_on_submit():
        page = render_template("tablets/revoke.jinja", line=line, form=form)
        return page, 422 if form.errors else 200
    devices.revoke(db.session, device_id, by=signed_in(), reason=form.reason.data, now=datetime.now(UTC))
    flash(
        f"The tablet “{line.name}” is revoked. It is cleared at its next contact, after sending what is on it.",
        "success",
    )
    return redirect(url_for(".tablet_list"))


@bp.post("/<device_id>/take-back")
@roles(*MINDERS)
def take_back(device_id: str) -> ResponseReturnValue:
    line = devices.find_tablet(db.session, signed_in(), device_id)
    try:
        devices.take_back(db.session, device_id, by=signed_in(), now=datetime.now(UTC))
    except Conflict as error:
        flash(error.message, "problem")
    else:
        flash(f"The tablet “{line.name}” is no longer revoked and goes on as before.", "success")
    return redirect(url_for(".tablet_list"))


@bp.route("/import", methods=["GET", "POST"])
@roles(*MINDERS)
def import_outbox() -> ResponseReturnValue:
    form = ImportForm()
    if not form.is_submitted():
        return _import_page(form)
    try:
        found = _chosen_file(form)
        importing.note_import(
            db.session,
            found.tablet,
            by=signed_in(),
            visits=len(found.items),
            drafts=len(found.drafts),
            now=datetime.now(UTC),
        )
        results = _take_in(found)
        kept = [_keep(found, draft) for draft in found.drafts]
    except Invalid as error:
        return _import_page(form, Problem(error.message, form.file.id))
    except UnknownTablet:
        return _import_page(form, Problem(UNKNOWN_ACCOUNT, form.file.id))
    return render_template(
        "tablets/imported.jinja",
        results=[RESULT_WORDS[result.result] for result in results],
        drafts=[DRAFT_KEPT if one else DRAFT_NOT_READ for one in kept],
    )


@bp.errorhandler(RequestEntityTooLarge)
def handle_too_large(error: RequestEntityTooLarge) -> ResponseReturnValue:
    limit = settings().max_body_bytes // 1024 // 1024
    words = (
        f"The file is larger than {limit} MB, so nothing was taken in. Its visits are still on the tablet."
    )
    return render_template("errors/error.jinja", status=413, message=words), 413


def state_tags(line: TabletLine, now: datetime) -> list[Tag]:
    """What there is to know or to do about a tablet, the most serious first."""
    if line.wiped_at is not None:
        left = line.unsent or 0
        tags = [Tag("Cleared", "grey")]
        if left:
            visits = "1 visit is" if left == 1 else f"{left} visits are"
            tags.insert(0, Tag(f"{visits} still on it and could not be sent", "red"))
        return tags
    tags = []
    if line.revoked_at is not None:
        tags.append(Tag("Revoked: will be cleared at its next contact", "orange"))
    if now - line.last_contact_at >= SILENT_AFTER:
        tags.append(Tag(f"Not heard from for {how_long(line.last_contact_at, now)}", "orange"))
    if (clock := _clock_words(line)) is not None:
        tags.append(Tag(clock, "yellow"))
    if line.storage_persisted is False:
        tags.append(Tag("Its browser may delete what it stores", "yellow"))
    return tags


def _clock_words(line: TabletLine) -> str | None:
    offset = timedelta(milliseconds=line.clock_offset_ms or 0)
    if abs(offset) < CLOCK_MAY_DIFFER:
        return None
    minutes = round(abs(offset) / timedelta(minutes=1))
    if minutes < 120:
        much = f"{minutes} minutes"
    elif minutes < 48 * 60:
        much = f"{minutes // 60} hours"
    else:
        much = f"{minutes // (24 * 60)} days"
    return f"Its clock is {much} {'slow' if offset > timedelta() else 'fast'}"


def _weight(line: TabletLine) -> int:
    return len(state_tags(line, datetime.now(UTC))) + (10 if line.unsent else 0)


def _chosen_file(form: ImportForm) -> OutboxFile:
    """What was chosen, read. Raises Invalid."""
    if not form.validate():
        raise Invalid("This page was open for too long. Choose the file again.")
    if not form.file.data:
        raise Invalid("Choose the file that the tablet saved.")
    return read_outbox_file(form.file.data.read(), settings().upload_key)


def _take_in(found: OutboxFile) -> list[ItemResult]:
    """As pushes by that tablet would be, batch by batch. A batch that is in stays in; the file may be sent again."""
    most = settings().max_batch_items
    results: list[ItemResult] = []
    for start in range(0, len(found.items), most):
        taken = intake.receive_sealed(
            db.session,
            tablet=found.tablet,
            items=found.items[start : start + most],
            find_key=find_key(),
            forms=current_app.extensions["forms"],
            receipt_key=settings().receipt_key,
            now=datetime.now(UTC),
        )
        results += taken.results
    return results


def _keep(found: OutboxFile, draft: SealedDraft) -> bool:
    return draft.box is not None and drafts.keep(
        db.session,
        tablet=found.tablet,
        draft_id=draft.id,
        kid=draft.kid,
        box=draft.box,
        find_key=find_key(),
        now=datetime.now(UTC),
    )


def _import_page(form: ImportForm, problem: Problem | None = None) -> ResponseReturnValue:
    problems = [problem] if problem else []
    return render_template("tablets/import.jinja", form=form, problems=problems), 422 if problem else 200
