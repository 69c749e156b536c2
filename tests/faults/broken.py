"""A server that is broken on purpose, to show that a campaign finds it. Nothing of it is in the product."""

import os
import threading
import time
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from sqlalchemy.orm import Session

from hvapp.app import create_app as create_real_app

_DELAY = 0.5

Answer = Iterable[bytes]
StartResponse = Callable[..., Any]


def create_app() -> Any:
    """The real application with the fault that HVAPP_BROKEN names."""
    app = create_real_app()
    if os.environ["HVAPP_BROKEN"] == "answer before commit":
        app.wsgi_app = AnswersFirst(app.wsgi_app)  # type: ignore[method-assign]
    return app


class AnswersFirst:
    """Gives receipts at once, and stores the visits half a second later: a power cut in between loses them."""

    def __init__(self, app: Callable[[dict[str, Any], StartResponse], Answer]) -> None:
        self.app = app
        self.pretending = threading.local()
        real = Session.commit
        pretending = self.pretending

        def commit(session: Session) -> None:
            if getattr(pretending, "now", False):
                session.flush()
                session.rollback()
            else:
                real(session)

        Session.commit = commit  # type: ignore[method-assign]

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Answer:
        if environ["PATH_INFO"] != "/sync/v1/push":
            return self.app(environ, start_response)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        self.pretending.now = True
        try:
            answer = [b"".join(self.app(environ | {"wsgi.input": BytesIO(body)}, start_response))]
        finally:
            self.pretending.now = False
        later = {key: value for key, value in environ.items() if not key.startswith(("werkzeug.", "flask."))}
        threading.Thread(target=self._store, args=(later | {"wsgi.input": BytesIO(body)},)).start()
        return answer

    def _store(self, environ: dict[str, Any]) -> None:
        time.sleep(_DELAY)
        list(self.app(environ, lambda *given: None))
