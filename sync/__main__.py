"""`python -m sync worker` sends approved visits; `python -m sync redbook` is the stand-in red book for demos."""

import argparse
import logging
import sys
from pathlib import Path

import structlog


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m sync", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("worker", help="send approved visits to the red book until stopped")
    redbook = commands.add_parser(
        "redbook", help="run the stand-in red book, for demonstrations and tests only"
    )
    redbook.add_argument("--host", default="127.0.0.1")
    redbook.add_argument("--port", type=int, required=True)
    redbook.add_argument("--data", type=Path, required=True, help="the folder its records are kept in")
    redbook.add_argument("--faults", action="store_true", help="let tests order trouble by POST /faults/KIND")
    chosen = parser.parse_args(arguments)
    _log_to_stderr()
    if chosen.command == "worker":
        from hvapp.settings import Settings
        from sync.worker import run_worker

        run_worker(Settings.from_env())
        return 0
    from sync.redbook_stub.server import serve

    return serve(chosen.host, chosen.port, chosen.data, faults_by_http=chosen.faults)


def _log_to_stderr() -> None:
    """One JSON line per event. Only ids are ever logged, so a log may be kept and shown."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


if __name__ == "__main__":
    sys.exit(main())
