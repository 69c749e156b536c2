"""Who may see which page. A view without a declaration answers nobody."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import Flask, Request, current_app, g, request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_login import current_user

from hvapp.domain.accounts import Account, Role
from hvapp.domain.errors import NotAllowed
from hvapp.extensions import csrf, db
from hvapp.services import devices
from hvapp.web import tablet_auth

View = TypeVar("View", bound=Callable[..., Any])

ATTRIBUTE = "hvapp_access"
KEEPERS = (Role.SUPERVISOR, Role.ADMINISTRATOR)
"""Who may change whose record a child's is, or end it."""

EVERYONE = "everyone"
TABLET = "tablet"

REVOKED_MAY_CALL = {"auth.sign_out", "api.register_device"}
"""What a session that belongs to a revoked tablet still opens; registering tells the tablet what it is to do."""


class Sessions(SecureCookieSessionInterface):
    """A request without the cookie has no session to read: a tablet that hands work in sends none."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)


class SignedOut(Exception):
    """The page needs an account and nobody is signed in, or the session has run out."""


def roles(*allowed: Role) -> Callable[[View], View]:
    """Only these roles may call the view."""

    def mark(view: View) -> View:
        setattr(view, ATTRIBUTE, frozenset(allowed))
        return view

    return mark


def public(view: View) -> View:
    """Anyone may call the view; it must never show patient data."""
    setattr(view, ATTRIBUTE, EVERYONE)
    return view


def tablet(view: View) -> View:
    """Only a tablet may call the view, with its own token. There is no cookie, so there is nothing to forge."""
    setattr(view, ATTRIBUTE, TABLET)
    return cast(View, csrf.exempt(view))


def declared_access(endpoint: str) -> Any:
    """What a route declares: EVERYONE, TABLET, a set of roles, or None where it was forgotten."""
    if endpoint == "static":
        return EVERYONE
    return getattr(current_app.view_functions[endpoint], ATTRIBUTE, None)


def enforce() -> None:
    """Before every request: hold the route to what it declares."""
    if request.endpoint is None:
        return
    access = declared_access(request.endpoint)
    if access == EVERYONE:
        return
    if access == TABLET:
        tablet_auth.recognise()
        return
    if not current_user.is_authenticated:
        raise SignedOut
    if TABLET in session and request.endpoint not in REVOKED_MAY_CALL:
        devices.refuse_revoked(db.session, session[TABLET])
    if access is None or signed_in().role not in access:
        raise NotAllowed("Your account does not open this page. If you need it, ask your administrator.")
    g.private = True


def bind_session_to(device_id: str) -> None:
    """Tie this session to the tablet that it was begun on: revoking the tablet then ends what the session opens."""
    session[TABLET] = device_id


def signed_in() -> Account:
    """The account of this request. Only for views that declare roles."""
    return cast(Account, current_user.account)
