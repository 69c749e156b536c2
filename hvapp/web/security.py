"""Headers that every response carries."""

import base64
import hashlib
import re
from functools import lru_cache
from importlib import resources
from wsgiref.headers import Headers

from flask import Flask, Response, g, request

ISOLATING_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


@lru_cache
def template_script_hash() -> str:
    """The CSP hash of the one inline script, which stands in NHS.UK's page template."""
    source = resources.files("nhsuk_frontend_jinja").joinpath("templates/nhsuk/template.jinja").read_text()
    match = re.search(r"<script[^>]*>(.*?)</script>", source, re.DOTALL)
    if match is None:
        raise RuntimeError(
            "the page template no longer has an inline script: remove its hash from the policy"
        )
    digest = hashlib.sha256(match.group(1).encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


@lru_cache
def content_security_policy() -> str:
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self' {template_script_hash()}",
            "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            "worker-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types hvapp",
        ]
    )


def secure_headers(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", content_security_policy())
    for name, value in ISOLATING_HEADERS.items():
        response.headers.setdefault(name, value)
    # Whatever an account may see stays out of every cache. So do errors and redirects: they name who is signed in and
    # give back what was typed. Only the tablet's own files say otherwise themselves.
    if getattr(g, "private", False) or request.path.startswith(("/api/", "/sync/")):
        response.headers["Cache-Control"] = "no-store"
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def secure_file(headers: Headers, path: str, url: str) -> None:
    """The same for built files: a tablet's worker answers with the stored shell, headers and all."""
    headers["Content-Security-Policy"] = content_security_policy()
    for name, value in ISOLATING_HEADERS.items():
        headers[name] = value


def install(app: Flask) -> None:
    app.after_request(secure_headers)
