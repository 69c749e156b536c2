"""The description of the tablets' interface, for whoever writes another client or tests this service."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from hvapp.web.access import public

bp = Blueprint("openapi", __name__, url_prefix="/sync/v1")


@cache
def description() -> dict[str, Any]:
    """The OpenAPI document, as it is written in openapi.yaml."""
    text = Path(__file__).with_name("openapi.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


@bp.get("/openapi.json")
@public
def document() -> ResponseReturnValue:
    return jsonify(description())
