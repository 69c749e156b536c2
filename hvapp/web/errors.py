"""The only place where errors become responses: JSON for tablets, pages for people."""

from typing import Any

import structlog
from flask import Flask, Response, has_request_context, jsonify, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as WerkzeugResponse

from hvapp.domain.errors import (
    Conflict,
    CursorTooOld,
    DomainError,
    Invalid,
    NotAllowed,
    NotFound,
    ProtocolTooNew,
    TabletRevoked,
    UnknownTablet,
    WrongCredentials,
)
from hvapp.extensions import db
from hvapp.web.access import SignedOut

log = structlog.get_logger()

STATUS: dict[type[DomainError], int] = {
    NotFound: 404,
    NotAllowed: 403,
    Conflict: 409,
    Invalid: 422,
    WrongCredentials: 401,
    CursorTooOld: 410,
    UnknownTablet: 401,
    TabletRevoked: 403,
    ProtocolTooNew: 426,
}

RETRY_AFTER_SECONDS = 10

HTTP_WORDS: dict[int, tuple[str, str]] = {
    400: ("bad_request", "The request could not be read. Nothing was changed. Go back and try again."),
    404: ("not_found", "There is no such page. Check the address, or go back to the start page."),
    405: ("not_allowed", "That cannot be done here. Go back and try again."),
    413: (
        "too_large",
        "That was too much to send at once. Nothing was changed; the tablet sends it in smaller parts.",
    ),
    415: ("wrong_type", "The request was not of the right kind. Nothing was changed."),
    500: (
        "fault",
        "Something went wrong in the service. Nothing that was saved is lost. Try again in a few minutes; "
        "if it happens again, tell your administrator the time.",
    ),
    503: ("busy", "The service is busy. Nothing is lost. Try again in a minute."),
}


def wants_json() -> bool:
    return request.path.startswith(("/api/", "/sync/"))


def respond(status: int, code: str, message: str, **more: Any) -> tuple[Response | str, int]:
    if wants_json():
        return jsonify({"error": {"code": code, "message": message, **more}}), status
    return render_template("errors/error.jinja", status=status, message=message), status


def handle_domain_error(error: DomainError) -> tuple[Response | str, int]:
    return respond(STATUS.get(type(error), 400), error.code, error.message)


def handle_signed_out(error: SignedOut) -> tuple[Response | str, int] | WerkzeugResponse:
    if wants_json():
        return respond(401, "signed_out", "Sign in again to go on. Your visits are safe on this tablet.")
    if request.method != "GET" and request.endpoint != "auth.sign_out":
        # What was typed is shown again, so it is not lost with the session.
        return respond(401, "signed_out", "Nothing was changed. Sign in again, then do it once more.")
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("auth.sign_in", next=wanted))


def handle_csrf(error: CSRFError) -> tuple[Response | str, int]:
    return respond(
        403,
        "csrf",
        "This page was open for too long, so nothing was changed. Go back, reload the page and try again.",
    )


def handle_http(error: HTTPException) -> tuple[Response | str, int] | HTTPException:
    status = error.code or 500
    if status < 400:
        return error
    code, message = HTTP_WORDS.get(status, HTTP_WORDS[400 if status < 500 else 500])
    return respond(status, code, message)


def handle_database_down(
    error: OperationalError | PoolTimeout,
) -> tuple[Response | str, int, dict[str, str]]:
    """Locked, full up or gone: the same request may well succeed later, and the answer says when to try."""
    # The statement's parameters hold patient data, so only the kind of fault is logged.
    log.error("database_unavailable", kind=type(getattr(error, "orig", error)).__name__)
    db.session.rollback()
    code, message = HTTP_WORDS[503]
    return *respond(503, code, message), {"Retry-After": str(RETRY_AFTER_SECONDS)}


def log_fault(error: Exception) -> None:
    """The kind and the place: the words of an error may quote a record."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    log.error(
        "fault",
        kind=type(error).__name__,
        endpoint=request.endpoint if has_request_context() else None,
        where=f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame else None,
    )


def handle_fault(error: Exception) -> tuple[Response | str, int]:
    log_fault(error)
    # After an error in it PostgreSQL answers nothing more in a transaction, and the page may want to ask something.
    db.session.rollback()
    code, message = HTTP_WORDS[500]
    return respond(500, code, message)


def handle_unreadable(error: UnicodeEncodeError | RecursionError) -> tuple[Response | str, int]:
    """Half a character, or JSON nested beyond reading: nothing of ours sends it, and nothing can be done with it."""
    log_fault(error)
    code, message = HTTP_WORDS[400]
    return respond(400, code, message)


def install(app: Flask) -> None:
    app.register_error_handler(DomainError, handle_domain_error)
    app.register_error_handler(SignedOut, handle_signed_out)
    app.register_error_handler(CSRFError, handle_csrf)
    app.register_error_handler(HTTPException, handle_http)
    app.register_error_handler(OperationalError, handle_database_down)
    app.register_error_handler(PoolTimeout, handle_database_down)
    app.register_error_handler(UnicodeEncodeError, handle_unreadable)
    app.register_error_handler(RecursionError, handle_unreadable)
    if not app.testing:
        app.register_error_handler(Exception, handle_fault)
