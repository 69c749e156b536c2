"""What a parent would see: the stand-in's own pages, in plain words."""

import json
from pathlib import Path

import nhsuk_frontend_jinja
from flask import Blueprint, Flask, Response, abort, current_app, render_template, send_file
from jinja2 import ChainableUndefined, ChoiceLoader, FileSystemLoader, PackageLoader

from hvapp.settings import ROOT
from sync.redbook_stub.presenter import present_child, present_children
from sync.redbook_stub.store import Store
from sync.redbook_stub.transactions import belongs_to

POLICY = "; ".join(
    [
        "default-src 'none'",
        "style-src 'self'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)
_STYLE = "desk.css"

parent = Blueprint("parent", __name__)


def add_pages(app: Flask) -> None:
    # Flask escapes .html only, and these are .jinja.
    app.jinja_env.autoescape = True
    app.jinja_env.undefined = ChainableUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.loader = ChoiceLoader(
        [FileSystemLoader(ROOT / "templates" / "redbook"), PackageLoader(nhsuk_frontend_jinja.__name__)]
    )
    app.register_blueprint(parent)
    app.after_request(_headers)


def _store() -> Store:
    store: Store = current_app.extensions["redbook_store"]
    return store


@parent.get("/")
def children() -> str:
    return render_template(
        "children.jinja", children=present_children(_store().current("Patient")), styled=_styled()
    )


@parent.get("/child/<patient_id>")
def child(patient_id: str) -> str | tuple[str, int]:
    store = _store()
    patient = store.read("Patient", patient_id)
    if patient is None:
        return render_template("missing.jinja", styled=_styled()), 404
    records = {
        kind: list(belongs_to(patient_id, store.current(kind)))
        for kind in ("Encounter", "Observation", "QuestionnaireResponse", "Communication", "CarePlan")
    }
    return render_template("child.jinja", child=present_child(patient, records), styled=_styled())


@parent.get("/style.css")
def style() -> Response:
    """The application's built style sheet, when it has been built; the pages read well without."""
    path = _style_path()
    if path is None:
        abort(404)
    return send_file(path, mimetype="text/css")


def _styled() -> bool:
    return _style_path() is not None


def _style_path() -> Path | None:
    try:
        manifest = json.loads((ROOT / "static" / "dist" / "manifest.json").read_bytes())
        path = ROOT / str(manifest[_STYLE]).lstrip("/")
    except (OSError, ValueError, KeyError):
        return None
    return path if path.is_file() else None


def _headers(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    response.headers["Cache-Control"] = "no-store"
    return response
