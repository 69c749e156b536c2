"""Copying the database while it is in use, and going back to such a copy.

For SQLite. PostgreSQL has tools of its own, after which only the new epoch is our business (services.feed).
"""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from hvapp.domain.errors import Conflict, Invalid
from hvapp.domain.sealing import CannotOpen, unlock_private_key
from hvapp.store.audit import write_audit
from hvapp.store.changes import begin_epoch
from hvapp.store.database import engine_url, session_factory
from hvapp.store.keys import SealingKeyRow
from hvapp.store.transaction import transaction

POSTGRESQL_WORDS = (
    "This service keeps its records in PostgreSQL, which has its own tools: pg_dump --format=custom to back up, "
    "pg_restore to go back, and after that: hvapp new-epoch."
)


@dataclass(frozen=True)
class Restored:
    """`kept`: where the database that was replaced lies now; None when there was none.

    `since`: versions of visits in it that came after the backup; `cleared`: those of them whose tablets were cleared,
    so that nothing will send them again.
    """

    kept: Path | None
    carried_over: bool  # whether keys, revocations and rescued drafts since the backup could be taken along
    since: int = 0
    cleared: int = 0


def back_up(database_url: str, target: Path) -> None:
    """Write a consistent copy to `target` while the service runs. Raises Invalid or Conflict in plain words."""
    source = database_file(database_url)
    if not source.exists():
        raise Invalid(f"There is no database at {source} yet, so there is nothing to back up.")
    if target.exists():
        raise Conflict(f"{target} exists already and was not touched. Give another name.")
    part = target.with_name(f"{target.name}.part")
    # Records are nobody else's on this machine.
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    try:
        with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(part)) as copy:
            live.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
        _check(part)
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)


def restore(
    database_url: str, source: Path, *, keys_key: bytes, upgrade: Callable[[str], None], now: datetime
) -> Restored:
    """Put a backup in the database's place, under a new epoch, so that tablets offer again what they still hold.

    `upgrade` brings the database at an address to this version's tables. What was there is kept beside it. Raises
    Invalid or Conflict, and then nothing was changed.
    """
    live = database_file(database_url)
    _check(source)
    work = live.with_name(f"{live.name}.restoring")
    try:
        shutil.copyfile(source, work)
        work.chmod(0o600)
        url = f"sqlite:///{work}"
        upgrade(url)
        with _session(url) as session:
            _check_secret(session, keys_key)
            _begin_anew(session, now)
        return _put_in_place(live, work, now)
    finally:
        for end in ("", "-wal", "-shm", ".turn"):
            work.with_name(f"{work.name}{end}").unlink(missing_ok=True)


def database_file(database_url: str) -> Path:
    """The file of an SQLite database. Raises Invalid for any other."""
    url = engine_url(database_url)
    if url.get_backend_name() != "sqlite" or not url.database:
        raise Invalid(POSTGRESQL_WORDS)
    return Path(url.database)


@contextmanager
def _session(url: str) -> Iterator[Session]:
    with session_factory(url)() as session:
        try:
            yield session
        finally:
            session.get_bind().dispose()  # type: ignore[union-attr]


def _check(file: Path) -> None:
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            sound = database.execute("PRAGMA quick_check").fetchone() == ("ok",)
            ours = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
    except sqlite3.DatabaseError:
        sound, ours = False, None
    if not sound or ours is None:
        raise Invalid(f"{file} is not a whole backup of this service’s database. Nothing was changed.")


def _check_secret(session: Session, keys_key: bytes) -> None:
    rows = session.scalars(select(SealingKeyRow)).all()
    for row in rows:
        try:
            unlock_private_key(row.private_key, row.kid, keys_key)
        except CannotOpen:
            raise Invalid(
                "The backup was made under another secret, so nothing that tablets sealed to it could be opened. "
                "Nothing was changed. Put back the secret.key (or HVAPP_SECRET_KEY) of that time and repeat."
            ) from None


def _begin_anew(session: Session, now: datetime) -> None:
    with transaction(session):
        epoch = begin_epoch(session)
        write_audit(
            session,
            at=now,
            account_id=None,
            action="database_restored",
            subject_type="feed",
            subject_id=epoch,
        )


def _put_in_place(live: Path, work: Path, now: datetime) -> Restored:
    if not live.exists():
        _into_one_file(work)
        work.rename(live)
        return Restored(None, carried_over=False)
    kept = live.with_name(f"{live.stem}-before-restore-{now:%Y%m%dT%H%M%S}{live.suffix}")
    with closing(sqlite3.connect(live, timeout=2, isolation_level=None)) as present:
        _hold(present)
        carried_over = _carry_over(live, work)
        since, cleared = _count_since(live, work) if carried_over else (0, 0)
        _into_one_file(work)
        shutil.copyfile(live, kept)
        kept.chmod(0o600)
        work.rename(live)
    return Restored(kept, carried_over, since, cleared)


def _into_one_file(database: Path) -> None:
    """Only the file itself is moved, so nothing may be left beside it."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")


def _hold(present: sqlite3.Connection) -> None:
    """Make sure that nobody else has the database open: who has would go on writing to the file that we replace."""
    try:
        # Leaving the WAL is allowed to the only connection there is, and puts everything into the one file.
        present.execute("PRAGMA journal_mode=DELETE")
        present.execute("BEGIN IMMEDIATE")
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise Conflict(
                "The service or its worker is using the database. Nothing was changed. Stop both and repeat."
            ) from None
        # A damaged database is what a backup is for.


_CARRY_OVER = (
    "INSERT OR IGNORE INTO sealing_key (kid, public_key, private_key, created_at, retired_at)"
    " SELECT kid, public_key, private_key, created_at, retired_at FROM present.sealing_key",
    "UPDATE device SET revoked_at = found.revoked_at, revoke_reason = found.revoke_reason,"
    " wiped_at = found.wiped_at, revoked_by_id = (SELECT id FROM account WHERE id = found.revoked_by_id)"
    " FROM present.device AS found WHERE found.id = device.id AND found.revoked_at IS NOT NULL",
    'INSERT OR IGNORE INTO tablet_command (id, device_id, kind, issued_at, done_at, "left")'
    ' SELECT id, device_id, kind, issued_at, done_at, "left" FROM present.tablet_command'
    " WHERE device_id IN (SELECT id FROM device)",
    "INSERT OR REPLACE INTO rescued_draft (account_id, id, device_id, kid, box, kept_at, taken_at)"
    " SELECT account_id, id, device_id, kid, box, kept_at, taken_at FROM present.rescued_draft"
    " WHERE account_id IN (SELECT id FROM account)",
)


def _carry_over(live: Path, work: Path) -> bool:
    """Take along what must not go back in time: keys that tablets have sealed to since, tablets revoked since, and
    unfinished visits rescued since, which their tablets no longer have."""
    try:
        with closing(sqlite3.connect(work)) as database:
            database.execute("ATTACH ? AS present", (str(live),))
            with database:
                for statement in _CARRY_OVER:
                    database.execute(statement)
    except sqlite3.DatabaseError:
        return False
    return True


def _count_since(live: Path, work: Path) -> tuple[int, int]:
    """Versions that tablets sent since the backup: how many, and how many of tablets cleared since."""
    with closing(sqlite3.connect(work)) as database:
        database.execute("ATTACH ? AS present", (str(live),))
        since, cleared = database.execute(
            "SELECT count(*), count(sender.wiped_at) FROM present.revision AS version"
            " JOIN present.device AS sender ON sender.id = version.device_id"
            " WHERE version.id NOT IN (SELECT id FROM main.revision)"
        ).fetchone()
    return since, cleared
