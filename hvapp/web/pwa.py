"""The tablet app's own files: shell, worker, manifest. None of them holds patient data."""

from flask import Blueprint, Response, current_app, jsonify, send_from_directory
from flask.typing import ResponseReturnValue

from hvapp.domain.errors import NotFound
from hvapp.web.access import public
from hvapp.web.assets import Assets

bp = Blueprint("pwa", __name__)


@bp.get("/tablet")
@public
def tablet() -> ResponseReturnValue:
    response = _built(_assets().path("tablet.html"), "text/html")
    response.headers["Cache-Control"] = "no-cache"
    return response


@bp.get("/sw.js")
@public
def worker() -> ResponseReturnValue:
    response = _built("sw.js", "text/javascript")
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Service-Worker-Allowed"] = "/"
    return response


@bp.get("/manifest.webmanifest")
@public
def manifest() -> ResponseReturnValue:
    assets = _assets()
    response = jsonify(
        {
            "id": "/tablet",
            "name": "Health visits",
            "short_name": "Visits",
            "description": "Record home visits with or without a connection.",
            "lang": "en-GB",
            "start_url": "/tablet",
            "scope": "/tablet",
            "display": "standalone",
            "orientation": "any",
            "background_color": "#f0f4f5",
            "theme_color": "#005eb8",
            "icons": [
                {
                    "src": assets.url("icons/nhsuk-icon-192.png"),
                    "sizes": "192x192",
                    "type": "image/png",
                    "purpose": "any",
                },
                {
                    "src": assets.url("icons/nhsuk-icon-512.png"),
                    "sizes": "512x512",
                    "type": "image/png",
                    "purpose": "any",
                },
                {
                    "src": assets.url("icons/nhsuk-icon-512.png"),
                    "sizes": "512x512",
                    "type": "image/png",
                    "purpose": "maskable",
                },
            ],
        }
    )
    response.mimetype = "application/manifest+json"
    response.headers["Cache-Control"] = "no-cache"
    return response


@bp.get("/healthz")
@public
def health() -> ResponseReturnValue:
    return jsonify({"ok": True})


def _assets() -> Assets:
    assets: Assets = current_app.extensions["assets"]
    return assets


def _built(name: str, mimetype: str) -> Response:
    folder = _assets().folder
    if not (folder / name).is_file():
        raise NotFound("The tablet app has not been built. Run: hvapp assets")
    return send_from_directory(folder, name, mimetype=mimetype)
