"""Signing in and out, for supervisors and administrators by page and for tablets by JSON."""

from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, current_app, g, jsonify, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import UserMixin, current_user, login_user, logout_user
from flask_wtf import FlaskForm
from flask_wtf.csrf import generate_csrf
from sqlalchemy.exc import SQLAlchemyError
from wtforms import EmailField, PasswordField
from wtforms.validators import InputRequired

from hvapp.domain.accounts import ROLE_NAMES, Account, Role
from hvapp.domain.errors import Invalid, WrongCredentials
from hvapp.extensions import db, login
from hvapp.services import accounts
from hvapp.settings import Settings
from hvapp.web.access import public, roles

bp = Blueprint("auth", __name__)

HOME = {
    Role.HEALTH_VISITOR: "pwa.tablet",
    Role.SUPERVISOR: "review.queue",
    Role.ADMINISTRATOR: "admin.account_list",
}


class SignedInUser(UserMixin):  # type: ignore[misc]
    """What Flask-Login asks of a user, around our own account."""

    def __init__(self, account: Account, session_id: str) -> None:
        self.account = account
        self.id = session_id


@login.user_loader  # type: ignore[untyped-decorator]
def load_user(session_id: str) -> SignedInUser | None:
    """Nobody, once the database has failed to say who it is: the page that tells of it must not ask again."""
    if g.get("database_gone"):
        return None
    try:
        account = accounts.find_signed_in(db.session, session_id, lifetime=_lifetime(), now=datetime.now(UTC))
    except SQLAlchemyError:
        g.database_gone = True
        raise
    return SignedInUser(account, session_id) if account else None


class SignInForm(FlaskForm):  # type: ignore[misc]
    email = EmailField("Email address", validators=[InputRequired("Enter your email address.")])
    password = PasswordField("Password", validators=[InputRequired("Enter your password.")])


@bp.get("/")
@public
def home() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(url_for(HOME[current_user.account.role]))
    return redirect(url_for("auth.sign_in"))


@bp.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in() -> ResponseReturnValue:
    form = SignInForm()
    problem = None
    if form.validate_on_submit():
        try:
            account = _sign_in(form.email.data, form.password.data)
            return redirect(_safe_next() or url_for(HOME[account.role]))
        except WrongCredentials as error:
            problem = error.message
    status = 422 if form.errors or problem else 200
    return render_template("auth/sign_in.jinja", form=form, problem=problem), status


@bp.post("/sign-out")
@roles(*Role)
def sign_out() -> ResponseReturnValue:
    _sign_out()
    return redirect(url_for("auth.sign_in"))


@bp.get("/api/v1/session")
@public
def api_session() -> ResponseReturnValue:
    """Who is signed in, and a fresh CSRF token. Tablets call it at the start of every exchange."""
    return jsonify(_session_state(current_user.account if current_user.is_authenticated else None))


@bp.post("/api/v1/sign-in")
@public
def api_sign_in() -> ResponseReturnValue:
    given = request.get_json()
    email, password = (given.get("email"), given.get("password")) if isinstance(given, dict) else (None, None)
    if not isinstance(email, str) or not isinstance(password, str) or not email or not password:
        raise Invalid("Enter your email address and password.")
    return jsonify(_session_state(_sign_in(email, password)))


@bp.post("/api/v1/sign-out")
@public
def api_sign_out() -> ResponseReturnValue:
    _sign_out()
    return jsonify(_session_state(None))


def _sign_in(email: str, password: str) -> Account:
    now = datetime.now(UTC)
    account = accounts.sign_in(db.session, email=email, password=password, now=now)
    _sign_out()
    session.permanent = True
    session_id = accounts.begin_session(db.session, account, lifetime=_lifetime(), now=now)
    login_user(SignedInUser(account, session_id))
    return account


def _sign_out() -> None:
    """End this browser's session here and not only in its cookie, which may have been copied."""
    if current_user.is_authenticated:
        accounts.end_session(db.session, current_user.account, current_user.id, datetime.now(UTC))
    logout_user()
    session.clear()


def _lifetime() -> timedelta:
    settings: Settings = current_app.config["HVAPP"]
    return settings.session_lifetime


def _session_state(account: Account | None) -> dict[str, Any]:
    return {
        "account": account
        and {
            "id": account.id,
            "name": account.name,
            "role": account.role.value,
            "role_name": ROLE_NAMES[account.role],
            "job": account.job,
            "team": {"id": account.team.id, "name": account.team.name, "phone": account.team.phone},
        },
        "csrf_token": generate_csrf(),
        "server_time": datetime.now(UTC).isoformat(),
        "app_version": version("hvapp"),
    }


def _safe_next() -> str | None:
    """Where the visitor was going, if that is a page of ours."""
    wanted = request.args.get("next", "")
    parts = urlsplit(wanted)
    local = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and not parts.netloc
    return wanted if local and wanted.isprintable() else None
