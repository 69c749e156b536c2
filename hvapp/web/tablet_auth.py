"""Knowing a tablet by its own token: no cookie, no session, nobody signed in, and no question to the database."""

from typing import cast

from flask import current_app, g, request

from hvapp.domain.errors import UnknownTablet
from hvapp.domain.tablets import TabletId, read_token
from hvapp.settings import Settings

SCHEME = "Tablet"


def recognise() -> None:
    """Raises UnknownTablet unless the request carries a token of ours."""
    settings: Settings = current_app.config["HVAPP"]
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    tablet = read_token(token, settings.upload_key) if scheme == SCHEME else None
    if tablet is None:
        raise UnknownTablet
    g.tablet = tablet


def this_tablet() -> TabletId:
    """The tablet of this request. Only for views that declare `tablet`."""
    return cast(TabletId, g.tablet)
