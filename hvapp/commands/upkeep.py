"""What an operator does to a running or stopped service: keys, backups, restores, tidying."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.orm import Session

from hvapp.app import create_app
from hvapp.commands.database import upgrade
from hvapp.extensions import db
from hvapp.services import backup, feed, keys
from hvapp.services.database import open_sessions
from hvapp.settings import Settings

Say = Callable[[str], None]


def rotate_key(settings: Settings, say: Say) -> None:
    """Make a new key for tablets to seal to; earlier ones go on opening."""
    with _session(settings) as session:
        made = keys.rotate(session, settings.keys_key, datetime.now(UTC))
    say(f"Tablets seal to the key {made.kid} from now on; what was sealed to earlier ones is still opened.")
    say("Make a backup now: a database restored from an older one would lack this key.")


def back_up(settings: Settings, target: Path, say: Say) -> None:
    """Copy the database while the service runs. Raises Invalid or Conflict, in plain words."""
    backup.back_up(settings.database_url, target)
    say(f"The database is copied to {target}. Keep the secret with it: without the secret it cannot be used.")


def restore(settings: Settings, source: Path, say: Say) -> None:
    """Go back to a copy, and say what else is to be done. Raises Invalid or Conflict, and then nothing was changed."""
    done = backup.restore(
        settings.database_url,
        source,
        keys_key=settings.keys_key,
        upgrade=lambda url: _upgrade(replace(settings, database_url=url)),
        now=datetime.now(UTC),
    )
    say(f"The database is as it was in {source}. Tablets will send again what they still hold.")
    if done.kept is not None:
        say(f"What was there before is kept in {done.kept}.")
    if done.since:
        say(
            f"Do not remove it yet: {done.since} versions of visits in it came after the backup, "
            f"{done.cleared} of them from tablets that were cleared since and cannot send them again. "
            "docs/operating.md, under “Backup”, says how to find what is missing once every tablet has been in touch."
        )
    if not done.carried_over:
        say("Tablets revoked since that backup are not revoked any more: revoke them again.")


def new_epoch(settings: Settings, say: Say) -> None:
    """Begin the change feed anew after the database was restored by tools of its own."""
    with _session(settings) as session:
        feed.renew_epoch(session, datetime.now(UTC))
    say("Tablets will fetch their caseload afresh and send again what they still hold.")


def tidy(settings: Settings, say: Say) -> None:
    """Forget what left caseloads long ago."""
    with _session(settings) as session:
        forgotten = feed.tidy(session, datetime.now(UTC))
    say(f"{forgotten} old entries were removed from the change feed.")


def _upgrade(settings: Settings) -> None:
    app = create_app(settings)
    upgrade(app)
    with app.app_context():
        db.engine.dispose()


@contextmanager
def _session(settings: Settings) -> Iterator[Session]:
    with open_sessions(settings)() as session:
        try:
            yield session
        finally:
            session.get_bind().dispose()  # type: ignore[union-attr]
