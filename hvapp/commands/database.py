"""Migrations, run from a command."""

import logging

from flask import Flask
from flask_migrate import upgrade as run_migrations


def upgrade(app: Flask) -> None:
    """Apply every migration that the database lacks."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with app.app_context():
        run_migrations()
