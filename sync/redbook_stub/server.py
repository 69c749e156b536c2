"""Runs the stand-in as a process of its own, until SIGTERM or SIGINT."""

import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from werkzeug.serving import WSGIRequestHandler, make_server

from sync.redbook_stub.app import create_redbook


class _Quiet(WSGIRequestHandler):
    """No line per request: a search may carry an NHS number."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        return


def serve(host: str, port: int, data: Path, *, faults_by_http: bool = False) -> int:
    """Blocks until told to stop; answers the exit status, 1 when the address is taken."""
    app = create_redbook(data, faults_by_http=faults_by_http)
    try:
        server = make_server(host, port, app, threaded=True, request_handler=_Quiet)
    except (OSError, SystemExit):
        # werkzeug leaves with SystemExit when the port is in use.
        sys.stderr.write(f"Port {port} is already in use. Choose another with --port.\n")
        return 1

    def stop(number: int, frame: FrameType | None) -> None:
        # shutdown() waits for the loop that this handler interrupted, so another thread has to call it.
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    server.serve_forever()
    server.server_close()
    app.extensions["redbook_store"].close()
    return 0
