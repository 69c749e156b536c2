"""The loop: claim a message, build and freeze it once, check it, send it, settle what became of it.

No database transaction is open while the network is used. A worker that dies in between loses its lease, and the next
one sends the same bytes again, which the red book stores once.
"""

import os
import signal
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from hvapp.domain.forms import FormLibrary, load_forms
from hvapp.domain.redbook import ApprovedRecord, Outcome
from hvapp.services.database import open_sessions
from hvapp.services.judging import judge_new
from hvapp.services.outbox import Envelope, claim_next, freeze, settle
from hvapp.settings import Settings
from sync import conformance, fhir_json
from sync.builders import fhir_r4
from sync.holds import hold
from sync.outcomes import Answer, settle_by_table
from sync.reading import as_read
from sync.transports.fhir_rest import FhirRest

# Longer than the two calls of one send can take together, so that nobody else takes a message still under way.
LEASE_SECONDS = 300
IDLE_SECONDS = 2.0
JUDGED_AT_ONCE = 20
TROUBLE_SECONDS = 15.0

log = structlog.get_logger()


class Transport(Protocol):
    def send(self, message: Envelope, /) -> Outcome: ...


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Worker:
    """One process that empties the outbox. `stopping`, set from outside, ends it after the message in hand."""

    sessions: sessionmaker[Session]
    forms: FormLibrary
    transport: Transport
    worker_id: str
    stopping: threading.Event
    now: Callable[[], datetime] = utc_now

    def run(self) -> None:
        """Until told to stop. Trouble with the database is waited out; nothing is lost, everything is in it."""
        log.info("worker_started", worker_id=self.worker_id)
        while not self.stopping.is_set():
            try:
                worked = self.run_once()
            except SQLAlchemyError as error:
                log.error("worker_database_trouble", error=type(error).__name__)
                self.stopping.wait(TROUBLE_SECONDS)
            except Exception as error:
                # Its words may quote a record: the kind and the place are all that may be written down.
                log.error("worker_trouble", error=type(error).__name__, place=_place(error))
                self.stopping.wait(TROUBLE_SECONDS)
            else:
                if not worked and not self._judge():
                    self.stopping.wait(IDLE_SECONDS)
        log.info("worker_stopped", worker_id=self.worker_id)

    def _judge(self) -> int:
        """Some of the visits whose rules nobody has had time to run; answers how many."""
        with self.sessions() as session:
            return judge_new(session, self.forms, self.now(), limit=JUDGED_AT_ONCE)

    def run_once(self) -> bool:
        """One message from claim to outcome; False when none was due."""
        with self.sessions() as session:
            envelope = claim_next(
                session, self.forms, now=self.now(), lease_seconds=LEASE_SECONDS, worker_id=self.worker_id
            )
        if envelope is None:
            return False
        with structlog.contextvars.bound_contextvars(
            message_id=envelope.message_id, visit_id=envelope.visit_id
        ):
            outcome = self._attempt(envelope)
            with self.sessions() as session:
                settled = settle(session, envelope, outcome, self.now())
            log.info(
                "red_book_attempt",
                attempt=envelope.attempts,
                outcome=settled.kind if settled else "lease_lost",
                reason=outcome.reason_code,
                status=outcome.http_status,
            )
        return True

    def _attempt(self, envelope: Envelope) -> Outcome:
        try:
            record = self._as_read(envelope.record)
            held = hold(record, envelope.kind)
            if held is not None:
                return held
            payload = envelope.payload or self._build(envelope, record)
            found = conformance.problems(envelope.record, payload)
        except SQLAlchemyError:
            raise
        except Exception as error:
            log.error("message_not_built", error=type(error).__name__, place=_place(error))
            return Outcome(
                "dead",
                "not_built",
                "The visit could not be written as a red-book message. This needs technical help; nothing is lost.",
            )
        if found:
            log.error("message_held_back", problems=len(found))
            return Outcome("dead", "not_conformant", f"The message was held back. {' '.join(found[:5])}")
        try:
            return self.transport.send(replace(envelope, payload=payload))
        except Exception as error:
            # Settled like any unclear answer: left alone, it would come round with every lease and never be told.
            log.error("transport_trouble", error=type(error).__name__, place=_place(error))
            return settle_by_table(Answer())

    def _as_read(self, record: ApprovedRecord) -> ApprovedRecord:
        return as_read(record, self.forms.get(record.form["id"], record.form["version"]))

    def _build(self, envelope: Envelope, record: ApprovedRecord) -> bytes:
        """Built once and kept: a resend after a doubtful answer is the very same message."""
        payload = fhir_r4.build(record, envelope.kind)
        with self.sessions() as session:
            freeze(session, envelope.message_id, payload, fhir_json.CONTENT_TYPE)
        return payload


def _place(error: BaseException) -> str:
    """Where it was raised: the innermost file and line."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "unknown"
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"


def run_worker(settings: Settings) -> None:
    """The worker process: stops after the message in hand on SIGTERM or SIGINT."""
    stopping = threading.Event()

    def stop(number: int, frame: FrameType | None) -> Any:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    Worker(
        sessions=open_sessions(settings),
        forms=load_forms(settings.root / "hvapp" / "forms"),
        transport=FhirRest(settings.redbook_url),
        worker_id=f"{socket.gethostname()}-{os.getpid()}",
        stopping=stopping,
    ).run()
