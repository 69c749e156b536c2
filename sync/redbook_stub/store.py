"""The stand-in's own records: every version of every resource, in one SQLite file."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sync import fhir_json

_SCHEMA = """
CREATE TABLE IF NOT EXISTS version (
    resource_type TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    stored_at TEXT NOT NULL,
    deleted INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (resource_type, id, version)
) WITHOUT ROWID
"""
_NEWEST = """version = (
    SELECT max(version) FROM version newer WHERE newer.resource_type = v.resource_type AND newer.id = v.id
)"""


@dataclass(frozen=True)
class Stored:
    """One version of one resource. `body` is the resource without the id and version the server adds."""

    resource_type: str
    id: str
    version: int
    stored_at: datetime
    deleted: bool
    body: dict[str, Any]

    @property
    def resource(self) -> dict[str, Any]:
        meta = dict(self.body.get("meta", {}))
        meta |= {
            "versionId": str(self.version),
            "lastUpdated": self.stored_at.isoformat(timespec="milliseconds"),
        }
        return {"resourceType": self.resource_type, "id": self.id, "meta": meta} | {
            key: value for key, value in self.body.items() if key not in ("resourceType", "id", "meta")
        }

    @property
    def location(self) -> str:
        return f"{self.resource_type}/{self.id}/_history/{self.version}"


class Store:
    """Reads and writes; writes only inside `transaction()`, which keeps all of them or none."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._lock = threading.RLock()
        with self._lock:
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.execute(_SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def read(self, resource_type: str, name: str) -> Stored | None:
        """The newest version, a removed one included; None for what was never here."""
        found = self._select("v.resource_type = ? AND v.id = ?", resource_type, name)
        return found[0] if found else None

    def history(self, resource_type: str, name: str) -> list[Stored]:
        """Every version, newest first."""
        return self._rows(
            "SELECT * FROM version v WHERE resource_type = ? AND id = ? ORDER BY version DESC",
            resource_type,
            name,
        )

    def current(self, resource_type: str) -> list[Stored]:
        """The newest version of everything of this type that has not been removed."""
        return [one for one in self._select("v.resource_type = ?", resource_type) if not one.deleted]

    def create(self, resource_type: str, body: dict[str, Any]) -> Stored:
        return self._append(resource_type, str(uuid4()), 1, body, deleted=False)

    def put(self, resource_type: str, name: str, body: dict[str, Any]) -> tuple[Stored, bool]:
        """The version now current, and whether the resource is new. The same content again makes no new version."""
        known = self.read(resource_type, name)
        if known is not None and not known.deleted and known.body == body:
            return known, False
        created = known is None or known.deleted
        return self._append(
            resource_type, name, known.version + 1 if known else 1, body, deleted=False
        ), created

    def remove(self, resource_type: str, name: str) -> bool:
        known = self.read(resource_type, name)
        if known is None or known.deleted:
            return False
        self._append(resource_type, name, known.version + 1, known.body, deleted=True)
        return True

    def _append(
        self, resource_type: str, name: str, version: int, body: dict[str, Any], *, deleted: bool
    ) -> Stored:
        stored = Stored(resource_type, name, version, datetime.now(UTC), deleted, body)
        with self._lock:
            self._connection.execute(
                "INSERT INTO version VALUES (?, ?, ?, ?, ?, ?)",
                (
                    resource_type,
                    name,
                    version,
                    stored.stored_at.isoformat(),
                    int(deleted),
                    fhir_json.dumps(body),
                ),
            )
        return stored

    def _select(self, where: str, *values: str) -> list[Stored]:
        # Only the constant conditions of this module are joined in; values are bound.
        return self._rows(f"SELECT * FROM version v WHERE {where} AND {_NEWEST} ORDER BY id", *values)  # noqa: S608

    def _rows(self, query: str, *values: str) -> list[Stored]:
        with self._lock:
            rows = self._connection.execute(query, values).fetchall()
        return [
            Stored(kind, name, version, datetime.fromisoformat(at), bool(deleted), fhir_json.loads(body))
            for kind, name, version, at, deleted, body in rows
        ]
