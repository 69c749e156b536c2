"""What waits for the red book and why, and sending it again."""

from datetime import UTC, datetime

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from hvapp.domain.accounts import Role
from hvapp.domain.errors import Conflict
from hvapp.extensions import db
from hvapp.services import outbox
from hvapp.web.access import roles, signed_in

bp = Blueprint("red_book", __name__, url_prefix="/red-book")


@bp.get("")
@roles(Role.SUPERVISOR)
def waiting() -> ResponseReturnValue:
    messages = outbox.list_waiting(db.session, signed_in())
    return render_template(
        "red_book/waiting.jinja",
        stuck=[message for message in messages if message.stuck],
        moving=[message for message in messages if not message.stuck],
        now=datetime.now(UTC),
    )


@bp.post("/<message_id>/again")
@roles(Role.SUPERVISOR)
def send_again(message_id: str) -> ResponseReturnValue:
    try:
        outbox.send_again(db.session, message_id, by=signed_in(), now=datetime.now(UTC))
    except Conflict as error:
        flash(error.message, "problem")
    else:
        flash("It is in the queue again and will be sent in the next minute or two.", "success")
    return redirect(url_for(".waiting"))
