"""The house itself, held by tests: who imports whom, and how the database came to be."""

import re
import subprocess
import sys
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask

from hvapp.commands.database import upgrade
from hvapp.extensions import db
from hvapp.settings import ROOT
from hvapp.store import schema


def test_import_contracts_hold() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports")], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_migrations_are_numbered_and_in_one_line() -> None:
    scripts = ScriptDirectory(str(ROOT / "hvapp" / "migrations"))
    names = [script.revision for script in scripts.walk_revisions()][::-1]
    assert names == [f"{number:04}" for number in range(1, len(names) + 1)]
    assert len(scripts.get_heads()) == 1


def test_migrations_make_the_tables_that_the_rows_describe(app: Flask) -> None:
    with app.app_context():
        schema.metadata.drop_all(db.engine)
        upgrade(app)
        with db.engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []


def test_only_settings_reads_the_environment() -> None:
    readers = [
        str(path.relative_to(ROOT))
        for folder in ("hvapp", "sync")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"os\.environ|getenv", path.read_text())
    ]
    # The commands and the build hand an environment to the programs they start.
    assert sorted(readers) == ["hvapp/build.py", "hvapp/commands/demo.py", "hvapp/settings.py"]
