"""Answers to tablets go packed: a caseload is mostly the same few words over and over.

Only what is sent to tablets. A page that repeats what its reader typed, beside something secret, would give the
secret away by its length.
"""

import gzip

from flask import Flask, Response, request

SMALLEST = 1024
LEVEL = 6


def pack(response: Response) -> Response:
    """Compress a tablet's answer where the tablet takes it."""
    if (
        not request.path.startswith("/sync/")
        or response.is_streamed
        or "Content-Encoding" in response.headers
    ):
        return response
    response.vary.add("Accept-Encoding")
    body = response.get_data()
    if len(body) >= SMALLEST and request.accept_encodings.quality("gzip") > 0:
        response.set_data(gzip.compress(body, LEVEL))
        response.headers["Content-Encoding"] = "gzip"
    return response


def install(app: Flask) -> None:
    app.after_request(pack)
