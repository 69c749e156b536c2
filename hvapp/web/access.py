"""Who may see which page. A view without a declaration answers nobody."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import current_app, g, request
from flask_login import current_user

from hvapp.domain.accounts import Account, Role
from hvapp.domain.errors import NotAllowed

View = TypeVar("View", bound=Callable[..., Any])

ATTRIBUTE = "hvapp_access"
EVERYONE = "everyone"


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


def declared_access(endpoint: str) -> Any:
    """What a route declares: EVERYONE, a set of roles, or None where it was forgotten."""
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
    if not current_user.is_authenticated:
        raise SignedOut
    if access is None or signed_in().role not in access:
        raise NotAllowed("Your account does not open this page. If you need it, ask your administrator.")
    g.private = True


def signed_in() -> Account:
    """The account of this request. Only for views that declare roles."""
    return cast(Account, current_user.account)
