"""Sessions for a process that runs without Flask."""

from sqlalchemy.orm import Session, sessionmaker

from hvapp.settings import Settings
from hvapp.store import schema
from hvapp.store.database import session_factory


def open_sessions(settings: Settings) -> sessionmaker[Session]:
    """Sessions on the configured database. Raises SQLAlchemy's errors when it cannot be reached."""
    schema.Base.registry.configure()
    return session_factory(settings.database_url)
